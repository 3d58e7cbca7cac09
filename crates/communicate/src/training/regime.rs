//! How the listener follows the speaker: what is done to it before an update of both.
//!
//! | regime | before an update |
//! |---|---|
//! | `continuous` | nothing: both learn in turn, the usual game |
//! | `partial` | k − 1 steps of the listener, so that it makes k for each of the speaker's |
//! | `early-stopped` | perhaps a fresh listener; steps until the loss on the validation part stops going down, then back to the lowest |
//! | `retrained` | a fresh listener, trained until the loss on the training part stops going down |
//! | `reset` | a fresh listener now and then |
//! | `bayes` | nothing: the reward is log ρ*(x\|m) of the exact Bayes listener, and the network is there to be heard |
//!
//! The speaker does not change in these steps, and the messages of each are drawn anew; those of the validation part are drawn once
//! for each search of its lowest loss. In a noisy channel all of them are heard as they arrive.
//!
//! In a population it is the listener of the pair whose turn it is that follows the speaker of that pair, and what is counted are its own
//! updates.

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::setting::{between, count};

/// How the listener follows the speaker.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Regime {
    /// Both learn in turn.
    Continuous,
    /// So many steps of the listener for each of the speaker's.
    Partial(Partial),
    /// As long as it helps on the validation part.
    EarlyStopped(EarlyStopped),
    /// Fresh, and trained until it has learnt the training part.
    Retrained(Retrained),
    /// Fresh now and then.
    Reset(Reset),
    /// The speaker hears from the exact Bayes listener.
    Bayes,
}

/// So many steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Partial {
    /// k, 1 or more: after u updates the listener has made k u steps, rounded, those with the speaker among them.
    pub steps: f64,
}

impl Partial {
    /// Steps of the listener alone before an update, counted from 0.
    pub(super) fn alone(self, update: u64) -> usize {
        let until = |update: u64| (self.steps * update as f64).round() as usize;
        (until(update + 1) - until(update)).saturating_sub(1)
    }
}

/// Steps until a rule says stop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStopped {
    /// The probability of a fresh listener.
    pub reset: f64,
    /// When to stop.
    pub rule: StopRule,
    /// Steps at most.
    pub max_steps: usize,
    /// Updates of both that follow.
    pub joint_updates: usize,
    /// Whether the listener goes back to the weights of the lowest validation loss, those before its first step among them.
    pub keeps_best: bool,
}

/// Steps until the training loss stops going down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retrained {
    /// When to stop.
    pub rule: StopRule,
    /// Steps at most.
    pub max_steps: usize,
    /// Updates of both that follow.
    pub joint_updates: usize,
}

/// Fresh after so many updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reset {
    /// Updates between fresh listeners.
    pub every: usize,
}

impl Default for Partial {
    fn default() -> Self {
        Self { steps: 5.0 }
    }
}

impl Default for EarlyStopped {
    fn default() -> Self {
        Self { reset: 0.0, rule: StopRule::default(), max_steps: 1000, joint_updates: 1, keeps_best: true }
    }
}

impl Default for Retrained {
    fn default() -> Self {
        Self { rule: StopRule::default(), max_steps: 200, joint_updates: 1 }
    }
}

impl Default for Reset {
    fn default() -> Self {
        Self { every: 100 }
    }
}

/// When a loss has stopped going down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StopRule {
    /// The rule of the first author's public code: more than 20 losses, and the last one above the mean of the last 10, itself among them,
    /// less 1e-4. A loss that falls slowly stops it, and so does noise.
    Original,
    /// The smoothed loss has not gone down for a while.
    Patience(Patience),
}

/// A smoothed loss that has not gone down for a while.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Patience {
    /// Steps without a new lowest value.
    pub steps: usize,
    /// What the average of the losses keeps of itself at each step; 0 for the losses themselves.
    pub smoothing: f64,
    /// How much lower a new lowest value has to be.
    pub least: f64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { steps: 5, smoothing: 0.5, least: 1e-3 }
    }
}

impl Default for StopRule {
    fn default() -> Self {
        Self::Patience(Patience::default())
    }
}

