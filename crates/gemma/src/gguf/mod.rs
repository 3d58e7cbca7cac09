//! GGUF files, in which the GGML library and programs around it keep models: metadata, and tensors that may be quantised.
//!
//! ```
//! use autodidact_gemma::gguf::{Gguf, Metadata, TensorPlan, Value, Writer};
//! use autodidact_gemma::weights::Format;
//!
//! # let folder = tempfile::tempdir().unwrap();
//! let path = folder.path().join("small.gguf");
//! let mut metadata = Metadata::default();
//! metadata.set("general.architecture", Value::String("gemma2".into()));
//! let tensors = vec![TensorPlan { name: "x".into(), shape: vec![1, 2], format: Format::F32 }];
//! let mut writer = Writer::create(&path, &metadata, tensors)?;
//! writer.write(&[0, 0, 128, 63, 0, 0, 0, 64])?;
//! writer.finish()?;
//!
//! let file = Gguf::open(&path)?;
//! assert_eq!(file.metadata().get("general.architecture").and_then(Value::as_str), Some("gemma2"));
//! let mut numbers = [0.0; 2];
//! let tensor = file.tensor("x").unwrap();
//! tensor.format.read(file.bytes(tensor), &mut numbers);
//! assert_eq!(numbers, [1.0, 2.0]);
//! # Ok::<(), autodidact_gemma::Error>(())
//! ```
//!
//! Versions 2 and 3 are read, little-endian, and version 3 is written. What is not here: version 1, big-endian files, arrays of
//! arrays, models split over several files, and what the values mean.
//!
//! GGML, *GGUF*, <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

mod cursor;
mod header;
#[cfg(test)]
mod tests;
mod value;
mod writer;

pub use header::TensorInfo;
pub use value::{Array, Metadata, Value};
pub use writer::{TensorPlan, Writer};

use crate::{Error, Result};
use autodidact_kernels::MappedFile;
use header::Header;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// An open file. Its tensors are read where the system keeps the file: it must not be changed meanwhile.
#[derive(Debug)]
pub struct Gguf {
    path: PathBuf,
    file: MappedFile,
    version: u32,
    metadata: Metadata,
    tensors: Vec<TensorInfo>,
    places: HashMap<String, usize>,
}

impl Gguf {
    /// Opens a file and checks all of its header: every length, and that tensors lie inside the file and apart from each other.
    /// Memory that this needs is a small multiple of the header's size.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read, [`Error::Malformed`] with the place if it is no such file or was cut short,
    /// [`Error::UnsupportedType`] if a tensor is of a type that is not read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let file = MappedFile::open(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let Header { version, metadata, tensors } = Header::parse(&path, file.bytes())?;
        let places = tensors.iter().enumerate().map(|(place, tensor)| (tensor.name.clone(), place)).collect();
        Ok(Self { path, file, version, metadata, tensors, places })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version of the format, 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What it says about itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Its tensors, in the order of the header.
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.places.get(name).map(|place| &self.tensors[*place])
    }

    /// The bytes of one of its tensors.
    pub fn bytes(&self, tensor: &TensorInfo) -> &[u8] {
        &self.file.bytes()[tensor.start..][..tensor.len]
    }
}
