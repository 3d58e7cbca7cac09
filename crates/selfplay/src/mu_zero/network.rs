//! The three functions: representation h, dynamics g and prediction f.

use autodidact_nn::{Linear, Mlp, MlpConfig, Mode, NormConfig, Tower, TowerConfig};
use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, activation};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::support::Support;

/// Sizes of a [`Network`].
///
/// ```
/// use autodidact_nn::Mode;
/// use autodidact_selfplay::burn::tensor::{Device, Tensor};
/// use autodidact_selfplay::mu_zero::NetworkConfig;
/// use rand::SeedableRng;
///
/// let config = NetworkConfig { width: 16, blocks: 1, dynamics_blocks: 1, ..NetworkConfig::default() };
/// let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1);
/// let device = Device::flex();
/// // Connect four on four rows and five columns.
/// let network = config.init([2, 4, 5], 5, &mut rng, &device);
/// let state = network.represent(Tensor::zeros([3, 4, 5, 2], &device), Mode::Evaluate);
/// let (state, reward) = network.advance(state, Tensor::zeros([3, 5], &device), Mode::Evaluate);
/// let (policy, value) = network.predict(state);
/// assert_eq!((policy.dims(), value.dims(), reward.dims()), ([3, 5], [3, 3], [3, 3]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Channels of hidden states: of each cell of a board, or in all where nothing but numbers are seen.
    pub width: usize,
    /// Residual blocks of the representation; layers after the first one where nothing but numbers are seen.
    pub blocks: usize,
    /// The same of the dynamics.
    pub dynamics_blocks: usize,
    /// Channels of each cell that say which move is made.
    pub action_channels: usize,
    /// Channels of each cell that the hidden layers of heads see; all of them where nothing but numbers are seen.
    pub head_channels: usize,
    /// Width of the hidden layers of heads.
    pub head_hidden: usize,
    /// Normalisation.
    pub norm: NormConfig,
    /// What values are distributions over.
    pub value_support: Support,
    /// What rewards are distributions over.
    pub reward_support: Support,
}

impl Default for NetworkConfig {
    /// For games for two: values and rewards are losses, draws and wins.
    fn default() -> Self {
        let results = Support { limit: 1, is_scaled: false };
        Self {
            width: 32,
            blocks: 2,
            dynamics_blocks: 1,
            action_channels: 4,
            head_channels: 8,
            head_hidden: 64,
            norm: NormConfig::GROUP,
            value_support: results,
            reward_support: results,
        }
    }
}

impl NetworkConfig {
    /// Draws the weights of a network for observations of this shape. One of a single cell is a list of numbers.
    pub fn init<R: Rng + ?Sized>(
        &self,
        [channels, height, width]: [usize; 3],
        num_actions: usize,
        rng: &mut R,
        device: &Device,
    ) -> Network {
        let cells = height * width;
        let inputs = self.width + self.action_channels;
        Network {
            representation: self.trunk(channels, self.blocks, cells, rng, device),
            actions: Linear::new([num_actions, self.action_channels * cells], true, false, rng, device),
            dynamics: self.trunk(inputs, self.dynamics_blocks, cells, rng, device),
            reward: self.head(cells, self.reward_support.size(), rng, device),
            policy: self.head(cells, num_actions, rng, device),
            value: self.head(cells, self.value_support.size(), rng, device),
        }
    }

    fn trunk<R: Rng + ?Sized>(
        &self,
        channels: usize,
        blocks: usize,
        cells: usize,
        rng: &mut R,
        device: &Device,
    ) -> Trunk {
        if cells > 1 {
            let config = TowerConfig { width: self.width, blocks, norm: self.norm };
            return Trunk::Tower(config.init(channels, rng, device));
        }
        let config = MlpConfig {
            layers: blocks + 1,
            output_bias: true,
            ..MlpConfig::new(self.width, self.width, self.norm)
        };
        Trunk::Mlp(config.init(channels, rng, device))
    }

    fn head<R: Rng + ?Sized>(&self, cells: usize, outputs: usize, rng: &mut R, device: &Device) -> Head {
        let channels = if cells > 1 { self.head_channels } else { self.width };
        let mut linear = |sizes| Linear::new(sizes, true, false, rng, device);
        Head {
            cells: linear([self.width, channels]),
            hidden: linear([channels * cells, self.head_hidden]),
            output: linear([self.head_hidden, outputs]),
        }
    }
}

