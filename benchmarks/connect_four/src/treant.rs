//! `treant`, with its own policies for UCT and PUCT.

use autodidact_games::{Action, ConnectFour, Game, Turn};
use treant::tree_policy::{AlphaGoPolicy, UCTPolicy};
use treant::{CycleBehaviour, Evaluator, GameState, MCTS, MCTSManager, SearchHandle};

use crate::{Evaluation, Rule, Visits};

/// A position, and who won if it is over.
#[derive(Clone)]
struct Position {
    game: ConnectFour,
    winner: Option<Turn>,
}

impl GameState for Position {
    type Move = Action;
    type Player = Turn;
    type MoveList = Vec<Action>;

    fn current_player(&self) -> Turn {
        self.game.turn()
    }

    fn available_moves(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        self.game.legal_actions(&mut actions);
        actions
    }

    fn make_move(&mut self, action: &Action) {
        let mover = self.game.turn();
        if self.game.play(*action) > 0.0 {
            self.winner = Some(mover);
        }
    }
}

/// A search by one of its policies, and the evaluator that tells moves what this policy wants to know of them.
macro_rules! search {
    ($search:ident, $policy:ty, $told:ty, $tell:expr) => {
        struct $search;

        impl MCTS for $search {
            type State = Position;
            type Eval = Evaluation;
            type TreePolicy = $policy;
            type NodeData = ();
            type TranspositionTable = ();
            type ExtraThreadData = ();

            fn rng_seed(&self) -> Option<u64> {
                Some(1)
            }

            fn cycle_behaviour(&self) -> CycleBehaviour<Self> {
                CycleBehaviour::Ignore
            }
        }

        impl Evaluator<$search> for Evaluation {
            /// Of the player who began.
            type StateEvaluation = i64;

            fn evaluate_new_state(
                &self,
                position: &Position,
                moves: &Vec<Action>,
                _: Option<SearchHandle<$search>>,
            ) -> (Vec<$told>, i64) {
                (vec![$tell(moves.len()); moves.len()], value(*self, position))
            }

            fn evaluate_existing_state(&self, _: &Position, value: &i64, _: SearchHandle<$search>) -> i64 {
                *value
            }

            fn interpret_evaluation_for_player(&self, value: &i64, player: &Turn) -> i64 {
                if *player == Turn::First { *value } else { -value }
            }
        }

        impl $search {
            fn visits(policy: $policy, evaluation: Evaluation, simulations: u32) -> Visits {
                let start = Position { game: ConnectFour::default(), winner: None };
                let mut search = MCTSManager::new(start, Self, evaluation, policy, ());
                search.playout_n(simulations.into());
                let mut visits = Visits::default();
                for column in search.root_child_stats() {
                    visits[column.mov as usize] = column.visits as u32;
                }
                visits
            }
        }
    };
}

search!(Puct, AlphaGoPolicy, f64, |count| 1.0 / count as f64);
search!(Uct, UCTPolicy, (), |_| ());

/// For the player who began.
fn value(evaluation: Evaluation, position: &Position) -> i64 {
    match (position.game.turn(), position.winner) {
        (Turn::Over, Some(Turn::First)) => 1,
        (Turn::Over, Some(_)) => -1,
        (Turn::Over, None) => 0,
        (Turn::First, _) => evaluation.value(&position.game) as i64,
        _ => -evaluation.value(&position.game) as i64,
    }
}

/// Exploration is twice ours, whose values are brought from [-1, 1] to [0, 1]; in its UCT a factor of two is within the term.
pub fn search(rule: Rule, evaluation: Evaluation, simulations: u32) -> Option<Visits> {
    Some(match rule {
        Rule::Puct => Puct::visits(AlphaGoPolicy::new(2.5), evaluation, simulations),
        Rule::Uct => Uct::visits(UCTPolicy::new(1.4), evaluation, simulations),
    })
}
