//! Other searches against scipy and against transcriptions of the published pseudo-code (`reference/rivals.py`), and what holds
//! for all of them.

use autodidact_brownian::rivals::{
    Brent, Direct, Grid, Method, PiyavskiiShubert, Plan, Planned, Rival, Search, Sequool, Soo, Stosoo, spend,
};
use autodidact_brownian::{BrownianPath, Error, Goal, Guarantee, Next, Optimizer, Query, Reason, Settings};
use proptest::prelude::*;
use serde_json::Value;

type Named = (&'static str, fn(f64) -> f64);

fn functions() -> [Named; 3] {
    [
        ("sine", |x| (13.0 * x).sin() * (27.0 * x).sin() / 2.0 + 0.5 + 0.1 * x),
        ("cusp", |x| 1.3 - (x - 0.3137f64).abs().sqrt()),
        ("slope", |x| 2.0 + x - 3.0 * (x - 0.71) * (x - 0.71)),
    ]
}

/// The points that a search evaluates.
fn points(search: &mut dyn Search, most: usize, f: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut points = Vec::new();
    spend(search, most, |x| {
        points.push(x);
        f(x)
    })
    .expect("finite values");
    points
}

fn unit<P: Plan>(plan: P) -> Planned<P> {
    Planned::new(0.0, 1.0, Goal::Maximum, plan).expect("an interval")
}

fn assert_same(what: &str, ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (at, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= tolerance, "{what}, point {at}: {a} and {b}");
    }
}

#[test]
fn points_are_those_of_the_references() {
    let reference: Value = serde_json::from_str(include_str!("reference/rivals.json")).expect("valid JSON");
    for (name, f) in functions() {
        let theirs = |method: &str| -> Vec<f64> {
            serde_json::from_value(reference["found"][method][name].clone()).expect("points")
        };
        let brent = theirs("brent");
        assert_same("Brent", &points(&mut unit(Brent::new([0.0, 1.0], 1e-6)), 100, f), &brent, 1e-9);

        let soo = theirs("soo");
        assert_same("SOO", &points(&mut unit(Soo::new()), soo.len(), f), &soo, 1e-12);

        let sequool = theirs("sequool");
        assert_same("SequOOL", &points(&mut unit(Sequool::new(151)), 1000, f), &sequool, 1e-12);

        // Both peaks beside a point are of one height, and rounding tells which is first.
        let mut saw = theirs("piyavskii-shubert");
        let mut ours = points(&mut unit(PiyavskiiShubert::new(30.0, 0.05)), 1000, f);
        saw.sort_by(f64::total_cmp);
        ours.sort_by(f64::total_cmp);
        assert_same("Piyavskii-Shubert", &ours, &saw, 1e-9);

        let direct = theirs("direct");
        let mut search = unit(Direct::new());
        assert_same("DIRECT", &points(&mut search, direct.len(), f), &direct, 1e-12);
        let scipys = reference["scipy_direct"][name].as_f64().expect("a value");
        let [_, best] = search.best().expect("evaluated");
        assert!((best - scipys).abs() < 1e-4, "{name}: {best} and scipy's {scipys}");
    }
}

#[test]
fn a_grid_is_even_after_each_round() {
    let mut asked = points(&mut unit(Grid::new()), 17, |x| x);
    asked.sort_by(f64::total_cmp);
    assert_same("grid", &asked, &(0..=16).map(|index| f64::from(index) / 16.0).collect::<Vec<_>>(), 0.0);
}

