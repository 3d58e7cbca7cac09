//! Optimistic optimization of a Brownian: evaluations grow like the squared logarithm of the accuracy.

mod arm;
mod fit;
mod found;
mod grid;
mod judge;

use autodidact_experiment::reproduction::{
    Claim, Findings, Job, JobContext, JobError, JobResult, Plan, Scale,
};
use serde_json::Value;

use arm::{ARMS, Arm};

/// Grill, Valko, Munos 2018.
#[derive(Clone, Copy, Debug)]
pub struct Brownian;

impl Claim for Brownian {
    fn paper(&self) -> &'static str {
        "brownian"
    }

    fn title(&self) -> &'static str {
        "Optimistic optimization of a Brownian"
    }

    fn citation(&self) -> &'static str {
        "Grill, Valko, Munos 2018, arXiv 1901.04884"
    }

    fn claim(&self) -> &'static str {
        "A point within ε of the maximum of a Brownian motion, but for a probability of ε, is found with a number of \
         evaluations that grows like the square of ln(1/ε); an even grid needs more than (1/ε)^1.9."
    }

    fn rule(&self) -> &'static str {
        "N is the mean number of evaluations over drawn paths, L = ln(1/ε), ε = 2⁻³ … 2⁻²⁰; failures are judged by suprema \
         drawn from their law. Supported if (1) the exponent q of N ~ L^q over ε ≤ 2⁻¹⁵ lies in [1.8, 2.2] with its whole \
         95 % interval over seeds; (2) N/L² stays within 15 % of a constant between 29 and 33 for all ε ≤ 0.1; (3) of L^q and ε^-r, fitted to \
         ε ≥ 2⁻¹⁴, L^q comes closer to the rest; (4) the upper Clopper–Pearson bound of the failure rate is at most ε for \
         ε = 2⁻³ … 2⁻⁶; (5) the exponent of the grid in 1/ε is at least 1.9. Refuted at this scale if N/L² departs by more \
         than 30 %, ε^-r with r > 0.1 comes closer, or failures are significantly more frequent than ε. Otherwise \
         inconclusive."
    }

    fn data(&self, _plan: &Plan) -> String {
        "Brownian motions drawn from seeds; `--data` is not used".to_owned()
    }

    fn jobs(&self, plan: &Plan) -> Vec<Job> {
        let seeds = plan.seeds(match plan.scale {
            Scale::Quick => 4,
            Scale::Standard => 20,
            Scale::Full => 100,
        });
        seeds.flat_map(|seed| ARMS.map(|(name, arm)| arm.job(self.paper(), plan.scale, name, seed))).collect()
    }

    fn run(&self, job: &Job, context: &JobContext<'_>) -> Result<Value, JobError> {
        Arm::of(job)?.run(job.seed, context)
    }

    fn judge(&self, _plan: &Plan, results: &[JobResult]) -> Findings {
        judge::judge(results)
    }
}
