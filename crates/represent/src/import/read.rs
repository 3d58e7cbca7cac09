//! Named float tensors out of a `.safetensors` file or a `PyTorch` checkpoint.
//!
//! Which of the two is told by content. `PyTorch` checkpoints are pickles, read by Burn's `pytorch-reader`, which runs
//! nothing that is in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::tensor::{bf16, f16};
use pytorch_reader::{DType, PytorchReader};
use safetensors::{Dtype, SafeTensors};

use super::ImportError;

/// A tensor that is read only when it is wanted: files hold much that no encoder needs.
pub(super) struct Stored<'a> {
    pub(super) shape: Vec<usize>,
    read: Box<dyn Fn() -> Result<Vec<f32>, ImportError> + 'a>,
}

impl Stored<'_> {
    /// The values, row-major.
    pub(super) fn values(&self) -> Result<Vec<f32>, ImportError> {
        (self.read)()
    }
}

/// Opens the file and hands its tensors, by name, to `with`.
pub(super) fn with_tensors<T>(
    path: &Path,
    with: impl FnOnce(&BTreeMap<String, Stored<'_>>) -> Result<T, ImportError>,
) -> Result<T, ImportError> {
    let read = |source| ImportError::Read { path: path.to_owned(), source };
    let format = |kind| move |reason: String| ImportError::Format { path: path.to_owned(), kind, reason };
    if is_safetensors(path).map_err(read)? {
        let bytes = fs::read(path).map_err(read)?;
        let file =
            SafeTensors::deserialize(&bytes).map_err(|error| format("safetensors")(error.to_string()))?;
        let tensors = file.iter().map(|(name, view)| {
            let stored = Stored {
                shape: view.shape().to_vec(),
                read: Box::new({
                    let (dtype, data) = (view.dtype(), view.data());
                    let name = name.to_owned();
                    move || floats(path, &name, element_of_safetensors(dtype), data)
                }),
            };
            (name.to_owned(), stored)
        });
        with(&tensors.collect())
    } else {
        let format = format("a PyTorch checkpoint");
        let file = PytorchReader::new(path).map_err(|error| format(error.to_string()))?;
        let tensors = file.tensors().iter().map(|(name, tensor)| {
            let stored = Stored {
                shape: tensor.shape().to_vec(),
                read: Box::new(move || {
                    let bytes = tensor.read().map_err(|error| ImportError::Format {
                        path: path.to_owned(),
                        kind: "a PyTorch checkpoint",
                        reason: error.to_string(),
                    })?;
                    floats(path, name, element_of_torch(tensor.dtype()), &bytes)
                }),
            };
            (name.clone(), stored)
        });
        with(&tensors.collect())
    }
}

/// A safetensors file is a header length and a JSON object; archives and pickles start otherwise.
fn is_safetensors(path: &Path) -> std::io::Result<bool> {
    use std::io::Read;
    let mut start = Vec::new();
    fs::File::open(path)?.take(9).read_to_end(&mut start)?;
    let named_so = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors"));
    Ok(start.get(8) == Some(&b'{') || (named_so && !start.starts_with(b"PK")))
}

/// The element types that become 32-bit floats; others by their name.
enum Element {
    F64,
    F32,
    F16,
    Bf16,
    Other(String),
}

fn element_of_safetensors(dtype: Dtype) -> Element {
    match dtype {
        Dtype::F64 => Element::F64,
        Dtype::F32 => Element::F32,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::Bf16,
        other => Element::Other(format!("{other:?}")),
    }
}

fn element_of_torch(dtype: DType) -> Element {
    match dtype {
        DType::F64 => Element::F64,
        DType::F32 => Element::F32,
        DType::F16 => Element::F16,
        DType::BF16 => Element::Bf16,
        other => Element::Other(format!("{other:?}")),
    }
}

fn floats(path: &Path, name: &str, element: Element, bytes: &[u8]) -> Result<Vec<f32>, ImportError> {
    Ok(match element {
        Element::F64 => numbers(bytes, |b| f64::from_le_bytes(b) as f32),
        Element::F32 => numbers(bytes, f32::from_le_bytes),
        Element::F16 => numbers(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Element::Bf16 => numbers(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        Element::Other(found) => {
            return Err(ImportError::ElementType { path: path.to_owned(), name: name.to_owned(), found });
        }
    })
}

fn numbers<const SIZE: usize>(bytes: &[u8], convert: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<SIZE>().0.iter().map(|chunk| convert(*chunk)).collect()
}
