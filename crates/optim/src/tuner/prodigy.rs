//! Prodigy: the distance to the solution, estimated from below.

use autodidact_nn::TensorMap;

use super::{Chosen, Landscape, Point, Tuner, TunerState};
use crate::{Result, vector};

/// Prodigy (Mishchenko & Defazio 2024). d estimates the distance from the first weights to a solution and only grows.
///
/// With an adaptive base, algorithm 4: `η = d`; `r ← β₃ r + d² g·(w₀ − w)` and `s ← β₃ s + d² g` (both over d₀, as in the
/// authors' code), and `d ← max(d, r / ‖s‖₁)` for the next step. The base's own moments are not multiplied by past d, as
/// the authors' are. With any other base, algorithm 1: `η = d² / √(Σ d_i² ‖g_i‖²)` and
/// `d ← max(d, Σ η_i g_i·(w₀ − w_i) / ‖w − w₀‖)`.
#[derive(Clone, Debug)]
pub(super) struct Prodigy {
    beta3: f64,
    first: f64,
    distance: f64,
    /// r, or the sum of algorithm 1.
    numerator: f64,
    /// `Σ d² ‖g‖²` of algorithm 1.
    squares: f64,
    start: TensorMap,
    /// s.
    weighted: TensorMap,
}

impl Prodigy {
    pub fn new(initial: f64, beta3: f64) -> Self {
        Self {
            beta3,
            first: initial,
            distance: initial,
            numerator: 0.0,
            squares: 0.0,
            start: TensorMap::new(),
            weighted: TensorMap::new(),
        }
    }

    /// `η`, and d for the step after.
    fn adaptive(&mut self, at: &Point<'_>, towards: f64) -> f64 {
        let weight = self.distance / self.first * self.distance;
        self.numerator = self.beta3 * self.numerator + weight * towards;
        let recent = vector::scaled(at.gradient, weight);
        self.weighted = if self.weighted.is_empty() {
            recent
        } else {
            vector::moved(&recent, self.beta3, &self.weighted)
        };
        let rate = self.distance;
        let denominator = vector::sum_of_sizes(&self.weighted);
        if denominator > 0.0 {
            self.distance = self.distance.max(self.numerator / denominator);
        }
        rate
    }

    fn euclidean(&mut self, at: &Point<'_>, towards: f64) -> f64 {
        let gone = vector::length(&vector::moved(at.w, -1.0, &self.start));
        if gone > 0.0 {
            self.distance = self.distance.max(self.numerator / gone);
        }
        let squared = self.distance * self.distance;
        self.squares += squared * vector::dot(at.gradient, at.gradient);
        let rate = if self.squares > 0.0 { squared / self.squares.sqrt() } else { 0.0 };
        self.numerator += rate * towards;
        rate
    }
}

impl Tuner for Prodigy {
    fn learning_rate(&mut self, at: &Point<'_>, _: &mut dyn Landscape) -> Result<Chosen> {
        if self.start.is_empty() {
            self.start = at.w.clone();
        }
        let towards = vector::dot(at.gradient, &self.start) - vector::dot(at.gradient, at.w);
        let rate = if at.is_adaptive { self.adaptive(at, towards) } else { self.euclidean(at, towards) };
        Ok(Chosen::freely(rate))
    }

    fn state(&self) -> TunerState {
        TunerState::default()
            .with_number("distance", self.distance)
            .with_number("numerator", self.numerator)
            .with_number("squares", self.squares)
            .with_vector("start", &self.start)
            .with_vector("weighted", &self.weighted)
    }

    fn load(&mut self, mut state: TunerState) -> Result<()> {
        self.distance = state.number("distance")?;
        self.numerator = state.number("numerator")?;
        self.squares = state.number("squares")?;
        self.start = state.vector("start");
        self.weighted = state.vector("weighted");
        state.finish()
    }
}
