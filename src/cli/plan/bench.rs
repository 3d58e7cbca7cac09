//! `plan bench`: how fast searches are.

use anyhow::Result;
use autodidact::arena::{
    GameName, Playable, Recipe, Speed, Visitor, bench, draw_chance, playouts_per_second,
};
use autodidact::games::Turn;
use clap::Args;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;

use super::settings::Board;
use super::told;
use crate::cli::common::Output;
use crate::cli::exit::Exit;

/// Flags of `plan bench`.
#[derive(Debug, Args)]
#[command(after_help = "One thread; the median of the repeats. Each simulation plays one random game.

Example:
  autodidact plan bench --game go --size 9 --simulations 2000")]
pub struct Arguments {
    #[command(flatten)]
    board: Board,
    /// Simulations of a search, and random games
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    simulations: u32,
    /// Measurements of each
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
    /// Only these recipes
    #[arg(long, value_delimiter = ',')]
    recipes: Vec<Recipe>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Measured {
    game: GameName,
    simulations: u32,
    repeats: u32,
    playouts_per_second: f64,
    recipes: Vec<Speed>,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    arguments.board.setup().visit(Bench(arguments)).map_err(told)?
}

struct Bench<'a>(&'a Arguments);

impl Visitor for Bench<'_> {
    type Output = Result<Exit>;

    fn visit<G: Playable>(self, mut start: G) -> Result<Exit> {
        let Arguments { simulations, repeats, recipes, output, .. } = self.0;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
        while start.turn() == Turn::Chance {
            let outcome = draw_chance(&start, &mut rng);
            start.play(outcome);
        }
        let chosen: Vec<Recipe> = if recipes.is_empty() { Recipe::all().collect() } else { recipes.clone() };
        let measured = Measured {
            game: G::NAME,
            simulations: *simulations,
            repeats: *repeats,
            playouts_per_second: playouts_per_second(&start, *simulations, *repeats).map_err(told)?,
            recipes: chosen
                .into_iter()
                .map(|recipe| bench(&start, recipe, *simulations, *repeats))
                .collect::<autodidact::arena::Result<_>>()
                .map_err(told)?,
        };
        output.result(&measured, || {
            let mut lines = vec![
                format!("{}, {simulations} simulations, median of {repeats}", measured.game),
                format!("{:<12}{:>14}", "", "per second"),
            ];
            lines.extend(
                measured.recipes.iter().map(|speed| {
                    format!("{:<12}{:>14.0}", speed.recipe.name(), speed.simulations_per_second)
                }),
            );
            lines.push(format!("{:<12}{:>14.0}", "playouts", measured.playouts_per_second));
            lines.join("\n")
        })?;
        Ok(Exit::Done)
    }
}
