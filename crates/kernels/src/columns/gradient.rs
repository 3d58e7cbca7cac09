//! The two backward passes of every normalisation: the sums its statistics need, and the input gradient.
//!
//! Both recompute the forward value to know where the `ReLU` passed, with the same operations as the forward pass, so
//! nothing but the input is kept.

use super::{BLOCK, Layout, SUM_ROWS};
use crate::simd::{dispatch, relu_gradient, vector_array};
use pulp::{Simd, WithSimd};

/// The forward pass `y = (x − centre) · scale + shift`, repeated to a long row.
#[derive(Clone, Copy)]
pub(crate) struct Parameters<'a> {
    pub centre: &'a [f32],
    pub scale: &'a [f32],
    pub shift: &'a [f32],
    pub relu: bool,
}

/// For each channel, with `g` the output gradient where the `ReLU` passed.
pub(crate) struct GradientSums {
    /// `Σ g`
    pub gradient: Vec<f64>,
    /// `Σ g · (x − centre)`
    pub product: Vec<f64>,
}

impl GradientSums {
    pub fn new(channels: usize) -> Self {
        Self { gradient: vec![0.0; channels], product: vec![0.0; channels] }
    }

    /// Adds the sums of other rows.
    pub fn add(&mut self, other: &Self) {
        for (sums, others) in [(&mut self.gradient, &other.gradient), (&mut self.product, &other.product)] {
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum += other;
            }
        }
    }
}

/// The sums of each channel over all rows.
pub(crate) fn gradient_sums(
    layout: Layout,
    x: &[f32],
    grad_out: &[f32],
    parameters: Parameters<'_>,
) -> GradientSums {
    let width = layout.width();
    let (x, x_tail) = x.split_at(layout.whole(x.len()));
    let (grad_out, grad_tail) = grad_out.split_at(x.len());
    let mut long = dispatch(LongSums { width, x, grad_out, parameters });
    if !x_tail.is_empty() {
        // Rows with a gradient of zero add nothing.
        let [x, grad_out] = [x_tail, grad_tail].map(|tail| pad(tail, width));
        long.add(&dispatch(LongSums { width, x: &x, grad_out: &grad_out, parameters }));
    }
    GradientSums { gradient: layout.fold(&long.gradient), product: layout.fold(&long.product) }
}

/// `grad_x = a · g + b · (x − centre) + c` per channel, with `g` the output gradient where the `ReLU` passed.
///
/// `coefficients` are `[a, b, c]`, repeated to a long row.
pub(crate) fn input_gradient(
    layout: Layout,
    x: &[f32],
    grad_out: &[f32],
    parameters: Parameters<'_>,
    coefficients: [&[f32]; 3],
    grad_x: &mut [f32],
) {
    let width = layout.width();
    let (x, x_tail) = x.split_at(layout.whole(x.len()));
    let (grad_out, grad_tail) = grad_out.split_at(x.len());
    let (body, tail) = grad_x.split_at_mut(x.len());
    dispatch(InputGradient { width, x, grad_out, parameters, coefficients, grad_x: body });
    if !x_tail.is_empty() {
        let [x, grad_out] = [x_tail, grad_tail].map(|tail| pad(tail, width));
        let mut grad_x = vec![0.0; width];
        dispatch(InputGradient {
            width,
            x: &x,
            grad_out: &grad_out,
            parameters,
            coefficients,
            grad_x: &mut grad_x,
        });
        tail.copy_from_slice(&grad_x[..tail.len()]);
    }
}

fn pad(values: &[f32], len: usize) -> Vec<f32> {
    let mut padded = values.to_vec();
    padded.resize(len, 0.0);
    padded
}

struct LongSums<'a> {
    width: usize,
    x: &'a [f32],
    grad_out: &'a [f32],
    parameters: Parameters<'a>,
}

