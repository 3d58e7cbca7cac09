//! Searching a sample of the actions where there are too many.

use autodidact_games::Action;
use rand::{Rng, RngExt};

use crate::config::{Config, Sampled};
use crate::lanes::{draw, highest, total};
use crate::tree::is_policy;

/// The actions to search where the configuration wants a sample of them. What is no policy is left for whoever adds it to refuse.
#[inline(always)]
pub(crate) fn wanted(
    config: &Config,
    actions: &[Action],
    priors: &[f32],
    rng: &mut impl Rng,
) -> Option<(Vec<Action>, Vec<f32>)> {
    let sampled = config.sampled.filter(|_| is_policy(priors))?;
    Some(sample_actions(sampled, actions, priors, rng))
}

/// Draws actions and corrects their priors: `(β̂ / β) π` up to their sum, with `β ∝ π^(1/T)` and the shares β̂ of the draws
/// (Hubert et al. 2021, section 4). Actions stay in their order.
fn sample_actions(
    sampled: Sampled,
    actions: &[Action],
    priors: &[f32],
    rng: &mut impl Rng,
) -> (Vec<Action>, Vec<f32>) {
    let largest = highest(priors);
    let beta: Vec<f32> =
        priors.iter().map(|prior| (prior / largest).powf(1.0 / sampled.temperature)).collect();
    let sum = total(&beta);
    let mut counts = vec![0_u32; actions.len()];
    for _ in 0..sampled.actions {
        counts[draw(&beta, rng.random::<f32>() * sum)] += 1;
    }
    let drawn = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let (actions, mut corrected): (Vec<Action>, Vec<f32>) =
        drawn.map(|(place, &count)| (actions[place], count as f32 / beta[place] * priors[place])).unzip();
    let sum = total(&corrected);
    for prior in &mut corrected {
        *prior /= sum;
    }
    (actions, corrected)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::sample_actions;
    use crate::config::Sampled;

    /// In the mean over samples the corrected prior of an action, before it is divided by their sum, is its prior; with the
    /// temperature at 1 it is the share of its draws.
    #[test]
    fn corrected_priors_are_shares_of_draws() {
        let (actions, priors) = ([3, 5, 8, 9], [0.4, 0.3, 0.3, 0.0]);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut sums = [0.0; 10];
        for _ in 0..4000 {
            let sampled = Sampled { actions: 5, temperature: 1.0 };
            let (drawn, corrected) = sample_actions(sampled, &actions, &priors, &mut rng);
            assert!(drawn.is_sorted() && !drawn.contains(&9), "{drawn:?}");
            for (action, prior) in drawn.iter().zip(&corrected) {
                let draws = prior * 5.0;
                assert!((draws - draws.round()).abs() < 1e-4, "{corrected:?}");
                sums[*action as usize] += f64::from(*prior) / 4000.0;
            }
        }
        for (action, prior) in actions.iter().zip(priors) {
            assert!((sums[*action as usize] - f64::from(prior)).abs() < 0.015, "{sums:?}");
        }
    }

    #[test]
    fn a_temperature_spreads_draws_and_not_priors() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let sampled = Sampled { actions: 200, temperature: 4.0 };
        let (drawn, corrected) = sample_actions(sampled, &[0, 1, 2], &[0.9, 0.09, 0.01], &mut rng);
        assert_eq!(drawn, [0, 1, 2]);
        assert!((corrected[0] - 0.9).abs() < 0.03 && corrected[2] < 0.02, "{corrected:?}");
    }
}
