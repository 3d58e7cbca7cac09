//! Local search by parabolas and golden sections.

use super::Plan;

/// Brent's method on an interval (*Algorithms for minimization without derivatives*, 1973, chapter 5), turned to maxima:
/// parabolas through the three best points, golden sections where those do not help. It finds a local maximum only: a polish
/// for what another search found.
#[derive(Clone, Copy, Debug)]
pub struct Brent {
    ends: [f64; 2],
    tolerance: f64,
    /// The best point, the second best, and the one that was second before, each with its value.
    best: [f64; 2],
    second: [f64; 2],
    third: [f64; 2],
    /// The last step and the one before it.
    steps: [f64; 2],
    wanted: f64,
    begun: bool,
}

/// The smaller part of a golden section.
const GOLDEN: f64 = 0.381_966_011_250_105_1;

impl Brent {
    /// Between two shares of the interval, until the best point is known within about `tolerance`, a share as well.
    ///
    /// # Panics
    /// If the shares are not in order between 0 and 1.
    pub fn new(ends: [f64; 2], tolerance: f64) -> Self {
        assert!(0.0 <= ends[0] && ends[0] < ends[1] && ends[1] <= 1.0, "shares of an interval: {ends:?}");
        let nowhere = [ends[0], f64::NEG_INFINITY];
        Self {
            ends,
            tolerance,
            best: nowhere,
            second: nowhere,
            third: nowhere,
            steps: [0.0; 2],
            wanted: ends[0] + GOLDEN * (ends[1] - ends[0]),
            begun: false,
        }
    }

    /// Closer than this no two points are evaluated.
    fn nearest(&self) -> f64 {
        f64::EPSILON.sqrt() * self.best[0].abs() + self.tolerance / 3.0
    }

    /// The step to the peak of the parabola through the three points, if it lies inside and the steps shrink.
    fn parabola(&self) -> Option<f64> {
        let ([x, fx], [w, fw], [v, fv]) = (self.best, self.second, self.third);
        let r = (x - w) * (fv - fx);
        let q = (x - v) * (fw - fx);
        let p = (x - v) * q - (x - w) * r;
        let q = 2.0 * (q - r);
        let (p, q) = (if q > 0.0 { -p } else { p }, q.abs());
        let inside = p > q * (self.ends[0] - x) && p < q * (self.ends[1] - x);
        (inside && p.abs() < (0.5 * q * self.steps[1]).abs()).then(|| p / q)
    }
}

impl Plan for Brent {
    fn next(&mut self) -> Vec<f64> {
        if !self.begun {
            return vec![self.wanted];
        }
        let ([a, b], [x, _], nearest) = (self.ends, self.best, self.nearest());
        let middle = 0.5 * (a + b);
        if (x - middle).abs() <= 2.0 * nearest - 0.5 * (b - a) {
            return Vec::new();
        }
        let parabola = if self.steps[1].abs() > nearest { self.parabola() } else { None };
        self.steps = match parabola {
            Some(step) => {
                let point = x + step;
                let is_near_end = point - a < 2.0 * nearest || b - point < 2.0 * nearest;
                let inward = if middle >= x { nearest } else { -nearest };
                [if is_near_end { inward } else { step }, self.steps[0]]
            }
            None => {
                let side = if x >= middle { a - x } else { b - x };
                [GOLDEN * side, side]
            }
        };
        let step = self.steps[0];
        self.wanted = x + if step < 0.0 { -(-step).max(nearest) } else { step.max(nearest) };
        vec![self.wanted]
    }

    fn take(&mut self, values: &[f64]) {
        let point = [self.wanted, values[0]];
        if !self.begun {
            (self.begun, self.best, self.second, self.third) = (true, point, point, point);
            return;
        }
        let [[x, fx], [w, fw], [v, fv]] = [self.best, self.second, self.third];
        let [u, fu] = point;
        if fu >= fx {
            self.ends[usize::from(u < x)] = x;
            (self.third, self.second, self.best) = (self.second, self.best, point);
            return;
        }
        self.ends[usize::from(u >= x)] = u;
        if fu >= fw || w == x {
            (self.third, self.second) = (self.second, point);
        } else if fu >= fv || v == x || v == w {
            self.third = point;
        }
    }
}
