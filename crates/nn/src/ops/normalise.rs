//! Normalisation with known statistics, and the statistics.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::TrainingOps;
pub use autodidact_kernels::Over;

/// Mean and biased variance, which carry no gradient of their own: that of a normalisation counts what they owe to its input.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Mean: `[C]` over the batch, `[N * groups]` over groups, empty over nothing.
    pub mean: Tensor<1>,
    /// Biased variance without epsilon, same shape as the mean.
    pub variance: Tensor<1>,
}

/// `y = γ (x − μ) / √(σ² + ε) + β`, where μ and σ² are the statistics of `x`; ε is added only where there is a σ².
#[derive(Clone, Debug)]
pub struct Normalisation {
    /// What the statistics are taken over.
    pub over: Over,
    /// μ and σ²: those of the `x` that is normalised, or the gradient of `x` will be wrong.
    pub statistics: Statistics,
    /// γ, `[C]`.
    pub gamma: Tensor<1>,
    /// β, `[C]`.
    pub beta: Tensor<1>,
    /// ε.
    pub epsilon: f64,
}

/// A normalisation that a convolution makes of its input where it reads it.
#[derive(Clone, Debug)]
pub struct OnLoad {
    /// The normalisation.
    pub normalisation: Normalisation,
    /// Whether the convolution reads `max(y, 0)`.
    pub relu: bool,
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

/// How statistics normalise: what is no tensor.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What they were taken over.
    pub over: Over,
    /// ε.
    pub epsilon: f64,
    /// Whether a `ReLU` follows.
    pub relu: bool,
}

/// The statistics of `x`, `[N, spatial, C]`.
///
/// # Panics
/// If `C` is no multiple of the groups.
pub fn statistics(x: Tensor<3>, over: Over) -> Statistics {
    over.check_channels(x.dims()[2]);
    let (mean, variance) = Dispatch::nn_statistics(x.into_dispatch(), over);
    Statistics { mean: Tensor::from_dispatch(mean), variance: Tensor::from_dispatch(variance) }
}

/// Normalises `x`, `[N, spatial, C]`, and does what is to be [`After`] it, in one pass over memory.
///
/// # Panics
/// If `C` is no multiple of the groups or the residual has another shape.
pub fn normalise(x: Tensor<3>, normalisation: Normalisation, after: After) -> Tensor<3> {
    let Normalisation { over, statistics, gamma, beta, epsilon } = normalisation;
    over.check_channels(x.dims()[2]);
    let shape = x.dims();
    let x = x.into_dispatch();
    let [gamma, beta, mean, variance] =
        [gamma, beta, statistics.mean, statistics.variance].map(Tensor::into_dispatch);
    let rule = Rule { over, epsilon, relu: matches!(after, After::Relu) };
    Tensor::from_dispatch(match after {
        After::Nothing | After::Relu => Dispatch::nn_normalise(x, gamma, beta, mean, variance, rule),
        After::Join(residual) => {
            assert_eq!(residual.dims(), shape, "normalise: shapes of the residual and x");
            Dispatch::nn_normalise_join(x, gamma, beta, mean, variance, residual.into_dispatch(), rule)
        }
    })
}
