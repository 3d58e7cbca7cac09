//! What is promised about the best point of a search.

use crate::rule::Context;
use crate::{Guarantee, Leaf, Optimizer, Reason, Rule, Scale, Settings, Stop, width};

impl Optimizer {
    /// What is promised now.
    pub(crate) fn guarantee(&self) -> Guarantee {
        if self.state.reason != Some(Reason::Stop) {
            return Guarantee::None;
        }
        let Settings { epsilon, rule, stop, scale, delta: total, .. } = self.state.settings;
        let delta = self.context().delta;
        // What estimates of the scale may have taken.
        let taken = total - delta;
        let estimated_scale = match scale {
            Scale::Known(_) => None,
            Scale::Estimated(_) => self.scale(),
        };
        match (stop, rule) {
            (Stop::Posterior, _) => {
                let failure = taken - self.total_log_within().exp_m1();
                Guarantee::Posterior { within: epsilon, failure, estimated_scale }
            }
            (_, Rule::Optimistic { exponent }) => {
                // From one depth to the next the sum over intervals shrinks by this much at least: halves, or three and five eighths
                // where a middle had no value.
                let parts = if self.has_halves_only() { [0.5; 2] } else { [0.375, 0.625] };
                let shrinks: f64 = parts.iter().map(|part| f64::powf(*part, exponent)).sum();
                let failure = (0.5 * delta).powf(exponent) / (1.0 - shrinks);
                Guarantee::Optimistic { within: epsilon, failure: taken + failure, estimated_scale }
            }
            _ => Guarantee::None,
        }
    }

    /// Whether all intervals were halved: their shares are powers of two.
    fn has_halves_only(&self) -> bool {
        const FRACTION: u64 = (1 << 52) - 1;
        self.state.leaves.iter().all(|leaf| leaf.share().to_bits() & FRACTION == 0)
    }

    /// What the function exceeds with the probability of the guarantee at most, turned.
    pub(crate) fn bound(&self) -> f64 {
        if self.is_measuring() {
            return f64::INFINITY;
        }
        let Context { delta, scale, .. } = self.context();
        let rule = self.state.settings.rule;
        let leaves = &self.state.leaves;
        if let Rule::Optimistic { exponent } = rule {
            let bound =
                |leaf: &Leaf| leaf.bridge(scale).higher_end() + width(exponent, delta, scale, leaf.share());
            return leaves.iter().map(bound).fold(f64::NEG_INFINITY, f64::max);
        }
        // The level that is exceeded with probability δ, by halves.
        let exceeds = |level: f64| {
            let within: f64 =
                leaves.iter().map(|leaf| (-leaf.bridge(scale).log_exceedance(level).exp()).ln_1p()).sum();
            -within.exp_m1() > delta
        };
        let best = self.context().best;
        // A step that doubles by itself: beside a large value a small one is lost.
        let mut step = scale;
        while exceeds(best + step) {
            step *= 2.0;
        }
        let (mut low, mut high) = (best, best + step);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if exceeds(middle) { low = middle } else { high = middle }
        }
        high
    }
}
