//! Methods whose learning rate a tuner finds.

mod support;

use std::sync::Arc;

use autodidact_data::loader::Batch;
use autodidact_data::procedural::Procedural;
use autodidact_experiment::metrics::read_metrics;
use autodidact_experiment::run::{Environment, RunDirectory};
use autodidact_optim::tuner::CdatConfig;
use autodidact_optim::{OptimizerConfig, TunerConfig};
use autodidact_represent::byol::Byol;
use autodidact_represent::simclr::Simclr;
use autodidact_represent::supervised::Supervised;
use autodidact_represent::train::{Learner, Outcome, StepReport};
use autodidact_represent::{Method, MonitorConfig, OptimConfig, RepresentConfig, TrainedEncoder, train};
use burn::tensor::Device;
use support::{clock, saved, small};

const EDGE: OptimConfig = OptimConfig {
    tuner: TunerConfig::Cdat(CdatConfig { sigma: 1.0, beta: 0.0, epsilon: 0.0, max_learning_rate: None }),
};

/// Sixteen pictures of side 8 in two views.
fn batch() -> Batch {
    let view =
        |shift: usize| (0..16 * 3 * 64).map(|index| ((index * 7 + shift) as f32 * 0.37).sin()).collect();
    support::batch(view(0), view(5), 8, 10)
}

fn learner(config: &RepresentConfig, batch: &Batch) -> Box<dyn Learner> {
    let device = Device::flex();
    match config.method {
        Method::Simclr => Box::new(Simclr::new(config, 0, &device)),
        Method::Supervised => Box::new(Supervised::new(config, 10, &device)),
        _ => Box::new(Byol::new(config, 10, batch, &device)),
    }
}

fn stepped(config: &RepresentConfig, rate: f64) -> (Box<dyn Learner>, StepReport) {
    config.validate().expect("a valid configuration");
    let batch = batch();
    let mut learner = learner(config, &batch);
    let report = learner.step(&batch, clock(0, rate)).expect("a step");
    (learner, report)
}

/// A tuner looks at the loss elsewhere; what is left of that is the learning rate alone: the same step at that rate without a
/// tuner ends at the same weights, running statistics included.
#[test]
fn a_tuned_step_is_a_step_of_its_rate() {
    for method in [Method::Byol, Method::Simclr, Method::Supervised] {
        for optimizer in
            [OptimizerConfig::sgd(1e-4), OptimizerConfig::lars(1e-6), OptimizerConfig::adamw(1e-2)]
        {
            for micro_batch_size in [0, 8] {
                let plain =
                    RepresentConfig { method, optimizer, micro_batch_size, clip_norm: 0.5, ..small(16) };
                let monitor = MonitorConfig { sharpness: 1 };
                let (tuned, report) =
                    stepped(&RepresentConfig { optim: EDGE, monitor, ..plain.clone() }, 0.0);
                let rate = report.learning_rate;
                assert!(rate > 0.0 && rate.is_finite(), "{method:?}: {rate}");
                let read = report.sharpness();
                // No edge is known for LARS.
                let expected = if matches!(optimizer, OptimizerConfig::Lars { .. }) { 1 } else { 2 };
                assert!(read.len() == expected && read.iter().all(|(_, value)| *value > 0.0), "{read:?}");
                let (straight, _) = stepped(&plain, rate);
                let (tuned, straight) = (saved(&*tuned, "online"), saved(&*straight, "online"));
                assert_eq!(tuned.keys().collect::<Vec<_>>(), straight.keys().collect::<Vec<_>>());
                for (name, values) in &tuned {
                    for (a, b) in values.iter().zip(&straight[name]) {
                        let is_statistic = name.contains("running");
                        let near =
                            if is_statistic { a == b } else { (a - b).abs() <= 1e-5 * (1.0 + b.abs()) };
                        assert!(near, "{method:?} {optimizer:?} {name}: {a} and {b}");
                    }
                }
            }
        }
    }
}

