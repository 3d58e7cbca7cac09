//! Numbers of either type, for kernels that are not written twice: they widen what they read and narrow what they write.

use crate::columns::Moments;
use crate::element::{Element, narrow, widen};
use crate::scratch::with_scratch;
use crate::statistics::Observer;
use half::bf16;
use rayon::prelude::*;

/// Numbers that are read.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    F32(&'a [f32]),
    Bf16(&'a [bf16]),
}

/// Numbers that are written.
#[derive(Debug)]
pub enum ValuesMut<'a> {
    F32(&'a mut [f32]),
    Bf16(&'a mut [bf16]),
}

/// Numbers that are widened or narrowed in one task.
const TASK: usize = 1 << 15;

impl<'a> Values<'a> {
    pub fn len(self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::Bf16(values) => values.len(),
        }
    }

    /// Bytes of a number.
    pub fn element_bytes(self) -> usize {
        match self {
            Self::F32(_) => size_of::<f32>(),
            Self::Bf16(_) => size_of::<bf16>(),
        }
    }

    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::F32(values) => bytemuck::cast_slice(values),
            Self::Bf16(values) => bytemuck::cast_slice(values),
        }
    }

    /// So many of them from one on.
    pub fn part(self, from: usize, len: usize) -> Self {
        match self {
            Self::F32(values) => Self::F32(&values[from..][..len]),
            Self::Bf16(values) => Self::Bf16(&values[from..][..len]),
        }
    }

    /// Gives `work` all of them in 32 bits.
    pub fn settle<R>(self, work: impl FnOnce(&[f32]) -> R) -> R {
        match self {
            Self::F32(values) => work(values),
            Self::Bf16(values) => with_scratch(values.len(), |wide| {
                values.par_chunks(TASK).zip(wide.par_chunks_mut(TASK)).for_each(|(from, to)| widen(from, to));
                work(wide)
            }),
        }
    }
}

impl ValuesMut<'_> {
    /// Writes them in tasks of so many, of which `write` is told the number, and gives what the observer saw of each.
    pub(crate) fn in_tasks(
        self,
        task_len: usize,
        observer: Observer,
        write: impl Fn(usize, ValuesMut<'_>) + Sync,
    ) -> Vec<Moments> {
        fn tasks<E: Element>(
            values: &mut [E],
            task_len: usize,
            observer: Observer,
            write: impl Fn(usize, ValuesMut<'_>) + Sync,
        ) -> Vec<Moments> {
            let tasks = values.par_chunks_mut(task_len).enumerate();
            let seen = tasks.flat_map_iter(|(task, values)| {
                write(task, E::values_mut(values));
                observer.look(values)
            });
            seen.collect()
        }
        match self {
            Self::F32(values) => tasks(values, task_len, observer, write),
            Self::Bf16(values) => tasks(values, task_len, observer, write),
        }
    }

    /// Lets `work` write them in 32 bits.
    pub(crate) fn wide(self, work: impl FnOnce(&mut [f32])) {
        match self {
            Self::F32(values) => work(values),
            Self::Bf16(values) => with_scratch(values.len(), |wide| {
                work(wide);
                narrow(wide, values);
            }),
        }
    }

    /// So many of them from one on.
    pub(crate) fn part(&mut self, from: usize, len: usize) -> ValuesMut<'_> {
        match self {
            Self::F32(values) => ValuesMut::F32(&mut values[from..][..len]),
            Self::Bf16(values) => ValuesMut::Bf16(&mut values[from..][..len]),
        }
    }

    pub(crate) fn clear(&mut self) {
        match self {
            Self::F32(values) => values.fill(0.0),
            Self::Bf16(values) => values.fill(bf16::ZERO),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::Bf16(values) => values.len(),
        }
    }

    /// Bytes of a number.
    pub fn element_bytes(&self) -> usize {
        match self {
            Self::F32(_) => size_of::<f32>(),
            Self::Bf16(_) => size_of::<bf16>(),
        }
    }
}
