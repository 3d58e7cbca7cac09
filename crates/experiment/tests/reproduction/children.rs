//! Many jobs at once, each in a process of its own: crashes, interrupts and killed parents.

use std::path::Path;

use autodidact_experiment::reproduction::{JobState, Verdict};
use autodidact_experiment::{checkpoint::Checkpoints, interrupt};

use crate::coins::{Coins, ROUNDS, again, crashing, is_on_its_way, reproduction, slow, spawn, wait_until};

const COINS: Coins = Coins { loaded: 0.8 };
const OUT: &str = "COINS_PARENT_OUT";

#[test]
fn all_jobs_run_and_the_claim_is_judged() {
    let out = tempfile::tempdir().unwrap();
    let reproduction = reproduction(&COINS, out.path());
    reproduction.run_job("coins/quick/fair/seed-3").unwrap();
    let outcome = reproduction.run_all(2, &|job| spawn(job, out.path(), &[])).unwrap();
    assert_eq!(outcome.kept, ["coins/quick/fair/seed-3"]);
    assert_eq!((outcome.finished.len(), outcome.failed.len(), outcome.is_interrupted), (5, 0, false));
    assert_eq!(reproduction.collect().unwrap().papers[0].findings.verdict, Verdict::Supported);
}

#[test]
fn results_do_not_depend_on_who_ran_them() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    reproduction(&COINS, there.path()).run_all(3, &|job| spawn(job, there.path(), &[])).unwrap();
    for job in reproduction(&COINS, here.path()).jobs() {
        let [a, b] = [&here, &there].map(|out| reproduction(&COINS, out.path()).run_job(&job.id).unwrap());
        assert_eq!((a.result, a.hash), (b.result, b.hash));
    }
}

#[test]
fn a_crash_loses_one_job_and_its_last_words_are_shown() {
    let out = tempfile::tempdir().unwrap();
    let reproduction = reproduction(&COINS, out.path());
    let outcome = reproduction.run_all(2, &|job| spawn(job, out.path(), &crashing("fair"))).unwrap();
    assert_eq!((outcome.finished.len(), outcome.failed.len()), (3, 3));
    let failure = &outcome.failed[0];
    assert!(
        failure.id.starts_with("coins/quick/fair/") && failure.reason.contains("signal"),
        "{}",
        failure.reason
    );
    assert!(failure.tail.contains("the coin rolled off the table"), "{}", failure.tail);
    assert!(failure.log.is_file());
}

#[test]
fn a_child_that_leaves_no_result_has_failed() {
    let out = tempfile::tempdir().unwrap();
    let reproduction = reproduction(&COINS, out.path());
    let outcome = reproduction.run_all(1, &|_| std::process::Command::new("true")).unwrap();
    assert_eq!(outcome.failed.len(), 6);
    assert!(outcome.failed[0].reason.contains("without a result"));
    let outcome = reproduction.run_all(1, &|_| std::process::Command::new("no-such-program")).unwrap();
    assert!(outcome.failed[0].reason.contains("no-such-program"), "{}", outcome.failed[0].reason);
}

/// Not a test of its own: a parent that others interrupt or kill.
#[test]
fn parent_process() {
    let Some(out) = std::env::var_os(OUT) else { return };
    interrupt::install().unwrap();
    let out = Path::new(&out);
    let outcome = reproduction(&COINS, out).run_all(2, &|job| spawn(job, out, &slow())).unwrap();
    std::process::exit(if outcome.is_interrupted { interrupt::EXIT_CODE } else { 0 });
}

#[cfg(unix)]
#[test]
fn an_interrupted_parent_lets_its_children_save_and_the_same_command_continues() {
    let out = tempfile::tempdir().unwrap();
    let reproduction = reproduction(&COINS, out.path());
    let jobs = reproduction.jobs();
    let mut parent = again("children::parent_process").env(OUT, out.path()).spawn().unwrap();
    wait_until("checkpoints of two jobs", || jobs[..2].iter().all(|job| is_on_its_way(out.path(), job)));
    let pid = rustix::process::Pid::from_child(&parent);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(parent.wait().unwrap().code(), Some(interrupt::EXIT_CODE));

    for job in &jobs[..2] {
        let log = std::fs::read_to_string(out.path().join("logs").join(format!("{}.log", job.id))).unwrap();
        assert!(log.contains("interrupted: saving and stopping"), "{log}");
    }
    assert!(reproduction.status().unwrap().iter().all(|status| status.state == JobState::Missing));
    let outcome = reproduction.run_all(2, &|job| spawn(job, out.path(), &[])).unwrap();
    assert_eq!(outcome.finished.len(), 6);
    let log = std::fs::read_to_string(out.path().join("logs").join(format!("{}.log", jobs[0].id))).unwrap();
    assert!(log.contains("continues after round"), "{log}");
    assert_eq!(reproduction.collect().unwrap().papers[0].findings.verdict, Verdict::Supported);
}

#[cfg(unix)]
#[test]
fn children_of_a_killed_parent_save_and_stop() {
    let out = tempfile::tempdir().unwrap();
    let reproduction = reproduction(&COINS, out.path());
    let job = reproduction.jobs().remove(0);
    let mut parent = again("children::parent_process").env(OUT, out.path()).spawn().unwrap();
    wait_until("a checkpoint", || is_on_its_way(out.path(), &job));
    parent.kill().unwrap(); // SIGKILL
    parent.wait().unwrap();
    // The orphan holds the job's lock until it has saved; then the job continues here.
    reproduction.run_job(&job.id).unwrap();
    let steps = Checkpoints::new(out.path().join("scratch").join(&job.id)).steps().unwrap();
    assert!(steps.is_empty(), "scratch is removed with the result; {ROUNDS} rounds are done");
}
