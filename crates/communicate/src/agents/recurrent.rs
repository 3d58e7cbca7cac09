//! A recurrent body: the state of a node is made from that of the node before it and the symbol that it reads.

use std::ops::Range;

use autodidact_kernels::Recycled;

use super::body::{OfInputs, OfLevel, at};
use super::cell::{CellPlaces, CellSums, EmbeddedCell};
use super::cut::{cut, cut_mut};
use super::dense::add_outer;
use super::encoder::add;
use super::forest::Forest;
use super::parameters::Parameters;

/// Embeddings and a cell. The object is the first h; the first c, and a first h without an object, are zeros.
#[derive(Clone, Debug)]
pub(super) struct Recurrent {
    places: CellPlaces,
    cell: EmbeddedCell,
}

/// What a step reads and makes, node by node.
#[derive(Debug)]
pub(super) struct RecurrentStates {
    hidden: usize,
    before_h: Recycled,
    before_c: Recycled,
    after_h: Recycled,
    after_c: Recycled,
    kept: Recycled,
}

impl RecurrentStates {
    pub fn of(&self, nodes: &Range<usize>) -> &[f32] {
        &self.after_h[at(nodes, self.hidden)]
    }
}

impl Recurrent {
    pub fn new(places: CellPlaces, parameters: &Parameters) -> Self {
        let cell = places.fold(parameters);
        Self { places, cell }
    }

    pub fn hidden(&self) -> usize {
        self.cell.hidden()
    }

    /// Symbols that it reads.
    pub fn symbols(&self) -> usize {
        self.cell.symbols()
    }

    pub fn refresh(&mut self, parameters: &Parameters) {
        self.cell = self.places.fold(parameters);
    }

    pub fn states(&self, nodes: usize) -> RecurrentStates {
        let [h, c] = [self.cell.hidden(), self.cell.cell_units()].map(|width| nodes * width);
        RecurrentStates {
            hidden: self.cell.hidden(),
            before_h: Recycled::new(h),
            before_c: Recycled::new(c),
            after_h: Recycled::new(h),
            after_c: Recycled::new(c),
            kept: Recycled::new(self.cell.cell.kept_len(nodes)),
        }
    }

    pub fn run(
        &self,
        forest: &Forest,
        levels: Range<usize>,
        objects: Option<&[f32]>,
        states: &mut RecurrentStates,
    ) {
        let (hidden, units) = (self.cell.hidden(), self.cell.cell_units());
        let RecurrentStates { before_h, before_c, after_h, after_c, kept, .. } = states;
        for level in levels {
            let nodes = &forest.levels[level];
            let (h, c) = (at(nodes, hidden), at(nodes, units));
            if level == 0 {
                match objects {
                    Some(objects) => before_h[h.clone()].copy_from_slice(objects),
                    None => before_h[h.clone()].fill(0.0),
                }
                before_c[c.clone()].fill(0.0);
            } else {
                for node in nodes.clone() {
                    let parent = forest.parents[node];
                    copy_row(hidden, after_h, parent, before_h, node);
                    copy_row(units, after_c, parent, before_c, node);
                }
            }
            let before = [&before_h[h.clone()], &before_c[c.clone()]];
            let after = [&mut after_h[h], &mut after_c[c]];
            let kept = &mut kept[self.kept(nodes)];
            let inputs = self.cell.inputs(&forest.inputs[nodes.clone()], forest.mixtures_of(nodes));
            self.cell.step(&inputs, before, after, kept);
        }
    }

    pub fn sums_len(&self) -> usize {
        self.places.sum_lens().iter().sum()
    }

    pub fn back(
        &self,
        forest: &Forest,
        states: &RecurrentStates,
        of_level: &mut OfLevel<'_>,
        sums: &mut [f32],
    ) -> OfInputs {
        let (hidden, units, width) = (self.cell.hidden(), self.cell.cell_units(), self.cell.width());
        let sums = &mut CellSums::new(cut_mut(self.places.sum_lens(), sums));
        let count = forest.count();
        let mut products = Recycled::<f32>::new(count * width);
        let symbols = self.cell.symbols();
        let mut of_mixtures = vec![0.0; forest.mixtures.len()];
        let (mut grad_h, mut grad_c): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
        for (level, nodes) in forest.levels.iter().enumerate().rev() {
            // What the next level's nodes hand back to the ones that they continue.
            let (further_h, further_c) = (std::mem::take(&mut grad_h), std::mem::take(&mut grad_c));
            grad_h.resize(nodes.len() * hidden, 0.0);
            grad_c.resize(nodes.len() * units, 0.0);
            for (row, node) in forest.levels.get(level + 1).cloned().into_iter().flatten().enumerate() {
                let parent = forest.parents[node] - nodes.start;
                add_row(hidden, &further_h, row, &mut grad_h, parent);
                add_row(units, &further_c, row, &mut grad_c, parent);
            }
            of_level(level, &mut grad_h, &of_mixtures);
            let before = [&states.before_h[at(nodes, hidden)], &states.before_c[at(nodes, units)]];
            let kept = &states.kept[self.kept(nodes)];
            let gradients = [&mut grad_h[..], &mut grad_c[..]];
            let of_step = &mut products[at(nodes, width)];
            let mixtures = forest.mixtures_of(nodes);
            let inputs = self.cell.inputs(&forest.inputs[nodes.clone()], mixtures);
            if let Some(mixtures) = mixtures {
                let mixed = (&inputs, mixtures, &mut of_mixtures[at(nodes, symbols)]);
                self.cell.mixed_step_back(mixed, before, kept, gradients, of_step, &mut sums.cell);
            } else {
                self.cell.step_back(&inputs, before, kept, gradients, of_step, &mut sums.cell);
            }
        }
        add_outer(count, &products, &states.before_h[..count * hidden], sums.state_weight);
        OfInputs { objects: grad_h, mixtures: of_mixtures }
    }

    pub fn unfold(&self, parameters: &Parameters, sums: &[f32], gradient: &mut [f32]) {
        self.places.unfold(parameters, cut(self.places.sum_lens(), sums), gradient);
    }

    /// Where what these nodes keep is.
    fn kept(&self, nodes: &Range<usize>) -> Range<usize> {
        self.cell.cell.kept_len(nodes.start)..self.cell.cell.kept_len(nodes.end)
    }
}

fn copy_row(width: usize, from: &[f32], at: usize, to: &mut [f32], row: usize) {
    to[row * width..][..width].copy_from_slice(&from[at * width..][..width]);
}

fn add_row(width: usize, from: &[f32], at: usize, to: &mut [f32], row: usize) {
    add(&mut to[row * width..][..width], &from[at * width..][..width]);
}
