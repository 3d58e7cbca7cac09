//! Memory for results that is used again once they are dropped.
//!
//! A step of training makes and drops the same large arrays again and again. Fresh ones would be filled with zeros first,
//! by the allocator or by the system, and a kernel writes every number of its result anyway.
//! What is not here: working memory inside a kernel, which each thread keeps for itself.

use crate::element::Element;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shorter arrays are not kept: the allocator is quick with them, and zeros cost little.
const KEPT_MIN: usize = 1 << 12;

static FREE: Mutex<FreeList> = Mutex::new(FreeList::EMPTY);

fn free_list() -> MutexGuard<'static, FreeList> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An array of numbers whose memory is kept for the next one of about its length when it is dropped.
///
/// No more memory is kept than was in use at once before.
///
/// ```
/// use autodidact_kernels::Recycled;
///
/// let mut out: Recycled = Recycled::new(3);
/// out.copy_from_slice(&[1.0, 2.0, 3.0]);
/// assert_eq!(out.iter().sum::<f32>(), 6.0);
/// ```
#[derive(Debug)]
pub struct Recycled<E: Element = f32> {
    /// At least `len` numbers.
    values: Vec<f32>,
    len: usize,
    element: PhantomData<E>,
}

impl<E: Element> Recycled<E> {
    /// An array of `len` numbers with arbitrary, but initialised, contents.
    pub fn new(len: usize) -> Self {
        let floats = (E::BYTES * len).div_ceil(size_of::<f32>());
        let values = if floats < KEPT_MIN {
            vec![0.0; floats]
        } else {
            let size = size_class(floats);
            let kept = free_list().take(size);
            kept.unwrap_or_else(|| vec![0.0; size])
        };
        let mut array = Self { values, len, element: PhantomData };
        if cfg!(debug_assertions) {
            // So that a test sees what nobody wrote.
            array.fill(E::from_f32(f32::NAN));
        }
        array
    }
}

impl<E: Element> Drop for Recycled<E> {
    fn drop(&mut self) {
        if self.values.len() >= KEPT_MIN {
            let dropped = free_list().give_back(std::mem::take(&mut self.values));
            // Returning memory to the system takes time; other threads need not wait for it.
            drop(dropped);
        }
    }
}

impl<E: Element> Deref for Recycled<E> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        &bytemuck::cast_slice(&self.values)[..self.len]
    }
}

impl<E: Element> DerefMut for Recycled<E> {
    fn deref_mut(&mut self) -> &mut [E] {
        &mut bytemuck::cast_slice_mut(&mut self.values)[..self.len]
    }
}

/// The next length at or above that has three significant bits or fewer: arrays of about the same length share memory,
/// of which at most a fifth lies idle.
fn size_class(len: usize) -> usize {
    let step = 1 << (len.ilog2() - 2);
    len.next_multiple_of(step)
}

/// Arrays that nobody uses, by their length.
struct FreeList {
    arrays: BTreeMap<usize, Vec<Vec<f32>>>,
    /// Floats in `arrays`.
    kept: usize,
    /// Floats in arrays that are in use, and the most that ever were.
    used: usize,
    used_max: usize,
}

impl FreeList {
    const EMPTY: Self = Self { arrays: BTreeMap::new(), kept: 0, used: 0, used_max: 0 };

    /// An array of this length if one is kept; one is in use from now on.
    fn take(&mut self, size: usize) -> Option<Vec<f32>> {
        self.used += size;
        self.used_max = self.used_max.max(self.used);
        let array = self.arrays.get_mut(&size)?.pop()?;
        self.kept -= size;
        Some(array)
    }

    /// Keeps an array that was in use. Returns others, the largest first, if too many would be kept then: what is used
    /// now is more likely to be used again than they are.
    fn give_back(&mut self, array: Vec<f32>) -> Vec<Vec<f32>> {
        let size = array.len();
        self.used -= size;
        self.kept += size;
        self.arrays.entry(size).or_default().push(array);
        let mut dropped = Vec::new();
        while self.kept + self.used > self.used_max {
            let largest = self.arrays.iter_mut().rev().find(|(_, arrays)| !arrays.is_empty());
            let Some(array) = largest.and_then(|(_, arrays)| arrays.pop()) else { break };
            self.kept -= array.len();
            dropped.push(array);
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::bf16;

    #[test]
    fn classes_hold_their_lengths_and_waste_little() {
        for len in (KEPT_MIN..1 << 16).step_by(7).chain([1 << 20, (1 << 20) + 1, (1 << 40) - 1]) {
            let size = size_class(len);
            assert!(size >= len && (size - len) * 5 <= size, "{len} in {size}");
            assert_eq!(size_class(size), size, "an array is of its own class");
        }
    }

    #[test]
    fn an_array_is_used_again_and_no_more_are_kept_than_were_used() {
        let mut free = FreeList::EMPTY;
        assert_eq!(free.take(4096), None);
        assert!(free.give_back(vec![1.0; 4096]).is_empty(), "as much was in use before");
        assert_eq!(free.take(5120), None, "of another length");
        assert_eq!(free.take(4096).as_deref(), Some(&[1.0; 4096][..]));
        assert!(free.give_back(vec![2.0; 4096]).is_empty());
        assert!(free.give_back(vec![3.0; 5120]).is_empty());
        assert_eq!((free.kept, free.used, free.used_max), (9216, 0, 9216));
    }

    #[test]
    fn other_arrays_make_room_for_what_is_used_now() {
        let mut free = FreeList::EMPTY;
        free.take(8192);
        assert!(free.give_back(vec![0.0; 8192]).is_empty());
        free.take(4096);
        let dropped = free.give_back(vec![0.0; 4096]);
        assert_eq!(dropped.iter().map(Vec::len).collect::<Vec<_>>(), [8192]);
        assert_eq!((free.kept, free.used, free.used_max), (4096, 0, 8192));
        assert!(free.take(4096).is_some());
    }

    #[test]
    fn short_and_empty_arrays_are_what_was_asked_for() {
        for len in [0, 1, KEPT_MIN - 1, KEPT_MIN, KEPT_MIN + 1] {
            assert_eq!(Recycled::<f32>::new(len).len(), len);
            assert_eq!(Recycled::<bf16>::new(len).len(), len);
        }
    }
}
