//! Results on disk: kept, resumed, stale, missing.

use std::fs;

use autodidact_experiment::Error;
use autodidact_experiment::checkpoint::Checkpoints;
use autodidact_experiment::reproduction::{Job, JobState, Scale, Verdict};
use serde_json::{Value, json};

use crate::coins::{Coins, is_on_its_way, reproduction, slow, spawn, wait_until};

const COINS: Coins = Coins { loaded: 0.8 };

#[test]
fn a_job_killed_in_the_middle_continues_to_the_same_result() {
    let (straight, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let job = reproduction(&COINS, straight.path()).jobs().remove(4);
    let expected = reproduction(&COINS, straight.path()).run_job(&job.id).unwrap();

    let mut child = spawn(&job, killed.path(), &slow()).spawn().unwrap();
    wait_until("a checkpoint", || is_on_its_way(killed.path(), &job));
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    assert_eq!(reproduction(&COINS, killed.path()).status().unwrap()[4].state, JobState::Missing);
    let before = Checkpoints::new(killed.path().join("scratch").join(&job.id)).steps().unwrap();
    assert!(!before.is_empty(), "the kill left the checkpoints");

    // The time that was spent before the kill counts.
    let told = killed.path().join("scratch").join(&job.id).join("progress.json");
    let mut progress: Value = serde_json::from_slice(&fs::read(&told).unwrap()).unwrap();
    progress["seconds"] = json!(1000.0);
    fs::write(&told, progress.to_string()).unwrap();

    let output = spawn(&job, killed.path(), &[]).output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("continues after round"), "{told}");
    let resumed = reproduction(&COINS, killed.path()).run_job(&job.id).unwrap();
    assert_eq!(resumed.result, expected.result);
    assert!(resumed.seconds >= 1000.0, "{} s", resumed.seconds);
    assert!(!killed.path().join("scratch").join(&job.id).exists());
}

#[test]
fn a_result_is_not_computed_twice() {
    let out = tempfile::tempdir().unwrap();
    let reproduction = reproduction(&COINS, out.path());
    let first = reproduction.run_job("coins/quick/fair/seed-1").unwrap();
    assert_eq!(reproduction.run_job("coins/quick/fair/seed-1").unwrap(), first);
}

#[test]
fn a_result_of_another_description_is_stale_and_run_again() {
    let out = tempfile::tempdir().unwrap();
    let old = reproduction(&COINS, out.path());
    for job in old.jobs() {
        old.run_job(&job.id).unwrap();
    }
    let changed = Coins { loaded: 0.9 };
    let new = reproduction(&changed, out.path());
    let states: Vec<JobState> = new.status().unwrap().into_iter().map(|status| status.state).collect();
    assert_eq!(states, [[JobState::Done; 3], [JobState::Stale; 3]].concat());

    let report = new.collect().unwrap();
    assert_eq!(report.papers[0].findings.verdict, Verdict::Incomplete);
    assert_eq!(report.papers[0].missing.len(), 3);

    let id = "coins/quick/loaded/seed-2";
    let result = new.run_job(id).unwrap();
    assert_eq!(result.job.description["chance"], json!(0.9));
    assert_ne!(result.result, old.run_job(id).unwrap().result);
}

#[test]
fn scratch_of_another_description_is_not_continued_from() {
    let (out, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let job = reproduction(&COINS, out.path()).jobs().remove(3);
    let mut child = spawn(&job, out.path(), &slow()).spawn().unwrap();
    wait_until("a checkpoint", || is_on_its_way(out.path(), &job));
    child.kill().unwrap();
    child.wait().unwrap();
    let changed = Coins { loaded: 0.3 };
    let continued = reproduction(&changed, out.path()).run_job(&job.id).unwrap();
    let expected = reproduction(&changed, fresh.path()).run_job(&job.id).unwrap();
    assert_eq!(continued.result, expected.result);
}

#[test]
fn missing_and_damaged_results_make_it_incomplete_and_are_named() {
    let out = tempfile::tempdir().unwrap();
    let reproduction = reproduction(&COINS, out.path());
    for job in reproduction.jobs() {
        reproduction.run_job(&job.id).unwrap();
    }
    assert_eq!(reproduction.collect().unwrap().papers[0].findings.verdict, Verdict::Supported);

    let results = out.path().join("results/coins/quick");
    fs::remove_file(results.join("fair/seed-2.json")).unwrap();
    let half = fs::read(results.join("loaded/seed-3.json")).unwrap();
    fs::write(results.join("loaded/seed-3.json"), &half[..half.len() / 2]).unwrap();
    let findings = &reproduction.collect().unwrap().papers[0].findings;
    assert_eq!(findings.verdict, Verdict::Incomplete);
    assert_eq!(findings.reasons.len(), 2, "{:?}", findings.reasons);
    assert!(findings.reasons[0].contains("coins/quick/fair/seed-2"));
    assert!(findings.reasons[1].contains("coins/quick/loaded/seed-3"));
}

#[test]
fn a_result_file_holds_what_it_depends_on() {
    let out = tempfile::tempdir().unwrap();
    let reproduction = reproduction(&COINS, out.path());
    reproduction.run_job("coins/quick/loaded/seed-1").unwrap();
    let text = fs::read_to_string(out.path().join("results/coins/quick/loaded/seed-1.json")).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["version"], 1);
    assert_eq!(value["job"]["description"], json!({ "chance": 0.8, "rounds": 40 }));
    assert_eq!(value["hash"].as_str().unwrap().len(), 64);
    assert!(
        value["environment"]["cpu"].is_string()
            && value["seconds"].is_number()
            && value["command"].is_string()
    );
}

/// `printf '{"arm":"a","description":{"x":1,"y":[2.5]},"paper":"p","seed":3}' | sha256sum`
#[test]
fn hashes_do_not_depend_on_the_order_of_keys() {
    let expected = "a38f1a6338327c77332cdbe83fcf27bc61f87ffdc904363a58b7bd807b241d82";
    let one = Job::new("p", Scale::Quick, "a", 3, json!({ "x": 1, "y": [2.5] }));
    let other = Job::new("p", Scale::Full, "a", 3, json!({ "y": [2.5], "x": 1 }));
    assert_eq!((one.hash().as_str(), other.hash().as_str()), (expected, expected));
    assert_ne!(Job::new("p", Scale::Quick, "a", 4, one.description.clone()).hash(), expected);
}

#[test]
fn an_unknown_job_gets_the_nearest_name() {
    let out = tempfile::tempdir().unwrap();
    let error = reproduction(&COINS, out.path()).run_job("coins/quick/loadde/seed-1").unwrap_err();
    let Error::UnknownJob { nearest, .. } = &error else { panic!("{error}") };
    assert_eq!(nearest.as_deref(), Some("coins/quick/loaded/seed-1"));
    assert!(error.to_string().contains("did you mean `coins/quick/loaded/seed-1`?"), "{error}");
}
