//! What updates tell of themselves, and their means over an iteration.

use std::fmt::{self, Display};

/// The losses of a batch by their names.
pub trait NamedLosses: Copy + Display {
    /// Metric names, such as `loss/policy`, and losses, always in the same order.
    fn named(&self) -> Vec<(&'static str, f64)>;
}

/// What an update tells of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport<L> {
    /// Losses of its batch.
    pub losses: L,
    /// Global norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Its learning rate.
    pub learning_rate: f64,
}

/// Means over the updates of an iteration.
#[derive(Debug, Default)]
pub(crate) struct Learnt {
    steps: usize,
    losses: Vec<(&'static str, f64)>,
    gradient_norm: f64,
    learning_rate: f64,
}

impl Learnt {
    pub fn add<L: NamedLosses>(&mut self, report: StepReport<L>) {
        let losses = report.losses.named();
        if self.steps == 0 {
            self.losses = losses;
        } else {
            self.losses.iter_mut().zip(losses).for_each(|(sum, loss)| sum.1 += loss.1);
        }
        self.steps += 1;
        self.gradient_norm += report.gradient_norm;
        self.learning_rate = report.learning_rate;
    }

    /// Nothing where there was no update.
    pub fn metrics(&self) -> Vec<(&'static str, f64)> {
        if self.steps == 0 {
            return Vec::new();
        }
        let steps = self.steps as f64;
        let mut metrics: Vec<_> = self.losses.iter().map(|(name, sum)| (*name, sum / steps)).collect();
        metrics.push(("gradient/norm", self.gradient_norm / steps));
        metrics.push(("optimizer/learning_rate", self.learning_rate));
        metrics
    }
}

/// `policy loss 1.2, value loss 0.3`: what losses are called in messages.
pub(crate) fn describe(losses: &impl NamedLosses, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, (name, loss)) in losses.named().into_iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{} loss {loss}", name.trim_start_matches("loss/"))?;
    }
    Ok(())
}
