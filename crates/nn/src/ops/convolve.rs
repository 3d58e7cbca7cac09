//! Convolution, by itself and between normalisations.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::normalise::{Normalisation, OnLoad, Over, Rule, Statistics};
use super::{Geometry, TrainingOps};
use crate::Precision;

/// Two-dimensional cross-correlation without bias.
///
/// `x` is `[N, H, W, Ci]`, `weight` is `[Co, Ci / groups, kh, kw]` as in `PyTorch`, the result
/// `[N, Ho, Wo, Co]` with `Ho = (H + 2 padding − (kh − 1) dilation − 1) / stride + 1`. The gradients are computed in the
/// same precision.
///
/// # Panics
/// If the channels differ or the kernel does not fit.
pub fn conv2d(x: Tensor<4>, weight: Tensor<4>, geometry: Geometry<2>, precision: Precision) -> Tensor<4> {
    conv2d_normalised(x, None, weight, geometry, precision, Over::Nothing).0
}

/// [`conv2d`] of an input that is normalised where it is read, if so wanted, and the [`Statistics`] of the output over what
/// the next normalisation takes them.
///
/// The normalised input is never in memory, neither now nor for the backward pass; padding is zeros all the same.
///
/// # Panics
/// If the channels differ, the kernel does not fit, or channels are no multiple of groups.
pub fn conv2d_normalised(
    x: Tensor<4>,
    on_load: Option<OnLoad>,
    weight: Tensor<4>,
    geometry: Geometry<2>,
    precision: Precision,
    over: Over,
) -> (Tensor<4>, Statistics) {
    geometry.check(&x.dims(), &weight.dims());
    convolve(x, on_load, weight, geometry.deepened(), precision, over)
}

/// Three-dimensional cross-correlation without bias: [`conv2d`] with a depth.
///
/// `x` is `[N, D, H, W, Ci]`, `weight` is `[Co, Ci / groups, kd, kh, kw]`, the result `[N, Do, Ho, Wo, Co]`.
///
/// # Panics
/// If the channels differ or the kernel does not fit.
pub fn conv3d(x: Tensor<5>, weight: Tensor<5>, geometry: Geometry<3>, precision: Precision) -> Tensor<5> {
    conv3d_normalised(x, None, weight, geometry, precision, Over::Nothing).0
}

/// [`conv2d_normalised`] with a depth.
///
/// # Panics
/// If the channels differ, the kernel does not fit, or channels are no multiple of groups.
pub fn conv3d_normalised(
    x: Tensor<5>,
    on_load: Option<OnLoad>,
    weight: Tensor<5>,
    geometry: Geometry<3>,
    precision: Precision,
    over: Over,
) -> (Tensor<5>, Statistics) {
    geometry.check(&x.dims(), &weight.dims());
    convolve(x, on_load, weight, geometry, precision, over)
}

fn convolve<const D: usize>(
    x: Tensor<D>,
    on_load: Option<OnLoad>,
    weight: Tensor<D>,
    geometry: Geometry<3>,
    precision: Precision,
    over: Over,
) -> (Tensor<D>, Statistics) {
    over.check_channels(weight.dims()[0]);
    let channels_in = x.dims()[D - 1];
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    let (out, mean, variance) = match on_load {
        None => Dispatch::nn_convolution(x, weight, geometry, precision, over),
        Some(OnLoad { normalisation, relu }) => {
            let Normalisation { over: over_in, statistics, gamma, beta, epsilon } = normalisation;
            over_in.check_channels(channels_in);
            let [gamma, beta, mean, variance] =
                [gamma, beta, statistics.mean, statistics.variance].map(Tensor::into_dispatch);
            let rule = Rule { over: over_in, epsilon, relu };
            Dispatch::nn_normalised_convolution(
                x, gamma, beta, mean, variance, weight, rule, geometry, precision, over,
            )
        }
    };
    let [mean, variance] = [mean, variance].map(Tensor::from_dispatch);
    (Tensor::from_dispatch(out), Statistics { mean, variance })
}
