//! What is searched, and how: flags, and the file that keeps them for a search that goes on.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use autodidact::brownian::{Estimate, Goal, Rule, Scale, Settings, Stop, TestFunction};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::table::Table;
use crate::cli::exit::WrongUse;

/// What stands for the number in a command, and for ten to its power.
pub const PLACE: &str = "{x}";
pub const POWER_PLACE: &str = "{10^x}";

/// What reads a command for the shell.
const SHELL: [&str; 2] = if cfg!(windows) { ["cmd", "/C"] } else { ["sh", "-c"] };

/// Probability that the answer is further off than was asked for, where nobody says.
const DELTA: f64 = 0.05;

/// Evaluations before a search may stop, where nobody says.
const LEAST: u64 = 20;

/// Flags that say what is searched.
#[derive(Debug, Args)]
pub struct Flags {
    /// Lower end of the interval [default with `--csv` and `--function`: theirs]
    #[arg(long, allow_negative_numbers = true, required_unless_present_any = ["resume", "csv", "function"])]
    lower: Option<f64>,
    /// Upper end of the interval [default with `--csv` and `--function`: theirs]
    #[arg(long, allow_negative_numbers = true, required_unless_present_any = ["resume", "csv", "function"])]
    upper: Option<f64>,
    /// How far from the best value the answer may be, in the unit of the values
    #[arg(long, allow_negative_numbers = true, required_unless_present = "resume")]
    epsilon: Option<f64>,
    /// Probability that it is further [default: 0.05]
    #[arg(long, allow_negative_numbers = true)]
    delta: Option<f64>,
    /// Roughness, if it is known: the standard deviation of the change of the value over a distance of 1. Nothing is
    /// promised if it is too small. Without it the roughness is estimated from the first 34 evaluations and again later
    #[arg(long, allow_negative_numbers = true)]
    scale: Option<f64>,
    /// Which interval is halved next, and when that ends
    #[arg(long, value_enum, help = "Which interval is halved next, and when that ends [default: posterior]")]
    rule: Option<RuleName>,
    /// Evaluations before the search may stop, so that the values tell whether the scale is right [default: 20]
    #[arg(long)]
    least: Option<u64>,
    /// Evaluations at most
    #[arg(long)]
    evaluations: Option<u64>,
    /// Seconds after which an evaluation is stopped and counts as failed
    #[arg(long, allow_negative_numbers = true, conflicts_with_all = ["csv", "function"])]
    timeout: Option<f64>,
    /// How often a failed evaluation is tried again before its interval is given up [default: 0]
    #[arg(long, conflicts_with_all = ["csv", "function"])]
    retries: Option<u32>,
    /// A command for the shell, in the place of words after `--`; `{x}` in it is replaced by the number, `{10^x}` by ten to
    /// its power
    #[arg(long = "command", value_name = "TEXT", conflicts_with_all = ["csv", "function", "command"])]
    shell: Option<String>,
    /// A table in the place of a command: lines of x and value, straight lines between them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["function", "command"])]
    csv: Option<PathBuf>,
    /// A function of known maximum in the place of a command, to try searches on: `parabola`, `rastrigin`, `garland`, …
    #[arg(long, value_name = "NAME", conflicts_with = "command")]
    function: Option<TestFunction>,
    /// The command; `{x}` in its words is replaced by the number, `{10^x}` by ten to its power, and the last line that it prints
    /// is the value
    #[arg(last = true, value_name = "COMMAND", required_unless_present_any = ["resume", "shell", "csv", "function"])]
    command: Vec<OsString>,
}

/// A rule and its stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RuleName {
    /// The interval that exceeds the best value most likely, until the exact probability of that is delta
    Posterior,
    /// The paper's: the interval of the largest upper bound, until its width is epsilon
    Optimistic,
    /// The paper's, stopped when no upper bound is more than epsilon above the best value
    Gap,
}

/// All that a search is, but for its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Description {
    /// The words of the command; none where there is a table or a function.
    #[serde(default)]
    pub command: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<PathBuf>,
    /// Name of a [`TestFunction`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The metric that is the value, of a command that prints the summary of a training run as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    pub lower: f64,
    pub upper: f64,
    /// In seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
    pub retries: u32,
    pub settings: Settings,
}

impl Flags {
    /// The search that is asked for. Numbers out of range are the search's to refuse.
    pub fn describe(&self, goal: Goal) -> Result<Description> {
        let needed = |name: &str, value: Option<f64>| {
            value.ok_or_else(|| WrongUse(format!("`--{name}` is missing; a new search needs it")))
        };
        let epsilon = needed("epsilon", self.epsilon)?;
        let (rule, stop) = match self.rule.unwrap_or(RuleName::Posterior) {
            RuleName::Posterior => (Rule::Posterior, Stop::Posterior),
            RuleName::Optimistic => (Rule::Optimistic { exponent: 5.0 }, Stop::Width),
            RuleName::Gap => (Rule::Optimistic { exponent: 5.0 }, Stop::Gap),
        };
        if let Some(timeout) = self.timeout.filter(|&seconds| !(seconds > 0.0 && seconds < 1e9)) {
            return Err(WrongUse(format!("`--timeout` is {timeout}, expected seconds above 0")).into());
        }
        let csv = self.csv.as_deref().map(std::path::absolute).transpose()?;
        let table = csv.as_deref().map(Table::open).transpose()?;
        let ends = table.map(|table| table.ends()).or(self.function.map(TestFunction::domain));
        let command = if ends.is_some() { Vec::new() } else { self.command()? };
        Ok(Description {
            command,
            csv,
            function: self.function.map(|function| function.to_string()),
            metric: None,
            lower: needed("lower", self.lower.or(ends.map(|[lower, _]| lower)))?,
            upper: needed("upper", self.upper.or(ends.map(|[_, upper]| upper)))?,
            timeout: self.timeout,
            retries: self.retries.unwrap_or(0),
            settings: Settings {
                goal,
                epsilon,
                delta: self.delta.unwrap_or(DELTA),
                scale: self.scale.map_or(Scale::Estimated(Estimate::default()), Scale::Known),
                rule,
                stop,
                least_evaluations: self.least.unwrap_or(LEAST),
                most_evaluations: self.evaluations,
            },
        })
    }

    fn command(&self) -> Result<Vec<String>> {
        let words: Option<Vec<String>> = match &self.shell {
            Some(text) => Some(SHELL.iter().map(|word| (*word).to_owned()).chain([text.clone()]).collect()),
            None => self.command.iter().map(|word| word.to_str().map(str::to_owned)).collect(),
        };
        let words = words.ok_or_else(|| WrongUse("the command is not valid UTF-8".to_owned()))?;
        if !words.iter().any(|word| word.contains(PLACE) || word.contains(POWER_PLACE)) {
            let example = match &self.shell {
                Some(text) => format!("for instance `--command '{text} {PLACE}'`"),
                None => format!("for instance `-- {} {PLACE}`", words.join(" ")),
            };
            return Err(WrongUse(format!(
                "no word of the command has `{PLACE}`, where the number goes; {example}"
            ))
            .into());
        }
        Ok(words)
    }

    /// Whether something was asked for that a search which goes on has already.
    pub fn is_empty(&self) -> bool {
        let numbers = [self.lower, self.upper, self.epsilon, self.delta, self.scale, self.timeout];
        let counts = [self.least, self.evaluations, self.retries.map(u64::from)];
        numbers.iter().all(Option::is_none)
            && counts.iter().all(Option::is_none)
            && self.rule.is_none()
            && self.shell.is_none()
            && self.csv.is_none()
            && self.function.is_none()
            && self.command.is_empty()
    }
}
