//! Lanczos: the extreme eigenvalues with their signs, and the density of the spectrum.

use autodidact_nn::TensorMap;

use super::tridiagonal::eigenvalues;
use crate::{Result, vector};

/// Smallest and largest eigenvalue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extremes {
    /// The smallest.
    pub smallest: f64,
    /// The largest.
    pub largest: f64,
}

/// Extreme eigenvalues after at most `steps` products, with full reorthogonalisation.
///
/// # Errors
/// Those of the product.
///
/// # Panics
/// If `start` or `steps` is zero.
pub fn lanczos_extremes(
    start: &TensorMap,
    steps: usize,
    product: impl FnMut(&TensorMap) -> Result<TensorMap>,
) -> Result<Extremes> {
    let ritz = lanczos(start, steps, product)?;
    Ok(Extremes { smallest: ritz[0].0, largest: ritz[ritz.len() - 1].0 })
}

/// A spectrum as weighted points: the weights sum to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectralDensity {
    /// `(eigenvalue, weight)`.
    pub points: Vec<(f64, f64)>,
}

impl SpectralDensity {
    /// The density at `value`, smoothed by a normal distribution of deviation `width`.
    pub fn at(&self, value: f64, width: f64) -> f64 {
        let height = (width * (2.0 * std::f64::consts::PI).sqrt()).recip();
        let bump = |centre: f64| height * (-0.5 * ((value - centre) / width).powi(2)).exp();
        self.points.iter().map(|(centre, weight)| weight * bump(*centre)).sum()
    }

    /// The mean of `eigenvalue^power` over the spectrum.
    pub fn moment(&self, power: i32) -> f64 {
        self.points.iter().map(|(value, weight)| weight * value.powi(power)).sum()
    }
}

/// Stochastic Lanczos quadrature: each probe, a random vector of independent entries with mean 0 and one variance,
/// gives points whose average over probes is the spectrum's density (Ghorbani et al. 2019, algorithm 1).
///
/// # Errors
/// Those of the product.
///
/// # Panics
/// If there are no probes, one is zero, or `steps` is zero.
pub fn spectral_density(
    probes: &[TensorMap],
    steps: usize,
    mut product: impl FnMut(&TensorMap) -> Result<TensorMap>,
) -> Result<SpectralDensity> {
    assert!(!probes.is_empty(), "a spectral density needs a probe");
    let mut points = Vec::new();
    for probe in probes {
        let ritz = lanczos(probe, steps, &mut product)?;
        points.extend(ritz.into_iter().map(|(value, weight)| (value, weight / probes.len() as f64)));
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(SpectralDensity { points })
}

/// Ritz values in rising order with their weights.
fn lanczos(
    start: &TensorMap,
    steps: usize,
    mut product: impl FnMut(&TensorMap) -> Result<TensorMap>,
) -> Result<Vec<(f64, f64)>> {
    let length = vector::length(start);
    assert!(length > 0.0 && steps > 0, "Lanczos needs a step and a start that is not zero");
    let mut basis = vec![vector::scaled(start, length.recip())];
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    for step in 0..steps {
        let mut image = product(&basis[step])?;
        let before = vector::length(&image);
        diagonal.push(vector::dot(&image, &basis[step]));
        // Twice, since once leaves what rounding made of the first pass.
        for _ in 0..2 {
            for axis in &basis {
                image = vector::moved(&image, -vector::dot(&image, axis), axis);
            }
        }
        let rest = vector::length(&image);
        // What is left is rounding: the Krylov space is exhausted.
        if rest <= 1e-6 * before {
            break;
        }
        beside.push(rest);
        basis.push(vector::scaled(&image, rest.recip()));
    }
    Ok(eigenvalues(&diagonal, &beside))
}
