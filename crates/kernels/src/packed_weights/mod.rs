//! Products with weights in blocks, by integer arithmetic: what is multiplied with them is rounded to eight bits.
//!
//! Each 32 numbers of the other operand become codes of eight bits and a scale, and the products of codes are added exactly.
//! Weights keep their codes and scales, but are [packed](pack) once so that sixteen rows lie side by side: a vector of codes
//! meets four numbers of the other operand, repeated, and sixteen sums grow at once.
//!
//! What is not here: formats other than those of [`PackedWeights::new`].

mod activations;
mod layout;
mod pack;
mod portable;
mod tasks;
#[cfg(target_arch = "x86_64")]
mod vnni;

use crate::check::check_len;
use crate::precision::Precision;
use crate::profile::{self, Work};
use crate::stored_matrix::{Format, StoredMatrix};
use activations::Activations;
use layout::Layout;

/// Rows that lie side by side.
const SIDE_BY_SIDE: usize = 16;
/// Columns that have a scale of the other operand together.
const BLOCK: usize = 32;

/// A matrix `[rows, columns]` of weights in blocks, packed for products.
#[derive(Clone)]
pub struct PackedWeights {
    layout: Layout,
    rows: usize,
    columns: usize,
    /// Panels of [`SIDE_BY_SIDE`] rows, one after the other.
    bytes: Vec<u8>,
}

impl std::fmt::Debug for PackedWeights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PackedWeights({:?}, {}×{})", self.layout, self.rows, self.columns)
    }
}

impl PackedWeights {
    /// Packs a matrix of `Q8_0`, `Q4_0`, `Q4_K` or `Q6_K`; there is no packing of others. Takes as many bytes as the matrix, or a little
    /// more.
    pub fn new(matrix: &StoredMatrix<'_>) -> Option<Self> {
        let Format::Block(format) = matrix.format() else { return None };
        let layout = Layout::of(format)?;
        let (rows, columns) = (matrix.rows(), matrix.columns());
        Some(Self { layout, rows, columns, bytes: pack::pack(layout, rows, columns, matrix.bytes()) })
    }

    /// Whether the machine has instructions that make such products faster than others (AVX-512 with VNNI, so far). Elsewhere they
    /// are plain loops.
    pub fn is_fast() -> bool {
        #[cfg(target_arch = "x86_64")]
        return vnni::is_there();
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// Rows, which are the outputs of a layer.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns, which are the inputs of a layer.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Sixteen rows.
    fn panel(&self, panel: usize) -> &[u8] {
        let len = self.columns / (BLOCK * self.layout.blocks()) * self.layout.group();
        &self.bytes[panel * len..(panel + 1) * len]
    }

    /// `out = x · Wᵀ` for `x` of `[m, columns]` and `out` of `[m, rows]`.
    ///
    /// Each 32 neighbouring numbers of `x` are rounded to 255 levels of the same distance; those below 2⁻¹²⁰ are zero, and where one is not
    /// finite, the products are not numbers. Everything else is exact, or rounded as
    /// sums of `f32` are; the result does not depend on the number of threads.
    ///
    /// ```
    /// use autodidact_kernels::quantised::{BlockFormat, quantise};
    /// use autodidact_kernels::{PackedWeights, Format, StoredMatrix};
    ///
    /// let mut bytes = [0; 34];
    /// quantise(BlockFormat::Q8_0, &[0.5; 32], &mut bytes);
    /// let matrix = StoredMatrix::new(Format::Block(BlockFormat::Q8_0), [1, 32], &bytes).expect("one block");
    /// let packed = PackedWeights::new(&matrix).expect("a format that is packed");
    /// let mut out = [0.0];
    /// packed.multiply(&[2.0; 32], &mut out);
    /// assert!((out[0] - 32.0).abs() < 0.1);
    /// ```
    ///
    /// # Panics
    /// If a length is not what the shapes say.
    pub fn multiply(&self, x: &[f32], out: &mut [f32]) {
        if self.rows == 0 || self.columns == 0 {
            return out.fill(0.0);
        }
        let m = out.len() / self.rows;
        check_len("out", out.len(), &[m, self.rows]);
        check_len("x", x.len(), &[m, self.columns]);
        if m == 0 {
            return;
        }
        let _span = profile::span("product with packed weights", || {
            let flops = 2 * (m * self.rows * self.columns) as u64;
            let bytes = (self.bytes.len() + 4 * (x.len() + out.len())) as u64;
            let shape = format!("{m}×{}×{} {:?}", self.columns, self.rows, self.layout);
            (shape, Work { flops, bytes, precision: Precision::F32 })
        });
        tasks::multiply(self, &Activations::new(self.columns, x), out);
    }
}

#[cfg(test)]
mod tests {
    use super::activations::Tile;
    use super::*;
    use crate::quantised::{BlockFormat, quantise};
    use crate::tests::{assert_close, noise};

