//! `represent evaluate independence`: does the network of a run look at other pictures of its batch?

use anyhow::Result;
use autodidact::represent::byol::independence_on;
use clap::Args;

use super::applied::{Applied, Opened};
use crate::cli::exit::Exit;

/// Flags of `represent evaluate independence`.
#[derive(Debug, Args)]
#[command(after_help = "Fresh networks of the run's settings are tested, on batches of 64 pictures.")]
pub struct Independence {
    #[command(flatten)]
    applied: Applied,
}

pub fn run(arguments: &Independence) -> Result<Exit> {
    let Opened { device, trained, pictures, .. } = arguments.applied.open()?;
    let measured = independence_on(&trained.config, pictures, &device)?;
    let told = serde_json::json!({ "batch_independent": measured.passes(), "differences": measured });
    arguments.applied.output.result(&told, || {
        let badge = if measured.passes() { "batch-independent" } else { "depends on the batch" };
        format!("{badge}: largest differences {measured}")
    })?;
    Ok(Exit::Done)
}
