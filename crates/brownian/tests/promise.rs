//! The numbers of evaluations and the promises on drawn Brownian motions, beside a simulation in another language.
//!
//! Its means (400, 300 or 120 paths of its own for each row) are compared within five standard errors of both.

use autodidact_brownian::{BrownianPath, Guarantee, Next, Optimizer, Rule, Settings, Stop};

/// One search of a drawn path: evaluations, and how far the supremum is above the answer, exactly.
fn run(seed: u64, settings: Settings) -> (f64, f64) {
    let path = BrownianPath::new(seed);
    let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("settings are right");
    while let Next::Evaluate(query) = optimizer.ask() {
        optimizer.tell(query.id, path.at(query.x)).expect("values are finite");
    }
    let answer = optimizer.answer().expect("both ends were told");
    let supremum =
        optimizer.leaves().iter().map(|leaf| path.supremum(leaf)).fold(f64::NEG_INFINITY, f64::max);
    assert!(settings.stop == Stop::Never || answer.guarantee != Guarantee::None);
    (answer.evaluations as f64, supremum - answer.value)
}

struct Runs {
    evaluations: Vec<f64>,
    regrets: Vec<f64>,
}

impl Runs {
    fn new(count: u64, settings: Settings) -> Self {
        let (evaluations, regrets) = (0..count).map(|seed| run(seed, settings)).unzip();
        Self { evaluations, regrets }
    }

