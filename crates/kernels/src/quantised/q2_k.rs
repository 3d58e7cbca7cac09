use super::affine::{Trials, small_integers};
use super::block::Block;
use super::codes::{Half, two_bits};
use super::lanes::{Lanes, Parts, for_each, side_by_side};
use bytemuck::{Pod, Zeroable};

/// `d · s · q − m · t`: the low nibble of a byte of `scales` is `s`, the high one `t`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Q2_K {
    scales: [u8; 16],
    codes: [u8; 64],
    d: Half,
    m: Half,
}

const TRIALS: Trials = Trials { levels: 3.0, first: -0.5, steps: 15, absolute: true };

impl Block<256> for Q2_K {
    #[inline(always)]
    fn dequantise(&self, out: &mut [f32; 256]) {
        let (scales, mins) = scaled(self.d, self.m, self.scales);
        for (part, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            let (byte, shift) = two_bits(part * 16);
            for (out, code) in out.iter_mut().zip(&self.codes[byte..][..16]) {
                *out = scales[part] * f32::from(code >> shift & 3) - mins[part];
            }
        }
    }

    #[inline(always)]
    fn quantise(values: &[f32; 256]) -> Self {
        let x: Parts<16, 16> = side_by_side(values);
        let mut found = TRIALS.search(&x, &x.map(|x| x.map(f32::abs)));
        let (scales, d) = small_integers(&found.scale, 15.0);
        let (mins, m) = small_integers(&found.minimum, 15.0);
        let [d, m] = [d, m].map(Half::new);
        let scales = std::array::from_fn(|part| scales[part] | mins[part] << 4);
        let (scale, minimum) = scaled(d, m, scales);
        found.requantise(&x, &scale, &minimum, TRIALS.levels);
        let mut codes = [0; 64];
        for_each(&found.codes, |i, code| {
            let (byte, shift) = two_bits(i);
            codes[byte] |= code << shift;
        });
        Self { scales, codes, d, m }
    }
}

/// `d · s` and `m · t` of each 16 numbers.
#[inline(always)]
fn scaled(d: Half, m: Half, scales: [u8; 16]) -> (Lanes<16>, Lanes<16>) {
    let [d, m] = [d, m].map(Half::get);
    (scales.map(|byte| d * f32::from(byte & 15)), scales.map(|byte| m * f32::from(byte >> 4)))
}
