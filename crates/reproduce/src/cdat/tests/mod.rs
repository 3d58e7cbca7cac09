//! The rule on made-up results.

mod jobs;

use autodidact_experiment::reproduction::{Claim, Findings, Job, JobResult, Plan, Scale, Verdict};
use autodidact_experiment::run::Environment;
use serde_json::{Value, json};

use crate::Cdat;
use crate::cdat::family::{Family, sigma_name};
use crate::cdat::measured::{Point, Reading, Run};
use crate::cdat::task::Task;

/// What a made-up run comes to.
#[derive(Clone, Copy)]
struct Made {
    /// Mean of the last losses; none if it diverged.
    last: Option<f64>,
    /// η λ.
    product: f64,
    /// Whether λ rises.
    rises: bool,
}

const fn made(last: f64, product: f64, rises: bool) -> Made {
    Made { last: Some(last), product, rises }
}

/// As the paper has it: 2 is at the edge and best, greedy rules below it and worse, the control the other way round.
fn as_the_paper(task: Task, family: Family, setting: &str) -> Made {
    let is_control = task == Task::D;
    match family {
        // The best constant rate is in the middle of the grid.
        Family::Constant => made(if setting == "0.128" { 0.5 } else { 0.9 }, 2.0, false),
        Family::LineSearch => made(if is_control { 0.4 } else { 0.8 }, 1.5, true),
        Family::Cdat if setting == sigma_name(1.0) => made(if is_control { 0.4 } else { 0.7 }, 1.5, true),
        Family::Cdat => made(if setting == sigma_name(2.0) { 0.45 } else { 0.6 }, 2.0, false),
        _ => made(0.6, 2.0, false),
    }
}

fn run(setting: &str, steps: usize, made: Made) -> Run {
    let reading = |step: usize| {
        let sharpness = if made.rises { 10.0 + step as f64 / 100.0 } else { 10.0 };
        Reading { step, sharpness, product: made.product }
    };
    let point = |step: usize| Point { step, seconds: step as f64, loss: 1.0, learning_rate: 0.1 };
    Run {
        setting: setting.to_owned(),
        last: made.last,
        early: made.last.filter(|_| steps >= 1500),
        diverged_at: made.last.is_none().then_some(7),
        steps,
        seconds: steps as f64,
        curve: (0..steps).step_by(25).map(point).collect(),
        sharpness: (0..steps).step_by(25).map(reading).collect(),
        greedy_ahead: matches!(setting, "1" | "2").then_some(0.99),
    }
}

/// Judges all jobs of a scale with made-up runs of seed, task, family and setting.
fn judged(scale: Scale, made: impl Fn(u64, Task, Family, &str) -> Made) -> Findings {
    let plan = Plan::new(scale);
    let results: Vec<JobResult> = Cdat
        .jobs(&plan)
        .into_iter()
        .map(|job| JobResult {
            version: 1,
            hash: job.hash(),
            result: result(&job, &made),
            job,
            seconds: 1.0,
            environment: Environment::capture(1),
            command: "test".to_owned(),
        })
        .collect();
    Cdat.judge(&plan, &results)
}

fn result(job: &Job, made: &impl Fn(u64, Task, Family, &str) -> Made) -> Value {
    let of = |key: &str| job.description[key].clone();
    if job.description.get("family").is_none() {
        // The best σ is 1.2 for small batches and 2 for large ones, with averages always 2.
        let (batch, beta) = (of("batch").as_u64().expect("a size"), of("beta").as_f64().expect("a number"));
        let best = if batch < 256 && beta == 0.0 { 1.2 } else { 2.0 };
        let sigmas: Vec<f64> = serde_json::from_value(of("sigmas")).expect("numbers");
        let trained = sigmas.iter().map(|sigma| {
            let ratio = (*sigma < 2.7).then_some(0.1 + (sigma - best).abs());
            json!({ "sigma": sigma, "ratio": ratio, "steps": 10, "seconds": 1.0 })
        });
        return trained.collect();
    }
    let task: Task = serde_json::from_value(of("task")).expect("a task");
    let family: Family = serde_json::from_value(of("family")).expect("a family");
    let steps = of("steps").as_u64().expect("a number") as usize;
    let settings = of("settings");
    let names =
        settings.as_array().expect("a list").iter().map(|setting| setting["name"].as_str().expect("a name"));
    let runs: Vec<Run> = names.map(|name| run(name, steps, made(job.seed, task, family, name))).collect();
    serde_json::to_value(runs).expect("plain data")
}

fn verdict(scale: Scale, made: impl Fn(Task, Family, &str) -> Made) -> Verdict {
    judged(scale, |_, task, family, name| made(task, family, name)).verdict
}

