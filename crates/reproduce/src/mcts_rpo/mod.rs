//! MCTS as regularized policy optimization: acting, searching and learning by π̄ helps where simulations are few.

mod bandit;
mod improve;
mod judge;
mod method;
mod solved;
mod task;

use autodidact_experiment::reproduction::{
    Claim, Findings, Job, JobContext, JobError, JobResult, Plan, Scale,
};
use serde_json::Value;

use task::Task;

/// Seeds on which the exploration constant of each method is chosen; they are not judged.
const TUNING_SEEDS: usize = 3;

/// Grill et al. 2020.
#[derive(Clone, Copy, Debug)]
pub struct MctsRpo;

impl Claim for MctsRpo {
    fn paper(&self) -> &'static str {
        "mcts-rpo"
    }

    fn title(&self) -> &'static str {
        "Monte-Carlo tree search as regularized policy optimization"
    }

    fn citation(&self) -> &'static str {
        "Grill et al. 2020, arXiv 2007.12509"
    }

    fn claim(&self) -> &'static str {
        "A search whose actions, in the tree and at the root, and whose policy to learn are the exact regularized policy π̄ (ALL) \
         ends above AlphaZero's visit counts where simulations are few against actions, and on par where they are many."
    }

    fn rule(&self) -> &'static str {
        "Search and learning are iterated: a tabular prior moves a tenth of the way to each search's policy to learn. Tasks: bandits of 4, 18 \
         and 81 actions with noisy returns (score: the value of the last policy as a share of the best), and solved positions of \
         tic-tac-toe, connect four on 5 × 4 and Hex on 4 × 4 with values of fixed noise (score: the probability of optimal moves). Each \
         method has its exploration constant, of the same three, and noise at the root or none, chosen on three seeds that are not judged. \
         A task speaks for the claim if ALL − AlphaZero, paired by seed, is above 0 with its whole 95 % interval at the least budget, \
         and at the largest budget is below half of that; against it if at the least budget the interval is not above 0 and its upper end is \
         below 0.02. Supported if at least five of the six tasks speak for it and none against; refuted at this scale if at least three \
         speak against it; otherwise inconclusive. Self-play on a network, which the paper is about, is not among these tasks."
    }

    fn data(&self, _plan: &Plan) -> String {
        "bandits and positions drawn from seeds; `--data` is not used".to_owned()
    }

    fn jobs(&self, plan: &Plan) -> Vec<Job> {
        let seeds = plan.seeds(match plan.scale {
            Scale::Quick => TUNING_SEEDS + 8,
            Scale::Standard => TUNING_SEEDS + 24,
            Scale::Full => TUNING_SEEDS + 100,
        });
        seeds.flat_map(|seed| Task::ALL.map(|task| task.job(self.paper(), plan.scale, seed))).collect()
    }

    fn run(&self, job: &Job, context: &JobContext<'_>) -> Result<Value, JobError> {
        Task::of(job)?.run(job.seed, context)
    }

    fn judge(&self, _plan: &Plan, results: &[JobResult]) -> Findings {
        judge::judge(results)
    }
}
