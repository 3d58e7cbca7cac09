//! What holds for every function.

use autodidact_brownian::{
    Answer, BrownianPath, Error, Estimate, Goal, Guarantee, Next, Optimizer, Reason, Rule, Scale, Settings,
    Stop, maximize, minimize,
};
use proptest::prelude::*;

fn settings() -> impl Strategy<Value = Settings> {
    let epsilon = 0.02f64..0.3;
    prop_oneof![
        (epsilon.clone(), 1.5f64..6.0).prop_map(|(epsilon, exponent)| Settings {
            rule: Rule::Optimistic { exponent },
            ..Settings::optimistic(epsilon)
        }),
        (epsilon.clone(), 1.5f64..6.0).prop_map(|(epsilon, exponent)| Settings {
            rule: Rule::Optimistic { exponent },
            stop: Stop::Gap,
            ..Settings::optimistic(epsilon)
        }),
        (epsilon.clone(), 0.001f64..0.5).prop_map(|(epsilon, delta)| Settings::posterior(epsilon, delta)),
        (2u64..300, 0.05f64..2.0).prop_map(|(budget, lambda)| Settings::budget(budget, lambda)),
        // It goes deep where it goes; with more, halves of halves run out.
        (2u64..100)
            .prop_map(|budget| Settings { rule: Rule::ExpectedImprovement, ..Settings::budget(budget, 1.0) }),
        (epsilon.clone(), 0.05f64..2.0).prop_map(|(epsilon, lambda)| Settings {
            rule: Rule::CalvinHefterHerzwurm { lambda },
            stop: Stop::Posterior,
            most_evaluations: Some(500),
            ..Settings::optimistic(epsilon)
        }),
        (epsilon, 0.05f64..0.9, 8u64..60).prop_map(|(epsilon, share, least)| Settings {
            scale: Scale::Estimated(Estimate { share, least }),
            ..Settings::posterior(epsilon, 0.1)
        }),
    ]
}

/// The scale of a function that is so many times as rough.
fn scaled(scale: Scale, factor: f64) -> Scale {
    match scale {
        Scale::Known(scale) => Scale::Known(scale * factor),
        Scale::Estimated(_) => scale,
    }
}

