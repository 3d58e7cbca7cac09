//! One task: some tokens, and the queries of theirs that share a head of keys.

use super::{CausalAttention, KeysAndValues, TOKENS};
use crate::exp::exp_or_nan;
use crate::matmul::{Epilogue, MatMul, matmul};
use crate::precision::Precision;
use crate::scratch::with_scratch;
use crate::simd::{dispatch, update_vectors};
use crate::soft_cap::cap_all;
use pulp::{Simd, WithSimd};

/// Keys whose scores are in memory at a time.
const KEYS: usize = 128;

pub(super) struct Block<'a> {
    pub attention: &'a CausalAttention,
    pub past: KeysAndValues<'a>,
    pub kv_head: usize,
    /// Position of the first of all tokens.
    pub first: usize,
    /// The first of the tokens of this task.
    pub token: usize,
}

impl Block<'_> {
    /// Writes what its rows see into `sums`, `[tokens, group, head_dim]`.
    pub fn attend(&self, queries: &[f32], sums: &mut [f32]) {
        let &CausalAttention { heads, kv_heads, head_dim, .. } = self.attention;
        let group = heads / kv_heads;
        let rows = sums.len() / head_dim;
        with_scratch(rows * head_dim, |own| {
            for (at, own) in own.chunks_exact_mut(group * head_dim).enumerate() {
                let from = ((self.token + at) * heads + self.kv_head * group) * head_dim;
                own.copy_from_slice(&queries[from..from + group * head_dim]);
            }
            with_scratch(rows * KEYS, |scores| self.walk(own, scores, sums));
        });
    }

    /// Goes over the keys that any of the rows sees.
    fn walk(&self, queries: &[f32], scores: &mut [f32], sums: &mut [f32]) {
        let &CausalAttention { heads, kv_heads, head_dim, .. } = self.attention;
        let group = heads / kv_heads;
        let rows = sums.len() / head_dim;
        let begin = self.first + self.token;
        let end = begin + rows / group;
        let capacity = self.past.capacity;
        let head = self.kv_head * capacity * head_dim..(self.kv_head + 1) * capacity * head_dim;
        let (keys, values) = (&self.past.keys[head.clone()], &self.past.values[head]);
        let mut states = [State::NOTHING_SEEN; TOKENS * MOST_IN_A_GROUP];
        let mut many = Vec::new();
        let states = if rows <= states.len() {
            &mut states[..rows]
        } else {
            many.resize(rows, State::NOTHING_SEEN);
            &mut many[..]
        };
        sums.fill(0.0);
        let mut position = self.attention.first_seen(begin);
        while position < end {
            let place = position % capacity;
            // Up to where the places begin anew.
            let len = KEYS.min(end - position).min(capacity - place);
            let part = place * head_dim..(place + len) * head_dim;
            let scores = &mut scores[..rows * len];
            let product = MatMul::new(1, [rows, head_dim, len]).transpose_b();
            let epilogue = Epilogue { scale: self.attention.scale, ..Epilogue::default() };
            matmul(&product, Precision::F32, queries, &keys[part.clone()], &epilogue, scores);
            let rows_of = scores.chunks_exact_mut(len).zip(&mut *states).zip(sums.chunks_exact_mut(head_dim));
            for (row, ((scores, state), sums)) in rows_of.enumerate() {
                let own = begin + row / group;
                let from = self.attention.first_seen(own).saturating_sub(position).min(len);
                let to = (own + 1).saturating_sub(position).clamp(from, len);
                scores[..from].fill(0.0);
                scores[to..].fill(0.0);
                let cap = self.attention.cap;
                dispatch(Row { cap, scores: &mut scores[from..to], state, sums });
            }
            let product = MatMul::new(1, [rows, len, head_dim]);
            let epilogue = Epilogue { accumulate: true, ..Epilogue::default() };
            matmul(&product, Precision::F32, scores, &values[part], &epilogue, sums);
            position += len;
        }
        for (state, sums) in states.iter().zip(sums.chunks_exact_mut(head_dim)) {
            let share = 1.0 / state.sum;
            for sum in sums {
                *sum *= share;
            }
        }
    }
}

/// Heads that share keys, up to which nothing is allocated.
const MOST_IN_A_GROUP: usize = 4;

/// What a row knows of its scores so far.
#[derive(Clone, Copy)]
struct State {
    largest: f32,
    /// Of the exponentials of scores less the largest.
    sum: f32,
}

impl State {
    const NOTHING_SEEN: Self = Self { largest: f32::NEG_INFINITY, sum: 0.0 };
}

/// Turns the scores of a row into exponentials, and rescales what it has summed before.
struct Row<'a> {
    cap: Option<f32>,
    scores: &'a mut [f32],
    state: &'a mut State,
    sums: &'a mut [f32],
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { cap, scores, state, sums } = self;
        if scores.is_empty() {
            return;
        }
        if let Some(cap) = cap {
            cap_all(simd, cap, scores);
        }
        let (whole, last) = S::as_simd_f32s(scores);
        let mut most = simd.splat_f32s(state.largest);
        for &scores in whole {
            most = simd.max_f32s(most, scores);
        }
        let largest = last.iter().fold(simd.reduce_max_f32s(most), |most, &score| most.max(score));
        if largest > state.largest {
            let factor = if state.sum == 0.0 { 0.0 } else { (state.largest - largest).exp() };
            let factors = simd.splat_f32s(factor);
            update_vectors(
                simd,
                [],
                [sums],
                #[inline(always)]
                |[], [sum]| [simd.mul_f32s(sum, factors)],
            );
            *state = State { largest, sum: state.sum * factor };
        }
        let shift = simd.splat_f32s(state.largest);
        update_vectors(
            simd,
            [],
            [&mut *scores],
            #[inline(always)]
            |[], [score]| [exp_or_nan(simd, simd.sub_f32s(score, shift))],
        );
        let (whole, last) = S::as_simd_f32s(scores);
        let mut sum = simd.partial_load_f32s(last);
        for &powers in whole {
            sum = simd.add_f32s(sum, powers);
        }
        state.sum += simd.reduce_sum_f32s(sum);
    }
}
