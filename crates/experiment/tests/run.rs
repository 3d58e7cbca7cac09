//! A run directory from its creation to its comparison with another.

use std::fs;
use std::path::Path;

use autodidact_experiment::Error;
use autodidact_experiment::metrics::Metrics;
use autodidact_experiment::run::{Environment, RunDirectory, compare, list_runs, show, table};
use serde_json::json;

fn write_run(path: &Path, learning_rate: f64, steps: u64) -> RunDirectory {
    let run = RunDirectory::create(path).unwrap();
    let config = format!("seed = 7\n\n[optimizer]\nname = \"lars\"\nlearning_rate = {learning_rate}\n");
    run.describe(&config, "autodidact represent train --seed 7", &Environment::capture(2)).unwrap();
    let mut metrics = Metrics::create(&run).unwrap();
    for step in 0..steps {
        metrics.log(
            step,
            &[("loss/total", learning_rate / (step + 1) as f64), ("time/steps_per_second", f64::NAN)],
        );
    }
    metrics.log(steps, &[("eval/top1", 61.25)]);
    run
}

#[test]
fn a_run_explains_itself() {
    // `tests/reference/read_events.py` reads this run with tensorboard.
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("run");
    let _ = fs::remove_dir_all(&path);
    let run = write_run(&path, 0.2, 20);
    let again = RunDirectory::open(&path).unwrap();
    assert!(again.config().unwrap().contains("learning_rate = 0.2"));
    assert_eq!(again.command().unwrap(), "autodidact represent train --seed 7");
    let environment = again.environment().unwrap();
    assert_eq!((environment.threads, environment.version.as_str()), (2, env!("CARGO_PKG_VERSION")));
    assert!(environment.rustc.starts_with("rustc 1."), "{}", environment.rustc);
    assert!(environment.started > 1_700_000_000);

    assert_eq!(again.summary().unwrap(), None);
    run.write_summary(&json!({ "eval/top1": 61.25 })).unwrap();
    assert_eq!(again.summary().unwrap(), Some(json!({ "eval/top1": 61.25 })));
}

#[test]
fn one_process_trains_in_a_run_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let run = write_run(folder.path(), 0.2, 1);
    let held = run.lock().unwrap();
    let error = RunDirectory::open(folder.path()).unwrap().lock().unwrap_err();
    assert!(matches!(error, Error::RunInUse { .. }), "{error}");
    drop(held);
    run.lock().unwrap();
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    // An empty folder is fine.
    let run = write_run(folder.path(), 0.2, 1);
    for taken in [run.path().to_owned(), run.metrics_path()] {
        let error = RunDirectory::create(&taken).unwrap_err();
        assert!(matches!(&error, Error::RunExists { path } if *path == taken), "{error}");
        assert!(error.to_string().contains("--resume"));
    }
    assert_eq!(run.command().unwrap(), "autodidact represent train --seed 7");
}

#[test]
fn a_folder_without_configuration_is_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let error = RunDirectory::open(folder.path()).unwrap_err();
    assert!(matches!(error, Error::NotARun { missing: "config.toml", .. }), "{error}");
}

#[test]
fn runs_are_listed_by_name_with_their_state_and_metrics() {
    let folder = tempfile::tempdir().unwrap();
    write_run(&folder.path().join("b/two"), 0.4, 3).write_summary(&json!({})).unwrap();
    let damaged = write_run(&folder.path().join("a"), 0.2, 5);
    fs::write(damaged.path().join("environment.json"), "{").unwrap();
    fs::create_dir_all(folder.path().join("empty/deep")).unwrap();

    let runs = list_runs(folder.path()).unwrap();
    let names: Vec<_> = runs.iter().map(|run| (run.name.as_str(), run.is_finished, run.step)).collect();
    assert_eq!(names, [("a", false, Some(5)), ("b/two", true, Some(3))]);
    assert_eq!(runs[0].started, None);

    let table = table(&runs, &["eval/top1", "no/such"]);
    assert_eq!(table.columns, ["run", "started", "state", "step", "eval/top1", "no/such"]);
    assert_eq!(table.rows[0], ["a", "", "unfinished", "5", "61.25", ""]);
    assert!(serde_json::to_string(&runs).unwrap().contains("\"time/steps_per_second\":\"NaN\""));
}

#[test]
fn comparison_shows_where_configurations_differ() {
    let folder = tempfile::tempdir().unwrap();
    let runs = [0.2, 0.4].map(|rate| write_run(&folder.path().join(rate.to_string()), rate, 2));
    let comparison = compare(&runs).unwrap();
    assert_eq!(
        comparison.config,
        [("optimizer.learning_rate".to_owned(), vec![Some("0.2".to_owned()), Some("0.4".to_owned())])]
    );
    let loss = comparison.metrics.iter().find(|(name, _)| name == "loss/total").unwrap();
    assert_eq!(loss.1, [Some(0.1), Some(0.2)]);
    let rows = comparison.table().rows;
    assert_eq!(rows[0], ["optimizer.learning_rate", "0.2", "0.4"]);
    assert!(rows.contains(&vec!["eval/top1".to_owned(), "61.25".to_owned(), "61.25".to_owned()]));
}

#[test]
fn a_run_is_shown_with_what_its_metrics_did() {
    let folder = tempfile::tempdir().unwrap();
    let run = write_run(&folder.path().join("run"), 0.2, 4);
    let details = show(&run).unwrap();
    assert_eq!(
        (details.command.as_str(), details.checkpoints.len()),
        ("autodidact represent train --seed 7", 0)
    );
    let rows = details.metrics_table().rows;
    assert_eq!(rows[0], ["eval/top1", "1", "61.25", "61.25", "61.25", "4"]);
    assert_eq!(rows[1], ["loss/total", "4", "0.05", "0.2", "0.05", "3"]);
    assert_eq!(rows[2], ["time/steps_per_second", "4", "NaN", "NaN", "NaN", "3"]);

    fs::remove_file(run.metrics_path()).unwrap();
    assert!(show(&run).unwrap().metrics.is_empty());
}
