//! Functions of single entries: `φ(a)'' = φ'(a) a'' + φ''(a) a'²`.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use burn::tensor::{Tensor, activation};

use super::Jet;

/// The value of a function and its first two derivatives; an absent second one is zero.
struct Curve<const D: usize> {
    value: Tensor<D>,
    slope: Tensor<D>,
    bend: Option<Tensor<D>>,
}

impl<const D: usize> Jet<D> {
    fn curve(self, curve: Curve<D>) -> Self {
        let Curve { value, slope, bend } = curve;
        let straight = self.second.map(|second| slope.clone() * second);
        let bent = match (&self.first, bend) {
            (Some(first), Some(bend)) => Some(bend * first.clone() * first.clone()),
            _ => None,
        };
        let second = match (straight, bent) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        Self { value, first: self.first.map(|first| slope * first), second }
    }

    /// `max(a, 0)`, with slope 0 at 0.
    #[must_use]
    pub fn relu(self) -> Self {
        let slope = self.value.clone().greater_scalar(0.0).float().cast(self.value.dtype());
        let value = activation::relu(self.value.clone());
        self.curve(Curve { value, slope, bend: None })
    }

    /// `tanh(a)`: `φ' = 1 − φ²`, `φ'' = −2 φ φ'`.
    #[must_use]
    pub fn tanh(self) -> Self {
        let value = self.value.clone().tanh();
        let slope = value.clone().square().neg().add_scalar(1.0);
        let bend = Some(value.clone() * slope.clone().mul_scalar(-2.0));
        self.curve(Curve { value, slope, bend })
    }

    /// GELU in its exact form `a Φ(a)`, with Φ and p the normal distribution and its density: `φ' = Φ + a p`,
    /// `φ'' = (2 − a²) p` (Hendrycks & Gimpel 2016).
    #[must_use]
    pub fn gelu(self) -> Self {
        let a = self.value.clone();
        let below = a.clone().mul_scalar(FRAC_1_SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5);
        let density = a.clone().square().mul_scalar(-0.5).exp().mul_scalar((2.0 * PI).sqrt().recip());
        let value = a.clone() * below.clone();
        let slope = below + a.clone() * density.clone();
        let bend = Some(a.square().neg().add_scalar(2.0) * density);
        self.curve(Curve { value, slope, bend })
    }

    /// `exp(a)`.
    #[must_use]
    pub fn exp(self) -> Self {
        let value = self.value.clone().exp();
        let (slope, bend) = (value.clone(), Some(value.clone()));
        self.curve(Curve { value, slope, bend })
    }

    /// `ln(a)`.
    #[must_use]
    pub fn ln(self) -> Self {
        let value = self.value.clone().log();
        let slope = self.value.clone().recip();
        let bend = Some(slope.clone().square().neg());
        self.curve(Curve { value, slope, bend })
    }

    /// `1 / a`.
    #[must_use]
    pub fn recip(self) -> Self {
        let value = self.value.clone().recip();
        let slope = value.clone().square().neg();
        let bend = Some(value.clone() * slope.clone().mul_scalar(-2.0));
        self.curve(Curve { value, slope, bend })
    }

    /// `√a`.
    #[must_use]
    pub fn sqrt(self) -> Self {
        let value = self.value.clone().sqrt();
        let slope = value.clone().recip().mul_scalar(0.5);
        let bend = Some(slope.clone() / self.value.clone().mul_scalar(-2.0));
        self.curve(Curve { value, slope, bend })
    }

    /// `a + number`.
    #[must_use]
    pub fn add_scalar(self, number: f64) -> Self {
        Self { value: self.value.add_scalar(number), ..self }
    }

    /// Softmax over the last axis. The largest entry that is subtracted first changes nothing, derivatives included.
    #[must_use]
    pub fn softmax(self) -> Self {
        let largest = self.value.clone().max_dim(D - 1);
        let powers = Self { value: self.value - largest, ..self }.exp();
        let total = powers.clone().linear(|x| x.sum_dim(D - 1));
        powers * total.recip()
    }
}
