//! The list of jobs, and jobs for real that are small.

use autodidact_experiment::reproduction::{Claim, Job, JobContext, Plan, Scale};
use serde_json::{Value, json};

use crate::Cdat;
use crate::cdat::measured::Run;
use crate::cdat::task::digits;

#[test]
fn jobs_are_listed_alike_each_time_and_are_those_of_the_scale() {
    let ids = |scale| Cdat.jobs(&Plan::new(scale)).into_iter().map(|job| job.id).collect::<Vec<_>>();
    assert_eq!(ids(Scale::Quick), ids(Scale::Quick));
    // Three tasks of six families and the sharpness on B; two seeds.
    assert_eq!(ids(Scale::Quick).len(), 2 * 19);
    // Four tasks, and five batch sizes of two β; three seeds.
    assert_eq!(ids(Scale::Standard).len(), 3 * (25 + 10));
    assert_eq!(ids(Scale::Standard)[0], "cdat/standard/a-constant/seed-1");
    let hashes = |plan: &Plan| Cdat.jobs(plan).iter().map(Job::hash).collect::<Vec<_>>();
    assert_ne!(hashes(&Plan::new(Scale::Standard)), hashes(&Plan::new(Scale::Full)));
}

/// A quick job of so many samples and steps.
fn small(arm: &str, change: impl FnOnce(&mut Value)) -> Job {
    let jobs = Cdat.jobs(&Plan::new(Scale::Quick));
    let mut job = jobs.into_iter().find(|job| job.arm == arm).expect("there is such an arm");
    for (key, value) in [("samples", json!(48)), ("steps", json!(30)), ("every", json!(5))] {
        job.description[key] = value;
    }
    change(&mut job.description);
    job
}

/// Trains in a folder, without the seconds, which differ from run to run.
fn runs(job: &Job, scratch: &std::path::Path) -> Vec<Run> {
    let result = Cdat.run(job, &JobContext::new(scratch, &Plan::new(Scale::Quick))).expect("the job runs");
    let mut runs: Vec<Run> = serde_json::from_value(result).expect("runs");
    for run in &mut runs {
        run.seconds = 0.0;
        run.curve.iter_mut().for_each(|point| point.seconds = 0.0);
    }
    runs
}

#[test]
fn a_small_job_learns_the_same_twice_and_continues_after_a_kill() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let job = small("b-cdat", |_| ());
    let (first, again) = (folder.path().join("first"), folder.path().join("again"));
    let expected = runs(&job, &first);
    assert_eq!(expected.len(), 6);
    assert_eq!(expected, runs(&job, &again));
    // As a kill leaves it: some settings are done, the others are not.
    for part in [1, 4, 5] {
        std::fs::remove_file(first.join(format!("part-{part}.json"))).expect("it was kept");
    }
    assert_eq!(expected, runs(&job, &first));

    let greedy = &expected[0];
    assert!(greedy.last.expect("it does not diverge") < 0.9 * greedy.curve[0].loss, "{greedy:?}");
    assert_eq!((greedy.steps, greedy.curve.len(), greedy.sharpness.len()), (30, 30, 6));
    assert!(greedy.greedy_ahead.expect("it is compared") > 0.5 && expected[1].greedy_ahead.is_none());
    assert!(greedy.early.is_none(), "30 steps are not 1500");
}

/// Far above the edge of stability the squared loss grows a thousandfold in a step.
#[test]
fn divergence_is_a_result() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let job = small("b-constant", |description| {
        description["settings"] = json!([
            { "name": "small", "tuner": { "kind": "constant", "learning_rate": 0.01 } },
            { "name": "huge", "tuner": { "kind": "constant", "learning_rate": 1e6 } },
        ]);
    });
    let runs = runs(&job, folder.path());
    assert!(runs[0].last.is_some() && runs[0].diverged_at.is_none());
    assert_eq!((runs[1].last, runs[1].diverged_at), (None, Some(1)));
}

#[test]
fn a_small_mini_batch_job_runs() {
    let plan = Plan::new(Scale::Standard);
    let jobs = Cdat.jobs(&plan);
    let mut job = jobs.into_iter().find(|job| job.arm == "batch-64-averaged").expect("there is such an arm");
    job.description["pictures"] = Cdat.jobs(&Plan::new(Scale::Quick))[0].description["pictures"].clone();
    for (key, value) in
        [("samples", json!(100)), ("batch", json!(32)), ("epochs", json!(4)), ("sigmas", json!([1.0, 1e9]))]
    {
        job.description[key] = value;
    }
    let folder = tempfile::tempdir().expect("a scratch folder");
    let result = Cdat.run(&job, &JobContext::new(folder.path(), &plan)).expect("the job runs");
    assert_eq!(result[0]["steps"], 16, "{result}");
    assert!(result[0]["ratio"].as_f64().expect("it does not diverge") < 1.0, "{result}");
    assert!(result[1]["ratio"].is_null(), "{result}");
}

/// MNIST is taken from a folder of that name in or beside the data, and only there.
#[test]
fn digits_are_found_in_or_beside_the_data() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let data = folder.path().join("pictures");
    std::fs::create_dir_all(&data).expect("writable");
    let plan = Plan { data: Some(data.clone()), ..Plan::new(Scale::Standard) };
    assert_eq!(digits(&plan), None);
    assert!(Cdat.data(&plan).contains("drawn pictures in grey"));
    let place = |mnist: &std::path::Path| {
        std::fs::create_dir_all(mnist).expect("writable");
        std::fs::write(mnist.join("train-images-idx3-ubyte"), []).expect("writable");
    };
    let beside = folder.path().canonicalize().expect("it is there").join("mnist");
    place(&beside);
    assert_eq!(digits(&plan), Some(beside));
    place(&data.join("mnist"));
    assert_eq!(digits(&plan), Some(data.join("mnist")));
}

/// Beside a link too, whatever lies where it leads.
#[cfg(unix)]
#[test]
fn digits_beside_a_link_are_found() {
    let [there, here] = [(); 2].map(|()| tempfile::tempdir().expect("a scratch folder"));
    let link = here.path().join("pictures");
    std::fs::create_dir(there.path().join("pictures")).expect("writable");
    std::os::unix::fs::symlink(there.path().join("pictures"), &link).expect("a link");
    let plan = Plan { data: Some(link), ..Plan::new(Scale::Standard) };
    assert_eq!(digits(&plan), None);
    let beside = here.path().join("mnist");
    std::fs::create_dir(&beside).expect("writable");
    std::fs::write(beside.join("train-images-idx3-ubyte"), []).expect("writable");
    assert_eq!(digits(&plan), Some(beside));
}
