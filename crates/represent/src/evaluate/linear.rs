//! The linear probe: logistic regression on frozen features, its strength chosen on validation examples.
//!
//! Source: Grill et al. 2020, App. D.2, after Chen et al. 2020 (`SimCLR`), App. B.8.
//!
//! Differences from the paper: the columns are standardised by default (see [`LogisticRegression`] for the reason);
//! the paper gives the range of strengths without saying whether they multiply the mean or the sum of the loss, and
//! here it is the mean.

use serde::{Deserialize, Serialize};

use super::EvaluateError;
use super::classifier::LinearClassifier;
use super::features::LabelledFeatures;
use super::lbfgs::{LbfgsOptions, Termination};
use super::logistic::LogisticRegression;
use super::report::ClassificationReport;
use super::softmax::cross_entropy_sum;
use super::splits::stratified_split;

/// Options of [`linear_probe`]; the defaults are those of the paper where it gives them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearProbeConfig {
    /// Number of strengths λ, log-spaced from `max_strength` down to `min_strength` (45 in App. D.2).
    pub num_strengths: usize,
    /// Smallest strength (1e-6 in App. D.2).
    pub min_strength: f64,
    /// Largest strength (1e5 in App. D.2).
    pub max_strength: f64,
    /// Share of each class that is set aside to choose the strength, when no validation set is given.
    pub validation_fraction: f64,
    /// Seed of that split.
    pub seed: u64,
    /// Bring every column to zero mean and unit variance over the training rows.
    pub standardise: bool,
    /// L-BFGS iterations at most, per strength.
    pub max_iterations: usize,
    /// L-BFGS stops when no entry of the gradient of the mean loss is larger.
    pub gradient_tolerance: f64,
}

impl Default for LinearProbeConfig {
    fn default() -> Self {
        Self {
            num_strengths: 45,
            min_strength: 1e-6,
            max_strength: 1e5,
            validation_fraction: 0.1,
            seed: 0,
            standardise: true,
            max_iterations: 100,
            gradient_tolerance: 1e-4,
        }
    }
}

impl LinearProbeConfig {
    /// The strengths from the largest to the smallest, the order in which each fit is a good start for the next.
    ///
    /// # Errors
    ///
    /// If there is no strength, or the range is empty or not positive.
    pub fn strengths(&self) -> Result<Vec<f64>, EvaluateError> {
        if self.num_strengths == 0 {
            return Err(EvaluateError::option("num_strengths", 0, "at least 1"));
        }
        if !(self.min_strength > 0.0 && self.min_strength.is_finite()) {
            return Err(EvaluateError::option("min_strength", self.min_strength, "a finite number above 0"));
        }
        if !(self.max_strength >= self.min_strength && self.max_strength.is_finite()) {
            return Err(EvaluateError::option(
                "max_strength",
                self.max_strength,
                "a finite number of at least `min_strength`",
            ));
        }
        let (low, high) = (self.min_strength.log10(), self.max_strength.log10());
        let last = (self.num_strengths - 1).max(1) as f64;
        Ok((0..self.num_strengths).map(|i| 10_f64.powf(high + (low - high) * i as f64 / last)).collect())
    }

    fn lbfgs(&self) -> LbfgsOptions {
        LbfgsOptions {
            max_iterations: self.max_iterations,
            gradient_tolerance: self.gradient_tolerance,
            ..LbfgsOptions::default()
        }
    }
}

/// How one strength did on the validation examples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StrengthScore {
    /// The strength λ.
    pub strength: f64,
    /// Top-1 accuracy.
    pub accuracy: f64,
    /// Mean cross-entropy in nats.
    pub loss: f64,
}

