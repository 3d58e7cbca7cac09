//! `autodidact runs`: what was run, and how it went.

use std::path::PathBuf;

use anyhow::Result;
use autodidact::experiment::run::{self, RunDirectory};
use clap::{Args, Subcommand};

use super::common::{Output, text_table};
use super::exit::Exit;

/// Verbs of `autodidact runs`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the runs below a folder
    List(List),
    /// Show one run: configuration, machine, last metrics, summary
    Show(Show),
    /// Compare runs: settings that differ, and last metrics
    Compare(Compare),
}

#[derive(Debug, Args)]
pub struct List {
    /// Folder of runs
    #[arg(default_value = "runs")]
    root: PathBuf,
    /// Metrics to list
    #[arg(long, value_delimiter = ',', default_value = "loss/total,projection/spread,probe/accuracy")]
    metrics: Vec<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub struct Show {
    /// Run directory
    run: PathBuf,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub struct Compare {
    /// Run directories
    #[arg(required = true, num_args = 2..)]
    runs: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
}

pub fn run(verb: Verb) -> Result<Exit> {
    match verb {
        Verb::List(arguments) => {
            let entries = run::list_runs(&arguments.root)?;
            let metrics: Vec<&str> = arguments.metrics.iter().map(String::as_str).collect();
            arguments.output.result(&serde_json::json!({ "runs": entries }), || {
                if entries.is_empty() {
                    format!("no runs below `{}`", arguments.root.display())
                } else {
                    text_table(&run::table(&entries, &metrics))
                }
            })?;
        }
        Verb::Show(arguments) => {
            let details = run::show(&RunDirectory::open(&arguments.run)?)?;
            arguments.output.result(&details, || {
                format!(
                    "{}\ncommand  {}\nmachine  {}\n\n{}\n\n{}",
                    arguments.run.display(),
                    details.command,
                    details.environment.machine(),
                    text_table(&details.metrics_table()),
                    details.config,
                )
            })?;
        }
        Verb::Compare(arguments) => {
            let runs = arguments.runs.iter().map(RunDirectory::open).collect::<Result<Vec<_>, _>>()?;
            let comparison = run::compare(&runs)?;
            arguments.output.result(&comparison, || text_table(&comparison.table()))?;
        }
    }
    Ok(Exit::Done)
}
