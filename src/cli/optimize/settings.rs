//! What is searched, and how: flags, and the file that keeps them for a search that goes on.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use autodidact::brownian::rivals::Method;
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

/// What an estimated scale is not below, in units of thousandths, where nothing is asked for.
const LEAST_EPSILON: f64 = 1e-6;

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
    /// How far from the best value the answer may be, in the unit of the values; needed by rules that stop by themselves
    #[arg(long, allow_negative_numbers = true)]
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
    /// What the function changes by at most over a distance of 1, for `--rule piyavskii-shubert`
    #[arg(long)]
    lipschitz: Option<f64>,
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
    /// The interval that is expected to exceed the best value by most, for `--evaluations`
    ExpectedImprovement,
    /// Calvin, Hefter and Herzwurm's rule with their lambda at 1, for `--evaluations`
    CalvinHefterHerzwurm,
    /// All points alike: both ends, the middle, the middles of halves, …, for `--evaluations`
    Grid,
    /// Dividing rectangles, for `--evaluations`
    Direct,
    /// Simultaneous optimistic optimization, for `--evaluations`
    Soo,
    /// Sequential optimistic optimization, planned for `--evaluations`
    Sequool,
    /// Simultaneous optimistic optimization of values between 0 and 1 with noise, planned for `--evaluations`
    Stosoo,
    /// Lipschitz search until its bound is epsilon above the best value
    PiyavskiiShubert,
    /// Parabolas and golden sections, to the nearest local optimum
    Brent,
}

/// What a local search knows its best point by, as a share of the interval.
const TOLERANCE: f64 = 1e-6;

/// A rule in full.
struct Chosen {
    rule: Rule,
    stop: Stop,
    method: Option<Method>,
}

impl RuleName {
    /// Whether it stops by itself, and goes by epsilon.
    fn stops(self) -> bool {
        matches!(self, Self::Posterior | Self::Optimistic | Self::Gap | Self::PiyavskiiShubert)
    }

    fn choose(self, epsilon: f64, lipschitz: Option<f64>) -> Result<Chosen> {
        let ours = |rule, stop| Ok(Chosen { rule, stop, method: None });
        let rival =
            |method| Ok(Chosen { rule: Rule::Posterior, stop: Stop::Posterior, method: Some(method) });
        let optimistic = Rule::Optimistic { exponent: 5.0 };
        match self {
            Self::Posterior => ours(Rule::Posterior, Stop::Posterior),
            Self::Optimistic => ours(optimistic, Stop::Width),
            Self::Gap => ours(optimistic, Stop::Gap),
            Self::ExpectedImprovement => ours(Rule::ExpectedImprovement, Stop::Never),
            Self::CalvinHefterHerzwurm => ours(Rule::CalvinHefterHerzwurm { lambda: 1.0 }, Stop::Never),
            Self::Grid => rival(Method::Grid),
            Self::Direct => rival(Method::Direct),
            Self::Soo => rival(Method::Soo),
            Self::Sequool => rival(Method::Sequool),
            Self::Stosoo => rival(Method::Stosoo),
            Self::Brent => rival(Method::Brent { tolerance: TOLERANCE }),
            Self::PiyavskiiShubert => {
                let lipschitz = lipschitz.ok_or_else(|| {
                    WrongUse("`--rule piyavskii-shubert` needs `--lipschitz`, what the function changes by at most over a distance of 1".to_owned())
                })?;
                rival(Method::PiyavskiiShubert { lipschitz, epsilon })
            }
        }
    }
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
    /// The rival that searches in the place of `settings.rule`, of which the goal and the number of evaluations count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    pub settings: Settings,
}

impl Flags {
    /// The search that is asked for. Numbers out of range are the search's to refuse.
    pub fn describe(&self, goal: Goal, evaluations: Option<u64>) -> Result<Description> {
        let needed = |name: &str, value: Option<f64>| {
            value.ok_or_else(|| WrongUse(format!("`--{name}` is missing; a new search needs it")))
        };
        let name = self.rule.unwrap_or(RuleName::Posterior);
        let epsilon = if name.stops() {
            needed("epsilon", self.epsilon)?
        } else {
            if evaluations.is_none() && name != RuleName::Brent {
                let told = "`--evaluations` is missing; a search by this rule does not end by itself";
                return Err(WrongUse(told.to_owned()).into());
            }
            self.epsilon.unwrap_or(LEAST_EPSILON)
        };
        let Chosen { rule, stop, method } = name.choose(epsilon, self.lipschitz)?;
        let is_ours = method.is_none();
        if !is_ours && (self.scale.is_some() || self.delta.is_some() || self.least.is_some()) {
            let told = "`--scale`, `--delta` and `--least` are for searches that take the function for a Brownian motion; this rule does not";
            return Err(WrongUse(told.to_owned()).into());
        }
        if self.lipschitz.is_some() && name != RuleName::PiyavskiiShubert {
            return Err(WrongUse("`--lipschitz` is for `--rule piyavskii-shubert`".to_owned()).into());
        }
        // What does not stop by itself needs no promise, and is after the maximum at once.
        let estimate = match stop {
            Stop::Never => Estimate { least: 8, ..Estimate::default() },
            _ => Estimate::default(),
        };
        if let Some(timeout) = self.timeout.filter(|&seconds| !(seconds > 0.0 && seconds < 1e9)) {
            return Err(WrongUse(format!("`--timeout` is {timeout}, expected seconds above 0")).into());
        }
        let csv = self.csv.as_deref().map(std::path::absolute).transpose()?;
        let table = csv.as_deref().map(Table::open).transpose()?;
        let known = table.map(|table| table.ends());
        let ends = known.or(self.function.map(TestFunction::domain));
        let command = if ends.is_some() { Vec::new() } else { self.command()? };
        let lower = needed("lower", self.lower.or(ends.map(|[lower, _]| lower)))?;
        let upper = needed("upper", self.upper.or(ends.map(|[_, upper]| upper)))?;
        if let Some([first, last]) = known.filter(|[first, last]| lower < *first || upper > *last) {
            return Err(WrongUse(format!(
                "the table goes from {first} to {last} and says nothing of values between {lower} and {upper} beyond that"
            ))
            .into());
        }
        Ok(Description {
            command,
            csv,
            function: self.function.map(|function| function.to_string()),
            metric: None,
            lower,
            upper,
            timeout: self.timeout,
            retries: self.retries.unwrap_or(0),
            method,
            settings: Settings {
                goal,
                epsilon,
                delta: self.delta.unwrap_or(DELTA),
                scale: self.scale.map_or(Scale::Estimated(estimate), Scale::Known),
                rule,
                stop,
                least_evaluations: if stop == Stop::Never { 0 } else { self.least.unwrap_or(LEAST) },
                most_evaluations: evaluations,
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
        let numbers =
            [self.lower, self.upper, self.epsilon, self.delta, self.scale, self.timeout, self.lipschitz];
        let counts = [self.least, self.retries.map(u64::from)];
        numbers.iter().all(Option::is_none)
            && counts.iter().all(Option::is_none)
            && self.rule.is_none()
            && self.shell.is_none()
            && self.csv.is_none()
            && self.function.is_none()
            && self.command.is_empty()
    }
}
