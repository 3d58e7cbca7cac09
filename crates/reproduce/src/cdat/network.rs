//! The network of every task: linear layers with ReLU or tanh between them.

use autodidact_nn::Linear;
use autodidact_nn::taylor::Jet;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};
use rand::Rng;

/// Linear layers, drawn as [`Linear::new`] does. One layer is a linear model.
#[derive(Module, Debug)]
pub(super) struct Network {
    layers: Vec<Linear>,
    /// Whether the hidden units are tanh and not ReLU.
    is_smooth: bool,
}

impl Network {
    pub fn new<R: Rng + ?Sized>(widths: &[usize], is_smooth: bool, rng: &mut R, device: &Device) -> Self {
        let layers = widths.windows(2).map(|pair| Linear::new([pair[0], pair[1]], true, false, rng, device));
        Self { layers: layers.collect(), is_smooth }
    }

    /// `[N, in]` to `[N, out]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(x, |x, (index, layer)| {
            let x = layer.forward(x);
            match () {
                () if index == last => x,
                () if self.is_smooth => x.tanh(),
                () => activation::relu(x),
            }
        })
    }

    /// [`Network::forward`] along a direction. See [`autodidact_nn::taylor`].
    pub fn taylor(&self, direction: &Self, x: Jet<2>) -> Jet<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().zip(&direction.layers).enumerate().fold(x, |x, (index, (layer, direction))| {
            let x = layer.taylor(direction, x);
            match () {
                () if index == last => x,
                () if self.is_smooth => x.tanh(),
                () => x.relu(),
            }
        })
    }

    /// The outputs and their first derivative along a direction, both differentiable in the weights: what the gradient of
    /// `g·v` is taken of.
    pub fn tangent(&self, direction: &Self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (mut value, mut first) = (x, None);
        for (index, (layer, direction)) in self.layers.iter().zip(&direction.layers).enumerate() {
            // x' Wᵀ + x Vᵀ + c, the first of which is zero at the input.
            let moved = direction.forward(value.clone());
            let carried = first.map(|first: Tensor<2>| first.matmul(layer.weight.val().transpose()));
            let slope = carried.map_or(moved.clone(), |carried| carried + moved);
            value = layer.forward(value);
            first = Some(if index + 1 == self.layers.len() {
                slope
            } else if self.is_smooth {
                value = value.tanh();
                slope * (1.0 - value.clone().square())
            } else {
                let is_on = value.clone().without_autodiff().greater_scalar(0.0).float();
                value = activation::relu(value);
                slope * is_on
            });
        }
        (value, first.expect("a network has a layer"))
    }

    /// `Σ a b` over all weights.
    pub fn dot(&self, other: &Self) -> Tensor<1> {
        let sums = self.layers.iter().zip(&other.layers).flat_map(|(a, b)| {
            let bias = |layer: &Linear| layer.bias.as_ref().expect("every layer here has one").val();
            [(Param::val(&a.weight) * b.weight.val()).sum(), (bias(a) * bias(b)).sum()]
        });
        sums.reduce(|a, b| a + b).expect("a network has a layer")
    }
}
