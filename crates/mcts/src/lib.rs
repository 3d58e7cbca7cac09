//! Tree search: one engine, thin recipes.

#![doc = include_str!("../README.md")]
// Loops that are to be vector instructions have to be inlined into the function that is compiled for these.
#![allow(clippy::inline_always)]
// In such loops indices are plainer than several iterators side by side, and are compiled better.
#![allow(clippy::needless_range_loop)]

mod choose;
mod config;
mod error;
mod evaluator;
mod few;
mod halving;
mod lanes;
mod model;
mod node;
mod output;
mod planner;
mod real;
mod recipes;
mod rollouts;
mod sampled;
mod simulation;
mod snapshot;
mod solver;
mod tree;
mod values;
mod vectors;
mod worker;

pub use config::{
    Act, Config, Count, Dirichlet, Improvement, Interior, Learn, Normalization, Regularizer, Root, Sampled,
    Unvisited,
};
pub use error::{Error, Result};
pub use evaluator::{Batch, Evaluator};
pub use halving::considered_visits;
pub use model::{Model, ModelSearch, Prediction, Predictions, search_model};
pub use node::Kind;
pub use output::{Ended, PolicyOutput};
pub use planner::{Budget, Planner, search_many};
pub use real::Real;
pub use recipes::Variant;
pub use rollouts::Rollouts;
pub use snapshot::{Snapshot, SnapshotAction, SnapshotNode};
pub use solver::{Family, Solution, regularized_policies, regularized_policy};
