//! Choosing an action at a node.

use pulp::Arch;
use rand::{Rng, RngExt};

use crate::config::{Config, Count, Improvement, Interior, Regularizer};
use crate::lanes::{draw, exp_below_zero, first_maximum, maximum, total};
use crate::solver::{Family, solve};
use crate::values::View;

/// The step after an excess of this is the last; what is left is in the order of its square.
const TOLERANCE: f32 = 1e-3;

/// Buffers that choosing needs, kept from one choice to the next.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    pub arch: Arch,
    pub scores: Vec<f32>,
    gaps: Vec<f32>,
    weights: Vec<f32>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { arch: Arch::new(), scores: Vec::new(), gaps: Vec::new(), weights: Vec::new() }
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
        let edges = view.q.iter().zip(view.visits).zip(view.prior).zip(scores);
        match self {
            Self::Puct { init, base, .. } => {
                let factor = Self::growth(init, base, visits) * visits.sqrt();
                for (((&q, &visits), &prior), score) in edges {
                    *score = scale.of(q, visits) + factor * prior / (1.0 + visits as i32 as f32);
                }
            }
            Self::Uct { exploration, .. } => {
                let factor = exploration * maximum(visits, 1.0).ln().sqrt();
                for (((&q, &visits), _), score) in edges {
                    *score = scale.of(q, visits) + factor / (1.0 + visits as i32 as f32).sqrt();
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
    match config.interior {
        Interior::Argmax => arch.dispatch(|| {
            config.regularizer.scores(config, view, &mut scratch.scores);
            close(&mut scratch.scores, open, f32::NEG_INFINITY);
            first_maximum(&scratch.scores).unwrap_or(0)
        }),
        Interior::Sample => {
            let sum = arch.dispatch(|| {
                regularized(config, view, delta, scratch);
                close(&mut scratch.scores, open, 0.0);
                total(&scratch.scores)
            });
            let level = rng.random::<f32>() * sum;
            arch.dispatch(|| draw(&scratch.scores, level))
        }
        Interior::Improved => arch.dispatch(|| {
            improved(config, view, &mut scratch.scores);
            let inverse = 1.0 / (1 + view.total) as f32;
            for (score, &visits) in scratch.scores.iter_mut().zip(view.visits) {
                *score -= visits as i32 as f32 * inverse;
            }
            close(&mut scratch.scores, open, f32::NEG_INFINITY);
            first_maximum(&scratch.scores).unwrap_or(0)
        }),
    }
}

/// Gives the places that are not open a score that is not chosen.
#[inline(always)]
fn close(scores: &mut [f32], open: Option<&[bool]>, closed: f32) {
    if let Some(open) = open {
        for (score, &open) in scores.iter_mut().zip(open) {
            if !open {
                *score = closed;
            }
        }
    }
}

/// π̄ up to a factor near 1, into the scores.
#[inline(always)]
pub(crate) fn regularized(config: &Config, view: &View<'_>, delta: &mut f32, scratch: &mut Scratch) {
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
    gaps.resize(count, 0.0);
    weights.resize(count, 0.0);
    let scale = view.scale(config.normalization, config.unvisited);
    match family {
        Family::Kl => {
            for (weight, &prior) in weights.iter_mut().zip(view.prior) {
                *weight = lambda * prior;
            }
        }
        Family::Hellinger => weights.fill(lambda / (count as f32).sqrt()),
    }
    for (((gap, &weight), &q), &visits) in gaps.iter_mut().zip(&*weights).zip(view.q).zip(view.visits) {
        *gap = if weight > 0.0 { scale.of(q, visits) } else { f32::NEG_INFINITY };
    }
    let highest = crate::lanes::highest(gaps);
    for (gap, &weight) in gaps.iter_mut().zip(&*weights) {
        *gap = if weight > 0.0 { highest - *gap } else { 0.0 };
    }
    let solution = match family {
        Family::Kl => solve::<f32, 1>(weights, gaps, *delta, TOLERANCE),
        Family::Hellinger => solve::<f32, 2>(weights, gaps, *delta, TOLERANCE),
    };
    *delta = solution.delta;
    let terms = scores.iter_mut().zip(&*weights).zip(&*gaps);
    match family {
        Family::Kl => terms.for_each(|((score, &weight), &gap)| *score = weight / (solution.delta + gap)),
        Family::Hellinger => terms.for_each(|((score, &weight), &gap)| {
            let term = weight / (solution.delta + gap);
            *score = term * term;
        }),
    }
}

/// π′, into the scores.
#[inline(always)]
pub(crate) fn improved(config: &Config, view: &View<'_>, scores: &mut [f32]) {
    values_of_improvement(config, view, scores);
    let highest = crate::lanes::highest(scores);
    for (score, &prior) in scores.iter_mut().zip(view.prior) {
        *score = prior * exp_below_zero(*score - highest);
    }
    let inverse = 1.0 / total(scores);
    for score in scores {
        *score *= inverse;
    }
}

/// σ(q) of completed values, into the scores.
#[inline(always)]
pub(crate) fn values_of_improvement(config: &Config, view: &View<'_>, scores: &mut [f32]) {
    let Improvement { visits, scale: factor, rescale } = config.improvement;
    let (scale, most) = view.completed(rescale, config.unvisited);
    let factor = (visits + most as f32) * factor;
    for ((score, &q), &visits) in scores.iter_mut().zip(view.q).zip(view.visits) {
        *score = factor * scale.of(q, visits);
    }
}
