//! What a paper's claim has to provide, and what judging it gives.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::context::{JobContext, JobError};
use super::job::{Job, JobResult};
use super::plan::Plan;
use crate::figure::Figure;
use crate::table::Table;

/// A paper's central claim as an experiment.
pub trait Claim: Sync {
    /// The paper's short name, for instance `byol`: lower-case letters, digits and dashes.
    fn paper(&self) -> &'static str;
    /// The paper's title.
    fn title(&self) -> &'static str;
    /// Authors, year and identifier.
    fn citation(&self) -> &'static str;
    /// The claim in a sentence or two.
    fn claim(&self) -> &'static str;
    /// The decision rule, written down before the run: what supports, what refutes, what leaves it open.
    fn rule(&self) -> &'static str;

    /// Whether it is beside the paper's central claim and runs only when it is named.
    fn is_extension(&self) -> bool {
        false
    }

    /// The data the jobs of this plan use, in a sentence for the report.
    fn data(&self, plan: &Plan) -> String {
        plan.data.as_ref().map_or_else(
            || "drawn by autodidact from seeds; nothing was downloaded".to_owned(),
            |path| format!("`{}`", path.display()),
        )
    }

    /// The jobs of this plan, in the order they are best run.
    fn jobs(&self, plan: &Plan) -> Vec<Job>;

    /// Runs a job. An arm that diverges is a result, not an error. JSON has no NaN: `json!` makes it null, and
    /// [`crate::metrics::number::to_json`] keeps it.
    ///
    /// # Errors
    /// What kept it from a result; [`super::Interrupted`] after a clean save into [`JobContext::scratch`].
    fn run(&self, job: &Job, context: &JobContext<'_>) -> Result<Value, JobError>;

    /// Applies the rule. The results are all there, in the order of [`Claim::jobs`].
    fn judge(&self, plan: &Plan, results: &[JobResult]) -> Findings;
}

/// What the rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The claim holds at this scale.
    Supported,
    /// The opposite holds at this scale.
    Refuted,
    /// The intervals leave it open.
    Inconclusive,
    /// Results are missing.
    Incomplete,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Supported => "supported",
            Self::Refuted => "refuted at this scale",
            Self::Inconclusive => "inconclusive",
            Self::Incomplete => "incomplete",
        })
    }
}

/// One condition of the rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Criterion {
    /// The condition as the rule states it.
    pub text: String,
    /// What was measured, with its interval.
    pub measured: String,
    /// Whether it is met; none where the interval leaves it open.
    pub met: Option<bool>,
}

/// A figure with a sentence below it.
#[derive(Debug, Clone, Serialize)]
pub struct IllustratedFigure {
    /// What it shows, and which figure of the paper it redraws.
    pub caption: String,
    /// The figure.
    pub figure: Figure,
}

/// What judging a claim gives.
#[derive(Debug, Clone, Serialize)]
pub struct Findings {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in sentences.
    pub reasons: Vec<String>,
    /// The rule's conditions.
    pub criteria: Vec<Criterion>,
    /// The numbers, with intervals.
    pub tables: Vec<Table>,
    /// The paper's plots with these results.
    pub figures: Vec<IllustratedFigure>,
    /// What a reader should know: differences from the paper, limits.
    pub notes: Vec<String>,
}

impl Findings {
    /// A verdict without reasons yet.
    pub fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            reasons: Vec::new(),
            criteria: Vec::new(),
            tables: Vec::new(),
            figures: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a reason.
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reasons.push(reason.into());
        self
    }

    /// Adds a condition.
    pub fn with_criterion(
        mut self,
        text: impl Into<String>,
        measured: impl Into<String>,
        met: Option<bool>,
    ) -> Self {
        self.criteria.push(Criterion { text: text.into(), measured: measured.into(), met });
        self
    }

    /// Adds a table.
    pub fn with_table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// Adds a figure.
    pub fn with_figure(mut self, figure: Figure, caption: impl Into<String>) -> Self {
        self.figures.push(IllustratedFigure { caption: caption.into(), figure });
        self
    }

    /// Adds a note.
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}
