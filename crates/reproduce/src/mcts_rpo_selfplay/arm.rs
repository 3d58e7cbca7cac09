//! A job: a game, a method with its numbers, a seed.

use autodidact_arena::{Playable, Tally};
use autodidact_experiment::reproduction::{Job, JobContext, JobError, Plan};
use autodidact_games::{ConnectFour, Hex};
use autodidact_mcts::Config;
use autodidact_nn::Precision;
use autodidact_selfplay::{Error, NetworkEvaluator};
use serde::{Deserialize, Serialize};

use super::exam::Exam;
use super::learn::Training;
use super::matches::{Matches, elo};
use super::method::Method;
use super::scale::Sizes;
use super::task::Task;
use crate::device;

/// Everything that a result depends on beside the seed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Arm {
    pub task: Task,
    pub method: Method,
    pub exploration: f32,
    pub search: Config,
    pub training: Training,
    pub matches: Matches,
    /// Of connect four.
    pub exam: Option<Exam>,
    pub device: String,
}

/// What came of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// Loss or gradient stopped being numbers at this update.
    Diverged {
        step: u64,
    },
    Measured(Measured),
}

/// A trained network's strength, and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Without a search.
    pub raw: Tally,
    /// Under the search that is the same for all.
    pub searched: Tally,
    /// The share of right moves without a search.
    pub right_moves: Option<f64>,
    pub positions: u64,
    pub games: u64,
    pub updates: u64,
    /// Positions that searches asked for.
    pub evaluations: u64,
    /// Seconds of training: the one number that another run of the job does not repeat.
    pub seconds: f64,
}

impl Measured {
    /// The mean of both differences of ratings.
    pub fn strength(&self) -> f64 {
        0.5 * (elo(&self.raw) + elo(&self.searched))
    }
}

impl Arm {
    pub fn new(plan: &Plan, task: Task, method: Method, simulations: u32, exploration: f32) -> Self {
        let sizes = Sizes::of(plan.scale);
        let actions = match task {
            Task::ConnectFour => 7,
            Task::Hex => 49,
        };
        Self {
            task,
            method,
            exploration,
            search: method.config(exploration, simulations, actions),
            training: Training::new(sizes.evaluations),
            matches: Matches::new(sizes.games, sizes.opponents),
            exam: (task == Task::ConnectFour).then(|| Exam::new(sizes.positions)),
            device: plan.device.clone(),
        }
    }

    pub fn job(&self, paper: &str, plan: &Plan, seed: u64) -> Job {
        let Self { task, method, exploration, search, .. } = self;
        let arm = format!("{}-{}-{}-c{exploration}", task.name(), method.name(), search.num_simulations);
        let description = serde_json::to_value(self).expect("a description is plain data");
        Job::new(paper, plan.scale, &arm, seed, description)
    }

    pub fn run(&self, seed: u64, context: &JobContext<'_>) -> Result<Outcome, JobError> {
        let measured = match self.task {
            Task::ConnectFour => self.measure(&ConnectFour::default(), seed, context),
            Task::Hex => self.measure(&Hex::new(7, false)?, seed, context),
        };
        match measured {
            Ok(measured) => Ok(Outcome::Measured(measured)),
            Err(error) => match error.downcast_ref() {
                Some(Error::Diverged { step, .. }) => Ok(Outcome::Diverged { step: *step }),
                _ => Err(error),
            },
        }
    }

