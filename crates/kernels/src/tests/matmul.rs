//! Matrix products against plain loops in double precision, and both kernels of bfloat16 against each other.

use super::{assert_close, noise, sum_tolerance};
use crate::{Activation, Epilogue, MatMul, Precision, matmul};
use proptest::prelude::*;

/// The strides of an operand, `[batch, row, column]`.
type Strides = [usize; 3];

/// A product with all that a test needs to know of it.
#[derive(Clone, Copy, Debug)]
struct Case {
    batch: usize,
    size: [usize; 3],
    a: Strides,
    b: Strides,
    bias: bool,
    residual: bool,
    scale: f32,
    activation: Activation,
    accumulate: bool,
}

impl Case {
    /// Contiguous operands, plain sums.
    fn plain(batch: usize, size: [usize; 3]) -> Self {
        let [m, k, n] = size;
        Self {
            batch,
            size,
            a: [m * k, k, 1],
            b: [k * n, n, 1],
            bias: false,
            residual: false,
            scale: 1.0,
            activation: Activation::None,
            accumulate: false,
        }
    }

    fn shape(&self) -> MatMul {
        MatMul::new(self.batch, self.size).a_strides(self.a).b_strides(self.b)
    }

    /// The operands and what the output holds before.
    fn operands(&self, seed: u64) -> [Vec<f32>; 3] {
        let shape = self.shape();
        [shape.a_len(), shape.b_len(), shape.output_len()].map(|len| noise(seed + len as u64, len))
    }

    fn run(&self, precision: Precision, [a, b, before]: &[Vec<f32>; 3]) -> Vec<f32> {
        let (bias, residual) = (noise(5, self.size[2]), noise(6, before.len()));
        let epilogue = Epilogue {
            scale: self.scale,
            bias: self.bias.then_some(&bias[..]),
            residual: self.residual.then_some(&residual[..]),
            activation: self.activation,
            accumulate: self.accumulate,
        };
        let mut c = if self.accumulate { before.clone() } else { vec![f32::NAN; before.len()] };
        matmul(&self.shape(), precision, a, b, &epilogue, &mut c);
        c
    }

    fn expected(&self, [a, b, before]: &[Vec<f32>; 3]) -> Vec<f64> {
        let [m, k, n] = self.size;
        let (bias, residual) = (noise(5, n), noise(6, before.len()));
        (0..self.batch * m * n)
            .map(|at| {
                let (item, i, j) = (at / (m * n), at / n % m, at % n);
                let sum: f64 = (0..k)
                    .map(|l| {
                        f64::from(a[item * self.a[0] + i * self.a[1] + l * self.a[2]])
                            * f64::from(b[item * self.b[0] + l * self.b[1] + j * self.b[2]])
                    })
                    .sum();
                let mut value = f64::from(self.scale) * sum;
                for (given, summand) in
                    [(self.bias, bias[j]), (self.residual, residual[at]), (self.accumulate, before[at])]
                {
                    value += if given { f64::from(summand) } else { 0.0 };
                }
                activate(self.activation, value)
            })
            .collect()
    }

    fn check(&self) {
        let operands = self.operands(1);
        // In short sums of operands that repeat, all roundings may go the same way.
        let repeated = self.size[1].min(100).pow(2) / 8;
        let tolerance = 2.0 * sum_tolerance(2 * self.size[1] + repeated);
        let got = self.run(Precision::F32, &operands);
        assert_close(&format!("{self:?}"), &got, &self.expected(&operands), tolerance);
        // Numbers of eight bits multiply without rounding: bfloat16 is then as good as `f32`.
        let [a, b, c] = operands;
        let short = |values: Vec<f32>| values.into_iter().map(|x| (x * 128.0).round() / 128.0).collect();
        let operands = [short(a), short(b), c];
        let got = self.run(Precision::Bf16, &operands);
        assert_close(&format!("bf16 {self:?}"), &got, &self.expected(&operands), tolerance);
    }
}

/// The activations as they are defined.
fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::None => x,
        Activation::Relu => x.max(0.0),
        Activation::GeluTanh => {
            let z = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            0.5 * x * (1.0 + z.tanh())
        }
    }
}

