//! Whole runs: they learn, they go on as if nothing had been, and refuse what cannot be.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use autodidact_experiment::run::RunDirectory;
use autodidact_games::{Game, Game2048, Hex, TicTacToe, Turn};
use autodidact_mcts::{Batch, Evaluator};
use autodidact_nn::Precision;
use autodidact_selfplay::burn::tensor::Device;
use autodidact_selfplay::{
    AlphaZeroConfig, Error, EvaluationConfig, NetworkConfig, NetworkEvaluator, Outcome, SearchConfig,
    Trained, TrainedNetwork, train,
};

/// A run of seconds.
fn tiny() -> AlphaZeroConfig {
    AlphaZeroConfig {
        iterations: 4,
        games: 16,
        moves: 6,
        warmup_positions: 64,
        batch_size: 32,
        warmup_steps: 4,
        checkpoint_every: 2,
        network: NetworkConfig { width: 8, blocks: 1, ..NetworkConfig::default() },
        search: SearchConfig { simulations: 8, sampled_moves: 3, full_share: 0.7, ..SearchConfig::default() },
        evaluation: EvaluationConfig { every: 0, ..AlphaZeroConfig::default().evaluation },
        ..AlphaZeroConfig::default()
    }
}

fn run_in(folder: &Path) -> RunDirectory {
    RunDirectory::create(folder).expect("a new folder")
}

fn trained<G: autodidact_arena::Playable>(
    config: &AlphaZeroConfig,
    start: &G,
    run: &RunDirectory,
) -> Trained {
    match train(config, start, &Device::flex(), run, &mut |_| {}).expect("a run") {
        Outcome::Finished(trained) => trained,
        Outcome::Interrupted { iteration } => panic!("interrupted at {iteration}"),
    }
}

#[test]
fn a_resumed_run_equals_an_uninterrupted_one() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let start = Hex::new(3, false).expect("a board");
    let [straight, resumed] = ["straight", "resumed"].map(|name| run_in(&folder.path().join(name)));
    let whole = trained(&tiny(), &start, &straight);
    assert!(whole.games > 0 && whole.steps > 0 && whole.evaluations[1] <= whole.evaluations[0]);

    // The other run has what was there after two iterations, and metrics of a third that were lost.
    fs::create_dir(resumed.checkpoints().folder()).expect("a folder");
    fs::copy(straight.checkpoints().path(2), resumed.checkpoints().path(2)).expect("a checkpoint");
    let lines = fs::read_to_string(straight.metrics_path()).expect("metrics");
    let three: Vec<&str> = lines.lines().take(3).collect();
    fs::write(resumed.metrics_path(), three.join("\n") + "\n").expect("metrics");
    let continued = trained(&tiny(), &start, &resumed);
    assert_eq!(
        (continued.steps, continued.games, continued.evaluations),
        (whole.steps, whole.games, whole.evaluations)
    );
    let read = |run: &RunDirectory, name: &str| fs::read(run.path().join(name)).expect("a file");
    assert!(read(&straight, "network.safetensors") == read(&resumed, "network.safetensors"));
    assert!(read(&straight, "metrics.jsonl") == read(&resumed, "metrics.jsonl"));

    let other = AlphaZeroConfig { batch_size: 16, ..tiny() };
    let error = train(&other, &start, &Device::flex(), &resumed, &mut |_| {}).expect_err("other settings");
    assert!(matches!(error, Error::ForeignCheckpoint { .. }), "{error}");
    let larger = Hex::new(4, false).expect("a board");
    let error = train(&tiny(), &larger, &Device::flex(), &resumed, &mut |_| {}).expect_err("another game");
    assert!(error.to_string().contains("it learns hex"), "{error}");
}

/// The result of a position when both sides play perfectly, from the side of the player to move, of all that can follow.
fn solve(game: TicTacToe, values: &mut HashMap<u64, (TicTacToe, f32)>) -> f32 {
    if game.turn() == Turn::Over {
        return 0.0;
    }
    if let Some((_, value)) = values.get(&game.key()) {
        return *value;
    }
    let best = outcomes(game, values).into_iter().map(|(_, value)| value).fold(f32::NEG_INFINITY, f32::max);
    values.insert(game.key(), (game, best));
    best
}

