//! Attention of the newest tokens of a text to all of it, without the matrix of scores in memory.
//!
//! A task has some of the newest tokens and one head of keys. It walks over the keys block by block, keeps for each of its
//! rows the largest score so far and the sum of exponentials below it, and rescales what it has summed when a larger score
//! comes (Milakov and Gimelshein, 2018; Dao et al., 2022). All heads of queries that share the keys are rows of one product.
//!
//! What is not here: gradients, and texts of different lengths in one call.

mod block;

use crate::check::check_len;
use crate::profile::{self, Work};
use crate::scratch::with_scratch;
use block::Block;
use rayon::prelude::*;

/// Tokens in a task.
const TOKENS: usize = 32;

/// Which heads attend how: `softmax(c · tanh(s · q·k / c)) · v`, over the tokens that a token sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CausalAttention {
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and of values; `heads / kv_heads` neighbouring heads of queries share one.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// `s`, which multiplies the products of queries and keys.
    pub scale: f32,
    /// `c`, if scores are capped; before the mask.
    pub cap: Option<f32>,
    /// Tokens that a token sees at most, itself among them.
    pub window: Option<usize>,
}

/// Keys and values of the tokens so far, `[kv_heads, capacity, head_dim]`: those of position `p` are in place `p % capacity`.
///
/// With as many places as positions nothing is overwritten; with fewer, only those of the latest `capacity` positions
/// are there.
#[derive(Clone, Copy, Debug)]
pub struct KeysAndValues<'a> {
    /// Keys.
    pub keys: &'a [f32],
    /// Values.
    pub values: &'a [f32],
    /// Places of each head.
    pub capacity: usize,
}

impl CausalAttention {
    /// What the tokens at the positions `first..` see, where `past` holds their own keys and values too.
    ///
    /// `queries` and `out` are `[tokens, heads, head_dim]`. Sums are of `f32`; the result does not depend on the number of
    /// threads.
    ///
    /// ```
    /// use autodidact_kernels::{CausalAttention, KeysAndValues};
    ///
    /// let attention = CausalAttention { heads: 1, kv_heads: 1, head_dim: 2, scale: 1.0, cap: None, window: None };
    /// let past = KeysAndValues { keys: &[0.0; 4], values: &[1.0, 2.0, 3.0, 6.0], capacity: 2 };
    /// let mut out = [0.0; 4];
    /// attention.forward(0, &[0.0; 4], past, &mut out);
    /// // The first token sees itself; the second sees both, equally.
    /// assert_eq!(out, [1.0, 2.0, 2.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If a length is not what the shapes say, heads cannot share evenly, a window is empty, or a position that a token sees
    /// has no place any more.
    ///
    /// Vaswani et al., *Attention is all you need*, 2017, equation (1); Gemma Team, *Gemma 2*, 2024, section 2.
    pub fn forward(&self, first: usize, queries: &[f32], past: KeysAndValues<'_>, out: &mut [f32]) {
        let &Self { heads, kv_heads, head_dim, .. } = self;
        let width = heads * head_dim;
        assert!(width > 0 && kv_heads > 0, "there are heads, of a width");
        assert!(heads.is_multiple_of(kv_heads), "{heads} heads cannot share {kv_heads} evenly");
        let tokens = queries.len() / width;
        check_len("queries", queries.len(), &[tokens, heads, head_dim]);
        check_len("out", out.len(), &[tokens, heads, head_dim]);
        check_len("keys", past.keys.len(), &[kv_heads, past.capacity, head_dim]);
        check_len("values", past.values.len(), &[kv_heads, past.capacity, head_dim]);
        if tokens == 0 {
            return;
        }
        assert!(self.window != Some(0), "a token sees itself at least");
        let seen = first + tokens - self.first_seen(first);
        assert!(seen <= past.capacity, "{seen} positions are seen, and {} have a place", past.capacity);
        let _span = profile::span("causal attention", || {
            let flops = 4 * (tokens * width * seen) as u64;
            let floats = 2 * tokens * width + 2 * kv_heads * seen * head_dim;
            (format!("{tokens} of {seen}"), Work { flops, ..Work::on_floats(floats) })
        });
        let group = heads / kv_heads;
        // By head of keys, then by token, so that what a task writes is in one piece.
        with_scratch(tokens * width, |by_head| {
            let of_head = tokens * group * head_dim;
            let of_task = TOKENS * group * head_dim;
            by_head.par_chunks_mut(of_head).enumerate().for_each(|(kv_head, sums)| {
                sums.par_chunks_mut(of_task).enumerate().for_each(|(task, sums)| {
                    Block { attention: self, past, kv_head, first, token: task * TOKENS }
                        .attend(queries, sums);
                });
            });
            for (token, out) in out.chunks_exact_mut(width).enumerate() {
                for (kv_head, out) in out.chunks_exact_mut(group * head_dim).enumerate() {
                    let from = kv_head * of_head + token * group * head_dim;
                    out.copy_from_slice(&by_head[from..from + group * head_dim]);
                }
            }
        });
    }

