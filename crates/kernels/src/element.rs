//! The types of numbers that activations and their gradients have in memory. All arithmetic is in `f32`.

use crate::simd::{BLOCK, dispatch, vector_array, vector_array_mut};
use crate::values::{Values, ValuesMut};
use half::bf16;
use pulp::{Simd, WithSimd};

/// A number that activations consist of: `f32`, or [`bf16`], of which twice as many fit into memory and its caches.
///
/// What is computed is rounded to the nearest `bf16`, ties to even, where it is stored.
pub trait Element: Lanes {}

impl Element for f32 {}
impl Element for bf16 {}

/// How numbers are read and written.
pub trait Lanes: bytemuck::Pod + std::fmt::Debug + Send + Sync {
    /// Bytes of a number.
    const BYTES: usize = size_of::<Self>();

    /// So many vectors from the start of a slice, at most [`BLOCK`] numbers.
    fn load<S: Simd, const VECTORS: usize>(slice: &[Self]) -> [S::f32s; VECTORS];

    /// Writes them.
    fn store<S: Simd, const VECTORS: usize>(vectors: [S::f32s; VECTORS], slice: &mut [Self]);

    /// A slice that may be shorter than a vector, and zeros behind it.
    fn load_some<S: Simd>(simd: S, slice: &[Self]) -> S::f32s;

    /// Writes as much of a vector as the slice takes.
    fn store_some<S: Simd>(simd: S, vector: S::f32s, slice: &mut [Self]);

    fn from_f32(value: f32) -> Self;

    fn to_f32(self) -> f32;

    /// Writes values, rounded if need be.
    fn write(values: Values<'_>, out: &mut [Self]);

    fn values(slice: &[Self]) -> Values<'_>;

    fn values_mut(slice: &mut [Self]) -> ValuesMut<'_>;
}

impl Lanes for f32 {
    #[inline(always)]
    fn load<S: Simd, const VECTORS: usize>(slice: &[Self]) -> [S::f32s; VECTORS] {
        *vector_array::<S, VECTORS>(slice)
    }

    #[inline(always)]
    fn store<S: Simd, const VECTORS: usize>(vectors: [S::f32s; VECTORS], slice: &mut [Self]) {
        *vector_array_mut::<S, VECTORS>(slice) = vectors;
    }

    #[inline(always)]
    fn load_some<S: Simd>(simd: S, slice: &[Self]) -> S::f32s {
        simd.partial_load_f32s(slice)
    }

    #[inline(always)]
    fn store_some<S: Simd>(simd: S, vector: S::f32s, slice: &mut [Self]) {
        simd.partial_store_f32s(slice, vector);
    }

    fn from_f32(value: f32) -> Self {
        value
    }

    fn to_f32(self) -> f32 {
        self
    }

    fn write(values: Values<'_>, out: &mut [Self]) {
        match values {
            Values::F32(values) => out.copy_from_slice(values),
            Values::Bf16(values) => widen(values, out),
        }
    }

    fn values(slice: &[Self]) -> Values<'_> {
        Values::F32(slice)
    }

    fn values_mut(slice: &mut [Self]) -> ValuesMut<'_> {
        ValuesMut::F32(slice)
    }
}

impl Lanes for bf16 {
    #[inline(always)]
    fn load<S: Simd, const VECTORS: usize>(slice: &[Self]) -> [S::f32s; VECTORS] {
        let block = &slice[..VECTORS * S::F32_LANES];
        let mut wide = [0.0; BLOCK];
        for lane in 0..VECTORS * S::F32_LANES {
            wide[lane] = widened(block[lane]);
        }
        *vector_array::<S, VECTORS>(&wide)
    }

    #[inline(always)]
    fn store<S: Simd, const VECTORS: usize>(vectors: [S::f32s; VECTORS], slice: &mut [Self]) {
        let mut wide = [0.0; BLOCK];
        *vector_array_mut::<S, VECTORS>(&mut wide) = vectors;
        let block = &mut slice[..VECTORS * S::F32_LANES];
        for lane in 0..VECTORS * S::F32_LANES {
            block[lane] = narrowed(wide[lane]);
        }
    }

    #[inline(always)]
    fn load_some<S: Simd>(_: S, slice: &[Self]) -> S::f32s {
        let mut wide = [0.0; BLOCK];
        for (wide, &value) in wide.iter_mut().zip(slice) {
            *wide = widened(value);
        }
        vector_array::<S, 1>(&wide)[0]
    }

    #[inline(always)]
    fn store_some<S: Simd>(_: S, vector: S::f32s, slice: &mut [Self]) {
        let mut wide = [0.0; BLOCK];
        vector_array_mut::<S, 1>(&mut wide)[0] = vector;
        for (value, &wide) in slice.iter_mut().zip(&wide) {
            *value = narrowed(wide);
        }
    }

    fn from_f32(value: f32) -> Self {
        narrowed(value)
    }

    fn to_f32(self) -> f32 {
        widened(self)
    }

    fn write(values: Values<'_>, out: &mut [Self]) {
        match values {
            Values::F32(values) => narrow(values, out),
            Values::Bf16(values) => out.copy_from_slice(values),
        }
    }

    fn values(slice: &[Self]) -> Values<'_> {
        Values::Bf16(slice)
    }

    fn values_mut(slice: &mut [Self]) -> ValuesMut<'_> {
        ValuesMut::Bf16(slice)
    }
}

