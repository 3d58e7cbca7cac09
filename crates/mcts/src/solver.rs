//! The policy that a search tends to, solved exactly.

use pulp::{Simd, WithSimd};

use crate::lanes::{LANES, highest_lane};
use crate::real::Real;
use crate::{Error, Result};

/// Newton steps at most; ten were the most that random cases took.
const STEPS: u32 = 64;

/// Which distance from the prior a policy is held back by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `KL[π ‖ y]`, whose visits PUCT makes: `π̄(a) = λ π(a) / (α − q(a))`.
    Kl,
    /// A Hellinger type, `f(r) = 2 − 2 √r` in `Σ y f(π / y)`, whose visits UCT makes with a uniform prior and
    /// `λ = c √(|A| ln N / (|A| + N))`: `π̄(a) = π(a) (λ / (α − q(a)))²`.
    Hellinger,
}

/// What solving took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solution<T> {
    /// `α − max q` over actions that have a prior.
    pub delta: T,
    /// Newton steps.
    pub steps: u32,
}

/// The exact solution of the regularized objective of a node (Grill et al. 2020, eq. 7):
///
/// `π̄ = argmax_y ⟨q, y⟩ − λ D(π, y)` over the simplex, with the distance of the [`Family`].
///
/// All of `prior`, `q` and `policy` are `[actions]`; `q` has the scale that λ is meant for, usually `[0, 1]`. An action without a prior
/// gets nothing, and its q may be anything finite. With λ = 0, or one so small that `λ π` is no number above 0, nothing can be said,
/// and the policy is the prior.
///
/// The stationary point is `λ w(a) / (δ + gap(a))`, raised to 1 or 2, where `gap = max q − q` and the sum S of all is 1
/// for δ = α − max q. Newton's method on `S^(−1/p)`, which is concave and increasing, comes to it from below without safeguards, in two or three steps. Working
/// with gaps loses no digits where α and q are close.
///
/// ```
/// use autodidact_mcts::{Family, regularized_policy};
///
/// let mut policy = [0.0; 3];
/// regularized_policy(Family::Kl, &[0.5, 0.3, 0.2], &[0.1, 0.9, 0.1], 0.2, &mut policy)?;
/// assert!((policy.iter().sum::<f64>() - 1.0).abs() < 1e-12);
/// assert!(policy[1] > 0.5 && policy[0] / policy[2] > 2.49 && policy[0] / policy[2] < 2.51);
/// # Ok::<(), autodidact_mcts::Error>(())
/// ```
///
/// # Errors
/// [`Error::Length`], [`Error::NotFinite`] for a q that is none, [`Error::Policy`] for a prior with a number below zero or without any
/// above, [`Error::Setting`] for a λ below zero or infinite.
pub fn regularized_policy<T: Real>(
    family: Family,
    prior: &[T],
    q: &[T],
    lambda: T,
    policy: &mut [T],
) -> Result<Solution<T>> {
    let count = prior.len();
    for (name, found) in [("q", q.len()), ("policy", policy.len())] {
        if found != count {
            return Err(Error::Length { name, found, expected: count });
        }
    }
    if !(lambda >= T::ZERO && lambda.is_finite()) {
        let expected = "a number of 0 or more";
        return Err(Error::Setting { name: "lambda", value: lambda.to_f64(), expected });
    }
    if let Some(value) = q.iter().find(|value| !value.is_finite()) {
        return Err(Error::NotFinite { name: "q", value: value.to_f64() as f32 });
    }
    let sum =
        prior.iter().fold(0.0, |sum, &prior| if prior >= T::ZERO { sum + prior.to_f64() } else { f64::NAN });
    if !(sum > 0.0 && sum.is_finite()) {
        return Err(Error::Policy { sum: sum as f32, count });
    }
    if lambda == T::ZERO {
        policy.copy_from_slice(prior);
        return Ok(Solution { delta: T::ZERO, steps: 0 });
    }
    // Up to whole vectors; a weight of 0 adds nothing to any sum.
    let whole = count.next_multiple_of(LANES);
    let mut gaps = vec![T::ZERO; whole];
    gaps_below(prior, q, &mut gaps);
    let mut weights = vec![T::ZERO; whole];
    for (weight, &prior) in weights.iter_mut().zip(prior) {
        *weight = lambda * family.weight(prior);
    }
    if weights.iter().all(|weight| *weight == T::ZERO) {
        policy.copy_from_slice(prior);
        return Ok(Solution { delta: T::ZERO, steps: 0 });
    }
    let solution = pulp::Arch::new().dispatch(Solve { family, weights: &weights, gaps: &gaps });
    let mut sum = T::ZERO;
    for ((policy, &weight), &gap) in policy.iter_mut().zip(&weights).zip(&gaps) {
        let term = weight / (solution.delta + gap);
        *policy = if family == Family::Kl { term } else { term * term };
        sum += *policy;
    }
    for policy in policy {
        *policy = *policy / sum;
    }
    Ok(solution)
}

