//! Which tuner, with its published constants.

use serde::{Deserialize, Serialize};

use super::Tuner;
use super::armijo::Armijo;
use super::cdat::Cdat;
use super::dog::Dog;
use super::hypergradient::Hypergradient;
use super::momo::Momo;
use super::polyak::Polyak;
use super::prodigy::Prodigy;
use super::schedule_free::ScheduleFree;
use super::scheduled::Scheduled;
use super::sharpness::Sharpness;
use crate::sharpness::PowerIteration;
use crate::{Decay, Error, Result, Schedule};

/// How the learning rate of each step is found: `kind = "cdat"`, `sigma = 1.8`; constants that are left out have their
/// defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TunerConfig {
    /// The trainer's own schedule.
    #[default]
    Schedule,
    /// One rate, whatever the trainer's schedule says.
    Constant {
        /// The rate.
        learning_rate: f64,
    },
    /// A warm-up from zero and what follows, counted in this tuner's own steps.
    Warmup {
        /// The largest rate.
        peak: f64,
        /// Steps of linear warm-up.
        #[serde(default)]
        warmup_steps: usize,
        /// Steps after which a decay has reached 0.
        total_steps: usize,
        /// What follows the warm-up.
        #[serde(default)]
        decay: Decay,
    },
    /// CDAT.
    Cdat(CdatConfig),
    /// The minimum of the loss's quadratic model along the update: CDAT with σ = 1, without averages.
    QuadraticallyGreedy,
    /// Backtracking line search.
    Armijo(ArmijoConfig),
    /// Polyak's step size with a cap.
    Polyak {
        /// The loss's lower bound f*; 0 in the paper.
        #[serde(default)]
        lower_bound: f64,
        /// Cap; 1 or 100 in the paper.
        #[serde(default = "one")]
        max_learning_rate: f64,
    },
    /// Multiplicative hypergradient descent.
    Hypergradient {
        /// The first rate.
        #[serde(default = "hundredth")]
        initial: f64,
        /// β; 1e-3 to 1 in the paper.
        #[serde(default = "hundredth")]
        beta: f64,
    },
    /// A multiple of the inverse of the largest eigenvalue.
    Sharpness {
        /// σ; 2 or 3 in the paper.
        #[serde(default = "two")]
        sigma: f64,
        /// Most Hessian products a step.
        #[serde(default = "iterations")]
        iterations: usize,
        /// Relative change of the eigenvalue that is small enough.
        #[serde(default = "thousandth")]
        tolerance: f64,
    },
    /// Schedule-free averaging, for a base rule without momentum.
    ScheduleFree {
        /// γ after warm-up.
        #[serde(default = "one")]
        learning_rate: f64,
        /// β.
        #[serde(default = "nine_tenths")]
        beta: f64,
        /// Steps of linear warm-up.
        #[serde(default)]
        warmup_steps: usize,
    },
    /// Prodigy.
    Prodigy {
        /// The first estimate of the distance.
        #[serde(default = "millionth")]
        initial: f64,
        /// Decay of the averages with an adaptive base.
        #[serde(default = "root_of_beta2")]
        beta3: f64,
    },
    /// Distance over gradients.
    Dog {
        /// The first distance over `1 + ‖w₀‖`.
        #[serde(default = "millionth")]
        initial: f64,
    },
    /// `MoMo`.
    Momo {
        /// The loss's lower bound f*.
        #[serde(default)]
        lower_bound: f64,
        /// Cap.
        #[serde(default = "one")]
        max_learning_rate: f64,
        /// Decay of the averages.
        #[serde(default = "nine_tenths")]
        beta: f64,
    },
}

/// CDAT's constants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CdatConfig {
    /// σ: 2 is the edge of stability. Full batch 2.0625 was the paper's best of five; with mini-batches the best falls with
    /// the batch size, 1.8 at 256 in one of its examples.
    pub sigma: f64,
    /// Decay of the averages. Essential with mini-batches, where the paper searched 0.9 and 0.99; 0 in most of its
    /// full-batch runs.
    pub beta: f64,
    /// Added to the curvature; 0 in the paper.
    pub epsilon: f64,
    /// Cap; none in the paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_learning_rate: Option<f64>,
}

impl Default for CdatConfig {
    fn default() -> Self {
        Self { sigma: 2.0, beta: 0.9, epsilon: 0.0, max_learning_rate: None }
    }
}

impl CdatConfig {
    /// Without averages, as for a loss that is the same at every step.
    pub fn full_batch(sigma: f64) -> Self {
        Self { sigma, beta: 0.0, ..Self::default() }
    }
}

/// The line search's constants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArmijoConfig {
    /// c: the share of the linear model's decrease that is asked for; 0, 1e-4 or 0.5 in the paper.
    pub decrease: f64,
    /// δ: how much above `f(w)` counts as no increase; 0 or 1e-3 in the paper.
    pub slack: f64,
    /// c₊: the first guess is this times the rate before; 4 in the paper. 0 means the cap at every step (the paper's ∞).
    pub increase: f64,
    /// c₋: factor from guess to guess; 0.8 or 0.9 in the paper.
    pub backtrack: f64,
    /// The largest first guess; 1 in the paper.
    pub max_learning_rate: f64,
    /// Most backtracks a step, 30 in the paper's mini-batch runs. 0 means no limit, as with its whole batches.
    pub max_backtracks: usize,
}

impl Default for ArmijoConfig {
    fn default() -> Self {
        Self {
            decrease: 1e-4,
            slack: 0.0,
            increase: 4.0,
            backtrack: 0.8,
            max_learning_rate: 1.0,
            max_backtracks: 30,
        }
    }
}

