//! `represent embed`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use autodidact::data::Dataset;
use autodidact::data::arrays::{NamedArray, write_csv, write_npz};
use autodidact::experiment::progress::Progress;
use autodidact::represent::burn::tensor::Device;
use autodidact::represent::{Embeddings, TrainedEncoder};
use clap::Args;

use super::applied::{Applied, Opened};
use crate::cli::common::{Output, Unread, require_new_file};
use crate::cli::exit::Exit;

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
        Unread::from(skipped).tell(output);
    }
    Ok(embeddings)
}

pub fn run(arguments: &Embed) -> Result<Exit> {
    require_new_file(&arguments.out, &["npz", "csv"])?;
    let write: fn(&std::path::Path, &[NamedArray]) -> _ =
        if arguments.out.extension().is_some_and(|ending| ending == "csv") { write_csv } else { write_npz };
    let applied = &arguments.applied;
    let Opened { device, trained, pictures, mut unread } = applied.open()?;
    let embeddings = embed(&trained, pictures, &device, applied.machine.threads(), applied.output)?;

    unread.extend(embeddings.skipped.iter().map(Unread::from));
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
        "out": arguments.out, "pictures": count, "features": embeddings.width, "skipped": unread,
    });
    applied.output.result(&told, || {
        format!("{count} pictures, {} features each: {}", embeddings.width, arguments.out.display())
    })?;
    Ok(Exit::Done)
}
