//! The scalar twins of the transforms and products against the vector kernels of this machine.

use super::POSITIONS;
use super::brackets::{Brackets, Layout, Pairing};
use super::pair_products::{ForwardPairs, GradientPairs};
use super::products::Products;
use super::transform::{Gradient, Input, Output};
use super::weights::{Adjoint, Kernel};
use crate::convolution::pack::PANEL;
use crate::simd::dispatch;
use crate::tests::{assert_close, noise, noise_pairs, sum_tolerance, to_f64};
use pulp::{Scalar, WithSimd};

/// Runs `work` with a buffer for scalars and one for vectors, both NaN at first, and compares what was written.
fn compare(name: &str, len: usize, terms: usize, work: impl Fn(&mut [f32], bool)) {
    let [mut scalar, mut vector] = [vec![f32::NAN; len], vec![f32::NAN; len]];
    work(&mut scalar, true);
    work(&mut vector, false);
    let written = scalar.iter().map(|value| !value.is_nan());
    assert!(written.eq(vector.iter().map(|value| !value.is_nan())), "{name} writes other places");
    for values in [&mut scalar, &mut vector] {
        values.retain(|value| !value.is_nan());
    }
    assert!(!scalar.is_empty(), "{name} writes something");
    assert_close(name, &vector, &to_f64(&scalar), 2.0 * sum_tolerance(terms));
}

fn run<Op: WithSimd<Output = ()>>(op: Op, scalar: bool) {
    if scalar {
        op.with_simd(Scalar);
    } else {
        dispatch(op);
    }
}

/// Pairs as the sum of both numbers, the second weighted by two: bits of a pair are no number to compare.
fn split(pairing: Pairing, values: &mut [f32]) {
    if pairing == Pairing::None {
        return;
    }
    for value in values.iter_mut().filter(|value| !value.is_nan()) {
        let bits = value.to_bits();
        *value = f32::from_bits(bits << 16) + 2.0 * f32::from_bits(bits & 0xffff_0000);
    }
}

const COUNT: usize = 5;
const LAYOUT: Layout = Layout { pairing: Pairing::None, tiles: 9, channels: 48 };

#[test]
fn input_twins_agree() {
    for pairing in [Pairing::None, Pairing::Tiles] {
        input_twins(Layout { pairing, ..LAYOUT }, LAYOUT.channels);
    }
    input_twins(Layout { pairing: Pairing::Channels, ..LAYOUT }, 2 * LAYOUT.channels);
}

fn input_twins(layout: Layout, channels: usize) {
    let rows: [Vec<f32>; 4] = std::array::from_fn(|row| noise(row as u64, (2 * COUNT + 2) * channels));
    compare("input", layout.len(), 16, |values, scalar| {
        let (rows, out) = (rows.each_ref().map(Vec::as_slice), Brackets { layout, values });
        run(Input { rows, count: COUNT, first: 3, out }, scalar);
        split(layout.pairing, values);
    });
}

/// Whole tiles, and tiles that reach over the right and the lower edge.
#[test]
fn gradient_and_output_twins_agree() {
    for (width, height) in [(2 * COUNT, 2), (2 * COUNT - 1, 1)] {
        let row = width * LAYOUT.channels;
        let lower = (height - 1) * row;
        let rows = [noise(1, row), noise(2, row)];
        for pairing in [Pairing::None, Pairing::Tiles] {
            let layout = Layout { pairing, ..LAYOUT };
            compare("gradient", layout.len(), 4, |values, scalar| {
                let (rows, out) = ([&rows[0][..], &rows[1][..lower]], Brackets { layout, values });
                run(Gradient { rows, count: COUNT, first: 2, out }, scalar);
                split(pairing, values);
            });
        }
        let products: [Vec<f32>; POSITIONS] =
            std::array::from_fn(|position| noise(position as u64, COUNT * LAYOUT.channels));
        compare("output", row + lower, 9, |values, scalar| {
            let (upper, lower) = values.split_at_mut(row);
            let products = products.each_ref().map(Vec::as_slice);
            run(Output { products, count: COUNT, rows: [upper, lower] }, scalar);
        });
    }
}

