//! CDAT: a learning rate at the edge of stability beats greedy ones in the long run.

mod arm;
mod batch_judge;
mod batches;
mod family;
mod figures;
mod judge;
mod measured;
mod network;
mod objective;
mod results;
mod rule;
mod tables;
mod task;
mod train;

#[cfg(test)]
mod tests;

use autodidact_experiment::reproduction::{
    Claim, Findings, Job, JobContext, JobError, JobResult, Plan, Scale,
};
use serde_json::Value;

use arm::FullBatch;
use batches::MiniBatch;
use family::Family;

/// Roulet et al. 2024.
#[derive(Clone, Copy, Debug)]
pub struct Cdat;

impl Claim for Cdat {
    fn paper(&self) -> &'static str {
        "cdat"
    }

    fn title(&self) -> &'static str {
        "Stepping on the edge: curvature aware learning rate tuners"
    }

    fn citation(&self) -> &'static str {
        "Roulet et al. 2024, arXiv 2407.06183"
    }

    fn claim(&self) -> &'static str {
        "With the whole batch, rules that take the greatest decrease at each step (σ = 1, line search) keep the product of \
         learning rate and sharpness below 2, let the sharpness grow, and end above a tuned constant rate. A rule that aims at \
         the edge of stability (σ near 2) holds the product at 2 and is on par with the constant rate or better."
    }

    fn rule(&self) -> &'static str {
        "A loss is the mean of the last five iterates'; a condition holds on a task if it holds in two thirds of its seeds. \
         Supported if, on each of A, B and C: (1) the best σ of 1.9375, 2 and 2.0625 ends at most at the best constant rate's \
         loss; (2) and below σ = 1 and the best line search; (3) for σ = 1 and the best line search the mean of η λ over the \
         second half is below 1.9 and λ rises (its mean over the last quarter is more than 1.05 times that over the third); (4) \
         for σ = 2 that mean lies in [1.9, 2.3] and λ does not rise; (5) f(w + η u) is larger with the edge's η than with the \
         greedy one on more than 95 % of the steps of σ = 1 and of σ = 2; (6) the best constant rate is inside its grid; and on the \
         linear model D σ = 1 ends at most at the loss of the best σ near 2. Refuted at this scale if σ = 1 or the line \
         search is within 5 % of the best constant rate on two of A, B and C at 1500 and at 6000 steps, or if σ = 2 diverges \
         or ends more than 20 % above the best constant rate on two of them. Otherwise inconclusive. At the standard scale \
         runs have 1500 steps, so that the first refutation, which needs 6000 as well, is tested at the full scale only; at the quick scale, \
         without C and with 200 steps, nothing can be decided."
    }

    fn data(&self, plan: &Plan) -> String {
        let Some(folder) = &plan.data else {
            return "pictures drawn by autodidact from seeds; in grey for task C".to_owned();
        };
        let digits = task::digits(plan).map_or_else(
            || {
                "task C: drawn pictures in grey, since no folder `mnist` with IDX files is in it or beside it"
                    .to_owned()
            },
            |digits| format!("task C: `{}`", digits.display()),
        );
        format!("`{}`; {digits}", folder.display())
    }

    fn jobs(&self, plan: &Plan) -> Vec<Job> {
        let full: Vec<FullBatch> = arm::tasks(plan.scale)
            .iter()
            .flat_map(|&task| Family::ALL.map(|family| (task, family)))
            .filter(|(task, family)| family.runs_on(*task))
            .map(|(task, family)| FullBatch::new(plan, task, family))
            .collect();
        let mini = MiniBatch::all(plan);
        let (paper, scale) = (self.paper(), plan.scale);
        plan.seeds(if scale == Scale::Quick { 2 } else { 3 })
            .flat_map(|seed| {
                let full = full.iter().map(move |arm| arm.job(paper, scale, seed));
                full.chain(mini.iter().map(move |arm| arm.job(paper, scale, seed)))
            })
            .collect()
    }

    fn run(&self, job: &Job, context: &JobContext<'_>) -> Result<Value, JobError> {
        if job.description.get("family").is_some() {
            serde_json::from_value::<FullBatch>(job.description.clone())?.run(job.seed, context)
        } else {
            serde_json::from_value::<MiniBatch>(job.description.clone())?.run(job.seed, context)
        }
    }

    fn judge(&self, plan: &Plan, results: &[JobResult]) -> Findings {
        judge::judge(plan, results)
    }
}
