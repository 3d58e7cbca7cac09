//! Drawn maxima and fractional paths against their laws.

use autodidact_brownian::{Bridge, BrownianPath, Doubt, FractionalPath, Next, Optimizer, Settings};

/// Mean and variance of the place of the supremum, by `reference/sampling.py` (scipy's quadrature of the density).
const PLACES: [(f64, [f64; 2], f64, f64, f64); 4] = [
    (1.0, [0.0, 0.0], 1.0, 0.5000000000000001, 0.03931538535597273),
    (0.25, [0.1, -0.4], 0.3, 0.22222222222222224, 0.031252437288234895),
    (0.01, [-0.2, 0.05], 0.06, 0.9629629629629627, 0.0036281751714357657),
    (2.0, [1.0, 1.5], 1.6, 0.8571428571428569, 0.06916169929945093),
];

#[test]
fn places_have_the_moments_of_their_density() {
    const DRAWS: u64 = 40_000;
    for (variance, ends, supremum, mean, spread) in PLACES {
        let bridge = Bridge { variance, ends };
        let places: Vec<f64> = (0..DRAWS).map(|seed| bridge.place_of_supremum(supremum, seed)).collect();
        let found = places.iter().sum::<f64>() / DRAWS as f64;
        let apart = places.iter().map(|place| (place - found).powi(2)).sum::<f64>() / DRAWS as f64;
        let error = (spread / DRAWS as f64).sqrt();
        assert!((found - mean).abs() < 5.0 * error, "{ends:?}: mean {found}, {mean}");
        assert!((apart / spread - 1.0).abs() < 0.05, "{ends:?}: variance {apart}, {spread}");
    }
    let at_end = Bridge { variance: 1.0, ends: [1.0, 0.0] };
    assert_eq!(at_end.place_of_supremum(1.0, 5), 0.0);
}

/// A bridge on a fine grid knows nothing of the formula.
#[test]
fn places_agree_with_paths_on_a_fine_grid() {
    const PATHS: u64 = 1500;
    let (mut drawn, mut walked) = (0.0, 0.0);
    for seed in 0..PATHS {
        let path = BrownianPath::new(seed);
        // The bridge from 0 to 0.5.
        let end = path.at(1.0);
        let highest = (0..=512)
            .map(|index| f64::from(index) / 512.0)
            .map(|t| (t, path.at(t) - t * end + 0.5 * t))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        walked += highest.expect("points").0 / PATHS as f64;
        let law = Bridge { variance: 1.0, ends: [0.0, 0.5] };
        // Another path's number.
        let supremum = law.supremum(((seed as f64 + 0.5) * 0.618_033_988_75).fract());
        drawn += law.place_of_supremum(supremum, seed + PATHS) / PATHS as f64;
    }
    assert!((drawn - walked).abs() < 0.04, "{drawn} and {walked}");
}

/// What a search says of the probability to be exceeded is how often draws exceed it.
#[test]
fn drawn_maxima_exceed_as_often_as_the_search_says() {
    let path = BrownianPath::new(11);
    let mut optimizer =
        Optimizer::new(0.0, 4.0, Settings { scale: 0.5.into(), ..Settings::posterior(0.02, 0.3) })
            .expect("right");
    while let Next::Evaluate(query) = optimizer.ask() {
        optimizer.tell(query.id, path.at(query.x / 4.0)).expect("finite");
    }
    let answer = optimizer.answer().expect("told");
    let autodidact_brownian::Guarantee::Posterior { failure, .. } = answer.guarantee else { panic!("none") };
    let draws: Vec<_> = (0..20_000).filter_map(|seed| optimizer.sample_maximum(seed)).collect();
    let exceeding =
        draws.iter().filter(|drawn| drawn.value > answer.value + 0.02).count() as f64 / draws.len() as f64;
    assert!(
        (exceeding - failure).abs() < 5.0 * (failure * (1.0 - failure) / draws.len() as f64).sqrt(),
        "{exceeding} {failure}"
    );
    assert!(draws.iter().all(|drawn| (0.0..=4.0).contains(&drawn.x) && drawn.value >= answer.value));
}

#[test]
fn fractional_paths_have_their_covariance() {
    const PATHS: u64 = 3000;
    for hurst in [0.3, 0.5, 0.7] {
        let paths: Vec<FractionalPath> = (0..PATHS).map(|seed| FractionalPath::new(seed, hurst, 6)).collect();
        for (s, t) in [(0.25, 0.25), (1.0, 1.0), (0.25, 0.75), (0.5, 1.0)] {
            let found = paths.iter().map(|path| path.at(s) * path.at(t)).sum::<f64>() / PATHS as f64;
            let power = |x: f64| x.abs().powf(2.0 * hurst);
            let (expected, both) = (0.5 * (power(s) + power(t) - power(t - s)), power(s) * power(t));
            let error = ((both + expected * expected) / PATHS as f64).sqrt();
            assert!((found - expected).abs() < 5.0 * error, "H {hurst}, {s}, {t}: {found}, {expected}");
        }
    }
}

/// The exponent that a search finds is that of the path, and what is rougher than a Brownian motion is doubted.
#[test]
fn searches_find_the_exponent_of_a_fractional_path() {
    for hurst in [0.3, 0.5, 0.7] {
        let (mut sum, mut doubted) = (0.0, 0);
        for seed in 0..20 {
            let path = FractionalPath::new(seed, hurst, 10);
            let settings = Settings { most_evaluations: Some(500), ..Settings::budget(500, 1000.0) };
            let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("right");
            while let Next::Evaluate(query) = optimizer.ask() {
                optimizer.tell(query.id, path.at(query.x)).expect("finite");
            }
            let found = optimizer.roughness().expect("enough");
            sum += found.hurst.expect("many depths").exponent / 20.0;
            doubted += u32::from(matches!(found.doubt(100.0), Some(Doubt::Rougher { .. })));
        }
        assert!((sum - hurst).abs() < 0.06, "{hurst}: {sum}");
        assert!(if hurst < 0.5 { doubted == 20 } else { doubted <= 3 }, "{hurst}: {doubted} doubted");
    }
}
