//! What can go wrong with a network's parameters.

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with a network's parameters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor that the network has is not among the given ones.
    #[error("tensor `{name}` is missing; the weights belong to another architecture")]
    MissingTensor {
        /// Path of the parameter inside the network.
        name: String,
    },
    /// A tensor has another shape than the network's.
    #[error(
        "tensor `{name}` has shape {found:?}, expected {expected:?}; the weights belong to another architecture"
    )]
    Shape {
        /// Path of the parameter inside the network.
        name: String,
        /// Shape in the given tensors.
        found: Vec<usize>,
        /// Shape in the network.
        expected: Vec<usize>,
    },
    /// Bytes that should be a safetensors file are not.
    #[error("not a readable safetensors file: {reason}; the file may be truncated, fetch or export it again")]
    Safetensors {
        /// What the parser found.
        reason: String,
    },
    /// A tensor has an element type that is not f32, f16 or bf16.
    #[error("tensor `{name}` has element type {found}, expected f32, f16 or bf16")]
    ElementType {
        /// Name of the tensor.
        name: String,
        /// Its type.
        found: String,
    },
}
