//! Sharpness by power iteration.

use autodidact_nn::TensorMap;

use crate::{Result, vector};

/// An eigenvalue's size and its vector of length 1.
#[derive(Clone, Debug)]
pub struct Eigenpair {
    /// `|λ|`: power iteration does not tell the sign.
    pub value: f64,
    /// The eigenvector, length 1.
    pub vector: TensorMap,
    /// Products with the Hessian that it took.
    pub iterations: usize,
    /// Whether the value settled within the limit.
    pub converged: bool,
}

/// Power iteration for the largest `|λ|` (Roulet et al. 2024, appendix C.4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerIteration {
    /// Most products. 1000 in the paper.
    pub iterations: usize,
    /// Relative change of the value below which it stops. 1e-3 in the paper.
    pub tolerance: f64,
}

impl Default for PowerIteration {
    fn default() -> Self {
        Self { iterations: 1000, tolerance: 1e-3 }
    }
}

impl PowerIteration {
    /// Iterates from `start`: a random vector at first, the last eigenvector from then on (a warm start).
    ///
    /// A start that is zero gives 0, one that is no vector of numbers NaN, both without a product and not converged.
    ///
    /// # Errors
    /// Those of the product.
    pub fn run(
        &self,
        start: &TensorMap,
        mut product: impl FnMut(&TensorMap) -> Result<TensorMap>,
    ) -> Result<Eigenpair> {
        let length = vector::length(start);
        if !(length > 0.0 && length.is_finite()) {
            let value = if length == 0.0 { 0.0 } else { f64::NAN };
            return Ok(Eigenpair { value, vector: start.clone(), iterations: 0, converged: false });
        }
        let mut found = Eigenpair {
            value: 0.0,
            vector: vector::scaled(start, length.recip()),
            iterations: 0,
            converged: false,
        };
        while found.iterations < self.iterations && !found.converged {
            let image = product(&found.vector)?;
            let value = vector::length(&image);
            found.iterations += 1;
            found.converged = (value - found.value).abs() <= self.tolerance * value;
            found.value = value;
            if value > 0.0 {
                found.vector = vector::scaled(&image, value.recip());
            }
        }
        Ok(found)
    }
}
