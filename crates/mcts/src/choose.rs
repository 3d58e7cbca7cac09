//! Choosing an action at a node.

use pulp::{Arch, Simd, WithSimd};
use rand::{Rng, RngExt};

use crate::config::{Config, Count, Improvement, Interior, Regularizer};
use crate::lanes::{LANES, draw, maximum, total};
use crate::real::Real;
use crate::solver::{Family, solve};
use crate::values::{Part, Scale, View};
use crate::vectors::{First, WIDEST, exp_below_zero, load, load_counts, store};

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
    pub factors: Factors,
}

/// [`Regularizer::factor`] by the number of visits: a logarithm and a root that every choice on the way down would wait for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Factors {
    regularizer: Option<Regularizer>,
    known: Vec<f32>,
}

/// Visits up to which factors are kept.
const KEPT: u32 = 1 << 14;
/// Factors that are found at once, so that one need not wait for the other.
const AT_ONCE: u32 = 32;

impl Factors {
    #[inline(always)]
    pub fn of(&mut self, regularizer: Regularizer, visits: u32) -> f32 {
        match self.known.get(visits as usize) {
            Some(factor) => *factor,
            None => self.find(regularizer, visits),
        }
    }

    #[cold]
    fn find(&mut self, regularizer: Regularizer, visits: u32) -> f32 {
        if visits >= KEPT {
            return regularizer.factor(visits);
        }
        let (from, to) = (self.known.len() as u32, (visits + 1).next_multiple_of(AT_ONCE));
        self.known.extend((from..to).map(|visits| regularizer.factor(visits)));
        self.known[visits as usize]
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            arch: Arch::new(),
            scores: Vec::new(),
            made: Vec::new(),
            gaps: Vec::new(),
            weights: Vec::new(),
            factors: Factors::default(),
        }
    }
}

impl Scratch {
    /// Before a search, whose configuration may be another one.
    pub fn prepare(&mut self, config: &Config) {
        if self.factors.regularizer != Some(config.regularizer) {
            self.factors = Factors { regularizer: Some(config.regularizer), known: Vec::new() };
        }
    }

    /// Makes room for so many edges, filled up to whole vectors by edges without weight.
    #[inline(always)]
    fn room(&mut self, count: usize) {
        if self.scores.len() != count {
            self.scores.resize(count, 0.0);
            for buffer in [&mut self.gaps, &mut self.weights] {
                buffer.clear();
                buffer.resize(count.next_multiple_of(LANES), 0.0);
            }
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
    pub fn lambda(self, actions: usize, of_actions: u32) -> f32 {
        self.lambda_with(self.factor(of_actions), actions, of_actions)
    }

    /// The same, with what [`factor`](Self::factor) said.
    #[inline(always)]
    fn lambda_with(self, factor: f32, actions: usize, of_actions: u32) -> f32 {
        let all = (actions as u32 + of_actions) as f32;
        match self {
            Self::Puct { .. } => factor / all,
            Self::Uct { .. } => factor * (actions as f32 / all).sqrt(),
        }
    }

    /// What a visit is worth, but for what differs from action to action.
    fn factor(self, of_actions: u32) -> f32 {
        let visits = self.visits(of_actions);
        match self {
            Self::Puct { init, base, .. } => (init + ((visits + base + 1.0) / base).ln()) * visits.sqrt(),
            Self::Uct { exploration, .. } => exploration * maximum(visits, 1.0).ln().sqrt(),
        }
    }
}

/// The place of the action to visit; places for which `open` is false are left out. `delta` is the node's last solution over λ, or 0.
/// For operations that are compiled for the machine's instructions.
#[inline(always)]
pub(crate) fn choose<S: Simd>(
    simd: S,
    config: &Config,
    view: &View<'_>,
    open: Option<&[bool]>,
    delta: &mut f32,
    scratch: &mut Scratch,
    rng: &mut impl Rng,
) -> usize {
    if view.prior.len() == 1 {
        return 0;
    }
    match (config.interior, config.regularizer) {
        (Interior::Sample, _) => {
            let uniform = rng.random::<f32>();
            sample(simd, config, view, open, uniform, delta, scratch)
        }
        (Interior::Improved, _) => {
            improved(simd, config, view, scratch);
            let inverse = simd.splat_f32s(1.0 / (1 + view.total) as f32);
            largest(simd, view, open, LessVisits { improved: &scratch.scores, inverse })
        }
        (Interior::Argmax, regularizer) => {
            let scale = view.scale(simd, config.normalization, config.unvisited);
            let factor = simd.splat_f32s(scratch.factors.of(regularizer, view.total));
            match regularizer {
                Regularizer::Puct { .. } => largest(simd, view, open, Puct::<S> { scale, factor }),
                Regularizer::Uct { .. } => largest(simd, view, open, Uct::<S> { scale, factor }),
            }
        }
    }
}

/// What actions are compared by.
trait Score<S: Simd>: Copy {
    fn of(self, simd: S, part: &Part<S>, from: usize) -> S::f32s;
}

/// `q̂ + factor π / (1 + n)`.
#[derive(Clone, Copy)]
struct Puct<S: Simd> {
    scale: Scale,
    factor: S::f32s,
}

impl<S: Simd> Score<S> for Puct<S> {
    #[inline(always)]
    fn of(self, simd: S, part: &Part<S>, _: usize) -> S::f32s {
        let visits = simd.add_f32s(part.visits, simd.splat_f32s(1.0));
        simd.mul_add_f32s(self.factor, simd.div_f32s(part.prior, visits), self.scale.of(simd, part))
    }
}

/// `q̂ + factor / √(1 + n)`.
#[derive(Clone, Copy)]
struct Uct<S: Simd> {
    scale: Scale,
    factor: S::f32s,
}

impl<S: Simd> Score<S> for Uct<S> {
    #[inline(always)]
    fn of(self, simd: S, part: &Part<S>, _: usize) -> S::f32s {
        let visits = simd.add_f32s(part.visits, simd.splat_f32s(1.0));
        let gain = simd.div_f32s(simd.splat_f32s(1.0), simd.sqrt_f32s(visits));
        simd.mul_add_f32s(self.factor, gain, self.scale.of(simd, part))
    }
}

/// `π′ − n / (1 + N)`.
#[derive(Clone, Copy)]
struct LessVisits<'a, S: Simd> {
    improved: &'a [f32],
    inverse: S::f32s,
}

impl<S: Simd> Score<S> for LessVisits<'_, S> {
    #[inline(always)]
    fn of(self, simd: S, part: &Part<S>, from: usize) -> S::f32s {
        simd.sub_f32s(load(simd, self.improved, from), simd.mul_f32s(part.visits, self.inverse))
    }
}

