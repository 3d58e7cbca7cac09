//! Functions of one variable whose maximum is known, to try searches on.

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;

/// A function whose maximum is known.
///
/// ```
/// use autodidact_brownian::{Settings, TestFunction, maximize};
///
/// let function: TestFunction = "garland".parse()?;
/// let [lower, upper] = function.domain();
/// let answer = maximize(|x| function.at(x), lower, upper, Settings::budget(200, 0.1))?;
/// assert!(function.maximum()[1] - answer.value < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestFunction {
    /// `−(x − 0.3)²`.
    Parabola,
    /// `−(x² − 10 cos 2πx + 10)`: a parabola with eleven peaks.
    Rastrigin,
    /// Two envelopes, `u^(−log₂ 0.3)` and `u^(−log₂ 0.8)` with `u = 2 |x − 0.3|`, and a wave between them whose length
    /// shrinks towards the peak (Grill, Valko, Munos 2015).
    DoubleSine,
    /// `4 x (1 − x) (3/4 + (1 − √|sin 60 x|) / 4)`: a parabola hung with cusps (Valko, Carpentier, Munos 2013).
    Garland,
    /// `−Σ_{k < 20} 2^(−H k) (1 − cos 2π 2^k (x − 0.387))` with H = 0.3: rougher than a Brownian motion.
    Weierstrass3,
    /// The same with H = 0.5: as rough as one.
    Weierstrass5,
    /// The same with H = 0.7.
    Weierstrass7,
}

/// Where Weierstrass' functions are highest.
const PEAK: f64 = 0.387;

impl TestFunction {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Parabola,
        Self::Rastrigin,
        Self::DoubleSine,
        Self::Garland,
        Self::Weierstrass3,
        Self::Weierstrass5,
        Self::Weierstrass7,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parabola => "parabola",
            Self::Rastrigin => "rastrigin",
            Self::DoubleSine => "double-sine",
            Self::Garland => "garland",
            Self::Weierstrass3 => "weierstrass-0.3",
            Self::Weierstrass5 => "weierstrass-0.5",
            Self::Weierstrass7 => "weierstrass-0.7",
        }
    }

    /// Its usual interval. It has values elsewhere too.
    pub fn domain(self) -> [f64; 2] {
        match self {
            Self::Parabola => [-1.0, 2.0],
            Self::Rastrigin => [-5.12, 5.12],
            _ => [0.0, 1.0],
        }
    }

    /// Its value.
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Parabola => -(x - 0.3).powi(2),
            Self::Rastrigin => -(x * x - 10.0 * (TAU * x).cos() + 10.0),
            Self::DoubleSine => {
                let u = 2.0 * (x - 0.3).abs();
                if u == 0.0 {
                    return 0.0;
                }
                let (outer, inner) = (u.powf(-0.8f64.log2()), u.powf(-0.3f64.log2()));
                let wave = 0.5 * ((0.5 * u.log2() * TAU).sin() + 1.0);
                wave * (outer - inner) - outer
            }
            Self::Garland => 4.0 * x * (1.0 - x) * (0.75 + 0.25 * (1.0 - (60.0 * x).sin().abs().sqrt())),
            Self::Weierstrass3 => weierstrass(0.3, x),
            Self::Weierstrass5 => weierstrass(0.5, x),
            Self::Weierstrass7 => weierstrass(0.7, x),
        }
    }

    /// Where it is highest in its domain, and its value there.
    pub fn maximum(self) -> [f64; 2] {
        match self {
            Self::Parabola | Self::DoubleSine => [0.3, 0.0],
            Self::Rastrigin => [0.0, 0.0],
            // 60 x = 10 π.
            Self::Garland => [std::f64::consts::FRAC_PI_6, 0.997_772_313_413_222],
            Self::Weierstrass3 | Self::Weierstrass5 | Self::Weierstrass7 => [PEAK, 0.0],
        }
    }
}

fn weierstrass(hurst: f64, x: f64) -> f64 {
    let term = |k: i32| 2f64.powf(-hurst * f64::from(k)) * (1.0 - (TAU * 2f64.powi(k) * (x - PEAK)).cos());
    -(0..20).map(term).sum::<f64>()
}

impl fmt::Display for TestFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no function of a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no function `{name}`; there are {}", TestFunction::ALL.map(TestFunction::name).join(", "))]
pub struct UnknownFunction {
    /// The name.
    name: String,
}

impl FromStr for TestFunction {
    type Err = UnknownFunction;

    fn from_str(name: &str) -> Result<Self, UnknownFunction> {
        let found = Self::ALL.into_iter().find(|function| function.name() == name);
        found.ok_or_else(|| UnknownFunction { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_on_a_fine_grid_is_above_the_maximum() {
        for function in TestFunction::ALL {
            let ([lower, upper], [at, maximum]) = (function.domain(), function.maximum());
            assert!((function.at(at) - maximum).abs() < 1e-7, "{function}: {}", function.at(at));
            let grid = (0..=200_000).map(|index| lower + (upper - lower) * f64::from(index) / 200_000.0);
            let highest = grid.map(|x| function.at(x)).fold(f64::NEG_INFINITY, f64::max);
            assert!(highest <= maximum + 1e-7, "{function}: {highest}");
            assert_eq!(function.name().parse(), Ok(function));
        }
        assert!("gerland".parse::<TestFunction>().unwrap_err().to_string().contains("garland"));
    }
}
