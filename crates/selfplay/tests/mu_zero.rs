//! MuZero: its losses against JAX, and whole runs that learn, go on as if nothing had been, and refuse what cannot be.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use autodidact_experiment::rng::Stream;
use autodidact_experiment::run::RunDirectory;
use autodidact_games::{Action, Game, Game2048, Observe, TicTacToe, Turn};
use autodidact_nn::{Mode, NamedTensor, NormConfig, Precision, TensorMap, state};
use autodidact_selfplay::burn::tensor::{Device, Tensor, TensorData};
use autodidact_selfplay::mu_zero::{
    EvaluationConfig, Measured, MuZeroConfig, Network, NetworkConfig, Outcome, SearchConfig, Sequences,
    Support, Targets, Task, Trained, TrainedNetwork, losses, train,
};
use autodidact_selfplay::{Error, OpeningConfig};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Deserialize;

#[derive(Deserialize)]
struct Flat {
    shape: Vec<usize>,
    values: Vec<f32>,
}

#[derive(Deserialize)]
struct Reference {
    weights: BTreeMap<String, Flat>,
    batch: BTreeMap<String, Flat>,
    losses: [f32; 3],
    gradients: BTreeMap<String, Flat>,
}

impl Flat {
    /// The part of an array of three axes, as rows.
    fn rows(&self, part: usize, device: &Device) -> Tensor<2> {
        let [_, rows, columns] = self.shape[..] else { panic!("three axes") };
        let values = self.values[part * rows * columns..][..rows * columns].to_vec();
        Tensor::from_data(TensorData::new(values, [rows, columns]), device)
    }

    fn named(&self, device: &Device) -> NamedTensor {
        let values = Tensor::from_data(TensorData::new(self.values.clone(), [self.values.len()]), device);
        NamedTensor { shape: self.shape.clone(), values }
    }
}

fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    // Single precision through a dozen layers, numbers of about one.
    let is_close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 2e-5 * (1.0 + b.abs()));
    assert!(is_close, "{what}: {found:?} {expected:?}");
}

/// `reference/mu_zero.py`: losses, halved gradients of states and shares of the steps.
#[test]
fn losses_and_gradients_equal_those_of_jax() {
    let reference: Reference = serde_json::from_str(include_str!("reference/mu_zero.json")).expect("values");
    let device = Device::flex();
    let config = NetworkConfig {
        width: 4,
        blocks: 1,
        dynamics_blocks: 1,
        action_channels: 2,
        head_channels: 1,
        head_hidden: 5,
        norm: NormConfig::None,
        value_support: Support { limit: 2, is_scaled: true },
        reward_support: Support { limit: 1, is_scaled: true },
    };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let trained = device.clone().autodiff();
    let network = config.init([3, 1, 1], 3, &mut rng, &trained);
    let tensors: TensorMap =
        reference.weights.iter().map(|(name, flat)| (name.clone(), flat.named(&device))).collect();
    let network = state::load(network, &tensors).expect("the same names and shapes");
    let part = |name: &str, step: usize| reference.batch[name].rows(step, &trained);
    let targets = |step: usize| Targets { policy: part("policy", step), value: part("value", step) };
    let seen = TensorData::new(reference.batch["seen"].values.clone(), [4, 1, 1, 3]);
    let batch = Sequences {
        observations: Tensor::from_data(seen, &trained),
        first: targets(0),
        moves: (0..3).map(|k| (part("actions", k), part("reward", k), targets(k + 1))).collect(),
    };
    let [policy, value, reward] = losses(&network, &batch, Mode::Train);
    let numbers = [&policy, &value, &reward].map(|loss| loss.clone().into_scalar::<f32>());
    close(&numbers, &reference.losses, "losses");
    let total = policy + value.mul_scalar(0.25) + reward.mul_scalar(0.5);
    let gradients = state::gradients(&network, &mut total.backward());
    assert_eq!(gradients.len(), reference.gradients.len());
    for (name, expected) in &reference.gradients {
        close(&state::to_vec(gradients[name].values.clone()), &expected.values, name);
    }
}

/// Whatever moves are made, hidden states stay in `[0, 1]` and have both ends.
#[test]
fn hidden_states_have_the_range_of_one() {
    let device = Device::flex();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    let config = NetworkConfig { width: 8, blocks: 1, ..NetworkConfig::default() };
    let network: Network = config.init([2, 4, 5], 5, &mut rng, &device);
    let seen: Vec<f32> = (0..3 * 40).map(|_| rng.random_range(-3.0..3.0)).collect();
    let mut state =
        network.represent(Tensor::from_data(TensorData::new(seen, [3, 4, 5, 2]), &device), Mode::Evaluate);
    for action in 0..5 {
        let mut row = [0.0; 5];
        row[action] = 1.0;
        let moves = Tensor::<2>::from_floats([row, row, row], &device);
        state = network.advance(state, moves, Mode::Evaluate).0;
        for row in state::to_vec(state.clone()).chunks_exact(4 * 5 * 8) {
            assert!(row.iter().all(|number| (0.0..=1.0).contains(number)));
            assert!(row.contains(&0.0) && row.iter().any(|number| *number > 0.999));
        }
    }
}

