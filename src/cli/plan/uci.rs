//! `plan uci`: chess over the Universal Chess Interface.

use std::io::BufRead;
use std::sync::mpsc::{Receiver, channel};

use anyhow::Result;
use autodidact::arena::Recipe;
use autodidact::arena::uci::{Settings, serve};
use clap::Args;

use super::told;
use crate::cli::exit::Exit;

/// Flags of `plan uci`.
#[derive(Debug, Args)]
#[command(
    after_help = "`go` takes movetime, nodes, depth, infinite and clocks; searchmoves is passed over. Recipe and simulations are
options of the protocol, too.

Example:
  printf 'position startpos moves e2e4\\ngo movetime 1000\\n' | autodidact plan uci"
)]
pub struct Arguments {
    /// uct, alpha-zero, act, search, learn, all or gumbel, with random games for values
    #[arg(long, default_value = "uct")]
    recipe: Recipe,
    /// Simulations of a search where `go` says nothing
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    simulations: u32,
    /// Seed of all that is drawn
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let Arguments { recipe, simulations, seed } = *arguments;
    serve(Settings { recipe, simulations, seed }, &lines(), &mut std::io::stdout().lock()).map_err(told)?;
    Ok(Exit::Done)
}

/// The lines of stdin, read by a thread of their own so that a search hears `stop`; it ends with the program.
fn lines() -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut bytes = Vec::new();
        while input.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            if sender.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                break;
            }
            bytes.clear();
        }
    });
    receiver
}
