//! Differentiable operations on channels-last activations `[batch, height, width, channels]`.
//!
//! On the CPU they run the kernels of `autodidact-kernels`; elsewhere they compose Burn's own
//! primitives. The letters: N batch, H height, W width, C channels, G groups.
//!
//! Left out: anything with parameters of its own (see [`crate::Conv2d`], [`crate::Norm`]).

mod backend;
mod composed;
mod cpu;
mod differentiate;
mod memory;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::Precision;
use backend::TrainingOps;

/// Output of a normalisation and the statistics it used, which carry no gradient.
#[derive(Debug)]
pub struct Normalised<const D: usize> {
    /// The normalised input, same shape as the input.
    pub output: Tensor<D>,
    /// Mean, `[C]` for batch norm, `[N * G]` for group norm.
    pub mean: Tensor<1>,
    /// Biased variance without epsilon, same shape as the mean.
    pub variance: Tensor<1>,
}

/// The matrix product of `a` and `b`, each of them transposed first where `transposed` says so.
///
/// Without transposition `a` is `[M, K]` and `b` is `[K, N]`; the result is `[M, N]`. The gradients are computed in the same
/// precision.
///
/// # Panics
/// If the inner sizes differ.
pub fn product(a: Tensor<2>, b: Tensor<2>, transposed: [bool; 2], precision: Precision) -> Tensor<2> {
    let inner = [a.dims()[usize::from(!transposed[0])], b.dims()[usize::from(transposed[1])]];
    assert_eq!(inner[0], inner[1], "product: inner sizes of a and b");
    Tensor::from_dispatch(Dispatch::nn_product(a.into_dispatch(), b.into_dispatch(), transposed, precision))
}

/// Two-dimensional cross-correlation without bias.
///
/// `x` is `[N, H, W, Ci]`, `weight` is `[Co, Ci, kh, kw]` as in `PyTorch`, the result
/// `[N, Ho, Wo, Co]` with `Ho = (H + 2 padding − kh) / stride + 1`. The gradients are computed in the same precision.
///
/// # Panics
/// If the channels differ or the kernel does not fit.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    stride: [usize; 2],
    padding: [usize; 2],
    precision: Precision,
) -> Tensor<4> {
    let [_, height, width, channels_in] = x.dims();
    let [_, weight_in, kernel_height, kernel_width] = weight.dims();
    assert_eq!(channels_in, weight_in, "conv2d: channels of x and weight");
    assert!(
        height + 2 * padding[0] >= kernel_height && width + 2 * padding[1] >= kernel_width,
        "conv2d: a {kernel_height} x {kernel_width} kernel does not fit {height} x {width} with padding {padding:?}"
    );
    Tensor::from_dispatch(Dispatch::nn_conv2d(
        x.into_dispatch(),
        weight.into_dispatch(),
        stride,
        padding,
        precision,
    ))
}

/// Batch normalisation with the statistics of `x` itself, then ReLU if `relu`.
///
/// `y = γ (x − μ) / √(σ² + ε) + β` per channel, μ and σ² over all rows; `x` is `[rows, C]`,
/// `gamma` and `beta` are `[C]`. Ioffe & Szegedy 2015.
pub fn batch_norm(
    x: Tensor<2>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
    relu: bool,
) -> Normalised<2> {
    let (output, mean, variance) = Dispatch::nn_batch_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
        relu,
    );
    Normalised {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
}

/// Group normalisation, then ReLU if `relu`: μ and σ² per sample over the positions and the `C / G`
/// channels of a group, γ and β per channel.
///
/// `x` is `[N, spatial, C]`; `groups = 1` is layer norm over positions and channels,
/// `groups = C` instance norm. Wu & He 2018, eq. (1)–(7).
///
/// # Panics
/// If `C` is no multiple of `groups`.
pub fn group_norm(
    x: Tensor<3>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    groups: usize,
    epsilon: f64,
    relu: bool,
) -> Normalised<3> {
    let channels = x.dims()[2];
    assert!(
        groups > 0 && channels.is_multiple_of(groups),
        "group_norm: {channels} channels in {groups} groups"
    );
    let (output, mean, variance) = Dispatch::nn_group_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        groups,
        epsilon,
        relu,
    );
    Normalised {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
}

/// `scale · x + shift` per channel, then ReLU if `relu`; `x` is `[rows, C]`, `scale` and `shift` are `[C]`.
pub fn scale_shift(x: Tensor<2>, scale: Tensor<1>, shift: Tensor<1>, relu: bool) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::nn_scale_shift(
        x.into_dispatch(),
        scale.into_dispatch(),
        shift.into_dispatch(),
        relu,
    ))
}

/// Mean of `[N, spatial, C]` over its positions, `[N, C]`.
pub fn average_pool(x: Tensor<3>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::nn_average_pool(x.into_dispatch()))
}

/// `Ŵ_o = (W_o − mean(W_o)) / (std(W_o) + ε)` for each row of `[units, fan_in]`, with the unbiased deviation.
/// See [`crate::standardise_weight`].
pub fn standardise_rows(weight: Tensor<2>, epsilon: f64) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::nn_standardise_rows(weight.into_dispatch(), epsilon))
}

/// `max(a + b, 0)`, the join of a residual block, for tensors of equal shape.
pub fn add_relu<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    assert_eq!(a.dims(), b.dims(), "add_relu: shapes");
    Tensor::from_dispatch(Dispatch::nn_add_relu(a.into_dispatch(), b.into_dispatch()))
}
