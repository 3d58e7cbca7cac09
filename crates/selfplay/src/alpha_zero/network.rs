//! The network: from a position to a policy and a value.

use autodidact_nn::{Linear, Mode, NormConfig, Tower, TowerConfig};
use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, activation};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Sizes of a [`Network`].
///
/// ```
/// use autodidact_nn::Mode;
/// use autodidact_selfplay::{Network, NetworkConfig};
/// use autodidact_selfplay::burn::tensor::{Device, Tensor};
/// use rand::SeedableRng;
///
/// let config = NetworkConfig { width: 16, blocks: 1, ..NetworkConfig::default() };
/// let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1);
/// let device = Device::flex();
/// // Connect four: a plane for each player's stones, six rows, seven columns, which are the moves.
/// let network = config.init([2, 6, 7], 7, &mut rng, &device);
/// let (logits, value) = network.forward(Tensor::zeros([3, 6, 7, 2], &device), Mode::Evaluate);
/// assert_eq!((logits.dims(), Network::expected_value(value).dims()), ([3, 7], [3]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Channels of the tower.
    pub width: usize,
    /// Residual blocks.
    pub blocks: usize,
    /// Channels of each cell that the policy's last layer sees; 2 in Silver et al. 2017.
    pub policy_channels: usize,
    /// Channels of each cell that the value's hidden layer sees; 1 in Silver et al. 2017.
    pub value_channels: usize,
    /// Width of the value's hidden layer; 256 in Silver et al. 2017.
    pub value_hidden: usize,
}

impl Default for NetworkConfig {
    /// About 400,000 weights on a board of connect four, 1.6 MB.
    fn default() -> Self {
        Self { width: 64, blocks: 5, policy_channels: 8, value_channels: 4, value_hidden: 64 }
    }
}

impl NetworkConfig {
    /// Draws the weights of a network for observations of this shape.
    pub fn init<R: Rng + ?Sized>(
        &self,
        [channels, height, width]: [usize; 3],
        num_actions: usize,
        rng: &mut R,
        device: &Device,
    ) -> Network {
        let cells = height * width;
        let tower = TowerConfig { width: self.width, blocks: self.blocks, norm: NormConfig::BATCH };
        let tower = tower.init(channels, rng, device);
        let mut linear = |sizes| Linear::new(sizes, true, false, rng, device);
        Network {
            tower,
            policy_cells: linear([self.width, self.policy_channels]),
            policy: linear([self.policy_channels * cells, num_actions]),
            value_cells: linear([self.width, self.value_channels]),
            value_hidden: linear([self.value_channels * cells, self.value_hidden]),
            value: linear([self.value_hidden, 1]),
        }
    }
}

/// A tower of residual blocks with two heads. Built by [`NetworkConfig::init`].
#[derive(Module, Debug)]
pub struct Network {
    /// What both heads look at.
    pub tower: Tower,
    /// The policy's channels of each cell.
    pub policy_cells: Linear,
    /// From them to the moves.
    pub policy: Linear,
    /// The value's channels of each cell.
    pub value_cells: Linear,
    /// From them to the hidden layer.
    pub value_hidden: Linear,
    /// From there to the value.
    pub value: Linear,
}

impl Network {
    /// Boards `[B, H, W, C]` to logits of all moves `[B, A]` and of the value `[B]`; see [`Network::expected_value`].
    pub fn forward(&self, boards: Tensor<4>, mode: Mode) -> (Tensor<2>, Tensor<1>) {
        // The heads are small and in f32 whatever the tower multiplies.
        let x = self.tower.forward(boards, mode).cast(DType::F32);
        let [batch, height, width, channels] = x.dims();
        let cells = x.reshape([batch * height * width, channels]);
        let policy = flat(self.policy_cells.forward(cells.clone()), batch);
        let value = flat(self.value_cells.forward(cells), batch);
        let hidden = activation::relu(self.value_hidden.forward(value));
        (self.policy.forward(policy), self.value.forward(hidden).reshape([batch]))
    }

    /// The value that logits `[B]` stand for: with `p = 1 / (1 + exp(−v))` as the share of points, a draw being half of one, it is
    /// `2 p − 1 = tanh(v / 2)`.
    pub fn expected_value(logits: Tensor<1>) -> Tensor<1> {
        logits.div_scalar(2.0).tanh()
    }
}

/// What `[B · cells, channels]` has of each board after a ReLU, `[B, cells · channels]`.
fn flat(cells: Tensor<2>, batch: usize) -> Tensor<2> {
    let [rows, channels] = cells.dims();
    activation::relu(cells).reshape([batch, rows / batch * channels])
}