/// Piyavskii and Shubert's bound is above the maximum of every function of that constant, and its answer within ε.
#[test]
fn a_lipschitz_bound_holds() {
    for seed in 0..50 {
        // A path of straight lines is as steep as its steepest piece.
        let path = BrownianPath::new(seed);
        let knots: Vec<f64> = (0..=64).map(|index| path.at(f64::from(index) / 64.0)).collect();
        let f = |x: f64| {
            let (at, part) = ((x * 64.0).min(63.0).floor(), x * 64.0 - (x * 64.0).min(63.0).floor());
            knots[at as usize] * (1.0 - part) + knots[at as usize + 1] * part
        };
        let steepest = knots.windows(2).map(|pair| 64.0 * (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
        let maximum = knots.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut search = unit(PiyavskiiShubert::new(steepest * (1.0 + 1e-9), 0.01));
        let mut previous = f64::INFINITY;
        while let Next::Evaluate(query) = search.ask() {
            search.tell(query.id, f(query.x)).expect("finite");
            let bound = search.plan().bound();
            assert!(bound >= maximum - 1e-9 && bound <= previous + 1e-9, "{bound} {maximum}");
            previous = bound;
        }
        let [_, value] = search.best().expect("evaluated");
        assert!(value >= maximum - 0.01 - 1e-9, "{value} {maximum}");
    }
}

/// A constant that is too small is found out: no bound, no end.
#[test]
fn a_constant_that_is_too_small_promises_nothing() {
    let mut search = unit(PiyavskiiShubert::new(0.1, 0.01));
    assert_eq!(points(&mut search, 40, |x| x).len(), 40);
    assert_eq!(search.plan().bound(), f64::INFINITY);
}

const METHODS: [Method; 7] = [
    Method::Grid,
    Method::Direct,
    Method::Soo,
    Method::Sequool,
    Method::Stosoo,
    Method::PiyavskiiShubert { lipschitz: 2.5, epsilon: 1e-3 },
    Method::Brent { tolerance: 1e-6 },
];

/// The same by name; the constant is for the function's own axis.
#[test]
fn a_rival_evaluates_what_its_plan_does() {
    let f = |x: f64| BrownianPath::new(3).at((x + 2.0) / 8.0);
    let plans: [Box<dyn Plan>; 7] = [
        Box::new(Grid::new()),
        Box::new(Direct::new()),
        Box::new(Soo::new()),
        Box::new(Sequool::new(50)),
        Box::new(Stosoo::new(50)),
        Box::new(PiyavskiiShubert::new(20.0, 1e-3)),
        Box::new(Brent::new([0.0, 1.0], 1e-6)),
    ];
    for (method, plan) in METHODS.into_iter().zip(plans) {
        let mut rival = Rival::new(-2.0, 6.0, Goal::Maximum, method, 50).expect("right");
        let mut planned = Planned::new(-2.0, 6.0, Goal::Maximum, plan).expect("an interval");
        let made = points(&mut rival, 1000, f);
        assert_eq!(made, points(&mut planned, made.len(), f), "{method:?}");
        let known: Vec<f64> = rival.points().iter().map(|[x, _]| *x).collect();
        assert_eq!(made, known, "{method:?}");
        assert!(made.len() <= 50);
    }
}

/// A bound that is kept is the only promise of them all.
#[test]
fn only_a_lipschitz_constant_promises() {
    let f = |x: f64| -(x - 1.3).abs();
    for method in METHODS {
        let mut rival = Rival::new(-2.0, 6.0, Goal::Maximum, method, 400).expect("right");
        spend(&mut rival, 1000, f).expect("finite");
        let answer = rival.answer().expect("evaluated");
        if let Method::PiyavskiiShubert { lipschitz, epsilon } = method {
            let expected = Guarantee::Lipschitz { within: epsilon, constant: lipschitz };
            assert_eq!((answer.guarantee, answer.reason), (expected, Some(Reason::Stop)));
            assert!(answer.value >= -epsilon && answer.bound >= 0.0, "{answer:?}");
        } else {
            assert_eq!((answer.guarantee, answer.bound), (Guarantee::None, f64::INFINITY), "{method:?}");
        }
    }
    // Steeper than was said: the search finds out and promises nothing.
    let wrong = Method::PiyavskiiShubert { lipschitz: 0.1, epsilon: 1e-3 };
    for (most, reason) in [(10, Reason::Evaluations), (1000, Reason::Exhausted)] {
        let mut rival = Rival::new(-2.0, 6.0, Goal::Maximum, wrong, most).expect("right");
        spend(&mut rival, 1000, f).expect("finite");
        let answer = rival.answer().expect("evaluated");
        assert_eq!((answer.guarantee, answer.reason), (Guarantee::None, Some(reason)));
    }
}

#[test]
fn what_had_to_be_known_in_advance_cannot_change() {
    for method in METHODS {
        let mut rival = Rival::new(0.0, 1.0, Goal::Maximum, method, 20).expect("right");
        spend(&mut rival, 100, |x| -(x - 0.4).abs()).expect("finite");
        let more = rival.set_most_evaluations(40);
        if matches!(method, Method::Sequool | Method::Stosoo) {
            assert_eq!(more, Err(Error::Planned { planned: 20 }));
            continue;
        }
        more.expect("nothing is planned");
        let mut whole = Rival::new(0.0, 1.0, Goal::Maximum, method, 40).expect("right");
        spend(&mut rival, 100, |x| -(x - 0.4).abs()).expect("finite");
        spend(&mut whole, 100, |x| -(x - 0.4).abs()).expect("finite");
        assert_eq!(rival.answer(), whole.answer(), "{method:?}");
    }
    for wrong in [
        Method::Brent { tolerance: 0.0 },
        Method::PiyavskiiShubert { lipschitz: f64::NAN, epsilon: 1.0 },
        Method::PiyavskiiShubert { lipschitz: 1.0, epsilon: -1.0 },
    ] {
        assert!(matches!(Rival::new(0.0, 1.0, Goal::Maximum, wrong, 5), Err(Error::Setting { .. })));
    }
    assert!(matches!(Rival::new(0.0, 1.0, Goal::Maximum, Method::Soo, 0), Err(Error::Setting { .. })));
}

/// Under noise of ±1/2, half of what the function varies by, the recommended point is near.
#[test]
fn noise_is_averaged() {
    let f = |x: f64| 1.0 - (x - 0.37).abs();
    let apart = |search: &mut dyn Search, seed: u64| {
        let noise = BrownianPath::new(seed);
        let mut count = 0u64;
        let best = spend(search, 3000, |x| {
            count += 1;
            // The digits far behind the point are as good as random.
            let digits = noise.at((count as f64 * 0.618_033_988_75).fract()) * 1e6;
            f(x) + digits.rem_euclid(1.0) - 0.5
        });
        (best.expect("finite").expect("evaluated")[0] - 0.37).abs()
    };
    let stosoo: Vec<f64> = (0..30).map(|seed| apart(&mut unit(Stosoo::new(3000)), seed)).collect();
    let mean = stosoo.iter().sum::<f64>() / stosoo.len() as f64;
    assert!(mean < 0.06, "{mean}");
}

fn every_plan() -> Vec<Box<dyn Search>> {
    fn boxed<P: Plan + 'static>(plan: P) -> Box<dyn Search> {
        Box::new(Planned::new(-2.0, 6.0, Goal::Maximum, plan).expect("an interval"))
    }
    vec![
        boxed(Grid::new()),
        boxed(Direct::new()),
        boxed(Soo::new()),
        boxed(Sequool::new(80)),
        boxed(PiyavskiiShubert::new(20.0, 1e-3)),
        boxed(Brent::new([0.0, 1.0], 1e-6)),
        Box::new(Optimizer::new(-2.0, 6.0, Settings::budget(80, 1.0)).expect("right")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Inside the interval, none twice, not more than allowed, and a value that is none does not lose its question.
    #[test]
    fn points_are_new_and_inside(seed: u64, budget in 1usize..80) {
        let path = BrownianPath::new(seed);
        for mut search in every_plan() {
            let mut asked: Vec<f64> = Vec::new();
            while asked.len() < budget && let Next::Evaluate(query) = search.ask() {
                prop_assert!((-2.0..=6.0).contains(&query.x));
                let refused = matches!(search.tell(query.id, f64::NAN), Err(Error::NotFinite { .. }));
                prop_assert!(refused);
                search.tell(query.id, path.at((query.x + 2.0) / 8.0)).expect("finite");
                prop_assert!(search.tell(query.id, 0.0).is_err(), "told twice");
                asked.push(query.x);
            }
            let best = search.best();
            let highest = asked.iter().map(|x| path.at((x + 2.0) / 8.0)).fold(f64::NEG_INFINITY, f64::max);
            if asked.len() >= 2 {
                prop_assert_eq!(best.map(|[_, value]| value), Some(highest));
            }
            asked.sort_by(f64::total_cmp);
            prop_assert!(asked.windows(2).all(|pair| pair[0] < pair[1]), "a point twice: {asked:?}");
        }
    }

    /// What only compares values sees no difference between f and a f + b; DIRECT's share of the best value sees b.
    #[test]
    fn units_do_not_matter(seed: u64, height in -6i32..7, shift in -8i32..9) {
        let path = BrownianPath::new(seed);
        // Coarse, so that nothing is rounded.
        let coarse = |x: f64| (path.at(x) * 2f64.powi(30)).round() * 2f64.powi(-30);
        let (factor, shift) = (2f64.powi(height), f64::from(shift));
        let scaled = |x: f64| factor * coarse(x) + shift;
        prop_assert_eq!(points(&mut unit(Soo::new()), 60, coarse), points(&mut unit(Soo::new()), 60, scaled));
        let sequool = || unit(Sequool::new(60));
        prop_assert_eq!(points(&mut sequool(), 60, coarse), points(&mut sequool(), 60, scaled));
        let direct = |f: &dyn Fn(f64) -> f64| points(&mut unit(Direct::new()), 60, f);
        prop_assert_eq!(direct(&coarse), direct(&|x| factor * coarse(x)));
    }

    /// Saved and read at any moment, with several points waited for that are told in any order.
    #[test]
    fn a_saved_rival_goes_on_as_if_it_had_not_been(seed: u64, which in 0..METHODS.len(), jobs in 1usize..4, at in 0usize..30) {
        let path = BrownianPath::new(seed);
        let run = |saved_at: Option<usize>| -> Result<_, TestCaseError> {
            let mut rival = Rival::new(0.0, 1.0, Goal::Minimum, METHODS[which], 40).expect("right");
            let mut waiting: Vec<Query> = Vec::new();
            let mut told = 0;
            loop {
                if saved_at == Some(told) && !waiting.is_empty() {
                    let text = serde_json::to_string(&rival).expect("it can be written");
                    rival = serde_json::from_str(&text).expect("and read");
                    let again: Vec<Query> = (0..waiting.len())
                        .map(|_| match rival.ask() { Next::Evaluate(query) => query, other => panic!("{other:?}") })
                        .collect();
                    prop_assert_eq!(&again, &waiting);
                    prop_assert_eq!(rival.points().len(), told);
                }
                match if waiting.len() < jobs { rival.ask() } else { Next::Wait } {
                    Next::Evaluate(query) => waiting.push(query),
                    Next::Done(_) if waiting.is_empty() => break,
                    _ => {
                        // In the order of asking, so that what waits is asked again in the same order.
                        let query = waiting.remove(0);
                        rival.tell(query.id, path.at(query.x)).expect("finite");
                        prop_assert!(rival.tell(query.id, 0.0).is_err());
                        told += 1;
                    }
                }
            }
            Ok((rival.points(), rival.answer()))
        };
        prop_assert_eq!(run(Some(at))?, run(None)?);
    }

    /// The least of f is the largest of −f.
    #[test]
    fn minima_are_maxima_of_the_opposite(seed: u64) {
        let path = BrownianPath::new(seed);
        let mut least = Planned::new(0.0, 1.0, Goal::Minimum, Soo::new()).expect("an interval");
        let low = spend(&mut least, 50, |x| path.at(x)).expect("finite").expect("evaluated");
        let high = spend(&mut unit(Soo::new()), 50, |x| -path.at(x)).expect("finite").expect("evaluated");
        prop_assert_eq!(low, [high[0], -high[1]]);
    }
}
