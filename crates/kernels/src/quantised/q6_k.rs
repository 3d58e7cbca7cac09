use super::block::Block;
use super::codes::{Half, nearest};
use super::lanes::{Lanes, Parts, for_each, largest, side_by_side};
use super::symmetric::Symmetric;
use bytemuck::{Pod, Zeroable};

/// `d · s · (q − 32)`: of each 128 numbers, 64 bytes hold the low four bits of the codes, those of the first 64 in the low nibbles,
/// and 32 bytes the high two bits, those of the first 32 in the lowest place.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Q6_K {
    low: [u8; 128],
    high: [u8; 64],
    scales: [i8; 16],
    d: Half,
}

/// A half of the codes.
const LEVELS: f32 = 32.0;
/// Scales of at most this magnitude are taken for zero.
const TINY: f32 = 1e-15;

impl Block<256> for Q6_K {
    #[inline(always)]
    fn dequantise(&self, out: &mut [f32; 256]) {
        let scales = scaled(self.d, self.scales);
        for (part, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            let [(low, low_shift), (high, high_shift)] = places(part * 16);
            let [low, high] = [&self.low[low..][..16], &self.high[high..][..16]];
            for ((out, low), high) in out.iter_mut().zip(low).zip(high) {
                let code = low >> low_shift & 15 | (high >> high_shift & 3) << 4;
                *out = scales[part] * (f32::from(code) - LEVELS);
            }
        }
    }

    #[inline(always)]
    fn quantise(values: &[f32; 256]) -> Self {
        let x: Parts<16, 16> = side_by_side(values);
        let mut found = Symmetric::best_of_several(&x, LEVELS);
        let [largest] = largest(&found.scale.map(|scale| [scale]));
        if largest.abs() < TINY {
            return Self::zeroed();
        }
        let inverse = -128.0 / largest;
        let d = Half::new(1.0 / inverse);
        let scales = found.scale.map(|scale| nearest(inverse * scale, -128.0, 127.0) as i8);
        found.requantise(&x, &scaled(d, scales), LEVELS);
        let (mut low, mut high) = ([0; 128], [0; 64]);
        for_each(&found.codes, |i, code| {
            let [(low_byte, low_shift), (high_byte, high_shift)] = places(i);
            low[low_byte] |= (code & 15) << low_shift;
            high[high_byte] |= (code >> 4) << high_shift;
        });
        Self { low, high, scales, d }
    }
}

/// Where the two parts of a code lie: the byte, and how far to the left in it.
#[inline(always)]
const fn places(index: usize) -> [(usize, usize); 2] {
    let (half, quarter) = (index / 128, index % 128 / 32);
    [(half * 64 + index % 64, quarter / 2 * 4), (half * 32 + index % 32, quarter * 2)]
}

/// `d · s` of each 16 numbers.
#[inline(always)]
fn scaled(d: Half, scales: [i8; 16]) -> Lanes<16> {
    let d = d.get();
    scales.map(|scale| d * f32::from(scale))
}
