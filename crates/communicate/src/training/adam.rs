//! Adam on one array.

use autodidact_kernels::{AdamW, adamw_update};
use serde::{Deserialize, Serialize};

/// Moments of an array and the number of updates. The decays are the usual 0.9 and 0.999, ε is 1e-8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Adam {
    pub steps: u64,
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

impl Adam {
    pub fn new(len: usize) -> Self {
        Self { steps: 0, first: vec![0.0; len], second: vec![0.0; len] }
    }

    pub fn update(&mut self, learning_rate: f64, weight_decay: f64, weights: &mut [f32], gradient: &[f32]) {
        self.steps += 1;
        let adamw =
            AdamW { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay, step: self.steps };
        adamw_update(&adamw, weights, gradient, &mut self.first, &mut self.second);
    }
}
