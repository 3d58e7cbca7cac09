//! Intervals that are known by the value at their centre and are cut into thirds.

/// An interval of the length `3^-depth`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    /// Its number among those of its depth.
    index: u64,
    pub depth: u32,
    /// At the centre.
    pub value: f64,
}

/// Below this, thirds of an interval are no numbers of their own.
pub(super) const DEEPEST: u32 = 32;

impl Cell {
    /// The whole.
    pub const ROOT: Self = Self { index: 0, depth: 0, value: f64::NEG_INFINITY };

    pub fn centre(&self) -> f64 {
        (self.index as f64 + 0.5) / 3f64.powi(self.depth as i32)
    }

    /// The centres of its outer thirds.
    pub fn outer(&self) -> [f64; 2] {
        let [left, _, right] = self.thirds();
        [left.centre(), right.centre()]
    }

    /// Its thirds; the middle one has its centre and value.
    pub fn thirds(&self) -> [Self; 3] {
        [0, 1, 2].map(|third| Self {
            index: 3 * self.index + third,
            depth: self.depth + 1,
            value: self.value,
        })
    }
}

/// Cells by depth.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    depths: Vec<Vec<Cell>>,
}

impl Cells {
    /// Values at the centre of the whole, or at those of the outer thirds of the cells that are cut.
    pub fn take(&mut self, cut: &mut Vec<Cell>, values: &[f64]) {
        if self.depths.is_empty() {
            self.begin(values[0]);
            return;
        }
        for (cell, outer) in cut.drain(..).zip(values.chunks(2)) {
            self.add_thirds(cell, outer);
        }
    }

    /// Begins with the whole.
    pub fn begin(&mut self, value: f64) {
        self.add(Cell { value, ..Cell::ROOT });
    }

    /// The thirds of a cell, given the values at the centres of the outer ones.
    pub fn add_thirds(&mut self, cell: Cell, outer: &[f64]) {
        let [left, middle, right] = cell.thirds();
        self.add(Cell { value: outer[0], ..left });
        self.add(middle);
        self.add(Cell { value: outer[1], ..right });
    }

    fn add(&mut self, cell: Cell) {
        let depth = cell.depth as usize;
        if self.depths.len() <= depth {
            self.depths.resize(depth + 1, Vec::new());
        }
        self.depths[depth].push(cell);
    }

    pub fn depths(&self) -> usize {
        self.depths.len()
    }

    /// Place of the best of a depth; of equals the first that was added.
    pub fn best(&self, depth: usize) -> Option<usize> {
        let cells = self.depths.get(depth)?.iter().enumerate();
        Some(cells.rev().max_by(|a, b| a.1.value.total_cmp(&b.1.value))?.0)
    }

    pub fn get(&self, depth: usize, place: usize) -> Cell {
        self.depths[depth][place]
    }

    pub fn remove(&mut self, depth: usize, place: usize) -> Cell {
        self.depths[depth].remove(place)
    }
}
