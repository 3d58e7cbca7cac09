//! A run that was killed and continued equals one that was not, to the bit; and what a run refuses to continue with.

mod support;

use std::path::Path;
use std::sync::Arc;

use autodidact_data::procedural::Procedural;
use autodidact_experiment::run::{Environment, RunDirectory};
use autodidact_nn::{NormConfig, PrecisionConfig};
use autodidact_optim::OptimizerConfig;
use autodidact_represent::train::{Outcome, Telling, Trained};
use autodidact_represent::{Error, Method, MonitorConfig, OptimConfig, RepresentConfig, train};
use burn::tensor::Device;
use support::{Damaged, small};

const PICTURES: usize = 24;

/// Three epochs of three steps, a checkpoint every second step.
fn config() -> RepresentConfig {
    let mut config = RepresentConfig {
        epochs: 3,
        warmup_epochs: 1.0,
        base_learning_rate: 0.5,
        log_every: 1,
        checkpoint_every: 2,
        ..small(8)
    };
    config.views.first.size = 8;
    config.views.second.size = 8;
    config
}

fn run_with(
    config: &RepresentConfig,
    run: &RunDirectory,
    pictures: usize,
    tell: &mut dyn FnMut(Telling<'_>),
) -> Result<Outcome, Error> {
    train(config, Arc::new(Procedural::new(1, pictures, 8)), &Device::flex(), 0, run, tell)
}

fn new_run(path: impl AsRef<Path>) -> RunDirectory {
    let run = RunDirectory::create(path.as_ref()).expect("a new run");
    run.describe("", "test", &Environment::capture(1)).expect("writable");
    run
}

fn finished(outcome: Result<Outcome, Error>) -> Trained {
    match outcome.expect("the run goes through") {
        Outcome::Finished(trained) => *trained,
        Outcome::Interrupted { step } => panic!("interrupted at step {step}"),
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a new folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Final checkpoint and metrics, section by section.
fn assert_same(straight: &RunDirectory, resumed: &RunDirectory, what: &str) {
    let [a, b] = [straight, resumed]
        .map(|run| run.checkpoints().latest().expect("readable").expect("saved").checkpoint);
    assert_eq!(a.step(), b.step(), "{what}");
    assert!(a.names().eq(b.names()), "{what}");
    for name in a.names() {
        assert!(
            a.section(name).expect("named") == b.section(name).expect("named"),
            "{what}: section `{name}` differs"
        );
    }
    let [a, b] = [straight, resumed].map(|run| std::fs::read_to_string(run.metrics_path()).expect("metrics"));
    assert_eq!(a, b, "{what}");
}

/// Trains straight through and, from copies of the run as it lay on the disk after steps 3, 5 and 8 (as after a kill:
/// metrics may be ahead of the checkpoint), to the end again.
fn resumes(what: &str, config: &RepresentConfig) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = new_run(folder.path().join("straight"));
    let killed = |step: u64| folder.path().join(format!("killed-{step}"));
    let trained = finished(run_with(config, &run, PICTURES, &mut |telling| {
        if let Telling::Step { step: step @ (3 | 5 | 8), .. } = telling {
            copy(run.path(), &killed(step));
        }
    }));
    assert_eq!(trained.steps, 9);
    for step in [3, 5, 8] {
        let copy = RunDirectory::open(killed(step)).expect("a run");
        let resumed = finished(run_with(config, &copy, PICTURES, &mut |_| ()));
        assert_same(&run, &copy, &format!("{what}, killed at step {step}"));
        assert_eq!(resumed.metrics, trained.metrics);
    }
}

#[test]
fn byol_resumes_to_the_bit() {
    resumes("byol", &config());
    resumes("lars", &RepresentConfig { optimizer: OptimizerConfig::lars(1e-6), ..config() });
    resumes(
        "accumulated",
        &RepresentConfig { micro_batch_size: 4, optimizer: OptimizerConfig::adamw(0.1), ..config() },
    );
    resumes("bf16", &RepresentConfig { precision: PrecisionConfig::Bf16, ..config() });
}

#[test]
fn byol_without_batch_statistics_resumes_to_the_bit() {
    resumes("group norm", &config().with_norm(NormConfig::GROUP));
    resumes("initialised as batch norm", &RepresentConfig { initialise_as_batch_norm: true, ..config() });
}

#[test]
fn the_baselines_resume_to_the_bit() {
    resumes("simclr", &RepresentConfig { method: Method::Simclr, ..config() });
    resumes("supervised", &RepresentConfig { method: Method::Supervised, ..config() });
}

/// Their state is part of the checkpoint, as is the eigenvector that readings of the sharpness start from.
#[test]
fn tuners_resume_to_the_bit() {
    for text in [
        r#"{"kind": "cdat"}"#,
        r#"{"kind": "armijo"}"#,
        r#"{"kind": "hypergradient"}"#,
        r#"{"kind": "schedule-free", "learning_rate": 0.1}"#,
        r#"{"kind": "prodigy"}"#,
    ] {
        let tuner = serde_json::from_str(text).expect(text);
        let (optim, monitor) = (OptimConfig { tuner }, MonitorConfig { sharpness: 2 });
        resumes(text, &RepresentConfig { optim, monitor, ..config() });
    }
}

#[test]
fn a_finished_run_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = new_run(folder.path().join("run"));
    finished(run_with(&config(), &run, PICTURES, &mut |_| ()));
    let copied = folder.path().join("copy");
    copy(run.path(), &copied);
    let mut steps = 0;
    let trained = finished(run_with(&config(), &run, PICTURES, &mut |telling| {
        steps += usize::from(matches!(telling, Telling::Step { .. }));
    }));
    assert_eq!((steps, trained.steps), (0, 9));
    let told: Vec<&str> = trained.metrics.iter().map(|(name, _)| name.as_str()).collect();
    assert!(told.contains(&"loss/total") && told.contains(&"projection/spread"), "{told:?}");
    assert_same(&RunDirectory::open(copied).expect("a run"), &run, "finished twice");
}

/// What was skipped before a run was continued is told at its end all the same.
#[test]
fn skipped_pictures_are_remembered() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let damaged = || {
        let (pictures, broken) = (Procedural::new(1, PICTURES, 8), vec![3, 17]);
        Arc::new(Damaged { pictures, broken })
    };
    let run = new_run(folder.path().join("run"));
    let straight = finished(train(&config(), damaged(), &Device::flex(), 0, &run, &mut |_| ()));
    let indices: Vec<usize> = straight.skipped.iter().map(|picture| picture.index).collect();
    assert_eq!(indices, [3, 17]);
    let again = finished(train(&config(), damaged(), &Device::flex(), 0, &run, &mut |_| ()));
    assert_eq!(again.skipped, straight.skipped);
}

