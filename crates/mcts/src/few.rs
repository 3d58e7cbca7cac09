//! Choosing among few actions, where nothing but their scores counts: one by one, for the processor foresees where such loops lead and
//! goes on there before it has compared anything. Vectors would have it wait.

use std::hint::cold_path;

use pulp::Simd;

use crate::choose::Factors;
use crate::config::{Config, Interior, Normalization, Regularizer, Unvisited};
use crate::node::{Edges, Kind, NONE, Node};
use crate::tree::{Leaf, Step, Tree};
use crate::values::inverse_range;

/// Actions at most: those of the smallest games.
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

#[cfg(test)]
mod tests {
    use pulp::{Arch, Simd, WithSimd};
    use rand::{Rng, RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::{FEW, Plain};
    use crate::choose::{Scratch, choose};
    use crate::config::{Config, Normalization, Unvisited};
    use crate::node::{Kind, ROOT};
    use crate::tree::{Expansion, Policy, Tree};

    /// What is chosen at the root, one by one and with vectors.
    struct Choices<'a> {
        config: &'a Config,
        tree: &'a Tree<()>,
        scratch: &'a mut Scratch,
    }

    impl WithSimd for Choices<'_> {
        type Output = Option<[usize; 2]>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let Self { config, tree, scratch } = self;
            let root = &tree.nodes[ROOT as usize];
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
            let with_vectors = choose(simd, config, &tree.view(root), None, &mut 0.0, scratch, &mut rng);
            let plain = Plain::of::<S>(config, tree.range)?;
            Some([plain.choose(&tree.edges, root, &mut scratch.factors), with_vectors])
        }
    }

    fn tree(count: u32, config: &Config, rng: &mut impl Rng) -> Tree<()> {
        let weights: Vec<f32> = (0..count).map(|_| rng.random::<f32>()).collect();
        let sum: f32 = weights.iter().sum();
        let priors: Vec<f32> = weights.iter().map(|weight| weight / sum).collect();
        let actions: Vec<u32> = (0..count).collect();
        let (kind, policy) = (Kind::Decision, Policy::Priors(&priors));
        let root = Expansion {
            kind,
            is_second: false,
            reward: 0.0,
            discount: 1.0,
            value: 0.1,
            actions: &actions,
            policy,
        };
        let mut tree = Tree::new((), &root, None).expect("a position");
        for place in 0..count as usize {
            // Few values, so that some scores are the same.
            tree.edges.visits[place] = rng.random_range(0..3);
            tree.edges.q[place] = rng.random_range(-1..2) as f32;
        }
        tree.nodes[ROOT as usize].visits += tree.edges.visits.iter().sum::<u32>();
        tree.edges.keep_gains(Some(config.regularizer.family()), &tree.nodes);
        tree
    }

    #[test]
    fn the_choice_is_that_of_vectors() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
        let plain = Config::alpha_zero(100);
        for config in [
            plain,
            Config { normalization: Normalization::Tree, unvisited: Unvisited::Zero, ..plain },
            Config::uct(100, 1.4),
        ] {
            let mut scratch = Scratch::default();
            scratch.prepare(&config);
            for count in (1..=FEW).cycle().take(900) {
                let tree = tree(count, &config, &mut rng);
                let choices =
                    Arch::new().dispatch(Choices { config: &config, tree: &tree, scratch: &mut scratch });
                // A machine without vectors chooses in one way only.
                if let Some([one_by_one, with_vectors]) = choices {
                    assert_eq!(one_by_one, with_vectors, "{:?}", tree.edges);
                }
            }
        }
    }
}
