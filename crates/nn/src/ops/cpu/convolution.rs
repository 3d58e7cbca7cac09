//! Convolution by the kernels, which have a depth always: without one it is 1.

use autodidact_kernels::{self as kernels, Conv3d, Precision, Recycled};
use burn::backend::TensorMetadata;
use burn_flex::FlexTensor;

use super::Values;
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

pub(super) fn forward(
    x: &FlexTensor,
    weight: &FlexTensor,
    geometry: Geometry<3>,
    precision: Precision,
) -> FlexTensor {
    let shape = shape(x, weight, geometry);
    let mut out = Recycled::new(shape.output_len());
    kernels::conv3d_forward(&shape, precision, Values::of(x).slice(), Values::of(weight).slice(), &mut out);
    let size = shape.output_size();
    let axes = &size[5 - x.shape().num_dims()..];
    tensor(out, &[&[shape.batch()], axes, &[weight.shape()[0]]].concat())
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
    weight: &FlexTensor,
    output_gradient: &FlexTensor,
    geometry: Geometry<3>,
    precision: Precision,
) -> FlexTensor {
    let shape = shape(x, weight, geometry);
    let mut gradient = Recycled::new(shape.weight_len());
    let (x, output_gradient) = (Values::of(x), Values::of(output_gradient));
    kernels::conv3d_weight_gradient(&shape, precision, x.slice(), output_gradient.slice(), &mut gradient);
    tensor(gradient, &weight.shape().to_vec())
}
