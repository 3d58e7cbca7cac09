//! Products of rows with lines of pairs, for several shifts of the lines at once.
//!
//! A tile whose rows cross lines of the cache takes several times as long to load as one whose rows do not. So rows stay where
//! they are, and what is shifted are lines of sixteen pairs, each a line of the cache.

// Tiles are known to the assembler alone.
#![allow(unsafe_code)]

use super::tiles::{Registers, SIDE, TILE};
use half::bf16;
use std::arch::asm;
use std::marker::PhantomData;

/// Numbers of a row in one step.
pub(crate) const STEP: usize = 2 * SIDE;
/// Tiles of rows at most.
pub(crate) const ROW_TILES: usize = 2;
/// Tiles of sums at most.
const SUM_TILES: usize = 6;

/// How many shifts go together with so many tiles of rows.
pub(crate) const fn shifts_max(row_tiles: usize) -> usize {
    SUM_TILES / row_tiles
}

/// Both factors of a product.
pub(crate) struct Shifted<'a> {
    pub rows: &'a [bf16],
    /// Where the tiles of rows start: one or two of them.
    pub row_tiles: &'a [usize],
    /// Numbers from a row of a tile to the next.
    pub row_stride: usize,
    /// Lines of sixteen pairs.
    pub lines: &'a [f32],
    /// The first line for each shift: as many as [`shifts_max`] says, or fewer.
    pub shifts: &'a [usize],
    /// Lines from one that a product takes to the next.
    pub apart: usize,
    /// Steps of 32 numbers of each row.
    pub steps: usize,
}

