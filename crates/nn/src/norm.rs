//! Normalisation as a strategy: batch norm, group norm, layer norm, a bare affine map, or nothing.

use burn::module::{Module, Param, RunningState};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::Mode;
use crate::initialise::{constant, parameter};
use crate::ops::{self, After, Normalisation, Over, Statistics};
use crate::taylor::Jet;

/// Which normalisation a network uses at each of its normalisation positions.
///
/// Only [`NormConfig::Batch`] looks at other samples of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NormConfig {
    /// Batch norm (Ioffe & Szegedy 2015) with running statistics for evaluation.
    Batch {
        /// Weight of the new batch in the running statistics; BYOL's decay 0.9 is momentum 0.1.
        #[serde(default = "default_momentum")]
        momentum: f64,
        /// Added to the variance inside the square root.
        #[serde(default = "default_epsilon")]
        epsilon: f64,
    },
    /// Group norm (Wu & He 2018).
    Group {
        /// Upper bound on the number of groups; a layer of `C` channels uses the largest divisor of
        /// `C` that is at most `min(groups, C / 4)`, so that a group never has fewer than four channels
        /// where `C` allows it.
        #[serde(default = "default_groups")]
        groups: usize,
        /// Added to the variance inside the square root.
        #[serde(default = "default_epsilon")]
        epsilon: f64,
    },
    /// Layer norm (Ba et al. 2016): one group over positions and channels.
    Layer {
        /// Added to the variance inside the square root.
        #[serde(default = "default_epsilon")]
        epsilon: f64,
    },
    /// A trainable scale and shift per channel and no statistics at all. Its initial values come from
    /// one batch when a batch-norm network is converted by [`Norm::into_affine`].
    Affine,
    /// Nothing.
    None,
}

fn default_momentum() -> f64 {
    0.1
}

fn default_epsilon() -> f64 {
    1e-5
}

fn default_groups() -> usize {
    16
}

impl NormConfig {
    /// Batch norm with the BYOL paper's settings.
    pub const BATCH: Self = Self::Batch { momentum: 0.1, epsilon: 1e-5 };
    /// Group norm with at most 16 groups.
    pub const GROUP: Self = Self::Group { groups: 16, epsilon: 1e-5 };
    /// Layer norm.
    pub const LAYER: Self = Self::Layer { epsilon: 1e-5 };

    /// Whether a sample's output depends on the other samples of its batch.
    pub fn uses_batch_statistics(&self) -> bool {
        matches!(self, Self::Batch { .. })
    }

    /// A normalisation position over `channels` channels, `γ = 1`, `β = 0`.
    ///
    /// # Panics
    /// If `channels` is zero.
    pub fn init(&self, channels: usize, device: &Device) -> Norm {
        assert!(channels > 0, "a normalisation has at least one channel");
        let trainable = !matches!(self, Self::None);
        let running = self.uses_batch_statistics();
        let plain = device.clone().without_autodiff();
        Norm {
            gamma: trainable.then(|| constant(1.0, channels, device)),
            beta: trainable.then(|| constant(0.0, channels, device)),
            running_mean: running.then(|| RunningState::new(Tensor::zeros([channels], &plain))),
            running_var: running.then(|| RunningState::new(Tensor::ones([channels], &plain))),
            config: *self,
        }
    }

    /// The number of groups that a layer of `channels` channels gets.
    ///
    /// ```
    /// use autodidact_nn::NormConfig;
    /// assert_eq!(NormConfig::GROUP.groups_for(64), 16);
    /// assert_eq!(NormConfig::GROUP.groups_for(16), 4);
    /// assert_eq!(NormConfig::GROUP.groups_for(3), 1);
    /// ```
    pub fn groups_for(&self, channels: usize) -> usize {
        match self {
            Self::Group { groups, .. } => {
                let most = (*groups).min(channels / 4).max(1);
                (1..=most).rev().find(|count| channels.is_multiple_of(*count)).unwrap_or(1)
            }
            _ => 1,
        }
    }
}

