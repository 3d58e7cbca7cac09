//! The probes against scikit-learn, torch and numpy: `tests/reference/evaluate.py` wrote the values.

use autodidact_represent::evaluate::{
    Features, KnnConfig, LabelledFeatures, LbfgsOptions, LogisticRegression, SgdProbeConfig, Termination,
    effective_rank, feature_spread, fit_sgd, knn_leave_one_out, knn_probe, neighbours, pair_cosines,
    singular_values, wilson_interval,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    width: usize,
    classes: usize,
    train: Vec<f32>,
    train_labels: Vec<usize>,
    test: Vec<f32>,
    test_labels: Vec<usize>,
    logistic: Vec<Logistic>,
    sgd: Sgd,
    knn: Vec<Knn>,
    spread: Vec<Batch>,
    cosines: Cosines,
    wilson: Vec<Wilson>,
}

#[derive(Deserialize)]
struct Batch {
    name: String,
    width: usize,
    values: Vec<f32>,
    spread: f64,
    singular_values: Vec<f64>,
    effective_rank: f64,
}

#[derive(Deserialize)]
struct Cosines {
    num: usize,
    positive: f64,
    negative: f64,
}

#[derive(Deserialize)]
struct Logistic {
    strength: f64,
    standardise: bool,
    objective: f64,
    coefficients: Vec<f64>,
    intercept: Vec<f64>,
    predictions: Vec<usize>,
}

#[derive(Deserialize)]
struct Sgd {
    base_learning_rate: f64,
    num_epochs: usize,
    feature_scale: f32,
    losses: Vec<f64>,
    weights: Vec<f64>,
    bias: Vec<f64>,
}

#[derive(Deserialize)]
struct Knn {
    k: usize,
    temperature: f64,
    leave_one_out: bool,
    accuracy: f64,
    top5: f64,
    first_query: FirstQuery,
}

#[derive(Deserialize)]
struct FirstQuery {
    indices: Vec<usize>,
    similarities: Vec<f32>,
}

#[derive(Deserialize)]
struct Wilson {
    successes: usize,
    trials: usize,
    low: f64,
    high: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/evaluate.json")).expect("the reference file is complete")
}

impl Reference {
    fn train(&self) -> LabelledFeatures<'_> {
        LabelledFeatures::new(&self.train, self.width, &self.train_labels, self.classes).unwrap()
    }

    fn test(&self) -> LabelledFeatures<'_> {
        LabelledFeatures::new(&self.test, self.width, &self.test_labels, self.classes).unwrap()
    }
}

/// Subtracts the mean: the softmax does not see a common shift.
fn centred(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| value - mean).collect()
}

/// The largest difference, relative to the larger of one and the reference.
fn largest_difference(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f64::max)
}

#[test]
fn logistic_regression_matches_scikit_learn() {
    let reference = reference();
    // The smallest gradient that f32 products resolve.
    let options = LbfgsOptions { gradient_tolerance: 1e-7, ..LbfgsOptions::default() };
    for expected in &reference.logistic {
        let regression = LogisticRegression::new(reference.train(), expected.standardise);
        let fit = regression.fit(expected.strength, &options, None).unwrap();
        let weights = largest_difference(&fit.classifier.weights, &expected.coefficients);
        let bias = largest_difference(&centred(&fit.classifier.bias), &centred(&expected.intercept));
        let objective = (fit.objective - expected.objective).abs();
        println!(
            "strength {}: weights {weights:.1e}, bias {bias:.1e}, objective {objective:.1e}, {} iterations, \
             {} evaluations, gradient {:.1e}, {:?}",
            expected.strength, fit.iterations, fit.evaluations, fit.gradient_norm, fit.termination
        );
        // f32 products leave about 1e-7 in the gradient, and the flattest direction has curvature λ.
        let tolerance = (1e-7 / expected.strength).max(1e-4);
        assert!(weights < tolerance && bias < tolerance && objective < 1e-6);
        assert_eq!(fit.classifier.predict(reference.test().features()).unwrap(), expected.predictions);
    }
}

