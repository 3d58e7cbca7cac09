//! `plan train`: AlphaZero on a game.

use std::path::PathBuf;

use anyhow::{Result, bail};
use autodidact::arena::{GameName, Playable, Setup, Visitor};
use autodidact::experiment::interrupt;
use autodidact::experiment::progress::Progress;
use autodidact::experiment::run::RunDirectory;
use autodidact::selfplay::{self, AlphaZeroConfig, Outcome, Rated, Telling, Trained, preset, train};
use clap::Args;
use serde::Serialize;

use super::settings::Rules;
use super::strength::chart;
use super::told;
use crate::cli::common::{Output, shell};
use crate::cli::exit::{Exit, WrongUse};
use crate::cli::training::{self, Training, settings_of};

/// Metrics on the progress line.
const SHOWN: [&str; 4] = ["loss/policy", "loss/value", "selfplay/length", "selfplay/draws"];
/// The file of a run that says which game it learns.
const GAME: &str = "game.json";

/// Flags of `plan train`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  autodidact plan train --game connect4 --out runs/connect4
  autodidact plan train --game hex --size 7 --set search.recipe=all --set search.simulations=16
  autodidact plan train --out runs/connect4 --resume             continue a stopped run
  autodidact plan play --game connect4 --network runs/connect4/network.safetensors

Settings: defaults of the preset < --config FILE < --set key=value. `config.toml` in the run has them all.")]
pub struct Arguments {
    /// The game to learn, one for two players
    #[arg(long, required_unless_present = "resume", conflicts_with = "resume")]
    game: Option<GameName>,
    #[command(flatten)]
    rules: Rules,
    /// Named settings to start from: quick, small or connect4 [default: the game's own]
    #[arg(long, conflicts_with = "resume")]
    preset: Option<String>,
    #[command(flatten)]
    training: Training,
}

/// What the run says of itself at the end.
#[derive(Serialize)]
struct Summary {
    run: PathBuf,
    game: GameName,
    #[serde(flatten)]
    trained: Trained,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let stored = arguments.training.stored()?;
    let (setup, config) = match &stored {
        Some(run) => {
            let Some(setup) = run.read_json(GAME, "description of a game")? else {
                let path = run.path().display();
                bail!(WrongUse(format!(
                    "`{path}` does not say which game it learns; is it a run of `plan train`?"
                )));
            };
            if arguments.rules.are_given() {
                bail!(WrongUse(
                    "flags for rules cannot be used with `--resume`: a run that is continued has its own"
                        .to_owned()
                ));
            }
            (setup, settings_of(run)?)
        }
        None => {
            let game = arguments.game.expect("the parser asks for it");
            (arguments.rules.setup(game, None), resolve(arguments, game)?)
        }
    };
    config.validate().map_err(|error| WrongUse(error.to_string()))?;
    setup.visit(Train { arguments, setup: &setup, config, stored }).map_err(told)?
}

struct Train<'a> {
    arguments: &'a Arguments,
    setup: &'a Setup,
    config: AlphaZeroConfig,
    stored: Option<RunDirectory>,
}

impl Visitor for Train<'_> {
    type Output = Result<Exit>;

    fn visit<G: Playable>(self, start: G) -> Result<Exit> {
        let Self { arguments, setup, config, stored } = self;
        if !G::IS_FOR_TWO {
            bail!(WrongUse(selfplay::Error::ForOne { game: G::NAME.name() }.to_string()));
        }
        let training = &arguments.training;
        if training.is_dry(&config)? {
            return Ok(Exit::Done);
        }
        interrupt::install()?;
        let device = training.machine.start(training.output)?;
        let run = match stored {
            Some(run) => run,
            None => {
                let run = training.create(&format!("{}-{}", G::NAME, config.seed))?;
                run.write_json(GAME, setup)?;
                training.describe(&run, &config)?;
                run
            }
        };
        let output = training.output;
        let mut progress: Option<Progress> = None;
        let mut tell = |telling: Telling<'_>| match telling {
            Telling::Iteration { iteration, total, metrics } => {
                let shown: Vec<(&str, f64)> =
                    metrics.iter().filter(|(name, _)| SHOWN.contains(name)).copied().collect();
                progress
                    .get_or_insert_with(|| Progress::new(G::NAME.name(), total, output.display()))
                    .set(iteration, &shown);
            }
            Telling::Rated(rated) => note(progress.as_ref(), output, &rating(rated)),
            Telling::Note(text) => note(progress.as_ref(), output, &text),
        };
        let outcome = train(&config, &start, &device, &run, &mut tell).map_err(|error| match error {
            wrong @ selfplay::Error::Setting { .. } => WrongUse(wrong.to_string()).into(),
            error => anyhow::Error::from(error),
        })?;
        if let Some(progress) = &progress {
            progress.finish();
        }
        match outcome {
            Outcome::Finished(trained) => finish(output, &run, G::NAME, trained),
            Outcome::Interrupted { iteration } => {
                Ok(training.interrupted(&run, "plan train", &format!("iteration {iteration}")))
            }
        }
    }
}

fn note(progress: Option<&Progress>, output: Output, text: &str) {
    match progress {
        Some(progress) => progress.note(text),
        None => output.note(text),
    }
}

/// Preset, file, pairs, then `--seed`.
fn resolve(arguments: &Arguments, game: GameName) -> Result<AlphaZeroConfig> {
    let base = match &arguments.preset {
        None => preset::of(game),
        Some(name) => training::preset(name, preset::named(name), &preset::names().collect::<Vec<_>>())?,
    };
    arguments.training.settings(&base)
}

/// A line about a match.
fn rating(Rated { iteration, rating, .. }: &Rated) -> String {
    let tally = rating.tally;
    let simulations = rating.simulations;
    let against = rating.opponent.uct_simulations;
    let share = rating.elo.map_or(0.0, |elo| 100.0 * elo.score);
    format!(
        "iteration {iteration}: {simulations} simulations against UCT with {against}: won {}, drawn {}, lost {} ({share:.0} %)",
        tally.wins, tally.draws, tally.losses
    )
}

fn finish(output: Output, run: &RunDirectory, game: GameName, trained: Trained) -> Result<Exit> {
    let summary = Summary { run: run.path().to_owned(), game, trained };
    run.write_summary(&summary)?;
    if let Some(figure) = chart(&summary.trained.ratings)? {
        figure.save(&run.figures()?, "strength")?;
    }
    output.result(&summary, || {
        let Trained { iterations, games, positions, evaluations, seconds, ratings, .. } = &summary.trained;
        let mut lines = vec![format!(
            "{iterations} iterations: {games} games, {positions} positions, {} evaluations ({} of them by the network), {:.0} min",
            evaluations[0],
            evaluations[1],
            seconds / 60.0
        )];
        lines.extend(ratings.last().map(rating));
        let network = shell(&run.path().join("network.safetensors"));
        lines.push(format!("the network is {network}; play with `autodidact plan play --game {game} --network {network}`"));
        lines.join("\n")
    })?;
    Ok(Exit::Done)
}