    /// The first position that the token at `position` sees.
    fn first_seen(&self, position: usize) -> usize {
        self.window.map_or(0, |window| (position + 1).saturating_sub(window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{assert_close, noise};

    /// The formula, with all scores of a token at once.
    fn expected(
        attention: &CausalAttention,
        first: usize,
        queries: &[f32],
        past: KeysAndValues<'_>,
    ) -> Vec<f64> {
        let &CausalAttention { heads, kv_heads, head_dim, scale, cap, window } = attention;
        let place =
            |kv_head: usize, position: usize| (kv_head * past.capacity + position % past.capacity) * head_dim;
        let mut out = Vec::new();
        for (row, query) in queries.chunks_exact(head_dim).enumerate() {
            let (position, kv_head) = (first + row / heads, row % heads / (heads / kv_heads));
            let from = window.map_or(0, |window| (position + 1).saturating_sub(window));
            let powers: Vec<f64> = (from..=position)
                .map(|seen| {
                    let key = &past.keys[place(kv_head, seen)..][..head_dim];
                    let product: f64 =
                        query.iter().zip(key).map(|(&q, &k)| f64::from(q) * f64::from(k)).sum();
                    let score = f64::from(scale) * product;
                    cap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh()).exp()
                })
                .collect();
            let sum: f64 = powers.iter().sum();
            for i in 0..head_dim {
                let weighted = (from..=position)
                    .zip(&powers)
                    .map(|(seen, power)| power * f64::from(past.values[place(kv_head, seen) + i]) / sum);
                out.push(weighted.sum());
            }
        }
        out
    }

    #[test]
    fn it_is_the_formula_for_any_window_and_place() {
        for (tokens, first, window, capacity) in [
            (1, 0, None, 1),
            (1, 700, None, 1000),
            (3, 200, Some(130), 132),
            (70, 0, None, 70),
            (70, 150, None, 300),
            (70, 150, Some(5), 80),
            (70, 150, Some(100), 169),
            (300, 0, Some(1), 300),
            (33, 90, Some(1000), 123),
        ] {
            for (heads, kv_heads, head_dim, cap) in
                [(2, 1, 16, Some(0.7)), (4, 4, 10, None), (6, 2, 33, Some(50.0))]
            {
                let attention = CausalAttention { heads, kv_heads, head_dim, scale: 1.3, cap, window };
                let queries = noise(1, tokens * heads * head_dim);
                let [keys, values] = [2, 3].map(|seed| noise(seed, kv_heads * capacity * head_dim));
                let past = KeysAndValues { keys: &keys, values: &values, capacity };
                let mut out = vec![f32::NAN; queries.len()];
                attention.forward(first, &queries, past, &mut out);
                let expected = expected(&attention, first, &queries, past);
                assert_close(&format!("{tokens} from {first}, {window:?}, {cap:?}"), &out, &expected, 3e-6);
            }
        }
    }

    /// Scores far apart, and values that are not numbers where nobody looks.
    #[test]
    fn what_is_not_seen_has_no_part() {
        let attention =
            CausalAttention { heads: 1, kv_heads: 1, head_dim: 4, scale: 1.0, cap: None, window: Some(2) };
        let mut values = noise(1, 40);
        values[..20].fill(f32::NAN);
        let keys: Vec<f32> = noise(2, 40).iter().map(|key| key * 1e4).collect();
        let mut out = [0.0; 4];
        attention.forward(
            6,
            &[1.0; 4],
            KeysAndValues { keys: &keys, values: &values, capacity: 10 },
            &mut out,
        );
        assert!(out.iter().all(|out| out.is_finite()), "{out:?}");
    }

    #[test]
    #[should_panic(expected = "5 positions are seen, and 4 have a place")]
    fn a_position_without_a_place_is_a_bug() {
        let attention =
            CausalAttention { heads: 1, kv_heads: 1, head_dim: 2, scale: 1.0, cap: None, window: None };
        attention.forward(
            4,
            &[0.0; 2],
            KeysAndValues { keys: &[0.0; 8], values: &[0.0; 8], capacity: 4 },
            &mut [0.0; 2],
        );
    }
}
