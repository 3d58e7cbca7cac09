//! Lipschitz search.

use super::Plan;

/// Points closer than this share of the interval are one.
const NEAREST: f64 = 1e-12;

/// Piyavskii (1972) and Shubert (1972): for a function of a known Lipschitz constant the next point is the peak of the
/// saw-tooth bound, `(f(a) + f(b) + L (b − a)) / 2` at `(a + b) / 2 + (f(b) − f(a)) / 2 L`. It ends when no peak is more than
/// ε above the best value, which is then within ε of the maximum.
#[derive(Clone, Debug)]
pub struct PiyavskiiShubert {
    /// In units of values over the whole interval.
    lipschitz: f64,
    epsilon: f64,
    /// Points and values in the order of points.
    known: Vec<[f64; 2]>,
    wanted: Vec<f64>,
}

impl PiyavskiiShubert {
    /// `lipschitz` is `max |f(x) − f(y)| / |x − y|` times the length of the interval.
    ///
    /// Where values show that it is larger, nothing is bounded any more, and steeper intervals are halved.
    ///
    /// # Panics
    /// If the constant is no number above 0.
    pub fn new(lipschitz: f64, epsilon: f64) -> Self {
        assert!(lipschitz > 0.0 && lipschitz.is_finite(), "a Lipschitz constant is above 0, not {lipschitz}");
        Self { lipschitz, epsilon, known: Vec::new(), wanted: Vec::new() }
    }

    /// Whether values show that the constant is too small.
    fn is_refuted(&self) -> bool {
        self.known.windows(2).any(|pair| self.is_steeper(pair))
    }

    /// Whether the function is steeper between two neighbours than it may be, but for rounding.
    fn is_steeper(&self, pair: &[[f64; 2]]) -> bool {
        let ([a, fa], [b, fb]) = (pair[0], pair[1]);
        (fb - fa).abs() > self.lipschitz * (b - a) * (1.0 + 1e-9)
    }

    /// Place and height of the bound's peak between two neighbours.
    fn peak(&self, pair: &[[f64; 2]]) -> [f64; 2] {
        let ([a, fa], [b, fb]) = (pair[0], pair[1]);
        let at = 0.5 * (a + b) + (fb - fa) / (2.0 * self.lipschitz);
        if self.is_steeper(pair) {
            return [0.5 * (a + b), fa.max(fb) + 0.5 * self.lipschitz * (b - a)];
        }
        [at.clamp(a, b), 0.5 * (fa + fb + self.lipschitz * (b - a))]
    }
}

impl Plan for PiyavskiiShubert {
    fn next(&mut self) -> Vec<f64> {
        self.wanted = if self.known.is_empty() {
            vec![0.0, 1.0]
        } else {
            let best = self.known.iter().map(|[_, value]| *value).fold(f64::NEG_INFINITY, f64::max);
            let peaks = self.known.windows(2).map(|pair| (pair, self.peak(pair)));
            // Both peaks beside a new point are of one height; the upper one comes first.
            let highest = peaks.max_by(|a, b| a.1[1].total_cmp(&b.1[1]));
            let (pair, [at, height]) = highest.expect("two points at least");
            // Between neighbouring numbers there is nothing to look at.
            let is_new = at - pair[0][0] > NEAREST && pair[1][0] - at > NEAREST;
            let is_open = height > best + self.epsilon || self.is_refuted();
            if is_open && is_new { vec![at] } else { vec![] }
        };
        self.wanted.clone()
    }

    fn take(&mut self, values: &[f64]) {
        for (at, value) in self.wanted.iter().zip(values) {
            let place = self.known.partition_point(|[known, _]| known < at);
            self.known.insert(place, [*at, *value]);
        }
    }

    /// What the function does not exceed (turned), infinite before both ends are known and where values refute the constant.
    fn bound(&self) -> f64 {
        if self.known.len() < 2 || self.is_refuted() {
            return f64::INFINITY;
        }
        let best = self.known.iter().map(|[_, value]| *value).fold(f64::NEG_INFINITY, f64::max);
        self.known.windows(2).map(|pair| self.peak(pair)[1]).fold(best, f64::max)
    }
}