/// Sizes that nothing divides, around every edge of the panels and blocks, and both plans.
#[test]
fn products_equal_plain_loops() {
    for size in [
        [1, 1, 1],
        [1, 7, 33],
        [3, 5, 2],
        [4, 513, 31],
        [5, 17, 16],
        [8, 3, 65],
        [11, 100, 129],
        [12, 64, 32],
        [13, 1, 97],
        [25, 1031, 47],
        [96, 33, 40],
        [97, 2, 33],
        [101, 523, 67],
        [109, 1100, 5],
        [200, 31, 1],
        [131, 13, 4133],
        [3, 2100, 4133],
        [14, 600, 1500],
    ] {
        Case::plain(1, size).check();
    }
}

#[test]
fn every_layout_equals_plain_loops() {
    for size in [[5, 19, 37], [37, 40, 70], [110, 35, 41], [1, 50, 300], [130, 50, 1], [7, 33, 64]] {
        let [m, k, n] = size;
        let plain = Case::plain(3, size);
        let layouts_a =
            [[m * k, k, 1], [m * k, 1, m], [7, 3 * k + 1, 3], [0, k, 1], [k, 3 * k, 1], [1, 0, 0]];
        let layouts_b =
            [[k * n, n, 1], [k * n, 1, k], [5, 2, 2 * k + 3], [0, n, 1], [n, 3 * n, 1], [0, 0, 1]];
        for a in layouts_a {
            for b in layouts_b {
                Case { a, b, ..plain }.check();
            }
        }
    }
}

#[test]
fn transposed_operands_are_strided_ones() {
    let size = [9, 20, 35];
    let [m, k, n] = size;
    let shape = MatMul::new(2, size);
    assert_eq!(shape.transpose_a(), shape.a_strides([m * k, 1, m]));
    assert_eq!(shape.transpose_b(), shape.b_strides([k * n, 1, k]));
}

#[test]
fn every_epilogue_equals_plain_loops() {
    for size in
        [[5, 19, 37], [110, 35, 41], [1, 50, 300], [130, 50, 1], [20, 1200, 700], [120, 1030, 64], [7, 0, 40]]
    {
        let plain = Case::plain(2, size);
        for flags in 0..8 {
            let [bias, residual, accumulate] = [1, 2, 4].map(|flag| flags & flag != 0);
            for activation in [Activation::None, Activation::Relu, Activation::GeluTanh] {
                Case { bias, residual, accumulate, activation, scale: 0.75, ..plain }.check();
            }
        }
    }
}

/// A dense layer over a batch is one product.
#[test]
fn a_shared_right_side_gets_its_whole_epilogue() {
    let case = Case { b: [0, 1, 50], bias: true, residual: true, ..Case::plain(30, [7, 50, 40]) };
    case.check();
}

#[test]
fn empty_products_are_zero_or_nothing() {
    for (batch, size) in [(0, [3, 4, 5]), (2, [0, 4, 5]), (2, [3, 4, 0])] {
        Case::plain(batch, size).check();
    }
    for size in [[3, 0, 5], [1, 0, 1], [200, 0, 70], [200, 0, 1]] {
        Case::plain(2, size).check();
        Case { bias: true, accumulate: true, ..Case::plain(2, size) }.check();
    }
}

#[test]
fn gelu_is_its_formula() {
    let x: Vec<f32> = (-4000..4000).map(|i| i as f32 / 300.0).collect();
    let mut out = vec![0.0; x.len()];
    let epilogue = Epilogue { activation: Activation::GeluTanh, ..Epilogue::default() };
    matmul(&MatMul::new(1, [x.len(), 1, 1]), Precision::F32, &x, &[1.0], &epilogue, &mut out);
    for (&x, &got) in x.iter().zip(&out) {
        let expected = activate(Activation::GeluTanh, f64::from(x));
        let error = (f64::from(got) - expected).abs() / expected.abs().max(1.0);
        assert!(error <= 1e-6, "gelu({x}) is {got}, expected {expected}");
    }
    let extreme = [0.0, -0.0, 1e-30, -1e-30, -1e38, 1e38, f32::INFINITY, f32::NAN];
    let mut out = [0.0; 8];
    matmul(&MatMul::new(1, [8, 1, 1]), Precision::F32, &extreme, &[1.0], &epilogue, &mut out);
    assert_eq!(out[..7], [0.0, 0.0, 5e-31, -5e-31, 0.0, 1e38, f32::INFINITY]);
    assert!(out[7].is_nan());
    let mut out = [0.0];
    matmul(&MatMul::new(1, [1; 3]), Precision::F32, &[f32::NEG_INFINITY], &[1.0], &epilogue, &mut out);
    assert!(out[0].is_nan());
}