    fn measure<G: Playable>(
        &self,
        start: &G,
        seed: u64,
        context: &JobContext<'_>,
    ) -> Result<Measured, JobError> {
        let device = device(&context.plan.device)?;
        let search = (self.search, self.method != Method::Uniform);
        let trained = self.training.run(start, search, seed, &device, context)?;
        let network = NetworkEvaluator::new(trained.network, &device, Precision::F32);
        let [raw, searched] = self.matches.run(start, &network, seed)?;
        Ok(Measured {
            raw,
            searched,
            right_moves: self.exam.map(|exam| exam.run(&network)).transpose()?,
            positions: trained.positions,
            games: trained.games,
            updates: trained.updates,
            evaluations: trained.evaluations,
            seconds: trained.seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodidact_experiment::reproduction::Scale;
    use autodidact_experiment::rng::Seeds;
    use autodidact_games::{Game, Observe};
    use autodidact_mcts::Normalization;
    use autodidact_nn::state;
    use autodidact_selfplay::burn::tensor::Device;

    /// What it searches: a wave of games and a part of the next.
    const POSITIONS: u64 = 1000;

    /// Little enough for a second.
    fn tiny(task: Task, method: Method) -> Arm {
        let arm = Arm::new(&Plan::new(Scale::Quick), task, method, task.budgets()[0], 1.25);
        Arm {
            training: Training { evaluations: POSITIONS * u64::from(task.budgets()[0] + 1), ..arm.training },
            matches: Matches {
                games: 4,
                raw_opponent: 10,
                searched_opponent: 10,
                simulations: 4,
                ..arm.matches
            },
            exam: arm.exam.map(|exam| Exam { positions: 5, ..exam }),
            ..arm
        }
    }

    #[test]
    fn a_job_gives_the_same_result_twice() {
        for (task, method) in [(Task::ConnectFour, Method::Uniform), (Task::Hex, Method::All)] {
            let arm = tiny(task, method);
            let plan = Plan::new(Scale::Quick);
            let run = |seed| {
                let scratch = tempfile::tempdir().expect("a scratch folder");
                let context = JobContext::new(scratch.path(), &plan);
                match arm.run(seed, &context).expect("the job runs") {
                    Outcome::Measured(measured) => Measured { seconds: 0.0, ..measured },
                    Outcome::Diverged { step } => panic!("it diverged at {step}"),
                }
            };
            let first = run(1);
            assert_eq!(first, run(1));
            assert_ne!(first, run(2));
            assert!(first.positions.abs_diff(POSITIONS) <= 32, "{first:?}");
            let all = first.positions * u64::from(task.budgets()[0] + 1);
            assert!(first.updates > 0 && first.games > 0 && first.evaluations <= all, "{first:?}");
            assert!(first.evaluations > all / 2, "{first:?}");
            let tally = first.searched;
            assert_eq!(tally.wins + tally.draws + tally.losses, 4);
            assert_eq!(first.right_moves.is_some(), task == Task::ConnectFour);
        }
    }

    #[test]
    fn a_loss_that_is_no_number_is_a_result() {
        let mut arm = tiny(Task::ConnectFour, Method::AlphaZero);
        arm.training.learning_rate = f64::INFINITY;
        let plan = Plan::new(Scale::Quick);
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let outcome = arm.run(1, &JobContext::new(scratch.path(), &plan)).expect("a result");
        assert!(matches!(outcome, Outcome::Diverged { .. }), "{outcome:?}");
    }

    /// The same scale of values and nothing proven for all; few enough weights.
    #[test]
    fn only_the_search_differs() {
        for task in Task::ALL {
            for method in Method::ALL {
                let arm = Arm::new(&Plan::new(Scale::Standard), task, method, 8, 1.25);
                assert_eq!(arm.search.proven, None);
                if method == Method::Gumbel {
                    assert!(!arm.search.improvement.rescale && arm.search.noise.is_none());
                } else {
                    assert_eq!(arm.search.normalization, Normalization::Fixed { low: -1.0, high: 1.0 });
                    assert!(arm.search.noise.is_some());
                }
                arm.search.check().expect("a search");
            }
        }
        let weights = |shape, actions| {
            let network = Training::new(1).network.init(
                shape,
                actions,
                &mut Seeds::new(1).stream("weights"),
                &Device::flex(),
            );
            let tensors = state::all_tensors(&network);
            tensors.values().map(|tensor| tensor.shape.iter().product::<usize>()).sum::<usize>()
        };
        let hex = Hex::new(7, false).expect("a board");
        assert_eq!(hex.num_actions(), 49);
        for count in [weights(hex.observation_shape(), 49), weights([2, 6, 7], 7)] {
            assert!((5_000..50_000).contains(&count), "{count}");
        }
    }
}
