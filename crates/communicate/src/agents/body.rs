//! What carries an agent through a message, whatever it is made of.
//!
//! Speakers and listeners have it in common: from the symbols so far, and from an object if there is one, it makes a state for each
//! node of a [`Forest`]. Heads and encoders know nothing else of it.

use std::ops::Range;

use rand::Rng;

use super::cell::CellPlaces;
use super::config::{AgentConfig, CellKind};
use super::forest::Forest;
use super::parameters::Parameters;
use super::recurrent::{Recurrent, RecurrentStates};
use super::transformer::{Transformer, TransformerStates};
use crate::game::Channel;

/// A cell or blocks of attention.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Recurrent(Box<Recurrent>),
    Transformer(Box<Transformer>),
}

/// What a body keeps of the nodes of a forest.
#[derive(Debug)]
pub(super) enum States {
    Recurrent(RecurrentStates),
    Transformer(TransformerStates),
}

/// Adds what the heads hand back to the gradient of a level's states, the last level first. The last array is the gradient of the
/// mixtures that nodes of further levels read, if they do.
pub(super) type OfLevel<'a> = dyn FnMut(usize, &mut [f32], &[f32]) + 'a;

/// The gradient of what a body read.
pub(super) struct OfInputs {
    /// Of the objects, `[nodes of the first level, H]`.
    pub objects: Vec<f32>,
    /// Of the mixtures, `[nodes, symbols]`; empty if nodes read symbols.
    pub mixtures: Vec<f32>,
}

const OWN: &str = "states are of the body that made them";

impl Body {
    /// A body for the symbols of a channel. A speaker's begins with the object, and a recurrent one then reads a symbol of its own.
    pub fn new(
        parameters: &mut Parameters,
        config: &AgentConfig,
        channel: Channel,
        speaks: bool,
        rng: &mut impl Rng,
    ) -> Self {
        let symbols = channel.vocab_size() as usize;
        if let Some(cell) = config.recurrent_cell() {
            let symbols = symbols + usize::from(speaks);
            let places = CellPlaces::new(parameters, (cell, config), symbols, rng);
            return Self::Recurrent(Box::new(Recurrent::new(places, parameters)));
        }
        let CellKind::Transformer(sizes) = config.cell else { unreachable!("it has no cell") };
        let positions = channel.max_length();
        let transformer = Transformer::new(parameters, sizes, config.hidden, [symbols, positions], rng);
        Self::Transformer(Box::new(transformer))
    }

    /// Units of a state.
    pub fn hidden(&self) -> usize {
        match self {
            Self::Recurrent(recurrent) => recurrent.hidden(),
            Self::Transformer(transformer) => transformer.hidden(),
        }
    }

    /// Symbols that it reads.
    pub fn symbols(&self) -> usize {
        match self {
            Self::Recurrent(recurrent) => recurrent.symbols(),
            Self::Transformer(transformer) => transformer.symbols(),
        }
    }

    /// Takes numbers that have changed.
    pub fn refresh(&mut self, parameters: &Parameters) {
        match self {
            Self::Recurrent(recurrent) => recurrent.refresh(parameters),
            Self::Transformer(transformer) => transformer.refresh(parameters),
        }
    }

    /// Room for so many nodes.
    pub fn states(&self, nodes: usize) -> States {
        match self {
            Self::Recurrent(recurrent) => States::Recurrent(recurrent.states(nodes)),
            Self::Transformer(transformer) => States::Transformer(transformer.states(nodes)),
        }
    }

    /// Makes the states of some levels from those of the levels before. `objects` has a row for each node of the first level.
    pub fn run(&self, forest: &Forest, levels: Range<usize>, objects: Option<&[f32]>, states: &mut States) {
        match (self, states) {
            (Self::Recurrent(recurrent), States::Recurrent(states)) => {
                recurrent.run(forest, levels, objects, states);
            }
            (Self::Transformer(transformer), States::Transformer(states)) => {
                transformer.run(forest, levels, objects, states);
            }
            _ => unreachable!("{OWN}"),
        }
    }

    /// Floats of the sums that [`Self::back`] adds to.
    pub fn sums_len(&self) -> usize {
        match self {
            Self::Recurrent(recurrent) => recurrent.sums_len(),
            Self::Transformer(transformer) => transformer.sums_len(),
        }
    }

    /// Adds the gradients of all levels to the sums and returns those of what was read. `of_level` is called for each level.
    pub fn back(
        &self,
        forest: &Forest,
        states: &States,
        has_objects: bool,
        of_level: &mut OfLevel<'_>,
        sums: &mut [f32],
    ) -> OfInputs {
        match (self, states) {
            (Self::Recurrent(recurrent), States::Recurrent(states)) => {
                recurrent.back(forest, states, of_level, sums)
            }
            (Self::Transformer(transformer), States::Transformer(states)) => {
                transformer.back(forest, states, has_objects, of_level, sums)
            }
            _ => unreachable!("{OWN}"),
        }
    }

    /// Turns the sums into the gradient of the numbers.
    pub fn unfold(&self, parameters: &Parameters, sums: &[f32], gradient: &mut [f32]) {
        match self {
            Self::Recurrent(recurrent) => recurrent.unfold(parameters, sums, gradient),
            Self::Transformer(transformer) => transformer.unfold(sums, gradient),
        }
    }
}

impl States {
    /// The states of some nodes, `[nodes, H]`.
    pub fn of(&self, nodes: &Range<usize>) -> &[f32] {
        match self {
            Self::Recurrent(states) => states.of(nodes),
            Self::Transformer(states) => states.of(nodes),
        }
    }
}

/// Where rows of this width are.
pub(super) fn at(rows: &Range<usize>, width: usize) -> Range<usize> {
    rows.start * width..rows.end * width
}
