//! A dense layer whose weights are packed for its products.

use std::ops::Range;

use autodidact_kernels::{Epilogue, MatMul, PackedMatrix, Precision, matmul};
use rand::Rng;

use super::parameters::Parameters;

/// Where the numbers of a layer are: weights `[outputs, inputs]` and biases.
#[derive(Clone, Debug)]
pub(super) struct DensePlaces {
    pub weight: Range<usize>,
    pub bias: Range<usize>,
    size: [usize; 2],
}

impl DensePlaces {
    /// A layer as `PyTorch`'s begins; `size` is `[inputs, outputs]`.
    pub fn new(
        parameters: &mut Parameters,
        names: [&'static str; 2],
        size: [usize; 2],
        rng: &mut impl Rng,
    ) -> Self {
        let [inputs, outputs] = size;
        let weight = parameters.uniform(names[0], &[outputs, inputs], inputs, rng);
        let bias = parameters.uniform(names[1], &[outputs], inputs, rng);
        Self { weight, bias, size }
    }

    /// One of a stack of layers of the same size `[inputs, outputs]`.
    pub fn of_stack(weights: &Range<usize>, biases: &Range<usize>, size: [usize; 2], layer: usize) -> Self {
        let [inputs, outputs] = size;
        let part = |stack: &Range<usize>, len| {
            let start = stack.start + layer * len;
            start..start + len
        };
        Self { weight: part(weights, inputs * outputs), bias: part(biases, outputs), size }
    }

    pub fn pack(&self, parameters: &Parameters) -> Dense {
        let [inputs, outputs] = self.size;
        let weight = parameters.at(&self.weight);
        Dense {
            forward: PackedMatrix::transposed([inputs, outputs], weight),
            backward: PackedMatrix::new([outputs, inputs], weight),
            bias: parameters.at(&self.bias).to_vec(),
        }
    }
}

/// The layer in the form in which it multiplies.
#[derive(Clone, Debug)]
pub(super) struct Dense {
    forward: PackedMatrix,
    backward: PackedMatrix,
    bias: Vec<f32>,
}

impl Dense {
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    pub fn forward(&self, rows: usize, x: &[f32], out: &mut [f32]) {
        self.forward.multiply(rows, x, &Epilogue { bias: Some(&self.bias), ..Epilogue::default() }, out);
    }

    /// [`Self::forward`] with `x0` added, which has the output's shape.
    pub fn forward_onto(&self, rows: usize, x0: &[f32], x: &[f32], out: &mut [f32]) {
        let epilogue = Epilogue { bias: Some(&self.bias), residual: Some(x0), ..Epilogue::default() };
        self.forward.multiply(rows, x, &epilogue, out);
    }

    /// Adds to the gradient of the input.
    pub fn backward(&self, rows: usize, gradient: &[f32], grad_x: &mut [f32]) {
        let epilogue = Epilogue { accumulate: true, ..Epilogue::default() };
        self.backward.multiply(rows, gradient, &epilogue, grad_x);
    }

    /// Adds to the gradients of weights and biases.
    pub fn sum(&self, rows: usize, gradient: &[f32], x: &[f32], [weight, bias]: [&mut [f32]; 2]) {
        add_outer(rows, gradient, x, weight);
        for gradient in gradient.chunks_exact(self.outputs()) {
            bias.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// Adds `gradientᵀ · x` to the gradient of a weight `[outputs, inputs]`, over so many rows of both, one at least.
pub(super) fn add_outer(rows: usize, gradient: &[f32], x: &[f32], weight: &mut [f32]) {
    let shape = MatMul::new(1, [gradient.len() / rows, rows, x.len() / rows]).transpose_a();
    let epilogue = Epilogue { accumulate: true, ..Epilogue::default() };
    matmul(&shape, Precision::F32, gradient, x, &epilogue, weight);
}