fn run_in(folder: &Path) -> RunDirectory {
    RunDirectory::create(folder).expect("a new folder")
}

fn trained<G: Observe>(config: &MuZeroConfig, task: &Task<G>, run: &RunDirectory) -> Trained {
    match train(config, task, &Device::flex(), run, &mut |_| {}).expect("a run") {
        Outcome::Finished(trained) => trained,
        Outcome::Interrupted { iteration } => panic!("interrupted at {iteration}"),
    }
}

/// A run of seconds.
fn tiny(config: MuZeroConfig) -> MuZeroConfig {
    MuZeroConfig {
        iterations: 4,
        episodes: 8,
        moves: 12,
        warmup_positions: 32,
        batch_size: 16,
        unroll_steps: 3,
        warmup_steps: 4,
        checkpoint_every: 2,
        network: NetworkConfig { width: 8, blocks: 1, head_hidden: 16, ..config.network },
        search: SearchConfig { simulations: 6, ..config.search },
        evaluation: EvaluationConfig { every: 0, ..config.evaluation },
        ..config
    }
}

fn resumes_to_the_bit<G: Observe>(config: &MuZeroConfig, task: &Task<G>) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let [straight, resumed] = ["straight", "resumed"].map(|name| run_in(&folder.path().join(name)));
    let whole = trained(config, task, &straight);
    assert!(whole.episodes > 0 && whole.steps > 0 && whole.evaluations > 0);
    // The other run has what was there after two iterations, and metrics of a third that were lost.
    fs::create_dir(resumed.checkpoints().folder()).expect("a folder");
    fs::copy(straight.checkpoints().path(2), resumed.checkpoints().path(2)).expect("a checkpoint");
    let lines = fs::read_to_string(straight.metrics_path()).expect("metrics");
    let three: Vec<&str> = lines.lines().take(3).collect();
    fs::write(resumed.metrics_path(), three.join("\n") + "\n").expect("metrics");
    let continued = trained(config, task, &resumed);
    assert_eq!(
        (continued.steps, continued.episodes, continued.positions, continued.evaluations),
        (whole.steps, whole.episodes, whole.positions, whole.evaluations)
    );
    let read = |run: &RunDirectory, name: &str| fs::read(run.path().join(name)).expect("a file");
    assert!(read(&straight, "network.safetensors") == read(&resumed, "network.safetensors"));
    assert!(read(&straight, "metrics.jsonl") == read(&resumed, "metrics.jsonl"));
}

#[test]
fn a_resumed_run_equals_an_uninterrupted_one() {
    resumes_to_the_bit(&tiny(MuZeroConfig::default()), &Task::game(TicTacToe::new()));
    resumes_to_the_bit(&tiny(MuZeroConfig::control()), &Task::balance());
    // Chance answers every move.
    let points = Support { limit: 40, is_scaled: true };
    let config = MuZeroConfig::control();
    let network = NetworkConfig { value_support: points, reward_support: points, ..config.network };
    let config = MuZeroConfig { moves: 60, network, ..tiny(config) };
    resumes_to_the_bit(&config, &Task::game(Game2048::new()));
}

/// Random moves balance the pole for 22 steps on average.
#[test]
fn a_pole_is_balanced() {
    let config = MuZeroConfig::control();
    let config = MuZeroConfig {
        iterations: 40,
        moves: 16,
        warmup_positions: 256,
        evaluation: EvaluationConfig { every: 40, ..config.evaluation },
        ..config
    };
    let folder = tempfile::tempdir().expect("a scratch folder");
    let result = trained(&config, &Task::balance(), &run_in(&folder.path().join("run")));
    let Measured::Returns { mean, .. } = result.measured[0].measured else { panic!("a task for one") };
    assert!(mean > 60.0, "{mean}");
}

/// A pile of matches from which two players take one to three in turn; who takes the last one wins.
#[derive(Clone)]
struct Nim {
    left: u32,
    moves: u32,
}

/// Numbers of matches, 0 among them.
const PILE: usize = 9;

impl Game for Nim {
    fn num_actions(&self) -> usize {
        3
    }

    fn turn(&self) -> Turn {
        match (self.left, self.moves % 2) {
            (0, _) => Turn::Over,
            (_, 0) => Turn::First,
            _ => Turn::Second,
        }
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        actions.extend(0..self.left.min(3));
    }

    fn play(&mut self, action: Action) -> f32 {
        self.left -= action + 1;
        self.moves += 1;
        if self.left == 0 { 1.0 } else { 0.0 }
    }

