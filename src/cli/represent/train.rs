//! `represent train` and `represent presets`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use autodidact::data::Dataset;
use autodidact::data::procedural::Procedural;
use autodidact::data::source::{Memory, Preload, Resize, Subset};
use autodidact::experiment::interrupt;
use autodidact::experiment::progress::Progress;
use autodidact::experiment::run::{RunDirectory, quote};
use autodidact::nn::PrecisionConfig;
use autodidact::represent::train::{Outcome, Telling, Trained};
use autodidact::represent::{RepresentConfig, preset, train};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::profile;
use crate::cli::common::{Output, Selection, Unread, at_most, shell};
use crate::cli::exit::{Exit, WrongUse};
use crate::cli::training::{self, Training, settings_of};

/// Named settings that a run starts from where none are named.
pub(in crate::cli) const PRESET: &str = "cpu-small";

/// Pictures drawn where no data is given.
const DRAWN_PICTURES: usize = 10_000;
/// Micro-batch below which batch norm's statistics are poor.
const SMALL_BATCH: usize = 32;
/// Most memory for pictures that are averaged down once.
const MAX_BYTES: u64 = 8 << 30;
/// Metrics on the progress line.
const SHOWN: [&str; 2] = ["loss/total", "projection/spread"];

/// Flags of `represent train`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  autodidact represent train --data photos --out runs/photos
  autodidact represent train --data cifar10 --split train --preset cifar --set epochs=100
  autodidact represent train --out runs/photos --resume          continue a stopped run
  autodidact represent train --dry-run --preset small-batch      print the resolved settings

Settings: defaults of the preset < --config FILE < --set key=value. `config.toml` in the run has them all.")]
pub struct Train {
    /// Folder of pictures (classes in sub-folders are optional), CIFAR-10 or IDX files, or tar shards; drawn pictures if absent. With
    /// `--resume`, where the data of the run has moved to
    #[arg(long)]
    data: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    /// Use only N pictures, spread evenly over the collection
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Named settings to start from; `represent presets` lists them
    #[arg(long, default_value = PRESET, conflicts_with = "resume")]
    preset: String,
    /// What networks multiply in training: `f32`, `bf16`, or `auto`, which is f32 on the CPU and bf16 on GPUs
    #[arg(long, conflicts_with = "resume")]
    precision: Option<PrecisionConfig>,
    /// Print where the time went: each kernel beside what the machine could do; also `profile.json` in the run. The first step is left out
    #[arg(long, conflicts_with = "dry_run")]
    profile: bool,
    #[command(flatten)]
    training: Training,
}

/// Which pictures a run is trained on, as its folder keeps it.
#[derive(Clone, Serialize, Deserialize)]
struct Origin {
    /// Absent for drawn pictures.
    data: Option<PathBuf>,
    split: Option<String>,
    unlabelled: bool,
    limit: Option<u32>,
}

/// The file of a run that holds its [`Origin`].
const ORIGIN: &str = "data.json";

/// What the run says of itself at the end.
#[derive(Serialize)]
struct Summary {
    run: PathBuf,
    steps: u64,
    metrics: serde_json::Map<String, serde_json::Value>,
    skipped: Vec<Unread>,
    warning: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<profile::Report>,
}

