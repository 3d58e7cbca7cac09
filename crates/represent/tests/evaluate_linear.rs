//! The linear probes end to end, on features whose answer is known by construction.

use autodidact_represent::evaluate::{
    LabelledFeatures, LinearProbe, LinearProbeConfig, SgdProbeConfig, linear_probe,
    linear_probe_with_validation, sgd_linear_probe,
};

const CLASSES: usize = 10;

/// A generator good enough for test data: the 64-bit linear congruence of Knuth's MMIX.
struct Noise(u64);

impl Noise {
    /// Uniform in [-1, 1).
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

/// `num` rows: the one-hot label plus noise of the given size in `width` columns, times `scale`.
fn clusters(num: usize, width: usize, noise: f32, scale: f32, seed: u64) -> (Vec<f32>, Vec<usize>) {
    let mut generator = Noise(seed);
    for _ in 0..20 {
        generator.next(); // neighbouring seeds start alike
    }
    let labels: Vec<usize> = (0..num).map(|i| i % CLASSES).collect();
    let values = labels
        .iter()
        .flat_map(|&label| (0..width).map(move |column| f32::from(column == label)).collect::<Vec<_>>())
        .map(|value| scale * (value + noise * generator.next()))
        .collect();
    (values, labels)
}

fn data((values, labels): &(Vec<f32>, Vec<usize>), width: usize) -> LabelledFeatures<'_> {
    LabelledFeatures::new(values, width, labels, CLASSES).unwrap()
}

#[test]
fn separable_clusters_are_read_perfectly() {
    let (train, test) = (clusters(500, 16, 0.3, 1.0, 1), clusters(200, 16, 0.3, 1.0, 2));
    let (probe, classifier) =
        linear_probe(data(&train, 16), data(&test, 16), &LinearProbeConfig::default()).unwrap();
    assert_eq!(probe.report.accuracy, 1.0);
    assert_eq!(probe.validation.len(), 45);
    assert!(probe.converged);
    assert_eq!((classifier.num_classes(), classifier.width()), (CLASSES, 16));
}

#[test]
fn labels_without_relation_to_the_features_stay_near_chance() {
    let (train, test) = (clusters(1000, 16, 0.3, 1.0, 1), clusters(500, 16, 0.3, 1.0, 2));
    let mut generator = Noise(9);
    let mut draw =
        |n: usize| -> Vec<usize> { (0..n).map(|_| ((generator.next() + 1.0) * 5.0) as usize).collect() };
    let (train, test) = ((train.0, draw(1000)), (test.0, draw(500)));
    let (probe, _) = linear_probe(data(&train, 16), data(&test, 16), &LinearProbeConfig::default()).unwrap();
    assert!(probe.report.accuracy < 0.17, "{}", probe.report.accuracy);
}

#[test]
fn accuracy_does_not_depend_on_the_scale_of_the_features() {
    // A nearly collapsed encoder gives tiny features; standardised columns hide that from the penalty.
    let probe = |scale| {
        let (train, test) = (clusters(400, 12, 1.5, scale, 1), clusters(200, 12, 1.5, scale, 2));
        linear_probe(data(&train, 12), data(&test, 12), &LinearProbeConfig::default()).unwrap().0
    };
    let (usual, tiny) = (probe(1.0), probe(1e-4));
    assert_eq!(usual.strength, tiny.strength);
    assert!((usual.report.accuracy - tiny.report.accuracy).abs() < 0.02);
}

#[test]
fn strength_is_the_best_on_the_validation_examples() {
    // Many noise columns and few rows: an unpenalised fit overfits.
    let (train, validation) = (clusters(150, 120, 1.5, 1.0, 1), clusters(500, 120, 1.5, 1.0, 2));
    let test = clusters(500, 120, 1.5, 1.0, 3);
    let config = LinearProbeConfig { num_strengths: 12, ..LinearProbeConfig::default() };
    let (probe, _) =
        linear_probe_with_validation(data(&train, 120), data(&validation, 120), data(&test, 120), &config)
            .unwrap();
    let best = probe.validation.iter().map(|score| score.accuracy).fold(0.0, f64::max);
    let chosen = probe.validation.iter().find(|score| score.strength == probe.strength).unwrap();
    assert_eq!(chosen.accuracy, best);
    assert!(!probe.strength_at_edge, "{:?}", probe.validation);
    assert!(chosen.loss < probe.validation.last().unwrap().loss);
}

