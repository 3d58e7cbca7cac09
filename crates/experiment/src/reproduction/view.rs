//! One view of many running jobs, on stderr: a bar per job on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::children::{JobFailure, RunOutcome};
use super::context::JobProgress;
use crate::progress::{Display, duration, say};

const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// A job that runs, as far as it told.
pub(super) struct RunningJob {
    pub(super) id: String,
    pub(super) progress: JobProgress,
}

impl RunningJob {
    fn fraction(&self) -> f64 {
        let JobProgress { step, total, .. } = self.progress;
        if total == 0 { 0.0 } else { (step as f64 / total as f64).min(1.0) }
    }

    fn metrics(&self) -> String {
        let parts: Vec<String> =
            self.progress.metrics.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        parts.join("  ")
    }
}

pub(super) struct View {
    start: Instant,
    total: usize,
    ended: usize,
    shown: Shown,
}

enum Shown {
    Bars { all: MultiProgress, overall: ProgressBar, jobs: BTreeMap<String, ProgressBar> },
    Plain { last: Instant },
    Nothing,
}

impl View {
    pub(super) fn new(display: Display, total: usize, kept: usize) -> Self {
        let shown = if display == Display::Quiet {
            Shown::Nothing
        } else if display.is_terminal() {
            let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(5));
            let overall = all.add(
                ProgressBar::new(total as u64).with_style(style("{bar:24} {pos}/{len} jobs  {wide_msg}")),
            );
            Shown::Bars { all, overall, jobs: BTreeMap::new() }
        } else {
            Shown::Plain { last: Instant::now() }
        };
        let view = Self { start: Instant::now(), total, ended: 0, shown };
        let kept = if kept == 0 { String::new() } else { format!(", {kept} already done") };
        view.note(&format!("{total} jobs to run{kept}"));
        view
    }

    pub(super) fn note(&self, text: &str) {
        match &self.shown {
            Shown::Bars { all, .. } => all.suspend(|| say(text)),
            Shown::Plain { .. } => say(text),
            Shown::Nothing => {}
        }
    }

    pub(super) fn started(&mut self, id: &str) {
        match &mut self.shown {
            Shown::Bars { all, jobs, .. } => {
                let bar =
                    all.add(ProgressBar::new(1000).with_style(style("{bar:24} {percent:>3} %  {wide_msg}")));
                bar.set_message(id.to_owned());
                jobs.insert(id.to_owned(), bar);
            }
            Shown::Plain { .. } => say(&format!("{id} started")),
            Shown::Nothing => {}
        }
    }

    pub(super) fn finished(&mut self, id: &str) {
        self.ended += 1;
        self.leave(id, "done");
    }

    pub(super) fn stopped(&mut self, id: &str) {
        self.leave(id, "saved and stopped");
    }

    pub(super) fn failed(&mut self, failure: &JobFailure) {
        self.ended += 1;
        self.leave(&failure.id, &format!("failed: {}; see {}", failure.reason, failure.log.display()));
    }

    fn leave(&mut self, id: &str, how: &str) {
        if let Shown::Bars { all, overall, jobs } = &mut self.shown {
            if let Some(bar) = jobs.remove(id) {
                all.remove(&bar);
            }
            overall.set_position(self.ended as u64);
        }
        self.note(&format!("{id} {how}"));
    }

    pub(super) fn update(&mut self, running: impl Iterator<Item = RunningJob>) {
        let left = self.left();
        match &mut self.shown {
            Shown::Bars { overall, jobs, .. } => {
                overall.set_message(left);
                for job in running {
                    if let Some(bar) = jobs.get(&job.id) {
                        bar.set_position((job.fraction() * 1000.0) as u64);
                        bar.set_message(format!("{}  {}", job.id, job.metrics()));
                    }
                }
            }
            Shown::Plain { last } if last.elapsed() >= PLAIN_INTERVAL => {
                *last = Instant::now();
                let jobs: Vec<String> =
                    running.map(|job| format!("{} {:.0} %", job.id, job.fraction() * 100.0)).collect();
                say(&format!("{}/{} jobs  {left}  running: {}", self.ended, self.total, jobs.join(", ")));
            }
            Shown::Plain { .. } | Shown::Nothing => {}
        }
    }

    pub(super) fn end(&self, outcome: &RunOutcome) {
        if let Shown::Bars { all, .. } = &self.shown {
            let _ = all.clear();
        }
        let RunOutcome { finished, failed, is_interrupted, .. } = outcome;
        let interrupted = if *is_interrupted { ", interrupted" } else { "" };
        self.note(&format!("{} jobs finished, {} failed{interrupted}", finished.len(), failed.len()));
    }

    /// Time left if the other jobs take as long as those before.
    fn left(&self) -> String {
        if self.ended == 0 {
            return String::new();
        }
        let each = self.start.elapsed().as_secs_f64() / self.ended as f64;
        format!("about {} left", duration(each * (self.total - self.ended) as f64))
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("templates are constant")
}
