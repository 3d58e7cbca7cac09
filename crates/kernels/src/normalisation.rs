//! A normalisation whose statistics are known: one pass over memory, or none where a convolution makes it as it reads.

use crate::after::After;
use crate::check::{check_channels, check_len};
use crate::columns::{self, Layout};
use crate::element::Element;
use crate::over::Over;
use crate::profile;
use crate::simd::{dispatch, relu, vectors};
use crate::statistics::Statistics;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// `y = γ · (x − μ) / sqrt(σ² + ε) + β` with known statistics.
#[derive(Clone, Copy, Debug)]
pub struct Normalisation<'a> {
    /// What the statistics were taken over.
    pub over: Over,
    /// `μ` and `σ²`, none over nothing: then `y = γ · x + β`.
    pub statistics: &'a Statistics,
    /// γ, `[channels]`.
    pub gamma: &'a [f32],
    /// β, `[channels]`.
    pub beta: &'a [f32],
    /// ε.
    pub epsilon: f32,
}

/// A normalisation that a convolution makes of its input where it reads it, so that the result is never in memory; the
/// convolution's padding is zeros all the same.
#[derive(Clone, Copy, Debug)]
pub struct OnLoad<'a> {
    /// The normalisation.
    pub normalisation: Normalisation<'a>,
    /// Whether what is read is `max(y, 0)`.
    pub relu: bool,
}

/// Normalises `x` into `out`, both `[batch, spatial, channels]`, and does what is to be [after](After) it.
///
/// ```
/// use autodidact_kernels::{After, Normalisation, Over, Statistics, normalise};
///
/// let statistics = Statistics { mean: vec![2.0], variance: vec![4.0] };
/// let normalisation =
///     Normalisation { over: Over::Batch, statistics: &statistics, gamma: &[1.0], beta: &[0.5], epsilon: 0.0 };
/// let mut out = [0.0; 2];
/// normalise([2, 1, 1], &[0.0, 4.0], normalisation, After::Relu, &mut out);
/// assert_eq!(out, [0.0, 1.5]);
/// ```
///
/// # Panics
/// If a slice's length differs from the shapes, there are statistics of nothing, or the groups are not equal.
pub fn normalise<E: Element>(
    shape: [usize; 3],
    x: &[E],
    normalisation: Normalisation<'_>,
    after: After<'_, E>,
    out: &mut [E],
) {
    let _span = profile::activations::<E>("normalise", &shape, 2 + after.arrays());
    check_len("x", x.len(), &shape);
    check_len("out", out.len(), &shape);
    let [batch, spatial, channels] = shape;
    normalisation.over.check(shape);
    let affine = Affine::new(normalisation, batch, channels, 1);
    affine.apply(spatial * channels, x, after, out);
}

/// What normalisations come down to: `y = (x − centre) · scale + shift`, `[sets, channels]` each.
#[derive(Clone, Debug)]
pub(crate) struct Affine {
    layout: Layout,
    centre: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
    channels: usize,
    /// Slices that a set is for, one image's or, if there is one set, all.
    slices: usize,
}

impl Affine {
    /// That of a batch whose images have so many slices.
    ///
    /// # Panics
    /// If the numbers of parameters are not those of the batch.
    pub fn new(normalisation: Normalisation<'_>, batch: usize, channels: usize, slices: usize) -> Self {
        let Normalisation { over, statistics: Statistics { mean, variance }, gamma, beta, epsilon } =
            normalisation;
        check_channels(channels, &[("gamma", gamma), ("beta", beta)]);
        let sets = over.sets(batch, channels);
        check_len("mean", mean.len(), &[sets]);
        check_len("variance", variance.len(), &[sets]);
        let layout = Layout::new(channels);
        let (centre, scale, slices) = match over {
            Over::Nothing => (vec![0.0; channels], gamma.to_vec(), usize::MAX),
            Over::Batch => {
                let Scaling { centre, scale, .. } = Scaling::new(gamma, mean, variance, epsilon);
                (centre, scale, usize::MAX)
            }
            Over::Groups(groups) => {
                let (mut centres, mut scales) = (Vec::new(), Vec::new());
                for (mean, variance) in mean.chunks_exact(groups).zip(variance.chunks_exact(groups)) {
                    let Scaling { centre, scale, .. } = Scaling::new(gamma, mean, variance, epsilon);
                    centres.extend(centre);
                    scales.extend(scale);
                }
                (centres, scales, slices)
            }
        };
        Self { layout, centre, scale, shift: beta.to_vec(), channels, slices }
    }

    /// Centre, scale and shift of a slice, `[channels]` each.
    fn of(&self, slice: usize) -> [&[f32]; 3] {
        let first = slice / self.slices * self.channels;
        let [centre, scale] = [&self.centre, &self.scale].map(|values| &values[first..][..self.channels]);
        [centre, scale, &self.shift]
    }

