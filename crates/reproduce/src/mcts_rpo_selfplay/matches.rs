//! Matches of a network against opponents that stay the same.
//!
//! All games of a match go on at the same time, so that the network sees many positions at once; each move is a search of its own.

use autodidact_arena::{Playable, Recipe, Tally};
use autodidact_experiment::interrupt;
use autodidact_experiment::reproduction::{Interrupted, JobError};
use autodidact_experiment::rng::Seeds;
use autodidact_games::{Action, Turn};
use autodidact_mcts::{Batch, Config, Evaluator, search_many};
use autodidact_selfplay::NetworkEvaluator;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// How matches are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Matches {
    /// Games of a match. Two in a row begin in the same way, with sides changed.
    pub games: u32,
    /// Random moves at the beginning, from so many to so many.
    pub opening: [u32; 2],
    /// Random games a move of UCT, whom the network meets without a search.
    pub raw_opponent: u32,
    /// The same, whom it meets with one.
    pub searched_opponent: u32,
    /// Simulations of the network's search, which is PUCT for all.
    pub simulations: u32,
}

/// Who moves.
enum Player<'a> {
    /// The network's largest probability.
    Prior(&'a NetworkEvaluator),
    Search(Config, &'a NetworkEvaluator),
    Uct(Config),
}

impl Player<'_> {
    fn moves<G: Playable>(&self, games: &[G], seed: u64) -> Result<Vec<Action>, JobError> {
        let outputs = match self {
            Self::Prior(network) => {
                let mut batch = Batch::of(games.iter().cloned());
                network.evaluate(&mut batch)?;
                return Ok((0..batch.len()).map(|index| batch.preferred(index)).collect());
            }
            Self::Search(config, network) => search_many(config, games, *network, seed, 1)?,
            Self::Uct(config) => search_many(config, games, &G::evaluator(1), seed, 1)?,
        };
        Ok(outputs.into_iter().map(|output| output.action).collect())
    }
}

/// A game of a match.
struct Ongoing<G> {
    game: G,
    /// What the player who began has earned.
    earned: f32,
    network_begins: bool,
}

impl<G: Playable> Ongoing<G> {
    fn is_networks_turn(&self) -> bool {
        (self.game.turn() == Turn::First) == self.network_begins
    }

    fn play(&mut self, action: Action) {
        let sign = if self.game.turn() == Turn::First { 1.0 } else { -1.0 };
        self.earned += sign * self.game.play(action);
    }
}

impl Matches {
    /// The setting of all scales but for games and opponents.
    pub fn new(games: u32, [raw_opponent, searched_opponent]: [u32; 2]) -> Self {
        Self { games, opening: [2, 4], raw_opponent, searched_opponent, simulations: 64 }
    }

    /// The network without a search, and with one; openings follow from the seed.
    pub fn run<G: Playable>(
        &self,
        start: &G,
        network: &NetworkEvaluator,
        seed: u64,
    ) -> Result<[Tally; 2], JobError> {
        let seeds = Seeds::new(seed);
        let uct = |simulations| Player::Uct(Recipe::Uct.config(simulations, true));
        let search = Player::Search(Recipe::AlphaZero.config(self.simulations, true), network);
        Ok([
            self.play(start, [Player::Prior(network), uct(self.raw_opponent)], seeds.child("raw"))?,
            self.play(start, [search, uct(self.searched_opponent)], seeds.child("searched"))?,
        ])
    }

    fn play<G: Playable>(
        &self,
        start: &G,
        players: [Player<'_>; 2],
        seeds: Seeds,
    ) -> Result<Tally, JobError> {
        let mut games: Vec<Ongoing<G>> = (0..self.games)
            .map(|number| self.begin(start, seeds, u64::from(number / 2), number.is_multiple_of(2)))
            .collect();
        for round in 0.. {
            if games.iter().all(|ongoing| ongoing.game.turn() == Turn::Over) {
                break;
            }
            if interrupt::requested() {
                return Err(Interrupted.into());
            }
            for (side, player) in players.iter().enumerate() {
                let (places, positions): (Vec<usize>, Vec<G>) = games
                    .iter()
                    .enumerate()
                    .filter(|(_, ongoing)| ongoing.game.turn() != Turn::Over)
                    .filter(|(_, ongoing)| ongoing.is_networks_turn() == (side == 0))
                    .map(|(place, ongoing)| (place, ongoing.game.clone()))
                    .unzip();
                if positions.is_empty() {
                    continue;
                }
                let seed = seeds.keyed("moves", [round, side as u64]).random();
                for (place, action) in places.into_iter().zip(player.moves(&positions, seed)?) {
                    games[place].play(action);
                }
            }
        }
        Ok(tally(&games))
    }

    fn begin<G: Playable>(&self, start: &G, seeds: Seeds, pair: u64, network_begins: bool) -> Ongoing<G> {
        let mut rng = seeds.keyed("opening", [pair]);
        let mut ongoing = Ongoing { game: start.clone(), earned: 0.0, network_begins };
        let [fewest, most] = self.opening;
        let mut scratch = Vec::new();
        for _ in 0..rng.random_range(fewest..=most) {
            let action = ongoing.game.random_action(&mut rng, &mut scratch);
            ongoing.play(action);
        }
        ongoing
    }
}

fn tally<G>(games: &[Ongoing<G>]) -> Tally {
    let mut tally = Tally::default();
    for Ongoing { earned, network_begins, .. } in games {
        let result = if *network_begins { *earned } else { -earned };
        let count = match result {
            result if result > 0.0 => &mut tally.wins,
            result if result < 0.0 => &mut tally.losses,
            _ => &mut tally.draws,
        };
        *count += 1;
        tally.won_by_beginner += u32::from(*earned > 0.0);
    }
    tally
}

/// The difference of ratings that the points speak for, with half a point added on both sides, so that it is finite.
pub(super) fn elo(tally: &Tally) -> f64 {
    let Tally { wins, draws, losses, .. } = *tally;
    let share = (f64::from(wins) + 0.5 * f64::from(draws) + 0.5) / (f64::from(wins + draws + losses) + 1.0);
    400.0 * (share / (1.0 - share)).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodidact_games::ConnectFour;

    /// 75 points of 100 are 191 Elo; here with the half point on both sides.
    #[test]
    fn ratings_are_finite_and_antisymmetric() {
        let of = |wins, losses| elo(&Tally { wins, losses, ..Tally::default() });
        assert!((elo(&Tally { wins: 74, draws: 1, losses: 24, won_by_beginner: 0 }) - 190.85).abs() < 0.01);
        assert_eq!(of(0, 0), 0.0);
        assert!((of(60, 0) + of(0, 60)).abs() < 1e-9);
        assert!((of(60, 0) - 400.0 * 121_f64.log10()).abs() < 1e-9);
    }

    /// The one who thinks longer wins nearly all games, from openings that come in pairs.
    #[test]
    fn all_games_are_played_to_their_end() {
        let uct = |simulations| Player::Uct(Recipe::Uct.config(simulations, true));
        let matches = Matches::new(20, [20, 200]);
        let start = ConnectFour::default();
        let tally = matches.play(&start, [uct(300), uct(5)], Seeds::new(1)).expect("a match");
        assert_eq!(tally.wins + tally.draws + tally.losses, 20);
        assert!(tally.wins >= 17, "{tally:?}");
        let openings = |network_begins| {
            (0..10).map(move |pair| matches.begin(&start, Seeds::new(1), pair, network_begins).game)
        };
        assert!(openings(true).eq(openings(false)));
        assert!(openings(true).any(|game| game != matches.begin(&start, Seeds::new(1), 0, true).game));
    }
}