/// The online probe watches: it does not change what a tuner chooses.
#[test]
fn the_probe_has_no_say() {
    let config = RepresentConfig { optim: EDGE, ..small(16) };
    let batch = batch();
    let device = Device::flex();
    let rates = [0, 10].map(|classes| {
        let mut byol = Byol::new(&config, classes, &batch, &device);
        byol.step(&batch, clock(0, 0.0)).expect("a step").learning_rate
    });
    assert!((rates[0] - rates[1]).abs() < 1e-4 * rates[0], "{rates:?}");
}

fn run(config: &RepresentConfig, folder: &std::path::Path) -> RunDirectory {
    let run = RunDirectory::create(folder).expect("a new run");
    run.describe(&toml::to_string(config).expect("plain data"), "test", &Environment::capture(1))
        .expect("writable");
    let pictures = Arc::new(Procedural::new(1, 32, 8));
    let outcome = train(config, pictures, &Device::flex(), 0, &run, &mut |_| ()).expect("a run");
    assert!(matches!(outcome, Outcome::Finished(_)));
    run
}

fn short() -> RepresentConfig {
    let mut config = RepresentConfig { epochs: 3, log_every: 3, warmup_epochs: 0.0, ..small(8) };
    config.views.first.size = 8;
    config.views.second.size = 8;
    config
}

#[test]
fn metrics_say_the_rate_and_the_sharpness() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let monitor = MonitorConfig { sharpness: 4 };
    let config = RepresentConfig { optim: EDGE, monitor, ..short() };
    let run = run(&config, &folder.path().join("run"));
    let metrics = read_metrics(&run.metrics_path()).expect("metrics");
    let steps = |name: &str| -> Vec<u64> {
        metrics.iter().filter(|record| record.get(name).is_some()).map(|record| record.step).collect()
    };
    assert_eq!(steps("optimizer/learning_rate"), [3, 6, 9, 12]);
    assert_eq!(steps("optimizer/capped"), [3, 6, 9, 12]);
    assert_eq!(steps("sharpness/value"), [4, 8, 12]);
    assert!(steps("sharpness/over_edge") == steps("sharpness/value"));
}

/// What a run is used for afterwards is the average, not the weights that gradients are taken at.
#[test]
fn schedule_free_runs_are_used_by_their_average() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tuner = TunerConfig::ScheduleFree { learning_rate: 0.5, beta: 0.9, warmup_steps: 0 };
    let optimizer = OptimizerConfig::GRADIENT_DESCENT;
    let config = RepresentConfig { optim: OptimConfig { tuner }, optimizer, ..short() };
    let run = run(&config, &folder.path().join("run"));
    let trained = TrainedEncoder::from_run(&run, &Device::flex()).expect("a trained encoder");
    let checkpoint = run.checkpoints().latest().expect("readable").expect("saved").checkpoint;
    let section = |name: &str| {
        let tensors =
            autodidact_nn::safetensors::decode(checkpoint.section(name).expect("saved"), &Device::flex());
        let tensors = tensors.expect("tensors");
        autodidact_nn::state::to_vec(tensors["encoder.stem.layer.conv.weight"].values.clone())
    };
    let used = autodidact_nn::state::parameters(&trained.encoder);
    let used = autodidact_nn::state::to_vec(used["stem.layer.conv.weight"].values.clone());
    assert_eq!(used, section("averaged"));
    assert_ne!(used, section("online"));
}

/// A rate that throws the weights out of the numbers ends the run, also at its last step and under the monitor.
#[test]
fn a_rate_that_is_no_number_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (index, sharpness) in [0, 1, 2].into_iter().enumerate() {
        for epochs in [1, 2] {
            let cdat = CdatConfig { sigma: 1e300, ..CdatConfig::default() };
            let optim = OptimConfig { tuner: TunerConfig::Cdat(cdat) };
            let config = RepresentConfig { epochs, optim, monitor: MonitorConfig { sharpness }, ..short() };
            let run =
                RunDirectory::create(folder.path().join(format!("{index}-{epochs}"))).expect("a new run");
            run.describe("", "test", &Environment::capture(1)).expect("writable");
            let pictures = Arc::new(Procedural::new(1, 8, 8));
            let error =
                train(&config, pictures, &Device::flex(), 0, &run, &mut |_| ()).expect_err("diverged");
            assert!(matches!(error, autodidact_represent::Error::Diverged { step: 1, .. }), "{error}");
        }
    }
}