#[test]
fn two_trainings_do_not_share_a_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = new_run(folder.path().join("run"));
    let held = run.lock().expect("nobody else");
    let error = run_with(&config(), &run, PICTURES, &mut |_| ()).expect_err("in use");
    assert!(error.to_string().contains("in use"), "{error}");
    drop(held);
    finished(run_with(&config(), &run, PICTURES, &mut |_| ()));
}

#[test]
fn the_number_of_loading_threads_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runs = [0, 3].map(|threads| {
        let run = new_run(folder.path().join(threads.to_string()));
        let dataset = Arc::new(Procedural::new(1, PICTURES, 8));
        finished(train(&config(), dataset, &Device::flex(), threads, &run, &mut |_| ()));
        run
    });
    assert_same(&runs[0], &runs[1], "threads");
}

#[test]
fn another_configuration_is_refused_with_the_field_that_differs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = new_run(folder.path().join("run"));
    finished(run_with(&config(), &run, PICTURES, &mut |_| ()));
    let before = std::fs::read(run.metrics_path()).expect("metrics");

    let mut nested = config();
    nested.target.tau_base = 0.5;
    let mut wider = config();
    wider.encoder.width = Some(16);
    let mut unset = config();
    unset.encoder.width = None;
    for (field, other) in [
        ("base_learning_rate", RepresentConfig { base_learning_rate: 0.25, ..config() }),
        ("seed", RepresentConfig { seed: 2, ..config() }),
        ("target.tau_base", nested),
        ("encoder.width", wider),
        ("encoder.width", unset),
        ("optimizer.kind", RepresentConfig { optimizer: OptimizerConfig::lars(0.0), ..config() }),
    ] {
        let error = run_with(&other, &run, PICTURES, &mut |_| ()).expect_err("another configuration");
        assert!(matches!(error, Error::ForeignCheckpoint { .. }), "{error}");
        assert!(error.to_string().contains(&format!("`{field}`")), "{field}: {error}");
    }
    let error = run_with(&config(), &run, PICTURES + 8, &mut |_| ()).expect_err("other data");
    assert!(error.to_string().contains("24 pictures") && error.to_string().contains("32"), "{error}");
    let others = Arc::new(Procedural::range(1, 100..100 + PICTURES as u64, 8));
    let error = train(&config(), others, &Device::flex(), 0, &run, &mut |_| ()).expect_err("other data");
    assert!(error.to_string().contains("as many pictures, but others"), "{error}");
    assert_eq!(std::fs::read(run.metrics_path()).expect("metrics"), before, "a refused run is not touched");
}
/// The stored run did not set an optional field that the present configuration sets.
#[test]
fn a_field_that_only_the_new_configuration_sets_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = new_run(folder.path().join("run"));
    let mut unset = RepresentConfig { epochs: 1, ..config() };
    unset.encoder.width = None;
    finished(run_with(&unset, &run, PICTURES, &mut |_| ()));
    let mut set = unset;
    set.encoder.width = Some(8);
    let error = run_with(&set, &run, PICTURES, &mut |_| ()).expect_err("another configuration");
    assert!(error.to_string().contains("`encoder.width`"), "{error}");
}

#[test]
fn a_random_encoder_is_not_trained() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = new_run(folder.path().join("run"));
    let config = RepresentConfig { method: Method::Random, ..config() };
    let trained = finished(run_with(&config, &run, PICTURES, &mut |_| ()));
    let drawn = autodidact_represent::byol::OnlineNetwork::new(&config, 10, &Device::flex()).encoder;
    let [found, expected] = [trained.encoder, drawn].map(|encoder| {
        let weights = autodidact_nn::state::parameters(&encoder);
        weights.into_values().map(|tensor| autodidact_nn::state::to_vec(tensor.values)).collect::<Vec<_>>()
    });
    assert_eq!(found, expected);
}
