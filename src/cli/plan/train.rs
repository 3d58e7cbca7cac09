//! `plan train`: AlphaZero on a game.

use std::path::PathBuf;

use anyhow::{Result, bail};
use autodidact::arena::{GameName, Playable, Setup, Visitor};
use autodidact::experiment::interrupt;
use autodidact::experiment::progress::Progress;
use autodidact::experiment::run::{Environment, RunDirectory, command_line};
use autodidact::experiment::settings::{self, nearest};
use autodidact::selfplay::{self, AlphaZeroConfig, Outcome, Rated, Telling, Trained, preset, train};
use clap::Args;
use serde::Serialize;

use super::settings::Rules;
use super::strength::chart;
use super::told;
use crate::cli::common::{Machine, Output, fresh, layered, shell};
use crate::cli::exit::{Exit, WrongUse};

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
    #[arg(long)]
    preset: Option<String>,
    /// TOML file with the settings that differ
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, for instance `--set search.simulations=64`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Seed of weights, searches, openings and batches
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    machine: Machine,
    /// Run directory [default: a new one below `runs`]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Continue the run in `--out` with its own settings
    #[arg(long, requires = "out", conflicts_with_all = ["config", "set", "seed", "preset", "size", "komi", "suicide", "swap"])]
    resume: bool,
    /// Print the resolved settings and stop
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: Output,
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
    let stored = arguments.out.as_ref().filter(|_| arguments.resume).map(RunDirectory::open).transpose()?;
    let (setup, config) = match &stored {
        Some(run) => {
            let Some(setup) = run.read_json(GAME, "description of a game")? else {
                let path = run.path().display();
                bail!(WrongUse(format!(
                    "`{path}` does not say which game it learns; is it a run of `plan train`?"
                )));
            };
            let text = run.config()?;
            (setup, settings::layer(&AlphaZeroConfig::default(), Some(("config.toml", &text)), &[])?)
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
        if arguments.dry_run {
            let text = toml::to_string(&config)?;
            arguments.output.result(&config, || text)?;
            return Ok(Exit::Done);
        }
        interrupt::install()?;
        let device = arguments.machine.start(arguments.output)?;
        let run = match stored {
            Some(run) => run,
            None => {
                let path = arguments
                    .out
                    .clone()
                    .unwrap_or_else(|| fresh("runs".as_ref(), &format!("{}-{}", G::NAME, config.seed), ""));
                let run = RunDirectory::create(path)?;
                run.write_json(GAME, setup)?;
                let environment = Environment::capture(arguments.machine.threads());
                run.describe(&toml::to_string(&config)?, &command_line(), &environment)?;
                run
            }
        };
        let output = arguments.output;
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
                let path = shell(run.path());
                output.note(&format!(
                    "stopped after iteration {iteration}; continue with `autodidact plan train --out {path} --resume`"
                ));
                Ok(Exit::Interrupted)
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
        Some(name) => match preset::named(name) {
            Some(base) => base,
            None => {
                let known: Vec<&str> = preset::names().collect();
                let hint =
                    nearest(name, &known).map_or(String::new(), |near| format!(", did you mean `{near}`?"));
                let all = known.join(", ");
                bail!(WrongUse(format!("unknown preset `{name}`{hint}; there are {all}")));
            }
        },
    };
    let mut config = layered(&base, arguments.config.as_deref(), &arguments.set)?;
    if let Some(seed) = arguments.seed {
        config.seed = seed;
    }
    Ok(config)
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