pub fn run(arguments: &Train) -> Result<Exit> {
    let training = &arguments.training;
    let output = training.output;
    let stored = training.stored()?;
    let config: RepresentConfig = match &stored {
        Some(run) => settings_of(run)?,
        None => resolve(arguments)?,
    };
    config.validate().map_err(|error| WrongUse(error.to_string()))?;
    if training.is_dry(&config)? {
        return Ok(Exit::Done);
    }

    interrupt::install()?;
    let device = training.machine.start(output)?;
    let threads = training.machine.threads();
    if let (None, Some(out)) = (&stored, &training.out) {
        RunDirectory::check_free(out)?;
    }
    let origin = origin(arguments, stored.as_ref())?;
    let (dataset, unread) = pictures(&origin, &config, output)?;
    if stored.is_none() && dataset.len() < config.batch_size {
        let (found, batch) = (dataset.len(), config.batch_size);
        let advice = if found < 4 {
            "give more".to_owned()
        } else {
            format!("lower it with `--set batch_size={}`", found / 2)
        };
        bail!(WrongUse(format!("{found} pictures do not fill a batch of {batch}; {advice}")));
    }
    warn_of_small_batches(&config, output);

    let run = match stored {
        Some(run) => {
            if run.checkpoints().steps()?.is_empty() {
                output.note("no checkpoint was saved yet: starting from the beginning");
            }
            run
        }
        None => {
            let run = training.create(&format!("{}-{}", arguments.preset, config.seed))?;
            run.write_json(ORIGIN, &origin)?;
            training.describe(&run, &config)?;
            run
        }
    };

    let mut recording = arguments.profile.then(profile::Recording::prepare);
    let mut progress: Option<Progress> = None;
    let mut shown: Vec<(&'static str, f64)> = Vec::new();
    let mut tell = |telling: Telling<'_>| match telling {
        Telling::Step { step, total, metrics } => {
            if let Some(recording) = &mut recording {
                recording.after_step();
            }
            if !metrics.is_empty() {
                shown = metrics.iter().filter(|(name, _)| SHOWN.contains(name)).copied().collect();
            }
            progress
                .get_or_insert_with(|| Progress::new(config.method.name(), total, output.display()))
                .set(step, &shown);
        }
        Telling::Note(text) => match &progress {
            Some(progress) => progress.note(&text),
            None => output.note(&text),
        },
    };
    let outcome = train(&config, dataset, &device, threads, &run, &mut tell)?;
    let profile = recording.map(|recording| recording.finish(&run)).transpose()?;
    // The data was taken: where it lies now is where the next continuation looks.
    run.write_json(ORIGIN, &origin)?;
    if let Some(progress) = &progress {
        progress.finish();
    }
    match outcome {
        Outcome::Finished(trained) => finish(output, &origin, &run, *trained, unread, profile),
        Outcome::Interrupted { step } => {
            Ok(training.interrupted(&run, "represent train", &format!("step {step}")))
        }
    }
}

/// Preset, file, pairs, then `--seed` and `--precision`.
fn resolve(arguments: &Train) -> Result<RepresentConfig> {
    let name = &arguments.preset;
    let known: Vec<&str> = preset::all().map(|(name, _)| name).collect();
    let base = training::preset(name, preset::named(name), &known)?;
    let mut config = arguments.training.settings(&base)?;
    if let Some(precision) = arguments.precision {
        config.precision = precision;
    }
    Ok(config)
}

/// What the flags say; where a run is continued, what they do not say is as it was.
fn origin(arguments: &Train, stored: Option<&RunDirectory>) -> Result<Origin> {
    let before = match stored {
        Some(run) => run.read_json(ORIGIN, "description of a run's data")?,
        None => None,
    };
    if let (Some(run), None, None) = (stored, &before, &arguments.data) {
        let path = run.path().display();
        bail!(WrongUse(format!("`{path}` does not say which data it was trained on; give `--data`")));
    }
    let before = before.unwrap_or(Origin { data: None, split: None, unlabelled: false, limit: None });
    let Selection { split, unlabelled } = &arguments.selection;
    let data = arguments.data.as_deref().map(std::path::absolute).transpose()?;
    Ok(Origin {
        data: data.or(before.data),
        split: split.clone().or(before.split),
        unlabelled: *unlabelled || before.unlabelled,
        limit: arguments.limit.or(before.limit),
    })
}

/// The pictures that a run was trained on, or those of `data` where they have moved.
pub(in crate::cli) fn own_pictures(
    run: &RunDirectory,
    config: &RepresentConfig,
    data: Option<&Path>,
    output: Output,
) -> Result<Arc<dyn Dataset>> {
    let origin: Option<Origin> = run.read_json(ORIGIN, "description of a run's data")?;
    let Some(mut origin) = origin else {
        let path = run.path().display();
        bail!(WrongUse(format!(
            "`{path}` does not say which data it was trained on; is it a run of `represent train`?"
        )));
    };
    if let Some(data) = data {
        origin.data = Some(data.to_owned());
    }
    let (pictures, unread) = pictures(&origin, config, output)?;
    for unread in &unread {
        unread.tell(output);
    }
    Ok(pictures)
}

