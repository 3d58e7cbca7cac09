//! Brownian motions that are drawn where they are looked at.

use std::f64::consts::TAU;

/// One realisation of a standard Brownian motion on [0, 1], `W(0) = 0`.
///
/// A value at a multiple of 2⁻⁵² is drawn by refining halves: each midpoint is normal given the ends of its interval, with
/// mean `(x + y) / 2` and variance `h / 4`. What is drawn there depends on the seed, the depth and the place alone, so the path
/// is the same whatever the order of the questions, and nothing is stored.
///
/// ```
/// use autodidact_brownian::BrownianPath;
///
/// let path = BrownianPath::new(1);
/// let there = path.at(0.625);
/// assert_eq!((path.at(0.0), path.at(0.625)), (0.0, there));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BrownianPath {
    seed: u64,
}

/// Halvings of the finest points.
const DEPTH: u32 = 52;

impl BrownianPath {
    /// The path of this number.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// `W(t)`, with `t` rounded down to a multiple of 2⁻⁵².
    ///
    /// # Panics
    /// If `t` is not in [0, 1].
    pub fn at(&self, t: f64) -> f64 {
        assert!((0.0..=1.0).contains(&t), "a path on [0, 1] has no value at {t}");
        let place = (t * (1u64 << DEPTH) as f64) as u64;
        let (mut left, mut right) = (0.0, self.normal(DEPTH + 1, 0));
        let (mut depth, mut rest) = (0, place);
        if place == 1 << DEPTH {
            return right;
        }
        // `rest` is the place inside the interval, in units of the finest points.
        while rest > 0 {
            let half = 1u64 << (DEPTH - depth - 1);
            let index = place >> (DEPTH - depth);
            let deviation = 0.5f64.powi(depth as i32 + 2).sqrt();
            let middle = 0.5 * (left + right) + deviation * self.normal(depth, index);
            if rest >= half {
                (left, rest) = (middle, rest - half);
            } else {
                right = middle;
            }
            depth += 1;
        }
        left
    }

    /// The supremum of the path over an interval whose ends were looked at, and that is not looked into. It is drawn with a
    /// number of its own, and so is exact, but knows nothing of values that [`BrownianPath::at`] would give inside.
    pub fn supremum(&self, interval: &crate::Leaf) -> f64 {
        let [a, b] = interval.ends.map(f64::to_bits);
        let bits = mix(mix(mix(self.seed ^ 0x5375_7072_656d_756d) ^ a) ^ b);
        interval.bridge(1.0).supremum(uniform(bits))
    }

    /// A standard normal number of this node.
    fn normal(self, depth: u32, index: u64) -> f64 {
        normal(self.seed, index ^ (u64::from(depth) << 58))
    }
}

/// The standard normal number of this number and seed.
pub(crate) fn normal(seed: u64, index: u64) -> f64 {
    let bits = mix(mix(seed) ^ mix(index));
    let (radius, angle) = (uniform(bits), uniform(mix(bits)));
    (-2.0 * radius.ln()).sqrt() * (TAU * angle).cos()
}

/// The number of this number and seed, uniform on (0, 1].
pub(crate) fn uniform_of(seed: u64, index: u64) -> f64 {
    uniform(mix(mix(seed ^ 0x556e_6966_6f72_6d21) ^ mix(index)))
}

/// A number in (0, 1].
fn uniform(bits: u64) -> f64 {
    ((bits >> 11) + 1) as f64 * 2f64.powi(-53)
}

/// Mixes bits so that neighbouring numbers have nothing in common: the output function of `SplitMix64` (Steele, Lea, Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
