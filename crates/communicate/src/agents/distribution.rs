//! The distribution of the next symbol.

use super::Credit;

/// The distribution of a symbol.
pub(super) struct Distribution<'a> {
    pub log_probs: &'a [f32],
    pub probs: &'a [f32],
}

impl<'a> Distribution<'a> {
    /// The softmax of logits, appended to the arrays.
    pub fn new(logits: &[f32], log_probs: &'a mut Vec<f32>, probs: &'a mut Vec<f32>) -> Self {
        let start = log_probs.len();
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        probs.extend(logits.iter().map(|logit| (logit - largest).exp()));
        let probs = &mut probs[start..];
        let sum: f32 = probs.iter().sum();
        let log_sum = largest + sum.ln();
        log_probs.extend(logits.iter().map(|logit| logit - log_sum));
        for value in &mut *probs {
            *value /= sum;
        }
        Self { log_probs: &log_probs[start..], probs }
    }

    pub fn most_likely(&self) -> usize {
        let best = self.probs.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        best.map_or(0, |(symbol, _)| symbol)
    }

    /// The first symbol whose cumulated probability is above the number.
    pub fn at(&self, number: f32) -> usize {
        let mut left = number;
        for (symbol, probability) in self.probs.iter().enumerate() {
            left -= probability;
            if left < 0.0 {
                return symbol;
            }
        }
        // The probabilities add up to a little less than 1.
        self.most_likely()
    }

    pub fn entropy(&self) -> f32 {
        -self.probs.iter().zip(self.log_probs).map(|(p, log_p)| p * log_p).sum::<f32>()
    }

    /// The gradient of the logits: `∂ log π(s) = [s] − p` and `∂ H = −p (log p + H)`.
    pub fn backward(&self, symbol: usize, credit: Credit, gradient: &mut [f32]) {
        let entropy = self.entropy();
        for (gradient, (p, log_p)) in gradient.iter_mut().zip(self.probs.iter().zip(self.log_probs)) {
            *gradient = -p * (credit.log_prob + credit.entropy * (log_p + entropy));
        }
        gradient[symbol] += credit.log_prob;
    }
}
