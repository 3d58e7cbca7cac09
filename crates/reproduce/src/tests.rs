//! The decision rules on made-up results, and one job for real.

use autodidact_data::inspect::save_png;
use autodidact_data::procedural::draw;
use autodidact_experiment::reproduction::{Claim, Job, JobContext, JobResult, Plan, Scale, Verdict};
use autodidact_experiment::run::Environment;
use serde_json::{Value, json};

use crate::{Brownian, Byol, ByolNoBatchStats, ByolRobustness, Cdat, MctsRpo, MctsRpoSelfplay};

/// Linear accuracy and spread of an arm, the same in every seed.
type Made<'a> = (&'a str, f64, f64);

fn results(
    claim: &dyn Claim,
    plan: &Plan,
    made: &[Made<'_>],
    extra: Option<(&str, Value)>,
) -> Vec<JobResult> {
    claim
        .jobs(plan)
        .into_iter()
        .map(|job| {
            let result = match &extra {
                Some((arm, value)) if job.arm == *arm => value.clone(),
                _ => measured(made, &job),
            };
            JobResult {
                version: 1,
                hash: job.hash(),
                job,
                result,
                seconds: 1.0,
                environment: Environment::capture(1),
                command: "test".to_owned(),
            }
        })
        .collect()
}

fn measured(made: &[Made<'_>], job: &Job) -> Value {
    let &(_, linear, spread) = made.iter().find(|(arm, _, _)| *arm == job.arm).unwrap_or(&("", 40.0, 0.9));
    json!({
        "linear": linear + 0.1 * job.seed as f64, "knn": linear, "spread": spread, "effective_rank": 5.0,
        "loss": 1.0, "diverged": false, "curve": [{ "step": 10, "spread": spread, "loss": 1.0 }], "steps": 10,
    })
}

fn byol(made: &[Made<'_>]) -> Verdict {
    let plan = Plan::new(Scale::Standard);
    Byol.judge(&plan, &results(&Byol, &plan, made, None)).verdict
}

const COLLAPSED: [Made<'static>; 2] = [("no-predictor", 33.0, 0.02), ("no-predictor-no-ema", 33.5, 0.01)];

#[test]
fn byol_is_supported_when_it_learns_and_the_arms_without_predictor_collapse() {
    let mut made = vec![("byol", 42.0, 0.8), ("random", 34.0, 0.9), ("fixed-target", 38.0, 0.9)];
    made.extend(COLLAPSED);
    assert_eq!(byol(&made), Verdict::Supported);
}

#[test]
fn byol_is_refuted_without_a_gain_or_without_a_collapse() {
    let mut no_gain = vec![("byol", 35.0, 0.8), ("random", 34.0, 0.9), ("fixed-target", 34.5, 0.9)];
    no_gain.extend(COLLAPSED);
    assert_eq!(byol(&no_gain), Verdict::Refuted);
    let alive = [
        ("byol", 42.0, 0.8),
        ("random", 34.0, 0.9),
        ("fixed-target", 38.0, 0.9),
        ("no-predictor", 33.0, 0.5),
        ("no-predictor-no-ema", 33.0, 0.01),
    ];
    assert_eq!(byol(&alive), Verdict::Refuted);
}

#[test]
fn byol_is_inconclusive_in_between() {
    let mut small_gain = vec![("byol", 37.0, 0.8), ("random", 34.0, 0.9), ("fixed-target", 36.0, 0.9)];
    small_gain.extend(COLLAPSED);
    assert_eq!(byol(&small_gain), Verdict::Inconclusive);
    let mut target_too_good = vec![("byol", 42.0, 0.8), ("random", 34.0, 0.9), ("fixed-target", 45.0, 0.9)];
    target_too_good.extend(COLLAPSED);
    assert_eq!(byol(&target_too_good), Verdict::Inconclusive);
}

/// Lets the first `seeds` runs of some arms diverge at step 7.
fn diverge(results: &mut [JobResult], arms: &[&str], seeds: u64) {
    for result in results {
        if arms.contains(&result.job.arm.as_str()) && result.job.seed <= seeds {
            result.result = json!({
                "linear": null, "knn": null, "spread": null, "effective_rank": null, "loss": null,
                "diverged": true, "curve": [{ "step": 5, "spread": 9.0, "loss": 9.0 }], "steps": 7,
            });
        }
    }
}

/// A run that diverged is neither collapsed nor alive, and does not pull a mean down.
#[test]
fn divergence_is_not_collapse() {
    let plan = Plan::new(Scale::Standard);
    let mut made = vec![("byol", 42.0, 0.8), ("random", 34.0, 0.9), ("fixed-target", 38.0, 0.9)];
    made.extend(COLLAPSED);
    let diverged = |arms: &[&str], seeds: u64| {
        let mut results = results(&Byol, &plan, &made, None);
        diverge(&mut results, arms, seeds);
        Byol.judge(&plan, &results)
    };
    let one = diverged(&["byol", "no-predictor"], 1);
    assert_eq!(one.verdict, Verdict::Supported, "four of five seeds are enough");
    let note = one.notes.iter().find(|note| note.contains("diverged")).expect("it is said");
    assert!(note.contains("BYOL, seed 1, at step 7"), "{note}");
    assert_eq!(diverged(&["no-predictor"], 2).verdict, Verdict::Inconclusive);
    assert_eq!(diverged(&["byol", "random", "no-predictor"], 5).verdict, Verdict::Inconclusive);
    let reason = &diverged(&["byol"], 1).reasons[0];
    assert!(reason.contains("4 seeds"), "{reason}");
}

/// Arms are compared over the seeds that both have, and divergence speaks neither for nor against an explanation.
#[test]
fn means_are_paired_and_divergence_explains_nothing() {
    let plan = Plan::new(Scale::Standard);
    let read = |made: &[Made<'_>], arms: &[&str], seeds: u64| {
        let tests = Some(("independence", independence(EXACT, DEPENDENT)));
        let mut results = results(&ByolNoBatchStats, &plan, made, tests);
        diverge(&mut results, arms, seeds);
        ByolNoBatchStats.judge(&plan, &results)
    };
    let made = [("gn-ws", 40.0, 0.7), ("random", 34.0, 0.9), ("none", 30.0, 0.01), ("affine", 38.0, 0.6)];
    let close: Vec<Made<'_>> = [&made[..], &[("bn", 43.0, 0.8)]].concat();
    assert_eq!(read(&close, &[], 0).verdict, Verdict::Supported);
    // Unpaired, seed 1's absence would raise batch norm's mean and widen the gap beyond 3 points.
    assert_eq!(read(&close, &["bn"], 1).verdict, Verdict::Supported);

    let speaks = |arms: &[&str], seeds| {
        let reasons = read(&close, arms, seeds).reasons;
        (reasons[1].contains("speaks for"), reasons[1].contains("diverged"))
    };
    assert_eq!(speaks(&[], 0), (true, false));
    assert_eq!(speaks(&["affine"], 5), (false, true));
    assert_eq!(speaks(&["none"], 3), (false, true));
    assert_eq!(speaks(&["affine"], 1), (true, false));
}

fn independence(group: [f64; 3], batch: [f64; 3]) -> Value {
    let one = |[output, gradient, training]: [f64; 3]| json!({ "output_difference": output, "gradient_difference": gradient, "training_difference": training });
    json!({ "group_norm": one(group), "batch_norm": one(batch) })
}

fn no_batch_stats(made: &[Made<'_>], tests: Value) -> Verdict {
    let plan = Plan::new(Scale::Standard);
    let results = results(&ByolNoBatchStats, &plan, made, Some(("independence", tests)));
    ByolNoBatchStats.judge(&plan, &results).verdict
}

const EXACT: [f64; 3] = [1e-6, 0.0, 1e-5];
const DEPENDENT: [f64; 3] = [1.0, 1.0, 1.0];

#[test]
fn group_norm_is_supported_when_it_is_independent_alive_and_close() {
    let made = [("bn", 42.0, 0.8), ("gn-ws", 40.0, 0.7), ("random", 34.0, 0.9)];
    assert_eq!(no_batch_stats(&made, independence(EXACT, DEPENDENT)), Verdict::Supported);
    // Each part of the rule is needed.
    assert_eq!(no_batch_stats(&made, independence([1e-4, 0.0, 1e-5], DEPENDENT)), Verdict::Inconclusive);
    assert_eq!(no_batch_stats(&made, independence(EXACT, [1.0, 1.0, 1e-6])), Verdict::Inconclusive);
    let low_spread = [("bn", 42.0, 0.8), ("gn-ws", 40.0, 0.2), ("random", 34.0, 0.9)];
    assert_eq!(no_batch_stats(&low_spread, independence(EXACT, DEPENDENT)), Verdict::Inconclusive);
    let behind = [("bn", 45.0, 0.8), ("gn-ws", 40.0, 0.7), ("random", 34.0, 0.9)];
    assert_eq!(no_batch_stats(&behind, independence(EXACT, DEPENDENT)), Verdict::Inconclusive);
}

#[test]
fn group_norm_is_refuted_when_it_collapses_under_both_optimizers_or_trails_far() {
    let one = [("bn", 42.0, 0.8), ("gn-ws", 34.0, 0.05), ("random", 34.0, 0.9), ("gn-ws-lars", 40.0, 0.7)];
    assert_eq!(no_batch_stats(&one, independence(EXACT, DEPENDENT)), Verdict::Inconclusive);
    let both = [("bn", 42.0, 0.8), ("gn-ws", 34.0, 0.05), ("random", 34.0, 0.9), ("gn-ws-lars", 34.0, 0.05)];
    assert_eq!(no_batch_stats(&both, independence(EXACT, DEPENDENT)), Verdict::Refuted);
    let far = [("bn", 52.0, 0.8), ("gn-ws", 41.0, 0.7), ("random", 34.0, 0.9)];
    assert_eq!(no_batch_stats(&far, independence(EXACT, DEPENDENT)), Verdict::Refuted);
}

/// Probes of SimCLR and BYOL after the two deciding changes; both baselines are 50. The seeds differ a little.
fn robustness(seeds: usize, simclr: [f64; 2], byol: [f64; 2]) -> Verdict {
    let plan = Plan { seeds: Some(seeds), ..Plan::new(Scale::Standard) };
    let mut made = results(
        &ByolRobustness,
        &plan,
        &[
            ("byol-baseline", 50.0, 0.9),
            ("simclr-baseline", 50.0, 0.9),
            ("simclr-crop-only", simclr[0], 0.9),
            ("simclr-micro-64", simclr[1], 0.9),
            ("byol-crop-only", byol[0], 0.9),
            ("byol-micro-64", byol[1], 0.9),
        ],
        None,
    );
    for result in made.iter_mut().filter(|result| result.job.arm == "byol-crop-only") {
        result.result["linear"] = json!(byol[0] + 0.5 * result.job.seed as f64);
    }
    ByolRobustness.judge(&plan, &made).verdict
}

#[test]
fn byol_is_more_robust_only_if_both_changes_cost_simclr_more() {
    assert_eq!(robustness(5, [30.0, 40.0], [40.0, 45.0]), Verdict::Supported);
    assert_eq!(robustness(5, [30.0, 45.0], [40.0, 45.0]), Verdict::Inconclusive);
    assert_eq!(robustness(5, [30.0, 46.0], [40.0, 45.0]), Verdict::Refuted);
    // Within two standard errors: half a point a seed, five seeds.
    assert_eq!(robustness(5, [41.0, 40.0], [40.0, 45.0]), Verdict::Inconclusive);
}

#[test]
fn one_seed_decides_nothing_about_robustness() {
    assert_eq!(robustness(1, [30.0, 40.0], [40.0, 45.0]), Verdict::Inconclusive);
}

#[test]
fn descriptions_hold_everything_that_differs_between_jobs() {
    let plan = Plan::new(Scale::Quick);
    let real = Plan { data: Some("cifar10".into()), ..plan.clone() };
    let device = Plan { device: "cuda".to_owned(), ..plan.clone() };
    let bf16 = Plan { precision: "bf16".to_owned(), ..plan.clone() };
    for claim in crate::claims() {
        let jobs = claim.jobs(&plan);
        let mut hashes: Vec<String> = jobs.iter().map(Job::hash).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), jobs.len(), "{}", claim.paper());
        for (other, what) in [(&real, "data"), (&device, "device"), (&bf16, "precision")] {
            let others: Vec<String> = claim.jobs(other).iter().map(Job::hash).collect();
            let is_another = jobs.iter().any(|job| !others.contains(&job.hash()));
            let is_used = match claim.paper() {
                // They read no data and train nothing: their results stay what they are.
                paper if [Brownian.paper(), MctsRpo.paper()].contains(&paper) => false,
                // Networks that learn from their own games, in f32.
                paper if paper == MctsRpoSelfplay.paper() => what == "device",
                // Curvature is measured in f32 whatever the trainers multiply.
                paper if paper == Cdat.paper() => what != "precision",
                _ => true,
            };
            assert_eq!(is_another, is_used, "{}: other {what}, other job", claim.paper());
        }
    }
}

/// Folders of the same name with other pictures in them.
#[test]
fn a_changed_folder_makes_other_jobs_and_too_few_pictures_are_an_error() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let job = |parent: &str, files: &[&str]| {
        let data = folder.path().join(parent).join("pictures");
        for file in files {
            let path = data.join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            save_png(&draw(1, 0, 8), path).expect("writable");
        }
        let plan = Plan { data: Some(data), ..Plan::new(Scale::Quick) };
        (Byol.jobs(&plan).swap_remove(1), plan)
    };
    let files = ["train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png"];
    let (first, plan) = job("first", &files);
    assert_eq!(first.hash(), job("moved", &files).0.hash());
    assert_ne!(first.hash(), job("more", &[&files[..], &["train/a/3.png"]].concat()).0.hash());
    let scratch = folder.path().join("scratch");
    let error = Byol.run(&first, &JobContext::new(&scratch, &plan)).expect_err("two pictures are too few");
    assert!(error.to_string().contains("1500 pictures are needed"), "{error}");
}

#[test]
fn an_untrained_arm_runs_and_gives_the_same_result_twice() {
    let plan = Plan::new(Scale::Quick);
    let jobs = Byol.jobs(&plan);
    let job = jobs.iter().find(|job| job.arm == "random").expect("there is a random arm");
    let run = || {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        Byol.run(job, &JobContext::new(scratch.path(), &plan)).expect("the job runs")
    };
    let first = run();
    assert_eq!(first, run());
    assert!(first["linear"].as_f64().expect("an accuracy") > 5.0, "{first}");
    assert!(first["spread"].is_null(), "nothing was trained");
}

#[test]
fn a_job_that_was_interrupted_continues_to_the_same_result() {
    let plan = Plan::new(Scale::Quick);
    let mut job = Byol.jobs(&plan).into_iter().find(|job| job.arm == "byol").expect("there is a byol arm");
    for (key, value) in [("epochs", 2), ("log_every", 1), ("checkpoint_every", 3), ("batch_size", 16)] {
        job.description["config"][key] = json!(value);
    }
    for (key, value) in [("train", 64), ("test", 40), ("side", 16)] {
        job.description["pictures"][key] = json!(value);
    }
    let whole = tempfile::tempdir().expect("a scratch folder");
    let expected = Byol.run(&job, &JobContext::new(whole.path(), &plan)).expect("the job runs");

    // As a kill leaves it: the run is there, the checkpoint of the last step is not.
    let checkpoints = whole.path().join("run/checkpoints");
    let newest = std::fs::read_dir(&checkpoints)
        .expect("checkpoints")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .max()
        .expect("a checkpoint");
    std::fs::remove_file(newest).expect("the last checkpoint goes");
    assert_eq!(Byol.run(&job, &JobContext::new(whole.path(), &plan)).expect("the job continues"), expected);
}
