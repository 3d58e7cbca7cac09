//! What can go wrong with an optimizer's state.

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with an optimizer's state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A stored state belongs to another update rule.
    #[error(
        "optimizer state `{name}` is none of this rule's ({expected}); resume with the optimizer the run was started with"
    )]
    ForeignState {
        /// Name of the stored tensor.
        name: String,
        /// Slots that the present rule keeps.
        expected: String,
    },
    /// A stored state belongs to another tuner.
    #[error("tuner state `{name}` is none of this tuner's; resume with the tuner the run was started with")]
    ForeignTunerState {
        /// What this tuner does not keep.
        name: String,
    },
    /// A stored state lacks something that the tuner keeps.
    #[error("tuner state lacks `{name}`; resume with the tuner the run was started with")]
    MissingState {
        /// What is not there.
        name: String,
    },
    /// A constant of a tuner is out of range.
    #[error("`{name}` is {value}, expected {expected}")]
    Constant {
        /// Field of the configuration.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// Weights or a direction do not fit the model.
    #[error(transparent)]
    Weights(#[from] autodidact_nn::Error),
}
