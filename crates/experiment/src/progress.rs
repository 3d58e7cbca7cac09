//! Progress for people, on stderr: one living line on a terminal, a plain line every ten seconds elsewhere.
//!
//! Results never go through here; stdout belongs to them.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// Writes a line for people to stderr. One that is closed or full is no reason to stop work.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Display {
    /// A living line if stderr is a terminal, plain lines otherwise.
    #[default]
    Auto,
    /// Plain lines.
    Plain,
    /// Nothing.
    Quiet,
}

impl Display {
    /// [`Display::Quiet`] if `quiet`, else [`Display::Auto`].
    pub fn from_quiet(quiet: bool) -> Self {
        if quiet { Self::Quiet } else { Self::Auto }
    }

    pub(crate) fn is_terminal(self) -> bool {
        self == Self::Auto && console::Term::stderr().is_term()
    }
}

/// The progress of a loop over steps: steps, rate, remaining time and the two metrics that matter.
///
/// ```
/// use autodidact_experiment::progress::{Display, Progress};
///
/// let mut progress = Progress::new("byol", 100, Display::Quiet);
/// progress.set(50, &[("loss/total", 0.71), ("eval/top1", 61.2)]);
/// progress.finish();
/// ```
#[derive(Debug)]
pub struct Progress {
    label: String,
    /// None where nobody knows.
    total: Option<u64>,
    shown: Shown,
}

/// Lines below the living line.
type Picture = Arc<Mutex<String>>;

#[derive(Debug)]
enum Shown {
    Line { bar: ProgressBar, picture: Picture },
    Plain { start: Instant, first_step: Option<u64>, last: Option<Instant> },
    Nothing,
}

impl Progress {
    /// Progress towards `total` steps.
    pub fn new(label: &str, total: u64, display: Display) -> Self {
        Self::towards(label, Some(total), display)
    }

    /// Progress of work of which nobody knows how long it is.
    pub fn open_ended(label: &str, display: Display) -> Self {
        Self::towards(label, None, display)
    }

    fn towards(label: &str, total: Option<u64>, display: Display) -> Self {
        let shown = if display == Display::Quiet {
            Shown::Nothing
        } else if display.is_terminal() {
            let template = match total {
                Some(_) => "{prefix} {bar:24} {pos}/{len}  {rate}  {left}  {wide_msg}\n{picture}",
                None => "{prefix} {spinner} {pos}  {rate}  {wide_msg}\n{picture}",
            };
            let picture = Picture::default();
            let drawn = Arc::clone(&picture);
            let style = ProgressStyle::with_template(template)
                .expect("the template is constant")
                .with_key("rate", |state: &ProgressState, text: &mut dyn fmt::Write| {
                    let _ = write!(text, "{:.2} steps/s", state.per_sec());
                })
                .with_key("left", |state: &ProgressState, text: &mut dyn fmt::Write| {
                    let _ = write!(text, "{} left", duration(state.eta().as_secs_f64()));
                })
                .with_key("picture", move |_: &ProgressState, text: &mut dyn fmt::Write| {
                    let drawn = drawn.lock().unwrap_or_else(PoisonError::into_inner);
                    let _ = write!(text, "{drawn}");
                });
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(5))
                .with_style(style)
                .with_prefix(label.to_owned());
            Shown::Line { bar, picture }
        } else {
            Shown::Plain { start: Instant::now(), first_step: None, last: None }
        };
        Self { label: label.to_owned(), total, shown }
    }

    /// Steps done so far, with the metrics to show.
    pub fn set(&mut self, step: u64, metrics: &[(&str, f64)]) {
        let is_last = self.total.is_some_and(|total| step >= total);
        match &mut self.shown {
            Shown::Line { bar, .. } => {
                // A resumed run starts in the middle; its rate counts from there.
                if bar.position() == 0 && step > 1 {
                    bar.reset_eta();
                    bar.set_position(step);
                    bar.reset_eta();
                } else {
                    bar.set_position(step);
                }
                bar.set_message(describe(metrics));
            }
            Shown::Plain { start, first_step, last } => {
                let first = *first_step.get_or_insert(step);
                if is_last || last.is_none_or(|last| last.elapsed() >= PLAIN_INTERVAL) {
                    *last = Some(Instant::now());
                    let line =
                        plain_line(&self.label, step, self.total, step - first.min(step), start.elapsed());
                    say(&format!("{line}  {}", describe(metrics)));
                }
            }
            Shown::Nothing => {}
        }
    }

    /// Whether a [picture](Self::picture) can be seen.
    pub fn has_picture(&self) -> bool {
        matches!(self.shown, Shown::Line { .. })
    }

    /// Shows some lines below the living line, in place of those before.
    pub fn picture(&self, lines: &str) {
        if let Shown::Line { picture, .. } = &self.shown {
            lines.clone_into(&mut picture.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Says something above the living line, for instance that a checkpoint was saved.
    pub fn note(&self, text: &str) {
        match &self.shown {
            Shown::Line { bar, .. } => bar.suspend(|| say(text)),
            Shown::Plain { .. } => say(text),
            Shown::Nothing => {}
        }
    }

    /// Ends the living line; it stays as it last was.
    pub fn finish(&self) {
        if let Shown::Line { bar, .. } = &self.shown {
            bar.abandon();
        }
    }
}

fn describe(metrics: &[(&str, f64)]) -> String {
    let mut text = String::new();
    for (name, value) in metrics {
        let _ = write!(text, "{}{name} {value:.4}", if text.is_empty() { "" } else { "  " });
    }
    text
}

fn plain_line(label: &str, step: u64, total: Option<u64>, done: u64, elapsed: Duration) -> String {
    let mut line = match total {
        Some(total) => format!("{label} {step}/{total}"),
        None => format!("{label} {step}"),
    };
    if done > 0 && elapsed.as_secs_f64() > 0.0 {
        let rate = done as f64 / elapsed.as_secs_f64();
        let _ = write!(line, "  {rate:.2} steps/s");
        if let Some(total) = total {
            let _ = write!(line, "  {} left", duration(total.saturating_sub(step) as f64 / rate));
        }
    }
    line
}

/// `42 s`, `3 min 20 s`, `2 h 05 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_for_people() {
        let cases = [
            (0.2, "0 s"),
            (59.4, "59 s"),
            (59.6, "1 min 00 s"),
            (200.0, "3 min 20 s"),
            (7_530.0, "2 h 05 min"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn a_plain_line_has_steps_rate_and_remaining_time() {
        let line = |total| plain_line("byol", 150, total, 50, Duration::from_secs(10));
        assert_eq!(line(Some(300)), "byol 150/300  5.00 steps/s  30 s left");
        assert_eq!(line(None), "byol 150  5.00 steps/s");
        assert_eq!(plain_line("byol", 1, Some(300), 0, Duration::ZERO), "byol 1/300");
        assert_eq!(
            describe(&[("loss/total", 0.5), ("eval/top1", 61.0)]),
            "loss/total 0.5000  eval/top1 61.0000"
        );
    }
}
