//! Tensors to and from the bytes of a safetensors file.

use std::collections::HashMap;

use ::safetensors::{Dtype, SafeTensors, tensor::TensorView};
use burn::tensor::{Device, Tensor, TensorData, bf16, f16};

use crate::state::{NamedTensor, TensorMap, to_vec};
use crate::{Error, Result};

/// Writes `tensors` as f32.
///
/// # Panics
/// If a tensor's shape does not match its values.
pub fn encode(tensors: &TensorMap) -> Vec<u8> {
    encode_with(tensors, &[])
}

/// Writes `tensors` as f32, with texts by name in the file's head.
///
/// # Panics
/// If a tensor's shape does not match its values.
pub fn encode_with(tensors: &TensorMap, texts: &[(&str, String)]) -> Vec<u8> {
    let bytes: Vec<(&String, &NamedTensor, Vec<u8>)> = tensors
        .iter()
        .map(|(name, tensor)| {
            let values = to_vec(tensor.values.clone());
            (name, tensor, bytemuck::cast_slice(&values).to_vec())
        })
        .collect();
    let views = bytes.iter().map(|(name, tensor, bytes)| {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes)
            .expect("the shape belongs to these values");
        (name.as_str(), view)
    });
    let texts = texts.iter().map(|(name, text)| ((*name).to_owned(), text.clone()));
    let metadata = Some(texts.collect::<HashMap<_, _>>()).filter(|texts| !texts.is_empty());
    ::safetensors::serialize(views, metadata).expect("views are consistent")
}

/// The texts by name in a file's head.
///
/// # Errors
/// [`Error::Safetensors`] if the bytes are no safetensors file.
pub fn metadata(bytes: &[u8]) -> Result<HashMap<String, String>> {
    let (_, head) = SafeTensors::read_metadata(bytes)
        .map_err(|error| Error::Safetensors { reason: error.to_string() })?;
    Ok(head.metadata().clone().unwrap_or_default())
}

/// Reads f32, f16 and bf16 tensors; integer tensors (`num_batches_tracked`) are passed over.
///
/// # Errors
/// [`Error::Safetensors`] if the bytes are no safetensors file, [`Error::ElementType`] for f64 and other
/// float types.
pub fn decode(bytes: &[u8], device: &Device) -> Result<TensorMap> {
    let file =
        SafeTensors::deserialize(bytes).map_err(|error| Error::Safetensors { reason: error.to_string() })?;
    let mut tensors = TensorMap::new();
    for (name, view) in file.iter() {
        let dtype = view.dtype();
        if matches!(dtype, Dtype::I64 | Dtype::I32 | Dtype::U8 | Dtype::BOOL) {
            continue;
        }
        let unread = || Error::ElementType { name: name.to_owned(), found: format!("{dtype:?}") };
        let values = if dtype == Dtype::F64 { None } else { floats(dtype, view.data()) };
        let values = values.ok_or_else(unread)?;
        let length = values.len();
        let values = Tensor::from_data(TensorData::new(values, [length]), device);
        tensors.insert(name.to_owned(), NamedTensor { shape: view.shape().to_vec(), values });
    }
    Ok(tensors)
}

/// Little-endian numbers of 64 (rounded), 32 or 16 bits, bfloat16 among them, as f32; none for other types.
///
/// ```
/// use autodidact_nn::safetensors::floats;
/// use safetensors::Dtype;
/// assert_eq!(floats(Dtype::BF16, &[0x80, 0x3f, 0x20, 0xc0]), Some(vec![1.0, -2.5]));
/// assert_eq!(floats(Dtype::I32, &[1, 0, 0, 0]), None);
/// ```
pub fn floats(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    match dtype {
        Dtype::F64 => Some(numbers(bytes, |b| f64::from_le_bytes(b) as f32)),
        Dtype::F32 => Some(numbers(bytes, f32::from_le_bytes)),
        Dtype::F16 => Some(numbers(bytes, |b| f16::from_le_bytes(b).to_f32())),
        Dtype::BF16 => Some(numbers(bytes, |b| bf16::from_le_bytes(b).to_f32())),
        _ => None,
    }
}

fn numbers<const SIZE: usize>(bytes: &[u8], convert: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<SIZE>().0.iter().map(|chunk| convert(*chunk)).collect()
}
