//! How the program ends.

use std::process::ExitCode;

use autodidact::experiment::{self, progress::say};
use autodidact::{communicate, represent};

/// Exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The run or the check failed.
    Failed = 1,
    /// Wrong use, and tables that were read and cannot serve.
    Usage = 2,
    /// Interrupted after a clean save.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What was asked for cannot be meant; ends with [`Exit::Usage`].
#[derive(Debug)]
pub struct WrongUse(pub String);

impl std::fmt::Display for WrongUse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for WrongUse {}

/// Tells an error on stderr, each cause once.
pub fn report(error: &anyhow::Error) -> Exit {
    if is_broken_pipe(error) {
        return Exit::Done;
    }
    if causes(error).any(|cause| matches!(cause, experiment::Error::Interrupted)) {
        say("interrupted");
        return Exit::Interrupted;
    }
    let mut told = error.to_string();
    say(&format!("error: {told}"));
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Wrapping errors often repeat their cause.
        if !told.contains(&cause) {
            say(&format!("  because: {cause}"));
            told = cause;
        }
    }
    let is_setting = matches!(error.downcast_ref(), Some(represent::Error::Setting { .. }));
    let is_usage = error.is::<WrongUse>() || is_setting || is_taken(error) || is_unfit(error);
    if is_usage { Exit::Usage } else { Exit::Failed }
}

/// Whether a table was read and cannot serve: too few rows, a number that is none, an array of another name or kind.
fn is_unfit(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<communicate::Error>().is_some_and(communicate::Error::is_unfit_input)
    })
}

/// The experiment's errors in a chain, also where another library's error wraps one without a sign of its own.
fn causes(error: &anyhow::Error) -> impl Iterator<Item = &experiment::Error> {
    error.chain().filter_map(|cause| {
        cause.downcast_ref::<experiment::Error>().or_else(|| match cause.downcast_ref::<represent::Error>() {
            Some(represent::Error::Experiment(own)) => Some(own),
            _ => None,
        })
    })
}

/// Whether the place for a result is taken, which is wrong use like any other name that cannot be meant.
fn is_taken(error: &anyhow::Error) -> bool {
    causes(error).any(|cause| matches!(cause, experiment::Error::RunExists { .. }))
        || matches!(error.downcast_ref(), Some(represent::Error::ExportExists { .. }))
}

/// A reader that closes the pipe early (`| head`) is no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
