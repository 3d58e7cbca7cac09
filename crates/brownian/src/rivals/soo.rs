//! Simultaneous optimistic optimization.

use super::Plan;
use super::cells::{Cell, Cells, DEEPEST};

/// SOO (Munos 2011): sweeps over depths down to `√n` and cuts the best cell of each into thirds, if it is better than all
/// that were cut in this sweep. It knows nothing of the function's smoothness.
#[derive(Clone, Debug)]
pub struct Soo {
    cells: Cells,
    /// The next depth of the sweep, and the best value cut in it.
    depth: usize,
    highest: f64,
    evaluations: u64,
    /// What is cut now.
    cut: Option<Cell>,
}

impl Default for Soo {
    fn default() -> Self {
        Self::new()
    }
}

impl Soo {
    /// From the beginning.
    pub fn new() -> Self {
        Self { cells: Cells::default(), depth: 0, highest: f64::NEG_INFINITY, evaluations: 0, cut: None }
    }

    /// The next cell of the sweep that is cut, or the first of the next sweep.
    fn select(&mut self) -> Option<Cell> {
        // Two sweeps without a cut: all that is left is too deep.
        let mut sweeps = 0;
        while sweeps < 2 {
            let deepest = ((self.evaluations as f64).sqrt() as usize).min(DEEPEST as usize - 1);
            if self.depth >= self.cells.depths() || self.depth > deepest {
                (self.depth, self.highest) = (0, f64::NEG_INFINITY);
                sweeps += 1;
            }
            let depth = self.depth;
            self.depth += 1;
            if let Some(place) = self.cells.best(depth)
                && self.cells.get(depth, place).value >= self.highest
                && depth <= deepest
            {
                let cell = self.cells.remove(depth, place);
                self.highest = cell.value;
                return Some(cell);
            }
        }
        None
    }
}

impl Plan for Soo {
    fn next(&mut self) -> Vec<f64> {
        if self.evaluations == 0 {
            return vec![Cell::ROOT.centre()];
        }
        self.cut = self.select();
        self.cut.map_or_else(Vec::new, |cell| cell.outer().to_vec())
    }

    fn take(&mut self, values: &[f64]) {
        self.evaluations += values.len() as u64;
        match self.cut.take() {
            Some(cell) => self.cells.add_thirds(cell, values),
            None => self.cells.begin(values[0]),
        }
    }
}
