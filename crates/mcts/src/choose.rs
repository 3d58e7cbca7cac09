//! Choosing an action at a node.

use pulp::{Arch, Simd, WithSimd};
use rand::{Rng, RngExt};

use crate::config::{Config, Count, Improvement, Interior, Regularizer};
use crate::lanes::{LANES, draw, exp_below_zero, first_maximum, maximum, total};
use crate::real::Real;
use crate::solver::{Family, solve};
use crate::values::View;

/// The step after an excess of this is the last, where an action is drawn: what is left is in the order of its square.
const DRAWING: f32 = 1e-2;

/// Buffers that choosing needs, kept from one choice to the next.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    pub arch: Arch,
    pub scores: Vec<f32>,
    /// Visits of the root's actions in this search.
    pub made: Vec<u32>,
    gaps: Vec<f32>,
    weights: Vec<f32>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            arch: Arch::new(),
            scores: Vec::new(),
            made: Vec::new(),
            gaps: Vec::new(),
            weights: Vec::new(),
        }
    }
}

impl Regularizer {
    /// The distance whose regularized policy its visits follow.
    pub fn family(self) -> Family {
        match self {
            Self::Puct { .. } => Family::Kl,
            Self::Uct { .. } => Family::Hellinger,
        }
    }

    fn visits(self, of_actions: u32) -> f32 {
        let (Self::Puct { count, .. } | Self::Uct { count, .. }) = self;
        match count {
            Count::Node => (of_actions + 1) as f32,
            Count::Actions => of_actions as f32,
        }
    }

    /// λ of a node with so many actions that were visited so often, all together.
    ///
    /// ```
    /// use autodidact_mcts::{Count, Regularizer};
    ///
    /// let puct = Regularizer::Puct { init: 1.25, base: 19652.0, count: Count::Actions };
    /// assert!((puct.lambda(18, 50) - 1.2526 * 50f32.sqrt() / 68.0).abs() < 1e-4);
    /// ```
    #[inline(always)]
    pub fn lambda(self, actions: usize, of_actions: u32) -> f32 {
        let visits = self.visits(of_actions);
        let all = (actions as u32 + of_actions) as f32;
        match self {
            Self::Puct { init, base, .. } => Self::growth(init, base, visits) * visits.sqrt() / all,
            Self::Uct { exploration, .. } => {
                exploration * (actions as f32 * maximum(visits, 1.0).ln() / all).sqrt()
            }
        }
    }

    /// c(N).
    #[inline(always)]
    fn growth(init: f32, base: f32, visits: f32) -> f32 {
        init + ((visits + base + 1.0) / base).ln()
    }

    /// `q̂` plus what a visit is worth, action by action.
    #[inline(always)]
    fn scores(self, config: &Config, view: &View<'_>, scores: &mut [f32]) {
        let scale = view.scale(config.normalization, config.unvisited);
        let visits = self.visits(view.total);
        let count = scores.len();
        let (q, made, prior) = (&view.q[..count], &view.visits[..count], &view.prior[..count]);
        match self {
            Self::Puct { init, base, .. } => {
                let factor = Self::growth(init, base, visits) * visits.sqrt();
                for place in 0..count {
                    let visits = made[place] as i32 as f32;
                    scores[place] = scale.of(q[place], made[place]) + factor * prior[place] / (1.0 + visits);
                }
            }
            Self::Uct { exploration, .. } => {
                let factor = exploration * maximum(visits, 1.0).ln().sqrt();
                for place in 0..count {
                    let visits = made[place] as i32 as f32;
                    scores[place] = scale.of(q[place], made[place]) + factor / (1.0 + visits).sqrt();
                }
            }
        }
    }
}

/// The place of the action to visit; places for which `is_open` is false are left out. `delta` is the node's last solution, or 0.
#[inline(always)]
pub(crate) fn choose(
    config: &Config,
    view: &View<'_>,
    open: Option<&[bool]>,
    delta: &mut f32,
    scratch: &mut Scratch,
    rng: &mut impl Rng,
) -> usize {
    let count = view.prior.len();
    if count == 1 {
        return 0;
    }
    scratch.scores.resize(count, 0.0);
    let arch = scratch.arch;
    if config.interior == Interior::Sample {
        let uniform = rng.random::<f32>();
        return arch.dispatch(Sample { config, view, open, uniform, delta, scratch });
    }
    arch.dispatch(Largest { config, view, open, scores: &mut scratch.scores })
}

/// The rules that take the largest score.
struct Largest<'a> {
    config: &'a Config,
    view: &'a View<'a>,
    open: Option<&'a [bool]>,
    scores: &'a mut [f32],
}

impl WithSimd for Largest<'_> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        let Self { config, view, open, scores } = self;
        if config.interior == Interior::Improved {
            improved(config, view, scores);
            let inverse = 1.0 / (1 + view.total) as f32;
            let visits = &view.visits[..scores.len()];
            for place in 0..scores.len() {
                scores[place] -= visits[place] as i32 as f32 * inverse;
            }
        } else {
            config.regularizer.scores(config, view, scores);
        }
        close(scores, open, f32::NEG_INFINITY);
        first_maximum(scores).unwrap_or(0)
    }
}

