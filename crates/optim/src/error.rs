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
    /// Weights or a direction do not fit the model.
    #[error(transparent)]
    Weights(#[from] autodidact_nn::Error),
}