/// The first of the largest scores.
#[inline(always)]
fn largest<S: Simd>(simd: S, view: &View<'_>, open: Option<&[bool]>, score: impl Score<S>) -> usize {
    let lowest = simd.splat_f32s(f32::NEG_INFINITY);
    let mut first = First::new(simd);
    for from in (0..view.prior.len()).step_by(S::F32_LANES) {
        let part = view.part(simd, from);
        let mut scores = simd.select_f32s(part.is_edge, score.of(simd, &part, from), lowest);
        if let Some(open) = open {
            scores = simd.select_f32s(is_open(simd, open, from), scores, lowest);
        }
        first.take(simd, scores);
    }
    first.place(simd, view.prior.len())
}

/// Which lanes from a place on are open.
#[inline(always)]
fn is_open<S: Simd>(simd: S, open: &[bool], from: usize) -> S::m32s {
    let mut lanes = [0_u32; WIDEST];
    for lane in 0..S::F32_LANES.min(open.len() - from) {
        lanes[lane] = u32::from(open[from + lane]);
    }
    simd.greater_than_u32s(load_counts(simd, &lanes, 0), simd.splat_u32s(0))
}

/// [`Interior::Sample`]; `uniform` lies between 0 and 1.
#[inline(always)]
fn sample<S: Simd>(
    simd: S,
    config: &Config,
    view: &View<'_>,
    open: Option<&[bool]>,
    uniform: f32,
    delta: &mut f32,
    scratch: &mut Scratch,
) -> usize {
    let mut sum = regularized(simd, config, view, delta, DRAWING, scratch);
    let scores = &mut scratch.scores[..];
    if let Some(open) = open {
        close(scores, open);
        sum = total(scores);
        if sum <= 0.0 {
            // What is open has no prior.
            scores.fill(1.0);
            close(scores, open);
            sum = total(scores);
        }
    }
    draw(scores, uniform * sum)
}

/// Gives the places that are not open no probability.
#[inline(always)]
fn close(scores: &mut [f32], open: &[bool]) {
    for place in 0..scores.len().min(open.len()) {
        scores[place] = if open[place] { scores[place] } else { 0.0 };
    }
}

