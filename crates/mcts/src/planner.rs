//! Searching the positions of a known game.

use std::time::{Duration, Instant};

use autodidact_games::{Action, Game, Turn};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use crate::choose::Scratch;
use crate::config::Config;
use crate::evaluator::{Batch, Evaluator};
use crate::node::{Kind, ROOT};
use crate::output::{Ended, PolicyOutput};
use crate::simulation::{Found, Simulation};
use crate::{Error, Result};

/// Nodes for which there is room from the beginning, at most.
pub(crate) const RESERVED: u32 = 1 << 14;

/// What a search may spend beside its simulations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Time; it is looked at after each batch.
    pub time: Option<Duration>,
    /// Positions in the tree, those that were kept from the move before among them.
    pub nodes: Option<usize>,
    /// Bytes of the tree, without what a position holds outside itself.
    pub bytes: Option<usize>,
    /// Leaves that are collected before they are evaluated together; 1 if it is none. Where actions are drawn from π̄ they differ by
    /// themselves, else those on their way count as lost.
    pub leaves: Option<usize>,
}

/// A search of one game that goes on from move to move.
///
/// When it is dropped its thread keeps the memory of its edges, 4 MiB at most, for the next tree.
///
/// ```
/// use autodidact_games::ConnectFour;
/// use autodidact_mcts::{Budget, Config, Planner, Rollouts};
///
/// // Three in a row, with room for the fourth in column 5, whose index is 4.
/// let game: ConnectFour = "1223344".parse().unwrap();
/// let mut planner = Planner::new(Config::uct(2000, 1.4), game, &Rollouts::default(), 1)?;
/// let output = planner.search(&Rollouts::default(), Budget::default())?;
/// assert_eq!((output.actions.len(), output.action), (7, 4));
/// // Had it been another move, what was searched below that would be kept.
/// planner.advance(0, &Rollouts::default())?;
/// # Ok::<(), autodidact_mcts::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Planner<G> {
    pub(crate) config: Config,
    pub(crate) search: Simulation<G>,
    scratch: Scratch,
    batch: Batch<G>,
}

impl<G: Game> Planner<G> {
    /// Evaluates a position, from which the search begins. All that is drawn follows from the seed.
    ///
    /// # Errors
    /// Those of [`Config::check`]; [`Error::Over`] if the game is over; those of the evaluation.
    pub fn new(config: Config, game: G, evaluator: &impl Evaluator<G>, seed: u64) -> Result<Self> {
        config.check()?;
        let mut batch = Batch::default();
        let search = Simulation::roots(&config, vec![(game, seed)], evaluator, &mut batch)?.remove(0);
        Ok(Self { config, search, scratch: Scratch::default(), batch })
    }

    /// Makes the simulations of the configuration, beside those that were made before, within a budget.
    ///
    /// # Errors
    /// Those of the evaluations; the tree is then as it was before the batch that failed.
    pub fn search(&mut self, evaluator: &impl Evaluator<G>, budget: Budget) -> Result<PolicyOutput> {
        let Self { config, search, scratch, batch } = self;
        let begun = Instant::now();
        config.check()?;
        if search.worker.tree.nodes[ROOT as usize].kind == Kind::Chance {
            return Err(Error::Chance);
        }
        search.adapt(config);
        search.worker.prepare(config, None);
        scratch.prepare(config);
        let actions = search.worker.tree.nodes[ROOT as usize].count as usize;
        search.worker.tree.reserve(config.num_simulations.min(RESERVED) as usize, actions);
        let leaves = budget.leaves.unwrap_or(1).max(1);
        let (mut games, mut waiting) = (Vec::new(), Vec::new());
        let mut made = 0;
        let ended = loop {
            if search.is_decided() {
                break Ended::Decided;
            }
            if made == config.num_simulations {
                break Ended::Simulations;
            }
            if budget.time.is_some_and(|time| begun.elapsed() >= time) {
                break Ended::Time;
            }
            let tree = &search.worker.tree;
            if budget.nodes.is_some_and(|nodes| tree.nodes.len() >= nodes) {
                break Ended::Nodes;
            }
            if budget.bytes.is_some_and(|bytes| tree.bytes() >= bytes) || tree.is_full() {
                break Ended::Memory;
            }
            batch.clear();
            if leaves == 1 {
                made += 1;
                if let Some(found) = search.begin(config, batch, scratch)? {
                    evaluator.evaluate(batch)?;
                    let game = batch.take_game();
                    search.finish(config, batch, 0, game, found, scratch.arch)?;
                }
                continue;
            }
            let wanted = leaves.min((config.num_simulations - made) as usize);
            let collected = search.collect(config, wanted, batch, &mut waiting, scratch);
            made += collected.inspect_err(|_| search.forget(&mut waiting))? as u32;
            if !batch.is_empty() {
                if let Err(error) = evaluator.evaluate(batch) {
                    search.forget(&mut waiting);
                    return Err(error);
                }
                batch.move_games(&mut games);
                search.attach_all(config, batch, games.drain(..), &mut waiting, scratch.arch)?;
            }
        };
        Ok(search.worker.output(config, ended, scratch))
    }

