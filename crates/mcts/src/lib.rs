//! Tree search: one engine, thin recipes.

#![doc = include_str!("../README.md")]

mod choose;
mod config;
mod error;
mod evaluator;
mod halving;
mod lanes;
mod model;
mod node;
mod output;
mod planner;
mod real;
mod recipes;
mod rollouts;
mod simulation;
mod snapshot;
mod solver;
mod tree;
mod values;
mod worker;

pub use config::{
    Act, Config, Count, Dirichlet, Improvement, Interior, Learn, Normalization, Regularizer, Root, Unvisited,
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
