//! Many games that go on at the same time.

use autodidact_experiment::rng::Seeds;
use autodidact_games::{Action, Game, Turn};
use autodidact_mcts::{Config, Ended, Evaluator, PolicyOutput, search_many};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::chance::{drawn, outcome};
use crate::episode::{Episode, Searched};
use crate::{Error, Result};

/// How games are played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Play {
    /// The search whose policy is learnt.
    pub full: Config,
    /// The search that only chooses a move.
    pub quick: Config,
    /// The share of full searches.
    pub full_share: f64,
    /// Moves from the beginning that are drawn from the policy to learn.
    pub sampled_moves: u32,
    /// The most random moves before the first search.
    pub random_moves: u32,
}

/// Games between two moves. All that is drawn follows from the seed, the number of the game and that of the move.
#[derive(Clone, Debug)]
pub struct Actors<G> {
    start: G,
    play: Play,
    seeds: Seeds,
    games: Vec<Ongoing<G>>,
    /// Games that were begun.
    begun: u64,
    /// Rounds of moves that were made.
    rounds: u64,
}

#[derive(Clone, Debug)]
struct Ongoing<G> {
    number: u64,
    game: G,
    earned: f32,
    opening: u32,
    episode: Episode,
}

/// What is needed to go on, as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ActorsState {
    games: Vec<(u64, u32, Episode)>,
    begun: u64,
    rounds: u64,
}

/// Openings that are drawn before one that ends the game is given up.
const OPENINGS: u64 = 100;

impl<G: Game> Actors<G> {
    /// `count` games that begin.
    pub fn new(start: G, play: Play, count: usize, seeds: Seeds) -> Self {
        let mut actors = Self { start, play, seeds, games: Vec::with_capacity(count), begun: 0, rounds: 0 };
        for _ in 0..count {
            let game = actors.begin();
            actors.games.push(game);
        }
        actors
    }

    /// A move in every game; games that end are given back, and others begin in their place.
    ///
    /// # Errors
    /// Those of the search.
    pub fn advance(&mut self, evaluator: &impl Evaluator<G>) -> Result<Vec<Episode>> {
        let is_full: Vec<bool> = self
            .games
            .iter()
            .map(|ongoing| self.rng("effort", ongoing).random::<f64>() < self.play.full_share)
            .collect();
        let mut outputs: Vec<Option<PolicyOutput>> = self.games.iter().map(|_| None).collect();
        for (wanted, config) in [(true, self.play.full), (false, self.play.quick)] {
            let places: Vec<usize> =
                (0..self.games.len()).filter(|&place| is_full[place] == wanted).collect();
            let games: Vec<G> = places.iter().map(|&place| self.games[place].game.clone()).collect();
            let seed = self.seeds.keyed("search", [self.rounds, wanted.into()]).random();
            let found = search_many(&config, &games, evaluator, seed, 1)?;
            for (place, output) in places.into_iter().zip(found) {
                outputs[place] = Some(output);
            }
        }
        self.rounds += 1;
        let mut finished = Vec::new();
        for (place, output) in outputs.into_iter().enumerate() {
            let output = output.expect("each game is searched one way or the other");
            let mut rng = self.rng("move", &self.games[place]);
            let ongoing = &mut self.games[place];
            ongoing.take(output, is_full[place], self.play.sampled_moves, &mut rng);
            if ongoing.game.turn() == Turn::Over {
                let next = self.begin();
                let ended = std::mem::replace(&mut self.games[place], next);
                finished.push(Episode { result: ended.earned, ..ended.episode });
            }
        }
        Ok(finished)
    }

    /// A new game, after its random moves.
    fn begin(&mut self) -> Ongoing<G> {
        let number = self.begun;
        self.begun += 1;
        let mut scratch = Vec::new();
        for attempt in 0.. {
            let mut rng = self.seeds.keyed("opening", [number, attempt]);
            let moves = rng.random_range(0..=self.play.random_moves);
            let episode = Episode { actions: Vec::new(), searched: Vec::new(), result: 0.0 };
            let mut ongoing = Ongoing { number, game: self.start.clone(), earned: 0.0, opening: 0, episode };
            ongoing.settle_chance(&mut rng);
            // Where random moves end the game again and again, it begins without.
            while ongoing.opening < moves && attempt < OPENINGS && ongoing.game.turn() != Turn::Over {
                let action = ongoing.game.random_action(&mut rng, &mut scratch);
                ongoing.play(action);
                ongoing.settle_chance(&mut rng);
                ongoing.opening += 1;
            }
            if ongoing.game.turn() != Turn::Over {
                return ongoing;
            }
        }
        unreachable!("attempts without random moves end at the start, where the game is not over")
    }

    fn rng(&self, purpose: &str, ongoing: &Ongoing<G>) -> impl Rng + use<G> {
        self.seeds.keyed(purpose, [ongoing.number, ongoing.episode.actions.len() as u64])
    }

    pub(crate) fn state(&self) -> ActorsState {
        let games = self.games.iter().map(|game| (game.number, game.opening, game.episode.clone())).collect();
        ActorsState { games, begun: self.begun, rounds: self.rounds }
    }

