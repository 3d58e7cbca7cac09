//! BYOL and `SimCLR` against PyTorch: losses, every gradient by name, and the networks after three updates.
//!
//! `reference/methods.py` wrote the values; weights and pictures are drawn by the same formula on both sides.

#[path = "../../nn/tests/common/mod.rs"]
mod drawn;
mod support;

use std::collections::BTreeMap;

use autodidact_data::loader::Batch;
use autodidact_nn::EmaSchedule;
use autodidact_optim::{OptimizerConfig, TrustRatio};
use autodidact_represent::byol::Byol;
use autodidact_represent::simclr::Simclr;
use autodidact_represent::train::Learner;
use autodidact_represent::{Method, RepresentConfig, TargetConfig};
use burn::tensor::Device;
use drawn::{Differences, fill, norm_config, values};
use serde::Deserialize;
use support::{Tensors, clock, movement, parameters, saved, small, statistics};

type Digests = BTreeMap<String, Vec<f64>>;

#[derive(Deserialize)]
struct Reference {
    side: usize,
    width: usize,
    hidden: usize,
    output: usize,
    classes: usize,
    total_steps: usize,
    learning_rates: Vec<f64>,
    tau_base: f64,
    temperature: f64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    method: Method,
    norm: String,
    optimizer: String,
    batch: usize,
    micro_batch: usize,
    predictor: bool,
    classifier: bool,
    pictures: String,
    losses: Vec<f64>,
    gradients: Digests,
    after_three: BTreeMap<String, Digests>,
    buffers: BTreeMap<String, Digests>,
}

fn config(reference: &Reference, case: &Case, optimizer: OptimizerConfig) -> RepresentConfig {
    let mut config = RepresentConfig {
        method: case.method,
        micro_batch_size: case.micro_batch,
        use_predictor: case.predictor,
        temperature: reference.temperature,
        target: TargetConfig { tau_base: reference.tau_base, schedule: EmaSchedule::Cosine },
        optimizer,
        ..small(case.batch).with_norm(norm_config(&case.norm, 16))
    };
    assert_eq!(config.encoder.width, Some(reference.width));
    for head in [&mut config.projector, &mut config.predictor] {
        assert_eq!((head.hidden_size, head.output_size), (reference.hidden, reference.output));
    }
    config.validate().expect("a valid configuration");
    config
}

fn learner(config: &RepresentConfig, classes: usize, batch: &Batch) -> Box<dyn Learner> {
    let device = Device::flex();
    if config.method == Method::Simclr {
        let mut simclr = Simclr::new(config, classes, &device);
        simclr.network = fill(simclr.network.clone(), "online.");
        return Box::new(simclr);
    }
    let mut byol = Byol::new(config, classes, batch, &device);
    byol.online = fill(byol.online.clone(), "online.");
    byol.target = fill(byol.target.clone(), "target.");
    Box::new(byol)
}

fn compare_all(differences: &mut Differences, what: &str, ours: &Tensors, theirs: &Digests) {
    assert!(ours.keys().eq(theirs.keys()), "{what}: {:?} and {:?}", ours.keys(), theirs.keys());
    for (name, digest) in theirs {
        differences.compare_digest(&format!("{what} {name}"), name, &ours[name], digest);
    }
}

fn check(reference: &Reference, case: &Case) {
    println!("{}", case.name);
    let pixels = case.batch * 3 * reference.side * reference.side;
    let view = |number: usize| values(&format!("{} view {number}", case.pictures), pixels);
    let classes = if case.classifier { reference.classes } else { 0 };
    let batch = support::batch(view(1), view(2), reference.side, reference.classes);
    let mut differences = Differences::default();

    // Without decay the first momentum of SGD is the gradient of what the step minimises.
    let plain = config(reference, case, OptimizerConfig::sgd(0.0));
    let mut measured = learner(&plain, classes, &batch);
    measured.step(&batch, clock(0, 1.0)).unwrap();
    let gradients: Tensors = saved(&*measured, "optimizer")
        .into_iter()
        .map(|(name, values)| (name.trim_start_matches("momentum/").to_owned(), values))
        .collect();
    compare_all(&mut differences, "gradient of", &gradients, &case.gradients);

    let optimizer = match case.optimizer.as_str() {
        "sgd" => OptimizerConfig::sgd(5e-4),
        _ => OptimizerConfig::Lars {
            momentum: 0.9,
            weight_decay: 1e-3,
            eta: 0.02,
            trust: TrustRatio::Official,
        },
    };
    let mut learner = learner(&config(reference, case, optimizer), classes, &batch);
    let start: BTreeMap<&String, Tensors> =
        case.buffers.keys().map(|network| (network, parameters(&saved(&*learner, network)))).collect();
    for (step, (rate, expected)) in reference.learning_rates.iter().zip(&case.losses).enumerate() {
        let clock =
            autodidact_represent::train::Clock { total_steps: reference.total_steps, ..clock(step, *rate) };
        let report = learner.step(&batch, clock).unwrap();
        differences.compare(&format!("loss of step {step}"), &[report.loss() as f32], &[*expected]);
    }
    for (network, digests) in &case.after_three {
        let moved = movement(&parameters(&saved(&*learner, network)), &start[network]);
        compare_all(&mut differences, &format!("movement of {network}"), &moved, digests);
    }
    for (network, digests) in &case.buffers {
        compare_all(&mut differences, network, &statistics(&saved(&*learner, network)), digests);
    }
    differences.finish(&case.name);
}

fn check_named(prefix: &str) {
    let reference: Reference =
        serde_json::from_str(include_str!("reference/methods.json")).expect("valid JSON");
    let mut cases = reference.cases.iter().filter(|case| case.name.starts_with(prefix)).peekable();
    assert!(cases.peek().is_some());
    cases.for_each(|case| check(&reference, case));
}

#[test]
fn byol_with_batch_norm_equals_pytorch() {
    check_named("byol batch norm");
}

#[test]
fn byol_with_group_norm_and_standardised_weights_equals_pytorch() {
    check_named("byol group norm");
}

#[test]
fn byol_without_a_predictor_equals_pytorch() {
    check_named("byol without predictor");
}

#[test]
fn simclr_equals_pytorch() {
    check_named("simclr");
}
