//! Matches of one search against another.

use autodidact_games::Turn;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::elo::Elo;
use crate::playable::Playable;
use crate::recipe::Recipe;
use crate::session::{Limits, Session};
use crate::shared::Shared;
use crate::{Error, Result};

/// Who plays.
#[derive(Clone, Debug)]
pub struct Contestant<G> {
    /// How it searches.
    pub recipe: Recipe,
    /// What it may spend on a move.
    pub limits: Limits,
    /// Who says what positions are worth to it; random games where it is none.
    pub evaluator: Option<Shared<G>>,
}

/// How a match is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contest {
    /// Games. Two in a row begin in the same way, with sides changed.
    pub games: u32,
    /// Moves at the beginning that are drawn at random.
    pub opening_plies: u32,
    /// From which all that is drawn follows.
    pub seed: u64,
    /// Games at the same time.
    pub jobs: usize,
}

/// A game of a match.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finished {
    /// Its number, from 1.
    pub number: u32,
    /// Whether the first contestant began.
    pub first_begins: bool,
    /// What it earned the first contestant: 1, 0 or −1.
    pub result: f32,
    /// The moves, the drawn ones at the beginning among them.
    pub moves: Vec<String>,
}

/// How the games of a match ended, from the side of the first contestant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Games won.
    pub wins: u32,
    /// Games drawn.
    pub draws: u32,
    /// Games lost.
    pub losses: u32,
    /// Games won by who began, whoever that was.
    pub won_by_beginner: u32,
}

/// Moves after which a game counts as drawn.
const LONGEST: usize = 2000;
/// Openings that are drawn before one that ends the game is given up.
const OPENINGS: u32 = 100;

impl Tally {
    /// Of these games.
    pub fn of(games: &[Finished]) -> Self {
        let mut tally = Self::default();
        for game in games {
            let count = match game.result {
                result if result > 0.0 => &mut tally.wins,
                result if result < 0.0 => &mut tally.losses,
                _ => &mut tally.draws,
            };
            *count += 1;
            tally.won_by_beginner += u32::from(game.result > 0.0 && game.first_begins);
            tally.won_by_beginner += u32::from(game.result < 0.0 && !game.first_begins);
        }
        tally
    }

    /// The difference of ratings, if there were games.
    pub fn elo(self) -> Option<Elo> {
        Elo::of(self.wins, self.draws, self.losses)
    }
}

impl Contest {
    /// That a match can be held from this position.
    ///
    /// # Errors
    /// [`Error::ForOne`] for games for one; [`Error::Setting`] for no games or jobs, or more opening moves than the game has.
    pub fn check<G: Playable>(&self, start: &G) -> Result<()> {
        if !G::IS_FOR_TWO {
            return Err(Error::ForOne { game: G::NAME.name(), what: "matches" });
        }
        for (name, value) in [("games", u64::from(self.games)), ("jobs", self.jobs as u64)] {
            if value == 0 {
                return Err(Error::Setting { name, value, expected: "one or more" });
            }
        }
        opening(start, self, 0).map(drop)
    }
}

/// Plays a match. Where limits are simulations, the result depends on the seed alone; `tell` hears of each game as it ends.
///
/// # Errors
/// [`Error::ForOne`] for games for one; [`Error::Setting`] for no games or jobs, or more opening moves than the game has;
/// those of the searches.
pub fn contest<G: Playable>(
    start: &G,
    contestants: &[Contestant<G>; 2],
    contest: &Contest,
    tell: impl Fn(&Finished) + Sync,
) -> Result<Vec<Finished>> {
    contest.check(start)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(contest.jobs)
        .build()
        .map_err(|error| Error::Threads { jobs: contest.jobs, reason: error.to_string() })?;
    pool.install(|| {
        // One game a time is handed out, since some take much longer than others.
        (0..contest.games)
            .into_par_iter()
            .with_max_len(1)
            .map(|index| {
                let finished = game(start, contestants, contest, index)?;
                tell(&finished);
                Ok(finished)
            })
            .collect()
    })
}

