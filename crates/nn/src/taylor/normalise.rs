//! Normalisation by statistics that move with the weights, and standardised weights.

use super::Jet;

impl Jet<4> {
    /// `(x − μ) / √(σ² + ε)` with the mean and the biased variance over the given axes.
    #[must_use]
    pub fn normalised(self, axes: [usize; 2], epsilon: f64) -> Self {
        let mean = |x: Self| x.linear(|x| x.mean_dim(axes[0]).mean_dim(axes[1]));
        let centred = self.clone() - mean(self);
        let variance = mean(centred.clone() * centred.clone());
        centred * variance.add_scalar(epsilon).sqrt().recip()
    }
}

impl Jet<2> {
    /// Each row of a weight with mean zero and deviation one, as [`crate::standardise_weight`] has it.
    #[must_use]
    pub fn standardised(self, epsilon: f64) -> Self {
        let [_, fan_in] = self.value.dims();
        let centred = self.clone() - self.linear(|x| x.mean_dim(1));
        let variance =
            (centred.clone() * centred.clone()).linear(|x| x.sum_dim(1).div_scalar((fan_in - 1) as f64));
        centred * variance.sqrt().add_scalar(epsilon).recip()
    }
}
