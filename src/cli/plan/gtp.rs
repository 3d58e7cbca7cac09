//! `plan gtp`: Go and Hex over the Go Text Protocol.

use anyhow::Result;
use autodidact::arena::GameName;
use autodidact::arena::gtp::{Settings, serve};
use autodidact::games::{Go, Hex};
use clap::{Args, ValueEnum};

use super::settings::{PlainEffort, Rules};
use super::told;
use crate::cli::exit::Exit;

/// Flags of `plan gtp`.
#[derive(Debug, Args)]
#[command(
    after_help = "Stones are scored as they stand at two passes (Tromp and Taylor), so that opponents have to capture what is dead.
Clocks that are set by `time_settings` and `time_left` shorten searches.

Examples:
  autodidact plan gtp --game go --size 9 --time 2
  gogui-twogtp -black 'autodidact plan gtp --game go' -white 'gnugo --mode gtp --chinese-rules' -size 9 -auto -sgffile games"
)]
pub struct Arguments {
    /// The game
    #[arg(long, value_enum)]
    game: Game,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    effort: PlainEffort,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Game {
    Go,
    Hex,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let Arguments { game, rules, effort } = arguments;
    let name = match game {
        Game::Go => GameName::Go,
        Game::Hex => GameName::Hex,
    };
    let settings = Settings {
        setup: rules.setup(name, None),
        recipe: effort.recipe,
        limits: effort.budget.limits(),
        seed: effort.seed,
    };
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    match game {
        Game::Go => serve::<Go>(settings, &mut input, &mut output),
        Game::Hex => serve::<Hex>(settings, &mut input, &mut output),
    }
    .map_err(told)?;
    Ok(Exit::Done)
}
