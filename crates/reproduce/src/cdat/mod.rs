//! CDAT: a learning rate at the edge of stability beats greedy ones in the long run.

mod arm;
mod batches;
mod family;
mod measured;
mod network;
mod objective;
mod task;
mod train;

use autodidact_experiment::reproduction::{
    Claim, Findings, Job, JobContext, JobError, JobResult, Plan, Scale, Verdict,
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
        ""
    }
    fn rule(&self) -> &'static str {
        ""
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

    fn judge(&self, _plan: &Plan, _results: &[JobResult]) -> Findings {
        Findings::new(Verdict::Inconclusive)
    }
}
