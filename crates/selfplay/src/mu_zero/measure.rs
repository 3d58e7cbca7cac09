//! How well a network plays.

use autodidact_arena::{Elo, Tally};
use autodidact_experiment::rng::Seeds;
use autodidact_games::{Action, Observe, Turn};
use autodidact_mcts::{Config, Rollouts, search_many};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::model::NetworkModel;
use super::task::{Task, step};
use crate::Result;

/// What came of playing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Measured {
    /// Episodes of a task for one.
    Returns {
        /// What they earned, each.
        returns: Vec<f32>,
        /// Their mean.
        mean: f64,
    },
    /// A match of a game for two.
    Match {
        /// Random games a move of UCT; 0 for random moves.
        uct_simulations: u32,
        /// Wins, draws and losses of the network.
        #[serde(flatten)]
        tally: Tally,
        /// The difference of ratings.
        elo: Option<Elo>,
    },
}

/// Plays episodes of a task for one.
///
/// # Errors
/// Those of the search.
pub fn returns<G: Observe>(
    task: &Task<G>,
    model: &NetworkModel,
    search: &Config,
    (episodes, random_moves): (u32, u32),
    seeds: Seeds,
) -> Result<Measured> {
    let mut playing = Playing::new(task, episodes, random_moves, seeds);
    while let Some(places) = playing.waiting(|_| true) {
        let games = playing.games(&places);
        let outputs = model.search(search, &games, playing.search_seed())?;
        playing.play(&places, outputs.iter().map(|output| output.action));
    }
    let returns: Vec<f32> = playing.games.iter().map(|played| played.earned).collect();
    let mean = returns.iter().map(|earned| f64::from(*earned)).sum::<f64>() / returns.len().max(1) as f64;
    Ok(Measured::Returns { returns, mean })
}

/// Plays games against UCT with `uct_simulations` random games a move, or against random moves where they are 0. Two games in a row begin in the same way, with
/// sides changed.
///
/// # Errors
/// Those of the searches.
pub fn compete<G: Observe>(
    task: &Task<G>,
    model: &NetworkModel,
    search: &Config,
    uct_simulations: u32,
    (games, random_moves): (u32, u32),
    seeds: Seeds,
) -> Result<Measured> {
    let mut playing = Playing::new(task, games, random_moves, seeds);
    let uct = Config::uct(uct_simulations.max(1), std::f32::consts::SQRT_2);
    while playing.waiting(|_| true).is_some() {
        if let Some(places) = playing.waiting(Played::is_networks_turn) {
            let games = playing.games(&places);
            let outputs = model.search(search, &games, playing.search_seed())?;
            playing.play(&places, outputs.iter().map(|output| output.action));
        }
        if let Some(places) = playing.waiting(|played| !played.is_networks_turn()) {
            let games = playing.games(&places);
            let seed = playing.search_seed();
            let actions: Vec<Action> = if uct_simulations == 0 {
                let mut rng = playing.seeds.keyed("random", [seed]);
                let mut scratch = Vec::new();
                games.iter().map(|game| game.random_action(&mut rng, &mut scratch)).collect()
            } else {
                let outputs = search_many(&uct, &games, &Rollouts::default(), seed, 1)?;
                outputs.iter().map(|output| output.action).collect()
            };
            playing.play(&places, actions.into_iter());
        }
    }
    let mut tally = Tally::default();
    for played in &playing.games {
        let result = if played.network == played.beginner { played.earned } else { -played.earned };
        let count = match result {
            result if result > 0.0 => &mut tally.wins,
            result if result < 0.0 => &mut tally.losses,
            _ => &mut tally.draws,
        };
        *count += 1;
        tally.won_by_beginner += u32::from(played.earned > 0.0);
    }
    Ok(Measured::Match { uct_simulations, tally, elo: tally.elo() })
}

/// Episodes that are played side by side to their ends.
struct Playing<G> {
    games: Vec<Played<G>>,
    seeds: Seeds,
    searches: u64,
}

struct Played<G> {
    number: u64,
    game: G,
    moves: u64,
    /// Who moved first after the opening, and what that player earned.
    beginner: Turn,
    earned: f32,
    /// Whose moves the network makes.
    network: Turn,
}

impl<G: Observe> Playing<G> {
    fn new(task: &Task<G>, count: u32, random_moves: u32, seeds: Seeds) -> Self {
        let games = (0..u64::from(count))
            .map(|number| {
                let game = task.begin(
                    random_moves,
                    &mut seeds.keyed("beginning", [number / 2, number % 2 * u64::from(!task.is_for_two)]),
                );
                let network = if number % 2 == 0 { Turn::First } else { Turn::Second };
                Played { number, beginner: game.turn(), game, moves: 0, earned: 0.0, network }
            })
            .collect();
        Self { games, seeds, searches: 0 }
    }

    /// The games that go on and are wanted; `None` if there is none.
    fn waiting(&self, is_wanted: impl Fn(&Played<G>) -> bool) -> Option<Vec<usize>> {
        let goes_on =
            |place: &usize| self.games[*place].game.turn() != Turn::Over && is_wanted(&self.games[*place]);
        let places: Vec<usize> = (0..self.games.len()).filter(goes_on).collect();
        (!places.is_empty()).then_some(places)
    }

    fn games(&self, places: &[usize]) -> Vec<G> {
        places.iter().map(|place| self.games[*place].game.clone()).collect()
    }

    fn search_seed(&mut self) -> u64 {
        self.searches += 1;
        self.seeds.keyed("search", [self.searches]).random()
    }

    fn play(&mut self, places: &[usize], actions: impl Iterator<Item = Action>) {
        for (place, action) in places.iter().zip(actions) {
            let played = &mut self.games[*place];
            let mut rng = self.seeds.keyed("chance", [played.number, played.moves]);
            let sign = if played.game.turn() == played.beginner { 1.0 } else { -1.0 };
            played.earned += sign * step(&mut played.game, action, &mut rng);
            played.moves += 1;
        }
    }
}

impl<G: Observe> Played<G> {
    fn is_networks_turn(&self) -> bool {
        self.game.turn() == self.network
    }
}