/// The pictures, and those that cannot be read.
fn pictures(
    origin: &Origin,
    config: &RepresentConfig,
    output: Output,
) -> Result<(Arc<dyn Dataset>, Vec<Unread>)> {
    let selection = Selection { split: origin.split.clone(), unlabelled: origin.unlabelled };
    let (dataset, mut unread): (Arc<dyn Dataset>, _) = match &origin.data {
        Some(path) => selection.open(path, output)?,
        None => {
            output.note("no --data: training on drawn pictures");
            (Arc::new(Procedural::new(0, DRAWN_PICTURES, Procedural::DEFAULT_SIDE)), Vec::new())
        }
    };
    let dataset: Arc<dyn Dataset> = match origin.limit {
        Some(limit) => {
            let len = dataset.len();
            let count = at_most(len, limit as usize, "pictures", output);
            Arc::new(Subset::new(dataset, (0..count).map(|index| index * len / count).collect()))
        }
        None => dataset,
    };
    if config.resize == 0 {
        return Ok((dataset, unread));
    }
    let preload = Preload { max_bytes: MAX_BYTES, resize: Some(Resize::ShorterSide(config.resize)) };
    let memory = Memory::preload(&*dataset, &preload)?;
    for bad in memory.bad_files() {
        let bad = Unread::from(bad);
        bad.tell(output);
        unread.push(bad);
    }
    Ok((Arc::new(memory), unread))
}

fn warn_of_small_batches(config: &RepresentConfig, output: Output) {
    if config.uses_batch_statistics() && config.micro_batch() < SMALL_BATCH {
        output.note(&format!(
            "warning: batch norm with {} pictures per forward pass has poor statistics; the preset `small-batch` \
             (group norm and weight standardisation) does not depend on the batch",
            config.micro_batch()
        ));
    }
}

fn finish(
    output: Output,
    origin: &Origin,
    run: &RunDirectory,
    trained: Trained,
    mut unread: Vec<Unread>,
    profile: Option<profile::Report>,
) -> Result<Exit> {
    for skipped in &trained.skipped {
        let skipped = Unread::from(skipped);
        skipped.tell(output);
        unread.push(skipped);
    }
    let metrics =
        trained.metrics.iter().map(|(name, value)| (name.clone(), serde_json::json!(value))).collect();
    let summary = Summary {
        run: run.path().to_owned(),
        steps: trained.steps,
        metrics,
        skipped: unread,
        warning: trained.warning,
        profile,
    };
    run.write_summary(&summary)?;
    if let Some(warning) = &summary.warning {
        output.note(&format!("warning: {warning}"));
    }
    output.result(&summary, || {
        let path = shell(run.path());
        let data = origin.data.as_deref().map_or_else(|| "DIR".to_owned(), shell);
        let split = origin.split.as_ref().map_or_else(String::new, |split| format!(" --split {}", quote(split)));
        let profile = summary.profile.as_ref().map_or_else(String::new, |report| report.text() + "\n\n");
        format!(
            "{profile}trained {} steps: {path}\nnext: autodidact represent embed --run {path} --data {data}{split} --out embeddings.npz",
            summary.steps
        )
    })?;
    Ok(Exit::Done)
}

/// Flags of `represent presets`.
#[derive(Debug, Args)]
pub struct Presets {
    #[command(flatten)]
    output: Output,
}

pub fn presets(arguments: &Presets) -> Result<Exit> {
    let presets: serde_json::Map<_, _> =
        preset::all().map(|(name, text)| (name.to_owned(), text.into())).collect();
    arguments.output.result(&serde_json::json!({ "presets": presets }), || {
        let lines: Vec<String> = preset::all().map(|(name, text)| format!("{name:14} {text}")).collect();
        lines.join("\n")
    })?;
    Ok(Exit::Done)
}
