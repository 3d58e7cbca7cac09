//! Named float tensors out of a `.safetensors` file or a `PyTorch` checkpoint.
//!
//! Which of the two is told by content. `PyTorch` checkpoints are pickles, read by Burn's `pytorch-reader`, which runs
//! nothing that is in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use autodidact_nn::safetensors::floats;
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
    let unread =
        |name: &str, found| ImportError::ElementType { path: path.to_owned(), name: name.to_owned(), found };
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
                    move || floats(dtype, data).ok_or_else(|| unread(&name, format!("{dtype:?}")))
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
                    let dtype = tensor.dtype();
                    float_type(dtype)
                        .and_then(|dtype| floats(dtype, &bytes))
                        .ok_or_else(|| unread(name, format!("{dtype:?}")))
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

/// PyTorch's element types by their name in safetensors; none for those that are no floats.
fn float_type(dtype: DType) -> Option<Dtype> {
    match dtype {
        DType::F64 => Some(Dtype::F64),
        DType::F32 => Some(Dtype::F32),
        DType::F16 => Some(Dtype::F16),
        DType::BF16 => Some(Dtype::BF16),
        _ => None,
    }
}
