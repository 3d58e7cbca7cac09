//! Choosing among few actions, where nothing but their scores counts: one by one, for the processor foresees where such loops lead and
//! goes on there before it has compared anything. Vectors would have it wait.

use std::hint::cold_path;

use pulp::Simd;

use crate::choose::Factors;
use crate::config::{Config, Interior, Normalization, Regularizer, Unvisited};
use crate::node::{Edges, Kind, NONE, Node};
use crate::tree::{Leaf, Step, Tree};
use crate::values::inverse_range;


/// Actions at most; of more, vectors are faster.
pub(crate) const FEW: u32 = 9;

/// What scores depend on beside the node, all the way down to a leaf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain {
    regularizer: Regularizer,
    low: f32,
    inverse: f32,
    /// The normalized value of an action without a visit; that of the node if it is none.
    fill: Option<f32>,
}

impl Plain {
    /// For configurations by which the largest score decides and the scale of values is the same at all nodes.
    #[inline(always)]
    pub fn of<S: Simd>(config: &Config, tree_range: [f32; 2]) -> Option<Self> {
        // Where there are no vectors a sum of a product may be rounded twice, or take long.
        if config.interior != Interior::Argmax || S::F32_LANES == 1 {
            return None;
        }
        let [low, high] = match config.normalization {
            Normalization::Fixed { low, high } => [low, high],
            Normalization::Tree => tree_range,
            Normalization::Node => return None,
        };
        let fill = match config.unvisited {
            Unvisited::NodeValue => None,
            Unvisited::Zero => Some(0.0),
            Unvisited::Normalized { value } => Some(value),
            Unvisited::NodeMinimum | Unvisited::Mixed => return None,
        };
        Some(Self { regularizer: config.regularizer, low, inverse: inverse_range(low, high), fill })
    }

    /// The place of the action of the largest score, the first of equals.
    #[inline(always)]
    pub fn choose(self, edges: &Edges, node: &Node, factors: &mut Factors) -> usize {
        let Self { regularizer, low, inverse, fill } = self;
        let factor = factors.of(regularizer, node.action_visits());
        let fill = fill.unwrap_or((node.value as f32 - low) * inverse);
        let (first, count) = (node.first_visit as usize, node.count as usize);
        let range = first..first + count;
        let (visits, gains) = (&edges.visits[range.clone()][..count], &edges.gain[range.clone()][..count]);
        let q = &edges.q[range][..count];
        let (mut best, mut highest) = (0, f32::NEG_INFINITY);
        for place in 0..count {
            let visited = (q[place] - low) * inverse;
            let q = if visits[place] > 0 { visited } else { fill };
            let score = factor.mul_add(gains[place], q);
            if score > highest {
                // Keeps it a branch.
                cold_path();
                (best, highest) = (place, score);
            }
        }
        best
    }
}

impl Node {
    /// Whether nothing but scores of a few actions counts here.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        self.kind == Kind::Decision && !self.is_informed && self.count <= FEW
    }
}

impl<S> Tree<S> {
    /// Goes on from a node where choices are plain, and lengthens the path: to a leaf, or to where they are not.
    #[inline(always)]
    pub fn descend_plainly(
        &mut self,
        plain: Plain,
        at: &mut u32,
        max_depth: u32,
        path: &mut Vec<Step>,
        factors: &mut Factors,
    ) -> Option<Leaf> {
        loop {
            let node = &mut self.nodes[*at as usize];
            if !node.is_plain() || path.len() as u32 >= max_depth {
                return None;
            }
            if node.first_visit == NONE {
                node.first_visit = self.edges.open(node.priors());
            }
            let place = plain.choose(&self.edges, node, factors);
            let step = Step { node: *at, edge: node.first_visit + place as u32 };
            path.push(step);
            *at = self.edges.child[step.edge as usize];
            if *at == NONE {
                return Some(Leaf::New(step));
            }
        }
    }
}
