//! Updates of parameters in place, one pass over memory each: the rules of optimizers, and the average of a target
//! network.
//!
//! What is not here: which parameters there are, schedules, and the trust ratio that LARS makes of the
//! [norms](squared_norms).

mod adamw;
mod ema;
mod lars;
mod momentum;
mod norms;
mod rule;
mod sgd;

pub use adamw::{AdamW, adamw_update};
pub use ema::ema_update;
pub use lars::{Lars, lars_update};
pub use norms::{SquaredNorms, squared_norm, squared_norms};
pub use sgd::{Sgd, sgd_update};

use crate::check::check_len;

/// Floats in one task.
const TASK: usize = 1 << 16;

/// Asserts that slices are as long as the parameter that is updated.
fn check_lens(len: usize, slices: &[(&str, &[f32])]) {
    for (name, slice) in slices {
        check_len(name, slice.len(), &[len]);
    }
}
