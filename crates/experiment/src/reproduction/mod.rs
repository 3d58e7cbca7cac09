//! The engine that re-tests a paper's claim: jobs, results, a verdict and a report.
//!
//! A [`Claim`] states its decision rule before anything runs, and splits into [`Job`]s (arm × seed), each a pure
//! function of its description whose result is one JSON file. So work resumes after a kill, and spreads over machines
//! that share a folder: list the jobs, run each anywhere, collect. [`Reproduction`] is that engine.
//!
//! What the claims are is left to the crate that knows the papers; what is printed, to the command line.
//!
//! ```
//! use autodidact_experiment::reproduction::{
//!     Claim, Findings, Job, JobContext, JobError, JobResult, Plan, Reproduction, Scale, Verdict,
//! };
//! use serde_json::{Value, json};
//!
//! struct Halving;
//!
//! impl Claim for Halving {
//!     fn paper(&self) -> &'static str { "zeno" }
//!     fn title(&self) -> &'static str { "Achilles and the tortoise" }
//!     fn citation(&self) -> &'static str { "Zeno, about 450 BC" }
//!     fn claim(&self) -> &'static str { "Halving a distance never ends it." }
//!     fn rule(&self) -> &'static str { "Supported if the distance is above zero after all halvings." }
//!     fn jobs(&self, plan: &Plan) -> Vec<Job> {
//!         plan.seeds(2).map(|seed| Job::new(self.paper(), plan.scale, "halve", seed, json!({ "times": 10 }))).collect()
//!     }
//!     fn run(&self, job: &Job, _: &JobContext<'_>) -> Result<Value, JobError> {
//!         let times = job.description["times"].as_i64().ok_or("no times")?;
//!         Ok(json!(0.5_f64.powi(times as i32)))
//!     }
//!     fn judge(&self, _: &Plan, results: &[JobResult]) -> Findings {
//!         let all = results.iter().all(|result| result.result.as_f64() > Some(0.0));
//!         Findings::new(if all { Verdict::Supported } else { Verdict::Refuted })
//!     }
//! }
//!
//! # let folder = tempfile::tempdir()?;
//! let reproduction = Reproduction::new(vec![&Halving], Plan::new(Scale::Quick), folder.path());
//! for job in reproduction.jobs() {
//!     reproduction.run_job(&job.id)?;
//! }
//! assert_eq!(reproduction.collect()?.papers[0].findings.verdict, Verdict::Supported);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod children;
mod claim;
mod context;
mod engine;
mod job;
mod plan;
mod report;
mod store;
mod view;

pub use children::{JobFailure, RunOutcome};
pub use claim::{Claim, Criterion, Findings, IllustratedFigure, Verdict};
pub use context::{Interrupted, JobContext, JobError};
pub use engine::{JobState, JobStatus, Reproduction};
pub use job::{Job, JobResult};
pub use plan::{ParseScaleError, Plan, Scale};
pub use report::{JobSummary, PaperReport, REPORT_VERSION, Report};
