//! The two backward passes of every normalisation: the sums its statistics need, and the input gradient.
//!
//! Both recompute the forward value to know where the `ReLU` passed, with the same operations as the forward pass, so
//! nothing but the input is kept.

use super::{BLOCK, Layout, SUM_ROWS, pad};
use crate::element::Element;
use crate::simd::{dispatch, relu_gradient, vector_array, vector_array_mut};
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
pub(crate) fn gradient_sums<E: Element>(
    layout: Layout,
    x: &[E],
    grad_out: &[E],
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
pub(crate) fn input_gradient<E: Element>(
    layout: Layout,
    x: &[E],
    grad_out: &[E],
    parameters: Parameters<'_>,
    coefficients: [&[f32]; 3],
    grad_x: &mut [E],
) {
    let width = layout.width();
    let (x, x_tail) = x.split_at(layout.whole(x.len()));
    let (grad_out, grad_tail) = grad_out.split_at(x.len());
    let (body, tail) = grad_x.split_at_mut(x.len());
    dispatch(InputGradient { width, x, grad_out, parameters, coefficients, grad_x: body });
    if !x_tail.is_empty() {
        let [x, grad_out] = [x_tail, grad_tail].map(|tail| pad(tail, width));
        let mut grad_x = vec![E::zeroed(); width];
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

pub(super) struct LongSums<'a, E> {
    pub(super) width: usize,
    pub(super) x: &'a [E],
    pub(super) grad_out: &'a [E],
    pub(super) parameters: Parameters<'a>,
}

impl<E: Element> WithSimd for LongSums<'_, E> {
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

impl<E: Element> LongSums<'_, E> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const RELU: bool>(self, simd: S) -> GradientSums {
        let Self { width, x, grad_out, parameters: Parameters { centre, scale, shift, .. } } = self;
        let mut sums = GradientSums::new(width);
        for start in (0..x.len()).step_by(SUM_ROWS * width) {
            let end = x.len().min(start + SUM_ROWS * width);
            for block in (0..width).step_by(BLOCK) {
                let centre = *vector_array::<S, V>(&centre[block..]);
                let scale = *vector_array::<S, V>(&scale[block..]);
                let shift = *vector_array::<S, V>(&shift[block..]);
                let mut gradients = [simd.splat_f32s(0.0); V];
                let mut products = [simd.splat_f32s(0.0); V];
                for row in (start..end).step_by(width) {
                    let x = E::load::<S, V>(&x[row + block..]);
                    let grad_out = E::load::<S, V>(&grad_out[row + block..]);
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
                let mut totals = [[0.0; BLOCK]; 2];
                let [gradient, product] = totals.each_mut();
                *vector_array_mut::<S, V>(gradient) = gradients;
                *vector_array_mut::<S, V>(product) = products;
                let into_gradient = &mut sums.gradient[block..block + BLOCK];
                let into_product = &mut sums.product[block..block + BLOCK];
                for column in 0..BLOCK {
                    into_gradient[column] += f64::from(totals[0][column]);
                    into_product[column] += f64::from(totals[1][column]);
                }
            }
        }
        sums
    }
}

pub(super) struct InputGradient<'a, E> {
    pub(super) width: usize,
    pub(super) x: &'a [E],
    pub(super) grad_out: &'a [E],
    pub(super) parameters: Parameters<'a>,
    pub(super) coefficients: [&'a [f32]; 3],
    pub(super) grad_x: &'a mut [E],
}

impl<E: Element> WithSimd for InputGradient<'_, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
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

impl<E: Element> InputGradient<'_, E> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const RELU: bool>(self, simd: S) {
        let Self { width, x, grad_out, parameters, coefficients: [a, b, c], grad_x } = self;
        let Parameters { centre, scale, shift, .. } = parameters;
        for row in (0..x.len()).step_by(width) {
            for block in (0..width).step_by(BLOCK) {
                let x = E::load::<S, V>(&x[row + block..]);
                let grad_out = E::load::<S, V>(&grad_out[row + block..]);
                let centre = vector_array::<S, V>(&centre[block..]);
                let scale = vector_array::<S, V>(&scale[block..]);
                let shift = vector_array::<S, V>(&shift[block..]);
                let a = vector_array::<S, V>(&a[block..]);
                let b = vector_array::<S, V>(&b[block..]);
                let c = vector_array::<S, V>(&c[block..]);
                let mut written = [simd.splat_f32s(0.0); V];
                for v in 0..V {
                    let deviation = simd.sub_f32s(x[v], centre[v]);
                    let mut gradient = grad_out[v];
                    if RELU {
                        let y = simd.mul_add_e_f32s(deviation, scale[v], shift[v]);
                        gradient = relu_gradient(simd, y, gradient);
                    }
                    let rest = simd.mul_add_e_f32s(b[v], deviation, c[v]);
                    written[v] = simd.mul_add_e_f32s(a[v], gradient, rest);
                }
                E::store::<S, V>(written, &mut grad_x[row + block..]);
            }
        }
    }
}
