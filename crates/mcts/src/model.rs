//! Searching in a learned model, which is only asked for what it predicts.

use autodidact_games::Action;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use crate::choose::Scratch;
use crate::config::Config;
use crate::node::Kind;
use crate::output::{Ended, PolicyOutput};
use crate::planner::RESERVED;
use crate::sampled;
use crate::snapshot::Snapshot;
use crate::tree::{Expansion, Leaf, Policy, Step, Tree};
use crate::vectors::Softmax;
use crate::worker::Worker;
use crate::{Error, Result};

/// A learned model: from a state and an action to what follows (MuZero's dynamics and prediction functions).
pub trait Model: Sync {
    /// What the model knows of a position.
    type State: Send + Sync;

    /// Actions below the root, all of which are legal.
    fn num_actions(&self) -> usize;

    /// Predicts one step for each pair of a state and an action, in their order, into `predictions`, which is empty.
    ///
    /// A row may depend on its pair alone.
    ///
    /// # Errors
    /// Whatever keeps it from that; the search ends with the same error.
    fn recurrent(
        &self,
        steps: &[(&Self::State, Action)],
        predictions: &mut Predictions<Self::State>,
    ) -> Result<()>;
}

/// What a model predicts for B steps with A actions.
#[derive(Clone, Debug)]
pub struct Predictions<S> {
    /// States after the steps, `[B]`.
    pub states: Vec<S>,
    /// Rewards of the steps, `[B]`.
    pub rewards: Vec<f32>,
    /// What values after the steps count before them, `[B]`: γ, 0 at the end of an episode, negative where the players of a game change.
    pub discounts: Vec<f32>,
    /// Values of the states after the steps, `[B]`.
    pub values: Vec<f32>,
    /// Logits of policies there, `[B, A]`.
    pub logits: Vec<f32>,
}

impl<S> Default for Predictions<S> {
    fn default() -> Self {
        Self {
            states: Vec::new(),
            rewards: Vec::new(),
            discounts: Vec::new(),
            values: Vec::new(),
            logits: Vec::new(),
        }
    }
}

impl<S> Predictions<S> {
    fn clear(&mut self) {
        self.states.clear();
        self.rewards.clear();
        self.discounts.clear();
        self.values.clear();
        self.logits.clear();
    }

    fn check(&self, steps: usize, actions: usize) -> Result<()> {
        let lengths = [
            ("states", self.states.len(), steps),
            ("rewards", self.rewards.len(), steps),
            ("discounts", self.discounts.len(), steps),
            ("values", self.values.len(), steps),
            ("logits", self.logits.len(), steps * actions),
        ];
        match lengths.into_iter().find(|(_, found, expected)| found != expected) {
            Some((name, found, expected)) => Err(Error::Length { name, found, expected }),
            None => Ok(()),
        }
    }
}

/// What a model says of the position that is searched (MuZero's representation and prediction functions).
#[derive(Clone, Debug)]
pub struct Prediction<S> {
    /// The state.
    pub state: S,
    /// Its value.
    pub value: f32,
    /// The legal actions.
    pub actions: Vec<Action>,
    /// Their logits, in the same order.
    pub logits: Vec<f32>,
}

/// A search in a model: many positions at once, a tree for each.
///
/// ```
/// use autodidact_mcts::{Config, Model, ModelSearch, Prediction, Predictions, Result};
///
/// /// A walk on whole numbers: each step to the right earns what the number is.
/// struct Walk;
///
/// impl Model for Walk {
///     type State = i32;
///
///     fn num_actions(&self) -> usize {
///         2
///     }
///
///     fn recurrent(&self, steps: &[(&i32, u32)], predictions: &mut Predictions<i32>) -> Result<()> {
///         for (state, action) in steps {
///             let next = *state + if *action == 1 { 1 } else { -1 };
///             predictions.states.push(next);
///             predictions.rewards.push(next as f32);
///             predictions.discounts.push(0.9);
///             predictions.values.push(0.0);
///             predictions.logits.extend([0.0, 0.0]);
///         }
///         Ok(())
///     }
/// }
///
/// let root = Prediction { state: 0, value: 0.0, actions: vec![0, 1], logits: vec![0.0, 0.0] };
/// let mut search = ModelSearch::new(Config::gumbel(32), &Walk, vec![root], 1)?;
/// search.run(&Walk)?;
/// assert_eq!(search.outputs()[0].action, 1);
/// # Ok::<(), autodidact_mcts::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ModelSearch<S> {
    config: Config,
    num_actions: usize,
    workers: Vec<Worker<S>>,
    paths: Vec<Vec<Step>>,
    scratch: Scratch,
}

