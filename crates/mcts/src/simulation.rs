//! One tree over the positions of a known game: collecting leaves, and adding them once they are evaluated.

use std::collections::HashMap;

use autodidact_games::{Action, Game, Turn};
use pulp::Arch;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::choose::Scratch;
use crate::config::{Config, Interior};
use crate::evaluator::{Batch, Evaluator};
use crate::node::{Kind, ROOT};
use crate::sampled;
use crate::tree::{Expansion, Leaf, Policy, Step, Tree, check_evaluation};
use crate::worker::Worker;
use crate::{Error, Result};

/// A tree of positions.
#[derive(Clone, Debug)]
pub(crate) struct Simulation<G> {
    pub worker: Worker<G>,
    /// Nodes by the key of their position and their distance from the root, where positions are merged.
    known: HashMap<(u64, usize), u32>,
    outcomes: Vec<(Action, f32)>,
    path: Vec<Step>,
    /// What the bounds of its nodes are for.
    proven: Option<[f32; 2]>,
}

/// Draws for each leaf that is wanted, at most: some meet.
const TRIES: usize = 4;

/// A position that has to be evaluated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    step: Step,
    reward: f32,
    discount: f32,
    is_second: bool,
    key: u64,
}

/// One of several leaves that wait for their evaluation.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    found: Found,
    path: Vec<Step>,
    /// Whether it counts as on its way.
    is_marked: bool,
}

impl<G: Game> Simulation<G> {
    /// Trees of roots, each with its seed, which are evaluated together.
    pub fn roots(
        config: &Config,
        games: Vec<(G, u64)>,
        evaluator: &impl Evaluator<G>,
        batch: &mut Batch<G>,
    ) -> Result<Vec<Self>> {
        batch.clear();
        for (game, seed) in &games {
            match game.turn() {
                Turn::Over => return Err(Error::Over),
                Turn::Chance => {}
                Turn::First | Turn::Second => batch.push(game.clone(), *seed),
            }
        }
        if !batch.is_empty() {
            evaluator.evaluate(batch)?;
        }
        let mut evaluated = 0;
        let mut searches = Vec::with_capacity(games.len());
        for (game, seed) in games {
            let mut root = Expansion {
                kind: Kind::Chance,
                is_second: game.turn() == Turn::Second,
                reward: 0.0,
                discount: 1.0,
                value: 0.0,
                actions: &[],
                policy: Policy::Priors(&[]),
            };
            let (actions, priors): (Vec<Action>, Vec<f32>);
            if game.turn() == Turn::Chance {
                let mut outcomes = Vec::new();
                game.chance_outcomes(&mut outcomes);
                (actions, priors) = outcomes.into_iter().unzip();
                (root.actions, root.policy) = (&actions, Policy::Priors(&priors));
            } else {
                (root.kind, root.value) = (Kind::Decision, batch.value(evaluated));
                let policy = batch.policy(evaluated);
                (root.actions, root.policy) = (batch.actions(evaluated), Policy::Priors(policy));
                let mut rng = Xoshiro256PlusPlus::seed_from_u64(!seed);
                if let Some(drawn) = sampled::wanted(config, root.actions, policy, &mut rng) {
                    (actions, priors) = drawn;
                    (root.actions, root.policy) = (&actions, Policy::Priors(&priors));
                }
                evaluated += 1;
            }
            let tree = Tree::new(game, &root, config.proven)?;
            searches.push(Self {
                worker: Worker::new(tree, seed),
                known: HashMap::new(),
                outcomes: Vec::new(),
                path: Vec::new(),
                proven: config.proven,
            });
        }
        Ok(searches)
    }

    /// Whether the value of the root is known for certain, so that nothing is left to search.
    pub fn is_decided(&self) -> bool {
        self.worker.tree.nodes[ROOT as usize].is_decided()
    }

    /// Makes the tree one for a configuration that has changed.
    pub fn adapt(&mut self, config: &Config) {
        if self.proven != config.proven {
            self.worker.tree.forget_bounds(config.proven);
            self.proven = config.proven;
        }
    }

    /// Makes the part of the tree below a place of the root the whole tree, if there is one.
    pub fn keep(&mut self, place: usize, seed: u64) -> bool {
        let worker = &mut self.worker;
        if !worker.tree.is_visited(place) {
            return false;
        }
        let empty = Tree::empty();
        let tree = std::mem::replace(&mut worker.tree, empty);
        self.worker = Worker::new(tree.below(place), seed);
        // Distances have changed.
        self.known.clear();
        true
    }

    /// Begins a simulation, and puts the position that it leads to into the batch if it has to be evaluated. [`finish`](Self::finish)
    /// comes before the next one begins.
    #[inline(always)]
    pub fn begin(
        &mut self,
        config: &Config,
        batch: &mut Batch<G>,
        scratch: &mut Scratch,
    ) -> Result<Option<Found>> {
        self.path.clear();
        self.descend(config, batch, scratch)
    }

    /// Makes simulations up to those that wait for an evaluation, `leaves` of them at most, and returns how many it began.
    pub fn collect(
        &mut self,
        config: &Config,
        leaves: usize,
        batch: &mut Batch<G>,
        waiting: &mut Vec<Waiting>,
        scratch: &mut Scratch,
    ) -> Result<usize> {
        let (mut begun, mut tries) = (0, 0);
        while begun < leaves && tries < TRIES * leaves {
            tries += 1;
            let Some(found) = self.begin(config, batch, scratch)? else {
                begun += 1;
                continue;
            };
            if waiting.iter().any(|other| other.found.step == found.step) {
                // It waits already. What differs by drawing may meet; what does not has nothing else to look at.
                batch.pop();
                if config.interior == Interior::Sample {
                    continue;
                }
                break;
            }
            let is_marked = leaves > 1 && config.interior != Interior::Sample;
            if is_marked {
                self.worker.tree.mark_pending(&self.path, true);
            }
            begun += 1;
            waiting.push(Waiting { found, path: std::mem::take(&mut self.path), is_marked });
        }
        Ok(begun)
    }

