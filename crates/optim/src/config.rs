//! Which optimizer, with its published defaults.

use serde::{Deserialize, Serialize};

use crate::sharpness::Edge;

/// An update rule and its constants. Weight decay and LARS adaptation skip tensors of rank at most one:
/// biases and the scales and shifts of normalisation layers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Stochastic gradient descent: `g ← g + λ w`, `m ← μ m + g`, `w ← w − lr m`.
    Sgd {
        /// Momentum μ.
        #[serde(default = "default_momentum")]
        momentum: f64,
        /// Whether the step is `g + μ m` (Nesterov, as `PyTorch` has it) instead of `m`.
        #[serde(default)]
        nesterov: bool,
        /// Weight decay λ.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Layer-wise adaptive rate scaling (You et al. 2017): `g ← g + λ w`, `m ← μ m + r g`, `w ← w − lr m`.
    Lars {
        /// Momentum μ.
        #[serde(default = "default_momentum")]
        momentum: f64,
        /// Weight decay λ.
        #[serde(default)]
        weight_decay: f64,
        /// Trust coefficient η; 1e-3 in BYOL's code.
        #[serde(default = "default_eta")]
        eta: f64,
        /// How the trust ratio r is formed.
        #[serde(default)]
        trust: TrustRatio,
    },
    /// `RMSProp`: `g ← g + λ w`, `ν ← ρ ν + (1 − ρ) g²` from zero and without bias correction, `w ← w − lr g / √(ν + ε)`;
    /// the form of Roulet et al. 2024, appendix B.1.
    RmsProp {
        /// Decay ρ of the mean square.
        #[serde(default = "default_beta2")]
        decay: f64,
        /// Added to the mean square, inside the root.
        #[serde(default = "default_epsilon")]
        epsilon: f64,
        /// Weight decay λ, a part of the gradient.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Adam (Kingma & Ba 2015): `g ← g + λ w`, bias-corrected moments, `w ← w − lr m̂ / (√v̂ + ε)`.
    Adam {
        /// Decay of the first moment.
        #[serde(default = "default_beta1")]
        beta1: f64,
        /// Decay of the second moment.
        #[serde(default = "default_beta2")]
        beta2: f64,
        /// Added to the root of the second moment.
        #[serde(default = "default_epsilon")]
        epsilon: f64,
        /// Weight decay λ, a part of the gradient.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW {
        /// Decay of the first moment.
        #[serde(default = "default_beta1")]
        beta1: f64,
        /// Decay of the second moment.
        #[serde(default = "default_beta2")]
        beta2: f64,
        /// Added to the root of the second moment.
        #[serde(default = "default_epsilon")]
        epsilon: f64,
        /// Weight decay λ, multiplied by the learning rate.
        #[serde(default = "default_adamw_decay")]
        weight_decay: f64,
    },
}

/// The trust ratio r of LARS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustRatio {
    /// `r = η ‖w‖ / ‖g + λ w‖`, and 1 where either norm is 0: BYOL's official code. No clipping.
    #[default]
    Official,
    /// `r = min(η ‖w‖ / (‖g‖ + λ ‖w‖ + 1e-8) / lr, 1)`: the LARC-clipped variant of Bolts-derived code.
    Clipped,
}

impl OptimizerConfig {
    /// Gradient descent: no momentum, no decay.
    pub const GRADIENT_DESCENT: Self = Self::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };

    /// Whether each weight's update is scaled by its own past gradients, so that its size does not depend on theirs.
    pub fn is_adaptive(&self) -> bool {
        matches!(self, Self::RmsProp { .. } | Self::Adam { .. } | Self::AdamW { .. })
    }

    /// The weight decay λ that is a part of the rule's gradient, and so of the loss.
    pub fn decay_of_the_loss(&self) -> f64 {
        match *self {
            Self::Sgd { weight_decay, .. }
            | Self::Lars { weight_decay, .. }
            | Self::RmsProp { weight_decay, .. }
            | Self::Adam { weight_decay, .. } => weight_decay,
            Self::AdamW { .. } => 0.0,
        }
    }

    /// Where this rule's edge of stability is; of the preconditioned sharpness for adaptive rules. `None` for LARS, which scales
    /// the steps of each tensor by its own norms.
    pub fn edge(&self) -> Option<Edge> {
        Some(match *self {
            Self::Lars { .. } => return None,
            Self::Sgd { nesterov: false, momentum, .. } => Edge::HeavyBall { momentum },
            Self::Sgd { nesterov: true, momentum, .. } => Edge::Nesterov { momentum },
            Self::RmsProp { .. } => Edge::GradientDescent,
            Self::Adam { beta1, .. } | Self::AdamW { beta1, .. } => Edge::Adam { beta1 },
        })
    }

    /// SGD with momentum 0.9.
    pub fn sgd(weight_decay: f64) -> Self {
        Self::Sgd { momentum: 0.9, nesterov: false, weight_decay }
    }

    /// LARS with BYOL's constants (Grill et al. 2020, §3.3 and official code).
    pub fn lars(weight_decay: f64) -> Self {
        Self::Lars { momentum: 0.9, weight_decay, eta: 1e-3, trust: TrustRatio::Official }
    }

    /// `AdamW` with its paper's constants.
    pub fn adamw(weight_decay: f64) -> Self {
        Self::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay }
    }
}

fn default_momentum() -> f64 {
    0.9
}

fn default_eta() -> f64 {
    1e-3
}

fn default_beta1() -> f64 {
    0.9
}

fn default_beta2() -> f64 {
    0.999
}

fn default_epsilon() -> f64 {
    1e-8
}

fn default_adamw_decay() -> f64 {
    1e-2
}
