//! What can be wrong with weights that are to be imported.

use std::path::PathBuf;

/// Weights that cannot be imported, with what was found and what was expected. Nothing is written then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The system refused to read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is no container of tensors.
    #[error(
        "`{path}` is not readable as {kind}: {reason}\n\
         hint: expected `.safetensors` or a PyTorch checkpoint (`.pth`, `.pt`); a truncated file has to be fetched again"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What its beginning looks like.
        kind: &'static str,
        /// Where the reader stopped.
        reason: String,
    },
    /// The tensors are not those of a residual network.
    #[error(
        "`{path}` holds no residual network in torchvision's layout: {reason}\n\
         hint: ResNet-18, -34 and -50 of torchvision and timm can be imported, and what `export` wrote"
    )]
    NotAResNet {
        /// The file.
        path: PathBuf,
        /// What was missed or found.
        reason: String,
    },
    /// A tensor that the network has is not in the file.
    #[error(
        "`{path}` looks like {architecture}, but has no tensor `{name}`; it may be incomplete, fetch it again"
    )]
    MissingTensor {
        /// The file.
        path: PathBuf,
        /// The network its other tensors belong to.
        architecture: &'static str,
        /// Torchvision's name.
        name: String,
    },
    /// A weight is not a number.
    #[error(
        "`{path}`: `{name}` holds values that are not finite; the training that wrote it diverged, or the file is damaged"
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor has another shape than the network's.
    #[error(
        "`{path}` looks like {architecture}, but `{name}` has shape {found:?}, expected {expected:?}; variants such as \
         ResNeXt and wide networks cannot be imported"
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The network its other tensors belong to.
        architecture: &'static str,
        /// Torchvision's name.
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape in the network.
        expected: Vec<usize>,
    },
    /// A tensor has elements that are not 16-, 32- or 64-bit floats.
    #[error("tensor `{name}` of `{path}` has element type {found}, expected f16, bf16, f32 or f64")]
    ElementType {
        /// The file.
        path: PathBuf,
        /// Its name in the file.
        name: String,
        /// Its type.
        found: String,
    },
    /// The `config.json` beside the weights contradicts them or cannot be read.
    #[error(
        "`{path}` does not describe the weights beside it: {reason}\nhint: without it, torchvision's defaults apply"
    )]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}
