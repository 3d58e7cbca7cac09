//! The rule on made-up results, and jobs for real.

use autodidact_communicate::training::{Evaluation, Measured};
use autodidact_experiment::reproduction::{Claim, Findings, JobContext, JobResult, Plan, Scale, Verdict};
use autodidact_experiment::run::Environment;
use serde_json::Value;

use super::arm::{Arm, Kind};
use super::exact::Exact;
use super::play::Played;
use super::task::{EXACT, PICTURES, jobs, run};
use crate::Lewis;

/// What an arm ends with.
#[derive(Clone, Copy)]
struct Made {
    accuracy: f64,
    /// Accuracy when nine tenths of the objects that train are told first.
    at_level: f64,
    similarity: f64,
    /// Gaps of information and adaptation.
    gaps: [f64; 2],
}

const PLAIN: Made = Made { accuracy: 0.5, at_level: 0.4, similarity: 0.4, gaps: [1.0, 3.0] };
const BETTER: Made = Made { accuracy: 0.8, at_level: 0.7, similarity: 0.6, gaps: [0.8, 1.0] };

/// Noise of an arm and a seed, so that differences of arms vary.
fn noise(arm: Arm, seed: u64) -> f64 {
    0.005 * (1.7 * seed as f64 + 2.9 * f64::from(arm as u8)).sin()
}

fn measured(made: Made, is_test: bool, noise: f64) -> Measured {
    let [information, adaptation] = if is_test { made.gaps } else { [0.0; 2] };
    Measured {
        objects: 400,
        candidates: None,
        loss: information + adaptation,
        information,
        adaptation,
        factorised: Some(information),
        accuracy: if is_test { made.accuracy + noise } else { 1.0 },
        attribute_accuracy: Some(0.9),
        topographic_similarity: Some(made.similarity + noise),
        posdis: None,
        bosdis: None,
        distinct_messages: 300,
        length: 5.0,
    }
}

fn played(kind: Kind, arm: Arm, made: Made, seed: u64) -> Played {
    let noise = noise(arm, seed);
    let at = |update, made, train_accuracy| {
        let mut train = measured(made, false, noise);
        train.accuracy = train_accuracy;
        Evaluation { update, train, test: measured(made, true, noise) }
    };
    // Early in training, when it tells fewer of the objects that train, and at the level at which arms are compared.
    let early = Made { accuracy: 0.1, ..made };
    let at_level = Made { accuracy: made.at_level, ..made };
    let evaluations = vec![at(100, early, 0.5), at(200, at_level, 0.95), at(300, made, 1.0)];
    Played { kind, arm, evaluations, listener_steps: 600, updates: 300 }
}

fn judged(identity: f64, made: impl Fn(Kind, Arm) -> Made) -> Findings {
    judged_by_seed(identity, |kind, arm, _| made(kind, arm))
}

fn judged_by_seed(identity: f64, made: impl Fn(Kind, Arm, u64) -> Made) -> Findings {
    let plan = Plan::new(Scale::Standard);
    let result = |name: &str, seed| -> Value {
        let of = |arms: &[Arm]| {
            let kind = if name == PICTURES { Kind::Pictures } else { Kind::Attributes };
            let runs: Vec<Played> =
                arms.iter().map(|&arm| played(kind, arm, made(kind, arm, seed), seed)).collect();
            serde_json::to_value(runs).expect("plain data")
        };
        match Arm::ALL.into_iter().find(|arm| arm.name() == name) {
            Some(arm) => of(&[arm]),
            None if name == EXACT => {
                serde_json::to_value(Exact { identity, ..Exact::default() }).expect("plain data")
            }
            None if name == PICTURES => of(&Arm::OF_PICTURES),
            None => of(&[Arm::EarlyStopped, Arm::Partial]),
        }
    };
    let results: Vec<JobResult> = Lewis
        .jobs(&plan)
        .into_iter()
        .map(|job| JobResult {
            version: 1,
            hash: job.hash(),
            result: result(&job.arm, job.seed),
            job,
            seconds: 1.0,
            environment: Environment::capture(1),
            command: "test".to_owned(),
        })
        .collect();
    Lewis.judge(&plan, &results)
}

fn verdict(made: impl Fn(Arm) -> Made) -> Verdict {
    judged(1e-14, |_, arm| made(arm)).verdict
}

fn claimed(arm: Arm) -> Made {
    if arm == Arm::EarlyStopped { BETTER } else { PLAIN }
}

