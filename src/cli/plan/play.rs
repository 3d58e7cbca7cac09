//! `plan play`: a game against the search.

use anyhow::Result;
use autodidact::arena::{self, Beginner, Match, Playable, Visitor};
use clap::{Args, ValueEnum};

use super::settings::{Board, Effort};
use super::told;
use crate::cli::exit::Exit;

/// Flags of `plan play`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  autodidact plan play --game connect4
  autodidact plan play --game hex --size 7 --swap --first search --time 2
  printf '4\\nhint\\nquit\\n' | autodidact plan play --game connect4")]
pub struct Arguments {
    #[command(flatten)]
    board: Board,
    #[command(flatten)]
    effort: Effort,
    /// Who makes the first move; in 2048 the search then plays alone
    #[arg(long, value_enum, default_value = "you")]
    first: First,
    /// Do not tell what the search thinks of its moves
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum First {
    You,
    Search,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    arguments.board.setup().visit(Play(arguments)).map_err(told)?
}

struct Play<'a>(&'a Arguments);

impl Visitor for Play<'_> {
    type Output = Result<Exit>;

    fn visit<G: Playable>(self, start: G) -> Result<Exit> {
        let Arguments { effort, first, quiet, .. } = self.0;
        let settings = Match {
            limits: effort.budget.limits(),
            beginner: match first {
                First::You => Beginner::Person,
                First::Search => Beginner::Search,
            },
            seed: effort.seed,
            tells: !quiet,
        };
        let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
        let session = effort.network.searcher(effort.recipe, &start)?.session(start, effort.seed);
        arena::play(session, &settings, &mut input, &mut output).map_err(told)?;
        Ok(Exit::Done)
    }
}
