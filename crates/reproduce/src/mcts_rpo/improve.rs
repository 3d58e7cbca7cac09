//! Search and learning, iterated on a table of priors.

use autodidact_games::Game;
use autodidact_mcts::{Batch, Budget, Config, Planner, Result};

/// How far a prior moves to the policy that a search gives to learn.
const STEP: f32 = 0.1;

/// A policy of a table: probabilities of the legal moves, in their order.
pub(super) type Prior = Vec<f32>;

/// Improves a root's prior by one search.
pub(super) fn improve<G: Game>(
    config: Config,
    game: G,
    prior: &mut Prior,
    seed: u64,
    evaluate: &(impl Fn(&mut Batch<G>, &[f32]) -> Result<()> + Sync),
) -> Result<()> {
    let root = prior.clone();
    let evaluator = |batch: &mut Batch<G>| evaluate(batch, &root);
    let mut planner = Planner::new(config, game, &evaluator, seed)?;
    let output = planner.search(&evaluator, Budget::default())?;
    for (prior, target) in prior.iter_mut().zip(output.target) {
        *prior += STEP * (target - *prior);
    }
    Ok(())
}

/// Probabilities of logits.
pub(super) fn softmax(logits: &[f32]) -> Prior {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exps: Vec<f32> = logits.iter().map(|logit| (logit - highest).exp()).collect();
    let sum: f32 = exps.iter().sum();
    exps.into_iter().map(|exp| exp / sum).collect()
}
