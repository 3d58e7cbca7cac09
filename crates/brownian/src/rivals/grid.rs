//! Evenly spaced points.

use super::Plan;

/// Both ends, then all middles, then all middles of those: after each round an even grid, which does not look at values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grid {
    halvings: Option<u32>,
}

impl Grid {
    /// From the beginning.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Plan for Grid {
    fn next(&mut self) -> Vec<f64> {
        let Some(halvings) = self.halvings else {
            self.halvings = Some(0);
            return vec![0.0, 1.0];
        };
        self.halvings = Some(halvings + 1);
        let count = 1u64 << halvings.min(52);
        (0..count).map(|index| (index as f64 + 0.5) / count as f64).collect()
    }

    fn take(&mut self, _: &[f64]) {}
}