#[test]
fn warm_start_reaches_the_same_minimum() {
    let reference = reference();
    let regression = LogisticRegression::new(reference.train(), true);
    let options = LbfgsOptions { gradient_tolerance: 1e-6, ..LbfgsOptions::default() };
    let near = regression.fit(2e-2, &options, None).unwrap();
    let warm = regression.fit(1e-2, &options, Some(&near)).unwrap();
    let cold = regression.fit(1e-2, &options, None).unwrap();
    assert_eq!((warm.termination, cold.termination), (Termination::Gradient, Termination::Gradient));
    assert!((warm.objective - cold.objective).abs() < 1e-7); // the noise of f32 products
    assert!(largest_difference(&warm.classifier.weights, &cold.classifier.weights) < 1e-4);
    assert!(warm.iterations < cold.iterations, "{} against {}", warm.iterations, cold.iterations);
}

#[test]
fn sgd_matches_torch() {
    let reference = reference();
    let expected = &reference.sgd;
    let scaled: Vec<f32> = reference.train.iter().map(|x| x * expected.feature_scale).collect();
    let data =
        LabelledFeatures::new(&scaled, reference.width, &reference.train_labels, reference.classes).unwrap();
    // One batch holds the whole set, so the order of the examples does not matter.
    let config = SgdProbeConfig { num_epochs: expected.num_epochs, ..SgdProbeConfig::default() };
    let fit = fit_sgd(data, expected.base_learning_rate, &config).unwrap();
    let weights = largest_difference(&fit.classifier.weights, &expected.weights);
    let bias = largest_difference(&fit.classifier.bias, &expected.bias);
    let losses = largest_difference(&fit.losses, &expected.losses);
    println!("weights {weights:.1e}, bias {bias:.1e}, losses {losses:.1e}");
    // Forty steps of f32 products against f64.
    assert!(weights < 2e-6 && bias < 2e-6 && losses < 2e-6);
}

#[test]
fn knn_matches_numpy() {
    let reference = reference();
    for expected in &reference.knn {
        let config = KnnConfig { k: expected.k, temperature: expected.temperature };
        let probe = if expected.leave_one_out {
            knn_leave_one_out(reference.train(), config, "backbone").unwrap()
        } else {
            knn_probe(reference.train(), reference.test(), config, "backbone").unwrap()
        };
        println!("{probe}");
        assert_eq!(probe.report.accuracy, expected.accuracy);
        assert_eq!(probe.report.top5, Some(expected.top5));
    }
    let first = &reference.knn[0].first_query;
    let query = Features::new(reference.test().features().row(0), reference.width).unwrap();
    let found = neighbours(query, reference.train().features(), first.indices.len()).unwrap();
    assert_eq!(found.indices, first.indices);
    for (ours, theirs) in found.similarities.iter().zip(&first.similarities) {
        assert!((ours - theirs).abs() < 1e-6);
    }
}

#[test]
fn wilson_interval_matches_scipy() {
    for expected in &reference().wilson {
        let ours = wilson_interval(expected.successes, expected.trials, 1.959963984540054);
        assert!((ours.low - expected.low).abs() < 1e-12 && (ours.high - expected.high).abs() < 1e-12);
    }
}

#[test]
fn spread_and_singular_values_match_numpy() {
    for expected in &reference().spread {
        let z = Features::new(&expected.values, expected.width).unwrap();
        let singular = singular_values(z);
        assert_eq!(singular.len(), expected.singular_values.len());
        let scale = expected.singular_values[0];
        let largest = singular.iter().zip(&expected.singular_values).map(|(a, b)| (a - b).abs() / scale);
        let largest = largest.fold(0.0, f64::max);
        let rank = (effective_rank(z) - expected.effective_rank).abs();
        let spread = (feature_spread(z).unwrap() - expected.spread).abs();
        println!("{}: singular values {largest:.1e}, rank {rank:.1e}, spread {spread:.1e}", expected.name);
        // The Gram matrix squares the condition: roots are good to √ε of the largest. Unit rows are f32.
        assert!(largest < 2e-8 && rank < 1e-5 && spread < 1e-6);
    }
}

#[test]
fn pair_cosines_match_numpy() {
    let reference = reference();
    let expected = &reference.cosines;
    let rows = expected.num * reference.width;
    let first = Features::new(&reference.train[..rows], reference.width).unwrap();
    let second = Features::new(&reference.test[..rows], reference.width).unwrap();
    let ours = pair_cosines(first, second).unwrap();
    assert!((ours.positive - expected.positive).abs() < 1e-7);
    assert!((ours.negative - expected.negative).abs() < 1e-7);
}