    pub(crate) fn restore(&mut self, state: ActorsState) -> Result<()> {
        let restored = state.games.into_iter().map(|(number, opening, episode)| {
            episode.check(&self.start).map_err(|reason| Error::Games { reason })?;
            let empty = Episode { actions: Vec::new(), ..episode };
            let mut ongoing =
                Ongoing { number, game: self.start.clone(), earned: 0.0, opening, episode: empty };
            for action in episode.actions {
                ongoing.play(action);
            }
            Ok(ongoing)
        });
        self.games = restored.collect::<Result<_>>()?;
        (self.begun, self.rounds) = (state.begun, state.rounds);
        Ok(())
    }
}

impl<G: Game> Ongoing<G> {
    fn play(&mut self, action: Action) {
        let sign = if self.game.turn() == Turn::Second { -1.0 } else { 1.0 };
        self.earned += sign * self.game.play(action);
        self.episode.actions.push(action);
    }

    /// Lets chance have its turns.
    fn settle_chance(&mut self, rng: &mut impl Rng) {
        let mut outcomes = Vec::new();
        while self.game.turn() == Turn::Chance {
            self.play(outcome(&self.game, rng, &mut outcomes));
        }
    }

    /// Makes the move that a search found and writes down what is to be learnt.
    fn take(&mut self, output: PolicyOutput, is_full: bool, sampled_moves: u32, rng: &mut impl Rng) {
        let ply = self.episode.actions.len() as u32;
        let moves = ply - self.opening;
        let proven = output.bounds.filter(|[low, high]| low == high).map(|[low, _]| low);
        let policy = match proven {
            // A move that keeps a proven result is right for certain; where all is lost the search's policy is as good as any.
            Some(result) if output.ended == Ended::Decided && result >= 0.0 => {
                output.actions.iter().map(|action| f32::from(*action == output.action)).collect()
            }
            _ => output.target,
        };
        let action = if moves < sampled_moves && proven.is_none() {
            output.actions[drawn(policy.iter().copied(), 1.0, rng)]
        } else {
            output.action
        };
        self.episode.searched.push(Searched {
            ply,
            is_full,
            actions: output.actions,
            policy,
            value: output.value,
            proven,
        });
        self.play(action);
        self.settle_chance(rng);
    }
}

#[cfg(test)]
mod tests {
    use autodidact_games::TicTacToe;
    use autodidact_mcts::Rollouts;

    use super::*;

    fn actors() -> Actors<TicTacToe> {
        let config = |simulations| Config { proven: Some([-1.0, 1.0]), ..Config::gumbel(simulations) };
        let play =
            Play { full: config(24), quick: config(4), full_share: 0.5, sampled_moves: 2, random_moves: 4 };
        Actors::new(TicTacToe::new(), play, 20, Seeds::new(3))
    }

    #[test]
    fn games_are_played_to_their_end_and_go_on_from_a_stored_state() {
        let mut straight = actors();
        let mut episodes: Vec<Episode> = Vec::new();
        for _ in 0..6 {
            episodes.extend(straight.advance(&Rollouts::default()).expect("moves"));
        }
        let mut restored = actors();
        restored.restore(straight.state()).expect("a state");
        assert_eq!(restored.state(), straight.state());
        for _ in 0..6 {
            let [one, other] = [&mut straight, &mut restored]
                .map(|actors| actors.advance(&Rollouts::default()).expect("moves"));
            assert_eq!(one, other);
            episodes.extend(one);
        }
        assert!(episodes.len() > 20);
        let (mut full, mut all, mut wins) = (0, 0, 0);
        for episode in &episodes {
            episode.check(&TicTacToe::new()).expect("a game");
            let mut game = TicTacToe::new();
            let mut sign = 1.0;
            let result: f32 =
                episode.actions.iter().map(|action| (sign * game.play(*action), sign = -sign).0).sum();
            assert_eq!((game.turn(), result), (Turn::Over, episode.result));
            for searched in &episode.searched {
                let turn = episode.position(&TicTacToe::new(), searched).turn();
                let signed = if turn == Turn::Second { -episode.result } else { episode.result };
                // Who has a proven win goes on to win, for every search after it proves it, too.
                if searched.proven == Some(1.0) {
                    assert_eq!(signed, 1.0);
                    wins += 1;
                }
                assert!((searched.policy.iter().sum::<f32>() - 1.0).abs() < 1e-4);
                full += usize::from(searched.is_full);
                all += 1;
            }
        }
        let share = f64::from(full as u32) / f64::from(all as u32);
        assert!((share - 0.5).abs() < 0.15, "{share}");
        assert!(wins > 20, "{wins}");
        // Openings have no searches.
        assert!(episodes.iter().any(|episode| episode.searched[0].ply > 0));
    }

    #[test]
    fn stored_games_that_cannot_be_are_refused() {
        let mut state = actors().state();
        state.games[0].2.actions = vec![0, 0];
        let error = actors().restore(state).expect_err("a cell is taken twice");
        assert!(error.to_string().contains("move 2 of a game is not legal"), "{error}");
    }
}
