//! Which interval is split next.

use serde::{Deserialize, Serialize};

use crate::Leaf;

/// Which interval is split next, at its middle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// That of the largest upper bound, `max(x, y) + η(h)` with the [width] η: Grill, Valko, Munos 2018.
    Optimistic {
        /// The factor c of the width, above 1; the paper's is 5. All bounds together fail with probability
        /// `(δ / 2)^c / (1 − 2^(1−c))` at most.
        exponent: f64,
    },
    /// That which exceeds the best value by ε most likely, `2 (T − x)(T − y) / (σ² h)` least for `T = best + ε`. Ours; at other
    /// points than the middle it would be Kushner's rule of 1964.
    Posterior,
    /// That whose supremum exceeds the best value by most in the mean, `E (sup − M)₊`: expected improvement (Močkus 1975), in closed
    /// form ([`Bridge::log_improvement`](crate::Bridge::log_improvement)).
    ExpectedImprovement,
    /// That of the largest `h / ((M − x + g)(M − y + g))` with the best value M and `g = √(λ τ ln(1/τ))` for the smallest
    /// interval τ: Calvin, Hefter, Herzwurm, arXiv 1601.01276, which minimises.
    CalvinHefterHerzwurm {
        /// λ, above 0; their theory wants a large one, 0.1 to 1 finds the maximum sooner.
        lambda: f64,
    },
}

/// The width `η(h) = σ √(c h / 2 · ln(2 / (δ h)))` that a Brownian motion exceeds the higher end of an interval of `h` by with
/// probability `(δ h / 2)^c` at most; `scale` is σ for an interval that is a share `h` of the whole one.
///
/// ```
/// // The paper's, with its ε as δ.
/// let eta = autodidact_brownian::width(5.0, 0.1, 1.0, 0.25);
/// assert!((eta - (5.0 * 0.25 / 2.0 * (2.0f64 / (0.1 * 0.25)).ln()).sqrt()).abs() < 1e-15);
/// ```
pub fn width(exponent: f64, delta: f64, scale: f64, share: f64) -> f64 {
    scale * (0.5 * exponent * share * (2.0 / (delta * share)).ln()).sqrt()
}

/// What a score depends on beside the interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub delta: f64,
    pub epsilon: f64,
    pub scale: f64,
    /// The best value.
    pub best: f64,
    /// The share of the smallest interval.
    pub smallest: f64,
}

/// How scores change while the search goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// They do not.
    Never,
    /// They fall when the best value rises.
    Fall,
    /// They also rise when the smallest interval gets smaller.
    Rise,
}

impl Rule {
    /// The larger, the sooner.
    pub(crate) fn score(self, leaf: &Leaf, context: &Context) -> f64 {
        let [x, y] = leaf.values;
        match self {
            Self::Optimistic { exponent } => {
                x.max(y) + width(exponent, context.delta, context.scale, leaf.share())
            }
            Self::Posterior => leaf.bridge(context.scale).log_exceedance(context.best + context.epsilon),
            Self::ExpectedImprovement => leaf.bridge(context.scale).log_improvement(context.best),
            Self::CalvinHefterHerzwurm { lambda } => {
                let smallest = context.smallest;
                let g = context.scale * (lambda * smallest * -smallest.ln()).sqrt();
                leaf.share() / ((context.best - x + g) * (context.best - y + g))
            }
        }
    }

    pub(crate) fn change(self) -> Change {
        match self {
            Self::Optimistic { .. } => Change::Never,
            Self::Posterior | Self::ExpectedImprovement => Change::Fall,
            Self::CalvinHefterHerzwurm { .. } => Change::Rise,
        }
    }
}
