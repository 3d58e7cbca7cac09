//! Convolution with Burn's own primitives.

use burn::backend::{Backend, TensorMetadata, ops::ConvOptions, tensor::FloatTensor};

use super::normalise::normalise_image;
use super::{operand, positions, result, statistics};
use crate::Precision;
use crate::ops::{Geometry, Over, Rule};

/// The options of a convolution over the last two axes.
fn flat(Geometry { stride, padding, dilation, groups }: Geometry<3>) -> ConvOptions<2> {
    let [stride, padding, dilation] = [stride, padding, dilation].map(|[_, y, x]| [y, x]);
    ConvOptions::new(stride, padding, dilation, groups)
}

fn deep(Geometry { stride, padding, dilation, groups }: Geometry<3>) -> ConvOptions<3> {
    ConvOptions::new(stride, padding, dilation, groups)
}

/// Whether activations have a depth.
fn is_deep<B: Backend>(x: &FloatTensor<B>) -> bool {
    x.shape().num_dims() == 5
}

/// `[N, …, C]` as Burn has it, `[N, C, …]`, in what is multiplied.
fn activation<B: Backend>(x: FloatTensor<B>, precision: Precision) -> FloatTensor<B> {
    let axes: &[usize] = if is_deep::<B>(&x) { &[0, 4, 1, 2, 3] } else { &[0, 3, 1, 2] };
    B::float_permute(operand::<B>(x, precision), axes)
}

/// `[N, C, …]` to `[N, …, C]`, a view.
fn channels_last<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let axes: &[usize] = if is_deep::<B>(&x) { &[0, 2, 3, 4, 1] } else { &[0, 2, 3, 1] };
    B::float_permute(x, axes)
}

pub(in crate::ops) fn convolution<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    geometry: Geometry<3>,
    precision: Precision,
    over: Over,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let dtype = x.dtype();
    let (x, weight) = (activation::<B>(x, precision), operand::<B>(weight, precision));
    let out = if is_deep::<B>(&x) {
        B::conv3d(x, weight, None, deep(geometry))
    } else {
        B::conv2d(x, weight, None, flat(geometry))
    };
    let out = result::<B>(channels_last::<B>(out), dtype);
    let (mean, variance) = statistics::<B>(positions::<B>(out.clone()), over);
    (out, mean, variance)
}

pub(in crate::ops) fn convolution_input_gradient<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    geometry: Geometry<3>,
    precision: Precision,
) -> FloatTensor<B> {
    let dtype = x.dtype();
    let [x, output_gradient] = [x, output_gradient].map(|values| activation::<B>(values, precision));
    let weight = operand::<B>(weight, precision);
    let gradient = if is_deep::<B>(&x) {
        B::conv3d_x_backward(x, weight, output_gradient, deep(geometry))
    } else {
        B::conv2d_x_backward(x, weight, output_gradient, flat(geometry))
    };
    result::<B>(channels_last::<B>(gradient), dtype)
}

pub(in crate::ops) fn convolution_weight_gradient<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    geometry: Geometry<3>,
    precision: Precision,
) -> FloatTensor<B> {
    let dtype = weight.dtype();
    let [x, output_gradient] = [x, output_gradient].map(|values| activation::<B>(values, precision));
    let weight = operand::<B>(weight, precision);
    let gradient = if is_deep::<B>(&x) {
        B::conv3d_weight_backward(x, weight, output_gradient, deep(geometry))
    } else {
        B::conv2d_weight_backward(x, weight, output_gradient, flat(geometry))
    };
    result::<B>(gradient, dtype)
}

/// [`convolution`] of what `[x, gamma, beta, mean, variance]` normalise to.
pub(in crate::ops) fn normalised_convolution<B: Backend>(
    tensors: [FloatTensor<B>; 5],
    weight: FloatTensor<B>,
    rule: Rule,
    geometry: Geometry<3>,
    precision: Precision,
    over: Over,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    convolution::<B>(normalise_image::<B>(tensors, rule), weight, geometry, precision, over)
}

pub(in crate::ops) fn normalised_convolution_weight_gradient<B: Backend>(
    tensors: [FloatTensor<B>; 5],
    weight: FloatTensor<B>,
    output_gradient: FloatTensor<B>,
    rule: Rule,
    geometry: Geometry<3>,
    precision: Precision,
) -> FloatTensor<B> {
    let y = normalise_image::<B>(tensors, rule);
    convolution_weight_gradient::<B>(y, weight, output_gradient, geometry, precision)
}