/// One normalisation position. See [`NormConfig`].
#[derive(Module, Debug)]
pub struct Norm {
    /// Scale γ, `[C]`.
    pub gamma: Option<Param<Tensor<1>>>,
    /// Shift β, `[C]`.
    pub beta: Option<Param<Tensor<1>>>,
    /// Running mean of batch norm, `[C]`.
    pub running_mean: Option<RunningState<Tensor<1>>>,
    /// Running variance of batch norm, unbiased as in `PyTorch`, `[C]`.
    pub running_var: Option<RunningState<Tensor<1>>>,
    #[module(skip)]
    config: NormConfig,
}

impl Norm {
    /// Normalises `[N, H, W, C]`, then ReLU if `relu`.
    pub fn forward_image(&self, x: Tensor<4>, mode: Mode, relu: bool) -> Tensor<4> {
        let shape = x.dims();
        self.forward(positions(x), mode, relu).reshape(shape)
    }

    /// Normalises `[N, C]`, then ReLU if `relu`.
    pub fn forward_features(&self, x: Tensor<2>, mode: Mode, relu: bool) -> Tensor<2> {
        let [batch, channels] = x.dims();
        self.forward(x.reshape([batch, 1, channels]), mode, relu).reshape([batch, channels])
    }

    /// Normalises `[N, spatial, C]`, then ReLU if `relu`.
    fn forward(&self, x: Tensor<3>, mode: Mode, relu: bool) -> Tensor<3> {
        let [batch, spatial, _] = x.dims();
        let statistics = ops::statistics(x.clone(), self.over(mode));
        match self.normalisation(statistics, batch * spatial, mode) {
            Some(normalisation) => {
                let after = if relu { After::Relu } else { After::Nothing };
                ops::normalise(x, normalisation, after)
            }
            None if relu => burn::tensor::activation::relu(x),
            None => x,
        }
    }

    /// What the statistics that [`Norm::normalisation`] takes are over.
    pub(crate) fn over(&self, mode: Mode) -> Over {
        match self.config {
            NormConfig::Batch { .. } if mode == Mode::Train => Over::Batch,
            NormConfig::Group { .. } | NormConfig::Layer { .. } => {
                Over::Groups(self.config.groups_for(self.gamma().dims()[0]))
            }
            _ => Over::Nothing,
        }
    }

    /// The normalisation of an activation of so many rows (positions of all samples) that has these statistics, or `None`
    /// where there is none. Batch norm in training takes them into its running ones.
    pub(crate) fn normalisation(
        &self,
        statistics: Statistics,
        rows: usize,
        mode: Mode,
    ) -> Option<Normalisation> {
        let over = self.over(mode);
        let ((gamma, beta), epsilon) = match self.config {
            NormConfig::Batch { momentum, epsilon } if mode == Mode::Train => {
                self.run_along(&statistics, rows, momentum);
                ((self.gamma(), self.beta()), epsilon)
            }
            NormConfig::Batch { epsilon, .. } => (self.folded(epsilon), 0.0),
            NormConfig::Group { epsilon, .. } | NormConfig::Layer { epsilon } => {
                ((self.gamma(), self.beta()), epsilon)
            }
            NormConfig::Affine => ((self.gamma(), self.beta()), 0.0),
            NormConfig::None => return None,
        };
        Some(Normalisation { over, statistics, gamma, beta, epsilon })
    }

    /// Takes the statistics of a batch into the running ones.
    fn run_along(&self, statistics: &Statistics, rows: usize, momentum: f64) {
        let Statistics { mean, variance } = statistics.clone();
        let unbiased = rows as f64 / rows.saturating_sub(1).max(1) as f64;
        update_running(self.running_mean.as_ref(), mean, momentum);
        update_running(self.running_var.as_ref(), variance.mul_scalar(unbiased), momentum);
    }