/// The instructions of a product: those of a step, and for each tile of sums its number and its place in bytes.
macro_rules! product {
    ($shifted:ident, $sums:ident, $add:ident, sums [$($sum:literal $at:literal)*] step [$($step:expr),*]) => {{
        let rows = $shifted.rows.as_ptr();
        let last_tile = $shifted.row_tiles.len() - 1;
        let lines = $shifted.lines.as_ptr();
        let mut shifted = [lines; SUM_TILES];
        for (pointer, shift) in shifted.iter_mut().zip($shifted.shifts) {
            *pointer = lines.wrapping_add(shift * SIDE);
        }
        let line = $shifted.apart * SIDE * size_of::<f32>();
        asm!(
            "test edx, edx",
            "jnz 2f",
            $(concat!("tilezero tmm", $sum),)*
            "jmp 3f",
            "2:",
            $(concat!("tileloadd tmm", $sum, ", [r12 + r13*1 + ", $at, "]"),)*
            "3:",
            "xor edx, edx",
            "4:",
            $($step,)*
            "add rdi, 64",
            "add rsi, 64",
            "add rdx, r10",
            "dec rcx",
            "jnz 4b",
            $(concat!("tilestored [r12 + r13*1 + ", $at, "], tmm", $sum),)*
            inout("rdi") rows.wrapping_add($shifted.row_tiles[0]) => _,
            inout("rsi") rows.wrapping_add($shifted.row_tiles[last_tile]) => _,
            in("r8") $shifted.row_stride * size_of::<bf16>(),
            in("r9") &raw const shifted,
            in("r10") SIDE * line,
            in("r11") line,
            in("r12") $sums.as_mut_ptr(),
            in("r13") SIDE * size_of::<f32>(),
            inout("rcx") $shifted.steps => _,
            inout("edx") u32::from($add) => _,
            out("rax") _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }};
}

/// Loads the first or the second tile of rows.
macro_rules! rows {
    (0 $register:literal) => {
        concat!("tileloadd tmm", $register, ", [rdi + r8*1]")
    };
    (1 $register:literal) => {
        concat!("tileloadd tmm", $register, ", [rsi + r8*1]")
    };
}

/// Loads the lines of a shift, whose pointer is so many bytes behind the first one.
macro_rules! lines {
    ($pointer:literal $register:literal) => {
        concat!("mov rax, [r9 + ", $pointer, "]\nadd rax, rdx\ntileloadd tmm", $register, ", [rax + r11*1]")
    };
}

/// Adds a product.
macro_rules! dot {
    ($sum:literal $rows:literal $lines:literal) => {
        concat!("tdpbf16ps tmm", $sum, ", tmm", $rows, ", tmm", $lines)
    };
}

impl Registers {
    /// `sums = rows · lines`, or `sums += rows · lines`: whole tiles, for each shift those of all rows.
    ///
    /// # Panics
    /// If a tile of any step reaches out of its slice, or there are no steps, or too few or many tiles.
    pub fn multiply_shifted(&self, shifted: &Shifted<'_>, sums: &mut [f32], add: bool) {
        let Shifted { rows, row_tiles, row_stride, lines, shifts, apart, steps } = *shifted;
        assert!(steps > 0, "there is something to multiply");
        let inside =
            |&start: &usize, read: usize, all: usize| all.checked_sub(start).is_some_and(|left| read <= left);
        let read = (SIDE - 1) * row_stride + steps * STEP;
        assert!(
            row_tiles.iter().all(|tile| inside(tile, read, rows.len())),
            "tiles of rows lie inside the rows"
        );
        let read = (steps * SIDE - 1) * apart + 1;
        assert!(
            shifts.iter().all(|shift| inside(shift, read, lines.len() / SIDE)),
            "lines lie inside the lines"
        );
        assert!(row_tiles.len() * shifts.len() * TILE <= sums.len(), "tiles of sums lie inside the sums");
        assert!((1..=ROW_TILES).contains(&row_tiles.len()), "one or two tiles of rows");
        assert!(
            (1..=shifts_max(row_tiles.len())).contains(&shifts.len()),
            "no more shifts than tiles of sums"
        );
        // SAFETY: what the tiles read and write lies in the slices, as was asserted above.
        unsafe { self.run_shifted(shifted, sums, add) }
    }

    /// # Safety
    /// The tiles of every step lie inside their slices; their numbers are those that [`Self::multiply_shifted`] allows.
    unsafe fn run_shifted(&self, shifted: &Shifted<'_>, sums: &mut [f32], add: bool) {
        // The tiles are configured while this is there.
        let Self { here: PhantomData } = self;
        // SAFETY: tiles that lie inside their slices are all that is read and written, beside the pointers.
        unsafe {
            match [shifted.row_tiles.len(), shifted.shifts.len()] {
                [2, 3] => product!(
                    shifted, sums, add,
                    sums [0 0  1 1024  2 2048  3 3072  4 4096  5 5120]
                    step [
                        rows!(0 6), lines!(0 7), dot!(0 6 7), rows!(1 6), dot!(1 6 7),
                        lines!(8 7), dot!(3 6 7), rows!(0 6), dot!(2 6 7),
                        lines!(16 7), dot!(4 6 7), rows!(1 6), dot!(5 6 7)
                    ]
                ),
                [2, 2] => product!(
                    shifted, sums, add,
                    sums [0 0  1 1024  2 2048  3 3072]
                    step [
                        rows!(0 4), lines!(0 6), dot!(0 4 6), rows!(1 5), dot!(1 5 6),
                        lines!(8 7), dot!(2 4 7), dot!(3 5 7)
                    ]
                ),
                [2, 1] => product!(
                    shifted, sums, add,
                    sums [0 0  1 1024]
                    step [lines!(0 6), rows!(0 4), dot!(0 4 6), rows!(1 5), dot!(1 5 6)]
                ),
                [1, 6] => product!(
                    shifted, sums, add,
                    sums [0 0  1 1024  2 2048  3 3072  4 4096  5 5120]
                    step [
                        rows!(0 6), lines!(0 7), dot!(0 6 7), lines!(8 7), dot!(1 6 7), lines!(16 7), dot!(2 6 7),
                        lines!(24 7), dot!(3 6 7), lines!(32 7), dot!(4 6 7), lines!(40 7), dot!(5 6 7)
                    ]
                ),
                [1, 5] => product!(
                    shifted, sums, add,
                    sums [0 0  1 1024  2 2048  3 3072  4 4096]
                    step [
                        rows!(0 6), lines!(0 7), dot!(0 6 7), lines!(8 7), dot!(1 6 7), lines!(16 7), dot!(2 6 7),
                        lines!(24 7), dot!(3 6 7), lines!(32 7), dot!(4 6 7)
                    ]
                ),
                [1, 4] => product!(
                    shifted, sums, add,
                    sums [0 0  1 1024  2 2048  3 3072]
                    step [
                        rows!(0 6), lines!(0 7), dot!(0 6 7), lines!(8 7), dot!(1 6 7), lines!(16 7), dot!(2 6 7),
                        lines!(24 7), dot!(3 6 7)
                    ]
                ),
                [1, 3] => product!(
                    shifted, sums, add,
                    sums [0 0  1 1024  2 2048]
                    step [rows!(0 6), lines!(0 7), dot!(0 6 7), lines!(8 7), dot!(1 6 7), lines!(16 7), dot!(2 6 7)]
                ),
                [1, 2] => product!(
                    shifted, sums, add,
                    sums [0 0  1 1024]
                    step [rows!(0 6), lines!(0 7), dot!(0 6 7), lines!(8 7), dot!(1 6 7)]
                ),
                _ => product!(
                    shifted, sums, add,
                    sums [0 0]
                    step [rows!(0 6), lines!(0 7), dot!(0 6 7)]
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amx::in_use;
    use crate::tests::{assert_close, noise, noise_pairs, sum_tolerance};

    #[test]
    fn products_equal_plain_loops() {
        if !in_use() {
            eprintln!("skipped: tile registers are not in use");
            return;
        }
        let (row_stride, steps) = (131, 3);
        let rows: Vec<bf16> = noise(1, 40 * row_stride).into_iter().map(bf16::from_f32).collect();
        let lines = noise_pairs(2, 140 * SIDE);
        let number = |line: usize, half: usize, column: usize| {
            let bits = lines[line * SIDE + column].to_bits();
            f64::from(f32::from_bits([bits << 16, bits & 0xffff_0000][half]))
        };
        let all_shifts = [7, 0, 1, 2, 30, 9];
        let both = [0, 17 * row_stride + 3];
        let cases = [&both[1..], &both]
            .into_iter()
            .flat_map(|row_tiles| (1..=shifts_max(row_tiles.len())).map(move |shifts| (row_tiles, shifts)));
        for (row_tiles, shifts) in cases {
            let shifts = &all_shifts[..shifts];
            for (apart, add) in [(1, false), (2, true), (2, false)] {
                let before = noise(3, row_tiles.len() * shifts.len() * TILE);
                let expected: Vec<f64> = (0..before.len())
                    .map(|at| {
                        let (tile, row, column) = (at / TILE, at % TILE / SIDE, at % SIDE);
                        let row = row_tiles[tile % row_tiles.len()] + row * row_stride;
                        let products = (0..steps * STEP).map(|k| {
                            let line = shifts[tile / row_tiles.len()] + k / 2 * apart;
                            f64::from(rows[row + k].to_f32()) * number(line, k % 2, column)
                        });
                        products.sum::<f64>() + if add { f64::from(before[at]) } else { 0.0 }
                    })
                    .collect();
                let mut sums = before;
                let (rows, lines) = (&rows[..], &lines[..]);
                let shifted = Shifted { rows, row_tiles, row_stride, lines, shifts, apart, steps };
                Registers::configure().multiply_shifted(&shifted, &mut sums, add);
                assert_close("sums", &sums, &expected, sum_tolerance(2 * steps * STEP));
            }
        }
    }
}