impl<S: Send + Sync> ModelSearch<S> {
    /// Trees of the roots. All that is drawn follows from the seed.
    ///
    /// # Errors
    /// Those of [`Config::check`]; [`Error::Length`], [`Error::NotFinite`] and [`Error::NoActions`] for predictions that are none.
    pub fn new<M: Model<State = S>>(
        config: Config,
        model: &M,
        roots: Vec<Prediction<S>>,
        seed: u64,
    ) -> Result<Self> {
        let mut seeds = Xoshiro256PlusPlus::seed_from_u64(seed);
        let seeds = (0..roots.len()).map(|_| seeds.random()).collect();
        Self::with_seeds(config, model, roots, seeds)
    }

    fn with_seeds<M: Model<State = S>>(
        config: Config,
        model: &M,
        roots: Vec<Prediction<S>>,
        seeds: Vec<u64>,
    ) -> Result<Self> {
        config.check()?;
        let num_actions = model.num_actions();
        let mut workers = Vec::with_capacity(roots.len());
        for (root, seed) in roots.into_iter().zip(seeds) {
            let Prediction { state, value, actions, mut logits } = root;
            if logits.len() != actions.len() {
                return Err(Error::Length { name: "logits", found: logits.len(), expected: actions.len() });
            }
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(!seed);
            pulp::Arch::new().dispatch(Softmax(&mut logits));
            let drawn = sampled::wanted(&config, &actions, &logits, &mut rng);
            let root = expansion(&actions, Policy::Priors(&logits), drawn.as_ref(), [0.0, 1.0, value]);
            let mut worker = Worker::new(Tree::new(state, &root, None)?, seed);
            worker.prepare(&config, None);
            worker.tree.reserve(config.num_simulations.min(RESERVED) as usize, num_actions);
            workers.push(worker);
        }
        let paths = workers.iter().map(|_| Vec::new()).collect();
        let mut scratch = Scratch::default();
        scratch.prepare(&config);
        Ok(Self { config, num_actions, workers, paths, scratch })
    }

    /// Gives the roots these Gumbel variables, `[roots, legal actions]`, instead of drawn ones, before the first simulation.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not one for each.
    pub fn set_gumbels(&mut self, gumbels: &[Vec<f32>]) -> Result<()> {
        let expected = self.workers.len();
        if gumbels.len() != expected {
            return Err(Error::Length { name: "gumbels", found: gumbels.len(), expected });
        }
        for (worker, gumbels) in self.workers.iter_mut().zip(gumbels) {
            let expected = worker.tree.root_prior.len();
            if gumbels.len() != expected {
                return Err(Error::Length { name: "gumbels", found: gumbels.len(), expected });
            }
            worker.prepare(&self.config, Some(gumbels));
        }
        Ok(())
    }