/// The result of a linear probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearProbe {
    /// Accuracy on the test set.
    #[serde(flatten)]
    pub report: ClassificationReport,
    /// The strength λ that did best on the validation examples.
    pub strength: f64,
    /// Whether that is an end of the range, so that a wider range might do better.
    pub strength_at_edge: bool,
    /// Every strength tried, from the largest down.
    pub validation: Vec<StrengthScore>,
    /// Whether the columns were standardised.
    pub standardised: bool,
    /// Whether the last fit, on training and validation examples, met the tolerance.
    pub converged: bool,
}

/// Trains a linear classifier on frozen features and tests it.
///
/// A seeded, stratified share of `train` chooses the strength; the classifier is then fitted to all of `train`. Returns
/// the result and the classifier, which takes raw features.
///
/// # Errors
///
/// If the sets differ in width or classes, an option is out of range, or no class has two training examples.
pub fn linear_probe(
    train: LabelledFeatures<'_>,
    test: LabelledFeatures<'_>,
    config: &LinearProbeConfig,
) -> Result<(LinearProbe, LinearClassifier), EvaluateError> {
    let split = stratified_split(train.labels(), config.validation_fraction, config.seed)?;
    let (fit, validation) = (train.gather(&split.rest), train.gather(&split.held_out));
    linear_probe_with_validation(fit.view(), validation.view(), test, config)
}

/// [`linear_probe`] with a validation set of one's own; the last fit uses both `train` and `validation`.
///
/// # Errors
///
/// If the sets differ in width or classes, or an option is out of range.
pub fn linear_probe_with_validation(
    train: LabelledFeatures<'_>,
    validation: LabelledFeatures<'_>,
    test: LabelledFeatures<'_>,
    config: &LinearProbeConfig,
) -> Result<(LinearProbe, LinearClassifier), EvaluateError> {
    train.expect_alike(validation, "the validation set")?;
    train.expect_alike(test, "the test set")?;
    let strengths = config.strengths()?;
    let options = config.lbfgs();

    let regression = LogisticRegression::new(train, config.standardise);
    let mut scores: Vec<StrengthScore> = Vec::with_capacity(strengths.len());
    let mut start = None;
    let mut best = None;
    for (index, &strength) in strengths.iter().enumerate() {
        let fit = regression.fit(strength, &options, start.as_ref())?;
        let score = score(&fit.classifier, validation, strength)?;
        if best.as_ref().is_none_or(|&(at, _)| is_better(score, scores[at])) {
            best = Some((index, fit.clone()));
        }
        scores.push(score);
        start = Some(fit);
    }
    let (best, fit) = best.expect("at least one strength");

    let both = train.concatenate(validation);
    let last = LogisticRegression::new(both.view(), config.standardise).fit(
        strengths[best],
        &options,
        Some(&fit),
    )?;
    let report = ClassificationReport::from_scores(
        &last.classifier.scores(test.features())?,
        test.num_classes(),
        test.labels(),
    );
    let probe = LinearProbe {
        report,
        strength: strengths[best],
        strength_at_edge: best == 0 || best + 1 == strengths.len(),
        validation: scores,
        standardised: config.standardise,
        converged: last.termination == Termination::Gradient,
    };
    Ok((probe, last.classifier))
}

/// Higher accuracy is better; at equal accuracy, which a small validation set often gives, the lower loss.
fn is_better(new: StrengthScore, old: StrengthScore) -> bool {
    (new.accuracy, -new.loss) > (old.accuracy, -old.loss)
}

fn score(
    classifier: &LinearClassifier,
    data: LabelledFeatures<'_>,
    strength: f64,
) -> Result<StrengthScore, EvaluateError> {
    let predicted = classifier.predict(data.features())?;
    let correct = predicted.iter().zip(data.labels()).filter(|(a, b)| a == b).count();
    let parameters = [classifier.weights.as_slice(), &classifier.bias].concat();
    let loss = cross_entropy_sum(data, &parameters, &mut vec![0.0; parameters.len()]);
    let num = data.labels().len() as f64;
    Ok(StrengthScore { strength, accuracy: correct as f64 / num, loss: loss / num })
}
