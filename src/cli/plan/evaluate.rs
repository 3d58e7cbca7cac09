//! `plan evaluate`: a network or a search on positions with exact scores.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use autodidact::arena::exam::{self, Marks};
use autodidact::arena::{Playable, Recipe, Shared};
use autodidact::games::ConnectFour;
use clap::Args;
use serde::Serialize;

use super::network::Network;
use super::told;
use crate::cli::common::{Machine, Output};
use crate::cli::exit::{Exit, WrongUse};

/// Flags of `plan evaluate`.
#[derive(Debug, Args)]
#[command(
    after_help = "A file has a position a line: the columns that were played from the empty board and the exact score, as in the sets of
P. Pons. A move is right if it keeps the result (a win stays a win, a draw a draw); how many keep the exact score is told, too.

Examples:
  autodidact plan evaluate --positions end-easy.txt --positions middle-easy.txt --network runs/connect4/network.safetensors
  autodidact plan evaluate --positions end-easy.txt --network none --recipe uct --simulations 10000"
)]
pub struct Arguments {
    /// File of solved positions of connect four on 7x6; may be repeated
    #[arg(long, value_name = "FILE", required = true)]
    positions: Vec<PathBuf>,
    #[command(flatten)]
    network: Network,
    /// How positions are searched [default: alpha-zero with a network, uct without]
    #[arg(long)]
    recipe: Option<Recipe>,
    /// Simulations of a search
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    simulations: u32,
    /// Use only the first N positions of each file
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Seed of all that is drawn
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Evaluated {
    recipe: Recipe,
    /// What says what positions are worth.
    evaluator: &'static str,
    seed: u64,
    simulations: u32,
    files: Vec<File>,
    total: Marked,
}

#[derive(Debug, Serialize)]
struct File {
    positions: PathBuf,
    #[serde(flatten)]
    marked: Marked,
}

/// Marks with a search, and those of the network alone where there is one.
#[derive(Clone, Copy, Debug, Serialize)]
struct Marked {
    search: Marks,
    raw: Option<Marks>,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let Arguments { network, recipe, simulations, machine, output, seed, .. } = arguments;
    machine.start(*output)?;
    let start = ConnectFour::default();
    let searcher = network.searcher(*recipe, &start)?;
    let (recipe, judge) = (searcher.recipe, searcher.judge());
    let evaluator = searcher.evaluator;
    let config = recipe.config(*simulations, true);
    let mut files = Vec::new();
    for path in &arguments.positions {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the positions in `{}`", path.display()))?;
        let mut problems =
            exam::problems(&text).map_err(|error| WrongUse(format!("`{}`: {error}", path.display())))?;
        problems.truncate(arguments.limit.map_or(usize::MAX, |limit| limit as usize));
        if problems.is_empty() {
            bail!(WrongUse(format!("`{}` has no positions", path.display())));
        }
        let asked = evaluator.clone().unwrap_or_else(|| Shared::new(ConnectFour::evaluator(1)));
        let searched = exam::searched_moves(&problems, &config, &asked, *seed).map_err(told)?;
        let search = exam::mark(&problems, &searched);
        let raw = match &evaluator {
            Some(evaluator) => {
                let preferred = exam::preferred_moves(&problems, evaluator).map_err(told)?;
                Some(exam::mark(&problems, &preferred))
            }
            None => None,
        };
        output.note(&format!("{}: {}", path.display(), line(&Marked { search, raw })));
        files.push(File { positions: path.clone(), marked: Marked { search, raw } });
    }
    let sum = |marks: &dyn Fn(&Marked) -> Option<Marks>| {
        files
            .iter()
            .map(|file| marks(&file.marked))
            .try_fold(Marks::default(), |sum, marks| Some(sum + marks?))
    };
    let total = Marked {
        search: sum(&|marked| Some(marked.search)).unwrap_or_default(),
        raw: sum(&|marked| marked.raw),
    };
    let evaluated =
        Evaluated { recipe, evaluator: judge, seed: *seed, simulations: *simulations, files, total };
    output.result(&evaluated, || {
        let searched = format!("{recipe} with {judge}, {simulations} simulations");
        format!("{searched}, {} positions: {}", total.search.positions, line(&total))
    })?;
    Ok(Exit::Done)
}

fn line(Marked { search, raw }: &Marked) -> String {
    let of = |marks: &Marks| {
        let share = |kept: usize, all: usize| if all == 0 { 100.0 } else { 100.0 * kept as f64 / all as f64 };
        format!(
            "result kept {:.1} % (where it can be lost {:.1} % of {}), score kept {:.1} %",
            share(marks.outcome_kept, marks.positions),
            share(marks.decisive_kept, marks.decisive),
            marks.decisive,
            share(marks.score_kept, marks.positions)
        )
    };
    match raw {
        Some(raw) => format!("search: {}; network alone: {}", of(search), of(raw)),
        None => of(search),
    }
}