impl TunerConfig {
    /// A tuner with no history; `None` for the trainer's own schedule.
    pub fn init(&self) -> Option<Box<dyn Tuner>> {
        Some(match *self {
            Self::Schedule => return None,
            Self::Constant { learning_rate } => Box::new(Scheduled::new(Schedule::constant(learning_rate))),
            Self::Warmup { peak, warmup_steps, total_steps, decay } => {
                Box::new(Scheduled::new(Schedule { peak, warmup_steps, total_steps, decay }))
            }
            Self::Cdat(config) => Box::new(Cdat::new(config)),
            Self::QuadraticallyGreedy => Box::new(Cdat::new(CdatConfig::full_batch(1.0))),
            Self::Armijo(config) => Box::new(Armijo::new(config)),
            Self::Polyak { lower_bound, max_learning_rate } => {
                Box::new(Polyak { lower_bound, max_learning_rate })
            }
            Self::Hypergradient { initial, beta } => Box::new(Hypergradient::new(initial, beta)),
            Self::Sharpness { sigma, iterations, tolerance } => {
                Box::new(Sharpness::new(sigma, PowerIteration { iterations, tolerance }))
            }
            Self::ScheduleFree { learning_rate, beta, warmup_steps } => {
                Box::new(ScheduleFree::new(learning_rate, beta, warmup_steps))
            }
            Self::Prodigy { initial, beta3 } => Box::new(Prodigy::new(initial, beta3)),
            Self::Dog { initial } => Box::new(Dog::new(initial)),
            Self::Momo { lower_bound, max_learning_rate, beta } => {
                Box::new(Momo::new(lower_bound, max_learning_rate, beta))
            }
        })
    }

    /// Checks every constant.
    ///
    /// # Errors
    /// [`Error::Constant`] names the first that is out of range.
    pub fn validate(&self) -> Result<()> {
        let positive =
            |name, value: f64| require(value > 0.0 && value.is_finite(), name, value, "a positive number");
        let not_negative = |name, value: f64| {
            require(value >= 0.0 && value.is_finite(), name, value, "0 or a positive number")
        };
        let decay =
            |name, value: f64| require((0.0..1.0).contains(&value), name, value, "at least 0 and below 1");
        let finite = |name, value: f64| require(value.is_finite(), name, value, "a number");
        let cap = |value: Option<f64>| value.map_or(Ok(()), |value| positive("max_learning_rate", value));
        match *self {
            Self::Schedule | Self::QuadraticallyGreedy => Ok(()),
            Self::Constant { learning_rate } => positive("learning_rate", learning_rate),
            Self::Warmup { peak, warmup_steps, total_steps, decay } => {
                let fits = decay == Decay::Constant || warmup_steps < total_steps;
                require(fits, "total_steps", total_steps as f64, "more than `warmup_steps`")?;
                positive("peak", peak)
            }
            Self::Cdat(CdatConfig { sigma, beta, epsilon, max_learning_rate }) => {
                positive("sigma", sigma)?;
                decay("beta", beta)?;
                not_negative("epsilon", epsilon)?;
                cap(max_learning_rate)
            }
            Self::Armijo(config) => {
                let ArmijoConfig { decrease, slack, increase, backtrack, max_learning_rate, .. } = config;
                decay("decrease", decrease)?;
                not_negative("slack", slack)?;
                let grows = increase == 0.0 || (increase >= 1.0 && increase.is_finite());
                require(grows, "increase", increase, "at least 1, or 0")?;
                require(backtrack > 0.0 && backtrack < 1.0, "backtrack", backtrack, "between 0 and 1")?;
                positive("max_learning_rate", max_learning_rate)
            }
            Self::Polyak { lower_bound, max_learning_rate } => {
                finite("lower_bound", lower_bound)?;
                positive("max_learning_rate", max_learning_rate)
            }
            Self::Hypergradient { initial, beta } => {
                positive("initial", initial)?;
                require((0.0..=1.0).contains(&beta), "beta", beta, "between 0 and 1")
            }
            Self::Sharpness { sigma, iterations, tolerance } => {
                positive("sigma", sigma)?;
                require(iterations > 0, "iterations", iterations as f64, "at least 1")?;
                positive("tolerance", tolerance)
            }
            Self::ScheduleFree { learning_rate, beta, .. } => {
                positive("learning_rate", learning_rate)?;
                require(beta > 0.0 && beta < 1.0, "beta", beta, "between 0 and 1")
            }
            Self::Prodigy { initial, beta3 } => {
                positive("initial", initial)?;
                decay("beta3", beta3)
            }
            Self::Dog { initial } => positive("initial", initial),
            Self::Momo { lower_bound, max_learning_rate, beta } => {
                finite("lower_bound", lower_bound)?;
                positive("max_learning_rate", max_learning_rate)?;
                decay("beta", beta)
            }
        }
    }
}

fn require(holds: bool, name: &'static str, value: f64, expected: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Constant { name, value, expected }) }
}

macro_rules! defaults {
    ($($name:ident = $value:expr;)*) => {
        $(fn $name() -> f64 {
            $value
        })*
    };
}

defaults! {
    one = 1.0;
    two = 2.0;
    nine_tenths = 0.9;
    hundredth = 1e-2;
    thousandth = 1e-3;
    millionth = 1e-6;
    root_of_beta2 = 0.999_f64.sqrt();
}

fn iterations() -> usize {
    PowerIteration::default().iterations
}
