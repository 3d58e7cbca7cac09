//! How fast searches are.

use std::time::Instant;

use autodidact_mcts::{Budget, Planner};
use serde::Serialize;

use crate::playable::Playable;
use crate::recipe::Recipe;
use crate::{Error, Result};

/// How fast a recipe is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// The recipe.
    pub recipe: Recipe,
    /// Simulations in a second, each with a random game: the median of the repeats.
    pub simulations_per_second: f64,
    /// Positions in the tree at the end.
    pub nodes: usize,
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures one recipe on one position, on this thread. Proven results do not end the search.
///
/// # Errors
/// [`Error::Setting`] for no repeats; those of the search.
pub fn bench<G: Playable>(start: &G, recipe: Recipe, simulations: u32, repeats: u32) -> Result<Speed> {
    if repeats == 0 {
        return Err(Error::Setting { name: "repeats", value: 0, expected: "one or more" });
    }
    let mut config = recipe.config(simulations, G::IS_FOR_TWO);
    config.proven = None;
    let evaluator = G::evaluator(1);
    let (mut speeds, mut nodes) = (Vec::new(), 0);
    for seed in 0..u64::from(repeats) {
        let mut planner = Planner::new(config, start.clone(), &evaluator, seed)?;
        let begun = Instant::now();
        planner.search(&evaluator, Budget::default())?;
        speeds.push(f64::from(simulations) / begun.elapsed().as_secs_f64());
        nodes = planner.nodes();
    }
    Ok(Speed { recipe, simulations_per_second: median(speeds), nodes })
}

/// Random games in a second from a position, without any tree: the median of the repeats.
///
/// # Errors
/// [`Error::Setting`] for no repeats; those of the evaluation.
pub fn playouts_per_second<G: Playable>(start: &G, playouts: u32, repeats: u32) -> Result<f64> {
    if repeats == 0 {
        return Err(Error::Setting { name: "repeats", value: 0, expected: "one or more" });
    }
    // A planner evaluates its root when it is made.
    let config = Recipe::Uct.config(1, G::IS_FOR_TWO);
    let speeds: Result<Vec<f64>> = (0..u64::from(repeats))
        .map(|seed| {
            let begun = Instant::now();
            Planner::new(config, start.clone(), &G::evaluator(playouts), seed)?;
            Ok(f64::from(playouts) / begun.elapsed().as_secs_f64())
        })
        .collect();
    Ok(median(speeds?))
}

#[cfg(test)]
mod tests {
    use autodidact_games::ConnectFour;

    use super::*;

    #[test]
    fn every_recipe_has_a_speed() {
        let start = ConnectFour::default();
        for recipe in Recipe::all() {
            let speed = bench(&start, recipe, 200, 3).expect("a search");
            assert!(speed.simulations_per_second > 100.0 && speed.nodes > 100, "{speed:?}");
        }
        assert!(playouts_per_second(&start, 200, 3).expect("games") > 100.0);
        assert!(bench(&start, Recipe::Uct, 1, 0).is_err());
        assert!(playouts_per_second(&start, 1, 0).is_err());
    }
}