/// What each move leads to.
fn outcomes(game: TicTacToe, values: &mut HashMap<u64, (TicTacToe, f32)>) -> Vec<(u32, f32)> {
    let mut actions = Vec::new();
    game.legal_actions(&mut actions);
    let of = |action: u32| {
        let mut child = game;
        let reward = child.play(action);
        (action, reward - solve(child, values))
    };
    actions.into_iter().map(of).collect()
}

/// The share of positions of tic-tac-toe in which a move can be wrong and the network's preferred one is right.
fn share_of_right_moves(network: TrainedNetwork) -> f64 {
    let mut values = HashMap::new();
    solve(TicTacToe::new(), &mut values);
    let positions: Vec<(TicTacToe, f32)> = values.values().copied().collect();
    let evaluator = NetworkEvaluator::new(network.network, &Device::flex(), Precision::F32);
    let mut batch = Batch::of(positions.iter().map(|(game, _)| *game));
    evaluator.evaluate(&mut batch).expect("an evaluation");
    let (mut right, mut all) = (0, 0);
    for (index, (game, best)) in positions.iter().enumerate() {
        let outcomes = outcomes(*game, &mut values);
        if outcomes.iter().all(|(_, value)| value == best) {
            continue;
        }
        all += 1;
        let preferred = batch.preferred(index);
        right += usize::from(outcomes.iter().any(|(action, value)| *action == preferred && value == best));
    }
    f64::from(right as u32) / f64::from(all)
}

/// Every move of the tree is the network's own: nobody tells it what is right.
#[test]
fn tic_tac_toe_is_learnt() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let run = run_in(&folder.path().join("run"));
    let config = AlphaZeroConfig {
        iterations: 25,
        games: 64,
        moves: 8,
        batch_size: 64,
        learning_rate: 4e-3,
        warmup_steps: 20,
        network: NetworkConfig { width: 16, blocks: 1, ..NetworkConfig::default() },
        search: SearchConfig { simulations: 16, ..SearchConfig::default() },
        opening: autodidact_selfplay::OpeningConfig { random_moves: 4 },
        ..tiny()
    };
    trained(&config, &TicTacToe::new(), &run);
    let read = |name: &str| TrainedNetwork::read(&run.path().join(name), &Device::flex()).expect("a network");
    let learnt = share_of_right_moves(read("network.safetensors"));
    let untrained = AlphaZeroConfig { iterations: 1, warmup_positions: 100_000, ..config };
    let fresh = run_in(&folder.path().join("fresh"));
    trained(&untrained, &TicTacToe::new(), &fresh);
    let path = fresh.path().join("network.safetensors");
    let before = share_of_right_moves(TrainedNetwork::read(&path, &Device::flex()).expect("a network"));
    println!("right moves: {before:.3} before, {learnt:.3} after");
    assert!(before < 0.6 && learnt > 0.85, "{before} {learnt}");
}

#[test]
fn games_for_one_and_wrong_settings_are_refused() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let run = run_in(&folder.path().join("run"));
    let error =
        train(&tiny(), &Game2048::default(), &Device::flex(), &run, &mut |_| {}).expect_err("for one");
    assert!(matches!(error, Error::ForOne { .. }), "{error}");
    for (config, field) in [
        (AlphaZeroConfig { games: 0, ..tiny() }, "games"),
        (AlphaZeroConfig { value_mix: 1.5, ..tiny() }, "value_mix"),
        (AlphaZeroConfig { learning_rate: f64::NAN, ..tiny() }, "learning_rate"),
        (
            AlphaZeroConfig { search: SearchConfig { full_share: 0.0, ..tiny().search }, ..tiny() },
            "full_share",
        ),
    ] {
        let error = config.validate().expect_err(field).to_string();
        assert!(error.contains(field), "{error}");
    }
}
