//! Tuners against the values of `reference/tuners.py`: jax, optax and the authors' packages on one logistic regression.

mod common;

use autodidact_nn::TensorMap;
use autodidact_optim::tuner::{ArmijoConfig, CdatConfig};
use autodidact_optim::{Landscape, OptimizerConfig, Point, Result, Tuned, TunerConfig};
use burn::tensor::{DType, Device, Tensor};
use common::{number, quadratic, vector};
use serde_json::Value;

const ROWS: usize = 12;
const COLUMNS: usize = 5;
const RIDGE: f64 = 0.5;

/// The regression of the script, with its exact curvature.
struct Regression {
    /// `y_i a_i`, `[rows, columns]`.
    signed: Tensor<2>,
    /// Gradients that were asked for.
    gradients: usize,
}

impl Regression {
    fn new() -> Self {
        let entries: Vec<f64> = (0..ROWS)
            .flat_map(|i| {
                let y = (7.0 * i as f64).cos().signum();
                (0..COLUMNS)
                    .map(move |j| y * (3.0 * i as f64 + 5.0 * j as f64 + 1.0).sin() * (1.0 + j as f64))
            })
            .collect();
        let signed = Tensor::<1>::from_data(entries.as_slice(), (&Device::flex(), DType::F64));
        Self { signed: signed.reshape([ROWS, COLUMNS]), gradients: 0 }
    }

    fn start() -> TensorMap {
        vector(&(0..COLUMNS).map(|j| 0.1 * (j as f64).cos()).collect::<Vec<_>>())
    }

    fn scores(&self, w: &TensorMap) -> Tensor<1> {
        let w = w["w"].values.clone().reshape([COLUMNS, 1]);
        self.signed.clone().matmul(w).reshape([ROWS])
    }
}

/// `1 / (1 + exp(z))`
fn doubt(scores: Tensor<1>) -> Tensor<1> {
    scores.exp().add_scalar(1.0).recip()
}

impl Landscape for Regression {
    fn gradient(&mut self, w: &TensorMap) -> Result<(f64, TensorMap)> {
        self.gradients += 1;
        let scores = self.scores(w);
        let values = w["w"].values.clone();
        let value = number(scores.clone().neg().exp().add_scalar(1.0).log().mean())
            + 0.5 * RIDGE * number(values.clone().square().sum());
        let pull = doubt(scores).reshape([1, ROWS]).matmul(self.signed.clone()).reshape([COLUMNS]);
        let gradient = pull.div_scalar(-(ROWS as f64)) + values.mul_scalar(RIDGE);
        Ok((value, common::named(gradient)))
    }

    fn curvature(&mut self, at: &Point<'_>) -> Result<f64> {
        let doubt = doubt(self.scores(at.w));
        let moves = self.scores(at.u).square();
        let bend = number((doubt.clone() * doubt.neg().add_scalar(1.0) * moves).mean());
        Ok(bend + RIDGE * number(at.u["w"].values.clone().square().sum()))
    }
}

/// What a tuner makes of twenty steps.
struct Run {
    rates: Vec<f64>,
    losses: Vec<f64>,
    averaged: Vec<f64>,
    gradients: usize,
}

fn run(rule: OptimizerConfig, tuner: TunerConfig) -> Run {
    tuner.validate().expect("constants in range");
    let mut regression = Regression::new();
    let mut optimizer = Tuned::new(rule, vec![], tuner);
    let mut w = Regression::start();
    let mut run = Run { rates: vec![], losses: vec![], averaged: vec![], gradients: 0 };
    for _ in 0..20 {
        let (value, gradient) = regression.gradient(&w).expect("the weights fit");
        regression.gradients -= 1;
        let step =
            optimizer.step(f64::NAN, &w, (value, &gradient), &gradient, &mut regression).expect("a step");
        w = step.weights;
        run.rates.push(step.chosen.learning_rate);
        run.losses.push(value);
        let gradients = regression.gradients;
        run.averaged.push(
            regression.gradient(&optimizer.averaged(&w).unwrap_or(w.clone())).expect("the weights fit").0,
        );
        regression.gradients = gradients;
    }
    run.gradients = regression.gradients;
    run
}

fn reference(name: &str, field: &str) -> Vec<f64> {
    let all: Value = serde_json::from_str(include_str!("reference/tuners.json")).expect("valid JSON");
    serde_json::from_value(all["found"][name][field].clone()).expect("numbers")
}

fn assert_near(name: &str, ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for (step, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs(), "{name}, step {step}: {a} and {b}");
    }
}

