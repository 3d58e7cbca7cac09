//! Lists the jobs of claims, runs one, and knows what is done.

use std::path::PathBuf;

use serde::Serialize;

use super::claim::Claim;
use super::context::{Interrupted, JobContext, stop_when_orphaned};
use super::job::{Job, JobResult};
use super::plan::Plan;
use super::store::{RESULT_VERSION, Store, Stored};
use crate::progress::{Display, say};
use crate::run::{Environment, command_line};
use crate::{Error, Result, interrupt};

/// Claims, a plan, and the folder that holds the results.
pub struct Reproduction<'a> {
    pub(super) claims: Vec<&'a dyn Claim>,
    pub(super) plan: Plan,
    pub(super) store: Store,
    pub(super) command: String,
    pub(super) display: Display,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Its result is there.
    Done,
    /// A result is there, of another description; it is run again.
    Stale,
    /// No result is there.
    Missing,
}

/// A job and how far it is.
#[derive(Debug, Clone, Serialize)]
pub struct JobStatus {
    /// The job.
    pub job: Job,
    /// How far it is.
    pub state: JobState,
}

impl<'a> Reproduction<'a> {
    /// Claims to be tested by `plan`, with results below `out`. The report names this process's command line.
    pub fn new(claims: Vec<&'a dyn Claim>, plan: Plan, out: impl Into<PathBuf>) -> Self {
        Self { claims, plan, store: Store::new(out.into()), command: command_line(), display: Display::Auto }
    }

    /// The command line that the report tells people to run.
    pub fn with_command(mut self, command: impl Into<String>) -> Self {
        self.command = command.into();
        self
    }

    /// How progress is shown.
    pub fn with_display(mut self, display: Display) -> Self {
        self.display = display;
        self
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// All jobs of all claims, in order.
    pub fn jobs(&self) -> Vec<Job> {
        self.claims.iter().flat_map(|claim| claim.jobs(&self.plan)).collect()
    }

    /// All jobs with how far they are.
    ///
    /// # Errors
    /// [`Error::JobId`] if a claim made an id that cannot be a file name, [`Error::Read`] if a result cannot be read.
    pub fn status(&self) -> Result<Vec<JobStatus>> {
        self.jobs()
            .into_iter()
            .map(|job| {
                job.check()?;
                let state = match self.store.load(&job)? {
                    Stored::Done(_) => JobState::Done,
                    Stored::Stale => JobState::Stale,
                    Stored::Missing => JobState::Missing,
                };
                Ok(JobStatus { job, state })
            })
            .collect()
    }

    /// Runs one job in this process, continuing from its scratch folder, and keeps its result. A job whose result is
    /// there is not run again.
    ///
    /// # Errors
    /// [`Error::UnknownJob`], [`Error::Job`] if it failed, [`Error::Interrupted`] if it stopped after a clean save.
    pub fn run_job(&self, id: &str) -> Result<JobResult> {
        let (claim, job) = self.find(id)?;
        job.check()?;
        stop_when_orphaned();
        let _lock = self.store.lock(&job)?;
        if let Stored::Done(result) = self.store.load(&job)? {
            return Ok(*result);
        }
        let scratch = self.store.open_scratch(&job)?;
        let threads = self.plan.threads.unwrap_or_else(available_threads);
        let environment = Environment::capture(threads);
        let context = JobContext::with_display(&scratch, &self.plan, &job.id, self.display);
        let outcome = claim.run(&job, &context);
        context.finish();
        let result = match outcome {
            Ok(result) => result,
            Err(error) if error.is::<Interrupted>() => return Err(Error::Interrupted),
            Err(source) if interrupt::requested() => {
                say(&format!("job `{id}` stopped with: {source}"));
                return Err(Error::Interrupted);
            }
            Err(source) => return Err(Error::Job { id: job.id, source }),
        };
        let result = JobResult {
            version: RESULT_VERSION,
            hash: job.hash(),
            job,
            result,
            seconds: context.seconds(),
            environment,
            command: command_line(),
        };
        self.store.save(&result)?;
        self.store.remove_scratch(&result.job)?;
        Ok(result)
    }

    fn find(&self, id: &str) -> Result<(&'a dyn Claim, Job)> {
        let mut nearest: Option<(f64, String)> = None;
        for claim in &self.claims {
            for job in claim.jobs(&self.plan) {
                if job.id == id {
                    return Ok((*claim, job));
                }
                let likeness = strsim::jaro_winkler(id, &job.id);
                if likeness > nearest.as_ref().map_or(0.8, |(best, _)| *best) {
                    nearest = Some((likeness, job.id));
                }
            }
        }
        Err(Error::UnknownJob { id: id.to_owned(), nearest: nearest.map(|(_, id)| id) })
    }
}

fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
