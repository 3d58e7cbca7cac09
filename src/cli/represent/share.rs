//! `represent export` and `represent import`.

use std::path::PathBuf;

use anyhow::Result;
use autodidact::experiment::run::RunDirectory;
use autodidact::represent;
use clap::Args;

use crate::cli::common::{Machine, Output, shell};
use crate::cli::exit::Exit;

/// Flags of `represent export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Run directory
    #[arg(long)]
    run: PathBuf,
    /// New folder for `config.json`, `model.safetensors` and `model.onnx`
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    output: Output,
}

pub fn export(arguments: &Export) -> Result<Exit> {
    let device = Machine { device: "cpu".to_owned(), threads: None }.start(arguments.output)?;
    let trained = super::load(&arguments.run, &device, arguments.output)?;
    let files = represent::export::export(&trained, &arguments.out)?;
    arguments.output.result(&serde_json::json!({ "files": files }), || {
        let lines: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        lines.join("\n")
    })?;
    Ok(Exit::Done)
}

/// Flags of `represent import`.
#[derive(Debug, Args)]
pub struct Import {
    /// ResNet weights of torchvision or timm, `.safetensors` or `.pth`
    #[arg(long)]
    weights: PathBuf,
    /// New run directory
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    output: Output,
}

pub fn import(arguments: &Import) -> Result<Exit> {
    let imported = represent::import(&arguments.weights, &arguments.out)?;
    let run: &RunDirectory = &imported.run;
    for name in &imported.ignored {
        arguments.output.note(&format!("passed over `{name}`"));
    }
    let told = serde_json::json!({ "run": run.path(), "ignored": imported.ignored });
    arguments.output.result(&told, || {
        let path = shell(run.path());
        format!(
            "imported: {path}\nnext: autodidact represent embed --run {path} --data DIR --out embeddings.npz"
        )
    })?;
    Ok(Exit::Done)
}
