use super::block::Block;
use super::codes::{Half, nearest, two_bits};
use super::lanes::{Lanes, Parts, for_each, largest, side_by_side};
use super::symmetric::Symmetric;
use bytemuck::{Pod, Zeroable};

/// `d · (s − 32) · (q − 4)`: the third bits of the codes are in `third_bits`, as the fifth ones of five-bit blocks.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Q3_K {
    third_bits: [u8; 32],
    codes: [u8; 64],
    scales: SixBits,
    d: Half,
}

/// Sixteen numbers of six bits: the low four in the nibbles of eight bytes, the low nibbles first, the high two in four bytes.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
struct SixBits([u8; 12]);

/// A half of the codes.
const LEVELS: f32 = 4.0;

impl Block<256> for Q3_K {
    #[inline(always)]
    fn dequantise(&self, out: &mut [f32; 256]) {
        let scales = scaled(self.d, self.scales);
        for (part, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            let (byte, shift) = two_bits(part * 16);
            let third = &self.third_bits[part % 2 * 16..][..16];
            for ((out, code), third) in out.iter_mut().zip(&self.codes[byte..][..16]).zip(third) {
                let code = code >> shift & 3 | (third >> (part / 2) & 1) << 2;
                *out = scales[part] * (f32::from(code) - LEVELS);
            }
        }
    }

    #[inline(always)]
    fn quantise(values: &[f32; 256]) -> Self {
        let x: Parts<16, 16> = side_by_side(values);
        let mut found = Symmetric::one_by_one(&x, LEVELS);
        let [largest] = largest(&found.scale.map(|scale| [scale]));
        if largest == 0.0 {
            return Self::zeroed();
        }
        let inverse = -32.0 / largest;
        let d = Half::new(1.0 / inverse);
        let scales =
            SixBits::new(found.scale.map(|scale| (nearest(inverse * scale, -32.0, 31.0) + 32.0) as u8));
        found.requantise(&x, &scaled(d, scales), LEVELS);
        let (mut codes, mut third_bits) = ([0; 64], [0; 32]);
        for_each(&found.codes, |i, code| {
            let (byte, shift) = two_bits(i);
            codes[byte] |= (code & 3) << shift;
            third_bits[i % 32] |= (code >> 2) << (i / 32);
        });
        Self { third_bits, codes, scales, d }
    }
}

/// `d · (s − 32)` of each 16 numbers.
#[inline(always)]
fn scaled(d: Half, scales: SixBits) -> Lanes<16> {
    let d = d.get();
    scales.get().map(|scale| d * (f32::from(scale) - 32.0))
}

impl SixBits {
    #[inline(always)]
    fn new(numbers: [u8; 16]) -> Self {
        let mut bytes = [0; 12];
        for (j, number) in numbers.into_iter().enumerate() {
            bytes[j % 8] |= (number & 15) << (j / 8 * 4);
            bytes[8 + j % 4] |= (number >> 4) << (j / 4 * 2);
        }
        Self(bytes)
    }

    #[inline(always)]
    fn get(self) -> [u8; 16] {
        let bytes = self.0;
        std::array::from_fn(|j| bytes[j % 8] >> (j / 8 * 4) & 15 | (bytes[8 + j % 4] >> (j / 4 * 2) & 3) << 4)
    }
}
