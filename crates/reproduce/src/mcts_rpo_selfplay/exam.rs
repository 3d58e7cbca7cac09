//! Positions of connect four in which a move can be wrong, and how many the network gets right.

use autodidact_experiment::rng::Seeds;
use autodidact_games::connect_four::Solver;
use autodidact_games::{Action, ConnectFour, Game, Turn};
use autodidact_mcts::{Batch, Evaluator, Result};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The positions: the same for every job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exam {
    pub positions: usize,
    /// Stones on the board, from so many to so many: so late that the referee is quick.
    pub stones: [u32; 2],
    pub seed: u64,
}

/// A position and its right moves, which keep the result of perfect play.
#[derive(Clone, Debug, PartialEq)]
struct Problem {
    game: ConnectFour,
    right: Vec<Action>,
}

impl Exam {
    pub fn new(positions: usize) -> Self {
        Self { positions, stones: [16, 26], seed: 2020 }
    }

    /// The share of positions in which the network's largest probability is a right move.
    pub fn run(&self, network: &impl Evaluator<ConnectFour>) -> Result<f64> {
        let problems = self.problems();
        let mut batch = Batch::of(problems.iter().map(|problem| problem.game));
        network.evaluate(&mut batch)?;
        let is_right = |(index, problem): (usize, &Problem)| problem.right.contains(&batch.preferred(index));
        let right = problems.iter().enumerate().filter(|problem| is_right(*problem)).count();
        Ok(right as f64 / problems.len() as f64)
    }

    /// Positions after random moves with both right and wrong moves, in none of which a stone wins at once.
    fn problems(&self) -> Vec<Problem> {
        let mut rng = Seeds::new(self.seed).stream("exam");
        let mut solver = Solver::default();
        let mut problems: Vec<Problem> = Vec::with_capacity(self.positions);
        let mut legal = Vec::new();
        let [fewest, most] = self.stones;
        while problems.len() < self.positions {
            let mut game = ConnectFour::default();
            for _ in 0..rng.random_range(fewest..=most) {
                if game.turn() == Turn::Over {
                    break;
                }
                let action = game.random_action(&mut rng, &mut legal);
                game.play(action);
            }
            game.legal_actions(&mut legal);
            let wins_at_once = |action: &Action| {
                let mut after = game;
                after.play(*action) > 0.0
            };
            if legal.is_empty()
                || legal.iter().any(wins_at_once)
                || problems.iter().any(|problem| problem.game == game)
            {
                continue;
            }
            let outcome = solver.outcome(&game);
            let right: Vec<Action> = legal
                .iter()
                .copied()
                .filter(|action| solver.keeps_outcome(&game, *action, outcome))
                .collect();
            if right.len() < legal.len() {
                problems.push(Problem { game, right });
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_play_is_right_and_its_opposite_wrong() {
        let exam = Exam::new(12);
        let problems = exam.problems();
        assert_eq!(problems, exam.problems());
        let answers = |is_right: bool| {
            exam.run(&|batch: &mut Batch<ConnectFour>| {
                for index in 0..batch.len() {
                    let problem =
                        problems.iter().find(|problem| problem.game == *batch.game(index)).expect("known");
                    let wanted = |action: &Action| problem.right.contains(action) == is_right;
                    let place = batch.actions(index).iter().position(wanted).expect("there are both");
                    let mut policy = vec![0.0; batch.actions(index).len()];
                    policy[place] = 1.0;
                    batch.set(index, 0.0, &policy);
                }
                Ok(())
            })
            .expect("answers")
        };
        assert_eq!((answers(true), answers(false)), (1.0, 0.0));
        for Problem { game, right } in problems {
            let stones = game.to_string().matches(['X', 'O']).count();
            assert!((16..=26).contains(&stones), "{stones}");
            assert_eq!(right, Solver::default().optimal_outcome_actions(&game));
        }
    }
}
