//! Multinomial logistic regression with an L2 penalty, fitted by L-BFGS.

use std::borrow::Cow;

use super::EvaluateError;
use super::classifier::LinearClassifier;
use super::features::{Features, LabelledFeatures};
use super::lbfgs::{LbfgsOptions, Termination, minimise};
use super::softmax::cross_entropy_sum;
use super::standardise::Standardisation;

/// Relative rounding error of the objective, whose products run in f32.
const VALUE_NOISE: f64 = 1e-7;

/// Logistic regression on one training set, ready to be fitted at several strengths.
///
/// The objective over weights W `[C, D]` and bias b `[C]`, for n examples and strength λ, is
///
/// J(W, b) = (1/n) Σᵢ −log softmax(W xᵢ + b)\[yᵢ\] + (λ/2) ‖W‖²
///
/// with an unpenalised bias. scikit-learn's `LogisticRegression(C=…)` minimises Σᵢ … + ‖W‖²/(2C), which has the same
/// minimiser at **C = 1/(λ n)**. The mean is used so that a strength chosen on a part of the training set means the
/// same on all of it.
///
/// With `standardise`, xᵢ are columns with zero mean and unit variance over the training rows, and ‖W‖² is measured in
/// those units. The penalty depends on the scale of the features, and the scale of an encoder's features is arbitrary
/// (a nearly collapsed encoder's may be 1e-3), so a fixed grid of strengths only means the same for two encoders when
/// the columns are brought to one scale. It also makes the problem well conditioned. The classifier that comes back is
/// always in the units of the raw features.
///
/// Products of features and weights run in f32, sums over examples and the parameters are f64.
///
/// ```
/// use autodidact_represent::evaluate::{LabelledFeatures, LbfgsOptions, LogisticRegression};
///
/// let values = [-2.0, -1.0, 1.0, 2.0];
/// let data = LabelledFeatures::new(&values, 1, &[0, 0, 1, 1], 2)?;
/// let fit = LogisticRegression::new(data, true).fit(0.1, &LbfgsOptions::default(), None)?;
/// assert_eq!(fit.classifier.predict(data.features())?, [0, 0, 1, 1]);
/// # Ok::<(), autodidact_represent::evaluate::EvaluateError>(())
/// ```
pub struct LogisticRegression<'a> {
    values: Cow<'a, [f32]>,
    width: usize,
    labels: &'a [usize],
    num_classes: usize,
    columns: Standardisation,
    class_counts: Vec<usize>,
    /// Mean of x² per column, `[D]`.
    mean_square: Vec<f64>,
}

/// The minimiser of a [`LogisticRegression`] at one strength.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticFit {
    /// The classifier on raw features.
    pub classifier: LinearClassifier,
    /// The objective J at the end.
    pub objective: f64,
    /// The largest absolute entry of ∇J at the end.
    pub gradient_norm: f64,
    /// L-BFGS iterations.
    pub iterations: usize,
    /// Evaluations of J.
    pub evaluations: usize,
    /// Why it ended.
    pub termination: Termination,
    /// W `[C, D]` then b `[C]` in the units of the fit, where the next strength starts.
    parameters: Vec<f64>,
}

impl<'a> LogisticRegression<'a> {
    /// Prepares the training set, standardising its columns if asked to.
    pub fn new(data: LabelledFeatures<'a>, standardise: bool) -> Self {
        let features = data.features();
        let width = features.width();
        let (columns, values) = if standardise {
            let columns = Standardisation::of(features);
            let values = columns.apply(features);
            (columns, Cow::Owned(values))
        } else {
            (Standardisation::identity(width), Cow::Borrowed(features.values()))
        };
        let mut mean_square = vec![0.0; width];
        for row in values.chunks_exact(width) {
            for (sum, &value) in mean_square.iter_mut().zip(row) {
                *sum += f64::from(value).powi(2);
            }
        }
        for sum in &mut mean_square {
            *sum /= features.num_rows() as f64;
        }
        Self {
            values,
            width,
            labels: data.labels(),
            num_classes: data.num_classes(),
            columns,
            class_counts: data.class_counts(),
            mean_square,
        }
    }

