//! Which tuners are compared, and the settings that each is given.

use autodidact_experiment::reproduction::Scale;
use autodidact_experiment::table::number;
use autodidact_optim::tuner::{ArmijoConfig, CdatConfig};
use autodidact_optim::{Decay, TunerConfig};
use serde::{Deserialize, Serialize};

use super::task::Task;

/// σ of CDAT.
pub(super) const SIGMAS: [f64; 6] = [1.0, 1.5, 1.9375, 2.0, 2.0625, 2.5];
/// Most Hessian products a step of the rule that uses the exact sharpness: it starts warm.
const PRODUCTS: usize = 50;

/// A way to find the learning rate, with all its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Family {
    Constant,
    Cdat,
    LineSearch,
    Warmup,
    Polyak,
    Hypergradient,
    Sharpness,
}

/// A tuner with its constants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Setting {
    pub name: String,
    pub tuner: TunerConfig,
}

impl Family {
    pub const ALL: [Self; 7] = [
        Self::Constant,
        Self::Cdat,
        Self::LineSearch,
        Self::Warmup,
        Self::Polyak,
        Self::Hypergradient,
        Self::Sharpness,
    ];

    /// Its name in jobs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Cdat => "cdat",
            Self::LineSearch => "line-search",
            Self::Warmup => "warmup",
            Self::Polyak => "polyak",
            Self::Hypergradient => "hypergradient",
            Self::Sharpness => "sharpness",
        }
    }

    /// Whether it runs on a task: rates from the exact sharpness on B only, which has the strongest sharpening.
    pub fn runs_on(self, task: Task) -> bool {
        self != Self::Sharpness || task == Task::B
    }

    /// All settings at a scale, for runs of so many steps.
    pub fn settings(self, scale: Scale, steps: usize) -> Vec<Setting> {
        let is_quick = scale == Scale::Quick;
        let setting = |name: String, tuner| Setting { name, tuner };
        match self {
            Self::Constant => {
                let rates = grid(if is_quick { 4..=9 } else { 3..=13 });
                rates
                    .map(|rate| setting(number(rate), TunerConfig::Constant { learning_rate: rate }))
                    .collect()
            }
            Self::Warmup => grid(if is_quick { 6..=9 } else { 3..=13 })
                .map(|peak| {
                    let warmup_steps = steps / 10;
                    let tuner = TunerConfig::Warmup {
                        peak,
                        warmup_steps,
                        total_steps: steps,
                        decay: Decay::Constant,
                    };
                    setting(number(peak), tuner)
                })
                .collect(),
            Self::Cdat => SIGMAS
                .map(|sigma| setting(sigma_name(sigma), TunerConfig::Cdat(CdatConfig::full_batch(sigma))))
                .to_vec(),
            Self::LineSearch => line_searches(is_quick),
            Self::Polyak => [1.0, 100.0]
                .map(|cap| {
                    let tuner = TunerConfig::Polyak { lower_bound: 0.0, max_learning_rate: cap };
                    setting(number(cap), tuner)
                })
                .to_vec(),
            Self::Hypergradient => {
                let betas: &[f64] = if is_quick { &[1e-2, 1e-1] } else { &[1e-3, 1e-2, 1e-1, 1.0] };
                let tuner = |beta| TunerConfig::Hypergradient { initial: 1e-2, beta };
                betas.iter().map(|&beta| setting(number(beta), tuner(beta))).collect()
            }
            Self::Sharpness => [2.0, 3.0]
                .map(|sigma| {
                    let tuner = TunerConfig::Sharpness { sigma, iterations: PRODUCTS, tolerance: 1e-3 };
                    setting(sigma_name(sigma), tuner)
                })
                .to_vec(),
        }
    }
}

/// The name of a setting that is told by its σ.
pub(super) fn sigma_name(sigma: f64) -> String {
    format!("{sigma}")
}

/// `1e-3 · 2^i`.
fn grid(powers: std::ops::RangeInclusive<i32>) -> impl Iterator<Item = f64> {
    powers.map(|power| 1e-3 * 2f64.powi(power))
}

/// c and δ in four combinations, c₊ in {4, ∞}; c₋ is 0.8.
fn line_searches(is_quick: bool) -> Vec<Setting> {
    let mut settings = Vec::new();
    for increase in [4.0, 0.0] {
        for (decrease, slack) in [(0.0, 0.0), (0.0, 1e-3), (1e-4, 0.0), (0.5, 0.0)] {
            // A restart at 1 is searched down from at every step.
            if is_quick && (increase == 0.0 || decrease == 0.0) {
                continue;
            }
            let config = ArmijoConfig {
                decrease,
                slack,
                increase,
                backtrack: 0.8,
                max_backtracks: 0,
                ..ArmijoConfig::default()
            };
            let start = if increase == 0.0 { "from 1" } else { "from 4 η" };
            let name = format!("c {}, δ {}, {start}", number(decrease), number(slack));
            settings.push(Setting { name, tuner: TunerConfig::Armijo(config) });
        }
    }
    settings
}
