//! What flows through the layers.

use crate::Config;

/// Memory for some tokens, used by one layer after the other. Everything is `[tokens, …]`.
#[derive(Debug)]
pub(super) struct Buffers {
    /// The residual stream, `hidden_size` wide.
    pub stream: Vec<f32>,
    /// What is normalised: of the stream, and of what a part of a layer adds to it.
    pub normal: Vec<f32>,
    /// What a part of a layer makes, before its norm.
    pub made: Vec<f32>,
    /// `query_size` wide.
    pub queries: Vec<f32>,
    /// `key_size` wide.
    pub keys: Vec<f32>,
    /// As the keys.
    pub values: Vec<f32>,
    /// What the queries see, `query_size` wide.
    pub seen: Vec<f32>,
    /// `intermediate_size` wide.
    pub gate: Vec<f32>,
    /// As the gate.
    pub up: Vec<f32>,
    widths: [usize; 9],
}

impl Buffers {
    pub fn new(config: &Config, tokens: usize) -> Self {
        let (hidden, ffn) = (config.hidden_size, config.intermediate_size);
        let (query, key) = (config.query_size(), config.key_size());
        let [stream, normal, made, queries, keys, values, seen, gate, up] =
            std::array::from_fn(|_| Vec::new());
        let widths = [hidden, hidden, hidden, query, key, key, query, ffn, ffn];
        let mut buffers = Self { stream, normal, made, queries, keys, values, seen, gate, up, widths };
        buffers.resize(tokens);
        buffers
    }

    /// Makes room for so many tokens and no more.
    pub fn resize(&mut self, tokens: usize) {
        let Self { stream, normal, made, queries, keys, values, seen, gate, up, widths } = self;
        let all = [stream, normal, made, queries, keys, values, seen, gate, up];
        for (buffer, width) in all.into_iter().zip(widths) {
            buffer.resize(tokens * *width, 0.0);
        }
    }
}
