//! Tensors to and from the bytes of a safetensors file.

use ::safetensors::{Dtype, SafeTensors, tensor::TensorView};
use burn::tensor::{Device, Tensor, TensorData};

use crate::state::{NamedTensor, TensorMap, to_vec};
use crate::{Error, Result};

/// Writes `tensors` as f32.
///
/// # Panics
/// If a tensor's shape does not match its values.
pub fn encode(tensors: &TensorMap) -> Vec<u8> {
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
    ::safetensors::serialize(views, None).expect("views are consistent")
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
        let data = view.data();
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => {
                data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
            }
            Dtype::F16 => {
                data.chunks_exact(2).map(|b| half_to_f32(u16::from_le_bytes([b[0], b[1]]))).collect()
            }
            Dtype::BF16 => data
                .chunks_exact(2)
                .map(|b| f32::from_bits(u32::from(u16::from_le_bytes([b[0], b[1]])) << 16))
                .collect(),
            Dtype::I64 | Dtype::I32 | Dtype::U8 | Dtype::BOOL => continue,
            other => {
                return Err(Error::ElementType { name: name.to_owned(), found: format!("{other:?}") });
            }
        };
        let length = values.len();
        let values = Tensor::from_data(TensorData::new(values, [length]), device);
        tensors.insert(name.to_owned(), NamedTensor { shape: view.shape().to_vec(), values });
    }
    Ok(tensors)
}

fn half_to_f32(bits: u16) -> f32 {
    burn::tensor::f16::from_bits(bits).to_f32()
}
