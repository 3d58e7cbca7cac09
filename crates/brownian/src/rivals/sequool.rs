//! Sequential online optimization, which knows its budget.

use super::Plan;
use super::cells::{Cell, Cells, DEEPEST};

/// `SequOOL` (Bartlett, Gabillon, Valko 2019): with n cuts and `h_max = ⌊n / Σ_{i ≤ n} 1/i⌋`, depth after depth cuts the
/// `⌊h_max / h⌋` best cells of depth h into thirds, once.
#[derive(Clone, Debug)]
pub struct Sequool {
    deepest: usize,
    depth: usize,
    cells: Cells,
    cut: Vec<Cell>,
    begun: bool,
}

impl Sequool {
    /// For so many evaluations: a cut takes two.
    pub fn new(evaluations: usize) -> Self {
        let cuts = (evaluations.saturating_sub(1) / 2).max(1);
        let harmonic = harmonic(cuts);
        let deepest = ((cuts as f64 / harmonic).floor() as usize).max(1);
        Self { deepest, depth: 0, cells: Cells::default(), cut: Vec::new(), begun: false }
    }
}

/// `Σ_{i ≤ n} 1/i`.
fn harmonic(n: usize) -> f64 {
    if n < 1000 {
        return (1..=n).map(|i| 1.0 / i as f64).sum();
    }
    // Euler's constant and the first terms of the series: exact to the last digit from here on.
    let n = n as f64;
    n.ln() + 0.577_215_664_901_532_9 + 0.5 / n - 1.0 / (12.0 * n * n)
}

impl Plan for Sequool {
    fn next(&mut self) -> Vec<f64> {
        if !self.begun {
            return vec![Cell::ROOT.centre()];
        }
        let (depth, deepest) = (self.depth, self.deepest);
        self.depth += 1;
        if depth > deepest || depth >= DEEPEST as usize {
            return Vec::new();
        }
        let count = deepest.checked_div(depth).unwrap_or(1);
        self.cut = (0..count)
            .map_while(|_| {
                let place = self.cells.best(depth)?;
                Some(self.cells.remove(depth, place))
            })
            .collect();
        self.cut.iter().flat_map(Cell::outer).collect()
    }

    fn take(&mut self, values: &[f64]) {
        self.begun = true;
        self.cells.take(&mut self.cut, values);
    }
}
