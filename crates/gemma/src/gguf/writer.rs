use super::header::{ALIGNMENT, DEFAULT_ALIGNMENT, MAGIC, number_of};
use super::value::{Array, Metadata, Value};
use crate::aside::Aside;
use crate::weights::Format;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// A tensor that will be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorPlan {
    /// What it is called.
    pub name: String,
    /// Its sizes, that of the contiguous dimension last.
    pub shape: Vec<usize>,
    /// How its numbers will be laid out.
    pub format: Format,
}

/// Writes a file, tensor after tensor, with nothing of them in memory. The file appears in its place when it is
/// [finished](Self::finish), and not at all before.
pub struct Writer {
    path: PathBuf,
    file: Aside,
    tensors: std::vec::IntoIter<(String, usize)>,
    /// The tensor that is being written, and the bytes that it still lacks.
    current: Option<(String, usize)>,
    written: usize,
}

impl Writer {
    /// Writes the header. The tensors' bytes are to follow in this order.
    ///
    /// `general.alignment` of the metadata is left out: the usual 32 bytes are taken.
    ///
    /// # Errors
    /// [`Error::Write`], or [`Error::Malformed`] if a tensor of this shape cannot be of its type.
    pub fn create(path: impl AsRef<Path>, metadata: &Metadata, tensors: Vec<TensorPlan>) -> Result<Self> {
        let path = path.as_ref();
        let mut header = MAGIC.to_vec();
        let values: Vec<_> = metadata.iter().filter(|(key, _)| *key != ALIGNMENT).collect();
        header.extend(3_u32.to_le_bytes());
        header.extend((tensors.len() as u64).to_le_bytes());
        header.extend((values.len() as u64).to_le_bytes());
        for (key, value) in values {
            put_string(&mut header, key);
            put_value(&mut header, value);
        }
        let mut lens = Vec::with_capacity(tensors.len());
        let mut offset = 0_usize;
        for TensorPlan { name, shape, format } in tensors {
            let columns = shape.last().copied().unwrap_or(0);
            let numbers = shape.iter().product();
            let len =
                format.bytes(numbers).filter(|_| columns > 0 && columns.is_multiple_of(format.block_len()));
            let len = len.ok_or_else(|| Error::Malformed {
                path: path.into(),
                expected: "GGUF file",
                found: format!("tensor `{name}` of shape {shape:?} cannot be of type {format}"),
            })?;
            put_string(&mut header, &name);
            header.extend((shape.len() as u32).to_le_bytes());
            shape.iter().rev().for_each(|size| header.extend((*size as u64).to_le_bytes()));
            header.extend(number_of(format).to_le_bytes());
            header.extend((offset as u64).to_le_bytes());
            offset += len.next_multiple_of(DEFAULT_ALIGNMENT);
            lens.push((name, len));
        }
        let mut file = Aside::create(path)?;
        header.resize(header.len().next_multiple_of(DEFAULT_ALIGNMENT), 0);
        file.write(&header)?;
        let mut tensors = lens.into_iter();
        let current = tensors.next();
        Ok(Self { path: path.into(), file, tensors, current, written: header.len() })
    }

    /// Writes the next bytes of a tensor: all of it, or a part. None may reach into the next tensor.
    ///
    /// # Errors
    /// [`Error::Write`].
    ///
    /// # Panics
    /// If the tensor has no room for them.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let (name, lacking) = self.current.as_mut().expect("no tensor is left to be written");
        assert!(bytes.len() <= *lacking, "{} bytes do not fit into tensor `{name}`", bytes.len());
        *lacking -= bytes.len();
        self.file.write(bytes)?;
        self.written += bytes.len();
        if *lacking == 0 {
            let padding = self.written.next_multiple_of(DEFAULT_ALIGNMENT) - self.written;
            self.file.write(&[0; DEFAULT_ALIGNMENT][..padding])?;
            self.written += padding;
            self.current = self.tensors.next();
        }
        Ok(())
    }

    /// Puts the file in its place, and returns its bytes.
    ///
    /// # Errors
    /// [`Error::Write`].
    ///
    /// # Panics
    /// If bytes of a tensor are lacking.
    pub fn finish(self) -> Result<u64> {
        assert!(
            self.current.is_none(),
            "`{}` lacks bytes of a tensor: {:?}",
            self.path.display(),
            self.current
        );
        self.file.finish()?;
        Ok(self.written as u64)
    }
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    out.extend(value.type_number().to_le_bytes());
    match value {
        Value::U8(value) => out.extend(value.to_le_bytes()),
        Value::I8(value) => out.extend(value.to_le_bytes()),
        Value::U16(value) => out.extend(value.to_le_bytes()),
        Value::I16(value) => out.extend(value.to_le_bytes()),
        Value::U32(value) => out.extend(value.to_le_bytes()),
        Value::I32(value) => out.extend(value.to_le_bytes()),
        Value::F32(value) => out.extend(value.to_le_bytes()),
        Value::Bool(value) => out.push((*value).into()),
        Value::String(text) => put_string(out, text),
        Value::U64(value) => out.extend(value.to_le_bytes()),
        Value::I64(value) => out.extend(value.to_le_bytes()),
        Value::F64(value) => out.extend(value.to_le_bytes()),
        Value::Array(array) => put_array(out, array),
    }
}

fn put_array(out: &mut Vec<u8>, array: &Array) {
    out.extend(array.type_number().to_le_bytes());
    out.extend((array.len() as u64).to_le_bytes());
    match array {
        Array::U8(values) => out.extend(values),
        Array::I8(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::U16(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::I16(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::U32(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::I32(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::F32(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::Bool(values) => out.extend(values.iter().map(|value| u8::from(*value))),
        Array::String(values) => values.iter().for_each(|text| put_string(out, text)),
        Array::U64(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::I64(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::F64(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
    }
}