const MOMENTUM: OptimizerConfig = OptimizerConfig::Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.0 };

fn bases() -> [(&'static str, OptimizerConfig); 6] {
    [
        ("gradient-descent", OptimizerConfig::GRADIENT_DESCENT),
        ("momentum", MOMENTUM),
        ("nesterov", OptimizerConfig::Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.0 }),
        ("rmsprop", OptimizerConfig::RmsProp { decay: 0.999, epsilon: 1e-8, weight_decay: 0.0 }),
        ("adam", OptimizerConfig::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }),
        ("adamw", OptimizerConfig::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.1 }),
    ]
}

#[test]
fn cdat_on_every_base_rule() {
    for (base, rule) in bases() {
        for (name, config) in [
            (format!("cdat-{base}"), CdatConfig::full_batch(1.5)),
            (format!("cdat-averaged-{base}"), CdatConfig { beta: 0.5, sigma: 1.2, ..CdatConfig::default() }),
        ] {
            let run = run(rule, TunerConfig::Cdat(config));
            assert_near(&name, &run.rates, &reference(&name, "rates"), 1e-8);
            assert_near(&name, &run.losses, &reference(&name, "losses"), 1e-8);
        }
    }
}

#[test]
fn rivals_are_their_authors() {
    let adaptive = OptimizerConfig::AdamW { beta1: 0.0, beta2: 0.0, epsilon: 1e-30, weight_decay: 0.0 };
    let line_search = ArmijoConfig { decrease: 0.5, ..ArmijoConfig::default() };
    let descent = OptimizerConfig::GRADIENT_DESCENT;
    let cases = [
        ("hypergradient", MOMENTUM, TunerConfig::Hypergradient { initial: 0.1, beta: 0.3 }),
        ("sharpness", descent, TunerConfig::Sharpness { sigma: 1.0, iterations: 1000, tolerance: 1e-14 }),
        ("backtracking", descent, TunerConfig::Armijo(line_search)),
        ("polyak", descent, TunerConfig::Polyak { lower_bound: 0.0, max_learning_rate: 0.5 }),
        ("dog", descent, TunerConfig::Dog { initial: 1e-2 }),
        ("prodigy", adaptive, TunerConfig::Prodigy { initial: 1e-3, beta3: 0.95 }),
        // The cap of the package is for steps along the average, which is a tenth of the momentum.
        ("momo", MOMENTUM, TunerConfig::Momo { lower_bound: 0.0, max_learning_rate: 0.2, beta: 0.9 }),
        (
            "schedule-free",
            descent,
            TunerConfig::ScheduleFree { learning_rate: 0.5, beta: 0.9, warmup_steps: 5 },
        ),
    ];
    for (name, rule, tuner) in cases {
        let run = run(rule, tuner);
        let tolerance = match name {
            // Power iteration stops somewhere.
            "sharpness" => 1e-6,
            // The package keeps the average of g·w in f32.
            "momo" => 1e-5,
            _ => 1e-8,
        };
        assert_near(name, &run.losses, &reference(name, "losses"), tolerance);
        if name == "schedule-free" {
            assert_near("the average", &run.averaged, &reference(name, "averaged"), tolerance);
        }
        if name == "hypergradient" || name == "sharpness" {
            assert_near(name, &run.rates, &reference(name, "rates"), tolerance);
        }
    }
}

/// The examples in optax's documentation: `Σ x²` from (1, 2, 3).
#[test]
fn optax_examples() {
    let steps = |tuner| {
        let mut loss = quadratic(&[2.0, 2.0, 2.0]);
        let mut optimizer = Tuned::new(OptimizerConfig::GRADIENT_DESCENT, vec![], tuner);
        let mut w = vector(&[1.0, 2.0, 3.0]);
        let mut values = vec![];
        for _ in 0..6 {
            let (value, gradient) = loss(&w).expect("a value");
            values.push(value);
            w = optimizer.step(0.0, &w, (value, &gradient), &gradient, &mut loss).expect("a step").weights;
        }
        values.push(loss(&w).expect("a value").0);
        values
    };
    let polyak = steps(TunerConfig::Polyak { lower_bound: 0.0, max_learning_rate: 1.0 });
    assert_near(
        "Polyak",
        &polyak,
        &[14.0, 3.5, 0.875, 0.21875, 0.0546875, 0.013_671_875, 0.003_417_968_75],
        1e-12,
    );
    let search = ArmijoConfig { increase: 1.5, ..ArmijoConfig::default() };
    let found = steps(TunerConfig::Armijo(search));
    assert_near("backtracking", &found[..6], &[14.0, 5.04, 1.81, 0.653, 0.235, 0.0847], 5e-3);
}

