//! The rule on made-up results, and jobs for real.

use autodidact_communicate::training::{Evaluation, Measured};
use autodidact_experiment::reproduction::{Claim, Findings, JobContext, JobResult, Plan, Scale, Verdict};
use autodidact_experiment::run::Environment;
use serde_json::Value;

use super::arm::{Arm, Kind};
use super::exact::Exact;
use super::play::Played;
use super::task::{EXACT, jobs, run};
use crate::Lewis;

/// What an arm ends with.
#[derive(Clone, Copy)]
struct Made {
    accuracy: f64,
    similarity: f64,
    /// Gaps of information and adaptation.
    gaps: [f64; 2],
}

const PLAIN: Made = Made { accuracy: 0.5, similarity: 0.4, gaps: [1.0, 3.0] };
const BETTER: Made = Made { accuracy: 0.8, similarity: 0.6, gaps: [0.8, 1.0] };

fn measured(made: Made, is_test: bool, seed: u64) -> Measured {
    let noise = 0.005 * (seed as f64).sin();
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

fn played(arm: Arm, made: Made, seed: u64) -> Played {
    let evaluation =
        Evaluation { update: 100, train: measured(made, false, seed), test: measured(made, true, seed) };
    Played { kind: Kind::Attributes, arm, evaluations: vec![evaluation], listener_steps: 600, updates: 100 }
}

fn judged(identity: f64, made: impl Fn(Arm) -> Made) -> Findings {
    let plan = Plan::new(Scale::Standard);
    let result = |name: &str, seed| -> Value {
        let of = |arms: &[Arm]| {
            let runs: Vec<Played> = arms.iter().map(|&arm| played(arm, made(arm), seed)).collect();
            serde_json::to_value(runs).expect("plain data")
        };
        match Arm::ALL.into_iter().find(|arm| arm.name() == name) {
            Some(arm) => of(&[arm]),
            None if name == EXACT => {
                serde_json::to_value(Exact { identity, ..Exact::default() }).expect("plain data")
            }
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
    judged(1e-14, made).verdict
}

fn claimed(arm: Arm) -> Made {
    if arm == Arm::EarlyStopped { BETTER } else { PLAIN }
}

#[test]
fn a_better_early_stopped_listener_supports_the_claim() {
    let findings = judged(1e-14, claimed);
    assert_eq!(findings.verdict, Verdict::Supported, "{:?}", findings.criteria);
    assert_eq!((findings.tables.len(), findings.figures.len()), (3, 6), "{:?}", findings.notes);
    assert!(findings.criteria.iter().all(|criterion| criterion.met == Some(true)), "{:?}", findings.criteria);
    // Without the identity nothing is.
    assert_eq!(judged(1e-3, claimed).verdict, Verdict::Inconclusive);
}

#[test]
fn a_control_that_does_the_same_refutes_it() {
    for control in [Arm::Partial, Arm::Retrained] {
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
fn other_reasons_for_a_gain_leave_it_open() {
    // Information for the most part.
    let information = Made { gaps: [0.0, 2.9], ..BETTER };
    let made = |arm| if arm == Arm::EarlyStopped { information } else { PLAIN };
    assert_eq!(verdict(made), Verdict::Inconclusive);
    // A difference where nothing can be overfitted.
    let made = |arm| if arm == Arm::AllEarlyStopped { BETTER } else { claimed(arm) };
    assert_eq!(verdict(made), Verdict::Inconclusive);
}

#[test]
fn jobs_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = Plan::new(Scale::Quick);
    let context = JobContext::new(folder.path(), &plan);
    let all = jobs("lewis", Scale::Quick, 1);
    assert_eq!(all.len(), 8);
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
    assert!(steps > 1.0 && (steps - of_partial).abs() <= 0.5, "{steps}, {of_partial}");
    assert_eq!(partial.evaluations.iter().map(|evaluation| evaluation.update).collect::<Vec<_>>(), [5, 10]);
}