/// π̄ up to a factor near 1, into the scores; returns their sum. `delta` is δ over λ, in which it hardly changes from one visit to the
/// next, before and after.
#[inline(always)]
fn regularized<S: Simd>(
    simd: S,
    config: &Config,
    view: &View<'_>,
    delta: &mut f32,
    tolerance: f32,
    scratch: &mut Scratch,
) -> f32 {
    let count = view.prior.len();
    scratch.room(count);
    let Scratch { scores, gaps, weights, factors, .. } = scratch;
    let regularizer = config.regularizer;
    let lambda = regularizer.lambda_with(factors.of(regularizer, view.total), count, view.total);
    let family = regularizer.family();
    if lambda <= 0.0 {
        // Nothing was visited, and N counts visits of actions: the prior is all there is.
        match family {
            Family::Kl => scores.copy_from_slice(view.prior),
            Family::Hellinger => scores.fill(1.0 / count as f32),
        }
        return total(scores);
    }
    let scale = view.scale(simd, config.normalization, config.unvisited);
    let (zero, lowest) = (simd.splat_f32s(0.0), simd.splat_f32s(f32::NEG_INFINITY));
    let each = simd.splat_f32s(if family == Family::Kl { lambda } else { lambda / (count as f32).sqrt() });
    let mut highest = lowest;
    for from in (0..count).step_by(S::F32_LANES) {
        let part = view.part(simd, from);
        let weight = if family == Family::Kl { simd.mul_f32s(each, part.prior) } else { each };
        let weight = simd.select_f32s(part.is_edge, weight, zero);
        let has_weight = simd.greater_than_f32s(weight, zero);
        // Far below all others where there is no weight, so that no gap is a reason to divide by 0.
        let q = simd.select_f32s(has_weight, scale.of(simd, &part), lowest);
        highest = simd.max_f32s(highest, q);
        store(simd, weights, from, weight);
        store(simd, gaps, from, q);
    }
    let highest = simd.splat_f32s(simd.reduce_max_f32s(highest));
    for from in (0..count).step_by(S::F32_LANES) {
        let has_weight = simd.greater_than_f32s(load(simd, weights, from), zero);
        let gap = simd.sub_f32s(highest, load(simd, gaps, from));
        store(simd, gaps, from, simd.select_f32s(has_weight, gap, zero));
    }
    let solution = solve(simd, family, weights, gaps, *delta * lambda, tolerance);
    *delta = solution.delta / lambda;
    let delta = simd.splat_f32s(solution.delta);
    let mut sums = zero;
    for from in (0..count).step_by(S::F32_LANES) {
        let gap = simd.add_f32s(delta, load(simd, gaps, from));
        let term = simd.div_f32s(load(simd, weights, from), gap);
        let term = if family == Family::Kl { term } else { simd.mul_f32s(term, term) };
        sums = simd.add_f32s(sums, term);
        store(simd, scores, from, term);
    }
    simd.reduce_sum_f32s(sums)
}

/// π̄ of a node, to the last digits.
pub(crate) fn regularized_policy(config: &Config, view: &View<'_>, scratch: &mut Scratch) -> Vec<f32> {
    let sum = scratch.arch.dispatch(Regularized { config, view, scratch });
    scratch.scores.iter().map(|score| score / sum).collect()
}

struct Regularized<'a> {
    config: &'a Config,
    view: &'a View<'a>,
    scratch: &'a mut Scratch,
}

impl WithSimd for Regularized<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let Self { config, view, scratch } = self;
        regularized(simd, config, view, &mut 0.0, f32::TOLERANCE, scratch)
    }
}

/// π′ of a node.
pub(crate) fn improved_policy(config: &Config, view: &View<'_>, scratch: &mut Scratch) -> Vec<f32> {
    scratch.arch.dispatch(Improved { config, view, scratch });
    scratch.scores.clone()
}

struct Improved<'a> {
    config: &'a Config,
    view: &'a View<'a>,
    scratch: &'a mut Scratch,
}

impl WithSimd for Improved<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { config, view, scratch } = self;
        improved(simd, config, view, scratch);
    }
}

/// π′, into the scores.
#[inline(always)]
fn improved<S: Simd>(simd: S, config: &Config, view: &View<'_>, scratch: &mut Scratch) {
    let count = view.prior.len();
    scratch.room(count);
    let scores = &mut scratch.scores[..];
    let sigma = Sigma::new(simd, config, view);
    let (zero, lowest) = (simd.splat_f32s(0.0), simd.splat_f32s(f32::NEG_INFINITY));
    let mut highest = lowest;
    for from in (0..count).step_by(S::F32_LANES) {
        let part = view.part(simd, from);
        let has_prior = simd.greater_than_f32s(part.prior, zero);
        let score = simd.select_f32s(has_prior, sigma.of(simd, &part), lowest);
        highest = simd.max_f32s(highest, score);
        store(simd, scores, from, score);
    }
    let highest = simd.splat_f32s(simd.reduce_max_f32s(highest));
    let mut sums = zero;
    for from in (0..count).step_by(S::F32_LANES) {
        let power = exp_below_zero(simd, simd.sub_f32s(load(simd, scores, from), highest));
        let share = simd.mul_f32s(load(simd, view.prior, from), power);
        sums = simd.add_f32s(sums, share);
        store(simd, scores, from, share);
    }
    let inverse = simd.splat_f32s(1.0 / simd.reduce_sum_f32s(sums));
    for from in (0..count).step_by(S::F32_LANES) {
        store(simd, scores, from, simd.mul_f32s(load(simd, scores, from), inverse));
    }
}

/// σ(q) of completed values.
#[derive(Clone, Copy)]
pub(crate) struct Sigma {
    scale: Scale,
    factor: f32,
}

impl Sigma {
    #[inline(always)]
    pub fn new<S: Simd>(simd: S, config: &Config, view: &View<'_>) -> Self {
        let Improvement { visits, scale: factor, rescale } = config.improvement;
        let (scale, most) = view.completed(simd, rescale, config.unvisited);
        Self { scale, factor: (visits + most) * factor }
    }

    #[inline(always)]
    pub fn of<S: Simd>(self, simd: S, part: &Part<S>) -> S::f32s {
        simd.mul_f32s(simd.splat_f32s(self.factor), self.scale.of(simd, part))
    }
}