#[test]
fn a_better_early_stopped_listener_supports_the_claim() {
    let findings = judged(1e-14, |_, arm| claimed(arm));
    assert_eq!(findings.verdict, Verdict::Supported, "{:?}", findings.criteria);
    assert_eq!((findings.tables.len(), findings.figures.len()), (4, 8), "{:?}", findings.notes);
    assert!(findings.criteria.iter().all(|criterion| criterion.met == Some(true)), "{:?}", findings.criteria);
    // Four seeds of five are enough, three are not.
    let lacking = |seeds: u64| {
        let worse = Made { accuracy: PLAIN.accuracy - 0.02, similarity: PLAIN.similarity - 0.02, ..PLAIN };
        let made = move |arm, seed| match arm {
            Arm::EarlyStopped if seed > seeds => BETTER,
            Arm::EarlyStopped => worse,
            _ => PLAIN,
        };
        judged_by_seed(1e-14, move |_, arm, seed| made(arm, seed)).criteria[1].met
    };
    assert_eq!((lacking(0), lacking(1), lacking(2)), (Some(true), Some(true), None));
    // Without the identity nothing is.
    assert_eq!(judged(1e-3, |_, arm| claimed(arm)).verdict, Verdict::Inconclusive);
}

#[test]
fn a_control_that_does_the_same_refutes_it() {
    for control in [Arm::Partial, Arm::Retrained, Arm::Reset] {
        let made = |arm| if arm == control { BETTER } else { claimed(arm) };
        assert_eq!(verdict(made), Verdict::Refuted, "{control:?}");
        // One that does half as well decides nothing.
        let half = Made { accuracy: 0.8, ..PLAIN };
        assert_eq!(verdict(|arm| if arm == control { half } else { claimed(arm) }), Verdict::Inconclusive);
    }
}

#[test]
fn less_co_adaptation_without_a_better_language_refutes_it() {
    let gaps = Made { gaps: BETTER.gaps, ..PLAIN };
    assert_eq!(verdict(|arm| if arm == Arm::EarlyStopped { gaps } else { PLAIN }), Verdict::Refuted);
    assert_eq!(verdict(|_| PLAIN), Verdict::Inconclusive);
}

#[test]
fn discrimination_may_leave_it_open_and_may_refute_support() {
    let with = |pictures: Made| {
        let made = |kind, arm| match (kind, arm) {
            (Kind::Pictures, Arm::EarlyStopped) => pictures,
            (Kind::Pictures, _) => PLAIN,
            _ => claimed(arm),
        };
        judged(1e-14, made).verdict
    };
    assert_eq!(with(PLAIN), Verdict::Supported);
    // Less co-adaptation, and no better for it.
    assert_eq!(with(Made { gaps: BETTER.gaps, ..PLAIN }), Verdict::Inconclusive);
}

#[test]
fn other_reasons_for_a_gain_leave_it_open() {
    // Information for the most part.
    let information = Made { gaps: [0.0, 2.9], ..BETTER };
    let made = |arm| if arm == Arm::EarlyStopped { information } else { PLAIN };
    assert_eq!(verdict(made), Verdict::Inconclusive);
    // A difference where nothing can be overfitted, of either measure.
    for other in [Made { accuracy: 0.7, ..PLAIN }, Made { similarity: 0.5, ..PLAIN }] {
        let made = |arm| if arm == Arm::AllEarlyStopped { other } else { claimed(arm) };
        assert_eq!(verdict(made), Verdict::Inconclusive);
    }
    // A gain at the same train accuracy that is there and small.
    let small = Made { at_level: PLAIN.at_level + 0.015, ..BETTER };
    let made = |small| move |arm| if arm == Arm::EarlyStopped { small } else { PLAIN };
    assert_eq!(verdict(made(Made { at_level: PLAIN.at_level + 0.03, ..BETTER })), Verdict::Supported);
    assert_eq!(verdict(made(small)), Verdict::Refuted);
}

#[test]
fn jobs_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = Plan::new(Scale::Quick);
    let context = JobContext::new(folder.path(), &plan);
    let all = jobs("lewis", &plan, 1);
    assert_eq!(all.len(), 9);
    let exact = all.iter().find(|job| job.arm == EXACT).expect("a job of tables");
    let found: Exact =
        serde_json::from_value(run(exact, &context).expect("runs")).expect("what was found of tables");
    assert!(found.identity < 1e-10 && found.bayes < 1e-10 && found.factorised < 1e-10, "{found:?}");
    assert!(found.gradient < 1e-7 && found.total_correlation > 0.1, "{found:?}");

    let mut matched = all.into_iter().find(|job| job.arm == "matched").expect("a job of two arms");
    for arm in ["early_stopped", "partial"] {
        matched.description[arm]["updates"] = 10.into();
        matched.description[arm]["evaluation"]["every"] = 5.into();
    }
    let played: Vec<Played> =
        serde_json::from_value(run(&matched, &context).expect("runs")).expect("two runs");
    let [early_stopped, partial] = &played[..] else { panic!("{played:?}") };
    assert_eq!((early_stopped.arm, partial.arm), (Arm::EarlyStopped, Arm::Partial));
    let [steps, of_partial] = [early_stopped, partial].map(Played::steps_per_update);
    assert!(steps > 1.0, "{steps}");
    assert_eq!(early_stopped.listener_steps, partial.listener_steps, "{steps}, {of_partial}");
    assert_eq!(partial.evaluations.iter().map(|evaluation| evaluation.update).collect::<Vec<_>>(), [5, 10]);
}