    /// Goes on with the position after a move or a chance outcome; what was searched below it is kept.
    ///
    /// # Errors
    /// [`Error::UnknownAction`] if it is not legal, [`Error::Over`] if it ends the game, and those of the evaluation if the position was
    /// not in the tree.
    pub fn advance(&mut self, action: Action, evaluator: &impl Evaluator<G>) -> Result<()> {
        let root = &self.search.worker.tree.states[ROOT as usize];
        if !root.is_legal(action) {
            return Err(Error::UnknownAction { action });
        }
        let mut after = root.clone();
        after.play(action);
        if after.turn() == Turn::Over {
            return Err(Error::Over);
        }
        let seed = self.search.worker.rng.random();
        // An action that is legal and has no place was not drawn.
        let place = self.search.worker.tree.place(action);
        if place.is_some_and(|place| self.search.keep(place, seed)) {
            return Ok(());
        }
        let Self { config, search, batch, .. } = self;
        *search = Simulation::roots(config, vec![(after, seed)], evaluator, batch)?.remove(0);
        Ok(())
    }

    /// The position that is searched.
    pub fn game(&self) -> &G {
        &self.search.worker.tree.states[ROOT as usize]
    }

    /// Positions in the tree.
    pub fn nodes(&self) -> usize {
        self.search.worker.tree.nodes.len()
    }

    /// The configuration; a change counts from the next search on.
    pub fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }
}

/// Searches many positions, a tree for each, and tells of each root.
///
/// The trees are spread over `groups` that run at the same time on the threads of `rayon`; within a group the evaluator sees a leaf of each
/// tree at once. Seeds follow from `seed` and the index of the position, so that nothing depends on groups or threads.
///
/// # Errors
/// Those of [`Config::check`], [`Error::Over`], [`Error::Chance`], and those of evaluations.
///
/// # Panics
/// If `groups` is 0.
pub fn search_many<G: Game>(
    config: &Config,
    games: &[G],
    evaluator: &impl Evaluator<G>,
    seed: u64,
    groups: usize,
) -> Result<Vec<PolicyOutput>> {
    assert!(groups > 0, "no group of trees");
    config.check()?;
    let mut seeds = Xoshiro256PlusPlus::seed_from_u64(seed);
    let games: Vec<(G, u64)> = games.iter().map(|game| (game.clone(), seeds.random())).collect();
    let outputs: Result<Vec<Vec<PolicyOutput>>> = games
        .par_chunks(games.len().div_ceil(groups).max(1))
        .map(|games| search_group(config, games.to_vec(), evaluator))
        .collect();
    Ok(outputs?.into_iter().flatten().collect())
}

fn search_group<G: Game>(
    config: &Config,
    games: Vec<(G, u64)>,
    evaluator: &impl Evaluator<G>,
) -> Result<Vec<PolicyOutput>> {
    let mut batch = Batch::default();
    let mut searches = Simulation::roots(config, games, evaluator, &mut batch)?;
    let mut scratch = Scratch::default();
    scratch.prepare(config);
    for search in &mut searches {
        if search.worker.tree.nodes[ROOT as usize].kind == Kind::Chance {
            return Err(Error::Chance);
        }
        search.worker.prepare(config, None);
        let actions = search.worker.tree.nodes[ROOT as usize].count as usize;
        search.worker.tree.reserve(config.num_simulations.min(RESERVED) as usize, actions);
    }
    let mut moved = Vec::new();
    let mut found: Vec<Option<Found>> = vec![None; searches.len()];
    for _ in 0..config.num_simulations {
        batch.clear();
        for (search, found) in searches.iter_mut().zip(&mut found) {
            if !search.is_decided() {
                *found = search.begin(config, &mut batch, &mut scratch)?;
            }
        }
        if batch.is_empty() {
            continue;
        }
        evaluator.evaluate(&mut batch)?;
        batch.move_games(&mut moved);
        let waiting = searches.iter_mut().zip(&mut found);
        let waiting = waiting.filter_map(|(search, found)| Some((search, found.take()?)));
        for (index, ((search, found), game)) in waiting.zip(moved.drain(..)).enumerate() {
            search.finish(config, &batch, index, game, found, scratch.arch)?;
        }
    }
    let outputs = searches.iter_mut().map(|search| {
        let ended = if search.is_decided() { Ended::Decided } else { Ended::Simulations };
        search.worker.output(config, ended, &mut scratch)
    });
    Ok(outputs.collect())
}
