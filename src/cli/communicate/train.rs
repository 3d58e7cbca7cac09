//! `communicate train`.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Result, bail};
use autodidact::communicate::training::{
    AcrossPairs, DiscriminationConfig, Evaluation, Game, Generation, ImagesConfig, Measured, Outcome,
    PopulationEvaluation, Telling, TrainConfig, Trained, train,
};
use autodidact::experiment::interrupt;
use autodidact::experiment::progress::Progress;
use autodidact::experiment::run::RunDirectory;
use autodidact::experiment::table::Table;
use clap::Args;
use serde::Serialize;

use crate::cli::common::{Output, shell, text_table};
use crate::cli::exit::{Exit, WrongUse};
use crate::cli::training::{Training, preset, settings_of};

/// Flags of `communicate train`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  autodidact communicate train --out runs/lewis
  autodidact communicate train --preset small --set regime=early-stopped
  autodidact communicate train --preset small --set regime=partial --set regime.steps=5 --seed 3
  autodidact communicate train --preset images --set game.features=photos.npz
  autodidact communicate train --preset images --set game.features=table.parquet --set game.array=embedding
  autodidact communicate train --preset pictures --data photos
  autodidact communicate train --set population.speakers=3 --set population.listeners=3 --set updates=6000
  autodidact communicate train --set imitation.every=500 --set imitation.share=0.5
  autodidact communicate train --set channel.noise=0.1 --set channel.max_length=8
  autodidact communicate train --set speaker.cell=gru --set listener.cell=gru --set channel.max_length=6
  autodidact communicate train --out runs/lewis --resume          continue a stopped run
  autodidact communicate measure --messages runs/lewis/language.npz --objects runs/lewis/language.npz

Regimes of the listener: continuous, partial, early-stopped, retrained, reset, bayes.
Populations: one pair plays in an update; what is measured is the first pair, and beside it all pairs and how alike speakers speak.
Settings: defaults of the preset < --config FILE < --set key=value. `config.toml` in the run has them all.")]
pub struct Arguments {
    /// Named settings to start from: full (all objects train and test), small or authors; images for embeddings; pictures for encoders
    /// that learn
    #[arg(long, default_value = "full", conflicts_with = "resume")]
    preset: String,
    /// Pictures of the preset pictures, the setting `game.images.path`: a folder, CIFAR-10 binary, IDX, tar, or an array `images` in .npz
    #[arg(long, value_name = "PATH", conflicts_with = "resume")]
    data: Option<PathBuf>,
    #[command(flatten)]
    training: Training,
}

/// What the run says of itself at the end.
#[derive(Serialize)]
struct Summary {
    run: PathBuf,
    #[serde(flatten)]
    trained: Trained,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let training = &arguments.training;
    let output = training.output;
    let stored = training.stored()?;
    let mut config: TrainConfig = match &stored {
        Some(run) => settings_of(run)?,
        None => {
            let name = &arguments.preset;
            let mut base = preset(name, TrainConfig::preset(name), &TrainConfig::PRESETS)?;
            if let Some(data) = &arguments.data {
                pictures_of(&mut base.game, name)?.path.clone_from(data);
            }
            training.settings(&base)?
        }
    };
    config.validate()?;
    // The run may be continued from another folder.
    if let Game::Discrimination(game) = &mut config.game {
        let path = match &mut game.images {
            Some(images) => &mut images.path,
            None => &mut game.features,
        };
        *path = std::path::absolute(&*path)?;
    }
    if training.is_dry(&config)? {
        return Ok(Exit::Done);
    }
    // Before a folder is made for it.
    match config.game {
        Game::Reconstruction(_) => config.objects().map(drop),
        Game::Discrimination(_) => config.features().map(drop),
    }?;
    training.machine.require_cpu("agents learn")?;
    interrupt::install()?;
    training.machine.start(output)?;
    let run = match stored {
        Some(run) => run,
        None => {
            let run = training.create(&format!("lewis-{}", config.seed))?;
            training.describe(&run, &config)?;
            run
        }
    };
    let mut progress: Option<Progress> = None;
    let mut tell = |telling: Telling<'_>| {
        let note = match telling {
            Telling::Update { update, total, report } => {
                let shown = [("loss", report.loss), ("entropy", report.entropy), ("length", report.length)];
                progress
                    .get_or_insert_with(|| Progress::new("lewis", total, output.display()))
                    .set(update, &shown);
                return;
            }
            Telling::Generation { update, generation } => line_of_generation(update, generation),
            Telling::Evaluated(evaluation) => line(evaluation),
            Telling::Population(population) => line_of_population(population),
            Telling::Note(note) => note,
        };
        match &progress {
            Some(progress) => progress.note(&note),
            None => output.note(&note),
        }
    };
    let outcome = train(&config, &run, &mut tell)?;
    if let Some(progress) = &progress {
        progress.finish();
    }
    match outcome {
        Outcome::Finished(trained) => finish(output, &run, *trained),
        Outcome::Interrupted { update } => {
            Ok(training.interrupted(&run, "communicate train", &format!("update {update}")))
        }
    }
}

/// Where a preset has its pictures.
fn pictures_of<'a>(game: &'a mut Game, preset: &str) -> Result<&'a mut ImagesConfig> {
    match game {
        Game::Discrimination(DiscriminationConfig { images: Some(images), .. }) => Ok(images),
        _ => bail!(WrongUse(format!(
            "`--data` is for agents that see pictures, and those of the preset `{preset}` do not; begin with `--preset pictures`"
        ))),
    }
}