#[inline(always)]
fn widened(value: bf16) -> f32 {
    f32::from_bits(u32::from(value.to_bits()) << 16)
}

/// The nearest number, of two the even one. NaN stays NaN.
#[inline(always)]
fn narrowed(value: f32) -> bf16 {
    let bits = value.to_bits();
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    let nan = bits | 0x0040_0000;
    bf16::from_bits(((if value.is_nan() { nan } else { nearest }) >> 16) as u16)
}

/// The same numbers in 32 bits.
///
/// # Panics
/// If the lengths differ.
pub(crate) fn widen(from: &[bf16], to: &mut [f32]) {
    assert!(from.len() == to.len(), "a number for each number");
    dispatch(Widen { from, to });
}

/// The nearest numbers in 16 bits.
///
/// # Panics
/// If the lengths differ.
pub(crate) fn narrow(from: &[f32], to: &mut [bf16]) {
    assert!(from.len() == to.len(), "a number for each number");
    #[cfg(target_arch = "x86_64")]
    if crate::pairs::has_dot()
        && from.len().is_multiple_of(2)
        && bytemuck::try_cast_slice_mut::<_, f32>(to).is_ok()
    {
        return crate::dot::narrow(from, bytemuck::cast_slice_mut(to));
    }
    dispatch(Narrow { from, to });
}

struct Widen<'a> {
    from: &'a [bf16],
    to: &'a mut [f32],
}

impl WithSimd for Widen<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (from, to) in self.from.iter().zip(self.to) {
            *to = widened(*from);
        }
    }
}

struct Narrow<'a> {
    from: &'a [f32],
    to: &'a mut [bf16],
}

impl WithSimd for Narrow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (from, to) in self.from.iter().zip(self.to) {
            *to = narrowed(*from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::noise;

    /// The conversions of the crate that the numbers come from, by software.
    fn expected(values: &[f32]) -> Vec<bf16> {
        values.iter().copied().map(bf16::from_f32).collect()
    }

    fn cases() -> Vec<f32> {
        let mut values = noise(3, 4 * BLOCK + 7);
        let unit = 2.0f32.powi(-7);
        values[..8].copy_from_slice(&[
            1.0 + 0.5 * unit,
            1.0 + 1.5 * unit,
            -1.0 - 0.501 * unit,
            f32::MAX,
            f32::NEG_INFINITY,
            -0.0,
            f32::MIN_POSITIVE,
            1e-40,
        ]);
        values
    }

    #[test]
    fn numbers_are_narrowed_to_the_nearest_and_widened_exactly() {
        let values = cases();
        for len in [0, 1, 2, 31, 64, 101, values.len()] {
            let values = &values[..len];
            let mut narrow_values = vec![bf16::ZERO; len];
            narrow(values, &mut narrow_values);
            let mut twin = vec![bf16::ZERO; len];
            Narrow { from: values, to: &mut twin }.with_simd(pulp::Scalar);
            for (at, expected) in expected(values).into_iter().enumerate() {
                // The processor's own instruction takes what is denormal for zero.
                let flushed = values[at].abs() < f32::MIN_POSITIVE && narrow_values[at].to_f32() == 0.0;
                assert!(narrow_values[at] == expected || flushed, "{} at {at} of {len}", values[at]);
                assert_eq!(twin[at].to_bits(), expected.to_bits(), "{} at {at} of {len}", values[at]);
            }
            let mut wide = vec![0.0; len];
            widen(&narrow_values, &mut wide);
            for (wide, narrow) in wide.iter().zip(&narrow_values) {
                assert_eq!(wide.to_bits(), narrow.to_f32().to_bits());
            }
        }
    }

    #[test]
    fn every_nan_stays_one() {
        for bits in [0x7fc0_0000, 0x7fff_ffff, 0xffff_ffff, 0x7f80_0001, 0xff80_ffff] {
            for len in [1, 64] {
                let mut to = vec![bf16::ZERO; len];
                narrow(&vec![f32::from_bits(bits); len], &mut to);
                assert!(to.iter().all(|value| value.is_nan()), "{bits:x}");
                dispatch(Narrow { from: &vec![f32::from_bits(bits); len], to: &mut to });
                assert!(to.iter().all(|value| value.is_nan()), "{bits:x}");
            }
        }
    }

    struct ThroughBlocks<'a> {
        from: &'a [bf16],
        to: &'a mut [bf16],
    }

    impl WithSimd for ThroughBlocks<'_> {
        type Output = ();

        fn with_simd<S: Simd>(self, _: S) {
            match S::F32_LANES {
                16 => bf16::store::<S, 4>(bf16::load::<S, 4>(self.from), self.to),
                8 => bf16::store::<S, 8>(bf16::load::<S, 8>(self.from), self.to),
                4 => bf16::store::<S, 16>(bf16::load::<S, 16>(self.from), self.to),
                _ => bf16::store::<S, 64>(bf16::load::<S, 64>(self.from), self.to),
            }
        }
    }

    #[test]
    fn a_block_is_read_and_written_in_its_order() {
        let from = expected(&cases());
        for start in [0, 1, 60] {
            let mut to = vec![bf16::ZERO; BLOCK + 1];
            dispatch(ThroughBlocks { from: &from[start..], to: &mut to });
            assert_eq!(to[..BLOCK], from[start..][..BLOCK]);
            assert_eq!(to[BLOCK], bf16::ZERO);
        }
    }
}