/// The sheet's quadratic: H = diag(10, 1), w = (1, 1), so that n = 101 and d = 1001.
#[test]
fn cdat_on_a_quadratic() {
    for (sigma, rule) in
        [(1.0, TunerConfig::QuadraticallyGreedy), (2.0, TunerConfig::Cdat(CdatConfig::default()))]
    {
        let mut loss = quadratic(&[10.0, 1.0]);
        let w = vector(&[1.0, 1.0]);
        let (value, gradient) = loss(&w).expect("a value");
        let mut optimizer = Tuned::new(OptimizerConfig::GRADIENT_DESCENT, vec![], rule);
        let step = optimizer.step(0.0, &w, (value, &gradient), &gradient, &mut loss).expect("a step");
        let rate = step.chosen.learning_rate;
        assert!((rate - sigma * 101.0 / 1001.0).abs() < 1e-8, "{rate}");
    }
}

#[test]
fn what_a_step_costs() {
    let descent = OptimizerConfig::GRADIENT_DESCENT;
    let gradients = |tuner| run(descent, tuner).gradients;
    assert_eq!(gradients(TunerConfig::Cdat(CdatConfig::default())), 0, "curvature is known exactly");
    assert_eq!(gradients(TunerConfig::Hypergradient { initial: 0.1, beta: 0.3 }), 0);
    assert_eq!(gradients(TunerConfig::Dog { initial: 1e-2 }), 0);
    assert!(gradients(TunerConfig::Armijo(ArmijoConfig::default())) >= 20);
}

/// One of each kind.
fn every_tuner() -> Vec<TunerConfig> {
    let kinds = [
        r#"{"kind": "constant", "learning_rate": 0.1}"#,
        r#"{"kind": "warmup", "peak": 0.2, "warmup_steps": 5, "total_steps": 20, "decay": "linear"}"#,
        r#"{"kind": "cdat", "sigma": 1.2}"#,
        r#"{"kind": "quadratically-greedy"}"#,
        r#"{"kind": "armijo"}"#,
        r#"{"kind": "polyak"}"#,
        r#"{"kind": "hypergradient"}"#,
        r#"{"kind": "sharpness", "sigma": 1.0, "iterations": 5}"#,
        r#"{"kind": "schedule-free", "learning_rate": 0.1}"#,
        r#"{"kind": "prodigy"}"#,
        r#"{"kind": "dog"}"#,
        r#"{"kind": "momo"}"#,
    ];
    kinds.map(|text| serde_json::from_str(text).expect(text)).to_vec()
}

#[test]
fn a_stored_state_goes_on_to_the_bit() {
    for (base, rule) in bases() {
        for tuner in every_tuner() {
            let mut regression = Regression::new();
            let mut optimizer = Tuned::new(rule, vec![], tuner);
            let mut w = Regression::start();
            let mut advance = |optimizer: &mut Tuned, w: &TensorMap| {
                let (value, gradient) = regression.gradient(w).expect("the weights fit");
                optimizer
                    .step(0.0, w, (value, &gradient), &gradient, &mut regression)
                    .expect("a step")
                    .weights
            };
            for _ in 0..6 {
                w = advance(&mut optimizer, &w);
            }
            let mut resumed = Tuned::new(rule, vec![], tuner);
            let steps = optimizer.optimizer().steps();
            resumed
                .load(&optimizer.optimizer().state(), steps, optimizer.tuner_state())
                .expect("its own state");
            let mut there = w.clone();
            for _ in 0..6 {
                w = advance(&mut optimizer, &w);
                there = advance(&mut resumed, &there);
            }
            assert_eq!(w["w"].values.to_data(), there["w"].values.to_data(), "{tuner:?} on {base}");
        }
    }
}

#[test]
fn a_foreign_state_is_refused() {
    let momo = TunerConfig::Momo { lower_bound: 0.0, max_learning_rate: 1.0, beta: 0.9 };
    let state = || momo.init().expect("a tuner").state();
    for tuner in every_tuner().into_iter().filter(|tuner| !matches!(tuner, TunerConfig::Momo { .. })) {
        assert!(tuner.init().expect("a tuner").load(state()).is_err(), "{tuner:?}");
    }
}

