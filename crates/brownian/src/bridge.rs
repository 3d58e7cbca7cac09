//! A Brownian motion between two places where it is known.

/// A Brownian motion between two neighbouring points with known values.
///
/// All that is known elsewhere says nothing about it: such bridges are independent. Formulas: Karatzas and Shreve,
/// *Brownian motion and stochastic calculus*, section 4.3 (the reflection principle).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bridge {
    /// The variance `σ² h` that its increment over the whole distance `h` would have.
    pub variance: f64,
    /// Its values at both ends.
    pub ends: [f64; 2],
}

impl Bridge {
    /// The larger of the values at its ends.
    pub fn higher_end(&self) -> f64 {
        self.ends[0].max(self.ends[1])
    }

    /// `ln P(sup > level)`: 0 at the higher end and below, `−2 (level − x)(level − y) / (σ² h)` above.
    ///
    /// ```
    /// use autodidact_brownian::Bridge;
    ///
    /// let bridge = Bridge { variance: 0.5, ends: [0.0, 1.0] };
    /// assert_eq!(bridge.log_exceedance(2.0), -8.0);
    /// assert_eq!(bridge.log_exceedance(0.5), 0.0);
    /// ```
    pub fn log_exceedance(&self, level: f64) -> f64 {
        let [x, y] = self.ends.map(|end| level - end);
        if x <= 0.0 || y <= 0.0 { 0.0 } else { -2.0 * x * y / self.variance }
    }

    /// `ln E (sup − level)₊` for a level that is no less than both ends: with `m` the mean of the ends, `d` half their difference
    /// and `v = σ² h`, the integral of the exceedance, `e^(2 d² / v) √(π v / 8) erfc((level − m) √(2 / v))`. Within 2e-7.
    ///
    /// ```
    /// use autodidact_brownian::Bridge;
    ///
    /// // ∫₁^∞ exp(−2 c² / 2) dc
    /// let bridge = Bridge { variance: 2.0, ends: [0.0, 0.0] };
    /// assert!((bridge.log_improvement(1.0).exp() - 0.139_402_792_640_330_98).abs() < 1e-7);
    /// ```
    pub fn log_improvement(&self, level: f64) -> f64 {
        let [x, y] = self.ends;
        let (mean, half) = (0.5 * (x + y), 0.5 * (x - y));
        let above = (level - mean) * (2.0 / self.variance).sqrt();
        let excess = 2.0 * (half * half - (level - mean).powi(2)) / self.variance;
        excess + log_scaled_erfc(above) + 0.5 * (std::f64::consts::PI * self.variance / 8.0).ln()
    }

    /// The supremum that is exceeded with probability `u`: `(x + y + √((x − y)² − 2 σ² h ln u)) / 2`.
    ///
    /// With `u` uniform on (0, 1] this draws the supremum exactly.
    ///
    /// ```
    /// use autodidact_brownian::Bridge;
    ///
    /// let bridge = Bridge { variance: 0.5, ends: [0.0, 1.0] };
    /// assert!((bridge.supremum((-8.0f64).exp()) - 2.0).abs() < 1e-12);
    /// assert_eq!(bridge.supremum(1.0), 1.0);
    /// ```
    pub fn supremum(&self, u: f64) -> f64 {
        let [x, y] = self.ends;
        let spread = ((x - y).powi(2) - 2.0 * self.variance * u.ln()).sqrt();
        (0.5 * (x + y + spread)).max(self.higher_end())
    }

    /// Mean and variance of the value at a share of the distance: `x + s (y − x)` and `s (1 − s) σ² h`.
    ///
    /// ```
    /// use autodidact_brownian::Bridge;
    ///
    /// assert_eq!(Bridge { variance: 1.0, ends: [0.0, 4.0] }.value_at(0.5), (2.0, 0.25));
    /// ```
    pub fn value_at(&self, share: f64) -> (f64, f64) {
        let [x, y] = self.ends;
        (x + share * (y - x), share * (1.0 - share) * self.variance)
    }
}

/// `ln(e^(z²) erfc(z))` for `z ≥ 0`, within 1.2e-7: the Chebyshev fit of Press et al., *Numerical recipes in C*, section 6.2.
fn log_scaled_erfc(z: f64) -> f64 {
    const FIT: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let t = 1.0 / (1.0 + 0.5 * z);
    t.ln() + FIT.iter().rev().fold(0.0, |sum, factor| factor + t * sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.integrate.quad` of the exceedance from the level on, scipy 1.17.1.
    #[test]
    fn improvement_is_the_integral_of_the_exceedance() {
        for (variance, ends, level, expected) in IMPROVEMENTS {
            let found = Bridge { variance, ends }.log_improvement(level).exp();
            assert!(
                (found / expected - 1.0).abs() < 1e-6,
                "{variance} {ends:?} {level}: {found}, {expected}"
            );
        }
    }

    const IMPROVEMENTS: [(f64, [f64; 2], f64, f64); 4] = [
        (1.0, [0.0, 0.0], 0.0, 0.6266570686577501),
        (0.25, [0.1, -0.4], 0.3, 0.03712258909040378),
        (0.01, [-0.2, 0.05], 0.1, 0.0006635813869144948),
        (2.0, [1.0, 1.0], 4.0, 1.957719323677975e-05),
    ];
}
