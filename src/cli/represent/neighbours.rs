//! `represent neighbours`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use autodidact::represent::{nearest_rows, neighbours_picture};
use clap::Args;

use super::applied::Applied;
use super::embed::embed;
use crate::cli::common::require_parent;
use crate::cli::exit::Exit;

/// Flags of `represent neighbours`.
#[derive(Debug, Args)]
pub struct Neighbours {
    #[command(flatten)]
    applied: Applied,
    /// Queries, spread evenly over the collection
    #[arg(long, default_value_t = 10)]
    queries: usize,
    /// Neighbours of each query
    #[arg(long, default_value_t = 10)]
    k: usize,
    /// The picture
    #[arg(long, default_value = "neighbours.png")]
    out: PathBuf,
}

pub fn run(arguments: &Neighbours) -> Result<Exit> {
    require_parent(&arguments.out)?;
    let applied = &arguments.applied;
    let (device, trained, dataset) = applied.open()?;
    let embeddings = embed(&trained, dataset.clone(), &device, applied.machine.threads(), applied.output)?;
    let count = arguments.queries.clamp(1, embeddings.len());
    let queries: Vec<usize> = (0..count).map(|query| query * embeddings.len() / count).collect();
    let rows = nearest_rows(&embeddings, &*dataset, &queries, arguments.k)?;
    std::fs::write(&arguments.out, neighbours_picture(&rows))
        .with_context(|| format!("cannot write `{}`", arguments.out.display()))?;
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let near: Vec<_> = row
                .neighbours
                .iter()
                .map(|near| serde_json::json!({ "path": dataset.path(near.index), "similarity": near.similarity }))
                .collect();
            serde_json::json!({ "path": dataset.path(row.index), "neighbours": near })
        })
        .collect();
    applied.output.result(&serde_json::json!({ "out": arguments.out, "queries": told }), || {
        arguments.out.display().to_string()
    })?;
    Ok(Exit::Done)
}
