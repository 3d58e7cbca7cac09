//! What a search finds out about the roughness of drawn paths and of other functions.

use autodidact_brownian::{BrownianPath, Doubt, Next, Optimizer, Roughness, Settings};

fn search(f: impl Fn(f64) -> f64, upper: f64, settings: Settings) -> Roughness {
    let mut optimizer = Optimizer::new(0.0, upper, settings).expect("the settings are right");
    while let Next::Evaluate(query) = optimizer.ask() {
        optimizer.tell(query.id, f(query.x)).expect("a finite value");
    }
    optimizer.roughness().expect("enough evaluations")
}

/// However a search prefers high places: the estimate is right in the mean, and its interval holds as often as it says.
#[test]
fn the_scale_of_a_brownian_motion_is_found_without_bias() {
    const PATHS: u64 = 400;
    for settings in
        [Settings::posterior(0.05, 0.05), Settings { scale: 0.5.into(), ..Settings::optimistic(0.05) }]
    {
        let (mut square, mut below, mut above, mut doubts, mut rougher, mut heavy) = (0.0, 0, 0, 0, 0, 0);
        for seed in 0..PATHS {
            let path = BrownianPath::new(seed);
            // An interval of 4 at a quarter of the speed: half the scale.
            let found = search(|x| path.at(x / 4.0), 4.0, settings);
            square += found.scale.powi(2) / PATHS as f64;
            below += u32::from(found.interval[0] > 0.5);
            above += u32::from(found.interval[1] < 0.5);
            match found.doubt(0.5) {
                Some(Doubt::Rougher { .. }) => rougher += 1,
                Some(Doubt::Scale { .. }) => doubts += 1,
                Some(Doubt::HeavyTails { .. }) => heavy += 1,
                None => {}
            }
        }
        assert!((square / 0.25 - 1.0).abs() < 0.05, "{square}");
        // One in twenty of 400 is 20, with a standard deviation of 4.4.
        assert!((5..40).contains(&below) && (5..40).contains(&above), "{below} {above}");
        assert!(doubts < 40 && rougher < 30 && heavy < 4, "{doubts} {rougher} {heavy}");
    }
}

#[test]
fn a_larger_scale_is_doubted() {
    let path = BrownianPath::new(5);
    let found = search(|x| 3.0 * path.at(x), 1.0, Settings::optimistic(0.05));
    let Some(Doubt::Scale { at_least }) = found.doubt(1.0) else { panic!("{found:?}") };
    assert!(at_least > 2.0 && at_least < 3.5, "{at_least}");
    assert_eq!(found.doubt(4.0), None);
}

/// Weierstrass' function with increments that grow like `h^0.2`, and a smooth one.
#[test]
fn rougher_and_smoother_functions_are_told_by_their_exponent() {
    let weierstrass = |x: f64| {
        (0..30)
            .map(|k| {
                2f64.powf(-0.2 * f64::from(k)) * (2f64.powi(k) * std::f64::consts::TAU * (x + 0.123)).cos()
            })
            .sum()
    };
    let even = Settings { most_evaluations: Some(400), ..Settings::budget(400, 1000.0) };
    let rough = search(weierstrass, 1.0, even);
    let hurst = rough.hurst.expect("many depths");
    assert!((hurst.exponent - 0.2).abs() < 0.15, "{rough:?}");
    assert!(matches!(rough.doubt(100.0), Some(Doubt::Rougher { .. })), "{rough:?}");
    let smooth = search(|x| -(x - 0.3).powi(2), 1.0, Settings::posterior(0.05, 0.05));
    let hurst = smooth.hurst.expect("many depths");
    assert!((hurst.exponent - 2.0).abs() < 0.3, "{smooth:?}");
    assert_eq!(smooth.doubt(1.0), None);
}

#[test]
fn a_saved_search_knows_as_much() {
    let path = BrownianPath::new(9);
    let mut optimizer = Optimizer::new(0.0, 1.0, Settings::optimistic(0.05)).expect("the settings are right");
    for _ in 0..50 {
        let Next::Evaluate(query) = optimizer.ask() else { panic!("it goes on") };
        optimizer.tell(query.id, path.at(query.x)).expect("a finite value");
    }
    let saved = serde_json::to_string(&optimizer).expect("a search is plain data");
    let restored: Optimizer = serde_json::from_str(&saved).expect("a search");
    assert_eq!(restored.roughness(), optimizer.roughness());
    assert_eq!(optimizer.roughness().map(|found| found.innovations), Some(48));
}

/// Functions that are flat but for some steps, and paths, whose innovations are normal.
#[test]
fn values_that_stand_out_are_doubted() {
    for seed in 0..20 {
        let path = BrownianPath::new(seed);
        let steps = |x: f64| (path.at((x * 8.0).floor() / 8.0) * 4.0).round();
        let found =
            search(steps, 1.0, Settings { most_evaluations: Some(300), ..Settings::budget(300, 10.0) });
        assert!(
            matches!(found.doubt(100.0), Some(Doubt::HeavyTails { .. } | Doubt::Rougher { .. })),
            "{found:?}"
        );
        let found = search(|x| path.at(x), 1.0, Settings::optimistic(0.02));
        assert!(found.kurtosis.is_some_and(|kurtosis| kurtosis.deviations < 4.0), "{found:?}");
    }
}
