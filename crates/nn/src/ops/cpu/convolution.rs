//! Convolution by the kernels, which have a depth always: without one it is 1.

use autodidact_kernels::{self as kernels, Conv3d, OnLoad, Over, Precision, Recycled, Statistics};
use burn::backend::TensorMetadata;
use burn_flex::FlexTensor;

use super::{Values, small};
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
    let mut out = Recycled::new(shape.output_len());
    let (values, weights) = (Values::of(x), Values::of(weight));
    let Statistics { mean, variance } = kernels::conv3d_normalised_forward(
        &shape,
        precision,
        values.slice(),
        on_load,
        weights.slice(),
        over,
        &mut out,
    );
    let size = shape.output_size();
    let axes = &size[5 - x.shape().num_dims()..];
    let out = tensor(out, &[&[shape.batch()], axes, &[weight.shape()[0]]].concat());
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
    let mut gradient = Recycled::new(shape.input_len());
    let (output_gradient, weight) = (Values::of(output_gradient), Values::of(weight));
    kernels::conv3d_input_gradient(&shape, precision, output_gradient.slice(), weight.slice(), &mut gradient);
    tensor(gradient, &x.shape().to_vec())
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
    let (x, output_gradient) = (Values::of(x), Values::of(output_gradient));
    let (x, output_gradient) = (x.slice(), output_gradient.slice());
    kernels::conv3d_normalised_weight_gradient(&shape, precision, x, on_load, output_gradient, &mut gradient);
    tensor(gradient, &weight.shape().to_vec())
}
