//! What an agent is made of.

use autodidact_kernels::{Recurrence, RecurrentCell};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::setting::count;

/// What layer normalisation adds to the variance, as `PyTorch` does.
const EPSILON: f32 = 1e-5;

/// The cell of a recurrent agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellKind {
    /// Long short-term memory.
    Lstm,
    /// Gated recurrent unit.
    Gru,
}

/// What a recurrent agent is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// `lstm` or `gru`.
    pub cell: CellKind,
    /// Units of the state.
    pub hidden: usize,
    /// Numbers that a symbol is embedded in.
    pub embedding: usize,
    /// Whether h, and c of an LSTM, are normalised at every step.
    pub layer_norm: bool,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self { cell: CellKind::Lstm, hidden: 64, embedding: 64, layer_norm: true }
    }
}

impl AgentConfig {
    /// Checks the sizes; `names` are those of the settings, hidden and embedding.
    pub(crate) fn validate(&self, names: [&'static str; 2]) -> Result<()> {
        count(names[0], self.hidden, 1 << 14)?;
        count(names[1], self.embedding, 1 << 14)
    }

    pub(super) fn recurrent_cell(&self) -> RecurrentCell {
        RecurrentCell {
            recurrence: match self.cell {
                CellKind::Lstm => Recurrence::Lstm,
                CellKind::Gru => Recurrence::Gru,
            },
            hidden: self.hidden,
            epsilon: self.layer_norm.then_some(EPSILON),
        }
    }
}