#[test]
fn weight_twins_agree() {
    let taps: [[f32; PANEL]; 9] =
        std::array::from_fn(|tap| noise(tap as u64, PANEL).try_into().expect("as many lanes"));
    compare("kernel", POSITIONS * PANEL, 9, |values, scalar| {
        let mut out = values.chunks_exact_mut(PANEL);
        let out = std::array::from_fn(|_| out.next().expect("sixteen positions"));
        run(Kernel { taps: &taps, paired: None, out }, scalar);
    });
    compare("paired kernels", POSITIONS * PANEL, 9, |values, scalar| {
        let mut out = values.chunks_exact_mut(PANEL);
        let out = std::array::from_fn(|_| out.next().expect("sixteen positions"));
        run(Kernel { taps: &taps, paired: Some(&taps), out }, scalar);
        split(Pairing::Channels, values);
    });
    let sums = noise(1, 3 * POSITIONS * LAYOUT.channels);
    compare("adjoint", 9 * LAYOUT.channels, 3 * POSITIONS, |grad_weight, scalar| {
        let mut rows = sums.chunks_exact(LAYOUT.channels);
        let groups = (0..3).map(|_| std::array::from_fn(|_| rows.next().expect("a row")));
        run(Adjoint { rows: groups.collect(), grad_weight }, scalar);
    });
}

/// The portable products of pairs against those by the instruction, where there is one.
#[test]
fn pair_product_twins_agree() {
    for (channels, outputs, tiles) in [(32, 48, 17), (16, 32, 12), (48, 16, 1)] {
        let layout = Layout { pairing: Pairing::Channels, tiles: 24, channels };
        let inputs = noise_pairs(1, layout.stride());
        let weights = noise_pairs(2, outputs * channels);
        let mut out = [vec![f32::NAN; layout.tiles * outputs], vec![f32::NAN; layout.tiles * outputs]];
        let [portable, fast] = out.each_mut().map(|out| ForwardPairs {
            inputs: &inputs,
            layout,
            tiles,
            weights: &weights,
            outputs,
            out,
        });
        portable.with_simd(Scalar);
        fast.run();
        let [portable, fast] = out.each_ref().map(|out| &out[..tiles * outputs]);
        assert_close("products", fast, &to_f64(portable), 2.0 * sum_tolerance(2 * channels));
    }
    for (channels, tiles) in [([32, 48], 130), ([80, 32], 7), ([64, 16], 1)] {
        let layouts = channels.map(|channels| Layout { pairing: Pairing::Tiles, tiles: 140, channels });
        let [inputs, gradients] = [1, 2].map(|seed| {
            let layout = layouts[seed as usize - 1];
            let mut pairs = noise_pairs(seed, layout.stride());
            for panel in pairs.chunks_exact_mut(layout.panel()) {
                // Two NaN.
                panel[tiles * PANEL..].fill(f32::from_bits(u32::MAX));
            }
            pairs
        });
        let mut sums = [vec![1.0; channels[0] * channels[1]], vec![1.0; channels[0] * channels[1]]];
        let [portable, fast] = sums.each_mut().map(|sums| GradientPairs {
            inputs: &inputs,
            gradients: &gradients,
            layouts,
            tiles,
            sums,
        });
        portable.with_simd(Scalar);
        fast.run();
        assert_close("sums", &sums[1], &to_f64(&sums[0]), 2.0 * sum_tolerance(2 * tiles));
    }
}

#[test]
fn product_twins_agree() {
    for (channels, tiles) in [([32, 48], 130), ([80, 32], 7), ([16, 16], 1)] {
        let layouts = channels.map(|channels| Layout { pairing: Pairing::None, tiles: 140, channels });
        let (inputs, gradients) = (noise(1, layouts[0].stride()), noise(2, layouts[1].stride()));
        compare("sums", channels[0] * channels[1], tiles, |sums, scalar| {
            sums.fill(1.0);
            let products = Products { inputs: &inputs, gradients: &gradients, layouts, tiles, sums };
            run(products, scalar);
        });
    }
}