#[test]
fn equal_inputs_give_equal_results_and_survive_json() {
    let (train, test) = (clusters(400, 12, 1.5, 1.0, 1), clusters(200, 12, 1.5, 1.0, 2));
    let config = LinearProbeConfig { num_strengths: 5, ..LinearProbeConfig::default() };
    let run = || linear_probe(data(&train, 12), data(&test, 12), &config).unwrap();
    let (first, second) = (run(), run());
    assert_eq!(first, second);
    let text = serde_json::to_string(&first.0).unwrap();
    assert!(text.starts_with("{\"num_examples\":200,\"accuracy\":0."), "{text}");
    assert_eq!(serde_json::from_str::<LinearProbe>(&text).unwrap(), first.0);
}

#[test]
fn number_of_threads_does_not_change_a_bit() {
    let (train, test) = (clusters(1500, 24, 1.5, 1.0, 1), clusters(300, 24, 1.5, 1.0, 2));
    let config = LinearProbeConfig { num_strengths: 4, ..LinearProbeConfig::default() };
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| linear_probe(data(&train, 24), data(&test, 24), &config).unwrap())
    };
    assert_eq!(run(1), run(5));
}

#[test]
fn strengths_are_log_spaced_from_the_largest_down() {
    let config = LinearProbeConfig { num_strengths: 12, ..LinearProbeConfig::default() };
    let strengths = config.strengths().unwrap();
    for (strength, exponent) in strengths.iter().zip((-6..=5).rev()) {
        assert!((strength / 10_f64.powi(exponent) - 1.0).abs() < 1e-12);
    }
    assert_eq!(LinearProbeConfig::default().strengths().unwrap().len(), 45);
}

#[test]
fn bad_options_and_mismatched_sets_are_refused() {
    let (train, other) = (clusters(100, 12, 0.3, 1.0, 1), clusters(100, 10, 0.3, 1.0, 1));
    let message = |config: LinearProbeConfig| {
        linear_probe(data(&train, 12), data(&train, 12), &config).unwrap_err().to_string()
    };
    let default = LinearProbeConfig::default;
    assert!(message(LinearProbeConfig { num_strengths: 0, ..default() }).contains("`num_strengths` is 0"));
    assert!(message(LinearProbeConfig { min_strength: 0.0, ..default() }).contains("`min_strength` is 0"));
    assert!(message(LinearProbeConfig { max_strength: 1e-9, ..default() }).contains("`min_strength`"));
    assert!(
        message(LinearProbeConfig { validation_fraction: 1.0, ..default() }).contains("strictly between")
    );
    let mismatch = linear_probe(data(&train, 12), data(&other, 10), &default()).unwrap_err().to_string();
    assert!(mismatch.contains("the test set has 10 features per row, expected 12"), "{mismatch}");
}

#[test]
fn sgd_agrees_with_the_convex_fit_on_easy_features() {
    let (train, test) = (clusters(600, 16, 0.6, 1.0, 1), clusters(400, 16, 0.6, 1.0, 2));
    let config = SgdProbeConfig { batch_size: 128, ..SgdProbeConfig::default() };
    let (sgd, _) = sgd_linear_probe(data(&train, 16), data(&test, 16), &config).unwrap();
    let (convex, _) = linear_probe(data(&train, 16), data(&test, 16), &LinearProbeConfig::default()).unwrap();
    assert!(convex.report.accuracy > 0.85, "{}", convex.report.accuracy);
    assert!((sgd.report.accuracy - convex.report.accuracy).abs() < 0.03, "{}", sgd.report.accuracy);
    assert_eq!(sgd.validation.len(), 5);
}
