//! Ours.

use autodidact_games::ConnectFour;
use autodidact_mcts::{Batch, Budget, Config, Planner, Rollouts};

use crate::{Evaluation, Rule, Visits};

pub fn search(rule: Rule, evaluation: Evaluation, simulations: u32) -> Option<Visits> {
    let config = match rule {
        Rule::Puct => Config { noise: None, ..Config::alpha_zero(simulations) },
        Rule::Uct => Config::uct(simulations, 1.4),
    };
    let game = ConnectFour::default();
    let output = match evaluation {
        Evaluation::Null => {
            let null = |batch: &mut Batch<ConnectFour>| {
                (0..batch.len()).for_each(|index| batch.set_uniform(index, 0.0));
                Ok(())
            };
            Planner::new(config, game, &null, 1)
                .and_then(|mut planner| planner.search(&null, Budget::default()))
        }
        Evaluation::Rollout => {
            let rollouts = Rollouts::default();
            Planner::new(config, game, &rollouts, 1)
                .and_then(|mut planner| planner.search(&rollouts, Budget::default()))
        }
    };
    output.expect("a position that can be searched").visits.try_into().ok()
}