/// What is put into one number is seen in its row or column, and nowhere else.
#[test]
fn nan_and_infinity_go_through() {
    for size in [[5, 19, 37], [110, 1035, 41], [1, 50, 300], [130, 51, 1], [30, 601, 700]] {
        let [m, k, n] = size;
        let case = Case { activation: Activation::Relu, ..Case::plain(1, size) };
        let ones = [vec![1.0; m * k], vec![1.0; k * n], vec![0.0; m * n]];
        for precision in [Precision::F32, Precision::Bf16] {
            for special in [f32::NAN, f32::INFINITY] {
                let seen = |x: f32| if special.is_nan() { x.is_nan() } else { x == special };
                let [row, depth, column] = [m / 2, k - 1, n / 2];
                let mut operands = ones.clone();
                operands[0][row * k + depth] = special;
                let out = case.run(precision, &operands);
                assert!((0..m * n).all(|at| seen(out[at]) == (at / n == row)), "a, {size:?} {precision:?}");
                let mut operands = ones.clone();
                operands[1][depth * n + column] = special;
                let out = case.run(precision, &operands);
                assert!(
                    (0..m * n).all(|at| seen(out[at]) == (at % n == column)),
                    "b, {size:?} {precision:?}"
                );
            }
        }
    }
}

/// As every tolerance of bfloat16 lets plain `f32` pass.
#[test]
fn operands_are_rounded_in_bf16() {
    let case = Case::plain(1, [40, 64, 50]);
    let operands = case.operands(3);
    let rounded = operands.each_ref().map(|values| {
        let mut rounded = vec![0.0; values.len()];
        crate::pairs::round(values, &mut rounded);
        rounded
    });
    let got = case.run(Precision::Bf16, &operands);
    assert_close("bf16", &got, &case.expected(&rounded), 4.0 * sum_tolerance(64));
    let plain = case.run(Precision::F32, &operands);
    let differ = got.iter().zip(&plain).filter(|(a, b)| (*a - *b).abs() > 1e-4).count();
    assert!(differ > got.len() / 2, "{differ} of {} differ", got.len());
}

#[test]
#[should_panic(expected = "expected at least 20")]
fn a_short_operand_is_refused() {
    matmul(
        &MatMul::new(1, [4, 5, 6]),
        Precision::F32,
        &[0.0; 19],
        &[0.0; 30],
        &Epilogue::default(),
        &mut [0.0; 24],
    );
}

#[test]
#[should_panic(expected = "bias")]
fn a_short_bias_is_refused() {
    let epilogue = Epilogue { bias: Some(&[0.0; 5]), ..Epilogue::default() };
    matmul(&MatMul::new(1, [1, 1, 6]), Precision::F32, &[0.0], &[0.0; 6], &epilogue, &mut [0.0; 6]);
}

prop_compose! {
    /// Any strides: elements of an operand may even share a place.
    fn cases()(
        batch in 0usize..4,
        size in [0usize..140, 0usize..90, 0usize..140],
        a in prop::array::uniform3(0usize..40),
        b in prop::array::uniform3(0usize..40),
        contiguous in prop::array::uniform2(0usize..3),
        flags in prop::array::uniform3(any::<bool>()),
        activation in prop::sample::select(vec![Activation::None, Activation::Relu, Activation::GeluTanh]),
        scale in prop::sample::select(vec![1.0f32, -0.5, 0.0]),
    ) -> Case {
        let plain = Case::plain(batch, size);
        let [m, k, n] = size;
        let a = [a, plain.a, [m * k, 1, m]][contiguous[0]];
        let b = [b, plain.b, [k * n, 1, k]][contiguous[1]];
        let [bias, residual, accumulate] = flags;
        Case { a, b, bias, residual, scale, activation, accumulate, ..plain }
    }
}

proptest! {
    #[test]
    fn any_product_equals_plain_loops(case in cases()) {
        case.check();
    }
}
