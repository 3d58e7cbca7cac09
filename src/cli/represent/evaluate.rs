//! `represent evaluate`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use autodidact::data::Dataset;
use autodidact::experiment::interrupt;
use autodidact::experiment::progress::Progress;
use autodidact::nn::PrecisionConfig;
use autodidact::optim::TunerConfig;
use autodidact::represent::burn::tensor::Device;
use autodidact::represent::evaluate::{
    ClassificationReport, KnnConfig, LabelledFeatures, LinearProbeConfig, SgdProbeConfig, knn_probe,
    linear_probe, sgd_linear_probe,
};
use autodidact::represent::{
    self, Embeddings, FinetuneConfig, Sweep, Swept, TrainedEncoder, finetune, finetune_sweep,
};
use clap::{Args, Subcommand};

use super::embed::embed;
use super::independence::{self, Independence};
use crate::cli::common::{Machine, Output, Selection, at_most};
use crate::cli::exit::Exit;

/// Protocols of `represent evaluate`.
#[derive(Debug, Subcommand)]
pub enum Protocol {
    /// Logistic regression on the frozen representation, strength chosen on a split
    Linear(Linear),
    /// The paper's linear evaluation: SGD with a sweep of learning rates, on frozen features or under augmentation
    Sgd(Sgd),
    /// Weighted nearest neighbours on the frozen representation
    Knn(Knn),
    /// Train encoder and classifier on all or a fraction of the labels
    Finetune(Finetune),
    /// Whether the network looks at other pictures of its batch: an exact test on fresh weights
    Independence(Independence),
}