    /// Normalises slices of so many floats.
    pub fn apply<E: Element>(&self, slice: usize, x: &[E], after: After<'_, E>, out: &mut [E]) {
        let (layout, shared) = (self.layout, self.slices == usize::MAX);
        let task = if shared { layout.floats_per_task() } else { slice };
        let repeated = shared.then(|| self.of(0).map(|values| layout.repeat(values)));
        x.par_chunks(task)
            .zip(out.par_chunks_mut(task))
            .zip(after.split(x.len(), task))
            .enumerate()
            .for_each(|(slice, ((x, out), after))| {
                let own = repeated.is_none().then(|| self.of(slice).map(|values| layout.repeat(values)));
                let [centre, scale, shift] =
                    own.as_ref().or(repeated.as_ref()).expect("one of them is there");
                columns::normalise(layout, x, [centre, scale, shift], after, out);
            });
    }

    /// Normalises some pixels of a slice on this thread, then `ReLU` if `relu`.
    pub fn write<X: Element, Y: Element>(&self, slice: usize, relu: bool, x: &[X], out: &mut [Y]) {
        dispatch(Pixels { x, parameters: self.of(slice), relu, out });
    }
}

/// Centre, scale `γ / sqrt(σ² + ε)` and inverse deviation of the channels that share statistics.
pub(crate) struct Scaling {
    pub centre: Vec<f32>,
    pub scale: Vec<f32>,
    /// Of each group of channels, or of each channel.
    pub inverse: Vec<f64>,
}

impl Scaling {
    /// From the mean and the variance of each group of consecutive channels.
    pub fn new(gamma: &[f32], mean: &[f32], variance: &[f32], epsilon: f32) -> Self {
        let size = gamma.len() / mean.len();
        let inverse: Vec<f64> =
            variance.iter().map(|&variance| inverse_deviation(variance, epsilon)).collect();
        let scale = gamma
            .iter()
            .enumerate()
            .map(|(channel, &gamma)| (f64::from(gamma) * inverse[channel / size]) as f32)
            .collect();
        let centre = (0..gamma.len()).map(|channel| mean[channel / size]).collect();
        Self { centre, scale, inverse }
    }
}

/// `1 / sqrt(variance + ε)`
pub(crate) fn inverse_deviation(variance: f32, epsilon: f32) -> f64 {
    1.0 / (f64::from(variance) + f64::from(epsilon)).sqrt()
}

/// Pixels of any number of channels: the same arithmetic as in [`columns::normalise`], to the bit.
struct Pixels<'a, X, Y> {
    x: &'a [X],
    parameters: [&'a [f32]; 3],
    relu: bool,
    out: &'a mut [Y],
}

impl<X: Element, Y: Element> WithSimd for Pixels<'_, X, Y> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.relu { self.run::<S, true>(simd) } else { self.run::<S, false>(simd) }
    }
}

impl<X: Element, Y: Element> Pixels<'_, X, Y> {
    #[inline(always)]
    fn run<S: Simd, const RELU: bool>(self, simd: S) {
        let Self { x, parameters: [centre, scale, shift], out, .. } = self;
        let (lanes, channels) = (S::F32_LANES, shift.len());
        let pixels = out.chunks_exact_mut(channels).zip(x.chunks_exact(channels));
        let vector = |out: &mut [Y], x: &[X], parameters: [S::f32s; 3]| {
            let [x] = X::load::<S, 1>(x);
            Y::store::<S, 1>([one::<S, RELU>(simd, x, parameters)], out);
        };
        if channels == lanes {
            let parameters = [centre, scale, shift].map(|values| vectors::<S>(values)[0]);
            for (out, x) in pixels {
                vector(out, x, parameters);
            }
        } else if channels.is_multiple_of(lanes) {
            let count = channels / lanes;
            let [centre, scale, shift] = [centre, scale, shift].map(|values| &vectors::<S>(values)[..count]);
            for (out, x) in pixels {
                for v in 0..count {
                    let (out, x) = (&mut out[v * lanes..][..lanes], &x[v * lanes..][..lanes]);
                    vector(out, x, [centre[v], scale[v], shift[v]]);
                }
            }
        } else {
            for (out, x) in pixels {
                for first in (0..channels).step_by(lanes) {
                    let range = first..channels.min(first + lanes);
                    let parameters =
                        [centre, scale, shift].map(|values| simd.partial_load_f32s(&values[range.clone()]));
                    let y = one::<S, RELU>(simd, X::load_some(simd, &x[range.clone()]), parameters);
                    Y::store_some(simd, y, &mut out[range]);
                }
            }
        }
    }
}

#[inline(always)]
fn one<S: Simd, const RELU: bool>(simd: S, x: S::f32s, [centre, scale, shift]: [S::f32s; 3]) -> S::f32s {
    let y = simd.mul_add_e_f32s(simd.sub_f32s(x, centre), scale, shift);
    if RELU { relu(simd, y) } else { y }
}
