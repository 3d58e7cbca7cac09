//! What a file says about itself, and the places of its tensors.

use super::cursor::Cursor;
use super::value::{Metadata, Value};
use crate::weights::Format;
use crate::{Error, Result};
use autodidact_kernels::quantised::BlockFormat;
use std::collections::HashSet;
use std::path::Path;

pub(super) const MAGIC: [u8; 4] = *b"GGUF";
pub(super) const ALIGNMENT: &str = "general.alignment";
pub(super) const DEFAULT_ALIGNMENT: usize = 32;
/// Dimensions that a tensor has at most.
const MOST_DIMENSIONS: usize = 4;

/// A tensor, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// What it is called.
    pub name: String,
    /// Its sizes, that of the contiguous dimension last: `[rows, columns]`.
    pub shape: Vec<usize>,
    /// How its numbers are laid out.
    pub format: Format,
    /// Its first byte in the file.
    pub start: usize,
    /// Its bytes.
    pub len: usize,
}

pub(super) struct Header {
    pub(super) version: u32,
    pub(super) metadata: Metadata,
    pub(super) tensors: Vec<TensorInfo>,
}

/// The number of a format in the file.
pub(super) const fn number_of(format: Format) -> u32 {
    match format {
        Format::F32 => 0,
        Format::F16 => 1,
        Format::BF16 => 30,
        Format::Block(format) => match format {
            BlockFormat::Q4_0 => 2,
            BlockFormat::Q4_1 => 3,
            BlockFormat::Q5_0 => 6,
            BlockFormat::Q5_1 => 7,
            BlockFormat::Q8_0 => 8,
            BlockFormat::Q2_K => 10,
            BlockFormat::Q3_K => 11,
            BlockFormat::Q4_K => 12,
            BlockFormat::Q5_K => 13,
            BlockFormat::Q6_K => 14,
        },
    }
}

impl Header {
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(path, bytes);
        let magic: [u8; 4] = cursor.number("the magic number")?;
        if magic != MAGIC {
            return Err(cursor.wrong(format!("it begins with {magic:02x?}, not with the letters GGUF")));
        }
        let version = cursor.u32("the version")?;
        if !matches!(version, 2 | 3) {
            let hint = if matches!(version.swap_bytes(), 2 | 3) { " (it is big-endian)" } else { "" };
            return Err(cursor.wrong(format!("version {version}{hint}, expected 2 or 3")));
        }
        // A tensor has at least a name, dimensions, a type and an offset; a value a key, a type and a byte.
        let num_tensors = cursor.count(8 + 4 + 4 + 8, "the number of tensors")?;
        let num_values = cursor.count(8 + 4 + 1, "the number of values")?;

        let mut seen = HashSet::new();
        let mut values = Vec::new();
        for _ in 0..num_values {
            let key = cursor.string("a key")?;
            let value = cursor.value(&format!("the value of `{key}`"))?;
            if !seen.insert(key.clone()) {
                return Err(cursor.wrong(format!("the key `{key}` is there twice")));
            }
            values.push((key, value));
        }
        let metadata = Metadata::new(values);
        let alignment = alignment(&cursor, &metadata)?;

        seen.clear();
        let mut tensors = Vec::new();
        for _ in 0..num_tensors {
            let tensor = tensor(path, &mut cursor)?;
            if !seen.insert(tensor.name.clone()) {
                return Err(cursor.wrong(format!("tensor `{}` is there twice", tensor.name)));
            }
            tensors.push(tensor);
        }
        place(&cursor, bytes.len(), alignment, &mut tensors)?;
        Ok(Self { version, metadata, tensors })
    }
}

fn alignment(cursor: &Cursor<'_>, metadata: &Metadata) -> Result<usize> {
    match metadata.get(ALIGNMENT).map(Value::to_u64) {
        None => Ok(DEFAULT_ALIGNMENT),
        Some(Some(alignment)) if alignment.is_power_of_two() && alignment <= 1 << 30 => {
            Ok(alignment as usize)
        }
        Some(found) => {
            Err(cursor.wrong(format!("`{ALIGNMENT}` is {found:?}, expected a power of two up to 2³⁰")))
        }
    }
}

/// A tensor whose start still counts from the data's.
fn tensor(path: &Path, cursor: &mut Cursor<'_>) -> Result<TensorInfo> {
    let name = cursor.string("the name of a tensor")?;
    let what = format!("the shape of tensor `{name}`");
    let dimensions = cursor.u32(&what)? as usize;
    if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        return Err(cursor.wrong(format!("tensor `{name}` has {dimensions} dimensions, expected 1 to 4")));
    }
    let mut shape = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        let size = u64::from_le_bytes(cursor.number(&what)?);
        shape.push(usize::try_from(size).unwrap_or(usize::MAX));
    }
    shape.reverse();
    let number = cursor.u32(&what)?;
    let format =
        Format::all().find(|format| number_of(*format) == number).ok_or_else(|| Error::UnsupportedType {
            path: path.into(),
            tensor: name.clone(),
            found: format!("number {number} of GGML"),
            expected: "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K or Q6_K",
        })?;
    let numbers = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    let columns = shape[dimensions - 1];
    let len = numbers
        .filter(|numbers| *numbers > 0 && columns.is_multiple_of(format.block_len()))
        .and_then(|numbers| format.bytes(numbers))
        .ok_or_else(|| {
            cursor.wrong(format!("tensor `{name}` of shape {shape:?} cannot be of type {format}"))
        })?;
    let offset = u64::from_le_bytes(cursor.number(&what)?);
    Ok(TensorInfo { name, shape, format, start: usize::try_from(offset).unwrap_or(usize::MAX), len })
}

/// Checks that tensors lie in the file and not in each other, and makes their starts count from the file's.
fn place(cursor: &Cursor<'_>, end: usize, alignment: usize, tensors: &mut [TensorInfo]) -> Result<()> {
    let data = cursor.at().next_multiple_of(alignment);
    for tensor in &mut *tensors {
        let TensorInfo { name, start, len, .. } = tensor;
        if !start.is_multiple_of(alignment) {
            return Err(
                cursor.wrong(format!("tensor `{name}` begins at {start}, no multiple of {alignment}"))
            );
        }
        let inside = start.checked_add(data).filter(|first| *len <= end.saturating_sub(*first));
        let first = inside.ok_or_else(|| {
            let room = end.saturating_sub(data);
            cursor.wrong(format!(
                "tensor `{name}` has {len} bytes from {start} on, and the file holds {room} bytes of tensors: was it copied \
                 in full?"
            ))
        })?;
        *start = first;
    }
    let mut order: Vec<&TensorInfo> = tensors.iter().collect();
    order.sort_by_key(|tensor| tensor.start);
    match order.windows(2).find(|pair| pair[0].start + pair[0].len > pair[1].start) {
        None => Ok(()),
        Some(pair) => Err(cursor.wrong(format!("tensors `{}` and `{}` overlap", pair[0].name, pair[1].name))),
    }
}
