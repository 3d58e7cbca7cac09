//! The bytes of a checkpoint's tensors in other layouts, some rows at a time.

use super::Progress;
use crate::weights::{Checkpoint, Format, TensorName};
use crate::{Error, Result};
use rayon::prelude::*;

/// Numbers that are in memory at a time.
const AT_A_TIME: usize = 1 << 23;

/// What is done of a checkpoint, for who watches.
pub(super) struct Converter<'a> {
    checkpoint: &'a Checkpoint,
    progress: Progress,
    watch: &'a mut dyn FnMut(&Progress),
}

impl<'a> Converter<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, watch: &'a mut dyn FnMut(&Progress)) -> Self {
        let config = checkpoint.config();
        let progress = Progress {
            tensors: 0,
            num_tensors: TensorName::all(config).count(),
            parameters: 0,
            num_parameters: config.embedding_parameters() + config.non_embedding_parameters(),
        };
        Self { checkpoint, progress, watch }
    }

    /// Hands a matrix on to `write`, its rows in a layout that they fill. What is in this layout already stays as it is.
    pub(super) fn matrix(
        &mut self,
        name: TensorName,
        format: Format,
        mut write: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let matrix = self.checkpoint.matrix(name);
        let rows = (AT_A_TIME / matrix.columns()).max(1);
        let row_bytes = format.bytes(matrix.columns()).expect("rows fill blocks");
        let mut out = Vec::new();
        let mut start = 0;
        while start < matrix.rows() {
            let end = matrix.rows().min(start + rows);
            let bytes = matrix.bytes_of(start..end);
            if matrix.format() == format {
                write(bytes)?;
            } else {
                out.resize((end - start) * row_bytes, 0);
                let rows = out.par_chunks_mut(row_bytes).zip(bytes.par_chunks(matrix.row_bytes()));
                rows.enumerate().try_for_each_init(
                    || vec![0.0; matrix.columns()],
                    |values, (row, (out, bytes))| {
                        matrix.format().read(bytes, values);
                        check(name, (start + row) * matrix.columns(), values, format)?;
                        format.write(values, out);
                        Ok(())
                    },
                )?;
                write(&out)?;
            }
            self.progress.parameters += ((end - start) * matrix.columns()) as u64;
            (self.watch)(&self.progress);
            start = end;
        }
        self.done();
        Ok(())
    }

    /// Hands the weights of a norm on to `write`.
    pub(super) fn norm(
        &mut self,
        name: TensorName,
        values: &[f32],
        format: Format,
        write: impl FnOnce(&[u8]) -> Result<()>,
    ) -> Result<()> {
        check(name, 0, values, format)?;
        let mut out = vec![0; format.bytes(values.len()).expect("plain numbers")];
        format.write(values, &mut out);
        write(&out)?;
        self.progress.parameters += values.len() as u64;
        self.done();
        Ok(())
    }

    fn done(&mut self) {
        self.progress.tensors += 1;
        (self.watch)(&self.progress);
    }
}

/// That a layout can hold numbers, the first of which has this place in its tensor.
fn check(name: TensorName, first: usize, values: &[f32], format: Format) -> Result<()> {
    let largest = format.largest();
    match values.iter().position(|value| value.is_nan() || value.abs() > largest) {
        None => Ok(()),
        Some(place) => Err(Error::Unrepresentable {
            tensor: name.to_string(),
            index: first + place,
            value: values[place],
            format: format.name(),
        }),
    }
}
