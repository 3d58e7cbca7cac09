//! What can go wrong while learning or using a representation.

use std::path::PathBuf;

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong while learning or using a representation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is out of range.
    #[error("`{field}` is {value}, expected {expected}")]
    Setting {
        /// The field, as in the configuration file.
        field: String,
        /// Its value.
        value: String,
        /// The allowed range.
        expected: String,
    },
    /// A method that needs labels got pictures without them.
    #[error(
        "{what} needs a label for every picture, but {missing} of {total} have none; put each class in a folder of its own"
    )]
    Unlabelled {
        /// Who needs labels.
        what: &'static str,
        /// Pictures without one.
        missing: usize,
        /// All pictures.
        total: usize,
    },
    /// Test labels would mean something else than training labels.
    #[error(
        "the classes of the training and the test pictures differ, {class} ({training} and {test} classes); give both the same class folders"
    )]
    ClassesDiffer {
        /// Classes in the training collection.
        training: usize,
        /// Classes in the test collection.
        test: usize,
        /// The first difference.
        class: String,
    },
    /// The loss or the gradient is no longer a number.
    #[error(
        "the loss became {loss} and the gradient's norm {gradient_norm} at step {step}; lower `base_learning_rate` (now {learning_rate:.3e} at this step) or lengthen the warm-up"
    )]
    Diverged {
        /// The optimizer step.
        step: u64,
        /// The loss.
        loss: f64,
        /// Global norm of the gradient.
        gradient_norm: f64,
        /// The step's learning rate.
        learning_rate: f64,
    },
    /// A stored run was made with another configuration or other data.
    #[error(
        "the run in `{path}` cannot be continued like this: {reason}; resume it with its own settings and data"
    )]
    ForeignCheckpoint {
        /// The run.
        path: PathBuf,
        /// The difference.
        reason: String,
    },
    /// A run has no checkpoint yet.
    #[error("the run `{path}` has no checkpoint; train it first, or give a run that was trained")]
    NoCheckpoint {
        /// The run.
        path: PathBuf,
    },
    /// A run's `config.toml` describes no encoder.
    #[error("`{path}` is not the configuration of a representation run: {reason}; give a run of `represent`")]
    RunConfig {
        /// The file.
        path: PathBuf,
        /// Where the reader stopped.
        reason: String,
    },
    /// Something is where an export should go.
    #[error("`{path}` already exists and nothing is overwritten; export to another folder")]
    ExportExists {
        /// The folder asked for.
        path: PathBuf,
    },
    /// An export could not be written. Nothing is left at its place.
    #[error("cannot write the export `{path}`: {source}")]
    ExportWrite {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Weights could not be imported.
    #[error(transparent)]
    Import(#[from] crate::import::ImportError),
    /// Features or labels do not allow the evaluation asked for.
    #[error(transparent)]
    Evaluate(#[from] crate::evaluate::EvaluateError),
    /// Arrays could not be written.
    #[error(transparent)]
    Arrays(#[from] autodidact_data::arrays::ArraysError),
    /// Pictures could not be read.
    #[error(transparent)]
    Data(#[from] autodidact_data::Error),
    /// A run directory could not be read or written.
    #[error(transparent)]
    Experiment(#[from] autodidact_experiment::Error),
    /// Weights do not fit the network.
    #[error(transparent)]
    Network(#[from] autodidact_nn::Error),
    /// Optimizer state does not fit the optimizer.
    #[error(transparent)]
    Optimizer(#[from] autodidact_optim::Error),
}
