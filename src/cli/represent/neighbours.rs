//! `represent neighbours`.

use std::path::PathBuf;

use anyhow::Result;
use autodidact::experiment::file;
use autodidact::represent::{nearest_rows, neighbours_picture};
use clap::Args;

use super::applied::{Applied, Opened};
use super::embed::embed;
use crate::cli::common::{at_most, fresh, require_new_file};
use crate::cli::exit::Exit;

/// Flags of `represent neighbours`.
#[derive(Debug, Args)]
pub struct Neighbours {
    #[command(flatten)]
    applied: Applied,
    /// Queries, spread evenly over the collection
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    queries: u16,
    /// Neighbours of each query
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    k: u16,
    /// The picture, a new .png file [default: neighbours.png, or the next name that is free]
    #[arg(long)]
    out: Option<PathBuf>,
}

pub fn run(arguments: &Neighbours) -> Result<Exit> {
    let out = arguments.out.clone().unwrap_or_else(|| fresh("".as_ref(), "neighbours", ".png"));
    require_new_file(&out, &["png"])?;
    let applied = &arguments.applied;
    let Opened { device, trained, pictures: dataset, .. } = applied.open()?;
    let embeddings = embed(&trained, dataset.clone(), &device, applied.machine.threads(), applied.output)?;
    let (output, pictures) = (applied.output, embeddings.len());
    let count = at_most(pictures, arguments.queries.into(), "queries", output);
    let k = at_most(pictures - 1, arguments.k.into(), "neighbours", output);
    let queries: Vec<usize> = (0..count).map(|query| query * embeddings.len() / count).collect();
    let rows = nearest_rows(&embeddings, &*dataset, &queries, k)?;
    file::write(&out, &neighbours_picture(&rows))?;
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
    applied
        .output
        .result(&serde_json::json!({ "out": out, "queries": told }), || out.display().to_string())?;
    Ok(Exit::Done)
}
