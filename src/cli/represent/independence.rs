//! `represent evaluate independence`: does the network of a run look at other pictures of its batch?

use std::path::PathBuf;

use anyhow::Result;
use autodidact::represent::byol::independence_on;
use clap::Args;

use crate::cli::common::{Machine, Output, Selection};
use crate::cli::exit::Exit;

/// Flags of `represent evaluate independence`.
#[derive(Debug, Args)]
pub struct Independence {
    /// Run directory; fresh networks of its settings are tested
    #[arg(long)]
    run: PathBuf,
    /// At least 64 pictures, labelled or not
    #[arg(long)]
    data: PathBuf,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    output: Output,
}

pub fn run(arguments: &Independence) -> Result<Exit> {
    let device = arguments.machine.start()?;
    let config = super::load(&arguments.run, &device)?.config;
    let pictures = arguments.selection.open(&arguments.data, arguments.output)?;
    let measured = independence_on(&config, pictures, &device)?;
    let told = serde_json::json!({ "batch_independent": measured.passes(), "differences": measured });
    arguments.output.result(&told, || {
        let badge = if measured.passes() { "batch-independent" } else { "depends on the batch" };
        format!("{badge}: largest differences {measured}")
    })?;
    Ok(Exit::Done)
}
