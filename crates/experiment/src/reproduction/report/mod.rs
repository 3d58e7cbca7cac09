//! The report: every claim with its verdict, as `report.json` for programs and `report.html` for people.

mod html;

use serde::Serialize;

use super::claim::{Findings, Verdict};
use super::engine::Reproduction;
use super::job::{Job, JobResult};
use super::plan::Plan;
use super::store::Stored;
use crate::run::Environment;
use crate::{Error, Result, file};

/// The layout of `report.json`.
pub const REPORT_VERSION: u32 = 1;

/// All claims, judged.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The layout: [`REPORT_VERSION`].
    pub version: u32,
    /// Version of autodidact that judged.
    pub autodidact: String,
    /// The command line to run to get this report.
    pub command: String,
    /// The plan.
    pub plan: Plan,
    /// The papers, in the order of the claims.
    pub papers: Vec<PaperReport>,
}

/// One paper's claim, judged.
#[derive(Debug, Clone, Serialize)]
pub struct PaperReport {
    /// The paper's short name.
    pub paper: String,
    /// Its title.
    pub title: String,
    /// Authors, year, identifier.
    pub citation: String,
    /// The claim.
    pub claim: String,
    /// The rule, written down before the run.
    pub rule: String,
    /// The data the jobs used.
    pub data: String,
    /// What the rule says.
    pub findings: Findings,
    /// The jobs that are done.
    pub jobs: Vec<JobSummary>,
    /// Ids of the jobs whose results are missing or stale.
    pub missing: Vec<String>,
}

/// What the report says of one job.
#[derive(Debug, Clone, Serialize)]
pub struct JobSummary {
    /// The job.
    pub id: String,
    /// Seconds of wall clock.
    pub seconds: f64,
    /// What it ran on.
    pub environment: Environment,
    /// The command line that ran it.
    pub command: String,
    /// SHA-256 of its description.
    pub hash: String,
}

impl Reproduction<'_> {
    /// Judges every claim and writes `report.html`, `report.json` and, below `figures/`, each figure as SVG and PNG.
    /// A claim with missing results is not judged: its verdict is [`Verdict::Incomplete`], with the jobs it lacks.
    ///
    /// # Errors
    /// [`Error::JobId`], [`Error::Read`], [`Error::Write`] or [`Error::DiskFull`].
    pub fn collect(&self) -> Result<Report> {
        let papers = self.claims.iter().map(|claim| self.judge(*claim)).collect::<Result<Vec<_>>>()?;
        let report = Report {
            version: REPORT_VERSION,
            autodidact: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.clone(),
            plan: self.plan.clone(),
            papers,
        };
        let root = self.store.root();
        file::create_folder(root)?;
        let mut json = serde_json::to_string_pretty(&report)
            .map_err(|source| Error::NotSerializable { what: "the report".to_owned(), source })?;
        json.push('\n');
        file::write(&root.join("report.json"), json.as_bytes())?;
        file::write(&root.join("report.html"), html::page(&report).as_bytes())?;
        for paper in &report.papers {
            for (index, item) in paper.findings.figures.iter().enumerate() {
                item.figure.save(&root.join("figures"), &format!("{}-{}", paper.paper, index + 1))?;
            }
        }
        Ok(report)
    }

    fn judge(&self, claim: &dyn super::Claim) -> Result<PaperReport> {
        let (mut results, mut missing) = (Vec::new(), Vec::new());
        for job in claim.jobs(&self.plan) {
            job.check()?;
            match self.store.load(&job)? {
                Stored::Done(result) => results.push(*result),
                Stored::Stale => missing.push((job, "its result is of another description")),
                Stored::Missing => missing.push((job, "no result")),
            }
        }
        let findings =
            if missing.is_empty() { claim.judge(&self.plan, &results) } else { incomplete(&missing) };
        Ok(PaperReport {
            paper: claim.paper().to_owned(),
            title: claim.title().to_owned(),
            citation: claim.citation().to_owned(),
            claim: claim.claim().to_owned(),
            rule: claim.rule().to_owned(),
            data: claim.data(&self.plan),
            findings,
            jobs: results.into_iter().map(JobSummary::from).collect(),
            missing: missing.into_iter().map(|(job, _)| job.id).collect(),
        })
    }
}

impl From<JobResult> for JobSummary {
    fn from(result: JobResult) -> Self {
        let JobResult { job, hash, seconds, environment, command, .. } = result;
        Self { id: job.id, seconds, environment, command, hash }
    }
}

fn incomplete(missing: &[(Job, &str)]) -> Findings {
    missing.iter().fold(Findings::new(Verdict::Incomplete), |findings, (job, why)| {
        findings.with_reason(format!("`{}`: {why}", job.id))
    })
}
