//! Flags that mean the same in every verb of `plan`.

use std::time::Duration;

use autodidact::arena::{GameName, Limits, Recipe, Setup, Size};
use clap::Args;

use super::network::Network;

/// Simulations where nobody says.
const SIMULATIONS: u32 = 1000;

/// The game and its board.
#[derive(Clone, Debug, Args)]
pub struct Board {
    /// tic-tac-toe, connect4, othello, hex, go, chess or 2048
    #[arg(long)]
    pub game: GameName,
    #[command(flatten)]
    pub rules: Rules,
    /// Position to begin from as the game writes it (chess: FEN; not for connect4 and hex) [default: the usual start]
    #[arg(long)]
    pub position: Option<String>,
}

/// What can be chosen about a game.
#[derive(Clone, Debug, Args)]
pub struct Rules {
    /// Size of the board: rows, or columns and rows [default: connect4 7x6, hex 11, go 9]
    #[arg(long)]
    pub size: Option<Size>,
    /// Go: points for white [default: 7.5]
    #[arg(long, allow_negative_numbers = true)]
    pub komi: Option<f32>,
    /// Go: a move may take the player's own stones
    #[arg(long)]
    pub suicide: bool,
    /// Hex: the second player may take over the first stone
    #[arg(long)]
    pub swap: bool,
}

impl Rules {
    /// Whether any is given.
    pub fn are_given(&self) -> bool {
        self.size.is_some() || self.komi.is_some() || self.suicide || self.swap
    }

    pub fn setup(&self, game: GameName, position: Option<String>) -> Setup {
        Setup {
            game,
            size: self.size,
            komi: self.komi,
            allows_suicide: self.suicide,
            has_swap: self.swap,
            position,
        }
    }
}

impl Board {
    pub fn setup(&self) -> Setup {
        self.rules.setup(self.game, self.position.clone())
    }
}

/// How to search without a network, and how much.
#[derive(Clone, Debug, Args)]
pub struct PlainEffort {
    /// uct, alpha-zero, act, search, learn, all or gumbel, without noise on the root's prior and with the best move played; a
    /// position is worth what one random game from it says
    #[arg(long, default_value = "uct")]
    pub recipe: Recipe,
    #[command(flatten)]
    pub budget: Budget,
    /// Seed of all that is drawn
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// How to search, and how much.
#[derive(Clone, Debug, Args)]
pub struct Effort {
    /// uct, alpha-zero, act, search, learn, all or gumbel, without noise on the root's prior and with the best move played
    /// [default: alpha-zero with a network, uct without]
    #[arg(long)]
    pub recipe: Option<Recipe>,
    #[command(flatten)]
    pub network: Network,
    #[command(flatten)]
    pub budget: Budget,
    /// Seed of all that is drawn
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// What a search may spend on a move.
#[derive(Clone, Copy, Debug, Args)]
pub struct Budget {
    /// Simulations of a search [default: 1000, or as many as the time allows]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub simulations: Option<u32>,
    /// Seconds of a search; results then depend on the machine
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub time: Option<Duration>,
}

impl Budget {
    pub fn limits(self) -> Limits {
        let usual = if self.time.is_some() { u32::MAX } else { SIMULATIONS };
        Limits { simulations: self.simulations.unwrap_or(usual), time: self.time }
    }
}

/// A time above 0, of a day at most.
fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("expected seconds, above 0 and 86400 at most".to_owned()),
    }
}
