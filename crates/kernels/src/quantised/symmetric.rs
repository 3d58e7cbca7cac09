//! The search for the scale of numbers that become `scale · q` with codes of both signs.

use super::codes::nearest;
use super::lanes::{Lanes, Parts, largest};

/// Numbers of at most this magnitude are taken for zero.
const TINY: f32 = 1e-15;

/// Numbers of an optimal scale: with weights `w`, `Σ w x q / Σ w q²`.
pub(super) struct Symmetric<const PARTS: usize, const LEN: usize> {
    pub(super) scale: Lanes<PARTS>,
    /// Codes with `levels` added, so that they are not negative.
    pub(super) codes: Parts<PARTS, LEN>,
}

/// `Σ w x q` and `Σ w q²` with `w = x²`.
#[derive(Clone, Copy)]
struct Sums<const PARTS: usize> {
    xq: Lanes<PARTS>,
    qq: Lanes<PARTS>,
}

impl<const PARTS: usize> Sums<PARTS> {
    #[inline(always)]
    fn of<const LEN: usize>(x: &Parts<PARTS, LEN>, codes: &Parts<PARTS, LEN>) -> Self {
        let [mut xq, mut qq] = [[0.0; PARTS]; 2];
        for (x, q) in x.iter().zip(codes) {
            for part in 0..PARTS {
                let w = x[part] * x[part];
                xq[part] += w * x[part] * q[part];
                qq[part] += w * q[part] * q[part];
            }
        }
        Self { xq, qq }
    }

    #[inline(always)]
    fn scale(&self) -> Lanes<PARTS> {
        std::array::from_fn(|part| if self.qq[part] > 0.0 { self.xq[part] / self.qq[part] } else { 0.0 })
    }
}

impl<const PARTS: usize, const LEN: usize> Symmetric<PARTS, LEN> {
    /// The best of 19 scales around the one that makes `−levels` of the largest number: that with the largest
    /// `(Σ w x q)² / Σ w q²`, which leaves the least squared difference.
    #[inline(always)]
    pub(super) fn best_of_several(x: &Parts<PARTS, LEN>, levels: f32) -> Self {
        let largest = largest(x);
        let mut codes = rounded(x, &largest, levels, levels);
        let mut sums = Sums::of(x, &codes);
        let mut scale = sums.scale();
        let mut best: Lanes<PARTS> = std::array::from_fn(|part| scale[part] * sums.xq[part]);
        for tenths in (-9..=9).filter(|tenths| *tenths != 0) {
            let trial = rounded(x, &largest, levels + 0.1 * tenths as f32, levels);
            sums = Sums::of(x, &trial);
            let mut better = [false; PARTS];
            for part in 0..PARTS {
                let [xq, qq] = [sums.xq[part], sums.qq[part]];
                better[part] = qq > 0.0 && xq * xq > best[part] * qq;
                scale[part] = if better[part] { xq / qq } else { scale[part] };
                best[part] = if better[part] { scale[part] * xq } else { best[part] };
            }
            for (codes, trial) in codes.iter_mut().zip(&trial) {
                for part in 0..PARTS {
                    codes[part] = if better[part] { trial[part] } else { codes[part] };
                }
            }
        }
        Self { scale, codes }.finished(&largest, levels)
    }

    /// Changes one code after the other, five times over, where that makes `(Σ w x q)² / Σ w q²` larger.
    #[inline(always)]
    pub(super) fn one_by_one(x: &Parts<PARTS, LEN>, levels: f32) -> Self {
        let largest = largest(x);
        let mut codes = rounded(x, &largest, levels, levels);
        let mut sums = Sums::of(x, &codes);
        for _ in 0..5 {
            for (x, codes) in x.iter().zip(&mut codes) {
                for part in 0..PARTS {
                    let [x, old, xq, qq] = [x[part], codes[part], sums.xq[part], sums.qq[part]];
                    let w = x * x;
                    let [others_xq, others_qq] = [xq - w * x * old, qq - w * old * old];
                    let new = nearest(x * others_qq / others_xq, -levels, levels - 1.0);
                    let [new_xq, new_qq] = [others_xq + w * x * new, others_qq + w * new * new];
                    let better = others_xq > 0.0
                        && new != old
                        && new_qq > 0.0
                        && new_xq * new_xq * qq > xq * xq * new_qq;
                    codes[part] = if better { new } else { old };
                    sums.xq[part] = if better { new_xq } else { xq };
                    sums.qq[part] = if better { new_qq } else { qq };
                }
            }
        }
        Self { scale: sums.scale(), codes }.finished(&largest, levels)
    }

    /// Shifts the codes. Parts of zeros have code and scale zero.
    #[inline(always)]
    fn finished(mut self, largest: &Lanes<PARTS>, levels: f32) -> Self {
        let zero = largest.map(|largest| largest.abs() < TINY);
        for codes in &mut self.codes {
            for part in 0..PARTS {
                codes[part] = if zero[part] { 0.0 } else { codes[part] + levels };
            }
        }
        for part in 0..PARTS {
            self.scale[part] = if zero[part] { 0.0 } else { self.scale[part] };
        }
        self
    }

    /// Rounds the numbers once more, now at the scales that are stored. Where a scale is zero the codes stay.
    #[inline(always)]
    pub(super) fn requantise(&mut self, x: &Parts<PARTS, LEN>, scale: &Lanes<PARTS>, levels: f32) {
        for (codes, x) in self.codes.iter_mut().zip(x) {
            for part in 0..PARTS {
                let code = nearest(x[part] / scale[part], -levels, levels - 1.0) + levels;
                codes[part] = if scale[part] == 0.0 { codes[part] } else { code };
            }
        }
    }
}

/// Codes at the scale that makes `−spread` of the largest number.
#[inline(always)]
fn rounded<const PARTS: usize, const LEN: usize>(
    x: &Parts<PARTS, LEN>,
    largest: &Lanes<PARTS>,
    spread: f32,
    levels: f32,
) -> Parts<PARTS, LEN> {
    let inverse = largest.map(|largest| if largest.abs() < TINY { 0.0 } else { -spread / largest });
    let mut codes = [[0.0; PARTS]; LEN];
    for (codes, x) in codes.iter_mut().zip(x) {
        for part in 0..PARTS {
            codes[part] = nearest(inverse[part] * x[part], -levels, levels - 1.0);
        }
    }
    codes
}