impl WithSimd for LongSums<'_> {
    type Output = GradientSums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> GradientSums {
        match (S::F32_LANES, self.parameters.relu) {
            (16, false) => self.run::<S, 4, false>(simd),
            (16, true) => self.run::<S, 4, true>(simd),
            (8, false) => self.run::<S, 8, false>(simd),
            (8, true) => self.run::<S, 8, true>(simd),
            (4, false) => self.run::<S, 16, false>(simd),
            (4, true) => self.run::<S, 16, true>(simd),
            (_, false) => self.run::<S, 64, false>(simd),
            (_, true) => self.run::<S, 64, true>(simd),
        }
    }
}

impl LongSums<'_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const RELU: bool>(self, simd: S) -> GradientSums {
        let width = self.width;
        let mut sums = GradientSums::new(width);
        let Parameters { centre, scale, shift, .. } = self.parameters;
        for (x, grad_out) in self.x.chunks(SUM_ROWS * width).zip(self.grad_out.chunks(SUM_ROWS * width)) {
            for block in (0..width).step_by(BLOCK) {
                let [centre, scale, shift] =
                    [centre, scale, shift].map(|parameter| *vector_array::<S, V>(&parameter[block..]));
                let mut gradients = [simd.splat_f32s(0.0); V];
                let mut products = [simd.splat_f32s(0.0); V];
                for (x, grad_out) in x.chunks_exact(width).zip(grad_out.chunks_exact(width)) {
                    let x = vector_array::<S, V>(&x[block..]);
                    let grad_out = vector_array::<S, V>(&grad_out[block..]);
                    for v in 0..V {
                        let deviation = simd.sub_f32s(x[v], centre[v]);
                        let mut gradient = grad_out[v];
                        if RELU {
                            let y = simd.mul_add_e_f32s(deviation, scale[v], shift[v]);
                            gradient = relu_gradient(simd, y, gradient);
                        }
                        gradients[v] = simd.add_f32s(gradients[v], gradient);
                        products[v] = simd.mul_add_e_f32s(gradient, deviation, products[v]);
                    }
                }
                let targets = [(&mut sums.gradient, &gradients), (&mut sums.product, &products)];
                for (sums, part) in targets {
                    let part: &[f32] = bytemuck::cast_slice(part);
                    for (sum, part) in sums[block..].iter_mut().zip(part) {
                        *sum += f64::from(*part);
                    }
                }
            }
        }
        sums
    }
}

struct InputGradient<'a> {
    width: usize,
    x: &'a [f32],
    grad_out: &'a [f32],
    parameters: Parameters<'a>,
    coefficients: [&'a [f32]; 3],
    grad_x: &'a mut [f32],
}

impl WithSimd for InputGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.parameters.relu { self.run::<S, true>(simd) } else { self.run::<S, false>(simd) }
    }
}

impl InputGradient<'_> {
    #[inline(always)]
    fn run<S: Simd, const RELU: bool>(self, simd: S) {
        let Parameters { centre, scale, shift, .. } = self.parameters;
        let [centre, scale, shift] = [centre, scale, shift].map(|parameter| S::as_simd_f32s(parameter).0);
        let [a, b, c] = self.coefficients.map(|coefficient| S::as_simd_f32s(coefficient).0);
        let rows = self.x.chunks_exact(self.width).zip(self.grad_out.chunks_exact(self.width));
        for ((x, grad_out), grad_x) in rows.zip(self.grad_x.chunks_exact_mut(self.width)) {
            let (x, grad_out) = (S::as_simd_f32s(x).0, S::as_simd_f32s(grad_out).0);
            let grad_x = S::as_mut_simd_f32s(grad_x).0;
            let data = x.iter().zip(grad_out).zip(grad_x);
            let forward = centre.iter().zip(scale).zip(shift);
            let backward = a.iter().zip(b).zip(c);
            for ((((x, grad_out), grad_x), ((centre, scale), shift)), ((a, b), c)) in
                data.zip(forward).zip(backward)
            {
                let deviation = simd.sub_f32s(*x, *centre);
                let mut gradient = *grad_out;
                if RELU {
                    let y = simd.mul_add_e_f32s(deviation, *scale, *shift);
                    gradient = relu_gradient(simd, y, gradient);
                }
                let rest = simd.mul_add_e_f32s(*b, deviation, *c);
                *grad_x = simd.mul_add_e_f32s(*a, gradient, rest);
            }
        }
    }
}
