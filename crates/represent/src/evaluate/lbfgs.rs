//! Limited-memory BFGS for smooth functions of `f64` vectors, with a line search for the strong Wolfe conditions.
//!
//! It exists for the convex problems of the probes: no bounds, no stochastic gradients.
//!
//! Sources: Nocedal and Wright 2006, "Numerical Optimization", algorithms 7.4 and 7.5 (two-loop recursion) and
//! 3.5 and 3.6 (line search).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Sufficient decrease c₁ and curvature c₂ of the Wolfe conditions; the usual choice for quasi-Newton methods.
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;

/// Evaluations that one line search may spend.
const MAX_TRIALS: usize = 30;

/// When to stop, and how much to remember.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LbfgsOptions {
    /// Pairs of steps and gradient changes that approximate the curvature.
    pub memory: usize,
    /// Iterations at most.
    pub max_iterations: usize,
    /// Stops when the largest absolute entry of the gradient is no larger.
    pub gradient_tolerance: f64,
    /// Stops when one iteration lowers the value by no more than this fraction of max(|f|, 1).
    pub value_tolerance: f64,
    /// Relative rounding error of the value; rises of this size do not make a step fail.
    pub value_noise: f64,
}

impl Default for LbfgsOptions {
    fn default() -> Self {
        Self {
            memory: 10,
            max_iterations: 1000,
            gradient_tolerance: 1e-6,
            value_tolerance: 0.0,
            value_noise: 1e-14,
        }
    }
}

/// Why a minimisation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Termination {
    /// The gradient fell below the tolerance.
    Gradient,
    /// The value no longer falls by more than the tolerance.
    Value,
    /// The iterations are used up.
    Iterations,
    /// No step lowers the value: the limit of the arithmetic, or a gradient that does not belong to the value.
    NoDescent,
}

/// The end of a minimisation.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// Where it ended.
    pub x: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// The largest absolute entry of the gradient there.
    pub gradient_norm: f64,
    /// Iterations, that is accepted steps.
    pub iterations: usize,
    /// Evaluations of the function.
    pub evaluations: usize,
    /// Why it ended.
    pub termination: Termination,
}

