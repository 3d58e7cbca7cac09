//! The paper's simplified model: the largest eigenvalue, the weights along its eigenvector, and a learning rate, each
//! pulling at the others (Roulet et al. 2024, sections 2.3 and 3.2, appendix A).
//!
//! λ is the largest eigenvalue, x the weights along its eigenvector, `p = x²` and `y = η λ − 2`. λ rises by itself
//! (progressive sharpening, a) and falls where x is large (feedback, b).
//!
//! ```
//! use autodidact_optim::simplified::{Model, Rate, State};
//!
//! let model = Model { sharpening: 0.05, feedback: 0.1, second: 0.1 };
//! let mut state = State::new(0.05, 18.0, 4.0, 4.0);
//! for _ in 0..20_000 {
//!     state = model.next(state, Rate::Cdat { sigma: 2.0 });
//! }
//! // The edge holds, and p has come to where sharpening and feedback balance.
//! assert!(state.y.abs() < 1e-6 && (state.p - 0.5).abs() < 1e-3);
//! ```

/// The constants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// a: how fast λ rises by itself.
    pub sharpening: f64,
    /// b: how fast λ falls per unit of p.
    pub feedback: f64,
    /// ν: the second eigenvalue, which CDAT sees beside λ.
    pub second: f64,
}

/// Where the model stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// η.
    pub learning_rate: f64,
    /// `η λ − 2`: above the edge of stability where positive.
    pub y: f64,
    /// The squared weight along λ's eigenvector.
    pub p: f64,
    /// The squared weight along ν's eigenvector.
    pub g: f64,
}

/// How the learning rate follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// It does not.
    Constant,
    /// `η = 2 (1 − e) / λ`: a classical tuner, which keeps y where it is, at −2e (eq. 6).
    Classical,
    /// `η = σ (λ² p + ν² g) / (λ³ p + ν³ g)`: CDAT on the two eigenvalues (eq. 9).
    Cdat {
        /// σ.
        sigma: f64,
    },
}

impl State {
    /// A state with this learning rate, λ, p and g.
    pub fn new(learning_rate: f64, sharpness: f64, p: f64, g: f64) -> Self {
        Self { learning_rate, y: learning_rate * sharpness - 2.0, p, g }
    }

    /// λ.
    pub fn sharpness(&self) -> f64 {
        (self.y + 2.0) / self.learning_rate
    }
}

impl Model {
    /// One step: `p' = (1 + y)² p`, `y' = η' η (a − b p) + (η'/η) y + 2 (η'/η − 1)`, `g' = (1 − η ν)² g` (eq. 5 and 10).
    #[must_use]
    pub fn next(&self, state: State, rate: Rate) -> State {
        let State { learning_rate, y, p, g } = state;
        let change = self.sharpening - self.feedback * p;
        let next_rate = self.rate(state, rate);
        let ratio = next_rate / learning_rate;
        State {
            learning_rate: next_rate,
            y: next_rate * learning_rate * change + ratio * y + 2.0 * (ratio - 1.0),
            p: (1.0 + y).powi(2) * p,
            g: (1.0 - learning_rate * self.second).powi(2) * g,
        }
    }

    fn rate(&self, state: State, rate: Rate) -> f64 {
        let (sharpness, second) = (state.sharpness(), self.second);
        match rate {
            Rate::Constant => state.learning_rate,
            Rate::Classical => {
                let change = self.sharpening - self.feedback * state.p;
                (state.y + 2.0) / (sharpness + state.learning_rate * change)
            }
            Rate::Cdat { sigma } => {
                let moment = |power| sharpness.powi(power) * state.p + second.powi(power) * state.g;
                sigma * moment(2) / moment(3)
            }
        }
    }
}
