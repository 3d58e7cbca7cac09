//! Beginnings of messages as trees, in which each symbol follows those above it.

use std::ops::Range;

use super::prefixes::Prefixes;

/// Nodes, level by level: those of level t read symbol t of a message.
#[derive(Debug, Default)]
pub(super) struct Forest {
    /// The symbol that a node reads.
    pub inputs: Vec<u32>,
    /// The mixture of symbols that a node reads instead, `[nodes, symbols]`; empty if nodes read symbols.
    pub mixtures: Vec<f32>,
    /// The node before it, one of the level before; of a first node itself.
    pub parents: Vec<usize>,
    /// The nodes of each level.
    pub levels: Vec<Range<usize>>,
}

impl Forest {
    /// With the first level: so many nodes that read the same symbol.
    pub fn rooted(rows: usize, symbol: u32) -> Self {
        let mut forest = Self::default();
        for node in 0..rows {
            forest.push(symbol, node);
        }
        forest.close();
        forest
    }

    /// Rows that read so many symbols each, which are to be told.
    pub fn chains(rows: usize, levels: usize) -> Self {
        let count = rows * levels;
        let parents = (0..count).map(|node| node.checked_sub(rows).unwrap_or(node)).collect();
        let levels = (0..levels).map(|level| level * rows..(level + 1) * rows).collect();
        Self { inputs: vec![0; count], mixtures: Vec::new(), parents, levels }
    }

    /// [`Self::chains`] that read mixtures of so many symbols.
    pub fn mixed(rows: usize, levels: usize, symbols: usize) -> Self {
        Self { mixtures: vec![0.0; rows * levels * symbols], ..Self::chains(rows, levels) }
    }

    /// The mixtures that some nodes read, if they do.
    pub fn mixtures_of(&self, nodes: &Range<usize>) -> Option<&[f32]> {
        let symbols = self.mixtures.len() / self.count();
        (symbols > 0).then(|| &self.mixtures[nodes.start * symbols..nodes.end * symbols])
    }

    /// Adds a node after one of the last level.
    pub fn push(&mut self, symbol: u32, parent: usize) {
        self.inputs.push(symbol);
        self.parents.push(parent);
    }

    /// Makes a level of the nodes that were added; whether there are any.
    pub fn close(&mut self) -> bool {
        let level = self.levels.last().map_or(0, |level| level.end)..self.inputs.len();
        let has_nodes = !level.is_empty();
        if has_nodes {
            self.levels.push(level);
        }
        has_nodes
    }

    pub fn count(&self) -> usize {
        self.inputs.len()
    }

    /// Writes the nodes from a level's down to a first one, the node itself first.
    pub fn path(&self, mut node: usize, level: usize, path: &mut Vec<usize>) {
        path.clear();
        path.push(node);
        for _ in 0..level {
            node = self.parents[node];
            path.push(node);
        }
    }
}

impl From<&Prefixes> for Forest {
    fn from(prefixes: &Prefixes) -> Self {
        let mut forest = Self {
            inputs: Vec::with_capacity(prefixes.count()),
            mixtures: Vec::new(),
            parents: Vec::with_capacity(prefixes.count()),
            levels: Vec::with_capacity(prefixes.levels.len()),
        };
        let mut before = 0;
        for level in &prefixes.levels {
            let start = forest.count();
            for &(symbol, parent) in level {
                let parent = if forest.levels.is_empty() { forest.count() } else { before + parent };
                forest.push(symbol, parent);
            }
            forest.levels.push(start..forest.count());
            before = start;
        }
        forest
    }
}