/// Minimises a smooth function from `start`.
///
/// `function(x, gradient)` returns the value at `x` and fills `gradient`. `inverse_diagonal` is a rough inverse of
/// the Hessian's diagonal, the initial matrix of the two-loop recursion up to a factor that is fitted to the last
/// step; ones give the textbook method.
///
/// # Panics
///
/// If `inverse_diagonal` differs from `start` in length.
///
/// ```
/// use autodidact_represent::evaluate::{LbfgsOptions, minimise};
///
/// // (x − 1)² + 10 (y + 2)²
/// let bowl = |x: &[f64], gradient: &mut [f64]| {
///     gradient[0] = 2.0 * (x[0] - 1.0);
///     gradient[1] = 20.0 * (x[1] + 2.0);
///     (x[0] - 1.0).powi(2) + 10.0 * (x[1] + 2.0).powi(2)
/// };
/// let minimum = minimise(vec![0.0, 0.0], &[1.0, 1.0], &LbfgsOptions::default(), bowl);
/// assert!((minimum.x[0] - 1.0).abs() < 1e-6 && (minimum.x[1] + 2.0).abs() < 1e-6);
/// ```
pub fn minimise(
    start: Vec<f64>,
    inverse_diagonal: &[f64],
    options: &LbfgsOptions,
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Minimum {
    assert_eq!(start.len(), inverse_diagonal.len(), "one diagonal entry per variable");
    let mut evaluations = 1;
    let mut x = start;
    let mut gradient = vec![0.0; x.len()];
    let mut value = function(&x, &mut gradient);
    let mut pairs = Pairs::new(options.memory);
    let mut iterations = 0;

    let termination = loop {
        if largest(&gradient) <= options.gradient_tolerance {
            break Termination::Gradient;
        }
        if iterations == options.max_iterations {
            break Termination::Iterations;
        }
        let direction = pairs.direction(&gradient, inverse_diagonal);
        let slope = dot(&direction, &gradient);
        let mut trial = |length: f64| {
            evaluations += 1;
            let at: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let mut gradient = vec![0.0; at.len()];
            let value = function(&at, &mut gradient);
            Trial { length, value, slope: dot(&direction, &gradient), x: at, gradient }
        };
        let noise = options.value_noise * value.abs();
        let found = if slope < 0.0 { line_search(value, slope, noise, &mut trial) } else { None };
        let Some(step) = found else {
            // Stale curvature can point uphill; one plain step from here tells that from a true end.
            if pairs.is_empty() {
                break Termination::NoDescent;
            }
            pairs.clear();
            continue;
        };
        pairs.push(&x, &step.x, &gradient, &step.gradient);
        let decrease = value - step.value;
        (x, value, gradient) = (step.x, step.value, step.gradient);
        iterations += 1;
        if decrease <= options.value_tolerance * value.abs().max(1.0) && options.value_tolerance > 0.0 {
            break Termination::Value;
        }
    };
    Minimum { gradient_norm: largest(&gradient), x, value, iterations, evaluations, termination }
}

/// The last steps s and gradient changes y.
struct Pairs {
    memory: usize,
    kept: VecDeque<(Vec<f64>, Vec<f64>, f64)>,
}

impl Pairs {
    fn new(memory: usize) -> Self {
        Self { memory: memory.max(1), kept: VecDeque::new() }
    }

    fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    fn clear(&mut self) {
        self.kept.clear();
    }

    /// Keeps the pair of one step, unless its curvature sᵀy is lost in rounding.
    fn push(&mut self, x: &[f64], next: &[f64], gradient: &[f64], next_gradient: &[f64]) {
        let s: Vec<f64> = next.iter().zip(x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = next_gradient.iter().zip(gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&s, &y);
        if curvature > f64::EPSILON * (dot(&s, &s) * dot(&y, &y)).sqrt() {
            if self.kept.len() == self.memory {
                self.kept.pop_front();
            }
            self.kept.push_back((s, y, 1.0 / curvature));
        }
    }

    /// −H·g by the two-loop recursion, with H₀ = γ·diag(`inverse_diagonal`) and γ = sᵀy / yᵀ diag y.
    fn direction(&self, gradient: &[f64], inverse_diagonal: &[f64]) -> Vec<f64> {
        let mut q = gradient.to_vec();
        let mut alphas = Vec::with_capacity(self.kept.len());
        for (s, y, rho) in self.kept.iter().rev() {
            let alpha = rho * dot(s, &q);
            add_scaled(&mut q, -alpha, y);
            alphas.push(alpha);
        }
        let gamma = self.kept.back().map_or(1.0, |(_, y, rho)| {
            let scaled: f64 = y.iter().zip(inverse_diagonal).map(|(y, h)| y * y * h).sum();
            1.0 / (rho * scaled)
        });
        for (q, h) in q.iter_mut().zip(inverse_diagonal) {
            *q *= gamma * h;
        }
        for ((s, y, rho), alpha) in self.kept.iter().zip(alphas.into_iter().rev()) {
            let beta = rho * dot(y, &q);
            add_scaled(&mut q, alpha - beta, s);
        }
        for value in &mut q {
            *value = -*value;
        }
        q
    }
}

/// The function along the search direction at one step length.
struct Trial {
    length: f64,
    value: f64,
    slope: f64,
    x: Vec<f64>,
    gradient: Vec<f64>,
}

/// A step that meets the strong Wolfe conditions, or at least lowers the value; `None` if none does.
fn line_search(value: f64, slope: f64, noise: f64, trial: &mut impl FnMut(f64) -> Trial) -> Option<Trial> {
    let is_too_high = |t: &Trial| t.value.is_nan() || t.value > value + DECREASE * t.length * slope + noise;
    let is_flat = |t: &Trial| t.slope.abs() <= -CURVATURE * slope;
    // The near end of the bracket: its length, value and slope, and the point itself unless it is the start.
    let mut low = End { length: 0.0, value, slope, point: None };
    let mut high: Option<End> = None;
    for _ in 0..MAX_TRIALS {
        let length = match &high {
            Some(high) => interpolate(&low, high),
            None if low.length == 0.0 => 1.0,
            None => 4.0 * low.length,
        };
        let current = trial(length);
        if is_too_high(&current) || (current.value >= low.value + noise && low.length > 0.0) {
            high = Some(End { length, value: current.value, slope: current.slope, point: None });
        } else if is_flat(&current) {
            return Some(current);
        } else {
            let away = high.as_ref().map_or(f64::INFINITY, |high| high.length) - low.length;
            let next = End { length, value: current.value, slope: current.slope, point: Some(current) };
            let before = std::mem::replace(&mut low, next);
            if low.slope * away >= 0.0 {
                high = Some(before);
            }
        }
        if let Some(high) = &high
            && (high.length - low.length).abs() <= 1e-14 * high.length.abs()
        {
            break;
        }
    }
    low.point.filter(|point| point.value < value)
}

/// One end of the bracket.
struct End {
    length: f64,
    value: f64,
    slope: f64,
    point: Option<Trial>,
}

/// The minimiser of the cubic through both ends, kept away from them by a tenth of the bracket.
fn interpolate(low: &End, high: &End) -> f64 {
    let span = high.length - low.length;
    let d1 = low.slope + high.slope - 3.0 * (high.value - low.value) / span;
    let root = d1 * d1 - low.slope * high.slope;
    let d2 = root.max(0.0).sqrt() * span.signum();
    let part = 1.0 - (high.slope + d2 - d1) / (high.slope - low.slope + 2.0 * d2);
    // An overflowing value at the far end leaves no cubic; halve the bracket instead.
    low.length + span * if part.is_finite() && root >= 0.0 { part.clamp(0.1, 0.9) } else { 0.5 }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add_scaled(to: &mut [f64], factor: f64, from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

fn largest(values: &[f64]) -> f64 {
    // `f64::max` drops NaN, which would read as convergence.
    values.iter().fold(0.0, |a, b| if b.is_nan() { f64::NAN } else { b.abs().max(a) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rosenbrock(x: &[f64], gradient: &mut [f64]) -> f64 {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        gradient[0] = -2.0 * a - 400.0 * x[0] * b;
        gradient[1] = 200.0 * b;
        a * a + 100.0 * b * b
    }

    #[test]
    fn rosenbrock_valley_is_followed_to_its_minimum() {
        let options = LbfgsOptions { gradient_tolerance: 1e-9, ..LbfgsOptions::default() };
        let minimum = minimise(vec![-1.2, 1.0], &[1.0, 1.0], &options, rosenbrock);
        assert_eq!(minimum.termination, Termination::Gradient);
        assert!((minimum.x[0] - 1.0).abs() < 1e-8 && (minimum.x[1] - 1.0).abs() < 1e-8, "{minimum:?}");
        assert!(minimum.iterations < 60, "{minimum:?}");
    }

    #[test]
    fn exact_diagonal_solves_a_separable_bowl_in_one_step() {
        let scales = [1.0, 1e3, 1e-3];
        let bowl = |x: &[f64], gradient: &mut [f64]| {
            for i in 0..3 {
                gradient[i] = scales[i] * (x[i] - 1.0);
            }
            (0..3).map(|i| 0.5 * scales[i] * (x[i] - 1.0).powi(2)).sum()
        };
        let minimum = minimise(vec![0.0; 3], &scales.map(|s| 1.0 / s), &LbfgsOptions::default(), bowl);
        assert_eq!(minimum.iterations, 1);
        assert!(minimum.x.iter().all(|x| (x - 1.0).abs() < 1e-12));
    }

    #[test]
    fn overflowing_trial_is_shortened() {
        // The first step from 20 leads to −sinh(20), where cosh overflows.
        let function = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = x[0].sinh();
            x[0].cosh()
        };
        let minimum = minimise(vec![20.0], &[1.0], &LbfgsOptions::default(), function);
        assert!(minimum.x[0].abs() < 1e-5, "{minimum:?}");
    }

    #[test]
    fn gradient_of_another_function_ends_without_descent() {
        let wrong = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = -2.0 * x[0];
            x[0] * x[0]
        };
        let minimum = minimise(vec![1.0], &[1.0], &LbfgsOptions::default(), wrong);
        assert_eq!(minimum.termination, Termination::NoDescent);
        assert_eq!(minimum.x, [1.0]);
    }

    #[test]
    fn iterations_are_limited() {
        let options = LbfgsOptions { max_iterations: 3, ..LbfgsOptions::default() };
        let minimum = minimise(vec![-1.2, 1.0], &[1.0, 1.0], &options, rosenbrock);
        assert_eq!((minimum.termination, minimum.iterations), (Termination::Iterations, 3));
    }
}
