//! Matrix products of pairs of bfloat16 in the tile registers: sixteen rows of sixteen pairs times sixteen pairs of rows
//! of sixteen columns by an instruction, summed in 32 bits.
//!
//! A product takes up to two tiles of rows by two of columns through all of its steps; the sums stay in registers. All
//! tiles are whole: who has less copies it beside zeros. The sums of a step start from zero and are then added to those
//! before, and numbers too small for full precision count as zero.

// Tiles are known to the assembler alone.
#![allow(unsafe_code)]

use crate::amx::in_use;
use crate::scratch::with_scratch;
use crate::simd::LANES_MAX;
use std::arch::asm;
use std::marker::PhantomData;

/// Rows of a tile, columns of a tile of sums, and pairs in a step.
pub(crate) const SIDE: usize = 16;
/// Floats of a tile whose rows lie one after the other.
pub(crate) const TILE: usize = SIDE * SIDE;

const _: () = assert!(SIDE == LANES_MAX, "a row of a tile is a line of a panel");

/// The tile registers of this thread, all of them whole tiles, until this is dropped.
///
/// A function that holds them runs nothing that might want them as well, such as other tasks of the thread pool.
pub(crate) struct Registers {
    /// They belong to a thread.
    pub(super) here: PhantomData<*const ()>,
}

/// What `ldtilecfg` reads.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static WHOLE_TILES: Shapes = {
    let mut shapes =
        Shapes { palette: 1, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
    let mut tile = 0;
    while tile < 8 {
        shapes.row_bytes[tile] = (SIDE * size_of::<f32>()) as u16;
        shapes.rows[tile] = SIDE as u8;
        tile += 1;
    }
    shapes
};

impl Registers {
    /// # Panics
    /// If tiles are not in use.
    pub fn configure() -> Self {
        assert!(in_use(), "tiles are there and granted");
        // SAFETY: tiles are there and granted; the instruction reads the 64 bytes of the shapes.
        unsafe {
            asm!(
                "ldtilecfg [{}]",
                in(reg) &raw const WHOLE_TILES,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, preserves_flags),
            );
        }
        Self { here: PhantomData }
    }
}

impl Drop for Registers {
    fn drop(&mut self) {
        // SAFETY: tiles are there, since they were configured.
        unsafe {
            asm!(
                "tilerelease",
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, preserves_flags),
            );
        }
    }
}

/// Where the tiles of each step lie, relative to those of the first: rows and columns.
pub(crate) struct Steps {
    /// In bytes.
    offsets: Vec<[usize; 2]>,
    /// The largest, in floats.
    largest: [usize; 2],
}

impl Steps {
    /// Steps at these offsets, in floats.
    pub fn new(offsets: impl Iterator<Item = [usize; 2]>) -> Self {
        let mut largest = [0; 2];
        let offsets = offsets
            .map(|[rows, columns]| {
                largest = [largest[0].max(rows), largest[1].max(columns)];
                [rows * size_of::<f32>(), columns * size_of::<f32>()]
            })
            .collect();
        Self { offsets, largest }
    }

    /// So many steps, each at the same distance from the one before.
    pub fn even(count: usize, [rows, columns]: [usize; 2]) -> Self {
        Self::new((0..count).map(|step| [step * rows, step * columns]))
    }
}

/// Two matrices of pairs.
pub(crate) struct Factors<'a> {
    pub rows: &'a [f32],
    /// Where the tiles of rows start.
    pub row_tiles: [usize; 2],
    /// Floats between neighbouring rows.
    pub row_stride: usize,
    /// Lines of sixteen columns, one for each pair.
    pub columns: &'a [f32],
    /// Where the tiles of columns start. Two alike mean that there is one.
    pub column_tiles: [usize; 2],
    /// Floats between neighbouring lines.
    pub column_stride: usize,
    pub steps: &'a Steps,
}