    /// Goes down to a position that has to be evaluated and puts it into the batch, or takes a value back that is known.
    #[inline(always)]
    fn descend(
        &mut self,
        config: &Config,
        batch: &mut Batch<G>,
        scratch: &mut Scratch,
    ) -> Result<Option<Found>> {
        loop {
            let step = match self.worker.descend(config, &mut self.path, scratch) {
                Leaf::New(step) => step,
                Leaf::Known(node) => {
                    let value = self.worker.tree.known_value(node);
                    self.worker.tree.back_up(&self.path, value);
                    self.settle(config);
                    return Ok(None);
                }
            };
            let tree = &mut self.worker.tree;
            let parent = tree.nodes[step.node as usize];
            let mut game = tree.states[step.node as usize].clone();
            let reward = game.play(tree.action(step));
            let turn = game.turn();
            // Where chance decides, the player who moved last is the one whose reward it is.
            let is_second = if turn == Turn::Chance { parent.is_second } else { turn == Turn::Second };
            let discount = if is_second == parent.is_second { 1.0 } else { -1.0 };
            let expansion = Expansion {
                kind: Kind::Over,
                is_second,
                reward,
                discount,
                value: 0.0,
                actions: &[],
                policy: Policy::Priors(&[]),
            };
            match turn {
                Turn::Over => {
                    self.worker.attach(scratch.arch, &self.path, game, &expansion, config.proven)?;
                    self.settle(config);
                    return Ok(None);
                }
                Turn::Chance => {
                    game.chance_outcomes(&mut self.outcomes);
                    let (actions, priors): (Vec<Action>, Vec<f32>) = self.outcomes.iter().copied().unzip();
                    let policy = Policy::Priors(&priors);
                    let chance = Expansion { kind: Kind::Chance, actions: &actions, policy, ..expansion };
                    tree.attach(pulp::Scalar::new(), step, game, &chance, config.proven)?;
                }
                Turn::First | Turn::Second => {
                    let key = if config.transpositions { game.key() } else { 0 };
                    if config.transpositions
                        && let Some(&node) = self.known.get(&(key, self.path.len()))
                        && tree.nodes[node as usize].reward == reward
                        && tree.nodes[node as usize].discount == discount
                    {
                        tree.edges.child[step.edge as usize] = node;
                        continue;
                    }
                    let seed = self.worker.rng.random();
                    batch.push(game, seed);
                    return Ok(Some(Found { step, reward, discount, is_second, key }));
                }
            }
        }
    }

    /// Adds the leaves that waited, whose evaluations are those of the batch, and takes their values back.
    pub fn attach_all(
        &mut self,
        config: &Config,
        batch: &Batch<G>,
        games: impl Iterator<Item = G>,
        waiting: &mut Vec<Waiting>,
        arch: Arch,
    ) -> Result<()> {
        // All are looked at before the first is added.
        let checked = (0..waiting.len())
            .try_for_each(|index| check_evaluation(batch.value(index), batch.policy(index)));
        if checked.is_err() {
            self.forget(waiting);
            return checked;
        }
        for ((leaf, game), index) in waiting.drain(..).zip(games).zip(0..) {
            if leaf.is_marked {
                self.worker.tree.mark_pending(&leaf.path, false);
            }
            self.path = leaf.path;
            self.finish(config, batch, index, game, leaf.found, arch)?;
        }
        Ok(())
    }

    /// Adds the position that the path leads to, which has an evaluation now, and takes its value back.
    #[inline(always)]
    pub fn finish(
        &mut self,
        config: &Config,
        batch: &Batch<G>,
        index: usize,
        game: G,
        found: Found,
        arch: Arch,
    ) -> Result<()> {
        let Found { reward, discount, is_second, key, .. } = found;
        let value = batch.value(index);
        let (mut actions, mut priors) = (batch.actions(index), batch.policy(index));
        let drawn = sampled::wanted(config, actions, priors, &mut self.worker.rng);
        if let Some(drawn) = &drawn {
            (actions, priors) = (&drawn.0, &drawn.1);
        }
        let policy = Policy::Priors(priors);
        let expansion =
            Expansion { kind: Kind::Decision, is_second, reward, discount, value, actions, policy };
        let node = self.worker.attach(arch, &self.path, game, &expansion, config.proven)?;
        if config.transpositions {
            self.known.insert((key, self.path.len()), node);
        }
        self.settle(config);
        Ok(())
    }

    /// Takes back that leaves are on their way.
    pub fn forget(&mut self, waiting: &mut Vec<Waiting>) {
        for leaf in waiting.drain(..) {
            if leaf.is_marked {
                self.worker.tree.mark_pending(&leaf.path, false);
            }
        }
    }

    /// What follows a value that was taken back to the root where positions are merged or results are proven.
    #[inline(always)]
    fn settle(&mut self, config: &Config) {
        let tree = &mut self.worker.tree;
        if config.transpositions {
            tree.refresh(&self.path);
        }
        if let Some(range) = config.proven {
            tree.tighten(&self.path, range);
        }
    }
}