    fn key(&self) -> u64 {
        (self.left + 100 * (self.moves % 2)).into()
    }
}

impl Observe for Nim {
    fn observation_shape(&self) -> [usize; 3] {
        [PILE, 1, 1]
    }

    fn observe(&self, planes: &mut [f32]) {
        planes.fill(0.0);
        planes[self.left as usize] = 1.0;
    }
}

fn nim() -> Task<Nim> {
    let begin = |_: &Nim, rng: &mut Stream| Nim { left: rng.random_range(3..PILE as u32), moves: 0 };
    Task { name: "nim".to_owned(), start: Nim { left: 8, moves: 0 }, is_for_two: true, begin }
}

/// Whoever can leaves a number of matches that four divides (Bouton 1901). A player who takes the opponent's gains for its own leaves others.
#[test]
fn nim_is_learnt() {
    let config = MuZeroConfig::default();
    let config = MuZeroConfig {
        iterations: 100,
        episodes: 32,
        moves: 8,
        batch_size: 64,
        warmup_positions: 256,
        opening: OpeningConfig { random_moves: 0 },
        network: NetworkConfig {
            width: 32,
            blocks: 1,
            head_hidden: 32,
            norm: NormConfig::LAYER,
            ..config.network
        },
        search: SearchConfig { simulations: 8, ..config.search },
        evaluation: EvaluationConfig { every: 0, ..config.evaluation },
        ..config
    };
    let folder = tempfile::tempdir().expect("a scratch folder");
    let run = run_in(&folder.path().join("run"));
    trained(&config, &nim(), &run);
    let device = Device::flex();
    let network = TrainedNetwork::read(&run.path().join("network.safetensors"), &device).expect("a network");
    let model = network.model(&nim(), &device, Precision::F32).expect("the same game");
    let piles: Vec<Nim> = (1..PILE as u32).map(|left| Nim { left, moves: 0 }).collect();
    let outputs = model.search(&config.search.playing(16, true), &piles, 1).expect("a search");
    for (pile, output) in piles.iter().zip(outputs).filter(|(pile, _)| pile.left % 4 != 0) {
        assert_eq!(output.action + 1, pile.left % 4, "of {} matches: {output:?}", pile.left);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let config = tiny(MuZeroConfig::control());
    let refused = |config: &MuZeroConfig| {
        let run = run_in(&folder.path().join("never"));
        let error =
            train(config, &Task::balance(), &Device::flex(), &run, &mut |_| {}).expect_err("no setting");
        fs::remove_dir_all(run.path()).expect("a folder");
        error.to_string()
    };
    let batch = NetworkConfig { norm: NormConfig::BATCH, ..config.network };
    assert!(refused(&MuZeroConfig { network: batch, ..config.clone() }).contains("network.norm"));
    let wide = NetworkConfig { value_support: Support { limit: 0, is_scaled: true }, ..config.network };
    assert!(
        refused(&MuZeroConfig { network: wide, ..config.clone() }).contains("network.value_support.limit")
    );
    assert!(refused(&MuZeroConfig { discount: 1.5, ..config.clone() }).contains("`discount` is 1.5"));
    assert!(refused(&MuZeroConfig { unroll_steps: 0, ..config.clone() }).contains("unroll_steps"));
    assert!(refused(&MuZeroConfig { reuse: f64::NAN, ..config.clone() }).contains("reuse"));

    // A run goes on with its own settings alone, and its network plays its own task alone.
    let run = run_in(&folder.path().join("run"));
    trained(&config, &Task::balance(), &run);
    let other = MuZeroConfig { seed: 2, ..config.clone() };
    let error =
        train(&other, &Task::balance(), &Device::flex(), &run, &mut |_| {}).expect_err("another seed");
    assert!(matches!(error, Error::ForeignCheckpoint { .. }), "{error}");
    let path = run.path().join("network.safetensors");
    let device = Device::flex();
    let network = TrainedNetwork::read(&path, &device).expect("a network");
    let error = network.model(&nim(), &device, Precision::F32).expect_err("another task");
    assert!(error.to_string().contains("balance [5, 1, 1]"), "{error}");

    // Of a damaged file nothing is taken.
    let bytes = fs::read(&path).expect("a file");
    for (text, replacement) in
        [("\\\"width\\\":8", "\\\"width\\\":9"), ("autodidact.mu-zero", "autodidact.mu-nine")]
    {
        let place = bytes.windows(text.len()).position(|part| part == text.as_bytes()).expect("the text");
        let mut damaged = bytes.clone();
        damaged[place..][..text.len()].copy_from_slice(replacement.as_bytes());
        let path = folder.path().join("damaged.safetensors");
        fs::write(&path, damaged).expect("a file");
        let error = TrainedNetwork::read(&path, &device).expect_err("damaged");
        assert!(matches!(error, Error::NetworkFile { .. }), "{error}");
    }
}
