//! Work cut into parts that depend on its length alone, and the results of the parts merged in a fixed order.
//!
//! The cuts form a binary tree of `rayon::join`: nothing is allocated, and work of a single part stays on its thread.
//! What is not here: the work of a part.

/// What can be cut in two.
pub(crate) trait Divide: Sized + Send {
    fn len(&self) -> usize;

    /// The first `at`, and the rest.
    fn divide(self, at: usize) -> (Self, Self);
}

impl<T: Sync> Divide for &[T] {
    fn len(&self) -> usize {
        <[T]>::len(self)
    }

    fn divide(self, at: usize) -> (Self, Self) {
        self.split_at(at)
    }
}

impl<T: Send> Divide for &mut [T] {
    fn len(&self) -> usize {
        <[T]>::len(self)
    }

    fn divide(self, at: usize) -> (Self, Self) {
        self.split_at_mut(at)
    }
}

/// Arrays of the same length, one at least.
impl<T: Send, const ARRAYS: usize> Divide for [&mut [T]; ARRAYS] {
    fn len(&self) -> usize {
        self[0].len()
    }

    fn divide(mut self, at: usize) -> (Self, Self) {
        let rest =
            self.each_mut().map(|array| array.split_off_mut(at..).expect("the arrays are equally long"));
        (self, rest)
    }
}

/// Rows of so many values each.
pub(crate) struct Rows<T> {
    pub values: T,
    pub width: usize,
}

impl<T: Divide> Divide for Rows<T> {
    fn len(&self) -> usize {
        self.values.len() / self.width
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let Self { values, width } = self;
        let (values, rest) = values.divide(at * width);
        (Self { values, width }, Self { values: rest, width })
    }
}

/// Two of the same length.
impl<A: Divide, B: Divide> Divide for (A, B) {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn divide(self, at: usize) -> (Self, Self) {
        let (a, b) = (self.0.divide(at), self.1.divide(at));
        ((a.0, b.0), (a.1, b.1))
    }
}

/// Runs `run` on the parts of `work`, `part` long each but the last, and merges what neighbours gave.
pub(crate) fn in_parts<W: Divide, R: Send>(
    work: W,
    part: usize,
    run: &(impl Fn(W) -> R + Sync),
    merge: &(impl Fn(R, R) -> R + Sync),
) -> R {
    let parts = work.len().div_ceil(part);
    if parts <= 1 {
        return run(work);
    }
    let (first, rest) = work.divide(parts / 2 * part);
    let (first, rest) =
        rayon::join(|| in_parts(first, part, run, merge), || in_parts(rest, part, run, merge));
    merge(first, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_and_in_order() {
        for len in [0, 1, 6, 7, 8, 14, 50, 70] {
            let (from, mut to): (Vec<usize>, _) = ((0..len).collect(), vec![0; len]);
            let run = |(from, to): (&[usize], &mut [usize])| {
                to.copy_from_slice(from);
                vec![from.len()]
            };
            let lens = in_parts((&from[..], &mut to[..]), 7, &run, &|a, b| [a, b].concat());
            assert_eq!(from, to);
            let (last, others) = lens.split_last().expect("one part at least");
            assert!(others.iter().all(|len| *len == 7), "{lens:?}");
            assert_eq!(*last, if len == 0 { 0 } else { (len - 1) % 7 + 1 });
        }
    }
}
