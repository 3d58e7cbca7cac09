//! Positions as rotations.

use crate::Config;

/// The sines and cosines of some neighbouring positions.
///
/// Number `i` of a head and number `i + head_dim / 2` are turned as one vector by the angle `position · θ^(−2i / head_dim)`.
///
/// Su et al., *`RoFormer`: Enhanced transformer with rotary position embedding*, 2021, section 3.2.2.
#[derive(Debug)]
pub(super) struct Rotary {
    half: usize,
    /// `[positions, half]` of cosine and sine.
    turns: Vec<[f32; 2]>,
}

impl Rotary {
    pub fn new(config: &Config, first: usize, positions: usize) -> Self {
        let half = config.head_dim / 2;
        let speeds: Vec<f64> = (0..half)
            .map(|i| f64::from(config.rope_theta).powf(-2.0 * i as f64 / config.head_dim as f64))
            .collect();
        let angles = (first..first + positions).flat_map(|position| {
            // In f32, as models are trained with.
            speeds.iter().map(move |&speed| position as f32 * speed as f32)
        });
        Self { half, turns: angles.map(|angle| [angle.cos(), angle.sin()]).collect() }
    }

    /// Turns all heads of all positions, `[positions, heads, head_dim]`.
    pub fn turn(&self, heads: usize, x: &mut [f32]) {
        let half = self.half;
        for (x, turns) in x.chunks_exact_mut(heads * 2 * half).zip(self.turns.chunks_exact(half)) {
            for head in x.chunks_exact_mut(2 * half) {
                let (first, second) = head.split_at_mut(half);
                for ((a, b), &[cos, sin]) in first.iter_mut().zip(second).zip(turns) {
                    (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
                }
            }
        }
    }
}
