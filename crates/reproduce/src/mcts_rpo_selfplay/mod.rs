//! MCTS as regularized policy optimization, with networks that learn by self-play: does ALL beat AlphaZero where simulations are few?
//!
//! Left out: a pool in which all trained networks meet, since a job knows nothing of the others; and checkpoints, since a job of
//! the standard scale takes less than a minute and is begun again.

mod arm;
mod exam;
mod figures;
mod judge;
mod learn;
mod matches;
mod method;
mod results;
mod scale;
mod tables;
mod task;

use autodidact_experiment::reproduction::{Claim, Findings, Job, JobContext, JobError, JobResult, Plan};
use serde_json::Value;

use arm::Arm;
use scale::{Sizes, budgets};
use task::Task;

/// Grill et al. 2020, on networks.
#[derive(Clone, Copy, Debug)]
pub struct MctsRpoSelfplay;

impl Claim for MctsRpoSelfplay {
    fn paper(&self) -> &'static str {
        "mcts-rpo-selfplay"
    }

    fn title(&self) -> &'static str {
        "Monte-Carlo tree search as regularized policy optimization: self-play"
    }

    fn citation(&self) -> &'static str {
        "Grill et al. 2020, arXiv 2007.12509"
    }

    fn claim(&self) -> &'static str {
        "Networks that learn by self-play end stronger with the exact regularized policy π̄ in the tree, at the root and as what is learnt \
         (ALL) than with AlphaZero's visit counts where simulations are few against moves, and about as strong where they are many."
    }

    fn rule(&self) -> &'static str {
        "Games: connect four (7 moves; 2, 8 and 32 simulations) and Hex on 7 × 7 (49 moves; 4, 16 and 64). All methods have the same network, \
         optimizer, evaluations and, at a budget, updates; only the search differs. Strength is the mean of two differences of Elo \
         ratings: the network without a search against UCT with 20 random games a move, and under the same PUCT search of 64 \
         simulations for all against UCT with 200 (quick: 10 and 50; full: 100 and 1,000). Each method has its exploration constant, of the \
         same three, chosen for each game and budget on seeds that are not judged. The gain of ALL is its strength less AlphaZero's, paired \
         by seed: the mean over judged seeds with its 95 % bootstrap interval. Supported if in both games the interval at the fewest \
         simulations is above 0 and the estimate at the most is below half of that at the fewest; refuted at this scale if in both games the \
         interval at the fewest lies below 0, or includes 0 and has a half-width below 35 Elo; otherwise inconclusive. At the quick scale there \
         are three methods, one constant, two budgets and three seeds of short training."
    }

    fn data(&self, _plan: &Plan) -> String {
        "games that networks play against themselves; `--data` is not used".to_owned()
    }

    fn jobs(&self, plan: &Plan) -> Vec<Job> {
        let sizes = Sizes::of(plan.scale);
        let arms: Vec<Arm> = Task::ALL
            .into_iter()
            .flat_map(|task| budgets(task, plan.scale).into_iter().map(move |budget| (task, budget)))
            .flat_map(|(task, budget)| sizes.methods.iter().map(move |method| (task, budget, *method)))
            .flat_map(|(task, budget, method)| {
                let of = move |exploration: &f32| Arm::new(plan, task, method, budget, *exploration);
                sizes.explorations.iter().map(of)
            })
            .collect();
        plan.seeds(sizes.tuning_seeds + sizes.judged_seeds)
            .flat_map(|seed| arms.iter().map(move |arm| arm.job(self.paper(), plan, seed)))
            .collect()
    }

    fn run(&self, job: &Job, context: &JobContext<'_>) -> Result<Value, JobError> {
        let arm: Arm = serde_json::from_value(job.description.clone())?;
        Ok(serde_json::to_value(arm.run(job.seed, context)?)?)
    }

    fn judge(&self, plan: &Plan, results: &[JobResult]) -> Findings {
        judge::judge(plan, results)
    }
}
