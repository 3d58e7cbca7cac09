//! One layer: attention, then a gated network, each with a norm before and behind it.

use super::Arithmetic;
use super::buffers::Buffers;
use super::cache::LayerCache;
use super::linear::Linear;
use super::rotary::Rotary;
use crate::Config;
use crate::weights::{Checkpoint, LayerPart, TensorName};
use autodidact_kernels::{CausalAttention, gated_gelu_forward, rms_norm_forward};

#[derive(Debug)]
pub(super) struct Layer<'a> {
    attention: CausalAttention,
    input_norm: Vec<f32>,
    query: Linear<'a>,
    key: Linear<'a>,
    value: Linear<'a>,
    output: Linear<'a>,
    post_attention_norm: Vec<f32>,
    pre_feedforward_norm: Vec<f32>,
    gate: Linear<'a>,
    up: Linear<'a>,
    down: Linear<'a>,
    post_feedforward_norm: Vec<f32>,
}

impl<'a> Layer<'a> {
    pub fn new(checkpoint: &'a Checkpoint, layer: usize, arithmetic: Arithmetic) -> Self {
        let config = checkpoint.config();
        let matrix = |part| {
            let stored = checkpoint.matrix(TensorName::Layer(layer, part));
            Linear::new(stored, arithmetic)
        };
        let norm = |part| checkpoint.norm(TensorName::Layer(layer, part));
        Self {
            attention: CausalAttention {
                heads: config.num_attention_heads,
                kv_heads: config.num_key_value_heads,
                head_dim: config.head_dim,
                scale: config.query_pre_attn_scalar.powf(-0.5),
                cap: config.attn_logit_softcapping,
                window: config.window(layer),
            },
            input_norm: norm(LayerPart::InputNorm),
            query: matrix(LayerPart::Query),
            key: matrix(LayerPart::Key),
            value: matrix(LayerPart::Value),
            output: matrix(LayerPart::Output),
            post_attention_norm: norm(LayerPart::PostAttentionNorm),
            pre_feedforward_norm: norm(LayerPart::PreFeedforwardNorm),
            gate: matrix(LayerPart::Gate),
            up: matrix(LayerPart::Up),
            down: matrix(LayerPart::Down),
            post_feedforward_norm: norm(LayerPart::PostFeedforwardNorm),
        }
    }

    /// Adds to the stream of some tokens, from the position `first` on, what the layer makes of them and of those before them.
    pub fn forward(
        &self,
        config: &Config,
        first: usize,
        rotary: &Rotary,
        cache: &mut LayerCache,
        buffers: &mut Buffers,
    ) {
        let Buffers { stream, normal, made, queries, keys, values, seen, gate, up, .. } = buffers;
        let epsilon = config.rms_norm_eps;

        rms_norm_forward(stream, &self.input_norm, epsilon, normal);
        self.query.multiply(normal, queries);
        self.key.multiply(normal, keys);
        self.value.multiply(normal, values);
        rotary.turn(config.num_attention_heads, queries);
        rotary.turn(config.num_key_value_heads, keys);
        cache.put(first, keys, values);
        self.attention.forward(first, queries, cache.all(), seen);
        self.output.multiply(seen, made);
        rms_norm_forward(made, &self.post_attention_norm, epsilon, normal);
        add(stream, normal);

        rms_norm_forward(stream, &self.pre_feedforward_norm, epsilon, normal);
        self.gate.multiply(normal, gate);
        self.up.multiply(normal, up);
        gated_gelu_forward(gate, up);
        self.down.multiply(up, made);
        rms_norm_forward(made, &self.post_feedforward_norm, epsilon, normal);
        add(stream, normal);
    }
}

fn add(stream: &mut [f32], more: &[f32]) {
    for (x, more) in stream.iter_mut().zip(more) {
        *x += more;
    }
}
