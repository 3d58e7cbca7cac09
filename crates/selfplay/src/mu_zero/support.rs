//! Scalars as distributions over whole numbers.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// ε of [`scale`].
const EPSILON: f64 = 1e-3;

/// The scale on which large values are learnt (Schrittwieser et al. 2020, appendix F; Pohlen et al. 2018):
/// `h(x) = sign(x) (√(|x| + 1) − 1) + ε x` with ε = 0.001.
///
/// ```
/// use autodidact_selfplay::mu_zero::{scale, unscale};
///
/// assert!((scale(8.0) - 2.008).abs() < 1e-12);
/// assert!((unscale(scale(-123.0)) + 123.0).abs() < 1e-9);
/// ```
pub fn scale(x: f64) -> f64 {
    x.signum() * ((x.abs() + 1.0).sqrt() - 1.0) + EPSILON * x
}

/// The inverse of [`scale`]: `h⁻¹(y) = sign(y) (((√(1 + 4 ε (|y| + 1 + ε)) − 1) / (2 ε))² − 1)`.
pub fn unscale(y: f64) -> f64 {
    let root = ((1.0 + 4.0 * EPSILON * (y.abs() + 1.0 + EPSILON)).sqrt() - 1.0) / (2.0 * EPSILON);
    y.signum() * (root * root - 1.0)
}

/// A scalar as a distribution over the whole numbers from −limit to limit (Schrittwieser et al. 2020, appendix F).
///
/// A value is written as the two neighbours of its scaled self, with weights whose mean it is; what logits stand for is the mean of their
/// softmax, scaled back.
///
/// ```
/// use autodidact_selfplay::mu_zero::Support;
///
/// // Losses, draws and wins.
/// let results = Support { limit: 1, is_scaled: false };
/// let mut row = [0.0; 3];
/// results.encode(-0.25, &mut row);
/// assert_eq!(row, [0.25, 0.75, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    /// The largest whole number; values beyond it count as it. 300 in the paper.
    pub limit: usize,
    /// Whether values are brought to the scale of [`scale`] first. Results of games need not be.
    pub is_scaled: bool,
}

/// The most numbers on a side.
const WIDEST: usize = 10_000;

impl Support {
    /// How many numbers there are.
    pub fn size(&self) -> usize {
        2 * self.limit + 1
    }

    /// Writes a value as a distribution.
    ///
    /// # Panics
    /// If `row` is not [`Support::size`] long.
    pub fn encode(&self, value: f32, row: &mut [f32]) {
        assert_eq!(row.len(), self.size(), "a row has a place for each number");
        let limit = self.limit as f64;
        let value = f64::from(value);
        let place = (if self.is_scaled { scale(value) } else { value }).clamp(-limit, limit) + limit;
        let below = (place.floor() as usize).min(row.len() - 1);
        let share = place - below as f64;
        row.fill(0.0);
        row[below] = (1.0 - share) as f32;
        if let Some(above) = row.get_mut(below + 1) {
            *above = share as f32;
        }
    }

    /// The values that logits `[B, size]` stand for, `[B]`.
    pub fn decode(&self, logits: Tensor<2>) -> Vec<f32> {
        let probabilities = autodidact_nn::state::to_vec(activation::softmax(logits, 1));
        let mean = |row: &[f32]| -> f64 {
            row.iter()
                .enumerate()
                .map(|(place, share)| f64::from(*share) * (place as f64 - self.limit as f64))
                .sum()
        };
        let value = |mean: f64| if self.is_scaled { unscale(mean) } else { mean };
        probabilities.chunks_exact(self.size()).map(|row| value(mean(row)) as f32).collect()
    }

    /// That the support is one.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub(super) fn check(self, field: &'static str) -> Result<()> {
        if (1..=WIDEST).contains(&self.limit) {
            return Ok(());
        }
        let value = self.limit.to_string();
        Err(Error::Setting { field, value, expected: "a number from 1 to 10000" })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use serde_json::Value;

    use super::*;

    /// `tests/reference/support.py`: the scale by bisection to thirty digits, expectations in `NumPy`.
    const REFERENCE: &str = include_str!("../../tests/reference/support.json");

    fn numbers(value: &Value) -> Vec<f64> {
        serde_json::from_value(value.clone()).expect("numbers")
    }

    #[test]
    fn the_scale_and_its_inverse_are_those_of_another_program() {
        let reference: Value = serde_json::from_str(REFERENCE).expect("a reference");
        for pair in reference["scale"].as_array().expect("pairs") {
            let [x, y] = numbers(pair)[..] else { panic!("a pair") };
            assert!((scale(x) - y).abs() <= 1e-14 * y.abs(), "{x}: {}, expected {y}", scale(x));
            // The root is a small difference of numbers near 1, which costs ε⁻¹ of the precision.
            assert!((unscale(y) - x).abs() <= 1e-11 * (1.0 + x.abs()), "{y}: {}, expected {x}", unscale(y));
        }
    }

    #[test]
    fn rows_and_expectations_are_those_of_another_program() {
        let reference: Value = serde_json::from_str(REFERENCE).expect("a reference");
        for case in reference["rows"].as_array().expect("cases") {
            let support: Support = serde_json::from_value(case["support"].clone()).expect("a support");
            let mut row = vec![7.0; support.size()];
            support.encode(case["value"].as_f64().expect("a value") as f32, &mut row);
            for (ours, theirs) in row.iter().zip(numbers(&case["row"])) {
                assert!((f64::from(*ours) - theirs).abs() < 1e-6, "{case}: {row:?}");
            }
            let logits: Vec<f32> = numbers(&case["logits"]).iter().map(|logit| *logit as f32).collect();
            let logits = Tensor::from_data(TensorData::new(logits, [1, support.size()]), &Device::flex());
            let expected = case["expectation"].as_f64().expect("a number");
            let found = f64::from(support.decode(logits)[0]);
            assert!((found - expected).abs() < 2e-5 * (1.0 + expected.abs()), "{found}, expected {expected}");
        }
    }

    /// What a row says is the value it was made of: logits are the logarithms of its numbers.
    #[test]
    fn a_row_stands_for_its_value() {
        for (support, values) in [
            (Support { limit: 1, is_scaled: false }, [-1.0, -0.3, 0.0, 0.25, 1.0]),
            (Support { limit: 12, is_scaled: true }, [-100.0, -0.5, 0.0, 3.0, 123.0]),
        ] {
            for value in values {
                let mut row = vec![0.0; support.size()];
                support.encode(value, &mut row);
                assert_eq!(row.iter().sum::<f32>(), 1.0);
                let logits: Vec<f32> = row.iter().map(|share| share.max(1e-30).ln()).collect();
                let logits = Tensor::from_data(TensorData::new(logits, [1, row.len()]), &Device::flex());
                let found = support.decode(logits)[0];
                assert!((found - value).abs() < 1e-4 * (1.0 + value.abs()), "{found}, expected {value}");
            }
        }
        // Beyond the ends are the ends.
        let mut row = [0.0; 3];
        Support { limit: 1, is_scaled: true }.encode(1e9, &mut row);
        assert_eq!(row, [0.0, 0.0, 1.0]);
    }
}