/// Where the update is c times as long, the rate is a c-th: the steps are the same.
#[test]
fn the_length_of_the_update_does_not_matter_to_rules_of_curvature() {
    let mut regression = Regression::new();
    let w = Regression::start();
    let (value, gradient) = regression.gradient(&w).expect("the weights fit");
    let mut rate = |tuner: TunerConfig, factor: f64| {
        let u = common::named(gradient["w"].values.clone().mul_scalar(-factor));
        let at = Point { w: &w, value, gradient: &gradient, u: &u, is_adaptive: false };
        let mut tuner = tuner.init().expect("a tuner");
        tuner.learning_rate(&at, &mut regression).expect("a rate").learning_rate
    };
    let curvature = [
        TunerConfig::Cdat(CdatConfig::default()),
        TunerConfig::QuadraticallyGreedy,
        TunerConfig::Momo { lower_bound: 0.0, max_learning_rate: f64::MAX, beta: 0.9 },
    ];
    for tuner in curvature {
        let (one, eight) = (rate(tuner, 1.0), rate(tuner, 8.0));
        assert!((one / eight - 8.0).abs() < 1e-9, "{tuner:?}: {one} and {eight}");
    }
    // Those that look at the gradient alone do not see the update.
    for tuner in [
        TunerConfig::Polyak { lower_bound: 0.0, max_learning_rate: f64::MAX },
        TunerConfig::Dog { initial: 1e-3 },
        TunerConfig::Sharpness { sigma: 2.0, iterations: 1000, tolerance: 1e-12 },
    ] {
        let (one, eight) = (rate(tuner, 1.0), rate(tuner, 8.0));
        assert!((one / eight - 1.0).abs() < 1e-9, "{tuner:?}: {one} and {eight}");
    }
}

#[test]
fn a_cap_says_that_it_holds() {
    let cap = CdatConfig { max_learning_rate: Some(0.05), ..CdatConfig::full_batch(2.0) };
    let mut loss = quadratic(&[10.0, 1.0]);
    let w = vector(&[1.0, 1.0]);
    let (value, gradient) = loss(&w).expect("a value");
    let mut optimizer = Tuned::new(OptimizerConfig::GRADIENT_DESCENT, vec![], TunerConfig::Cdat(cap));
    let step = optimizer.step(0.0, &w, (value, &gradient), &gradient, &mut loss).expect("a step");
    assert!(step.chosen.is_capped && step.chosen.learning_rate == 0.05);
}

#[test]
fn where_nothing_descends_nothing_moves() {
    let mut loss = quadratic(&[10.0, 1.0]);
    let w = vector(&[1.0, 1.0]);
    let (value, gradient) = loss(&w).expect("a value");
    for tuner in [TunerConfig::Cdat(CdatConfig::default()), TunerConfig::Armijo(ArmijoConfig::default())] {
        // Uphill.
        let at = Point { w: &w, value, gradient: &gradient, u: &gradient, is_adaptive: false };
        let mut tuner = tuner.init().expect("a tuner");
        assert_eq!(tuner.learning_rate(&at, &mut loss).expect("a rate").learning_rate, 0.0);
    }
    // At the minimum.
    let (w, zero) = (vector(&[0.0, 0.0]), vector(&[0.0, 0.0]));
    for tuner in every_tuner() {
        let at = Point { w: &w, value: 0.0, gradient: &zero, u: &zero, is_adaptive: false };
        let rate =
            tuner.init().expect("a tuner").learning_rate(&at, &mut loss).expect("a rate").learning_rate;
        assert!(rate.is_finite() && rate >= 0.0, "{tuner:?}: {rate}");
    }
}

