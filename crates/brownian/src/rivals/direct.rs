//! Dividing rectangles, in one dimension.

use super::Plan;
use super::cells::{Cell, Cells, DEEPEST};

/// How much better than the best value a cell must promise to be, as a share of that value; 1e-4 in the paper.
const SHARE: f64 = 1e-4;

/// DIRECT (Jones, Perttunen, Stuckman 1993): cuts into thirds every cell that would hold the maximum for some Lipschitz
/// constant: those on the upper hull of (half length, value) that also promise a gain on the best value.
#[derive(Clone, Debug, Default)]
pub struct Direct {
    cells: Cells,
    best: f64,
    cut: Vec<Cell>,
    begun: bool,
}

impl Direct {
    /// From the beginning.
    pub fn new() -> Self {
        Self::default()
    }

    /// The best cell of each depth, as (half length, value, depth, place), the smallest first.
    fn candidates(&self) -> Vec<(f64, f64, usize, usize)> {
        let depths = (0..self.cells.depths().min(DEEPEST as usize)).rev();
        depths
            .filter_map(|depth| {
                let place = self.cells.best(depth)?;
                let half = 0.5 * 3f64.powi(-(depth as i32));
                Some((half, self.cells.get(depth, place).value, depth, place))
            })
            .collect()
    }

    fn select(&self) -> Vec<(usize, usize)> {
        let candidates = self.candidates();
        let needed = self.best + SHARE * self.best.abs();
        let chosen = candidates.iter().enumerate().filter(|(at, (half, value, ..))| {
            // A constant L for which the cell's bound `value + L half` is highest must be at least this for the smaller cells,
            let least = candidates[..*at].iter().map(|smaller| (smaller.1 - value) / (half - smaller.0));
            // and at most this for the larger ones.
            let most = candidates[at + 1..].iter().map(|larger| (value - larger.1) / (larger.0 - half));
            let (least, most) = (least.fold(0.0, f64::max), most.fold(f64::INFINITY, f64::min));
            most > 0.0 && least <= most && (most.is_infinite() || value + most * half >= needed)
        });
        chosen.map(|(_, (.., depth, place))| (*depth, *place)).collect()
    }
}

impl Plan for Direct {
    fn next(&mut self) -> Vec<f64> {
        if !self.begun {
            return vec![Cell::ROOT.centre()];
        }
        let chosen = self.select();
        self.cut = chosen.into_iter().map(|(depth, place)| self.cells.remove(depth, place)).collect();
        self.cut.iter().flat_map(Cell::outer).collect()
    }

    fn take(&mut self, values: &[f64]) {
        self.best =
            values.iter().copied().fold(if self.begun { self.best } else { f64::NEG_INFINITY }, f64::max);
        self.begun = true;
        self.cells.take(&mut self.cut, values);
    }
}