/// [`regularized_policy`] for several nodes of as many actions each: `prior`, `q` and `policy` are `[batch, actions]`, `lambda` is
/// `[batch]`.
///
/// # Errors
/// Those of the first row that has one.
pub fn regularized_policies<T: Real>(
    family: Family,
    prior: &[T],
    q: &[T],
    lambda: &[T],
    policy: &mut [T],
) -> Result<()> {
    let batch = lambda.len();
    if batch == 0 {
        return Ok(());
    }
    let actions = prior.len() / batch;
    for (name, found) in [("prior", prior.len()), ("q", q.len()), ("policy", policy.len())] {
        if actions == 0 || found != batch * actions {
            return Err(Error::Length { name, found, expected: batch * actions.max(1) });
        }
    }
    let rows = prior.chunks(actions).zip(q.chunks(actions)).zip(policy.chunks_mut(actions));
    for (((prior, q), policy), &lambda) in rows.zip(lambda) {
        regularized_policy(family, prior, q, lambda, policy)?;
    }
    Ok(())
}

/// [`solve`] for a family, to the type's tolerance.
struct Solve<'a, T> {
    family: Family,
    weights: &'a [T],
    gaps: &'a [T],
}

impl<T: Real> WithSimd for Solve<'_, T> {
    type Output = Solution<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Solution<T> {
        let Self { family, weights, gaps } = self;
        solve(simd, family, weights, gaps, T::ZERO, T::TOLERANCE)
    }
}

impl Family {
    /// What exploring an action is worth, up to a factor of the node: `π / (1 + n)`, or `1 / √(1 + n)`.
    #[inline(always)]
    pub(crate) fn gain(self, prior: f32, visits: u32) -> f32 {
        let more = visits as f32 + 1.0;
        match self {
            Self::Kl => prior / more,
            Self::Hellinger => 1.0 / more.sqrt(),
        }
    }

    /// What a prior of an action counts inside the power.
    #[inline(always)]
    fn weight<T: Real>(self, prior: T) -> T {
        match self {
            Self::Kl => prior,
            Self::Hellinger => prior.sqrt(),
        }
    }
}

/// `max q − q` over actions that have a prior, and 0 for those without.
fn gaps_below<T: Real>(prior: &[T], q: &[T], gaps: &mut [T]) {
    let supported = prior.iter().zip(q).filter(|(prior, _)| **prior > T::ZERO);
    let highest = supported.fold(T::LOWEST, |highest, (_, &q)| if q > highest { q } else { highest });
    for ((gap, &prior), &q) in gaps.iter_mut().zip(prior).zip(q) {
        *gap = if prior > T::ZERO { highest - q } else { T::ZERO };
    }
}

/// δ with `Σ (weights / (δ + gaps))^p = 1`, from a guess on either side of it; weights and gaps are 0 or more, and one weight
/// is above 0 where the gap is 0. They are whole vectors long. The step after an excess within the tolerance is the last; it squares the error.
#[inline(always)]
pub(crate) fn solve<T: Real, S: Simd>(
    simd: S,
    family: Family,
    weights: &[T],
    gaps: &[T],
    guess: T,
    tolerance: T,
) -> Solution<T> {
    let power = if family == Family::Kl { 1 } else { 2 };
    // No term is more than 1.
    let least = least(weights, gaps);
    let mut delta = if guess > least { guess } else { least };
    let mut steps = 0;
    while steps < STEPS {
        let (sum, steep) = T::sums(simd, power, weights, gaps, delta);
        let excess = if power == 1 { sum - T::ONE } else { sum.sqrt() - T::ONE };
        let step = sum * excess / steep;
        let next = if delta + step > least { delta + step } else { least };
        steps += 1;
        // From a guess that is too large a step leads below the solution, and from there up. What goes down later is rounding.
        if steps > 1 && next <= delta {
            break;
        }
        delta = next;
        if excess <= tolerance && T::ZERO - excess <= tolerance {
            break;
        }
    }
    Solution { delta, steps }
}

/// `max (weights − gaps)`.
#[inline(always)]
fn least<T: Real>(weights: &[T], gaps: &[T]) -> T {
    let (weights, _) = weights.as_chunks::<LANES>();
    let (gaps, _) = gaps.as_chunks::<LANES>();
    let mut best = [T::LOWEST; LANES];
    for chunk in 0..weights.len().min(gaps.len()) {
        for lane in 0..LANES {
            let bound = weights[chunk][lane] - gaps[chunk][lane];
            best[lane] = if bound > best[lane] { bound } else { best[lane] };
        }
    }
    highest_lane(best)
}
