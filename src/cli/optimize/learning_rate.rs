//! `optimize learning-rate`: the rate of `represent train` at which a metric is best.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use autodidact::brownian::{Estimate, Goal, Rule, Scale, Settings, Stop};
use autodidact::experiment::settings;
use autodidact::optim::TunerConfig;
use autodidact::represent::{RepresentConfig, preset};
use clap::{Args, ValueEnum};

use super::search::{Place, conduct};
use super::settings::{Description, PLACE, POWER_PLACE};
use crate::cli::exit::{Exit, WrongUse};
use crate::cli::represent::PRESET;

/// Training runs at most, where nobody says.
const RUNS: u64 = 20;

/// Flags of `optimize learning-rate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  autodidact optimize learning-rate --config run.toml --data photos --set epochs=5
  autodidact optimize learning-rate --config run.toml --data photos --metric loss/total --goal minimum
  autodidact optimize learning-rate --resume --out search

Each evaluation is a training run below `--out`; the rate is searched on a logarithmic axis. Loss says little of methods
that can collapse, such as BYOL: there the online probe's accuracy, which needs classes, is the default. Without
`--evaluations` there are 20 runs at most.")]
pub struct Arguments {
    /// TOML file with the run's settings
    #[arg(long, value_name = "FILE", required_unless_present = "resume")]
    config: Option<PathBuf>,
    /// Pictures to train on; drawn ones if absent
    #[arg(long)]
    data: Option<PathBuf>,
    /// Only this top-level folder of the pictures
    #[arg(long)]
    split: Option<String>,
    /// Use only N pictures
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// One more setting of the runs; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Lowest rate
    #[arg(long, default_value_t = 1e-2)]
    lower: f64,
    /// Highest rate
    #[arg(long, default_value_t = 10.0)]
    upper: f64,
    /// Metric of the run's last step that is the value
    #[arg(long, default_value = "probe/accuracy")]
    metric: String,
    /// Which value is best
    #[arg(long, value_enum, default_value = "maximum")]
    goal: Best,
    /// How far from the best value the answer may be
    #[arg(long, default_value_t = 0.01)]
    epsilon: f64,
    #[command(flatten)]
    place: Place,
}

/// [`Goal`] as a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Best {
    Maximum,
    Minimum,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    conduct(&arguments.place, "learning-rate", |found| found.metric.is_some(), || describe(arguments))
}

fn describe(arguments: &Arguments) -> Result<Description> {
    let Arguments { lower, upper, .. } = *arguments;
    if !(lower > 0.0 && lower < upper && upper.is_finite()) {
        let told = format!(
            "rates from {lower} to {upper} are no interval; `--lower` must be above 0 and below `--upper`"
        );
        return Err(WrongUse(told).into());
    }
    let settings = Settings {
        goal: if arguments.goal == Best::Maximum { Goal::Maximum } else { Goal::Minimum },
        epsilon: arguments.epsilon,
        delta: 0.05,
        scale: Scale::Estimated(Estimate { least: 8, ..Estimate::default() }),
        rule: Rule::Posterior,
        stop: Stop::Posterior,
        least_evaluations: 0,
        most_evaluations: Some(arguments.place.evaluations.unwrap_or(RUNS)),
    };
    Ok(Description {
        command: command(arguments)?,
        csv: None,
        function: None,
        metric: Some(arguments.metric.clone()),
        lower: lower.log10(),
        upper: upper.log10(),
        timeout: None,
        retries: 0,
        method: None,
        settings,
    })
}

/// Whether the settings are those of a run, whose learning rate somebody sets.
fn check(path: &Path, set: &[String]) -> Result<()> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the settings in `{}`", path.display()))?;
    let origin = path.display().to_string();
    let base = preset::named(PRESET).expect("the preset of `represent train`");
    let config: RepresentConfig =
        settings::layer(&base, Some((&origin, &text)), set).map_err(|error| WrongUse(error.to_string()))?;
    config.validate().map_err(|error| WrongUse(error.to_string()))?;
    if config.optim.tuner != TunerConfig::Schedule {
        let told = "`optim.tuner` finds the learning rate by itself, so that there is none to search; leave it at `schedule`";
        return Err(WrongUse(told.to_owned()).into());
    }
    Ok(())
}

/// The words that go on with a training run which was begun already, or the same words.
pub fn continued(words: Vec<String>) -> Vec<String> {
    match words.last() {
        Some(out) if Path::new(out).join("config.toml").exists() => {
            let program = words[0].clone();
            let fixed = ["represent", "train", "--json", "--quiet", "--resume", "--out"].map(str::to_owned);
            [program].into_iter().chain(fixed).chain([out.clone()]).collect()
        }
        _ => words,
    }
}

/// The words of a training run at a rate.
fn command(arguments: &Arguments) -> Result<Vec<String>> {
    let text = |path: &Path| {
        let absolute = std::path::absolute(path)?;
        absolute
            .to_str()
            .map(str::to_owned)
            .with_context(|| format!("`{}` is not valid UTF-8", path.display()))
    };
    let program = std::env::current_exe().context("the program does not know where it is")?;
    let config = arguments.config.as_deref().context("`--config` is missing")?;
    check(config, &arguments.set)?;
    let mut words = vec![text(&program)?];
    words.extend(["represent", "train", "--json", "--quiet", "--config"].map(str::to_owned));
    words.push(text(config)?);
    for set in &arguments.set {
        words.extend(["--set".to_owned(), set.clone()]);
    }
    words.extend(["--set".to_owned(), format!("base_learning_rate={POWER_PLACE}")]);
    if let Some(data) = &arguments.data {
        words.extend(["--data".to_owned(), text(data)?]);
    }
    if let Some(split) = &arguments.split {
        words.extend(["--split".to_owned(), split.clone()]);
    }
    if let Some(limit) = arguments.limit {
        words.extend(["--limit".to_owned(), limit.to_string()]);
    }
    words.extend(["--out".to_owned(), format!("{}/runs/x={PLACE}", text(&arguments.place.out)?)]);
    Ok(words)
}
