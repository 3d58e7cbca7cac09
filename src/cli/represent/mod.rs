//! `autodidact represent`: representations of images without labels.

mod applied;
mod embed;
mod evaluate;
mod independence;
mod neighbours;
mod profile;
mod share;
mod train;

use std::path::Path;

use anyhow::{Context, Result};
use autodidact::experiment::run::RunDirectory;
use autodidact::represent::TrainedEncoder;
use autodidact::represent::burn::tensor::Device;
use clap::Subcommand;

pub(super) use train::{PRESET, own_pictures};

use super::common::Output;
use super::exit::Exit;

/// Verbs of `autodidact represent`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Train an encoder on pictures without labels
    Train(train::Train),
    /// Write the representations of pictures as arrays
    Embed(embed::Embed),
    /// Measure a representation: linear probe, k-NN, fine-tuning
    #[command(subcommand)]
    Evaluate(evaluate::Protocol),
    /// Write the encoder for other programs: safetensors with torchvision's names, and ONNX
    Export(share::Export),
    /// Make a run of torchvision or timm ResNet weights
    Import(share::Import),
    /// Draw queries and their nearest pictures
    Neighbours(neighbours::Neighbours),
    /// List the presets of `train`
    Presets(train::Presets),
}

pub fn run(verb: Verb) -> Result<Exit> {
    match verb {
        Verb::Train(arguments) => train::run(&arguments),
        Verb::Embed(arguments) => embed::run(&arguments),
        Verb::Evaluate(protocol) => evaluate::run(&protocol),
        Verb::Export(arguments) => share::export(&arguments),
        Verb::Import(arguments) => share::import(&arguments),
        Verb::Neighbours(arguments) => neighbours::run(&arguments),
        Verb::Presets(arguments) => train::presets(&arguments),
    }
}

/// The encoder of a run, with a note where it is not that of the newest checkpoint.
fn load(path: &Path, device: &Device, output: Output) -> Result<TrainedEncoder> {
    let run = RunDirectory::open(path)
        .with_context(|| format!("`{}` is no run; `autodidact represent train` makes one", path.display()))?;
    let trained = TrainedEncoder::from_run(&run, device)?;
    for damage in &trained.passed_over {
        output.note(&format!("{damage}\nusing the checkpoint of step {} instead", trained.steps));
    }
    Ok(trained)
}
