//! A tree with what it takes to search it.

use pulp::{Simd, WithSimd};
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, Gamma};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::choose::{Scratch, values_of_improvement};
use crate::config::{Config, Dirichlet, Root};
use crate::halving::considered_visit;
use crate::lanes::{first_maximum, maximum};
use crate::node::ROOT;
use crate::tree::{Leaf, Step, Tree};
use crate::values::View;

/// A tree, its random numbers and its buffers. What it does depends on nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Worker<S> {
    pub tree: Tree<S>,
    pub rng: Xoshiro256PlusPlus,
    pub scratch: Scratch,
    pub halving: Option<Halving>,
}

/// Sequential halving at the root.
#[derive(Clone, Debug)]
pub(crate) struct Halving {
    /// `g + ln π` of each action, the largest at 0 without its noise.
    pub scores: Vec<f32>,
    /// Actions that are considered at first, and simulations that are planned.
    considered: u32,
    planned: u32,
    /// Visits of each action when the search began.
    before: Vec<u32>,
}

impl<S> Worker<S> {
    pub fn new(tree: Tree<S>, seed: u64) -> Self {
        let rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        Self { tree, rng, scratch: Scratch::default(), halving: None }
    }

    /// Gives the root the noise that the configuration asks for, before a search; `gumbels` take the place of drawn ones.
    pub fn prepare(&mut self, config: &Config, gumbels: Option<&[f32]>) {
        let root = self.tree.nodes[ROOT as usize];
        let prior = &mut self.tree.edges.prior[root.priors()];
        prior.copy_from_slice(&self.tree.root_prior);
        if let Some(noise) = config.noise {
            mix(prior, noise, &mut self.rng);
        }
        let Root::SequentialHalving { considered, gumbel } = config.root else {
            self.halving = None;
            return;
        };
        let highest = crate::lanes::highest(prior);
        let rng = &mut self.rng;
        let scores = prior.iter().enumerate().map(|(place, prior)| {
            let noise = match gumbels {
                Some(gumbels) => gumbels[place],
                None if gumbel => drawn_gumbel(rng),
                None => 0.0,
            };
            noise + (prior / highest).ln()
        });
        self.halving = Some(Halving {
            scores: scores.collect(),
            considered: considered.min(root.count),
            planned: config.num_simulations,
            before: self.tree.edges.visits[root.visited()].to_vec(),
        });
    }

    /// Goes down to a leaf, from the root or from a node that `path` leads to.
    #[inline]
    pub fn descend(&mut self, from: u32, config: &Config, path: &mut Vec<Step>) -> Leaf {
        let Self { tree, rng, scratch, halving } = self;
        tree.descend(from, config, path, scratch, rng, |tree, scratch| {
            halving.as_ref()?.choose(config, tree, scratch)
        })
    }
}

impl Halving {
    /// The considered action of the largest `g + ln π + σ(q)`.
    fn choose<S>(&self, config: &Config, tree: &Tree<S>, scratch: &mut Scratch) -> Option<usize> {
        self.count(tree, &mut scratch.made);
        let total: u32 = scratch.made.iter().sum();
        // More simulations than were planned go to the best.
        let wanted = (total < self.planned).then(|| considered_visit(self.considered, self.planned, total));
        self.best_of(config, tree, wanted, scratch)
    }

    /// Of the actions that this search visited most, the best.
    pub fn best<S>(&self, config: &Config, tree: &Tree<S>, scratch: &mut Scratch) -> Option<usize> {
        self.count(tree, &mut scratch.made);
        self.best_of(config, tree, None, scratch)
    }

    /// Counts the visits of each action in this search, those on their way among them.
    fn count<S>(&self, tree: &Tree<S>, made: &mut Vec<u32>) {
        let edges = tree.nodes[ROOT as usize].visited();
        let pending = tree.pending(edges.clone());
        let visits = tree.edges.visits[edges].iter().zip(&self.before).enumerate();
        made.clear();
        made.extend(
            visits.map(|(place, (now, before))| now - before + pending.map_or(0, |pending| pending[place])),
        );
    }

    fn best_of<S>(
        &self,
        config: &Config,
        tree: &Tree<S>,
        wanted: Option<u32>,
        scratch: &mut Scratch,
    ) -> Option<usize> {
        let view = tree.view(&tree.nodes[ROOT as usize]);
        scratch.scores.resize(view.prior.len(), 0.0);
        let Scratch { arch, scores, made, .. } = scratch;
        let most = made.iter().copied().max().unwrap_or(0);
        let visits = wanted.filter(|wanted| made.contains(wanted)).unwrap_or(most);
        arch.dispatch(Considered { config, view: &view, known: &self.scores, made, visits, scores })
    }
}

/// A draw from the Gumbel distribution, which is finite.
fn drawn_gumbel(rng: &mut impl Rng) -> f32 {
    let uniform = (f64::from(rng.random::<u32>()) + 0.5) / 4_294_967_296.0;
    -(-uniform.ln()).ln() as f32
}

/// The best of the actions with a number of visits.
struct Considered<'a> {
    config: &'a Config,
    view: &'a View<'a>,
    /// `g + ln π`.
    known: &'a [f32],
    made: &'a [u32],
    visits: u32,
    scores: &'a mut [f32],
}

impl WithSimd for Considered<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Option<usize> {
        let Self { config, view, known, made, visits, scores } = self;
        values_of_improvement(config, view, scores);
        let (made, known) = (&made[..scores.len()], &known[..scores.len()]);
        for place in 0..scores.len() {
            // The least logit that mctx has, so that an action of no prior is better than one that is not considered.
            let score = maximum(scores[place] + known[place], -1e9);
            scores[place] = if made[place] == visits { score } else { f32::NEG_INFINITY };
        }
        first_maximum(scores)
    }
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
