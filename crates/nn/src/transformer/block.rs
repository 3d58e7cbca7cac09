//! One block: attention, then a two-layer MLP, each on the normalised input and added to it.

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};
use rand::Rng;

use super::TransformerConfig;
use crate::taylor::Jet;
use crate::{Linear, Mode, Norm, NormConfig};

/// What a token that must not be seen adds to its score.
const HIDDEN: f64 = -1e30;

/// `x + attention(norm(x))`, then `x + output(gelu(hidden(norm(x))))`.
#[derive(Module, Debug)]
pub struct TransformerBlock {
    /// Normalisation before attention.
    pub attention_norm: Norm,
    /// Queries, keys and values in this order, `[3 width, width]`.
    pub query_key_value: Linear,
    /// After the heads.
    pub projection: Linear,
    /// Normalisation before the MLP.
    pub mlp_norm: Norm,
    /// First layer of the MLP.
    pub hidden: Linear,
    /// Second layer of the MLP.
    pub output: Linear,
    heads: usize,
    causal: bool,
}

impl TransformerBlock {
    pub(super) fn new<R: Rng + ?Sized>(config: &TransformerConfig, rng: &mut R, device: &Device) -> Self {
        let mut linear = |widths| Linear::new(widths, true, false, rng, device);
        let &TransformerConfig { width, hidden_size, heads, causal, .. } = config;
        Self {
            attention_norm: NormConfig::LAYER.init(width, device),
            query_key_value: linear([width, 3 * width]),
            projection: linear([width, width]),
            mlp_norm: NormConfig::LAYER.init(width, device),
            hidden: linear([width, hidden_size]),
            output: linear([hidden_size, width]),
            heads,
            causal,
        }
    }

    pub(super) fn forward(&self, x: Tensor<2>, shape: [usize; 2]) -> Tensor<2> {
        let normal = self.attention_norm.forward_features(x.clone(), Mode::Evaluate, false);
        let together = self.query_key_value.forward(normal);
        let [query, key, value] = [0, 1, 2].map(|part| self.split(together.clone(), part, shape));
        let scores = query.matmul(key.transpose()).mul_scalar(scale(&value));
        let scores = match self.mask(&scores) {
            Some(mask) => scores + mask,
            None => scores,
        };
        let x = x + self.projection.forward(join(activation::softmax(scores, 3).matmul(value)));
        let normal = self.mlp_norm.forward_features(x.clone(), Mode::Evaluate, false);
        x + self.output.forward(activation::gelu(self.hidden.forward(normal)))
    }

    pub(super) fn taylor(&self, direction: &Self, x: Jet<2>, shape: [usize; 2]) -> Jet<2> {
        let normal =
            self.attention_norm.taylor_features(&direction.attention_norm, x.clone(), Mode::Evaluate);
        let together = self.query_key_value.taylor(&direction.query_key_value, normal);
        let [query, key, value] =
            [0, 1, 2].map(|part| together.clone().linear(|x| self.split(x, part, shape)));
        let scale = scale(&value.value);
        let scores = query.product(&key, |query, key| query.matmul(key.transpose()).mul_scalar(scale));
        let scores = match self.mask(&scores.value) {
            Some(mask) => scores + Jet::constant(mask),
            None => scores,
        };
        let mixed = scores.softmax().product(&value, Tensor::matmul).linear(join);
        let x = x + self.projection.taylor(&direction.projection, mixed);
        let normal = self.mlp_norm.taylor_features(&direction.mlp_norm, x.clone(), Mode::Evaluate);
        let hidden = self.hidden.taylor(&direction.hidden, normal).gelu();
        x + self.output.taylor(&direction.output, hidden)
    }

    /// Queries, keys or values of `[N T, 3 width]` as `[N, heads, T, width / heads]`.
    fn split(&self, x: Tensor<2>, part: usize, [batch, length]: [usize; 2]) -> Tensor<4> {
        let width = x.dims()[1] / 3;
        let x = x.narrow(1, part * width, width);
        x.reshape([batch, length, self.heads, width / self.heads]).swap_dims(1, 2)
    }

    /// What hides later tokens, in the shape of the scores `[N, heads, T, T]`.
    fn mask(&self, scores: &Tensor<4>) -> Option<Tensor<4>> {
        let later = || scores.zeros_like().add_scalar(HIDDEN).triu(1);
        self.causal.then(later)
    }
}

/// `1 / √d` for heads of width d (Vaswani et al. 2017, eq. 1).
fn scale(value: &Tensor<4>) -> f64 {
    (value.dims()[3] as f64).sqrt().recip()
}

/// `[N, heads, T, d]` as `[N T, heads d]`.
fn join(x: Tensor<4>) -> Tensor<2> {
    let [batch, heads, length, width] = x.dims();
    x.swap_dims(1, 2).reshape([batch * length, heads * width])
}
