//! A tree with what it takes to search it.

use pulp::{Arch, Simd, WithSimd};
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, Gamma};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::Result;
use crate::choose::Scratch;
use crate::config::{Config, Dirichlet, Interior, Root};
use crate::few::FEW;
use crate::halving::Halving;
use crate::lanes::highest;
use crate::node::ROOT;
use crate::tree::{Expansion, Leaf, Step, Tree};

/// A tree and its random numbers. What it does depends on nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Worker<S> {
    pub tree: Tree<S>,
    pub rng: Xoshiro256PlusPlus,
    pub halving: Option<Halving>,
}

impl<S> Worker<S> {
    pub fn new(tree: Tree<S>, seed: u64) -> Self {
        let rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        Self { tree, rng, halving: None }
    }

    /// Gives the root the noise that the configuration asks for, before a search; `gumbels` take the place of drawn ones.
    pub fn prepare(&mut self, config: &Config, gumbels: Option<&[f32]>) {
        let root = self.tree.nodes[ROOT as usize];
        let prior = &mut self.tree.edges.prior[root.priors()];
        prior.copy_from_slice(&self.tree.root_prior);
        if let Some(noise) = config.noise {
            mix(prior, noise, &mut self.rng);
        }
        let is_kept = config.interior == Interior::Argmax && root.count <= FEW;
        self.tree.edges.keep_gains(is_kept.then(|| config.regularizer.family()), &self.tree.nodes);
        let prior = &self.tree.edges.prior[root.priors()];
        let Root::SequentialHalving { considered, gumbel } = config.root else {
            self.halving = None;
            return;
        };
        let highest = highest(prior);
        let rng = &mut self.rng;
        let scores = prior.iter().enumerate().map(|(place, prior)| {
            let noise = match gumbels {
                Some(gumbels) => gumbels[place],
                None if gumbel => drawn_gumbel(rng),
                None => 0.0,
            };
            noise + (prior / highest).ln()
        });
        let before = &self.tree.edges.visits[root.visited()];
        self.halving =
            Some(Halving::new(scores.collect(), considered.min(root.count), config.num_simulations, before));
    }

    /// Goes down to a leaf, from the root or from the node that `path` leads to.
    #[inline]
    pub fn descend(&mut self, config: &Config, path: &mut Vec<Step>, scratch: &mut Scratch) -> Leaf {
        scratch.arch.dispatch(Descend { worker: self, config, path, scratch })
    }

    /// Adds the position that a path leads to, and takes its value back to the root.
    #[inline]
    pub fn attach(
        &mut self,
        arch: Arch,
        path: &[Step],
        state: S,
        expansion: &Expansion<'_>,
        proven: Option<[f32; 2]>,
    ) -> Result<u32> {
        arch.dispatch(Attach { tree: &mut self.tree, path, state, expansion, proven })
    }
}

struct Attach<'a, S> {
    tree: &'a mut Tree<S>,
    path: &'a [Step],
    state: S,
    expansion: &'a Expansion<'a>,
    proven: Option<[f32; 2]>,
}

impl<S> WithSimd for Attach<'_, S> {
    type Output = Result<u32>;

    #[inline(always)]
    fn with_simd<V: Simd>(self, simd: V) -> Result<u32> {
        let Self { tree, path, state, expansion, proven } = self;
        let node = tree.attach(simd, path[path.len() - 1], state, expansion, proven)?;
        tree.back_up(path, expansion.value);
        Ok(node)
    }
}

struct Descend<'a, S> {
    worker: &'a mut Worker<S>,
    config: &'a Config,
    path: &'a mut Vec<Step>,
    scratch: &'a mut Scratch,
}

impl<S> WithSimd for Descend<'_, S> {
    type Output = Leaf;

    #[inline(always)]
    fn with_simd<V: Simd>(self, simd: V) -> Leaf {
        let Self { worker: Worker { tree, rng, halving }, config, path, scratch } = self;
        tree.descend(simd, config, path, scratch, rng, halving.as_ref())
    }
}

/// A draw from the Gumbel distribution, which is finite.
fn drawn_gumbel(rng: &mut impl Rng) -> f32 {
    let uniform = (f64::from(rng.random::<u32>()) + 0.5) / 4_294_967_296.0;
    -(-uniform.ln()).ln() as f32
}

/// Replaces a share of a prior by a draw from a Dirichlet distribution.
fn mix(prior: &mut [f32], Dirichlet { fraction, alpha }: Dirichlet, rng: &mut impl Rng) {
    let gamma = Gamma::new(alpha, 1.0).expect("the concentration was checked");
    let draws: Vec<f32> = prior.iter().map(|_| gamma.sample(rng)).collect();
    let sum: f32 = draws.iter().sum();
    // Of a very small concentration all draws can be too small for a number: then all is on one action.
    let alone = rng.random_range(0..prior.len());
    for (place, (prior, draw)) in prior.iter_mut().zip(draws).enumerate() {
        let share = if sum > 0.0 { draw / sum } else { f32::from(u8::from(place == alone)) };
        *prior = (1.0 - fraction) * *prior + fraction * share;
    }
}
