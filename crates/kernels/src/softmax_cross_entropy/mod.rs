//! The cross-entropy of labels under the softmax of logits.

mod backward;
mod forward;

pub use backward::softmax_cross_entropy_backward;
pub use forward::softmax_cross_entropy_forward;

use crate::check::check_len;

/// Floats in one task.
const TASK: usize = 1 << 16;

/// `logits` and `per_row` are the lengths of slices `[rows, classes]` and `[rows]`.
fn check(
    [rows, classes]: [usize; 2],
    logits: &[(&str, usize)],
    per_row: &[(&str, usize)],
    labels: &[u32],
    smoothing: f32,
) {
    assert!(rows > 0 && classes > 0, "the cross-entropy of [{rows}, {classes}] is a mean over nothing");
    for (name, len) in logits {
        check_len(name, *len, &[rows, classes]);
    }
    for (name, len) in per_row {
        check_len(name, *len, &[rows]);
    }
    assert!(labels.len() == rows, "there are {} labels, expected one for each of {rows} rows", labels.len());
    if let Some(row) = labels.iter().position(|&label| label as usize >= classes) {
        panic!(
            "the label of row {row} is {}, expected less than {classes}, the number of classes",
            labels[row]
        );
    }
    assert!((0.0..=1.0).contains(&smoothing), "the smoothing is {smoothing}, expected 0 to 1");
}
