//! What is drawn while games are played.

use autodidact_games::{Action, Game};
use rand::{Rng, RngExt};

/// A place, drawn in proportion to weights of this sum.
pub fn drawn(weights: impl Iterator<Item = f32>, total: f32, rng: &mut impl Rng) -> usize {
    let mut left = rng.random::<f32>() * total;
    let mut last = 0;
    for (place, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
        last = place;
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last
}

/// What chance does where it is its turn. `scratch` is overwritten.
pub fn outcome<G: Game>(game: &G, rng: &mut impl Rng, scratch: &mut Vec<(Action, f32)>) -> Action {
    game.chance_outcomes(scratch);
    let total: f32 = scratch.iter().map(|outcome| outcome.1).sum();
    scratch[drawn(scratch.iter().map(|outcome| outcome.1), total, rng)].0
}

#[cfg(test)]
mod tests {
    use autodidact_experiment::rng::Seeds;

    use super::*;

    #[test]
    fn places_are_drawn_in_proportion() {
        let mut rng = Seeds::new(1).stream("test");
        let weights = [0.0, 1.0, 0.0, 3.0, 0.0];
        let mut counts = [0; 5];
        for _ in 0..4000 {
            counts[drawn(weights.iter().copied(), 4.0, &mut rng)] += 1;
        }
        assert_eq!((counts[0], counts[2], counts[4]), (0, 0, 0));
        assert!((900..1100).contains(&counts[1]), "{counts:?}");
    }
}