    /// Minimises J at `strength` λ, from `start` (the fit at a neighbouring strength) or from the class frequencies.
    ///
    /// # Errors
    ///
    /// If `strength` is negative or not finite.
    ///
    /// # Panics
    ///
    /// If `start` comes from data with another width or number of classes.
    pub fn fit(
        &self,
        strength: f64,
        options: &LbfgsOptions,
        start: Option<&LogisticFit>,
    ) -> Result<LogisticFit, EvaluateError> {
        if !(strength >= 0.0 && strength.is_finite()) {
            return Err(EvaluateError::option("strength", strength, "a finite number of at least 0"));
        }
        let features = Features::trusted(&self.values, self.width);
        let data = LabelledFeatures::trusted(features, self.labels, self.num_classes);
        let scale = 1.0 / self.labels.len() as f64;
        let num_weights = self.num_classes * self.width;
        let start = start.map_or_else(|| self.class_frequencies(), |fit| fit.parameters.clone());
        assert_eq!(start.len(), num_weights + self.num_classes, "a fit of the same shape");

        let options = LbfgsOptions { value_noise: options.value_noise.max(VALUE_NOISE), ..*options };
        let minimum = minimise(start, &self.inverse_diagonal(strength), &options, |parameters, gradient| {
            let loss = scale * cross_entropy_sum(data, parameters, gradient);
            for value in &mut *gradient {
                *value *= scale;
            }
            let weights = &parameters[..num_weights];
            for (value, w) in gradient.iter_mut().zip(weights) {
                *value += strength * w;
            }
            loss + 0.5 * strength * weights.iter().map(|w| w * w).sum::<f64>()
        });
        Ok(LogisticFit {
            classifier: self.raw_classifier(&minimum.x),
            objective: minimum.value,
            gradient_norm: minimum.gradient_norm,
            iterations: minimum.iterations,
            evaluations: minimum.evaluations,
            termination: minimum.termination,
            parameters: minimum.x,
        })
    }

    /// Zero weights and log class frequencies: the minimiser for λ → ∞. A class without examples counts one half, so
    /// that its bias is finite.
    fn class_frequencies(&self) -> Vec<f64> {
        let mut parameters = vec![0.0; self.num_classes * self.width];
        let logs: Vec<f64> = self.class_counts.iter().map(|&n| (n as f64).max(0.5).ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        parameters.extend(logs.iter().map(|log| log - mean));
        parameters
    }

    /// The inverse of the Hessian's diagonal at [`Self::class_frequencies`], which is exact where λ dominates: λ differs
    /// from the curvature in the unpenalised bias by up to six orders of magnitude.
    fn inverse_diagonal(&self, strength: f64) -> Vec<f64> {
        let num = self.labels.len() as f64;
        let spread = |count: usize| {
            let p = (count as f64).max(0.5) / num;
            (p * (1.0 - p)).max(1e-6)
        };
        let weights = self.class_counts.iter().flat_map(|&count| {
            self.mean_square.iter().map(move |square| 1.0 / (strength + (spread(count) * square).max(1e-12)))
        });
        weights.chain(self.class_counts.iter().map(|&count| 1.0 / spread(count))).collect()
    }

    /// Undoes the standardisation: W/σ and b − Σ W μ/σ.
    fn raw_classifier(&self, parameters: &[f64]) -> LinearClassifier {
        let (weights, bias) = parameters.split_at(self.num_classes * self.width);
        let mut classifier = LinearClassifier { weights: weights.to_vec(), bias: bias.to_vec() };
        for (row, b) in classifier.weights.chunks_exact_mut(self.width).zip(&mut classifier.bias) {
            for (w, (mean, deviation)) in
                row.iter_mut().zip(self.columns.mean.iter().zip(&self.columns.deviation))
            {
                *w /= deviation;
                *b -= *w * mean;
            }
        }
        classifier
    }
}
