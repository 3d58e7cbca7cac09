//! What the speaker's loss gains by what was said: REINFORCE with a baseline, and the entropy.

use super::played::Played;
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

/// A reward that is predicted of an object by a linear function of it: the sum of a number for each of its values, or for each of its
/// features times the feature, and of one for all.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearBaseline {
    /// The place of each attribute's first value.
    first: Vec<usize>,
    /// The numbers of values or features, and then the one for all.
    pub(super) weights: Vec<f32>,
}

impl LinearBaseline {
    /// One that predicts 0 of objects with these numbers of values.
    pub fn new(num_values: &[u32]) -> Self {
        let mut first = Vec::new();
        let mut rows = 0;
        for &values in num_values {
            first.push(rows);
            rows += values as usize;
        }
        Self { first, weights: vec![0.0; rows + 1] }
    }

    /// One that predicts 0 of vectors of `width` features.
    pub fn of_features(width: usize) -> Self {
        Self { first: Vec::new(), weights: vec![0.0; width + 1] }
    }

    /// Visits what an object multiplies the weights with, where it is not 0.
    fn visit<X: Played>(&self, objects: &X, object: usize, mut each: impl FnMut(usize, f64)) {
        objects.visit(object, &self.first, &mut each);
        each(self.weights.len() - 1, 1.0);
    }

    /// What is predicted of each object.
    pub fn predict<X: Played>(&self, objects: &X) -> Vec<f64> {
        let predict = |object| {
            let mut sum = 0.0;
            self.visit(objects, object, |place, input| sum += input * f64::from(self.weights[place]));
            sum
        };
        (0..objects.count()).map(predict).collect()
    }

    /// The gradient of half the mean squared error.
    pub fn gradient<X: Played>(&self, objects: &X, rewards: &[f64], predicted: &[f64]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.weights.len()];
        for (object, (reward, predicted)) in rewards.iter().zip(predicted).enumerate() {
            let slope = (predicted - reward) / rewards.len() as f64;
            self.visit(objects, object, |place, input| gradient[place] += slope * input);
        }
        gradient.into_iter().map(|value| value as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Features, Objects};

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
    fn a_baseline_of_features_learns_a_linear_function() {
        let features =
            Features::from_rows(&[[0.0, 1.0], [2.0, 1.0], [1.0, -1.0], [-1.0, 0.5]]).expect("features");
        let rewards: Vec<f64> = features.iter().map(|row| 0.5 * row[0] - 2.0 * row[1] - 3.0).collect();
        let mut baseline = LinearBaseline::of_features(2);
        for _ in 0..400 {
            let gradient = baseline.gradient(&features, &rewards, &baseline.predict(&features));
            baseline.weights.iter_mut().zip(&gradient).for_each(|(weight, slope)| *weight -= 0.5 * slope);
        }
        for (found, expected) in baseline.weights.iter().zip([0.5, -2.0, -3.0]) {
            assert!((found - expected).abs() < 1e-3, "{found} for {expected}");
        }
    }

    #[test]
    fn credits_are_shares_of_the_batch() {
        let credits = credits(&[-1.0, -3.0], &[-2.0, -2.0], &[1, 4], 0.1);
        assert_eq!(credits[0], Credit { log_prob: -0.5, entropy: -0.05 });
        assert_eq!(credits[1], Credit { log_prob: 0.5, entropy: -0.0125 });
    }
}
