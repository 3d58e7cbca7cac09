//! How a search goes and when it stops.

use serde::{Deserialize, Serialize};

use crate::{Error, Estimate, Result, Rule, Scale};

/// What is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// The largest value.
    #[default]
    Maximum,
    /// The smallest value.
    Minimum,
}

impl Goal {
    /// A value turned so that more is better, or turned back.
    pub(crate) fn turn(self, value: f64) -> f64 {
        match self {
            Self::Maximum => value,
            Self::Minimum => -value,
        }
    }
}

/// When a search stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// When the width of the interval that would be split next is at most ε: Grill, Valko, Munos 2018.
    Width,
    /// When no upper bound is more than ε above the best value. It follows from the same event as [`Stop::Width`], and comes
    /// no later.
    Gap,
    /// When the function exceeds the best value by ε somewhere with probability δ at most, given all values: ours.
    Posterior,
    /// After [`Settings::most_evaluations`] alone.
    Never,
}

/// How a search goes and when it stops.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// What is looked for.
    pub goal: Goal,
    /// How far below the supremum the answer may be, in the function's unit; above 0.
    pub epsilon: f64,
    /// The probability that it is further; above 0, at most 1/2.
    pub delta: f64,
    /// The standard deviation of the function's increments over a distance of 1 in `x`.
    pub scale: Scale,
    /// Which interval is split next.
    pub rule: Rule,
    /// When the search stops.
    pub stop: Stop,
    /// Evaluations before the stop is looked at; the values of a few evaluations say little of whether `scale` is right.
    #[serde(default)]
    pub least_evaluations: u64,
    /// Evaluations at most, if there is a limit, both ends included; two at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_evaluations: Option<u64>,
}

impl Settings {
    /// The paper's algorithm: one number is the accuracy and the probability of failure, the factor of the width is 5.
    pub fn optimistic(epsilon: f64) -> Self {
        Self {
            goal: Goal::Maximum,
            epsilon,
            delta: epsilon.min(0.5),
            scale: Scale::Known(1.0),
            rule: Rule::Optimistic { exponent: 5.0 },
            stop: Stop::Width,
            least_evaluations: 0,
            most_evaluations: None,
        }
    }

    /// Stops at the exact posterior probability, and splits what contributes most to it. Ours.
    pub fn posterior(epsilon: f64, delta: f64) -> Self {
        Self { delta, rule: Rule::Posterior, stop: Stop::Posterior, ..Self::optimistic(epsilon) }
    }

    /// Spends so many evaluations by the rule of Calvin, Hefter and Herzwurm.
    pub fn budget(evaluations: u64, lambda: f64) -> Self {
        Self {
            rule: Rule::CalvinHefterHerzwurm { lambda },
            stop: Stop::Never,
            most_evaluations: Some(evaluations),
            ..Self::optimistic(1e-3)
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let positive = |name, value: f64| {
            if value > 0.0 && value.is_finite() {
                return Ok(());
            }
            Err(Error::Setting { name, value, expected: "a number above 0" })
        };
        positive("epsilon", self.epsilon)?;
        match self.scale {
            Scale::Known(scale) => positive("scale", scale)?,
            Scale::Estimated(estimate) => check_estimate(estimate)?,
        }
        if !(self.delta > 0.0 && self.delta <= 0.5) {
            return Err(Error::Setting {
                name: "delta",
                value: self.delta,
                expected: "a probability above 0, at most 0.5",
            });
        }
        if let Some(most @ ..2) = self.most_evaluations {
            let value = most as f64;
            return Err(Error::Setting { name: "most-evaluations", value, expected: "two or more" });
        }
        match self.rule {
            Rule::Optimistic { exponent } if !(exponent > 1.0 && exponent.is_finite()) => {
                Err(Error::Setting { name: "exponent", value: exponent, expected: "a number above 1" })
            }
            Rule::CalvinHefterHerzwurm { lambda } => positive("lambda", lambda).and(self.check_stop()),
            _ => self.check_stop(),
        }
    }

    fn check_stop(&self) -> Result<()> {
        match (self.stop, self.rule) {
            (Stop::Never, _) if self.most_evaluations.is_none() => Err(Error::Endless),
            (
                Stop::Width | Stop::Gap,
                Rule::Posterior | Rule::ExpectedImprovement | Rule::CalvinHefterHerzwurm { .. },
            ) => {
                let stop = if self.stop == Stop::Width { "width" } else { "gap" };
                Err(Error::StopWithoutWidths { stop })
            }
            _ => Ok(()),
        }
    }
}

fn check_estimate(Estimate { share, least }: Estimate) -> Result<()> {
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::Setting { name: "share", value: share, expected: "a share between 0 and 1" });
    }
    if least < 8 {
        return Err(Error::Setting { name: "least", value: least as f64, expected: "eight or more" });
    }
    Ok(())
}
