//! Whole searches, point by point, against plain loops in another language (`reference/searches.py`).

use autodidact_brownian::{Next, Optimizer, Rule, Settings, Stop};
use serde_json::Value;

fn function(name: &str) -> fn(f64) -> f64 {
    match name {
        "root" => |x| -(x - 0.3).abs().sqrt(),
        "saw" => |x| 0.3 * ((7.3 * x) % 1.0) - (x - 0.62).abs(),
        "steps" => |x| (9.7 * x).floor() * 0.21 - 2.0 * (x - 0.4).abs(),
        _ => panic!("no function is called {name}"),
    }
}

fn settings(case: &Value) -> Settings {
    let number = |name: &str| case[name].as_f64().expect("a number");
    match case["rule"].as_str() {
        Some("optimistic") => Settings {
            rule: Rule::Optimistic { exponent: number("c") },
            stop: if case["stop"] == "gap" { Stop::Gap } else { Stop::Width },
            ..Settings::optimistic(number("epsilon"))
        },
        Some("posterior") => Settings::posterior(number("epsilon"), number("delta")),
        _ => Settings::budget(150, number("lambda")),
    }
}

#[test]
fn searches_ask_for_the_same_points() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("reference/searches.json")).expect("the file is JSON");
    assert_eq!(cases.len(), 21);
    for case in cases {
        let f = function(case["function"].as_str().expect("a name"));
        let mut optimizer = Optimizer::new(0.0, 1.0, settings(&case)).expect("settings are right");
        let mut asked = Vec::new();
        while let Next::Evaluate(query) = optimizer.ask() {
            asked.push(query.x);
            optimizer.tell(query.id, f(query.x)).expect("values are finite");
        }
        let expected: Vec<f64> = case["asked"]
            .as_array()
            .expect("an array")
            .iter()
            .map(|x| x.as_f64().expect("a number"))
            .collect();
        let what = format!("{} of {}", case["rule"], case["function"]);
        assert_eq!(asked.len(), expected.len(), "{what}");
        // Intervals of exactly equal scores may come in any order.
        let sorted = |mut points: Vec<f64>| {
            points.sort_by(f64::total_cmp);
            points
        };
        assert_eq!(sorted(asked), sorted(expected), "{what}");
        let answer = optimizer.answer().expect("both ends were told");
        assert_eq!(answer.value, case["value"].as_f64().expect("a number"), "{what}");
    }
}
