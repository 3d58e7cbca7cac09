//! Many episodes that go on at the same time.

use autodidact_experiment::rng::Seeds;
use autodidact_games::{Observe, Turn};
use autodidact_mcts::Config;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::model::{NetworkModel, seen};
use super::task::{Task, step};
use super::trajectory::Trajectory;
use crate::{Error, Result};

/// Episodes between two moves. All that is drawn follows from the seed, the number of the episode and that of the move.
#[derive(Clone, Debug)]
pub struct Environments<G> {
    task: Task<G>,
    search: Config,
    random_moves: u32,
    seeds: Seeds,
    ongoing: Vec<Ongoing<G>>,
    /// Episodes that were begun.
    begun: u64,
    /// Rounds of moves that were made.
    rounds: u64,
}

#[derive(Clone, Debug)]
struct Ongoing<G> {
    number: u64,
    game: G,
    episode: Trajectory,
}

/// What is needed to go on, as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct EnvironmentsState {
    pub ongoing: Vec<(u64, Trajectory)>,
    begun: u64,
    rounds: u64,
}

impl<G: Observe> Environments<G> {
    /// `count` episodes that begin, after `random_moves` random moves at most, and are searched with this configuration.
    pub fn new(task: Task<G>, search: Config, random_moves: u32, count: usize, seeds: Seeds) -> Self {
        let ongoing = Vec::with_capacity(count);
        let mut environments = Self { task, search, random_moves, seeds, ongoing, begun: 0, rounds: 0 };
        for _ in 0..count {
            let next = environments.begin();
            environments.ongoing.push(next);
        }
        environments
    }

    /// A move in every episode; episodes that end are given back, and others begin in their place.
    ///
    /// # Errors
    /// Those of the search.
    pub fn advance(&mut self, model: &NetworkModel) -> Result<Vec<Trajectory>> {
        let (observations, legal) = seen(self.ongoing.iter().map(|ongoing| &ongoing.game));
        let length = observations.len() / self.ongoing.len();
        let seed = self.seeds.keyed("search", [self.rounds]).random();
        let outputs = model.search_seen(&self.search, observations.clone(), legal, seed)?;
        self.rounds += 1;
        let mut finished = Vec::new();
        for (place, (output, seen)) in outputs.into_iter().zip(observations.chunks_exact(length)).enumerate()
        {
            let ongoing = &mut self.ongoing[place];
            let reward = ongoing.play(output.action, self.seeds);
            let episode = &mut ongoing.episode;
            episode.observations.extend_from_slice(seen);
            episode.actions.push(output.action);
            episode.rewards.push(reward);
            episode.legal.push(output.actions);
            episode.policies.push(output.target);
            episode.values.push(output.value);
            if ongoing.game.turn() == Turn::Over {
                let next = self.begin();
                finished.push(std::mem::replace(&mut self.ongoing[place], next).episode);
            }
        }
        Ok(finished)
    }

    fn begin(&mut self) -> Ongoing<G> {
        let number = self.begun;
        self.begun += 1;
        Ongoing { number, game: self.beginning(number), episode: Trajectory::default() }
    }

    /// The beginning of an episode, which its number decides.
    fn beginning(&self, number: u64) -> G {
        self.task.begin(self.random_moves, &mut self.seeds.keyed("beginning", [number]))
    }

    pub(super) fn state(&self) -> EnvironmentsState {
        let ongoing = self.ongoing.iter().map(|ongoing| (ongoing.number, ongoing.episode.clone())).collect();
        EnvironmentsState { ongoing, begun: self.begun, rounds: self.rounds }
    }

    /// Goes on from a state; the moves of its episodes are made again.
    pub(super) fn restore(&mut self, state: EnvironmentsState) -> Result<()> {
        let length = self.task.start.observation_shape().iter().product();
        let restored = state.ongoing.into_iter().map(|(number, episode)| {
            let wrong = |reason| Error::Games { reason };
            episode.check(length, self.task.start.num_actions()).map_err(wrong)?;
            let game = self.beginning(number);
            let mut ongoing = Ongoing { number, game, episode: Trajectory::default() };
            for action in &episode.actions {
                if !ongoing.game.is_legal(*action) {
                    let ply = ongoing.episode.len() + 1;
                    return Err(wrong(format!("move {ply} of an episode is not legal")));
                }
                ongoing.play(*action, self.seeds);
                ongoing.episode.actions.push(*action);
            }
            Ok(Ongoing { episode, ..ongoing })
        });
        self.ongoing = restored.collect::<Result<_>>()?;
        (self.begun, self.rounds) = (state.begun, state.rounds);
        Ok(())
    }
}

impl<G: Observe> Ongoing<G> {
    /// Makes a move, with the chance that belongs to its number.
    fn play(&mut self, action: u32, seeds: Seeds) -> f32 {
        let mut rng = seeds.keyed("chance", [self.number, self.episode.len() as u64]);
        step(&mut self.game, action, &mut rng)
    }
}