    /// Makes the simulations of the configuration.
    ///
    /// # Errors
    /// Those of the model, and [`Error::Length`] or [`Error::NotFinite`] for predictions that are none.
    pub fn run<M: Model<State = S>>(&mut self, model: &M) -> Result<()> {
        let Self { config, num_actions, workers, paths, scratch } = self;
        let actions: Vec<Action> = (0..*num_actions as Action).collect();
        let mut predictions = Predictions::default();
        let mut leaves: Vec<Option<Step>> = Vec::with_capacity(workers.len());
        for _ in 0..config.num_simulations {
            leaves.clear();
            for (worker, path) in workers.iter_mut().zip(&mut *paths) {
                path.clear();
                leaves.push(match worker.descend(config, path, scratch) {
                    Leaf::New(step) => Some(step),
                    Leaf::Known(node) => {
                        let value = worker.tree.known_value(node);
                        worker.tree.back_up(path, value);
                        None
                    }
                });
            }
            let steps: Vec<(&S, Action)> = workers
                .iter()
                .zip(&leaves)
                .filter_map(|(worker, leaf)| {
                    let step = (*leaf)?;
                    let tree = &worker.tree;
                    Some((&tree.states[step.node as usize], tree.action(step)))
                })
                .collect();
            if steps.is_empty() {
                continue;
            }
            predictions.clear();
            model.recurrent(&steps, &mut predictions)?;
            predictions.check(steps.len(), *num_actions)?;
            let mut states = predictions.states.drain(..);
            let waiting = workers
                .iter_mut()
                .zip(&mut *paths)
                .zip(&leaves)
                .filter_map(|((worker, path), leaf)| leaf.map(|_| (worker, path)));
            for (index, (worker, path)) in waiting.enumerate() {
                let logits = &mut predictions.logits[index * *num_actions..][..*num_actions];
                let [reward, discount, value] =
                    [predictions.rewards[index], predictions.discounts[index], predictions.values[index]];
                let drawn = if config.sampled.is_some() {
                    scratch.arch.dispatch(Softmax(logits));
                    sampled::wanted(config, &actions, logits, &mut worker.rng)
                } else {
                    None
                };
                let policy = Policy::Logits(logits);
                let expansion = expansion(&actions, policy, drawn.as_ref(), [reward, discount, value]);
                let state = states.next().expect("a state for each step, as was checked");
                worker.attach(scratch.arch, path, state, &expansion, None)?;
            }
        }
        Ok(())
    }

    /// What the searches found, root by root.
    pub fn outputs(&mut self) -> Vec<PolicyOutput> {
        let Self { config, workers, scratch, .. } = self;
        workers.iter_mut().map(|worker| worker.output(config, Ended::Simulations, scratch)).collect()
    }

    /// A tree, to look at.
    pub fn snapshot(&self, root: usize) -> Snapshot {
        Snapshot::of(&self.workers[root].tree)
    }
}

/// What a model says of a position, with the actions that were drawn if some were.
fn expansion<'a>(
    actions: &'a [Action],
    policy: Policy<'a>,
    drawn: Option<&'a (Vec<Action>, Vec<f32>)>,
    [reward, discount, value]: [f32; 3],
) -> Expansion<'a> {
    let (actions, policy) =
        drawn.map_or((actions, policy), |(actions, priors)| (actions, Policy::Priors(priors)));
    Expansion { kind: Kind::Decision, is_second: false, reward, discount, value, actions, policy }
}

/// Searches many positions in a model, a tree for each, spread over `groups` that run at the same time; what is found does not depend on
/// groups or threads.
///
/// # Errors
/// Those of [`ModelSearch::new`] and [`ModelSearch::run`].
///
/// # Panics
/// If `groups` is 0.
pub fn search_model<M: Model>(
    config: &Config,
    model: &M,
    roots: Vec<Prediction<M::State>>,
    seed: u64,
    groups: usize,
) -> Result<Vec<PolicyOutput>> {
    assert!(groups > 0, "no group of trees");
    let mut seeds = Xoshiro256PlusPlus::seed_from_u64(seed);
    let size = roots.len().div_ceil(groups).max(1);
    let mut roots = roots.into_iter().map(|root| (root, seeds.random::<u64>())).peekable();
    let mut grouped = Vec::new();
    while roots.peek().is_some() {
        let group: (Vec<Prediction<M::State>>, Vec<u64>) = roots.by_ref().take(size).unzip();
        grouped.push(group);
    }
    let outputs: Result<Vec<Vec<PolicyOutput>>> = grouped
        .into_par_iter()
        .map(|(roots, seeds)| {
            let mut search = ModelSearch::with_seeds(*config, model, roots, seeds)?;
            search.run(model)?;
            Ok(search.outputs())
        })
        .collect();
    Ok(outputs?.into_iter().flatten().collect())
}
