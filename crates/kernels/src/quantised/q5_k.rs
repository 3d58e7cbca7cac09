use super::affine::Trials;
use super::block::Block;
use super::codes::Half;
use super::lanes::for_each;
use super::q4_k::{scaled, search};
use super::scales_and_mins::ScalesAndMins;
use bytemuck::{Pod, Zeroable};

/// `d · s · q − m · t`: the low four bits of the codes as in four-bit blocks, and in bit `j` of byte `i` of `fifth_bits` that of
/// number `i` of part `j`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Q5_K {
    d: Half,
    m: Half,
    scales: ScalesAndMins,
    fifth_bits: [u8; 32],
    codes: [u8; 128],
}

const TRIALS: Trials = Trials { levels: 31.0, first: -0.5, steps: 15, absolute: false };

impl Block<256> for Q5_K {
    #[inline(always)]
    fn dequantise(&self, out: &mut [f32; 256]) {
        let (scales, mins) = scaled(self.d, self.m, self.scales);
        let halves = out.as_chunks_mut::<64>().0.iter_mut().zip(self.codes.as_chunks::<32>().0);
        for (pair, (out, codes)) in halves.enumerate() {
            let (low, high) = out.split_at_mut(32);
            let [first, second] = [2 * pair, 2 * pair + 1];
            for i in 0..32 {
                let fifth = self.fifth_bits[i] >> first;
                low[i] = scales[first] * f32::from(codes[i] & 15 | (fifth & 1) << 4) - mins[first];
                high[i] = scales[second] * f32::from(codes[i] >> 4 | (fifth >> 1 & 1) << 4) - mins[second];
            }
        }
    }

    #[inline(always)]
    fn quantise(values: &[f32; 256]) -> Self {
        let (d, m, scales, found) = search(&TRIALS, values);
        let (mut codes, mut fifth_bits) = ([0; 128], [0; 32]);
        for_each(&found.codes, |i, code| {
            codes[i / 64 * 32 + i % 32] |= (code & 15) << (i % 64 / 32 * 4);
            fifth_bits[i % 32] |= (code >> 4) << (i / 32);
        });
        Self { d, m, scales, fifth_bits, codes }
    }
}
