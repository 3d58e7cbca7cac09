//! Stochastic simultaneous optimistic optimization.

use super::Plan;
use super::cells::{Cell, DEEPEST};

/// `StoSOO` (Valko, Carpentier, Munos 2013) for values with noise between 0 and 1 in size: SOO on upper confidence bounds
/// `mean + √(ln(n k / δ) / 2 T)`, where a cell is cut after k evaluations of its centre. With n evaluations `k = n / ln³ n`,
/// `δ = 1 / √n`, depths down to `√(n / k)`. It recommends the best mean of the deepest cells that were cut.
#[derive(Clone, Debug)]
pub struct Stosoo {
    pulls: u32,
    /// `ln(n k / δ) / 2`
    confidence: f64,
    deepest: u32,
    leaves: Vec<Sampled>,
    /// Cells that were cut.
    cut: Vec<Sampled>,
    depth: u32,
    highest: f64,
    /// The leaf that is evaluated now.
    now: usize,
}

/// A cell, how often its centre was evaluated, and their mean, which is its value.
#[derive(Clone, Copy, Debug)]
struct Sampled {
    cell: Cell,
    count: u32,
}

impl Stosoo {
    /// For so many evaluations.
    pub fn new(evaluations: usize) -> Self {
        let n = evaluations.max(3) as f64;
        let pulls = (n / n.ln().powi(3)).ceil().max(1.0);
        Self {
            pulls: pulls as u32,
            confidence: 0.5 * (n * pulls * n.sqrt()).ln(),
            deepest: ((n / pulls).sqrt() as u32).min(DEEPEST - 1),
            leaves: vec![Sampled { cell: Cell::ROOT, count: 0 }],
            cut: Vec::new(),
            depth: 0,
            highest: f64::NEG_INFINITY,
            now: 0,
        }
    }

    fn bound(&self, leaf: &Sampled) -> f64 {
        if leaf.count == 0 {
            return f64::INFINITY;
        }
        leaf.cell.value + (self.confidence / f64::from(leaf.count)).sqrt()
    }

    /// The leaf of the largest bound at a depth; of equals the first that was added.
    fn best_of(&self, depth: u32) -> Option<usize> {
        let leaves = self.leaves.iter().enumerate().filter(|(_, leaf)| leaf.cell.depth == depth);
        Some(leaves.rev().max_by(|a, b| self.bound(a.1).total_cmp(&self.bound(b.1)))?.0)
    }
}

impl Plan for Stosoo {
    fn next(&mut self) -> Vec<f64> {
        // Two sweeps without an evaluation: all that is left is too deep.
        let mut sweeps = 0;
        while sweeps < 2 {
            let below = self.leaves.iter().map(|leaf| leaf.cell.depth).max().unwrap_or(0);
            if self.depth > below.min(self.deepest) {
                (self.depth, self.highest) = (0, f64::NEG_INFINITY);
                sweeps += 1;
            }
            let depth = self.depth;
            self.depth += 1;
            let Some(place) = self.best_of(depth) else { continue };
            let leaf = self.leaves[place];
            let bound = self.bound(&leaf);
            if bound < self.highest {
                continue;
            }
            if leaf.count < self.pulls {
                self.now = place;
                return vec![leaf.cell.centre()];
            }
            self.highest = bound;
            self.leaves.remove(place);
            self.cut.push(leaf);
            self.leaves.extend(leaf.cell.thirds().map(|cell| Sampled { cell, count: 0 }));
            sweeps = 0;
        }
        Vec::new()
    }

    fn take(&mut self, values: &[f64]) {
        let Sampled { cell, count } = &mut self.leaves[self.now];
        let before = if *count == 0 { 0.0 } else { cell.value };
        *count += 1;
        cell.value = before + (values[0] - before) / f64::from(*count);
    }

    fn recommended(&self) -> Option<[f64; 2]> {
        let deepest = self.cut.iter().map(|sampled| sampled.cell.depth).max()?;
        let cells = self.cut.iter().filter(|sampled| sampled.cell.depth == deepest);
        let best = cells.max_by(|a, b| a.cell.value.total_cmp(&b.cell.value))?;
        Some([best.cell.centre(), best.cell.value])
    }
}