/// Encoder and pictures.
#[derive(Debug, Args)]
pub struct Sets {
    /// Run directory
    #[arg(long)]
    run: PathBuf,
    /// Labelled pictures to learn from
    #[arg(long)]
    train: PathBuf,
    /// Labelled pictures to test on
    #[arg(long)]
    test: PathBuf,
    /// Top-level folder of `--train` to use
    #[arg(long)]
    train_split: Option<String>,
    /// Top-level folder of `--test` to use
    #[arg(long)]
    test_split: Option<String>,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub struct Linear {
    #[command(flatten)]
    sets: Sets,
    /// Number of strengths, log-spaced between 1e-6 and 1e5
    #[arg(long, default_value_t = 45)]
    strengths: usize,
}

#[derive(Debug, Args)]
pub struct Sgd {
    #[command(flatten)]
    sets: Sets,
    /// Crop and flip training pictures at random, as the paper does: the encoder runs in every step, which takes long
    #[arg(long)]
    augment: bool,
    /// What the encoder multiplies under `--augment`: `f32`, `bf16` or `auto` [default: as in its training]
    #[arg(long, requires = "augment")]
    precision: Option<PrecisionConfig>,
    /// Passes over the training pictures
    #[arg(long, default_value_t = 80, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,
}

#[derive(Debug, Args)]
pub struct Knn {
    #[command(flatten)]
    sets: Sets,
    /// Neighbours
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    k: u16,
    /// Temperature of the weights exp(cos / T)
    #[arg(long, default_value_t = 0.1)]
    temperature: f64,
}

#[derive(Debug, Args)]
pub struct Finetune {
    #[command(flatten)]
    sets: Sets,
    /// Share of each class's labels, for instance 0.01
    #[arg(long, default_value_t = 1.0)]
    fraction: f64,
    /// Choose rate and length on held-out labels, from the paper's grid of ten, then train on all
    #[arg(long, conflicts_with_all = ["epochs", "learning_rate", "tuner"])]
    sweep: bool,
    /// Passes over the labelled pictures
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,
    /// Pictures per step
    #[arg(long, default_value_t = 256)]
    batch_size: usize,
    /// Learning rate per 256 pictures
    #[arg(long, default_value_t = 0.05)]
    learning_rate: f64,
    /// What finds the learning rate of each step, with its defaults: `schedule` (a half cosine from the learning rate), `cdat`, `dog`, …
    #[arg(long, value_name = "NAME", default_value = "schedule", value_parser = tuner)]
    tuner: TunerConfig,
    /// Seed of the labels' choice, weights, order and augmentation
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What the network multiplies: `f32`, `bf16` or `auto` [default: as in its training]
    #[arg(long)]
    precision: Option<PrecisionConfig>,
}

pub fn run(protocol: &Protocol) -> Result<Exit> {
    match protocol {
        Protocol::Linear(arguments) => {
            let config =
                LinearProbeConfig { num_strengths: arguments.strengths, ..LinearProbeConfig::default() };
            frozen(&arguments.sets, |train, test| {
                let (probe, _) = linear_probe(train, test, &config)?;
                let told = format!("linear probe, strength {:.1e}: {}", probe.strength, top1(&probe.report));
                Ok((serde_json::to_value(&probe)?, told))
            })
        }
        Protocol::Sgd(arguments) if arguments.augment => {
            let sweep = Sweep { epochs: vec![arguments.epochs as usize], ..Sweep::linear() };
            let config = FinetuneConfig { precision: arguments.precision, ..FinetuneConfig::linear() };
            swept(&arguments.sets, &config, &sweep, "SGD linear evaluation under augmentation")
        }
        Protocol::Sgd(arguments) => {
            let config =
                SgdProbeConfig { num_epochs: arguments.epochs as usize, ..SgdProbeConfig::default() };
            frozen(&arguments.sets, |train, test| {
                let (probe, _) = sgd_linear_probe(train, test, &config)?;
                let told = format!("SGD linear evaluation: {}", top1(&probe.report));
                Ok((serde_json::to_value(&probe)?, told))
            })
        }
        Protocol::Knn(arguments) => frozen(&arguments.sets, |train, test| {
            let keys = train.features().num_rows();
            let k = at_most(keys, arguments.k.into(), "neighbours", arguments.sets.output);
            let config = KnnConfig { k, temperature: arguments.temperature };
            let probe = knn_probe(train, test, config, "representation")?;
            Ok((serde_json::to_value(&probe)?, probe.to_string()))
        }),
        Protocol::Finetune(arguments) => fine_tune(arguments),
        Protocol::Independence(arguments) => independence::run(arguments),
    }
}

type Collections = (Arc<dyn Dataset>, Arc<dyn Dataset>);

impl Sets {
    fn open(&self) -> Result<(Device, TrainedEncoder, Collections)> {
        let device = self.machine.start(self.output)?;
        let trained = super::load(&self.run, &device, self.output)?;
        let open = |path: &PathBuf, split: &Option<String>| {
            let selection = Selection { split: split.clone(), unlabelled: false };
            selection.open(path, self.output).map(|(pictures, _)| pictures)
        };
        let collections = (open(&self.train, &self.train_split)?, open(&self.test, &self.test_split)?);
        represent::same_classes(&*collections.0, &*collections.1)?;
        Ok((device, trained, collections))
    }
}

fn top1(report: &ClassificationReport) -> String {
    format!(
        "top-1 {:.2} % [{:.2}, {:.2}] on {} pictures",
        100.0 * report.accuracy,
        100.0 * report.accuracy_interval.low,
        100.0 * report.accuracy_interval.high,
        report.num_examples
    )
}

fn frozen(
    sets: &Sets,
    measure: impl Fn(LabelledFeatures<'_>, LabelledFeatures<'_>) -> Result<(serde_json::Value, String)>,
) -> Result<Exit> {
    let (device, trained, (train, test)) = sets.open()?;
    let classes = train.class_names().len();
    let threads = sets.machine.threads();
    let train = embed(&trained, train, &device, threads, sets.output)?;
    let test = embed(&trained, test, &device, threads, sets.output)?;
    let (train_labels, test_labels) = (labels(&train, "--train")?, labels(&test, "--test")?);
    let (value, told) = measure(
        LabelledFeatures::new(&train.values, train.width, &train_labels, classes)?,
        LabelledFeatures::new(&test.values, test.width, &test_labels, classes)?,
    )?;
    sets.output.result(&value, || told)?;
    Ok(Exit::Done)
}

fn labels(embeddings: &Embeddings, flag: &str) -> Result<Vec<usize>> {
    embeddings.complete_labels().with_context(|| {
        format!("{flag} has pictures without a class; put the pictures of each class in a folder of its own")
    })
}

fn fine_tune(arguments: &Finetune) -> Result<Exit> {
    let sets = &arguments.sets;
    let config = FinetuneConfig {
        fraction: arguments.fraction,
        epochs: arguments.epochs as usize,
        batch_size: arguments.batch_size,
        base_learning_rate: arguments.learning_rate,
        seed: arguments.seed,
        tuner: arguments.tuner,
        precision: arguments.precision,
        ..FinetuneConfig::default()
    };
    if arguments.sweep {
        return swept(sets, &config, &Sweep::semi_supervised(), "fine-tuned");
    }
    let finetuned = on_labels(sets, |(device, trained, collections), tell| {
        finetune(&trained, collections, &config, &device, sets.machine.threads(), tell)
    })?;
    sets.output.result(&finetuned, || {
        format!("fine-tuned on {} labels: {}", finetuned.num_labels, top1(&finetuned.report))
    })?;
    Ok(Exit::Done)
}

fn swept(sets: &Sets, config: &FinetuneConfig, sweep: &Sweep, what: &str) -> Result<Exit> {
    let swept = on_labels(sets, |(device, trained, collections), tell| {
        finetune_sweep(&trained, collections, config, sweep, &device, sets.machine.threads(), tell)
    })?;
    sets.output.result(&swept, || {
        let Swept { finetuned, base_learning_rate, epochs, .. } = &swept;
        let (labels, top1) = (finetuned.num_labels, top1(&finetuned.report));
        format!("{what}, {labels} labels, rate {base_learning_rate}, {epochs} epochs: {top1}")
    })?;
    Ok(Exit::Done)
}

/// A tuner by its name.
fn tuner(name: &str) -> Result<TunerConfig, String> {
    serde_json::from_value(serde_json::json!({ "kind": name })).map_err(|error| match name {
        "constant" | "warmup" => {
            format!("`{name}` has constants without a default; use `schedule` and `--learning-rate`")
        }
        _ => error.to_string(),
    })
}

/// Trains on labels with a progress line.
fn on_labels<T>(
    sets: &Sets,
    train: impl FnOnce(
        (Device, TrainedEncoder, Collections),
        &mut dyn FnMut(u64, u64, f64),
    ) -> Result<T, represent::Error>,
) -> Result<T> {
    interrupt::install()?;
    let opened = sets.open()?;
    let mut progress: Option<Progress> = None;
    let mut tell = |step: u64, total: u64, loss: f64| {
        progress
            .get_or_insert_with(|| Progress::new("labels", total, sets.output.display()))
            .set(step, &[("loss/total", loss)]);
    };
    let trained = train(opened, &mut tell)?;
    if let Some(progress) = &progress {
        progress.finish();
    }
    Ok(trained)
}
