//! The games.

use serde::{Deserialize, Serialize};

/// A game that is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Task {
    /// 7 × 6, 7 moves.
    ConnectFour,
    /// 7 × 7 without the swap rule, 49 moves.
    Hex,
}

impl Task {
    pub const ALL: [Self; 2] = [Self::ConnectFour, Self::Hex];

    /// Its part of a job's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConnectFour => "connect-four",
            Self::Hex => "hex",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::ConnectFour => "connect four",
            Self::Hex => "Hex 7×7",
        }
    }

    /// Simulations of a search, from few to many against the moves.
    pub fn budgets(self) -> [u32; 3] {
        match self {
            Self::ConnectFour => [2, 8, 32],
            Self::Hex => [4, 16, 64],
        }
    }
}
