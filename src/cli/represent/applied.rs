//! Flags of the verbs that apply a run to pictures.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use autodidact::data::Dataset;
use autodidact::represent::TrainedEncoder;
use autodidact::represent::burn::tensor::Device;
use clap::Args;

use crate::cli::common::{Machine, Output, Selection, Unread};

/// A run and the pictures it is applied to.
#[derive(Debug, Args)]
pub struct Applied {
    /// Run directory
    #[arg(long)]
    run: PathBuf,
    /// Pictures
    #[arg(long)]
    data: PathBuf,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    pub machine: Machine,
    #[command(flatten)]
    pub output: Output,
}

/// An encoder and what it is applied to.
pub struct Opened {
    pub device: Device,
    pub trained: TrainedEncoder,
    pub pictures: Arc<dyn Dataset>,
    /// Those that cannot be read.
    pub unread: Vec<Unread>,
}

impl Applied {
    /// Starts the machine, reads the encoder and opens the pictures.
    pub fn open(&self) -> Result<Opened> {
        let device = self.machine.start(self.output)?;
        let trained = super::load(&self.run, &device, self.output)?;
        let (pictures, unread) = self.selection.open(&self.data, self.output)?;
        Ok(Opened { device, trained, pictures, unread })
    }
}
