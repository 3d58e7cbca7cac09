//! Convolution by the kernels, which have a depth always: without one it is 1.

use autodidact_kernels::{self as kernels, Conv3d, OnLoad, Over, Precision, Recycled, Statistics};
use burn::backend::{DType, TensorMetadata};
use burn_flex::FlexTensor;

use super::{Values, by_type, small};
use crate::ops::{Geometry, memory::tensor};

/// Depth, height and width, where the depth may be absent.
fn deepened(axes: &[usize]) -> [usize; 3] {
    let mut all = [1; 3];
    all[3 - axes.len()..].copy_from_slice(axes);
    all
}

fn shape(x: &FlexTensor, weight: &FlexTensor, geometry: Geometry<3>) -> Conv3d {
    let (x, weight) = (x.shape().to_vec(), weight.shape().to_vec());
    let axes = x.len() - 2;
    let [depth, height, width] = deepened(&x[1..=axes]);
    let channels = [x[axes + 1], weight[0]];
    let Geometry { stride, padding, dilation, groups } = geometry;
    Conv3d::new([x[0], depth, height, width], channels, deepened(&weight[2..]), stride, padding)
        .with_dilation(dilation)
        .with_groups(groups)
}

/// The output, and mean and biased variance of it.
pub(super) fn forward(
    x: &FlexTensor,
    on_load: Option<OnLoad<'_>>,
    weight: &FlexTensor,
    geometry: Geometry<3>,
    precision: Precision,
    over: Over,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let shape = shape(x, weight, geometry);
    let size = shape.output_size();
    let axes = &size[5 - x.shape().num_dims()..];
    let out_shape = [&[shape.batch()], axes, &[weight.shape()[0]]].concat();
    let weights = Values::of(weight);
    let out_type = if precision == Precision::Bf16 { DType::BF16 } else { x.dtype() };
    let (out, Statistics { mean, variance }) = by_type!(out_type, Y => by_type!(x.dtype(), X => {
        let (values, weights) = (Values::<X>::of(x), weights.slice());
        let mut out = Recycled::<Y>::new(shape.output_len());
        let values = values.slice();
        let found =
            kernels::conv3d_normalised_forward(&shape, precision, values, on_load, weights, over, &mut out);
        (tensor(out, &out_shape), found)
    }));
    let count = [mean.len()];
    (out, small(mean, &count), small(variance, &count))
}

pub(super) fn input_gradient(
    x: &FlexTensor,
    weight: &FlexTensor,
    output_gradient: &FlexTensor,
    geometry: Geometry<3>,
    precision: Precision,
) -> FlexTensor {
    let shape = shape(x, weight, geometry);
    let weight = Values::of(weight);
    by_type!(x.dtype(), X => by_type!(output_gradient.dtype(), Y => {
        let (output_gradient, weight) = (Values::<Y>::of(output_gradient), weight.slice());
        let mut gradient = Recycled::<X>::new(shape.input_len());
        kernels::conv3d_input_gradient(&shape, precision, output_gradient.slice(), weight, &mut gradient);
        tensor(gradient, &x.shape().to_vec())
    }))
}

pub(super) fn weight_gradient(
    x: &FlexTensor,
    on_load: Option<OnLoad<'_>>,
    weight: &FlexTensor,
    output_gradient: &FlexTensor,
    geometry: Geometry<3>,
    precision: Precision,
) -> FlexTensor {
    let shape = shape(x, weight, geometry);
    let mut gradient = Recycled::new(shape.weight_len());
    by_type!(x.dtype(), X => by_type!(output_gradient.dtype(), Y => {
        let (x, output_gradient) = (Values::<X>::of(x), Values::<Y>::of(output_gradient));
        let (x, output_gradient) = (x.slice(), output_gradient.slice());
        kernels::conv3d_normalised_weight_gradient(
            &shape, precision, x, on_load, output_gradient, &mut gradient,
        );
    }));
    tensor(gradient, &weight.shape().to_vec())
}
