//! A batch in slices, each of which one thread takes through all steps.

use std::ops::Range;

/// Rows of a slice: its states over all steps stay in a core's second cache, and its products fill the registers.
const ROWS: usize = 48;

/// Slices of so many rows.
pub(super) fn slices(rows: usize) -> Vec<Range<usize>> {
    (0..rows).step_by(ROWS).map(|start| start..rows.min(start + ROWS)).collect()
}

/// The sum of the arrays that `run` makes of all slices, by halves: the order of the additions does not depend on the threads.
///
/// What else `run` gives is in the order of the slices.
pub(super) fn sum_over<T: Send>(
    slices: &[Range<usize>],
    run: &(impl Fn(usize, Range<usize>) -> (Vec<f32>, T) + Sync),
) -> (Vec<f32>, Vec<T>) {
    fn halves<T: Send>(
        first: usize,
        slices: &[Range<usize>],
        run: &(impl Fn(usize, Range<usize>) -> (Vec<f32>, T) + Sync),
    ) -> (Vec<f32>, Vec<T>) {
        if let [slice] = slices {
            let (sum, other) = run(first, slice.clone());
            return (sum, vec![other]);
        }
        let (left, right) = slices.split_at(slices.len() / 2);
        let ((mut sum, mut others), (further, rest)) =
            rayon::join(|| halves(first, left, run), || halves(first + left.len(), right, run));
        sum.iter_mut().zip(&further).for_each(|(sum, value)| *sum += value);
        others.extend(rest);
        (sum, others)
    }
    assert!(!slices.is_empty(), "objects and messages are tables of one row at least");
    halves(0, slices, run)
}