/// The points that are asked for one at a time, and the answer.
fn run(f: &dyn Fn(f64) -> f64, ends: [f64; 2], settings: Settings) -> (Vec<f64>, Answer) {
    let mut optimizer = Optimizer::new(ends[0], ends[1], settings).expect("settings are right");
    let mut asked = Vec::new();
    while let Next::Evaluate(query) = optimizer.ask() {
        asked.push(query.x);
        optimizer.tell(query.id, f(query.x)).expect("values are finite");
    }
    (asked, optimizer.answer().expect("both ends were told"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Powers of two change no rounding.
    #[test]
    fn the_units_of_both_axes_do_not_matter(
        settings in settings(), seed: u64, length in -4i32..5, height in -6i32..7,
    ) {
        let path = BrownianPath::new(seed);
        let (length, height) = (4f64.powi(length), 2f64.powi(height));
        let (asked, answer) = run(&|x| path.at(x), [0.0, 1.0], settings);
        let stretched = Settings {
            epsilon: settings.epsilon * height,
            scale: scaled(settings.scale, height / length.sqrt()),
            ..settings
        };
        let (others, other) = run(&|x| height * path.at(x / length), [0.0, length], stretched);
        prop_assert_eq!(others, asked.iter().map(|x| x * length).collect::<Vec<_>>());
        prop_assert_eq!((other.x, other.value), (answer.x * length, answer.value * height));
        prop_assert!((other.bound - answer.bound * height).abs() <= 1e-9 * height);
    }

    /// A constant that is added moves the values alone; sums that round are avoided.
    #[test]
    fn a_constant_does_not_matter(settings in settings(), seed: u64, shift in -8i32..9, from in -8i32..9) {
        let path = BrownianPath::new(seed);
        let coarse = |x: f64| (path.at(x) * 2f64.powi(30)).round() * 2f64.powi(-30);
        let (shift, from) = (f64::from(shift), f64::from(from));
        let (asked, answer) = run(&coarse, [0.0, 1.0], settings);
        // Beside a number up to 9 the places of smaller intervals round once they are moved, and then have other values.
        let mut places = asked.clone();
        places.sort_by(f64::total_cmp);
        prop_assume!(places.windows(2).all(|pair| pair[1] - pair[0] >= 2f64.powi(-48)));
        let (others, other) = run(&|x| coarse(x - from) + shift, [from, from + 1.0], settings);
        prop_assert_eq!(others.len(), asked.len());
        prop_assert_eq!((other.x, other.value), (answer.x + from, answer.value + shift));
    }

    #[test]
    fn a_minimum_is_the_maximum_of_the_opposite(settings in settings(), seed: u64) {
        let path = BrownianPath::new(seed);
        let highest = maximize(|x| path.at(x), 0.0, 1.0, settings).expect("a search");
        let lowest = minimize(|x| -path.at(x), 0.0, 1.0, settings).expect("a search");
        prop_assert_eq!((lowest.x, -lowest.value, lowest.evaluations), (highest.x, highest.value, highest.evaluations));
        prop_assert_eq!(-lowest.bound, highest.bound);
        let (_, asked) = run(&|x| path.at(x), [0.0, 1.0], Settings { goal: Goal::Maximum, ..settings });
        prop_assert_eq!(asked, highest);
    }

    /// Saved after any number of evaluations, with questions open, a search goes on as if nothing had been.
    #[test]
    fn a_saved_search_goes_on_as_if_nothing_had_been(settings in settings(), seed: u64, pause in 0usize..120) {
        let path = BrownianPath::new(seed);
        let (asked, answer) = run(&|x| path.at(x), [0.0, 1.0], settings);
        let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("settings are right");
        let mut again = Vec::new();
        let mut count = 0;
        while let Next::Evaluate(query) = optimizer.ask() {
            if count == pause {
                // The question is open: it is asked for again.
                let text = serde_json::to_string(&optimizer).expect("it can be saved");
                optimizer = serde_json::from_str(&text).expect("it can be read");
            } else {
                again.push(query.x);
                optimizer.tell(query.id, path.at(query.x)).expect("values are finite");
            }
            count += 1;
        }
        prop_assert_eq!(again, asked);
        prop_assert_eq!(optimizer.answer(), Some(answer));
    }

    /// Several at a time, told in another order: the promise is kept and nothing is asked for twice.
    #[test]
    fn several_at_a_time(settings in settings(), seed: u64, together in 2usize..9) {
        let path = BrownianPath::new(seed);
        let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("settings are right");
        let mut asked = Vec::new();
        let mut open = Vec::new();
        loop {
            match optimizer.ask() {
                Next::Evaluate(query) => {
                    asked.push(query.x);
                    open.push(query);
                    if open.len() < together {
                        continue;
                    }
                }
                Next::Wait => prop_assert!(!open.is_empty(), "it waits for nothing"),
                Next::Done(_) => break,
            }
            let query = open.swap_remove(asked.len() % open.len());
            optimizer.tell(query.id, path.at(query.x)).expect("values are finite");
        }
        // What was open when it ended is told as well: it ends again, or goes on.
        while !open.is_empty() {
            let query = open.remove(0);
            optimizer.tell(query.id, path.at(query.x)).expect("values are finite");
            while open.len() < together && let Next::Evaluate(query) = optimizer.ask() {
                asked.push(query.x);
                open.push(query);
            }
        }
        let answer = optimizer.answer().expect("both ends were told");
        prop_assert_eq!(answer.evaluations as usize, asked.len());
        prop_assert!(answer.reason.is_some(), "it ended");
        if let Guarantee::Posterior { failure, .. } = answer.guarantee {
            prop_assert!(failure <= settings.delta * (1.0 + 1e-9), "{failure}");
        }
        asked.sort_by(f64::total_cmp);
        prop_assert!(asked.windows(2).all(|pair| pair[0] < pair[1]), "a point was asked for twice");
        prop_assert!(settings.most_evaluations.is_none_or(|most| answer.evaluations <= most));
        if answer.reason == Some(Reason::Stop) && matches!(settings.rule, Rule::Optimistic { .. }) {
            prop_assert!(answer.bound <= answer.value + settings.epsilon + 1e-12);
        }
    }
}

#[test]
fn a_value_that_is_no_number_is_not_counted() {
    let mut optimizer = Optimizer::new(0.0, 1.0, Settings::posterior(0.1, 0.1)).expect("settings are right");
    let Next::Evaluate(query) = optimizer.ask() else { panic!("it asks for an end") };
    for value in [f64::NAN, f64::INFINITY] {
        assert!(matches!(optimizer.tell(query.id, value), Err(Error::NotFinite { x: 0.0, .. })));
    }
    assert_eq!(optimizer.answer(), None);
    optimizer.tell(query.id, 1.0).expect("it is still waited for");
    assert_eq!(optimizer.tell(query.id, 1.0), Err(Error::UnknownQuery { id: query.id }));
}

#[test]
fn one_point_without_a_value_does_not_end_a_search() {
    // Like sin(x) / x at the centre.
    let mut optimizer =
        Optimizer::new(-1.0, 1.0, Settings::posterior(0.2, 0.05)).expect("settings are right");
    let mut failed = 0;
    while let Next::Evaluate(query) = optimizer.ask() {
        if query.x == 0.0 {
            failed += 1;
            optimizer.give_up(query.id).expect("it was asked for");
            // A save in between forgets nothing.
            let saved = serde_json::to_string(&optimizer).expect("it is saved");
            optimizer = serde_json::from_str(&saved).expect("it is read");
        } else {
            optimizer.tell(query.id, query.x.sin() / query.x).expect("values are finite");
        }
    }
    let answer = optimizer.answer().expect("both ends were told");
    assert_eq!((failed, optimizer.given_up(), answer.reason), (1, 0, Some(Reason::Stop)));
    assert!((answer.value - 1.0).abs() < 0.05, "{answer:?}");
}

#[test]
fn points_that_are_given_up_do_not_end_a_search_with_a_promise_that_is_false() {
    // Everything above 0.5 fails: the search ends, and its bound counts what it could not look at.
    for settings in [Settings::optimistic(0.05), Settings::posterior(0.05, 0.05)] {
        let path = BrownianPath::new(3);
        let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("settings are right");
        while let Next::Evaluate(query) = optimizer.ask() {
            if query.x > 0.5 && query.x < 1.0 {
                optimizer.give_up(query.id).expect("it was asked for");
            } else {
                optimizer.tell(query.id, path.at(query.x)).expect("values are finite");
            }
        }
        let answer = optimizer.answer().expect("both ends were told");
        assert_eq!(answer.reason, Some(Reason::Exhausted));
        assert!(answer.bound > answer.value + 0.05);
    }
    let mut optimizer = Optimizer::new(2.0, 3.0, Settings::optimistic(0.05)).expect("settings are right");
    let Next::Evaluate(query) = optimizer.ask() else { panic!("it asks for an end") };
    assert_eq!(optimizer.give_up(query.id), Err(Error::NoEnd { x: 2.0 }));
}

#[test]
fn a_search_ends_where_no_number_is_left_between_two() {
    // With so small an ε the neighbours of the best point are split to the last bit.
    let settings = Settings { scale: 1e-9.into(), ..Settings::posterior(1e-30, 1e-9) };
    let answer = maximize(|x| -(x - 0.1).abs(), 0.0, 1.0, settings).expect("a search");
    assert_eq!(answer.reason, Some(Reason::Exhausted));
}

#[test]
fn a_constant_function_is_searched_everywhere() {
    let answer = maximize(|_| 2.0, -1.0, 1.0, Settings::posterior(0.1, 0.05)).expect("a search");
    assert_eq!((answer.value, answer.reason), (2.0, Some(Reason::Stop)));
    assert!(answer.bound >= 2.0 && answer.bound <= 2.1);
}

#[test]
fn wrong_settings_are_refused_with_their_name() {
    let message = |settings| Optimizer::new(0.0, 1.0, settings).expect_err("it is wrong").to_string();
    let right = Settings::optimistic(0.1);
    assert!(message(Settings { epsilon: 0.0, ..right }).starts_with("`epsilon` is 0"));
    assert!(message(Settings { delta: 0.6, ..right }).contains("at most 0.5"));
    assert!(message(Settings { scale: f64::NAN.into(), ..right }).starts_with("`scale` is NaN"));
    assert!(message(Settings { most_evaluations: Some(1), ..right }).contains("two or more"));
    assert!(
        message(Settings { rule: Rule::Optimistic { exponent: 1.0 }, ..right }).starts_with("`exponent`")
    );
    assert!(message(Settings { rule: Rule::Posterior, ..right }).contains("`width`"));
    assert!(message(Settings { stop: Stop::Never, ..right }).contains("nothing ends the search"));
    assert!(matches!(Optimizer::new(1.0, 1.0, right), Err(Error::Interval { .. })));
    assert!(matches!(Optimizer::new(0.0, f64::INFINITY, right), Err(Error::Interval { .. })));
}

#[test]
fn a_damaged_save_is_refused() {
    let mut optimizer = Optimizer::new(0.0, 1.0, Settings::optimistic(0.2)).expect("settings are right");
    while let Next::Evaluate(query) = optimizer.ask() {
        optimizer.tell(query.id, query.x).expect("values are finite");
    }
    let text = serde_json::to_string(&optimizer).expect("it can be saved");
    let damaged = text.replacen("[{\"ends\":[0.0,", "[{\"ends\":[0.9,", 1);
    assert_ne!(damaged, text);
    for text in [&text.replace("\"given-up\":[]", "\"given-up\":[100000]"), &damaged] {
        let told = serde_json::from_str::<Optimizer>(text).expect_err("it is damaged").to_string();
        assert!(told.contains("the saved search is damaged"), "{told}");
    }
}

/// A search that may stop late goes on as the same search does with a smaller accuracy, and keeps its promise.
#[test]
fn a_least_number_of_evaluations_only_puts_the_stop_off() {
    let path = BrownianPath::new(4);
    let run = |settings: Settings| {
        let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("the settings are right");
        let mut points = Vec::new();
        while let Next::Evaluate(query) = optimizer.ask() {
            points.push(query.x);
            optimizer.tell(query.id, path.at(query.x)).expect("a path is finite");
        }
        (points, optimizer.answer().expect("both ends were told"))
    };
    for settings in [Settings::posterior(0.3, 0.3), Settings { delta: 0.3, ..Settings::optimistic(0.9) }] {
        let (early, _) = run(settings);
        assert!(early.len() < 60, "{}", early.len());
        let (late, answer) = run(Settings { least_evaluations: 60, ..settings });
        assert_eq!((late.len(), &late[..early.len()]), (60, &early[..]));
        assert_eq!(answer.reason, Some(Reason::Stop));
    }
}

#[test]
fn an_epsilon_that_is_lost_beside_the_values_ends_with_the_budget() {
    // The numbers next to this one are 256 away from it.
    let far = 1.764e18;
    for settings in [Settings::posterior(0.05, 0.05), Settings::optimistic(0.05), Settings::budget(50, 1.0)] {
        let answer =
            maximize(|_| far, 0.0, 1.0, Settings { most_evaluations: Some(50), ..settings }).unwrap();
        assert_eq!((answer.value, answer.bound >= far, answer.evaluations <= 50), (far, true, true));
    }
    let most = maximize(
        |_| f64::MAX,
        0.0,
        1.0,
        Settings { most_evaluations: Some(9), ..Settings::posterior(1.0, 0.1) },
    );
    assert!(most.unwrap().bound >= f64::MAX);
}
