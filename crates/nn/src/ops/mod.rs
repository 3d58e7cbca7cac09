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
mod geometry;
mod memory;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::Precision;
pub(crate) use backend::TrainingOps;
pub use geometry::Geometry;

/// What a normalisation takes mean and variance over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Per channel, the batch and its positions: batch norm (Ioffe & Szegedy 2015, algorithm 1).
    Batch,
    /// Per sample, its positions and the `C / groups` channels of a group: group norm (Wu & He 2018, eq. (1)–(7)).
    /// One group is layer norm over positions and channels, `C` groups are instance norm.
    Groups(usize),
    /// Nothing: the mean is 0 and the deviation is 1.
    Nothing,
}

/// What is written where a normalisation gives `y`.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "it lives for one call")]
pub enum After {
    /// `y`
    Nothing,
    /// `max(y, 0)`
    Relu,
    /// `max(y + residual, 0)`, the join of a residual block; the residual has the shape of `y`.
    Join(Tensor<3>),
}

/// Output of a normalisation and the statistics it used, which carry no gradient.
#[derive(Debug)]
pub struct Normalised {
    /// The normalised input, same shape as the input.
    pub output: Tensor<3>,
    /// Mean: `[C]` over the batch, `[N * groups]` over groups, empty over nothing.
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
/// `x` is `[N, H, W, Ci]`, `weight` is `[Co, Ci / groups, kh, kw]` as in `PyTorch`, the result
/// `[N, Ho, Wo, Co]` with `Ho = (H + 2 padding − (kh − 1) dilation − 1) / stride + 1`. The gradients are computed in the
/// same precision.
///
/// # Panics
/// If the channels differ or the kernel does not fit.
pub fn conv2d(x: Tensor<4>, weight: Tensor<4>, geometry: Geometry<2>, precision: Precision) -> Tensor<4> {
    geometry.check(&x.dims(), &weight.dims());
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(Dispatch::nn_convolution(x, weight, geometry.deepened(), precision))
}

/// Three-dimensional cross-correlation without bias: [`conv2d`] with a depth.
///
/// `x` is `[N, D, H, W, Ci]`, `weight` is `[Co, Ci / groups, kd, kh, kw]`, the result `[N, Do, Ho, Wo, Co]`.
///
/// # Panics
/// If the channels differ or the kernel does not fit.
pub fn conv3d(x: Tensor<5>, weight: Tensor<5>, geometry: Geometry<3>, precision: Precision) -> Tensor<5> {
    geometry.check(&x.dims(), &weight.dims());
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(Dispatch::nn_convolution(x, weight, geometry, precision))
}

/// `y = γ (x − μ) / √(σ² + ε) + β`, and what is to be [`After`] it, in one pass over memory.
///
/// `x` is `[N, spatial, C]`, `gamma` (γ) and `beta` (β) are `[C]`; μ and σ² are the mean and the biased variance
/// [`Over`] what is asked, ε is added only where there is a σ².
///
/// # Panics
/// If `C` is no multiple of the groups or the residual has another shape.
pub fn normalise(
    x: Tensor<3>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    over: Over,
    epsilon: f64,
    after: After,
) -> Normalised {
    if let Over::Groups(groups) = over {
        let channels = x.dims()[2];
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "normalise: {channels} channels in {groups} groups"
        );
    }
    let relu = matches!(after, After::Relu);
    let shape = x.dims();
    let [gamma, beta] = [gamma, beta].map(Tensor::into_dispatch);
    let x = x.into_dispatch();
    let (output, mean, variance) = match after {
        After::Nothing | After::Relu => Dispatch::nn_normalise(x, gamma, beta, over, epsilon, relu),
        After::Join(residual) => {
            assert_eq!(residual.dims(), shape, "normalise: shapes of the residual and x");
            Dispatch::nn_normalise_join(x, gamma, beta, residual.into_dispatch(), over, epsilon)
        }
    };
    Normalised {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
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

/// `‖n(p) − n(z)‖²` with `n(u) = u / max(‖u‖₂, 1e-6)`, averaged over the rows of `[N, D]`; the result is `[1]`.
///
/// The gradient goes to `prediction` (p) alone. Grill et al. 2020, eq. (2).
///
/// # Panics
/// If the shapes differ.
pub fn regression_loss(prediction: Tensor<2>, target_projection: Tensor<2>) -> Tensor<1> {
    assert_eq!(prediction.dims(), target_projection.dims(), "regression_loss: shapes");
    Tensor::from_dispatch(Dispatch::nn_regression_loss(
        prediction.into_dispatch(),
        target_projection.into_dispatch(),
    ))
}

/// `max(a + b, 0)`, the join of a residual block, for tensors of equal shape.
pub fn add_relu<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    assert_eq!(a.dims(), b.dims(), "add_relu: shapes");
    Tensor::from_dispatch(Dispatch::nn_add_relu(a.into_dispatch(), b.into_dispatch()))
}