#[test]
fn constants_out_of_range_are_named() {
    for (text, name) in [
        (r#"{"kind": "cdat", "sigma": 0.0}"#, "sigma"),
        (r#"{"kind": "cdat", "beta": 1.0}"#, "beta"),
        (r#"{"kind": "armijo", "backtrack": 1.0}"#, "backtrack"),
        (r#"{"kind": "armijo", "increase": 0.5}"#, "increase"),
        (r#"{"kind": "polyak", "max_learning_rate": -1.0}"#, "max_learning_rate"),
        (r#"{"kind": "schedule-free", "beta": 0.0}"#, "beta"),
        (r#"{"kind": "prodigy", "initial": 0.0}"#, "initial"),
        (r#"{"kind": "warmup", "peak": 0.0, "total_steps": 3}"#, "peak"),
        (r#"{"kind": "warmup", "peak": 0.1, "warmup_steps": 3, "total_steps": 3}"#, "total_steps"),
    ] {
        let tuner: TunerConfig = serde_json::from_str(text).expect(text);
        let error = tuner.validate().expect_err(text).to_string();
        assert!(error.starts_with(&format!("`{name}` is ")), "{error}");
    }
    let unknown = serde_json::from_str::<TunerConfig>(r#"{"kind": "cdat", "sigme": 2.0}"#);
    assert!(unknown.unwrap_err().to_string().contains("sigme"));
}

/// Written to a file and read again, every constant is what it was.
#[test]
fn a_tuner_survives_a_file() {
    let unlimited = ArmijoConfig { increase: 0.0, max_backtracks: 0, ..ArmijoConfig::default() };
    let cap = CdatConfig { max_learning_rate: Some(3.0), ..CdatConfig::default() };
    let more = [TunerConfig::Armijo(unlimited), TunerConfig::Cdat(cap), TunerConfig::Schedule];
    for tuner in every_tuner().into_iter().chain(more) {
        let text = serde_json::to_string(&tuner).expect("plain data");
        assert_eq!(serde_json::from_str::<TunerConfig>(&text).expect(&text), tuner);
    }
}

/// ½ (w − 1)² with decay ½ is lowest at 2/3, wherever the decay is: the tuner sees what the rule descends.
#[test]
fn weight_decay_is_a_part_of_the_loss() {
    let mut loss = |w: &TensorMap| {
        let off = w["w"].values.clone().sub_scalar(1.0);
        Ok((0.5 * number(off.clone().square().sum()), common::named(off)))
    };
    let rule = OptimizerConfig::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.5 };
    for tuner in [
        TunerConfig::QuadraticallyGreedy,
        TunerConfig::Cdat(CdatConfig::full_batch(0.5)),
        TunerConfig::Armijo(ArmijoConfig::default()),
        TunerConfig::Sharpness { sigma: 1.0, iterations: 10, tolerance: 1e-6 },
    ] {
        let mut optimizer = Tuned::new(rule, vec![], tuner);
        let mut w = vector(&[3.0]);
        for _ in 0..60 {
            let (value, gradient) = loss(&w).expect("a value");
            w = optimizer.step(0.0, &w, (value, &gradient), &gradient, &mut loss).expect("a step").weights;
        }
        let end = number(w["w"].values.clone());
        assert!((end - 2.0 / 3.0).abs() < 1e-5, "{tuner:?}: {end}");
    }
}

/// Weights that the loss does not know move along and change no rate.
#[test]
fn what_the_loss_does_not_know_has_no_say() {
    for tuner in every_tuner() {
        let rates = [1.0, 1000.0].map(|watching| {
            let mut loss = quadratic(&[3.0, 1.0]);
            let mut optimizer = Tuned::new(OptimizerConfig::GRADIENT_DESCENT, vec![], tuner);
            let mut w = vector(&[1.0, -1.0]);
            w.insert("watching".to_owned(), vector(&[watching])["w"].clone());
            let mut rates = vec![];
            for _ in 0..4 {
                let (value, gradient) = loss(&w).expect("a value");
                let mut used = gradient.clone();
                used.insert("watching".to_owned(), vector(&[watching])["w"].clone());
                let step = optimizer.step(0.1, &w, (value, &gradient), &used, &mut loss).expect("a step");
                assert!(step.weights.contains_key("watching"));
                rates.push(step.chosen.learning_rate);
                w = step.weights;
            }
            rates
        });
        assert_eq!(rates[0], rates[1], "{tuner:?}");
    }
}

/// A first step along a straight line takes the rule's own length; a state of another tuner is refused by a schedule too.
#[test]
fn corners() {
    let flat = vector(&[1.0, 2.0]);
    let mut loss = |w: &TensorMap| Ok((number(w["w"].values.clone().sum()), flat.clone()));
    let w = vector(&[0.0, 0.0]);
    let mut optimizer =
        Tuned::new(OptimizerConfig::GRADIENT_DESCENT, vec![], TunerConfig::Cdat(CdatConfig::default()));
    let (value, gradient) = loss(&w).expect("a value");
    let step = optimizer.step(0.0, &w, (value, &gradient), &gradient, &mut loss).expect("a step");
    assert_eq!(step.chosen.learning_rate, 1.0);
    let state = optimizer.tuner_state();
    let mut scheduled = Tuned::new(OptimizerConfig::GRADIENT_DESCENT, vec![], TunerConfig::Schedule);
    assert!(scheduled.load(&TensorMap::new(), 1, state).is_err());
}