#[test]
fn what_the_paper_says_is_supported() {
    let findings = judged(Scale::Standard, |_, task, family, name| as_the_paper(task, family, name));
    assert_eq!(findings.verdict, Verdict::Supported, "{:?}", findings.criteria);
    // Four tasks and mini-batches; three charts a task, two of mini-batches, two of the model.
    assert_eq!((findings.tables.len(), findings.figures.len()), (5, 16), "{:?}", findings.notes);
    let batches: Vec<_> =
        findings.criteria.iter().filter(|criterion| criterion.text.starts_with("Mini-batches")).collect();
    assert!(batches.len() == 2 && batches.iter().all(|criterion| criterion.met == Some(true)), "{batches:?}");
    assert_eq!(batches[0].measured, "β = 0: 1.2, 1.2, 2, 2, 2; β = 0.9: 2, 2, 2, 2, 2");
}

#[test]
fn one_seed_of_three_may_differ_and_two_may_not() {
    let with = |seeds: u64| {
        judged(Scale::Standard, |seed, task, family, name| {
            let made = as_the_paper(task, family, name);
            if family == Family::Cdat && seed <= seeds {
                Made { last: made.last.map(|_| 0.55), ..made }
            } else {
                made
            }
        })
        .verdict
    };
    assert_eq!(with(1), Verdict::Supported);
    assert_eq!(with(2), Verdict::Inconclusive);
}

/// What a run is instead, if it is another one.
type Change = Box<dyn Fn(Task, Family, &str) -> Option<Made>>;

/// Each condition is needed.
#[test]
fn any_condition_that_fails_leaves_it_open() {
    let sigma_is = |name: &str, sigma: f64| name == sigma_name(sigma);
    let cases: [(&str, Change); 6] = [
        (
            "edge above constant",
            Box::new(|task, family, name| {
                (task == Task::B && family == Family::Constant && name == "0.128")
                    .then_some(made(0.44, 2.0, false))
            }),
        ),
        (
            "line search best",
            Box::new(|task, family, _| {
                (task == Task::C && family == Family::LineSearch).then_some(made(0.44, 1.5, true))
            }),
        ),
        (
            "greedy at the edge",
            Box::new(move |task, family, name| {
                (task == Task::A && family == Family::Cdat && sigma_is(name, 1.0))
                    .then_some(made(0.7, 1.95, true))
            }),
        ),
        (
            "sharpness rises at the edge",
            Box::new(move |task, family, name| {
                (task == Task::A && family == Family::Cdat && sigma_is(name, 2.0))
                    .then_some(made(0.45, 2.0, true))
            }),
        ),
        (
            "grid too narrow",
            Box::new(|task, family, name| {
                (task == Task::A && family == Family::Constant).then_some(made(
                    if name == "0.008" { 0.5 } else { 0.9 },
                    2.0,
                    false,
                ))
            }),
        ),
        (
            "the control has the same order",
            Box::new(move |task, family, name| {
                (task == Task::D && family == Family::Cdat && sigma_is(name, 1.0))
                    .then_some(made(0.5, 1.5, true))
            }),
        ),
    ];
    for (what, case) in cases {
        let found = verdict(Scale::Standard, |task, family, name| {
            case(task, family, name).unwrap_or_else(|| as_the_paper(task, family, name))
        });
        assert_eq!(found, Verdict::Inconclusive, "{what}");
    }
}

#[test]
fn an_edge_that_diverges_or_loses_on_two_tasks_is_refuted() {
    let with = |tasks: &'static [Task], last: Option<f64>| {
        verdict(Scale::Standard, move |task, family, name| {
            let made = as_the_paper(task, family, name);
            let is_edge = family == Family::Cdat && name == sigma_name(2.0);
            if is_edge && tasks.contains(&task) { Made { last, ..made } } else { made }
        })
    };
    assert_eq!(with(&[Task::A, Task::C], None), Verdict::Refuted);
    assert_eq!(with(&[Task::A, Task::B], Some(0.61)), Verdict::Refuted);
    assert_eq!(with(&[Task::A, Task::B], Some(0.59)), Verdict::Inconclusive);
    assert_eq!(with(&[Task::A, Task::D], None), Verdict::Inconclusive);
}

/// A greedy rule that keeps up refutes only where runs are long enough to tell.
#[test]
fn a_greedy_rule_that_keeps_up_is_a_matter_of_the_full_scale() {
    let keeps_up = |task: Task, family: Family, name: &str| match family {
        Family::LineSearch if task != Task::C => made(0.52, 1.5, true),
        _ => as_the_paper(task, family, name),
    };
    assert_eq!(verdict(Scale::Full, keeps_up), Verdict::Refuted);
    assert_eq!(verdict(Scale::Standard, keeps_up), Verdict::Supported);
    assert_eq!(verdict(Scale::Full, as_the_paper), Verdict::Supported);
}

#[test]
fn the_quick_scale_decides_nothing() {
    let findings = judged(Scale::Quick, |_, task, family, name| as_the_paper(task, family, name));
    assert_eq!(findings.verdict, Verdict::Inconclusive);
    let losing = |task: Task, family: Family, name: &str| {
        let made = as_the_paper(task, family, name);
        if family == Family::Cdat { Made { last: None, ..made } } else { made }
    };
    assert_eq!(verdict(Scale::Quick, losing), Verdict::Inconclusive);
    assert!(findings.notes.iter().any(|note| note.contains("decides nothing")));
}
