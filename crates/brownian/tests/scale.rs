//! Searches that estimate the scale on the way.

use autodidact_brownian::{
    BrownianPath, Estimate, Guarantee, Next, Optimizer, Reason, Rule, Scale, Settings, Stop,
};
use proptest::prelude::*;

const ESTIMATED: Scale = Scale::Estimated(Estimate { share: 0.25, least: 32 });

/// A scale between 1e-3 and 1e3, its logarithm even over the seeds.
fn scale_of(seed: u64) -> f64 {
    10f64.powf(-3.0 + 6.0 * (seed as f64 * 0.618_033_988_75).fract())
}

/// The search of a path of unknown scale: evaluations, how far the supremum is above the answer in units of ε, and
/// the last estimate in units of the scale.
fn run(seed: u64, relative: f64, settings: fn(f64) -> Settings) -> (u64, f64, f64) {
    let (path, scale) = (BrownianPath::new(seed), scale_of(seed));
    let settings = Settings { scale: ESTIMATED, ..settings(relative * scale) };
    let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("settings are right");
    while let Next::Evaluate(query) = optimizer.ask() {
        optimizer.tell(query.id, scale * path.at(query.x)).expect("values are finite");
    }
    let answer = optimizer.answer().expect("both ends were told");
    assert_eq!(answer.reason, Some(Reason::Stop));
    let failure = match answer.guarantee {
        Guarantee::Posterior { failure, estimated_scale: Some(_), .. }
        | Guarantee::Optimistic { failure, estimated_scale: Some(_), .. } => failure,
        other => panic!("{other:?}"),
    };
    assert!((0.0125..=0.05 + 1e-12).contains(&failure), "{failure}");
    let supremum = optimizer.leaves().iter().map(|leaf| {
        let standard = autodidact_brownian::Leaf { values: leaf.values.map(|value| value / scale), ..*leaf };
        scale * path.supremum(&standard)
    });
    let regret = supremum.fold(f64::NEG_INFINITY, f64::max) - answer.value;
    let estimate = optimizer.scale().expect("estimated");
    (answer.evaluations, regret / settings.epsilon, estimate / scale)
}

fn posterior(epsilon: f64) -> Settings {
    Settings::posterior(epsilon, 0.05)
}

fn optimistic(epsilon: f64) -> Settings {
    Settings {
        delta: 0.05,
        stop: Stop::Gap,
        rule: Rule::Optimistic { exponent: 2.0 },
        ..Settings::optimistic(epsilon)
    }
}

/// Of 1500 paths of scales that nobody told, at most 5 % may fail; with an upper bound in the place of the scale fewer do.
#[test]
fn the_promise_holds_for_a_scale_that_nobody_told() {
    for (settings, most) in [(posterior as fn(f64) -> Settings, 75), (optimistic, 10)] {
        let runs: Vec<_> = (0..1500).map(|seed| run(seed, 0.05, settings)).collect();
        let failures = runs.iter().filter(|(_, regret, _)| *regret > 1.0).count();
        assert!(failures <= most, "{failures} failures");
        let low = runs.iter().filter(|(.., estimate)| *estimate < 1.0).count();
        // 1.25 % of them at most.
        assert!(low <= 25, "{low} estimates below the scale");
        let mean = runs.iter().map(|(.., estimate)| estimate).sum::<f64>() / runs.len() as f64;
        assert!((1.0..1.6).contains(&mean), "{mean}");
        println!("{failures} failures, {low} low estimates, mean estimate {mean}");
    }
}

#[test]
fn a_constant_function_ends() {
    for settings in
        [posterior(0.1), optimistic(0.1), Settings { scale: ESTIMATED, ..Settings::budget(100, 1.0) }]
    {
        let mut optimizer =
            Optimizer::new(-1.0, 1.0, Settings { scale: ESTIMATED, ..settings }).expect("right");
        while let Next::Evaluate(query) = optimizer.ask() {
            assert!(query.id < 200);
            optimizer.tell(query.id, 3.0).expect("a finite value");
        }
        let answer = optimizer.answer().expect("both ends were told");
        assert!(answer.value == 3.0 && answer.bound >= 3.0 && answer.bound < 3.3, "{answer:?}");
    }
}

#[test]
fn before_the_first_estimate_points_are_even_and_nothing_is_bounded() {
    let path = BrownianPath::new(3);
    let settings = Settings { scale: ESTIMATED, ..Settings::posterior(0.5, 0.05) };
    let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("settings are right");
    for _ in 0..33 {
        let Next::Evaluate(query) = optimizer.ask() else { panic!("too early") };
        optimizer.tell(query.id, path.at(query.x)).expect("a finite value");
    }
    assert_eq!(optimizer.scale(), None);
    assert!(optimizer.answer().is_some_and(|answer| answer.bound == f64::INFINITY));
    assert!(optimizer.leaves().iter().all(|leaf| leaf.share() == 1.0 / 32.0));
    let Next::Evaluate(query) = optimizer.ask() else { panic!("too early") };
    optimizer.tell(query.id, path.at(query.x)).expect("a finite value");
    assert!(optimizer.scale().is_some_and(|scale| scale > 0.5 && scale < 3.0));
    assert!(optimizer.answer().is_some_and(|answer| answer.bound.is_finite()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// With two evaluations at a time and a break at any place.
    #[test]
    fn a_saved_search_goes_on_as_if_it_had_not_been(seed: u64, at in 2usize..150) {
        let path = BrownianPath::new(seed);
        let settings = Settings { scale: ESTIMATED, ..Settings::posterior(0.02, 0.05) };
        let ended = |stop: Option<usize>| {
            let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("settings are right");
            let mut points = Vec::new();
            while let Next::Evaluate(query) = optimizer.ask() {
                points.push(query.x);
                optimizer.tell(query.id, path.at(query.x)).expect("a finite value");
                if stop == Some(points.len()) {
                    let saved = serde_json::to_string(&optimizer).expect("plain data");
                    optimizer = serde_json::from_str(&saved).expect("a search");
                }
            }
            (points, optimizer.answer())
        };
        prop_assert_eq!(ended(None), ended(Some(at)));
    }
}

/// Searches that were saved when a scale was always known.
#[test]
fn a_number_is_a_known_scale() {
    let text = serde_json::to_string(&Settings::posterior(0.1, 0.1)).expect("plain data");
    assert!(text.contains("\"scale\":1.0"), "{text}");
    let settings: Settings = serde_json::from_str(&text).expect("settings");
    assert_eq!(settings.scale, Scale::Known(1.0));
    let estimated = Settings { scale: ESTIMATED, ..settings };
    let text = serde_json::to_string(&estimated).expect("plain data");
    assert_eq!(serde_json::from_str::<Settings>(&text).expect("settings"), estimated);
    for estimate in [Estimate { share: 1.0, least: 32 }, Estimate { share: 0.2, least: 7 }] {
        let settings = Settings { scale: Scale::Estimated(estimate), ..settings };
        assert!(Optimizer::new(0.0, 1.0, settings).is_err());
    }
}