/// Plays one game.
fn game<G: Playable>(
    start: &G,
    contestants: &[Contestant<G>; 2],
    contest: &Contest,
    index: u32,
) -> Result<Finished> {
    let opening = opening(start, contest, u64::from(index / 2))?;
    let first_begins = index.is_multiple_of(2);
    let seed = contest.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(2 * u64::from(index));
    let mut sessions: Vec<Session<G>> = contestants
        .iter()
        .zip(0..)
        .map(|(contestant, side)| {
            let evaluator = contestant.evaluator.clone();
            let evaluator = evaluator.unwrap_or_else(|| Shared::new(G::evaluator(1)));
            Session::with_evaluator(start.clone(), contestant.recipe, evaluator, seed + side)
        })
        .collect();
    for action in opening {
        for session in &mut sessions {
            session.play(action)?;
        }
    }
    while sessions[0].moves().len() < LONGEST {
        let place = match sessions[0].game().turn() {
            Turn::First => usize::from(!first_begins),
            Turn::Second => usize::from(first_begins),
            Turn::Chance | Turn::Over => break,
        };
        let action = sessions[place].think(contestants[place].limits)?.action;
        for session in &mut sessions {
            session.play(action)?;
        }
    }
    let total = sessions[0].total();
    let result = if first_begins || total == 0.0 { total } else { -total };
    Ok(Finished { number: index + 1, first_begins, result, moves: sessions[0].names() })
}

/// Random moves after which the game goes on.
fn opening<G: Playable>(start: &G, contest: &Contest, number: u64) -> Result<Vec<u32>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(contest.seed);
    // Openings are far apart in one sequence of random numbers, so that matches of other seeds have others.
    for _ in 0..number {
        rng.jump();
    }
    let mut scratch = Vec::new();
    for _ in 0..OPENINGS {
        let mut game = start.clone();
        let mut actions = Vec::new();
        while actions.len() < contest.opening_plies as usize && game.turn() != Turn::Over {
            let action = game.random_action(&mut rng, &mut scratch);
            game.play(action);
            actions.push(action);
        }
        if game.turn() != Turn::Over {
            return Ok(actions);
        }
    }
    Err(Error::Setting {
        name: "opening-plies",
        value: contest.opening_plies.into(),
        expected: "fewer random moves, after which the game is not over",
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use autodidact_games::{ConnectFour, Game2048, TicTacToe};

    use super::*;

    fn contestants<G>(simulations: [u32; 2]) -> [Contestant<G>; 2] {
        simulations.map(|count| Contestant {
            recipe: Recipe::Uct,
            limits: Limits::simulations(count),
            evaluator: None,
        })
    }

    #[test]
    fn more_simulations_win_and_the_result_depends_on_the_seed_alone() {
        let settings = Contest { games: 20, opening_plies: 2, seed: 1, jobs: 1 };
        let heard = AtomicU32::new(0);
        let games = contest(&ConnectFour::default(), &contestants([300, 5]), &settings, |_| {
            heard.fetch_add(1, Ordering::Relaxed);
        })
        .expect("a match");
        assert_eq!(heard.into_inner(), 20);
        let tally = Tally::of(&games);
        assert!(tally.wins >= 17, "{tally:?}");
        assert!(tally.elo().and_then(|elo| elo.low).is_some_and(|low| low > 0.0));
        // Two games in a row have their opening in common, and the next two have another.
        assert_eq!(games[0].moves[..2], games[1].moves[..2]);
        assert!(games.chunks(2).any(|pair| pair[0].moves[..2] != games[0].moves[..2]));
        assert!(games[0].first_begins && !games[1].first_begins);
        let again = contest(
            &ConnectFour::default(),
            &contestants([300, 5]),
            &Contest { jobs: 2, ..settings },
            |_| {},
        );
        assert_eq!(games, again.expect("a match"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let usual = Contest { games: 2, opening_plies: 0, seed: 1, jobs: 1 };
        let error = contest(&Game2048::default(), &contestants([2, 2]), &usual, |_| {}).expect_err("for one");
        assert!(matches!(error, Error::ForOne { .. }), "{error}");
        for wrong in [
            Contest { games: 0, ..usual },
            Contest { jobs: 0, ..usual },
            Contest { opening_plies: 9, ..usual },
        ] {
            let error = contest(&TicTacToe::new(), &contestants([2, 2]), &wrong, |_| {}).expect_err("wrong");
            assert!(matches!(error, Error::Setting { .. }), "{error}");
        }
    }
}
