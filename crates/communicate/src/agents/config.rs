//! What an agent is made of.

use autodidact_kernels::{Recurrence, RecurrentCell};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::setting::{count, require};

/// What layer normalisation adds to the variance, as `PyTorch` does.
pub(super) const EPSILON: f32 = 1e-5;

/// What carries an agent through a message.
///
/// In settings it is a word, `lstm`, `gru` or `transformer`; a transformer that is not the default one is a table with the `kind`, and
/// its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Long short-term memory.
    Lstm,
    /// Gated recurrent unit.
    Gru,
    /// No cell: blocks of attention over all symbols so far.
    Transformer(TransformerConfig),
}

/// Sizes of a transformer. Its width is the agent's `hidden`, and four times that inside of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransformerConfig {
    /// Blocks, one after the other.
    pub layers: usize,
    /// Heads of attention in a block; they share the width out.
    pub heads: usize,
}

impl Default for TransformerConfig {
    fn default() -> Self {
        Self { layers: 2, heads: 4 }
    }
}

/// What an agent is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// `lstm`, `gru` or `transformer`.
    pub cell: CellKind,
    /// Units of the state, the width of a transformer.
    pub hidden: usize,
    /// Numbers that a symbol is embedded in: `hidden` of them in a transformer.
    pub embedding: usize,
    /// Whether h, and c of an LSTM, are normalised at every step. A transformer always normalises what a block reads.
    pub layer_norm: bool,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self { cell: CellKind::Lstm, hidden: 64, embedding: 64, layer_norm: true }
    }
}

/// What an agent's settings are called, for errors.
#[derive(Clone, Copy, Debug)]
pub struct AgentNames {
    hidden: &'static str,
    embedding: &'static str,
    layer_norm: &'static str,
    layers: &'static str,
    heads: &'static str,
}

impl AgentNames {
    /// Those of a speaker.
    pub const SPEAKER: Self = Self {
        hidden: "speaker.hidden",
        embedding: "speaker.embedding",
        layer_norm: "speaker.layer_norm",
        layers: "speaker.cell.layers",
        heads: "speaker.cell.heads",
    };
    /// Those of a listener.
    pub const LISTENER: Self = Self {
        hidden: "listener.hidden",
        embedding: "listener.embedding",
        layer_norm: "listener.layer_norm",
        layers: "listener.cell.layers",
        heads: "listener.cell.heads",
    };
}

impl AgentConfig {
    /// That the sizes are in their ranges and go together.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) names the first that does not.
    pub fn validate(&self, names: &AgentNames) -> Result<()> {
        count(names.hidden, self.hidden, 1 << 14)?;
        count(names.embedding, self.embedding, 1 << 14)?;
        let CellKind::Transformer(TransformerConfig { layers, heads }) = self.cell else { return Ok(()) };
        let hidden = self.hidden;
        count(names.layers, layers, 1 << 8)?;
        count(names.heads, heads, hidden)?;
        require(
            hidden.is_multiple_of(heads),
            names.heads,
            heads,
            format!("a divisor of the width, which is {hidden} (`{}`)", names.hidden),
        )?;
        require(
            self.embedding == hidden,
            names.embedding,
            self.embedding,
            format!("{hidden}, as `{}`: a transformer embeds symbols in its width", names.hidden),
        )?;
        require(
            self.layer_norm,
            names.layer_norm,
            false,
            "true: a transformer normalises what its blocks read",
        )
    }

    /// An LSTM or a GRU, if it has one.
    pub(super) fn recurrent_cell(&self) -> Option<RecurrentCell> {
        let recurrence = match self.cell {
            CellKind::Lstm => Recurrence::Lstm,
            CellKind::Gru => Recurrence::Gru,
            CellKind::Transformer(_) => return None,
        };
        Some(RecurrentCell { recurrence, hidden: self.hidden, epsilon: self.layer_norm.then_some(EPSILON) })
    }
}

const KINDS: [&str; 3] = ["lstm", "gru", "transformer"];

impl CellKind {
    fn named(word: &str) -> Option<Self> {
        match word {
            "lstm" => Some(Self::Lstm),
            "gru" => Some(Self::Gru),
            "transformer" => Some(Self::Transformer(TransformerConfig::default())),
            _ => None,
        }
    }
}

impl Serialize for CellKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Lstm => serializer.serialize_str(KINDS[0]),
            Self::Gru => serializer.serialize_str(KINDS[1]),
            Self::Transformer(TransformerConfig { layers, heads }) => {
                let mut table = serializer.serialize_map(Some(3))?;
                table.serialize_entry("kind", KINDS[2])?;
                table.serialize_entry("layers", layers)?;
                table.serialize_entry("heads", heads)?;
                table.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for CellKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// A cell as settings have it: a word, or a table.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = CellKind;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "a kind of cell ({}), or a table with a `kind`", KINDS.join(", "))
    }

    fn visit_str<E: de::Error>(self, word: &str) -> std::result::Result<CellKind, E> {
        CellKind::named(word).ok_or_else(|| E::unknown_variant(word, &KINDS))
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> std::result::Result<CellKind, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Settings {
            kind: String,
            layers: Option<usize>,
            heads: Option<usize>,
        }
        let Settings { kind, layers, heads } = Settings::deserialize(MapAccessDeserializer::new(table))?;
        let cell = self.visit_str(&kind)?;
        match cell {
            CellKind::Transformer(base) => Ok(CellKind::Transformer(TransformerConfig {
                layers: layers.unwrap_or(base.layers),
                heads: heads.unwrap_or(base.heads),
            })),
            _ if layers.is_some() || heads.is_some() => Err(de::Error::custom(format!(
                "`layers` and `heads` are settings of a transformer, not of a cell of kind `{kind}`"
            ))),
            _ => Ok(cell),
        }
    }
}
