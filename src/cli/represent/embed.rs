//! `represent embed`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use autodidact::data::Dataset;
use autodidact::experiment::progress::Progress;
use autodidact::represent::burn::tensor::Device;
use autodidact::represent::export::arrays::{NamedArray, write_csv, write_npz};
use autodidact::represent::{Embeddings, TrainedEncoder};
use clap::Args;

use super::applied::Applied;
use crate::cli::common::{Output, require_parent};
use crate::cli::exit::{Exit, WrongUse};

/// Flags of `represent embed`.
#[derive(Debug, Args)]
#[command(
    after_help = "The .npz file holds `embeddings` [N, D], `labels` [N] (-1 where unknown) and `paths` [N]:
  numpy.load(\"x.npz\")[\"embeddings\"]"
)]
pub struct Embed {
    #[command(flatten)]
    applied: Applied,
    /// Where the arrays go: a new .npz or .csv file
    #[arg(long)]
    out: PathBuf,
}

/// Representations with a progress line.
pub fn embed(
    trained: &TrainedEncoder,
    dataset: Arc<dyn Dataset>,
    device: &Device,
    threads: usize,
    output: Output,
) -> Result<Embeddings> {
    let mut progress = Progress::new("embed", dataset.len() as u64, output.display());
    let embeddings = autodidact::represent::embed(
        &trained.encoder,
        dataset,
        &trained.view(),
        device,
        threads,
        &mut |done| progress.set(done as u64, &[]),
    )?;
    progress.finish();
    for skipped in &embeddings.skipped {
        output.note(&format!("could not decode `{}`: {}", skipped.path, skipped.reason));
    }
    Ok(embeddings)
}

pub fn run(arguments: &Embed) -> Result<Exit> {
    let write: fn(&std::path::Path, &[NamedArray]) -> _ =
        match arguments.out.extension().and_then(|extension| extension.to_str()) {
            Some("npz") => write_npz,
            Some("csv") => write_csv,
            _ => {
                let out = arguments.out.display();
                return Err(WrongUse(format!("`{out}` ends in neither .npz nor .csv")).into());
            }
        };
    require_parent(&arguments.out)?;
    if arguments.out.exists() {
        let out = arguments.out.display();
        return Err(WrongUse(format!("`{out}` exists; give another name or remove it")).into());
    }
    let applied = &arguments.applied;
    let (device, trained, dataset) = applied.open()?;
    let embeddings = embed(&trained, dataset, &device, applied.machine.threads(), applied.output)?;

    let count = embeddings.len();
    let labels = embeddings
        .labels
        .iter()
        .map(|label| label.map_or(Ok(-1), i64::try_from))
        .collect::<Result<Vec<i64>, _>>()?;
    let arrays = [
        NamedArray::f32("embeddings", &[count, embeddings.width], embeddings.values)?,
        NamedArray::i64("labels", &[count], labels)?,
        NamedArray::text("paths", &[count], embeddings.paths)?,
    ];
    write(&arguments.out, &arrays)?;
    let told = serde_json::json!({
        "out": arguments.out, "pictures": count, "features": embeddings.width, "skipped": embeddings.skipped,
    });
    applied.output.result(&told, || {
        format!("{count} pictures, {} features each: {}", embeddings.width, arguments.out.display())
    })?;
    Ok(Exit::Done)
}
