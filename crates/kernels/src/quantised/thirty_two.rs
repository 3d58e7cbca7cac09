//! Blocks of 32 numbers.

use super::block::Block;
use super::codes::{Half, nibbles};
use bytemuck::{Pod, Zeroable};

/// `d · q`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Q8_0 {
    d: Half,
    codes: [i8; 32],
}

/// `d · (q − 8)`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Q4_0 {
    d: Half,
    codes: [u8; 16],
}

/// `d · q + m`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Q4_1 {
    d: Half,
    m: Half,
    codes: [u8; 16],
}

/// `d · (q − 16)`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Q5_0 {
    d: Half,
    fifth_bits: [u8; 4],
    codes: [u8; 16],
}

/// `d · q + m`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Q5_1 {
    d: Half,
    m: Half,
    fifth_bits: [u8; 4],
    codes: [u8; 16],
}

impl Block<32> for Q8_0 {
    #[inline(always)]
    fn dequantise(&self, out: &mut [f32; 32]) {
        let d = self.d.get();
        for (out, &q) in out.iter_mut().zip(&self.codes) {
            *out = d * f32::from(q);
        }
    }

    #[inline(always)]
    fn quantise(values: &[f32; 32]) -> Self {
        let d = values.iter().fold(0.0_f32, |largest, x| largest.max(x.abs())) / 127.0;
        let inverse = reciprocal(d);
        Self { d: Half::new(d), codes: values.map(|x| (x * inverse).round() as i8) }
    }
}

impl Block<32> for Q4_0 {
    #[inline(always)]
    fn dequantise(&self, out: &mut [f32; 32]) {
        let d = self.d.get();
        each(&self.codes, [0; 4], out, |q| d * (q - 8.0));
    }

    #[inline(always)]
    fn quantise(values: &[f32; 32]) -> Self {
        let d = largest(values) / -8.0;
        let inverse = reciprocal(d);
        let codes = values.map(|x| code(x * inverse + 8.5, 15));
        Self { d: Half::new(d), codes: packed(&codes) }
    }
}

impl Block<32> for Q4_1 {
    #[inline(always)]
    fn dequantise(&self, out: &mut [f32; 32]) {
        let [d, m] = [self.d, self.m].map(Half::get);
        each(&self.codes, [0; 4], out, |q| d * q + m);
    }

    #[inline(always)]
    fn quantise(values: &[f32; 32]) -> Self {
        let [low, high] = range(values);
        let d = (high - low) / 15.0;
        let inverse = reciprocal(d);
        let codes = values.map(|x| code((x - low) * inverse + 0.5, 15));
        Self { d: Half::new(d), m: Half::new(low), codes: packed(&codes) }
    }
}

impl Block<32> for Q5_0 {
    #[inline(always)]
    fn dequantise(&self, out: &mut [f32; 32]) {
        let d = self.d.get();
        each(&self.codes, self.fifth_bits, out, |q| d * (q - 16.0));
    }

    #[inline(always)]
    fn quantise(values: &[f32; 32]) -> Self {
        let d = largest(values) / -16.0;
        let inverse = reciprocal(d);
        let codes = values.map(|x| code(x * inverse + 16.5, 31));
        Self { d: Half::new(d), fifth_bits: fifth_bits(&codes), codes: packed(&codes) }
    }
}

impl Block<32> for Q5_1 {
    #[inline(always)]
    fn dequantise(&self, out: &mut [f32; 32]) {
        let [d, m] = [self.d, self.m].map(Half::get);
        each(&self.codes, self.fifth_bits, out, |q| d * q + m);
    }

    #[inline(always)]
    fn quantise(values: &[f32; 32]) -> Self {
        let [low, high] = range(values);
        let d = (high - low) / 31.0;
        let inverse = reciprocal(d);
        let codes = values.map(|x| code((x - low) * inverse + 0.5, 31));
        Self { d: Half::new(d), m: Half::new(low), fifth_bits: fifth_bits(&codes), codes: packed(&codes) }
    }
}

#[inline(always)]
fn reciprocal(d: f32) -> f32 {
    if d == 0.0 { 0.0 } else { 1.0 / d }
}

/// The number of largest magnitude, with its sign; the first of several.
#[inline(always)]
fn largest(values: &[f32; 32]) -> f32 {
    values.iter().fold(values[0], |largest, &x| if x.abs() > largest.abs() { x } else { largest })
}

#[inline(always)]
fn range(values: &[f32; 32]) -> [f32; 2] {
    let low = values.iter().fold(f32::INFINITY, |low, &x| low.min(x));
    let high = values.iter().fold(f32::NEG_INFINITY, |high, &x| high.max(x));
    [low, high]
}

/// Calls `number` with each code: the low nibbles, then the high ones, each with its fifth bit.
#[inline(always)]
fn each(codes: &[u8; 16], fifth_bits: [u8; 4], out: &mut [f32; 32], number: impl Fn(f32) -> f32) {
    let fifth = u32::from_le_bytes(fifth_bits);
    let (low, high) = out.split_at_mut(16);
    for i in 0..16 {
        let code = u32::from(codes[i]);
        // Signed, as there are instructions for that everywhere.
        low[i] = number((code & 15 | (fifth >> i & 1) << 4) as i32 as f32);
        high[i] = number((code >> 4 | (fifth >> (i + 16) & 1) << 4) as i32 as f32);
    }
}

/// The integer below, at most `largest`.
#[inline(always)]
fn code(number: f32, largest: i32) -> u8 {
    (number as i32).min(largest) as u8
}

#[inline(always)]
fn packed(codes: &[u8; 32]) -> [u8; 16] {
    let (low, high) = codes.split_at(16);
    nibbles::<16>(low.try_into().expect("half of 32"), high.try_into().expect("half of 32"))
}

#[inline(always)]
fn fifth_bits(codes: &[u8; 32]) -> [u8; 4] {
    codes.iter().enumerate().fold(0_u32, |bits, (i, code)| bits | u32::from(code >> 4) << i).to_le_bytes()
}