impl StopRule {
    fn validate(&self, [steps, smoothing, least]: [&'static str; 3]) -> Result<()> {
        let Self::Patience(patience) = self else { return Ok(()) };
        count(steps, patience.steps, 1 << 30)?;
        between(smoothing, patience.smoothing, [0.0, 0.999])?;
        between(least, patience.least, [0.0, 1e6])
    }
}

impl Regime {
    /// That all settings are in their ranges.
    pub(super) fn validate(&self) -> Result<()> {
        const RULE: [&str; 3] = ["regime.rule.steps", "regime.rule.smoothing", "regime.rule.least"];
        let listening = |rule: &StopRule, max_steps, joint_updates| {
            rule.validate(RULE)?;
            count("regime.max_steps", max_steps, 1 << 30)?;
            count("regime.joint_updates", joint_updates, 1 << 30)
        };
        match self {
            Self::Continuous | Self::Bayes => Ok(()),
            Self::Partial(partial) => between("regime.steps", partial.steps, [1.0, 1e9]),
            Self::Reset(reset) => count("regime.every", reset.every, 1 << 30),
            Self::Retrained(retrained) => {
                listening(&retrained.rule, retrained.max_steps, retrained.joint_updates)
            }
            Self::EarlyStopped(stopped) => {
                between("regime.reset", stopped.reset, [0.0, 1.0])?;
                listening(&stopped.rule, stopped.max_steps, stopped.joint_updates)
            }
        }
    }
}

/// The losses so far, and whether they say stop.
#[derive(Clone, Debug)]
pub struct Stopping {
    rule: StopRule,
    losses: Vec<f64>,
    smoothed: f64,
    lowest: f64,
    since: usize,
}

impl Stopping {
    /// Before the first loss.
    pub fn new(rule: StopRule) -> Self {
        Self { rule, losses: Vec::new(), smoothed: 0.0, lowest: f64::INFINITY, since: 0 }
    }

    /// Whether to stop after this loss.
    ///
    /// ```
    /// use autodidact_communicate::training::{StopRule, Stopping};
    ///
    /// // The original rule takes slow progress for the end.
    /// let mut original = Stopping::new(StopRule::Original);
    /// let stop = (0..1000).find(|&pass| original.stops(1.0 - 1e-5 * f64::from(pass)));
    /// assert_eq!(stop, Some(20));
    /// let mut original = Stopping::new(StopRule::Original);
    /// assert!((0..1000).all(|pass| !original.stops(1.0 - 1e-4 * f64::from(pass))));
    /// ```
    pub fn stops(&mut self, loss: f64) -> bool {
        self.losses.push(loss);
        match self.rule {
            StopRule::Original => {
                let last = &self.losses[self.losses.len().saturating_sub(10)..];
                self.losses.len() > 20 && loss > last.iter().sum::<f64>() / last.len() as f64 - 1e-4
            }
            StopRule::Patience(Patience { steps, smoothing, least }) => {
                let is_first = self.losses.len() == 1;
                self.smoothed =
                    if is_first { loss } else { smoothing * self.smoothed + (1.0 - smoothing) * loss };
                if self.smoothed < self.lowest - least {
                    (self.lowest, self.since) = (self.smoothed, 0);
                } else {
                    self.since += 1;
                }
                self.since >= steps
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_waits_for_the_smoothed_loss() {
        let rule = StopRule::Patience(Patience { steps: 3, smoothing: 0.0, least: 0.0 });
        let mut stopping = Stopping::new(rule);
        let losses = [3.0, 2.0, 2.5, 2.5, 1.9, 2.0, 2.0, 1.9];
        let stops: Vec<bool> = losses.iter().map(|&loss| stopping.stops(loss)).collect();
        assert_eq!(stops, [false, false, false, false, false, false, false, true]);

        let rule = StopRule::Patience(Patience { steps: 3, smoothing: 0.5, least: 0.0 });
        let mut stopping = Stopping::new(rule);
        // 2, 1.5, 1.75, 1.625, 1.5625, above 1.5 each.
        let stops: Vec<bool> = [2.0, 1.0, 2.0, 1.5, 1.5].iter().map(|&loss| stopping.stops(loss)).collect();
        assert_eq!(stops, [false, false, false, false, true]);
    }
}
