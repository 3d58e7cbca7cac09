//! Linear evaluation by SGD, the paper's protocol on `ImageNet`, on features computed once.
//!
//! Source: Grill et al. 2020, App. C.1: Nesterov momentum 0.9, batch 1024, 80 epochs, cosine decay without warm-up, no
//! weight decay; the base rate is swept on held-out training images.
//!
//! Differences from the paper: the paper augments the training images anew in every epoch (random crop and flip), so
//! its encoder runs in every step. That needs the encoder and is the trainer's job; here the features are fixed. The
//! weights start at zero, which makes the result depend on the order of the batches alone. The classifier is fitted to
//! the held-out part as well once the rate is chosen.

use std::f64::consts::PI;

use autodidact_experiment::rng::Seeds;
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::EvaluateError;
use super::classifier::LinearClassifier;
use super::features::LabelledFeatures;
use super::report::ClassificationReport;
use super::softmax::cross_entropy_sum;
use super::splits::stratified_split;

/// Options of [`sgd_linear_probe`]; the defaults are the paper's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdProbeConfig {
    /// Base learning rates to try; each is multiplied by batch/256.
    pub base_learning_rates: Vec<f64>,
    /// Examples per step; a set with fewer examples is one batch, and a last incomplete batch is left out.
    pub batch_size: usize,
    /// Passes over the training examples.
    pub num_epochs: usize,
    /// Nesterov momentum.
    pub momentum: f64,
    /// Share of each class that is set aside to choose the rate.
    pub validation_fraction: f64,
    /// Seed of that split and of the order of the examples.
    pub seed: u64,
}

impl Default for SgdProbeConfig {
    fn default() -> Self {
        Self {
            base_learning_rates: vec![0.4, 0.3, 0.2, 0.1, 0.05],
            batch_size: 1024,
            num_epochs: 80,
            momentum: 0.9,
            validation_fraction: 0.1,
            seed: 0,
        }
    }
}

impl SgdProbeConfig {
    fn check(&self) -> Result<(), EvaluateError> {
        if self.base_learning_rates.is_empty() {
            return Err(EvaluateError::option("base_learning_rates", "empty", "at least one rate"));
        }
        for (field, value) in [("batch_size", self.batch_size), ("num_epochs", self.num_epochs)] {
            if value == 0 {
                return Err(EvaluateError::option(field, 0, "at least 1"));
            }
        }
        if !(0.0..1.0).contains(&self.momentum) {
            return Err(EvaluateError::option(
                "momentum",
                self.momentum,
                "a number from 0 up to, not including, 1",
            ));
        }
        Ok(())
    }
}

/// How one learning rate did on the validation examples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearningRateScore {
    /// The base learning rate, before multiplication by batch/256.
    pub base_learning_rate: f64,
    /// Top-1 accuracy.
    pub accuracy: f64,
}

/// The result of linear evaluation by SGD.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SgdProbe {
    /// Accuracy on the test set.
    #[serde(flatten)]
    pub report: ClassificationReport,
    /// The base learning rate that did best on the validation examples.
    pub base_learning_rate: f64,
    /// Every rate tried.
    pub validation: Vec<LearningRateScore>,
    /// Mean cross-entropy of the training examples in the last epoch, in nats.
    pub train_loss: f64,
}

/// A classifier trained by SGD.
#[derive(Debug, Clone, PartialEq)]
pub struct SgdFit {
    /// The classifier.
    pub classifier: LinearClassifier,
    /// Mean cross-entropy of each epoch in nats, `[num_epochs]`, as met during training.
    pub losses: Vec<f64>,
}

/// Trains a linear classifier on frozen features by SGD and tests it.
///
/// # Errors
///
/// If the sets differ in width or classes, an option is out of range, or no class has two training examples.
///
/// ```
/// use autodidact_represent::evaluate::{LabelledFeatures, SgdProbeConfig, sgd_linear_probe};
///
/// let values: Vec<f32> = (0..40).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
/// let labels: Vec<usize> = (0..40).map(|i| i % 2).collect();
/// let data = LabelledFeatures::new(&values, 1, &labels, 2)?;
/// let (probe, _) = sgd_linear_probe(data, data, &SgdProbeConfig::default())?;
/// assert_eq!(probe.report.accuracy, 1.0);
/// # Ok::<(), autodidact_represent::evaluate::EvaluateError>(())
/// ```
pub fn sgd_linear_probe(
    train: LabelledFeatures<'_>,
    test: LabelledFeatures<'_>,
    config: &SgdProbeConfig,
) -> Result<(SgdProbe, LinearClassifier), EvaluateError> {
    train.expect_alike(test, "the test set")?;
    let split = stratified_split(train.labels(), config.validation_fraction, config.seed)?;
    let (fit, held_out) = (train.gather(&split.rest), train.gather(&split.held_out));
    config.check()?;

    let mut validation: Vec<LearningRateScore> = Vec::new();
    for &base_learning_rate in &config.base_learning_rates {
        let classifier = fit_sgd(fit.view(), base_learning_rate, config)?.classifier;
        let scores = classifier.scores(held_out.view().features())?;
        let report =
            ClassificationReport::from_scores(&scores, train.num_classes(), held_out.view().labels());
        validation.push(LearningRateScore { base_learning_rate, accuracy: report.accuracy });
    }
    // The first of equals, as listed.
    let best =
        validation.iter().rev().max_by(|a, b| a.accuracy.total_cmp(&b.accuracy)).expect("at least one rate");
    let base_learning_rate = best.base_learning_rate;

    let SgdFit { classifier, losses } = fit_sgd(train, base_learning_rate, config)?;
    let scores = classifier.scores(test.features())?;
    let report = ClassificationReport::from_scores(&scores, test.num_classes(), test.labels());
    let train_loss = losses[losses.len() - 1];
    Ok((SgdProbe { report, base_learning_rate, validation, train_loss }, classifier))
}

