use super::affine::{Affine, Trials, small_integers};
use super::block::Block;
use super::codes::Half;
use super::lanes::{Lanes, Parts, for_each, side_by_side};
use super::scales_and_mins::ScalesAndMins;
use bytemuck::{Pod, Zeroable};

/// `d · s · q − m · t`: 32 bytes hold the codes of 64 numbers, those of the first 32 in the low nibbles.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Q4_K {
    d: Half,
    m: Half,
    scales: ScalesAndMins,
    codes: [u8; 128],
}

const TRIALS: Trials = Trials { levels: 15.0, first: -1.0, steps: 20, absolute: false };

impl Block<256> for Q4_K {
    #[inline(always)]
    fn dequantise(&self, out: &mut [f32; 256]) {
        let (scales, mins) = scaled(self.d, self.m, self.scales);
        let halves = out.as_chunks_mut::<64>().0.iter_mut().zip(self.codes.as_chunks::<32>().0);
        for (pair, (out, codes)) in halves.enumerate() {
            let (low, high) = out.split_at_mut(32);
            let [first, second] = [2 * pair, 2 * pair + 1];
            for i in 0..32 {
                low[i] = scales[first] * f32::from(codes[i] & 15) - mins[first];
                high[i] = scales[second] * f32::from(codes[i] >> 4) - mins[second];
            }
        }
    }

    #[inline(always)]
    fn quantise(values: &[f32; 256]) -> Self {
        let (d, m, scales, found) = search(&TRIALS, values);
        let mut codes = [0; 128];
        for_each(&found.codes, |i, code| codes[i / 64 * 32 + i % 32] |= code << (i % 64 / 32 * 4));
        Self { d, m, scales, codes }
    }
}

/// `d · s` and `m · t` of each 32 numbers.
#[inline(always)]
pub(super) fn scaled(d: Half, m: Half, scales: ScalesAndMins) -> (Lanes<8>, Lanes<8>) {
    let [d, m] = [d, m].map(Half::get);
    (scales.scales().map(|scale| d * f32::from(scale)), scales.mins().map(|min| m * f32::from(min)))
}

/// Scale, minimum, the small integers of each 32 numbers, and the codes.
#[inline(always)]
pub(super) fn search(trials: &Trials, values: &[f32; 256]) -> (Half, Half, ScalesAndMins, Affine<8, 32>) {
    let x = side_by_side(values);
    let mut found = trials.search(&x, &weights(&x));
    let (scales, d) = small_integers(&found.scale, 63.0);
    let (mins, m) = small_integers(&found.minimum, 63.0);
    let [d, m] = [d, m].map(Half::new);
    let packed = ScalesAndMins::new(scales, mins);
    let (scale, minimum) = scaled(d, m, packed);
    found.requantise(&x, &scale, &minimum, trials.levels);
    (d, m, packed, found)
}

/// The root mean square of a part, and the magnitude of the number.
#[inline(always)]
fn weights(x: &Parts<8, 32>) -> Parts<8, 32> {
    let mut squares = [0.0; 8];
    for x in x {
        for part in 0..8 {
            squares[part] += x[part] * x[part];
        }
    }
    let root = squares.map(|squares| (squares / 32.0).sqrt());
    x.map(|x| std::array::from_fn(|part| root[part] + x[part].abs()))
}