/// [`Interior::Sample`].
struct Sample<'a> {
    config: &'a Config,
    view: &'a View<'a>,
    open: Option<&'a [bool]>,
    /// Between 0 and 1.
    uniform: f32,
    delta: &'a mut f32,
    scratch: &'a mut Scratch,
}

impl WithSimd for Sample<'_> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let Self { config, view, open, uniform, delta, scratch } = self;
        regularized(simd, config, view, delta, DRAWING, scratch);
        close(&mut scratch.scores, open, 0.0);
        let mut sum = total(&scratch.scores);
        if sum <= 0.0 {
            // What is open has no prior.
            scratch.scores.fill(1.0);
            close(&mut scratch.scores, open, 0.0);
            sum = total(&scratch.scores);
        }
        draw(&scratch.scores, uniform * sum)
    }
}

/// Gives the places that are not open a score that is not chosen.
#[inline(always)]
fn close(scores: &mut [f32], open: Option<&[bool]>, closed: f32) {
    if let Some(open) = open {
        for place in 0..scores.len().min(open.len()) {
            scores[place] = if open[place] { scores[place] } else { closed };
        }
    }
}

/// π̄ up to a factor near 1, into the scores.
#[inline(always)]
pub(crate) fn regularized<S: Simd>(
    simd: S,
    config: &Config,
    view: &View<'_>,
    delta: &mut f32,
    tolerance: f32,
    scratch: &mut Scratch,
) {
    let Scratch { scores, gaps, weights, .. } = scratch;
    let count = view.prior.len();
    scores.resize(count, 0.0);
    let regularizer = config.regularizer;
    let lambda = regularizer.lambda(count, view.total);
    let family = regularizer.family();
    if lambda <= 0.0 {
        // Nothing was visited, and N counts visits of actions: the prior is all there is.
        match family {
            Family::Kl => scores.copy_from_slice(view.prior),
            Family::Hellinger => scores.fill(1.0 / count as f32),
        }
        return;
    }
    // Up to whole vectors; a weight of 0 adds nothing to any sum.
    let whole = count.next_multiple_of(LANES);
    gaps.resize(whole, 0.0);
    weights.resize(whole, 0.0);
    gaps[count..].fill(0.0);
    weights[count..].fill(0.0);
    let scale = view.scale(config.normalization, config.unvisited);
    let (q, visits, prior) = (&view.q[..count], &view.visits[..count], &view.prior[..count]);
    let (weights, gaps, scores) = (&mut weights[..], &mut gaps[..], &mut scores[..count]);
    let uniform = lambda / (count as f32).sqrt();
    for place in 0..count {
        let weight = if family == Family::Kl { lambda * prior[place] } else { uniform };
        weights[place] = weight;
        gaps[place] = if weight > 0.0 { scale.of(q[place], visits[place]) } else { f32::NEG_INFINITY };
    }
    let highest = crate::lanes::highest(&gaps[..count]);
    for place in 0..whole {
        gaps[place] = if weights[place] > 0.0 { highest - gaps[place] } else { 0.0 };
    }
    let solution = solve(simd, family, weights, gaps, *delta, tolerance);
    *delta = solution.delta;
    for place in 0..count {
        let term = weights[place] / (solution.delta + gaps[place]);
        scores[place] = if family == Family::Kl { term } else { term * term };
    }
}

/// π̄ up to a factor, into the scores, to the last digits.
pub(crate) fn regularized_exactly(config: &Config, view: &View<'_>, scratch: &mut Scratch) {
    scratch.arch.dispatch(Regularized { config, view, scratch });
}

struct Regularized<'a> {
    config: &'a Config,
    view: &'a View<'a>,
    scratch: &'a mut Scratch,
}

impl WithSimd for Regularized<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { config, view, scratch } = self;
        regularized(simd, config, view, &mut 0.0, f32::TOLERANCE, scratch);
    }
}

/// π′, into the scores.
#[inline(always)]
pub(crate) fn improved(config: &Config, view: &View<'_>, scores: &mut [f32]) {
    values_of_improvement(config, view, scores);
    let count = scores.len();
    let prior = &view.prior[..count];
    for place in 0..count {
        scores[place] = if prior[place] > 0.0 { scores[place] } else { f32::NEG_INFINITY };
    }
    let highest = crate::lanes::highest(scores);
    for place in 0..count {
        scores[place] = prior[place] * exp_below_zero(scores[place] - highest);
    }
    let inverse = 1.0 / total(scores);
    for place in 0..count {
        scores[place] *= inverse;
    }
}

/// σ(q) of completed values, into the scores.
#[inline(always)]
pub(crate) fn values_of_improvement(config: &Config, view: &View<'_>, scores: &mut [f32]) {
    let Improvement { visits, scale: factor, rescale } = config.improvement;
    let (scale, most) = view.completed(rescale, config.unvisited);
    let factor = (visits + most as f32) * factor;
    let count = scores.len();
    let (q, visits) = (&view.q[..count], &view.visits[..count]);
    for place in 0..count {
        scores[place] = factor * scale.of(q[place], visits[place]);
    }
}