/// Where sums go.
pub(crate) struct Sums<'a> {
    pub values: &'a mut [f32],
    /// Where those of each tile of rows start; those of the second tile of columns follow in the same rows. Two alike mean
    /// that there is one tile of rows.
    pub tiles: [usize; 2],
    /// Floats between neighbouring rows.
    pub stride: usize,
    /// Whether they are added to what is there.
    pub add: bool,
}

/// The instructions of a product, given those that depend on the number of tiles: sums in `tmm0` to `tmm3`, rows in
/// `tmm4` and `tmm5`, columns in `tmm6` and `tmm7`.
macro_rules! product {
    (
        $factors:ident, $sums:ident,
        zero [$($zero:literal)*] load [$($load:literal)*] step [$($step:literal)*] store [$($store:literal)*]
    ) => {{
        let steps = $factors.steps.offsets.as_ptr_range();
        let [first_rows, second_rows] = $factors.row_tiles.map(|at| $factors.rows.as_ptr().wrapping_add(at));
        let [first_columns, second_columns] =
            $factors.column_tiles.map(|at| $factors.columns.as_ptr().wrapping_add(at));
        let values = $sums.values.as_mut_ptr();
        let [first_sums, second_sums] = $sums.tiles.map(|at| values.wrapping_add(at));
        asm!(
            "test edx, edx",
            "jnz 2f",
            $($zero,)*
            "jmp 3f",
            "2:",
            $($load,)*
            "3:",
            "cmp rax, rcx",
            "jae 4f",
            $($step,)*
            "add rax, 16",
            "jmp 3b",
            "4:",
            $($store,)*
            inout("rax") steps.start => _,
            in("rcx") steps.end,
            in("rdi") first_rows,
            in("rsi") second_rows,
            in("r8") $factors.row_stride * size_of::<f32>(),
            in("r9") first_columns,
            in("r10") second_columns,
            in("r11") $factors.column_stride * size_of::<f32>(),
            in("r12") first_sums,
            in("r13") second_sums,
            in("r14") $sums.stride * size_of::<f32>(),
            inout("edx") u32::from($sums.add) => _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }};
}

impl Registers {
    /// `sums = rows · columns`, or `sums += rows · columns`.
    ///
    /// # Panics
    /// If a tile of any step reaches out of its slice.
    pub fn multiply(&self, factors: &Factors<'_>, sums: &mut Sums<'_>) {
        let two = [sums.tiles, factors.column_tiles].map(|tiles| tiles[0] != tiles[1]);
        let [row_offset, column_offset] = factors.steps.largest;
        let width = if two[1] { 2 * SIDE } else { SIDE };
        for tile in 0..2 {
            let rows = factors.row_tiles[tile] + row_offset + (SIDE - 1) * factors.row_stride + SIDE;
            assert!(rows <= factors.rows.len(), "tiles of rows lie inside the rows");
            let columns =
                factors.column_tiles[tile] + column_offset + (SIDE - 1) * factors.column_stride + SIDE;
            assert!(columns <= factors.columns.len(), "tiles of columns lie inside the columns");
            let end = sums.tiles[tile] + (SIDE - 1) * sums.stride + width;
            assert!(end <= sums.values.len(), "tiles of sums lie inside the sums");
        }
        // SAFETY: what the tiles read and write lies in the slices, as was asserted above.
        unsafe { self.run(two, factors, sums) }
    }

    /// A product of one or two tiles of rows and of columns.
    ///
    /// # Safety
    /// The tiles of every step lie inside their slices.
    unsafe fn run(&self, two: [bool; 2], factors: &Factors<'_>, sums: &mut Sums<'_>) {
        // The tiles are configured while this is there.
        let Self { here: PhantomData } = self;
        // SAFETY: tiles that lie inside their slices are all that is read and written, beside the steps: an array of two
        // offsets has 16 bytes.
        unsafe {
            match two {
                [true, true] => product!(
                    factors, sums,
                    zero ["tilezero tmm0" "tilezero tmm1" "tilezero tmm2" "tilezero tmm3"]
                    load [
                        "tileloadd tmm0, [r12 + r14*1]"
                        "tileloadd tmm1, [r12 + r14*1 + 64]"
                        "tileloadd tmm2, [r13 + r14*1]"
                        "tileloadd tmm3, [r13 + r14*1 + 64]"
                    ]
                    step [
                        "mov rdx, [rax + 8]"
                        "add rdx, r9"
                        "tileloadd tmm6, [rdx + r11*1]"
                        "mov rdx, [rax]"
                        "add rdx, rdi"
                        "tileloadd tmm4, [rdx + r8*1]"
                        "tdpbf16ps tmm0, tmm4, tmm6"
                        "mov rdx, [rax + 8]"
                        "add rdx, r10"
                        "tileloadd tmm7, [rdx + r11*1]"
                        "tdpbf16ps tmm1, tmm4, tmm7"
                        "mov rdx, [rax]"
                        "add rdx, rsi"
                        "tileloadd tmm5, [rdx + r8*1]"
                        "tdpbf16ps tmm2, tmm5, tmm6"
                        "tdpbf16ps tmm3, tmm5, tmm7"
                    ]
                    store [
                        "tilestored [r12 + r14*1], tmm0"
                        "tilestored [r12 + r14*1 + 64], tmm1"
                        "tilestored [r13 + r14*1], tmm2"
                        "tilestored [r13 + r14*1 + 64], tmm3"
                    ]
                ),
                [true, false] => product!(
                    factors, sums,
                    zero ["tilezero tmm0" "tilezero tmm2"]
                    load ["tileloadd tmm0, [r12 + r14*1]" "tileloadd tmm2, [r13 + r14*1]"]
                    step [
                        "mov rdx, [rax + 8]"
                        "add rdx, r9"
                        "tileloadd tmm6, [rdx + r11*1]"
                        "mov rdx, [rax]"
                        "add rdx, rdi"
                        "tileloadd tmm4, [rdx + r8*1]"
                        "tdpbf16ps tmm0, tmm4, tmm6"
                        "mov rdx, [rax]"
                        "add rdx, rsi"
                        "tileloadd tmm5, [rdx + r8*1]"
                        "tdpbf16ps tmm2, tmm5, tmm6"
                    ]
                    store ["tilestored [r12 + r14*1], tmm0" "tilestored [r13 + r14*1], tmm2"]
                ),
                [false, true] => product!(
                    factors, sums,
                    zero ["tilezero tmm0" "tilezero tmm1"]
                    load ["tileloadd tmm0, [r12 + r14*1]" "tileloadd tmm1, [r12 + r14*1 + 64]"]
                    step [
                        "mov rdx, [rax + 8]"
                        "add rdx, r9"
                        "tileloadd tmm6, [rdx + r11*1]"
                        "mov rdx, [rax]"
                        "add rdx, rdi"
                        "tileloadd tmm4, [rdx + r8*1]"
                        "tdpbf16ps tmm0, tmm4, tmm6"
                        "mov rdx, [rax + 8]"
                        "add rdx, r10"
                        "tileloadd tmm7, [rdx + r11*1]"
                        "tdpbf16ps tmm1, tmm4, tmm7"
                    ]
                    store ["tilestored [r12 + r14*1], tmm0" "tilestored [r12 + r14*1 + 64], tmm1"]
                ),
                [false, false] => product!(
                    factors, sums,
                    zero ["tilezero tmm0"]
                    load ["tileloadd tmm0, [r12 + r14*1]"]
                    step [
                        "mov rdx, [rax + 8]"
                        "add rdx, r9"
                        "tileloadd tmm6, [rdx + r11*1]"
                        "mov rdx, [rax]"
                        "add rdx, rdi"
                        "tileloadd tmm4, [rdx + r8*1]"
                        "tdpbf16ps tmm0, tmm4, tmm6"
                    ]
                    store ["tilestored [r12 + r14*1], tmm0"]
                ),
            }
        }
    }
}

/// Steps of two tiles by two in a product of [`multiply_add`].
const STEPS: usize = 256;

/// Makes so many steps of two tiles by two, from and to the nearest cache, and gives the multiplications and additions
/// that they are.
///
/// # Panics
/// If tiles are not in use.
pub(crate) fn multiply_add(steps: usize) -> u64 {
    let products = steps.div_ceil(STEPS);
    let same = Steps::even(STEPS, [0, 0]);
    with_scratch(6 * TILE, |values| {
        let (factors, values) = values.split_at_mut(2 * TILE);
        factors.fill(1.0);
        let factors = Factors {
            rows: factors,
            row_tiles: [0, TILE],
            row_stride: SIDE,
            columns: factors,
            column_tiles: [0, TILE],
            column_stride: SIDE,
            steps: &same,
        };
        let mut sums = Sums { values, tiles: [0, 2 * TILE], stride: 2 * SIDE, add: false };
        let registers = Registers::configure();
        for _ in 0..products {
            registers.multiply(&factors, &mut sums);
        }
    });
    (products * STEPS * 4 * TILE * 4 * SIDE) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{assert_close, noise, noise_pairs, sum_tolerance};

    fn numbers(pair: f32) -> [f64; 2] {
        [pair.to_bits() << 16, pair.to_bits() & 0xffff_0000].map(|bits| f64::from(f32::from_bits(bits)))
    }

    #[test]
    fn products_equal_plain_loops() {
        if !in_use() {
            eprintln!("skipped: tile registers are not in use");
            return;
        }
        let steps = Steps::new([[0, 0], [48, TILE], [16, 5 * TILE]].into_iter());
        let (row_stride, stride) = (83, 50);
        let (rows, columns) = (noise_pairs(1, 40 * row_stride), noise_pairs(2, 8 * TILE));
        for row_tiles in [[0, 19], [5, 5]] {
            for column_tiles in [[0, 2 * TILE], [LANES_MAX, LANES_MAX]] {
                for add in [false, true] {
                    let before = noise(3, 40 * stride);
                    let mut expected: Vec<f64> = before.iter().map(|&x| f64::from(x)).collect();
                    for row in row_tiles[0]..row_tiles[1] + SIDE {
                        if row >= row_tiles[0] + SIDE && row < row_tiles[1] {
                            continue;
                        }
                        for column in 0..if column_tiles[0] == column_tiles[1] { SIDE } else { 2 * SIDE } {
                            let start = column_tiles[column / SIDE] + column % SIDE;
                            let sum: f64 = (0..3 * SIDE)
                                .map(|k| {
                                    let offset = [[0, 0], [48, TILE], [16, 5 * TILE]][k / SIDE];
                                    let a = numbers(rows[row * row_stride + offset[0] + k % SIDE]);
                                    let b = numbers(columns[start + offset[1] + k % SIDE * SIDE]);
                                    a[0] * b[0] + a[1] * b[1]
                                })
                                .sum();
                            let place = &mut expected[row * stride + column];
                            *place = if add { *place + sum } else { sum };
                        }
                    }
                    let mut values = before;
                    let registers = Registers::configure();
                    registers.multiply(
                        &Factors {
                            rows: &rows,
                            row_tiles: row_tiles.map(|row| row * row_stride),
                            row_stride,
                            columns: &columns,
                            column_tiles,
                            column_stride: SIDE,
                            steps: &steps,
                        },
                        &mut Sums {
                            values: &mut values,
                            tiles: row_tiles.map(|row| row * stride),
                            stride,
                            add,
                        },
                    );
                    drop(registers);
                    assert_close("sums", &values, &expected, sum_tolerance(6 * SIDE));
                }
            }
        }
    }

    #[test]
    fn operations_are_counted() {
        if !in_use() {
            eprintln!("skipped: tile registers are not in use");
            return;
        }
        let a_step = 2 * (2 * SIDE) * (2 * SIDE) * (2 * SIDE);
        assert_eq!(multiply_add(STEPS + 1), (2 * STEPS * a_step) as u64);
    }
}
