use crate::aside::Aside;
use crate::weights::Format;
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::path::Path;

/// A tensor that will be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorPlan {
    /// What it is called.
    pub name: String,
    /// Its sizes, that of the contiguous dimension last.
    pub shape: Vec<usize>,
    /// How its numbers will be laid out; not in blocks.
    pub format: Format,
}

/// Writes one file, tensor after tensor, with nothing of them in memory. The file appears in its place when it is
/// [finished](Self::finish), and not at all before.
pub struct Writer {
    file: Aside,
    lacking: usize,
}

impl Writer {
    /// Writes the header. The tensors' bytes are to follow in this order, without anything between them.
    ///
    /// # Errors
    /// [`Error::Write`], or [`Error::UnsupportedType`] for a tensor in blocks.
    pub fn create(path: &Path, tensors: &[TensorPlan]) -> Result<Self> {
        let mut header = Map::new();
        header.insert("__metadata__".into(), json!({ "format": "pt" }));
        let mut offset = 0;
        for TensorPlan { name, shape, format } in tensors {
            let len = format.bytes(shape.iter().product());
            let len = len.filter(|_| !matches!(format, Format::Block(_))).ok_or_else(|| {
                Error::UnsupportedType {
                    path: path.into(),
                    tensor: name.clone(),
                    found: format.to_string(),
                    expected: "F32, F16 or BF16",
                }
            })?;
            let end = offset + len;
            let entry = json!({ "dtype": format.name(), "shape": shape, "data_offsets": [offset, end] });
            header.insert(name.clone(), entry);
            offset = end;
        }
        let mut header = Value::Object(header).to_string().into_bytes();
        // So that the tensors begin at a multiple of eight.
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut file = Aside::create(path)?;
        file.write(&(header.len() as u64).to_le_bytes())?;
        file.write(&header)?;
        Ok(Self { file, lacking: offset })
    }

    /// Writes the next bytes.
    ///
    /// # Errors
    /// [`Error::Write`].
    ///
    /// # Panics
    /// If there are more than the tensors have.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        assert!(
            bytes.len() <= self.lacking,
            "{} bytes do not fit, {} are lacking",
            bytes.len(),
            self.lacking
        );
        self.lacking -= bytes.len();
        self.file.write(bytes)
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`Error::Write`].
    ///
    /// # Panics
    /// If bytes are lacking.
    pub fn finish(self) -> Result<()> {
        assert!(self.lacking == 0, "{} bytes of the tensors are lacking", self.lacking);
        self.file.finish()
    }
}