/// What turns activations into others on the same cells.
#[derive(Module, Debug)]
pub enum Trunk {
    /// Residual blocks on a board.
    Tower(Tower),
    /// Fully connected layers on numbers.
    Mlp(Mlp),
}

impl Trunk {
    /// `[B, H, W, channels]` to `[B, H, W, width]`.
    fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        match self {
            Self::Tower(tower) => tower.forward(x, mode).cast(DType::F32),
            Self::Mlp(mlp) => {
                let [batch, height, width, channels] = x.dims();
                let out = mlp.forward(x.reshape([batch * height * width, channels]), mode);
                let channels = out.dims()[1];
                out.reshape([batch, height, width, channels])
            }
        }
    }
}

/// A layer on each cell, a hidden one on all of them, and what is asked for.
#[derive(Module, Debug)]
pub struct Head {
    /// The channels of each cell.
    pub cells: Linear,
    /// From them to the hidden layer.
    pub hidden: Linear,
    /// From there to the outputs.
    pub output: Linear,
}

impl Head {
    /// `[B, H, W, C]` to `[B, outputs]`.
    fn forward(&self, state: Tensor<4>) -> Tensor<2> {
        let [batch, height, width, channels] = state.dims();
        let cells = activation::relu(self.cells.forward(state.reshape([batch * height * width, channels])));
        let channels = cells.dims()[1];
        let hidden = self.hidden.forward(cells.reshape([batch, height * width * channels]));
        self.output.forward(activation::relu(hidden))
    }
}

/// MuZero's functions (Schrittwieser et al. 2020). Built by [`NetworkConfig::init`].
///
/// Letters: B batch, H × W cells, C channels of a hidden state, A moves, Sᵥ and Sᵣ numbers of the supports.
#[derive(Module, Debug)]
pub struct Network {
    /// h.
    pub representation: Trunk,
    /// Which move, as channels of cells.
    pub actions: Linear,
    /// g.
    pub dynamics: Trunk,
    /// The reward's head of g, which looks at the next state.
    pub reward: Head,
    /// The policy's head of f.
    pub policy: Head,
    /// The value's head of f.
    pub value: Head,
}

impl Network {
    /// Observations `[B, H, W, channels]` to hidden states `[B, H, W, C]`.
    pub fn represent(&self, observations: Tensor<4>, mode: Mode) -> Tensor<4> {
        unit(self.representation.forward(observations, mode))
    }

    /// Hidden states and moves, one-hot `[B, A]`, to the hidden states after them and the logits of rewards `[B, Sᵣ]`.
    pub fn advance(&self, state: Tensor<4>, actions: Tensor<2>, mode: Mode) -> (Tensor<4>, Tensor<2>) {
        let [batch, height, width, _] = state.dims();
        let planes = self.actions.forward(actions);
        let channels = planes.dims()[1] / (height * width);
        let planes = planes.reshape([batch, height, width, channels]);
        let change = self.dynamics.forward(Tensor::cat(vec![state.clone(), planes], 3), mode);
        let state = unit(state + change);
        (state.clone(), self.reward.forward(state))
    }

    /// Hidden states to the logits of policies `[B, A]` and of values `[B, Sᵥ]`.
    pub fn predict(&self, state: Tensor<4>) -> (Tensor<2>, Tensor<2>) {
        (self.policy.forward(state.clone()), self.value.forward(state))
    }
}

/// Hidden states brought to `[0, 1]`, each by its own least and largest number (Schrittwieser et al. 2020, appendix G).
fn unit(state: Tensor<4>) -> Tensor<4> {
    let shape = state.dims();
    let [batch, height, width, channels] = shape;
    let rows = state.reshape([batch, height * width * channels]);
    let low = rows.clone().min_dim(1); // [B, 1]
    let range = rows.clone().max_dim(1) - low.clone();
    // A state whose numbers are all the same has no range.
    ((rows - low) / range.add_scalar(1e-5)).reshape(shape)
}
