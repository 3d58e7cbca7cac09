//! Normalisation by the kernels.

use autodidact_kernels::{
    self as kernels, After, AfterGradient, Normalisation, OnLoad, Over, Recycled, Statistics,
};
use burn::backend::{DType, TensorMetadata};
use burn_flex::FlexTensor;

use super::{Values, by_type, small};
use crate::ops::{
    Rule,
    memory::{Stored, tensor},
};

/// The parameters and statistics of a normalisation, in memory that it borrows.
pub(super) struct Borrowed {
    gamma: Values,
    beta: Values,
    statistics: Statistics,
    rule: Rule,
}

impl Borrowed {
    /// From `[gamma, beta, mean, variance]`.
    pub fn new([gamma, beta, mean, variance]: [&FlexTensor; 4], rule: Rule) -> Self {
        let [mean, variance] = [mean, variance].map(|values| Values::of(values).slice().to_vec());
        let [gamma, beta] = [gamma, beta].map(Values::of);
        Self { gamma, beta, statistics: Statistics { mean, variance }, rule }
    }

    pub fn normalisation(&self) -> Normalisation<'_> {
        Normalisation {
            over: self.rule.over,
            statistics: &self.statistics,
            gamma: self.gamma.slice(),
            beta: self.beta.slice(),
            epsilon: self.rule.epsilon as f32,
        }
    }

    pub fn on_load(&self) -> OnLoad<'_> {
        OnLoad { normalisation: self.normalisation(), relu: self.rule.relu }
    }
}

/// Mean and biased variance.
pub(super) fn statistics(x: &FlexTensor, over: Over) -> (FlexTensor, FlexTensor) {
    let Statistics { mean, variance } = by_type!(x.dtype(), E => {
        kernels::statistics(x.shape().dims(), over, Values::<E>::of(x).slice())
    });
    let count = [mean.len()];
    (small(mean, &count), small(variance, &count))
}

pub(super) fn forward<E: Stored>(
    x: &FlexTensor,
    normalisation: &Borrowed,
    after: After<'_, E>,
) -> FlexTensor {
    let shape: [usize; 3] = x.shape().dims();
    let mut out = Recycled::<E>::new(shape.iter().product());
    kernels::normalise(shape, Values::of(x).slice(), normalisation.normalisation(), after, &mut out);
    tensor(out, &shape)
}

/// The gradients of `x`, `gamma` and `beta`.
pub(super) fn backward<E: Stored>(
    x: &FlexTensor,
    normalisation: &Borrowed,
    after: AfterGradient<'_, E>,
    grad_out: &FlexTensor,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let [batch, spatial, channels] = x.shape().dims();
    let (x, grad_out) = (Values::of(x), Values::of(grad_out));
    let (x, grad_out) = (x.slice(), grad_out.slice());
    let Normalisation { over, statistics, gamma, beta, epsilon } = normalisation.normalisation();
    let rows = batch * spatial;
    let mut grad_x = Recycled::<E>::new(rows * channels);
    let (grad_gamma, grad_beta) = match over {
        Over::Batch => kernels::batch_norm_backward(
            rows,
            channels,
            x,
            gamma,
            beta,
            statistics,
            epsilon,
            after,
            grad_out,
            &mut grad_x,
        ),
        Over::Groups(groups) => kernels::group_norm_backward(
            batch,
            spatial,
            channels,
            groups,
            x,
            gamma,
            beta,
            statistics,
            epsilon,
            after,
            grad_out,
            &mut grad_x,
        ),
        Over::Nothing => {
            kernels::scale_shift_backward(rows, channels, x, gamma, beta, after, grad_out, &mut grad_x)
        }
    };
    (
        tensor(grad_x, &[batch, spatial, channels]),
        small(grad_gamma, &[channels]),
        small(grad_beta, &[channels]),
    )
}