    fn failures(&self, epsilon: f64) -> usize {
        self.regrets.iter().filter(|regret| **regret > epsilon).count()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// That a mean agrees with another one, of so many runs.
#[track_caller]
fn assert_mean(what: &str, values: &[f64], theirs: f64, their_runs: usize) {
    let (ours, deviation) = (mean(values), deviation(values));
    let error = deviation * (1.0 / values.len() as f64 + 1.0 / their_runs as f64).sqrt();
    assert!((ours - theirs).abs() <= 5.0 * error, "{what}: {ours}, expected {theirs} within {}", 5.0 * error);
}

#[test]
fn the_papers_rule_needs_some_30_squared_logarithms() {
    for (epsilon, runs, theirs, their_runs) in
        [(0.1, 1000, 161.5, 400), (0.03, 400, 372.8, 400), (0.01, 1000, 664.0, 300), (0.001, 80, 1484.0, 80)]
    {
        let found = Runs::new(runs, Settings::optimistic(epsilon));
        assert_mean(&format!("evaluations at {epsilon}"), &found.evaluations, theirs, their_runs);
        let squared = mean(&found.evaluations) / epsilon.ln().powi(2);
        assert!((27.0..36.0).contains(&squared), "{squared} at {epsilon}");
        assert_eq!(found.failures(epsilon), 0, "at {epsilon}");
    }
}

#[test]
fn the_gap_stops_no_later() {
    for seed in 0..200 {
        let width = run(seed, Settings::optimistic(0.02));
        let gap = run(seed, Settings { stop: Stop::Gap, ..Settings::optimistic(0.02) });
        assert!(gap.0 <= width.0, "{} after {}", gap.0, width.0);
        assert!(gap.1 <= 0.02);
    }
}

#[test]
fn a_smaller_exponent_needs_fewer_evaluations_and_keeps_the_promise() {
    for (epsilon, theirs) in [(0.1, 57.0), (0.01, 281.0)] {
        let settings = Settings { rule: Rule::Optimistic { exponent: 2.0 }, ..Settings::optimistic(epsilon) };
        let found = Runs::new(760, settings);
        assert_mean(&format!("evaluations at {epsilon}"), &found.evaluations, theirs, 300);
        assert_eq!(found.failures(epsilon), 0, "at {epsilon}");
    }
}

/// Failures are as many as promised: not many more, which would break the promise, and not far fewer than the exact
/// probability says.
#[test]
fn the_posterior_keeps_its_promise_with_few_evaluations() {
    for (epsilon, theirs, their_runs) in [(0.1, 15.2, 400), (0.03, 36.7, 400), (0.01, 67.2, 300)] {
        let runs = 2000;
        let found = Runs::new(runs, Settings::posterior(epsilon, epsilon));
        assert_mean(&format!("evaluations at {epsilon}"), &found.evaluations, theirs, their_runs);
        let (failures, expected) = (found.failures(epsilon) as f64, epsilon * runs as f64);
        assert!(failures <= expected + 4.0 * expected.sqrt(), "{failures} of {runs} at {epsilon}");
        assert!(failures >= 0.3 * expected - 4.0 * expected.sqrt(), "{failures} of {runs} at {epsilon}");
    }
}

#[test]
fn the_posterior_probability_is_that_of_failures() {
    // The probability that was computed when a search ended, against what happened.
    let (mut promised, mut failed) = (0.0, 0.0);
    for seed in 0..4000 {
        let path = BrownianPath::new(seed);
        let settings = Settings { stop: Stop::Posterior, ..Settings::posterior(0.15, 0.25) };
        let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("settings are right");
        while let Next::Evaluate(query) = optimizer.ask() {
            optimizer.tell(query.id, path.at(query.x)).expect("values are finite");
        }
        let answer = optimizer.answer().expect("both ends were told");
        let Guarantee::Posterior { within, failure, .. } = answer.guarantee else { panic!("no promise") };
        assert!(within == 0.15 && failure <= 0.25);
        let beyond = |leaf| path.supremum(leaf) > answer.value + within;
        promised += failure;
        failed += f64::from(u8::from(optimizer.leaves().iter().any(beyond)));
    }
    // Independent events with these probabilities have a deviation below the root of their sum.
    assert!((promised - failed).abs() < 4.0 * promised.sqrt(), "{failed} failures, promised {promised}");
}

#[test]
fn calvin_hefter_and_herzwurm_come_closest_after_few_evaluations() {
    for (lambda, evaluations, theirs) in
        [(1.0, 64, 1.3e-2), (1.0, 256, 1.2e-3), (0.1, 64, 2.6e-3), (0.1, 128, 2.8e-4)]
    {
        let found = Runs::new(400, Settings::budget(evaluations, lambda));
        assert!(found.evaluations.iter().all(|count| *count == evaluations as f64));
        assert_mean(&format!("regret of λ = {lambda} at {evaluations}"), &found.regrets, theirs, 120);
    }
}

#[test]
fn a_path_has_the_increments_of_a_brownian_motion() {
    let paths = 4000;
    for (a, b) in [(0.0, 1.0), (0.25, 0.5), (0.375, 0.40625), (0.1, 0.7), (1.0 / 3.0, 0.9999)] {
        let steps: Vec<f64> = (0..paths)
            .map(|seed| {
                let path = BrownianPath::new(seed);
                (path.at(b) - path.at(a)) / (b - a).sqrt()
            })
            .collect();
        let error = 1.0 / (paths as f64).sqrt();
        assert!(mean(&steps).abs() < 4.5 * error, "mean of {a} to {b}");
        let squares: Vec<f64> = steps.iter().map(|step| step * step).collect();
        let fourths: Vec<f64> = steps.iter().map(|step| step.powi(4)).collect();
        assert!((mean(&squares) - 1.0).abs() < 4.5 * 2f64.sqrt() * error, "variance of {a} to {b}");
        assert!((mean(&fourths) - 3.0).abs() < 4.5 * 96f64.sqrt() * error, "fourth moment of {a} to {b}");
    }
    // Neighbouring steps have nothing to do with each other.
    let products: Vec<f64> = (0..paths)
        .map(|seed| {
            let path = BrownianPath::new(seed);
            (path.at(0.3125) - path.at(0.25)) * (path.at(0.375) - path.at(0.3125)) * 16.0
        })
        .collect();
    assert!(mean(&products).abs() < 4.5 / (paths as f64).sqrt());
    // P(sup over [0, 1] > 1) = 2 P(W(1) > 1) = 0.3173 (the reflection principle).
    let leaf =
        |seed| autodidact_brownian::Leaf { ends: [0.0, 1.0], values: [0.0, BrownianPath::new(seed).at(1.0)] };
    let above = (0..paths).filter(|&seed| BrownianPath::new(seed).supremum(&leaf(seed)) > 1.0).count();
    assert!((above as f64 / paths as f64 - 0.3173).abs() < 0.033, "{above} of {paths}");
}

/// Three and five eighths of intervals are more of them than halves.
#[test]
fn a_point_without_a_value_costs_some_of_the_promise() {
    let path = BrownianPath::new(4);
    let failure = |without: Option<f64>| {
        let mut optimizer = Optimizer::new(0.0, 1.0, Settings::optimistic(0.1)).expect("right");
        while let Next::Evaluate(query) = optimizer.ask() {
            if Some(query.x) == without {
                optimizer.give_up(query.id).expect("inside");
            } else {
                optimizer.tell(query.id, path.at(query.x)).expect("finite");
            }
        }
        match optimizer.answer().expect("told").guarantee {
            Guarantee::Optimistic { failure, .. } => failure,
            other => panic!("{other:?}"),
        }
    };
    let (all, missed) = (failure(None), failure(Some(0.5)));
    assert!((all - 0.05f64.powi(5) / (1.0 - 0.0625)).abs() < 1e-18, "{all}");
    let eighths = 0.375f64.powi(5) + 0.625f64.powi(5);
    assert!((missed - 0.05f64.powi(5) / (1.0 - eighths)).abs() < 1e-18, "{missed}");
}