/// Trains at one base learning rate on all of `data`.
///
/// Step t of T uses the rate η = `base_learning_rate`·(batch/256)·(1 + cos(πt/T))/2 and, with gradient g and momentum
/// μ, the update v ← μ·v + g, θ ← θ − η·(g + μ·v).
///
/// # Errors
///
/// If an option is out of range or the rate is not a finite number above 0.
pub fn fit_sgd(
    data: LabelledFeatures<'_>,
    base_learning_rate: f64,
    config: &SgdProbeConfig,
) -> Result<SgdFit, EvaluateError> {
    config.check()?;
    if !(base_learning_rate > 0.0 && base_learning_rate.is_finite()) {
        return Err(EvaluateError::option(
            "base_learning_rates",
            base_learning_rate,
            "finite numbers above 0",
        ));
    }
    let (num_rows, width) = (data.features().num_rows(), data.features().width());
    let batch_size = config.batch_size.min(num_rows);
    let steps_per_epoch = num_rows / batch_size;
    let num_steps = (steps_per_epoch * config.num_epochs) as f64;
    let peak = base_learning_rate * batch_size as f64 / 256.0;

    let mut parameters = vec![0.0; data.num_classes() * (width + 1)];
    let mut velocity = vec![0.0; parameters.len()];
    let mut gradient = vec![0.0; parameters.len()];
    let mut rng = Seeds::new(config.seed).stream("sgd-probe/order");
    let mut losses = Vec::with_capacity(config.num_epochs);
    let mut step = 0;
    for _ in 0..config.num_epochs {
        let mut loss = 0.0;
        for batch in shuffled(num_rows, &mut rng).chunks_exact(batch_size) {
            let learning_rate = peak * 0.5 * (1.0 + (PI * f64::from(step) / num_steps).cos());
            loss += cross_entropy_sum(data.gather(batch).view(), &parameters, &mut gradient);
            for ((parameter, v), g) in parameters.iter_mut().zip(&mut velocity).zip(&gradient) {
                let g = g / batch_size as f64;
                *v = config.momentum * *v + g;
                *parameter -= learning_rate * (g + config.momentum * *v);
            }
            step += 1;
        }
        losses.push(loss / (steps_per_epoch * batch_size) as f64);
    }
    let bias = parameters.split_off(data.num_classes() * width);
    Ok(SgdFit { classifier: LinearClassifier { weights: parameters, bias }, losses })
}

/// The numbers below `num` in random order.
fn shuffled(num: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut keyed: Vec<(u64, usize)> = (0..num).map(|index| (rng.next_u64(), index)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn shuffle_is_a_permutation_and_the_next_one_differs() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (first, second) = (shuffled(100, &mut rng), shuffled(100, &mut rng));
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_ne!(first, second);
    }

    #[test]
    fn bad_options_are_refused() {
        let data = LabelledFeatures::new(&[1.0, 2.0, 3.0, 4.0], 1, &[0, 1, 0, 1], 2).unwrap();
        let refused = |config: SgdProbeConfig| sgd_linear_probe(data, data, &config).unwrap_err().to_string();
        let default = SgdProbeConfig::default;
        assert!(refused(SgdProbeConfig { batch_size: 0, ..default() }).contains("`batch_size` is 0"));
        assert!(refused(SgdProbeConfig { num_epochs: 0, ..default() }).contains("`num_epochs` is 0"));
        assert!(refused(SgdProbeConfig { momentum: 1.0, ..default() }).contains("`momentum` is 1"));
        assert!(
            refused(SgdProbeConfig { base_learning_rates: vec![], ..default() })
                .contains("at least one rate")
        );
        assert!(refused(SgdProbeConfig { base_learning_rates: vec![-1.0], ..default() }).contains("is -1"));
    }
}
