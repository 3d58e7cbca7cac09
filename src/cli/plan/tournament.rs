//! `plan match`: two searches against each other.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use autodidact::arena::{
    Contest, Contestant, Elo, Finished, GameName, Playable, Recipe, Tally, Visitor, contest,
};
use autodidact::represent::burn::tensor::Device;
use clap::Args;
use serde::Serialize;

use super::network::Source;
use super::settings::{Board, Budget};
use super::told;
use crate::cli::common::Output;
use crate::cli::exit::Exit;

/// Flags of `plan match`.
#[derive(Debug, Args)]
#[command(
    after_help = "Every opening is played twice, with sides changed. A draw counts half a point. The interval of the Elo
difference is Wilson's of 95 % for the share of the points.

Examples:
  autodidact plan match --game connect4 --first-recipe all --second-recipe alpha-zero --games 200 --simulations 50
  autodidact plan match --game othello --first-recipe uct --second-recipe uct --second-simulations 4000 --games 20"
)]
pub struct Arguments {
    #[command(flatten)]
    board: Board,
    /// Recipe of the first search: uct, alpha-zero, act, search, learn, all or gumbel
    #[arg(long)]
    first_recipe: Recipe,
    /// Recipe of the second search
    #[arg(long)]
    second_recipe: Recipe,
    /// Network of the first search: a FILE of `plan train`, or `builtin`; random games without
    #[arg(long, value_name = "FILE")]
    first_network: Option<Source>,
    /// Network of the second search
    #[arg(long, value_name = "FILE")]
    second_network: Option<Source>,
    #[command(flatten)]
    budget: Budget,
    /// Simulations of the first search, where they differ
    #[arg(long, value_name = "SIMULATIONS", value_parser = clap::value_parser!(u32).range(1..))]
    first_simulations: Option<u32>,
    /// Simulations of the second search, where they differ
    #[arg(long, value_name = "SIMULATIONS", value_parser = clap::value_parser!(u32).range(1..))]
    second_simulations: Option<u32>,
    /// Games
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    games: u32,
    /// Random moves at the beginning of each game
    #[arg(long, default_value_t = 2)]
    opening_plies: u32,
    /// Seed of openings and searches
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Games at the same time; the result does not depend on it, unless `--time` is given [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    #[command(flatten)]
    output: Output,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Outcome {
    game: GameName,
    first: Side,
    second: Side,
    seed: u64,
    opening_plies: u32,
    #[serde(flatten)]
    tally: Tally,
    elo: Option<Elo>,
    interval: &'static str,
    games: Vec<Finished>,
}

/// A search that took part.
#[derive(Debug, Serialize)]
struct Side {
    recipe: Recipe,
    network: bool,
    simulations: Option<u32>,
    seconds: Option<f64>,
}

impl<G> From<&Contestant<G>> for Side {
    fn from(Contestant { recipe, limits, evaluator }: &Contestant<G>) -> Self {
        Self {
            recipe: *recipe,
            network: evaluator.is_some(),
            simulations: Some(limits.simulations).filter(|count| *count < u32::MAX),
            seconds: limits.time.map(|time| time.as_secs_f64()),
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    arguments.board.setup().visit(Hold(arguments)).map_err(told)?
}

struct Hold<'a>(&'a Arguments);

impl Visitor for Hold<'_> {
    type Output = Result<Exit>;

    fn visit<G: Playable>(self, start: G) -> Result<Exit> {
        let arguments = self.0;
        let contestant = |recipe, simulations: Option<u32>, network: &Option<Source>| {
            let budget =
                Budget { simulations: simulations.or(arguments.budget.simulations), ..arguments.budget };
            let evaluator = match network {
                Some(source) => source.evaluator(&start, &Device::flex())?,
                None => None,
            };
            anyhow::Ok(Contestant { recipe, limits: budget.limits(), evaluator })
        };
        let contestants = [
            contestant(arguments.first_recipe, arguments.first_simulations, &arguments.first_network)?,
            contestant(arguments.second_recipe, arguments.second_simulations, &arguments.second_network)?,
        ];
        let jobs = arguments.jobs.map_or_else(
            || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            usize::from,
        );
        let settings = Contest {
            games: arguments.games,
            opening_plies: arguments.opening_plies,
            seed: arguments.seed,
            jobs,
        };
        let ended = AtomicU32::new(0);
        let step = arguments.games.div_ceil(10);
        let games = contest(&start, &contestants, &settings, |_| {
            let ended = ended.fetch_add(1, Ordering::Relaxed) + 1;
            if ended.is_multiple_of(step) {
                arguments.output.note(&format!("{ended} of {} games", arguments.games));
            }
        })
        .map_err(told)?;
        let tally = Tally::of(&games);
        let outcome = Outcome {
            game: G::NAME,
            first: (&contestants[0]).into(),
            second: (&contestants[1]).into(),
            seed: arguments.seed,
            opening_plies: arguments.opening_plies,
            tally,
            elo: tally.elo(),
            interval: "Wilson's, 95 %, of the share of points with a draw as half",
            games,
        };
        arguments.output.result(&outcome, || text(&outcome))?;
        Ok(Exit::Done)
    }
}

fn text(outcome: &Outcome) -> String {
    let Tally { wins, draws, losses, won_by_beginner } = outcome.tally;
    let mut text = format!(
        "{}: {} against {}, {} games\nwon {wins}, drawn {draws}, lost {losses}; {won_by_beginner} won by who began\n",
        outcome.game,
        outcome.first.recipe,
        outcome.second.recipe,
        outcome.games.len()
    );
    if let Some(elo) = outcome.elo {
        let bound = |end: Option<f64>, infinite: &str| {
            end.map_or_else(|| infinite.to_owned(), |end| format!("{end:+.0}"))
        };
        let difference = bound(elo.difference, if elo.score > 0.5 { "+∞" } else { "−∞" });
        let [low, high] = [bound(elo.low, "−∞"), bound(elo.high, "+∞")];
        let _ = writeln!(
            text,
            "share of points {:.3}, Elo {difference}, 95 % {low} to {high} (Wilson)",
            elo.score
        );
    }
    text
}
