//! Positions of connect four with exact scores, and how a player does on them.

use std::ops::Add;

use autodidact_games::connect_four::{ConnectFour, Solver};
use autodidact_games::{Action, Game};
use autodidact_mcts::{Batch, Config, Evaluator, search_many};
use rayon::prelude::*;
use serde::Serialize;

use crate::{Error, Result};

/// A position and its exact score for the player to move, in the numbers of [`Solver::score`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The position.
    pub game: ConnectFour,
    /// The score.
    pub score: i32,
}

/// The score of a win with the fourth stone.
const GREATEST: i32 = 18;
/// Positions that are searched or evaluated together.
const TOGETHER: usize = 512;
/// Slots of the referee's table, `2^22` of eight bytes: with few stones on the board more of them save a third of the time.
const TABLE_BITS: u32 = 22;

/// How many moves were right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Marks {
    /// Positions.
    pub positions: usize,
    /// Moves that keep the result: a win stays a win and a draw a draw.
    pub outcome_kept: usize,
    /// Moves that keep the score: the win that comes soonest, or the loss that comes latest.
    pub score_kept: usize,
    /// Positions in which a move can spoil the result: some legal move keeps it and another does not.
    pub decisive: usize,
    /// Moves among those that keep the result.
    pub decisive_kept: usize,
}

impl Marks {
    /// The share of moves that keep the result.
    pub fn outcome_share(&self) -> f64 {
        self.outcome_kept as f64 / self.positions as f64
    }

    /// The share of moves that keep the score.
    pub fn score_share(&self) -> f64 {
        self.score_kept as f64 / self.positions as f64
    }
}

impl Add for Marks {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            positions: self.positions + other.positions,
            outcome_kept: self.outcome_kept + other.outcome_kept,
            score_kept: self.score_kept + other.score_kept,
            decisive: self.decisive + other.decisive,
            decisive_kept: self.decisive_kept + other.decisive_kept,
        }
    }
}

/// Reads positions, one a line: the columns that were played, from 1, and the score.
///
/// # Errors
/// [`Error::Problem`] for a line that is none.
pub fn problems(text: &str) -> Result<Vec<Problem>> {
    let of = |(index, line): (usize, &str)| {
        let wrong = |reason: String| Error::Problem { line: index + 1, reason };
        let (moves, score) = line.trim().rsplit_once(char::is_whitespace).unwrap_or(("", line.trim()));
        let is_score = |score: &i32| (-GREATEST..=GREATEST).contains(score);
        let number = score.parse().ok().filter(is_score);
        let score =
            number.ok_or_else(|| wrong(format!("`{score}` is no score from -{GREATEST} to {GREATEST}")))?;
        let game: ConnectFour =
            moves.trim().parse().map_err(|error: autodidact_games::Error| wrong(error.to_string()))?;
        let mut legal = Vec::new();
        game.legal_actions(&mut legal);
        if legal.is_empty() {
            return Err(wrong("the game is over".to_owned()));
        }
        Ok(Problem { game, score })
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(of).collect()
}

/// The moves that a search chooses, all positions at once.
///
/// # Errors
/// Those of the search.
pub fn searched_moves(
    problems: &[Problem],
    config: &Config,
    evaluator: &impl Evaluator<ConnectFour>,
    seed: u64,
) -> Result<Vec<Action>> {
    let mut moves = Vec::with_capacity(problems.len());
    for problems in problems.chunks(TOGETHER) {
        let games: Vec<ConnectFour> = problems.iter().map(|problem| problem.game).collect();
        let outputs = search_many(config, &games, evaluator, seed, 1)?;
        moves.extend(outputs.into_iter().map(|output| output.action));
    }
    Ok(moves)
}

/// The moves of the largest prior, without a search.
///
/// # Errors
/// Those of the evaluator.
pub fn preferred_moves(problems: &[Problem], evaluator: &impl Evaluator<ConnectFour>) -> Result<Vec<Action>> {
    let mut moves = Vec::with_capacity(problems.len());
    for problems in problems.chunks(TOGETHER) {
        let mut batch = Batch::of(problems.iter().map(|problem| problem.game));
        evaluator.evaluate(&mut batch)?;
        moves.extend((0..problems.len()).map(|index| batch.preferred(index)));
    }
    Ok(moves)
}

/// Marks moves by perfect play.
///
/// # Panics
/// If there is not one legal move for each position.
pub fn mark(problems: &[Problem], moves: &[Action]) -> Marks {
    assert_eq!(problems.len(), moves.len(), "a move for each position");
    let marked = problems.par_iter().zip(moves).map_init(
        || Solver::with_table_bits(TABLE_BITS),
        |solver, (problem, action)| {
            let Problem { game, score } = problem;
            let kept = solver.keeps_outcome(game, *action, score.signum());
            // Where one wins or draws there may be moves that lose; where all is lost there is nothing to spoil.
            let decisive = score.signum() >= 0 && {
                let mut legal = Vec::new();
                game.legal_actions(&mut legal);
                !kept || legal.iter().any(|action| !solver.keeps_outcome(game, *action, score.signum()))
            };
            Marks {
                positions: 1,
                outcome_kept: kept.into(),
                score_kept: solver.keeps_score(game, *action, *score).into(),
                decisive: decisive.into(),
                decisive_kept: (decisive && kept).into(),
            }
        },
    );
    marked.reduce(Marks::default, |a, b| a + b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A column that completes a row at once, and three in a row with room on both sides.
    #[test]
    fn moves_are_marked_by_perfect_play() {
        let text = "112233 18\n\n33445 -18\n";
        let problems = problems(text).expect("two positions");
        // Column 4 wins with the fourth stone.
        assert_eq!(Solver::default().score(&problems[0].game), 18);
        let right = mark(&problems[..1], &[3]);
        assert_eq!((right.outcome_kept, right.score_kept, right.decisive_kept), (1, 1, 1));
        let wrong = mark(&problems[..1], &[6]);
        assert_eq!((wrong.score_kept, wrong.positions), (0, 1));
        // What is lost cannot be spoilt.
        let lost = mark(&problems[1..], &[0]);
        assert_eq!((lost.outcome_kept, lost.score_kept, lost.decisive), (1, 1, 0));
        let both = right + lost;
        assert_eq!((both.positions, both.outcome_share(), both.score_share()), (2, 1.0, 1.0));
    }

    #[test]
    fn lines_that_are_no_positions_are_told() {
        for (text, told) in [
            ("44 x", "`x` is no score"),
            ("44 19", "`19` is no score"),
            ("44 -2147483648", "is no score"),
            ("49 1", "line 1"),
            ("4 0\n1111111 3", "line 2"),
            ("1212121 1", "over"),
        ] {
            let error = problems(text).expect_err(text).to_string();
            assert!(error.contains(told), "{error}");
        }
        assert_eq!(problems("\n").expect("none"), Vec::new());
        // The empty board has no moves before the score.
        assert_eq!(problems("1").expect("the empty board")[0].game, ConnectFour::default());
    }
}