    const PACKED: [BlockFormat; 4] =
        [BlockFormat::Q8_0, BlockFormat::Q4_0, BlockFormat::Q4_K, BlockFormat::Q6_K];

    fn stored(format: BlockFormat, rows: usize, columns: usize) -> Vec<u8> {
        let mut bytes = vec![0; format.bytes(rows * columns).expect("whole blocks")];
        quantise(format, &noise(1, rows * columns), &mut bytes);
        bytes
    }

    /// What is computed, with the other operand as it is rounded, in double precision.
    fn expected(matrix: &StoredMatrix<'_>, x: &[f32]) -> Vec<f64> {
        let mut row = vec![0.0; matrix.columns()];
        let rows: Vec<Vec<f32>> = (0..matrix.rows())
            .map(|at| {
                matrix.row(at, &mut row);
                row.clone()
            })
            .collect();
        x.chunks(matrix.columns())
            .flat_map(|x| {
                let rounded: Vec<f64> = x
                    .chunks(BLOCK)
                    .flat_map(|x| {
                        let largest = x.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
                        let scale = largest / 127.0;
                        let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
                        x.iter().map(move |x| f64::from((x * inverse).round_ties_even()) * f64::from(scale))
                    })
                    .collect();
                rows.iter()
                    .map(|row| row.iter().zip(&rounded).map(|(&w, &x)| f64::from(w) * x).sum())
                    .collect::<Vec<f64>>()
            })
            .collect()
    }

    #[test]
    fn products_are_those_of_rounded_numbers() {
        for format in PACKED {
            for (m, columns, rows) in [
                (1, 256, 1),
                (1, 512, 40),
                (2, 256, 16),
                (7, 512, 33),
                (9, 256, 48),
                (150, 256, 35),
                (71, 256, 16),
            ] {
                let bytes = stored(format, rows, columns);
                let matrix =
                    StoredMatrix::new(Format::Block(format), [rows, columns], &bytes).expect("a matrix");
                let packed = PackedWeights::new(&matrix).expect("a format that is packed");
                let mut x = noise(2, m * columns);
                // A block of zeros, and one of very different sizes.
                x[..32].fill(0.0);
                x[32] = 1e3;
                let mut out = vec![f32::NAN; m * rows];
                packed.multiply(&x, &mut out);
                assert_close(&format!("{format:?} {m}×{columns}×{rows}"), &out, &expected(&matrix, &x), 2e-3);
                // And the same by plain loops, row by row, to the bit.
                let mut twin = vec![f32::NAN; m * rows];
                for (row, x) in x.chunks(columns).enumerate() {
                    let activations = Activations::new(columns, x);
                    let (Tile::One(tile), 1) = activations.tile(0) else {
                        panic!("one row is a tile of one")
                    };
                    for (panel, twin) in twin[row * rows..][..rows].chunks_mut(SIDE_BY_SIDE).enumerate() {
                        let [sums] = portable::sums(packed.layout, packed.panel(panel), tile);
                        twin.copy_from_slice(&sums[..twin.len()]);
                    }
                }
                let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&out), bits(&twin), "{format:?} {m}×{columns}×{rows}");
            }
        }
    }

    #[test]
    fn numbers_that_are_none_are_seen() {
        let bytes = stored(BlockFormat::Q4_0, 16, 64);
        let matrix = StoredMatrix::new(Format::Block(BlockFormat::Q4_0), [16, 64], &bytes).expect("a matrix");
        let packed = PackedWeights::new(&matrix).expect("a format that is packed");
        let mut out = [0.0; 48];
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut x = noise(2, 3 * 64);
            x[64 + 5] = odd;
            packed.multiply(&x, &mut out);
            assert!(out[..16].iter().chain(&out[32..]).all(|out| out.is_finite()), "{odd}");
            assert!(out[16..32].iter().all(|out| out.is_nan()), "{odd}");
        }
        let mut small = noise(2, 3 * 64);
        for x in &mut small {
            *x *= 1e-38;
        }
        packed.multiply(&small, &mut out);
        assert!(out.iter().all(|&out| out == 0.0));
        packed.multiply(&[], &mut []);
    }

    #[test]
    fn packing_takes_hardly_more_bytes() {
        for format in PACKED {
            let bytes = stored(format, 64, 512);
            let matrix = StoredMatrix::new(Format::Block(format), [64, 512], &bytes).expect("a matrix");
            let packed = PackedWeights::new(&matrix).expect("a format that is packed").bytes();
            assert!(
                packed >= bytes.len() && packed <= bytes.len() * 103 / 100,
                "{format:?}: {packed} of {}",
                bytes.len()
            );
        }
        let bytes = stored(BlockFormat::Q5_K, 1, 256);
        let matrix = StoredMatrix::new(Format::Block(BlockFormat::Q5_K), [1, 256], &bytes).expect("a matrix");
        assert!(PackedWeights::new(&matrix).is_none());
    }
}
