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