    /// [`Norm::forward_image`] without the ReLU along a direction. See [`crate::taylor`].
    ///
    /// Batch norm in training uses the batch's statistics and leaves the running ones alone.
    pub fn taylor_image(&self, direction: &Self, x: Jet<4>, mode: Mode) -> Jet<4> {
        let [batch, height, width, channels] = x.value.dims();
        let (groups, spatial) = (self.config.groups_for(channels), height * width);
        let grouped = || x.clone().linear(|x| x.reshape([batch, spatial, groups, channels / groups]));
        let normal = match self.config {
            NormConfig::Batch { epsilon, .. } if mode == Mode::Train => grouped().normalised([0, 1], epsilon),
            NormConfig::Batch { epsilon, .. } => {
                let row = |state: &Option<RunningState<Tensor<1>>>| {
                    running_value(state.as_ref()).without_autodiff().reshape([1, 1, 1, channels])
                };
                let deviation = row(&self.running_var).add_scalar(epsilon).sqrt();
                let centred = grouped() - Jet::constant(row(&self.running_mean));
                centred.linear(|x| x / deviation.clone())
            }
            NormConfig::Group { epsilon, .. } | NormConfig::Layer { epsilon } => {
                grouped().normalised([1, 3], epsilon)
            }
            NormConfig::Affine | NormConfig::None => grouped(),
        };
        let normal = normal.linear(|x| x.reshape([batch, height, width, channels]));
        let row = |own: &Option<Param<Tensor<1>>>, along: &Option<Param<Tensor<1>>>| {
            let (own, along) = (own.as_ref()?, along.as_ref()?);
            Some(Jet::parameter(own, along).linear(|x| x.reshape([1, 1, 1, channels])))
        };
        match (row(&self.gamma, &direction.gamma), row(&self.beta, &direction.beta)) {
            (Some(gamma), Some(beta)) => normal * gamma + beta,
            _ => normal,
        }
    }

    /// [`Norm::forward_features`] without the ReLU along a direction. See [`crate::taylor`].
    pub fn taylor_features(&self, direction: &Self, x: Jet<2>, mode: Mode) -> Jet<2> {
        let [batch, channels] = x.value.dims();
        let image = x.linear(|x| x.reshape([batch, 1, 1, channels]));
        self.taylor_image(direction, image, mode).linear(|x| x.reshape([batch, channels]))
    }

    /// Running statistics folded into one scale and shift per channel.
    fn folded(&self, epsilon: f64) -> (Tensor<1>, Tensor<1>) {
        let gamma = self.gamma();
        let device = gamma.device();
        let mean = running_value(self.running_mean.as_ref()).to_device(&device);
        let variance = running_value(self.running_var.as_ref()).to_device(&device);
        let scale = gamma / variance.add_scalar(epsilon).sqrt();
        let shift = self.beta() - mean * scale.clone();
        (scale, shift)
    }

    fn gamma(&self) -> Tensor<1> {
        self.gamma.as_ref().expect("a normalisation other than `None` has a scale").val()
    }

    fn beta(&self) -> Tensor<1> {
        self.beta.as_ref().expect("a normalisation other than `None` has a shift").val()
    }

    /// Replaces batch norm by the trainable affine map that equals it on the statistics it holds:
    /// `a = γ / √(σ² + ε)`, `b = β − μ a`. Other kinds stay as they are.
    ///
    /// With momentum 1 and one forward pass of a batch beforehand, the network starts as if batch norm
    /// were present and no later step depends on the batch ("initialise as if BN").
    #[must_use]
    pub fn into_affine(self) -> Self {
        let NormConfig::Batch { epsilon, .. } = self.config else { return self };
        let device = self.gamma().device();
        let (scale, shift) = self.folded(epsilon);
        let channels = scale.dims()[0];
        let value = |tensor: Tensor<1>| parameter(crate::state::to_vec(tensor), [channels], &device);
        Self {
            gamma: Some(value(scale)),
            beta: Some(value(shift)),
            running_mean: None,
            running_var: None,
            config: NormConfig::Affine,
        }
    }

    /// Which normalisation this is.
    pub fn config(&self) -> NormConfig {
        self.config
    }
}

/// `[N, H, W, C]` as `[N, H · W, C]`.
pub(crate) fn positions(x: Tensor<4>) -> Tensor<3> {
    let [batch, height, width, channels] = x.dims();
    x.reshape([batch, height * width, channels])
}

fn running_value(state: Option<&RunningState<Tensor<1>>>) -> Tensor<1> {
    state.expect("batch norm has running statistics").value()
}

fn update_running(state: Option<&RunningState<Tensor<1>>>, batch: Tensor<1>, momentum: f64) {
    let state = state.expect("batch norm has running statistics");
    let batch = batch.without_autodiff();
    let value = state.value().without_autodiff();
    state.update(value.mul_scalar(1.0 - momentum) + batch.mul_scalar(momentum));
    // Burn holds an update back until the next one; visitors (checkpoints, exports) and other threads would
    // miss it, and loading a state would be undone by it.
    state.value_sync();
}
