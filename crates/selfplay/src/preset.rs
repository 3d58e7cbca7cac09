//! Named settings.

use autodidact_arena::GameName;

use crate::alpha_zero::{AlphaZeroConfig, EvaluationConfig, NetworkConfig, OpeningConfig, SearchConfig};

type Named = (&'static str, fn() -> AlphaZeroConfig);

const ALL: [Named; 3] = [("quick", quick), ("small", small), ("connect4", connect_four)];

/// The names of all presets.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(|(name, _)| name)
}

/// The preset of this name.
pub fn named(name: &str) -> Option<AlphaZeroConfig> {
    ALL.into_iter().find(|(known, _)| *known == name).map(|(_, config)| config())
}

/// What a game is learnt with where nobody chooses.
pub fn of(game: GameName) -> AlphaZeroConfig {
    match game {
        GameName::ConnectFour => connect_four(),
        GameName::TicTacToe => quick(),
        _ => AlphaZeroConfig::default(),
    }
}

/// A minute: enough for tic-tac-toe, and to see how a run looks.
fn quick() -> AlphaZeroConfig {
    AlphaZeroConfig {
        iterations: 20,
        games: 64,
        moves: 8,
        warmup_positions: 256,
        batch_size: 128,
        warmup_steps: 20,
        network: NetworkConfig { width: 16, blocks: 2, ..NetworkConfig::default() },
        search: SearchConfig { simulations: 16, ..SearchConfig::default() },
        evaluation: EvaluationConfig {
            every: 10,
            uct_simulations: vec![100],
            opening_plies: 1,
            ..evaluation()
        },
        ..AlphaZeroConfig::default()
    }
}

/// A quarter of an hour on boards of the size of connect four.
fn small() -> AlphaZeroConfig {
    AlphaZeroConfig {
        iterations: 60,
        network: NetworkConfig { width: 32, blocks: 3, ..NetworkConfig::default() },
        ..AlphaZeroConfig::default()
    }
}

/// Near-perfect play of connect four in an hour on two cores.
fn connect_four() -> AlphaZeroConfig {
    AlphaZeroConfig {
        iterations: 180,
        games: 512,
        opening: OpeningConfig { random_moves: 16 },
        evaluation: EvaluationConfig { every: 20, ..evaluation() },
        ..AlphaZeroConfig::default()
    }
}

fn evaluation() -> EvaluationConfig {
    AlphaZeroConfig::default().evaluation
}
