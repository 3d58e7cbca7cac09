//! When a search stops.

use crate::heap::Entry;
use crate::optimizer::Place;
use crate::{Leaf, Optimizer, Reason, Rule, Stop, width};

impl Optimizer {
    /// Why the search is over, with all that was told: its stop is reached, or would be but for what was given up.
    pub(crate) fn reached(&self, selected: Option<Entry>) -> Option<Reason> {
        let context = self.context();
        let given_up = || self.state.given_up.iter().copied();
        let highest = |leaves: &mut dyn Iterator<Item = u32>| {
            leaves.map(|leaf| self.score(leaf)).fold(f64::NEG_INFINITY, f64::max)
        };
        let (open, closed) = match self.state.settings.stop {
            Stop::Never => return None,
            Stop::Width => {
                let first = selected.map_or(f64::NEG_INFINITY, |entry| entry.score);
                (self.asked.is_empty() && self.is_narrow(selected), highest(&mut given_up()) <= first)
            }
            Stop::Gap => {
                let mut waiting = self.asked.iter().filter_map(|asked| match asked.place {
                    Place::Inside { leaf, .. } => Some(leaf),
                    Place::End(_) => None,
                });
                let first = selected.map_or(f64::NEG_INFINITY, |entry| entry.score);
                let limit = context.best + context.epsilon;
                (first.max(highest(&mut waiting)) <= limit, highest(&mut given_up()) <= limit)
            }
            Stop::Posterior => {
                let limit = (-context.delta).ln_1p();
                let lost: f64 =
                    given_up().map(|leaf| self.log_within(&self.state.leaves[leaf as usize])).sum();
                // Differences have been added up: near the limit only the whole sum tells, with or without a break before.
                if self.log_within - lost < limit * (1.0 + 1e-6) {
                    return None;
                }
                let total = self.total_log_within();
                (total - lost >= limit, total >= limit)
            }
        };
        open.then_some(if closed { Reason::Stop } else { Reason::Exhausted })
    }

    /// Whether the only thing that keeps the search from stopping is what it waits for.
    pub(crate) fn is_waiting_to_stop(&self, selected: Option<Entry>) -> bool {
        self.state.settings.stop == Stop::Width && self.is_narrow(selected)
    }

    /// Whether the leaf that comes first is as narrow as it has to be.
    fn is_narrow(&self, selected: Option<Entry>) -> bool {
        let (Some(selected), Rule::Optimistic { exponent }) = (selected, self.state.settings.rule) else {
            return false;
        };
        let context = self.context();
        let share = self.state.leaves[selected.item as usize].share();
        width(exponent, context.delta, context.scale, share) <= context.epsilon
    }

    pub(crate) fn counts_posterior(&self) -> bool {
        self.state.settings.stop == Stop::Posterior
    }

    /// `ln(1 − p)` for the probability that a leaf exceeds the best value by ε.
    pub(crate) fn log_within(&self, leaf: &Leaf) -> f64 {
        let context = self.context();
        (-leaf.bridge(context.scale).log_exceedance(context.best + context.epsilon).exp()).ln_1p()
    }

    pub(crate) fn total_log_within(&self) -> f64 {
        self.state.leaves.iter().map(|leaf| self.log_within(leaf)).sum()
    }
}
