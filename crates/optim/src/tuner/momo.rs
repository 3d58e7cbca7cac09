//! Momentum models.

use autodidact_nn::TensorMap;

use super::{Chosen, Landscape, Point, Tuner, TunerState};
use crate::{Result, vector};

/// `MoMo` (Schaipp, Ohana, Eickenberg, Defazio, Gower 2024): averages of losses and gradients make a linear model of the
/// loss, cut off at the lower bound f*, and η leads to where the model meets it.
///
/// With `f̄ ← β f̄ + (1 − β) f`, `d ← β d + (1 − β) g`, `γ ← β γ + (1 − β) g·w` from zero and `ρ = 1 − βᵗ`:
/// `η = min((f̄ + d·w − γ − ρ f*)₊ / (−d·u), η_max / ρ)`. With momentum as base, `d·u = −‖d‖² / (1 − β)`, and the steps are
/// the paper's with bias correction and a cap of `η_max / (1 − β)`; with Adam as base they are those of MoMo-Adam.
#[derive(Clone, Debug)]
pub(super) struct Momo {
    lower_bound: f64,
    max_learning_rate: f64,
    beta: f64,
    value: f64,
    inner: f64,
    gradient: TensorMap,
    /// `βᵗ`
    bias: f64,
}

impl Momo {
    pub fn new(lower_bound: f64, max_learning_rate: f64, beta: f64) -> Self {
        Self {
            lower_bound,
            max_learning_rate,
            beta,
            value: 0.0,
            inner: 0.0,
            gradient: TensorMap::new(),
            bias: 1.0,
        }
    }
}

impl Tuner for Momo {
    fn learning_rate(&mut self, at: &Point<'_>, _: &mut dyn Landscape) -> Result<Chosen> {
        let (beta, now) = (self.beta, 1.0 - self.beta);
        self.bias *= beta;
        self.value = beta * self.value + now * at.value;
        self.inner = beta * self.inner + now * vector::dot(at.gradient, at.w);
        let recent = vector::scaled(at.gradient, now);
        self.gradient =
            if self.gradient.is_empty() { recent } else { vector::moved(&recent, beta, &self.gradient) };
        let model = self.value + vector::dot(&self.gradient, at.w) - self.inner;
        let share = 1.0 - self.bias;
        let gap = (model - share * self.lower_bound).max(0.0);
        let slope = -vector::dot(&self.gradient, at.u);
        // The average may ascend along u; the model has then nothing to say.
        let wanted = if gap == 0.0 || slope <= 0.0 { 0.0 } else { gap / slope };
        Ok(Chosen::at_most(Some(self.max_learning_rate / share), wanted))
    }

    fn state(&self) -> TunerState {
        TunerState::default()
            .with_number("value", self.value)
            .with_number("inner", self.inner)
            .with_number("bias", self.bias)
            .with_vector("gradient", &self.gradient)
    }

    fn load(&mut self, mut state: TunerState) -> Result<()> {
        self.value = state.number("value")?;
        self.inner = state.number("inner")?;
        self.bias = state.number("bias")?;
        self.gradient = state.vector("gradient");
        state.finish()
    }
}