/// A line about a measurement.
fn line(evaluation: &Evaluation) -> String {
    let Evaluation { update, train, test } = evaluation;
    format!(
        "update {update}: accuracy {:.3} train, {:.3} test; loss {:.3} train, {:.3} test = {:.3} information + {:.3} adaptation",
        train.accuracy, test.accuracy, train.loss, test.loss, test.information, test.adaptation
    )
}

/// A line about a new generation.
fn line_of_generation(update: u64, generation: &Generation) -> String {
    let Generation { number, seen, agreement, agreement_unseen } = generation;
    let mut line = format!("update {update}: generation {number} has heard of {seen} objects");
    if let Some(agreement) = agreement {
        let _ = write!(line, ", says {agreement:.3} of them as the one before it");
    }
    if let Some(unseen) = agreement_unseen {
        let _ = write!(line, ", {unseen:.3} of the others");
    }
    line
}

/// A line about all pairs of a population.
fn line_of_population(population: &PopulationEvaluation) -> String {
    let PopulationEvaluation { train, test } = population;
    let mut line = format!(
        "  all pairs: accuracy {:.3} train, {:.3} test; least of a pair {:.3} test",
        train.accuracy, test.accuracy, test.least_accuracy
    );
    if let (Some(similarity), Some(by_chance)) = (test.similarity, test.similarity_by_chance) {
        let _ = write!(line, "; speakers' similarity {similarity:.3}, {by_chance:.3} by chance");
    }
    line
}

fn finish(output: Output, run: &RunDirectory, trained: Trained) -> Result<Exit> {
    let summary = Summary { run: run.path().to_owned(), trained };
    run.write_summary(&summary)?;
    output.result(&summary, || {
        let trained = &summary.trained;
        let [train, test] = trained.objects;
        let language = shell(&run.path().join("language.npz"));
        let by = if trained.evaluation.test.candidates.is_some() { "features" } else { "objects" };
        format!(
            "{} updates and {} steps of the listener on {train} objects in {:.0} s, tested on {test}\n\n{}\n\n{}",
            trained.counts.updates,
            trained.counts.listener_steps,
            trained.seconds,
            text_table(&table(&trained.evaluation, trained.population.as_ref())),
            format_args!(
                "look at the language with `autodidact communicate measure --messages {language} --{by} {language}`"
            ),
        )
    })?;
    Ok(Exit::Done)
}

/// Both parts side by side; at the end all pairs of a population.
fn table(evaluation: &Evaluation, population: Option<&PopulationEvaluation>) -> Table {
    let mut table = Table::new(["measure", "train", "test", "of"]);
    let number = |value: f64| format!("{value:.4}");
    let defined = |value: Option<f64>| value.map_or_else(|| "undefined".to_owned(), number);
    let mut row = |name: &str, of: &str, value: &dyn Fn(&Measured) -> String| {
        let [train, test] = [value(&evaluation.train), value(&evaluation.test)];
        table.push(vec![name.to_owned(), train, test, of.to_owned()]);
    };
    row("objects", "as many in both parts", &|part| part.objects.to_string());
    match evaluation.test.candidates {
        Some(_) => {
            row("candidates", "objects of a game, the target among them", &|part| {
                part.candidates.unwrap_or_default().to_string()
            });
            row("accuracy", "targets that are found", &|part| number(part.accuracy));
        }
        None => {
            row("accuracy", "objects that are told", &|part| number(part.accuracy));
            row("attribute accuracy", "attributes that are told", &|part| defined(part.attribute_accuracy));
        }
    }
    row("loss", "nats; the next two make it up", &|part| number(part.loss));
    row("information", "what messages leave unknown, exact", &|part| number(part.information));
    row("adaptation", "what the listener makes worse", &|part| number(part.adaptation));
    let similarity = |part: &Measured| defined(part.topographic_similarity);
    if evaluation.test.candidates.is_some() {
        row("topographic similarity", "cosine distances of features and messages", &similarity);
    } else {
        let factorised = |part: &Measured| defined(part.factorised);
        row("factorised", "the best that attribute by attribute can be", &factorised);
        row("topographic similarity", "distances of objects and messages", &similarity);
        row("posdis", "positions that tell of one attribute", &|part| defined(part.posdis));
        row("bosdis", "symbols that tell of one attribute", &|part| defined(part.bosdis));
    }
    row("distinct messages", "", &|part| part.distinct_messages.to_string());
    row("message length", "the end counted", &|part| format!("{:.2}", part.length));
    if let Some(population) = population {
        let mut row = |name: &str, of: &str, value: &dyn Fn(&AcrossPairs) -> Option<f64>| {
            let [train, test] = [&population.train, &population.test].map(|part| defined(value(part)));
            table.push(vec![name.to_owned(), train, test, of.to_owned()]);
        };
        row("loss of all pairs", "the mean; above is the first pair", &|part| Some(part.loss));
        row("accuracy of all pairs", "the mean", &|part| Some(part.accuracy));
        row("least accuracy", "of the pair that understands least", &|part| Some(part.least_accuracy));
        if population.test.similarity.is_some() {
            row("speakers' similarity", "of two speakers' messages", &|part| part.similarity);
            row("by chance", "the same messages of any objects", &|part| part.similarity_by_chance);
        }
    }
    table
}
