//! `simple-mcts`: PUCT with its own `puct`, in the loop of its documentation. A game that is over is not played again.

use autodidact_games::{ConnectFour, Game, Turn};
use simple_mcts::{Engine, SelectionResult, StateEvaluation, negate_score, puct};

use crate::{Evaluation, Rule, Visits};

/// Twice ours, whose values are brought from [-1, 1] to [0, 1].
const EXPLORATION: f32 = 2.5;

pub fn search(rule: Rule, evaluation: Evaluation, simulations: u32) -> Option<Visits> {
    if rule == Rule::Uct {
        return None;
    }
    let start = ConnectFour::default();
    let mut engine = Engine::<7>::with_capacity(simulations as usize + 1);
    let mut path = Vec::new();
    // The first one evaluates the root.
    for _ in 0..=simulations {
        let selection = engine.select(&mut path, &puct, EXPLORATION);
        let found = match selection {
            SelectionResult::Terminal(_, score) => StateEvaluation::Terminal(score),
            SelectionResult::Empty | SelectionResult::Active(..) => {
                let mut game = start;
                let mut reward = 0.0;
                for action in &path {
                    reward = game.play(action.action() as u32);
                }
                evaluate(&game, reward, evaluation)
            }
        };
        engine.update(found, selection, negate_score).expect("a selection of this tree");
    }
    Some(engine.scores().map(|visits| visits as u32))
}

/// Scores are those of who moved last, to whom the reward was paid.
fn evaluate(game: &ConnectFour, reward: f32, evaluation: Evaluation) -> StateEvaluation<7> {
    if game.turn() == Turn::Over {
        return StateEvaluation::Terminal(reward);
    }
    let legal = std::array::from_fn::<bool, 7, _>(|column| game.is_legal(column as u32));
    let share = 1.0 / legal.iter().filter(|is_legal| **is_legal).count() as f32;
    StateEvaluation::Active(-evaluation.value(game), legal.map(|is_legal| if is_legal { share } else { 0.0 }))
}
