//! What a tuner remembers, in the form a checkpoint stores.

use std::collections::BTreeMap;

use autodidact_nn::{NamedTensor, TensorMap};

use crate::{Error, Result};

/// Numbers and vectors by name; vectors are named `slot/parameter`.
#[derive(Clone, Debug, Default)]
pub struct TunerState {
    /// Finite numbers.
    pub numbers: BTreeMap<String, f64>,
    /// Vectors over the weights.
    pub vectors: TensorMap,
}

impl TunerState {
    pub(super) fn with_number(mut self, name: &str, value: f64) -> Self {
        self.numbers.insert(name.to_owned(), value);
        self
    }

    pub(super) fn with_vector(mut self, slot: &str, vector: &TensorMap) -> Self {
        self.vectors.extend(vector.iter().map(|(name, tensor)| (format!("{slot}/{name}"), tensor.clone())));
        self
    }

    /// Takes a number out.
    pub(super) fn number(&mut self, name: &str) -> Result<f64> {
        self.numbers.remove(name).ok_or_else(|| Error::MissingState { name: name.to_owned() })
    }

    /// Takes a vector out; empty if it has no entries yet.
    pub(super) fn vector(&mut self, slot: &str) -> TensorMap {
        let (mine, rest): (BTreeMap<String, NamedTensor>, _) = std::mem::take(&mut self.vectors)
            .into_iter()
            .partition(|(key, _)| key.split_once('/').is_some_and(|(found, _)| found == slot));
        self.vectors = rest;
        mine.into_iter().map(|(key, tensor)| (key[slot.len() + 1..].to_owned(), tensor)).collect()
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<()> {
        match self.numbers.into_keys().chain(self.vectors.into_keys()).next() {
            Some(name) => Err(Error::ForeignTunerState { name }),
            None => Ok(()),
        }
    }
}
