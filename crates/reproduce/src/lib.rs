#![doc = include_str!("../README.md")]

mod brownian;
mod byol;
mod byol_no_batch_stats;
mod byol_robustness;
mod cdat;
mod data;
mod device;
mod image_arm;
mod judge;
mod lewis;
mod mcts_rpo;
mod mcts_rpo_selfplay;
mod setting;

#[cfg(test)]
mod tests;

pub use brownian::Brownian;
pub use byol::Byol;
pub use byol_no_batch_stats::ByolNoBatchStats;
pub use byol_robustness::ByolRobustness;
pub use cdat::Cdat;
pub use device::{DeviceError, device};
pub use lewis::Lewis;
pub use mcts_rpo::MctsRpo;
pub use mcts_rpo_selfplay::MctsRpoSelfplay;

use autodidact_experiment::reproduction::Claim;

/// Every claim that can be re-tested today, in the order of the papers' table; extensions follow their paper's claim.
pub fn claims() -> Vec<&'static dyn Claim> {
    vec![&Byol, &ByolRobustness, &ByolNoBatchStats, &MctsRpo, &MctsRpoSelfplay, &Lewis, &Cdat, &Brownian]
}
