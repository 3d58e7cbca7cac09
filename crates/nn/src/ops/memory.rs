//! The kernels' recycled memory as storage of Burn's CPU tensors.
//!
//! What is not here: memory of results that Burn's own operations make.

// Burn asks for its storage by an unsafe interface.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use autodidact_kernels::{Element, Recycled, bf16};
use burn::tensor::{Bytes, Shape};
use burn_flex::{FlexTensor, Layout};
use burn_std::{AccessError, AccessPolicy, AllocationController, AllocationProperty};

/// A number that both the kernels and Burn's tensors know.
pub(super) trait Stored: Element + burn::tensor::Element {}

impl Stored for f32 {}
impl Stored for bf16 {}

/// A contiguous tensor with these values.
pub(super) fn tensor<E: Stored>(values: Recycled<E>, shape: &[usize]) -> FlexTensor {
    let bytes = size_of_val(&values[..]);
    // SAFETY: all of the controller's memory is initialised, and there are as many bytes of it.
    let bytes = unsafe { Bytes::from_controller(Box::new(Controller(values)), bytes) };
    FlexTensor::new(bytes, Layout::contiguous(Shape::from(shape.to_vec())), E::dtype())
}

struct Controller<E: Stored>(Recycled<E>);

impl<E: Stored> AllocationController for Controller<E> {
    fn alloc_align(&self) -> usize {
        align_of::<E>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    unsafe fn memory_mut(&mut self, _policy: AccessPolicy) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut self.0);
        // SAFETY: the layout is the same, and the caller promises to write initialised bytes only.
        Ok(unsafe { &mut *(std::ptr::from_mut(bytes) as *mut [MaybeUninit<u8>]) })
    }

    fn memory(&self, _policy: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        let bytes: &[u8] = bytemuck::cast_slice(&self.0);
        // SAFETY: the layout is the same, and every byte may be uninitialised.
        Ok(unsafe { &*(std::ptr::from_ref(bytes) as *const [MaybeUninit<u8>]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f32], shape: &[usize]) -> FlexTensor {
        let mut memory = Recycled::new(values.len());
        memory.copy_from_slice(values);
        tensor(memory, shape)
    }

    #[test]
    fn a_tensor_reads_writes_copies_and_hands_out_its_values() {
        let mut a = of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3]);
        assert_eq!(a.storage::<f32>(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let before = a.clone();
        a.storage_mut::<f32>()[4] = -5.0;
        assert_eq!(a.storage::<f32>(), [1.0, 2.0, 3.0, 4.0, -5.0, 6.0]);
        assert_eq!(before.storage::<f32>()[4], 5.0, "a shared tensor is copied before it is written");
        assert_eq!(before.transpose(0, 1).to_contiguous().storage::<f32>(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        let values: Vec<f32> = a.into_data().try_into_vec().expect("floats");
        assert_eq!(values, [1.0, 2.0, 3.0, 4.0, -5.0, 6.0]);
        assert!(of(&[], &[0, 3]).storage::<f32>().is_empty());
    }

    #[test]
    fn a_long_tensor_has_its_values_after_others_used_the_memory() {
        for round in 0..3u16 {
            let values: Vec<f32> = (0..10_000u16).map(|i| f32::from(i) + f32::from(round)).collect();
            let tensors = [of(&values, &[100, 100]), of(&values, &[10_000])];
            for tensor in tensors {
                assert_eq!(tensor.storage::<f32>(), values);
            }
        }
    }
}
