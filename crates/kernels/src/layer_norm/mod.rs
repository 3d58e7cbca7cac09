//! Layer normalisation: each row gets mean zero and variance one, then a scale and a shift per feature.
//!
//! What is not here: normalisation of an image over its pixels, which is [`group_norm_forward`](crate::group_norm_forward)
//! with one group.

mod backward;
mod forward;

pub use backward::layer_norm_backward;
pub use forward::layer_norm_forward;

use crate::check::check_len;

/// Floats in one task.
const TASK: usize = 1 << 16;

/// Asserts the lengths of matrices `[rows, features]`, of vectors `[features]` and of vectors `[rows]`.
fn check(
    [rows, features]: [usize; 2],
    matrices: &[(&str, usize)],
    per_feature: &[(&str, usize)],
    per_row: &[(&str, usize)],
) {
    for (slices, shape) in [(matrices, &[rows, features][..]), (per_feature, &[features]), (per_row, &[rows])]
    {
        for (name, len) in slices {
            check_len(name, *len, shape);
        }
    }
    assert!(features > 0, "layer normalisation of [{rows}, 0] has no statistics");
}
