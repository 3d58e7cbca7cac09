//! What the speaker's loss gains by what was said: REINFORCE with a baseline, and the entropy.

use crate::Objects;
use crate::agents::Credit;

/// The slopes of the speaker's loss
/// `(1/N) Σ −(r − b) log π(m|x) − c_H Σ_t H_t / length`, with rewards r and baselines b held fixed.
///
/// Williams 1992, with the entropy term of the first author's public code.
pub fn credits(rewards: &[f64], baselines: &[f64], lengths: &[usize], entropy: f64) -> Vec<Credit> {
    let share = 1.0 / rewards.len() as f64;
    rewards
        .iter()
        .zip(baselines)
        .zip(lengths)
        .map(|((reward, baseline), &length)| Credit {
            log_prob: (-(reward - baseline) * share) as f32,
            entropy: (-entropy * share / length as f64) as f32,
        })
        .collect()
}

/// A reward that is predicted of an object: the sum of a number for each of its values and of one for all.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearBaseline {
    first: Vec<usize>,
    /// The values' numbers, and then the one for all.
    pub(super) weights: Vec<f32>,
}

impl LinearBaseline {
    /// One that predicts 0.
    pub fn new(num_values: &[u32]) -> Self {
        let mut first = Vec::new();
        let mut rows = 0;
        for &values in num_values {
            first.push(rows);
            rows += values as usize;
        }
        Self { first, weights: vec![0.0; rows + 1] }
    }

    fn places<'a>(&'a self, object: &'a [u32]) -> impl Iterator<Item = usize> + 'a {
        let of_values = object.iter().zip(&self.first).map(|(&value, &first)| first + value as usize);
        of_values.chain([self.weights.len() - 1])
    }

    /// What is predicted of each object.
    pub fn predict(&self, objects: &Objects) -> Vec<f64> {
        let sum = |object| self.places(object).map(|place| f64::from(self.weights[place])).sum();
        objects.iter().map(sum).collect()
    }

    /// The gradient of half the mean squared error.
    pub fn gradient(&self, objects: &Objects, rewards: &[f64], predicted: &[f64]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.weights.len()];
        for ((object, reward), predicted) in objects.iter().zip(rewards).zip(predicted) {
            let slope = (predicted - reward) / rewards.len() as f64;
            self.places(object).for_each(|place| gradient[place] += slope);
        }
        gradient.into_iter().map(|value| value as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_learns_what_depends_on_single_values() {
        let objects = Objects::from_rows(&[[0, 0], [0, 1], [1, 0], [1, 1]]).expect("objects");
        let rewards = [-3.0, -1.0, -2.0, 0.0];
        let mut baseline = LinearBaseline::new(&[2, 2]);
        for _ in 0..200 {
            let gradient = baseline.gradient(&objects, &rewards, &baseline.predict(&objects));
            baseline.weights.iter_mut().zip(&gradient).for_each(|(weight, slope)| *weight -= 0.5 * slope);
        }
        for (predicted, reward) in baseline.predict(&objects).iter().zip(rewards) {
            assert!((predicted - reward).abs() < 1e-3, "{predicted} for {reward}");
        }
    }

    #[test]
    fn credits_are_shares_of_the_batch() {
        let credits = credits(&[-1.0, -3.0], &[-2.0, -2.0], &[1, 4], 0.1);
        assert_eq!(credits[0], Credit { log_prob: -0.5, entropy: -0.05 });
        assert_eq!(credits[1], Credit { log_prob: 0.5, entropy: -0.0125 });
    }
}
