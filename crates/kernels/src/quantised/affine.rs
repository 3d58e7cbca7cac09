//! The search for scale and minimum of numbers that become `scale · q − minimum`.

use super::codes::nearest;
use super::lanes::{Lanes, Parts};

/// What a search tries.
pub(super) struct Trials {
    /// The largest code; the smallest is zero.
    pub(super) levels: f32,
    /// The first trial spreads the range of the numbers over this many levels more than there are.
    pub(super) first: f32,
    /// Trials after the first, each with a tenth of a level more.
    pub(super) steps: usize,
    /// Sums magnitudes of differences, and not their squares.
    pub(super) absolute: bool,
}

/// What a search found.
pub(super) struct Affine<const PARTS: usize, const LEN: usize> {
    pub(super) scale: Lanes<PARTS>,
    /// Zero or more.
    pub(super) minimum: Lanes<PARTS>,
    pub(super) codes: Parts<PARTS, LEN>,
}

impl Trials {
    /// For each part the scale and minimum of the least weighted difference among those tried.
    ///
    /// Each trial rounds the numbers to codes `q` at some scale, above the offset that is the best so far, and then takes the scale `a` and the offset `b ≤ 0` that
    /// minimise `Σ w (a q + b − x)²` for these codes.
    #[inline(always)]
    pub(super) fn search<const PARTS: usize, const LEN: usize>(
        &self,
        x: &Parts<PARTS, LEN>,
        weights: &Parts<PARTS, LEN>,
    ) -> Affine<PARTS, LEN> {
        let [mut low, mut high] = [x[0], x[0]];
        let [mut sum_w, mut sum_x] = [[0.0; PARTS]; 2];
        for (x, w) in x.iter().zip(weights) {
            for part in 0..PARTS {
                low[part] = low[part].min(x[part]);
                high[part] = high[part].max(x[part]);
                sum_w[part] += w[part];
                sum_x[part] += w[part] * x[part];
            }
        }
        low = low.map(|low| low.min(0.0));

        let inverse = inverses(self.levels, &low, &high);
        let mut best = Affine {
            scale: inverse.map(|inverse| if inverse == 0.0 { 0.0 } else { 1.0 / inverse }),
            minimum: low,
            codes: self.codes(x, &low, &inverse),
        };
        let mut least = self.difference(x, weights, &best.codes, &best.scale, &low);
        for step in 0..=self.steps {
            let inverse = inverses(self.first + 0.1 * step as f32 + self.levels, &best.minimum, &high);
            let codes = self.codes(x, &best.minimum, &inverse);
            let [mut sum_q, mut sum_qq, mut sum_xq] = [[0.0; PARTS]; 3];
            for ((q, x), w) in codes.iter().zip(x).zip(weights) {
                for part in 0..PARTS {
                    sum_q[part] += w[part] * q[part];
                    sum_qq[part] += w[part] * q[part] * q[part];
                    sum_xq[part] += w[part] * q[part] * x[part];
                }
            }
            let [mut scale, mut offset, mut determinant] = [[0.0; PARTS]; 3];
            for part in 0..PARTS {
                let d = sum_w[part] * sum_qq[part] - sum_q[part] * sum_q[part];
                let a = (sum_w[part] * sum_xq[part] - sum_x[part] * sum_q[part]) / d;
                let b = (sum_qq[part] * sum_x[part] - sum_q[part] * sum_xq[part]) / d;
                determinant[part] = d;
                scale[part] = if b > 0.0 { sum_xq[part] / sum_qq[part] } else { a };
                offset[part] = if b > 0.0 { 0.0 } else { b };
            }
            let difference = self.difference(x, weights, &codes, &scale, &offset);
            let mut better = [false; PARTS];
            for part in 0..PARTS {
                better[part] = determinant[part] > 0.0 && difference[part] < least[part];
                least[part] = if better[part] { difference[part] } else { least[part] };
                best.scale[part] = if better[part] { scale[part] } else { best.scale[part] };
                best.minimum[part] = if better[part] { offset[part] } else { best.minimum[part] };
            }
            for (best, codes) in best.codes.iter_mut().zip(&codes) {
                for part in 0..PARTS {
                    best[part] = if better[part] { codes[part] } else { best[part] };
                }
            }
        }
        Affine { minimum: best.minimum.map(|offset| -offset), ..best }
    }

    #[inline(always)]
    fn codes<const PARTS: usize, const LEN: usize>(
        &self,
        x: &Parts<PARTS, LEN>,
        low: &Lanes<PARTS>,
        inverse: &Lanes<PARTS>,
    ) -> Parts<PARTS, LEN> {
        let mut codes = [[0.0; PARTS]; LEN];
        for (codes, x) in codes.iter_mut().zip(x) {
            for part in 0..PARTS {
                codes[part] = nearest(inverse[part] * (x[part] - low[part]), 0.0, self.levels);
            }
        }
        codes
    }

    #[inline(always)]
    fn difference<const PARTS: usize, const LEN: usize>(
        &self,
        x: &Parts<PARTS, LEN>,
        weights: &Parts<PARTS, LEN>,
        codes: &Parts<PARTS, LEN>,
        scale: &Lanes<PARTS>,
        offset: &Lanes<PARTS>,
    ) -> Lanes<PARTS> {
        let mut sum = [0.0; PARTS];
        for ((q, x), w) in codes.iter().zip(x).zip(weights) {
            for part in 0..PARTS {
                let difference = scale[part] * q[part] + offset[part] - x[part];
                let measure = if self.absolute { difference.abs() } else { difference * difference };
                sum[part] += w[part] * measure;
            }
        }
        sum
    }
}

/// What spreads the numbers from `low` to `high` over this many levels; zero where they are the same.
#[inline(always)]
fn inverses<const PARTS: usize>(levels: f32, low: &Lanes<PARTS>, high: &Lanes<PARTS>) -> Lanes<PARTS> {
    std::array::from_fn(|part| if high[part] == low[part] { 0.0 } else { levels / (high[part] - low[part]) })
}

impl<const PARTS: usize, const LEN: usize> Affine<PARTS, LEN> {
    /// Rounds the numbers once more, now at the scales and minima that are stored. Where a scale is zero the codes stay.
    #[inline(always)]
    pub(super) fn requantise(
        &mut self,
        x: &Parts<PARTS, LEN>,
        scale: &Lanes<PARTS>,
        minimum: &Lanes<PARTS>,
        levels: f32,
    ) {
        for (codes, x) in self.codes.iter_mut().zip(x) {
            for part in 0..PARTS {
                let code = nearest((x[part] + minimum[part]) / scale[part], 0.0, levels);
                codes[part] = if scale[part] == 0.0 { codes[part] } else { code };
            }
        }
    }
}

/// Small integers for positive numbers, the largest of which becomes `levels`, and what one of them is worth.
#[inline(always)]
pub(super) fn small_integers<const PARTS: usize>(numbers: &Lanes<PARTS>, levels: f32) -> ([u8; PARTS], f32) {
    let largest = numbers.iter().fold(0.0_f32, |largest, &number| largest.max(number));
    let inverse = if largest > 0.0 { levels / largest } else { 0.0 };
    (numbers.map(|number| nearest(inverse * number, 0.0, levels) as u8), largest / levels)
}
