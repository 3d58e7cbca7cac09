//! What every verb that trains has in common: where its settings come from, and the run it makes or continues.

use std::path::PathBuf;

use anyhow::{Result, bail};
use autodidact::experiment::run::{Environment, RunDirectory, command_line};
use autodidact::experiment::settings::{self, nearest};
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::common::{Machine, Output, fresh, layered, shell};
use super::exit::{Exit, WrongUse};

/// Flags of every verb that trains. What else makes up the settings of a run says itself that it conflicts with `--resume`.
#[derive(Debug, Args)]
pub struct Training {
    /// TOML file with the settings that differ
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, as `--dry-run` prints them; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Seed of all that is drawn
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    pub machine: Machine,
    /// Run directory [default: a new one below `runs`]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Continue the run in `--out` with its own settings
    #[arg(long, requires = "out", conflicts_with_all = ["config", "set", "seed"])]
    pub resume: bool,
    /// Print the resolved settings and stop
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub output: Output,
}

impl Training {
    /// The run that is continued, if one is.
    pub fn stored(&self) -> Result<Option<RunDirectory>> {
        Ok(self.out.as_ref().filter(|_| self.resume).map(RunDirectory::open).transpose()?)
    }

    /// A base, then file, pairs and `--seed`, which is the setting `seed`.
    pub fn settings<T: Serialize + DeserializeOwned>(&self, base: &T) -> Result<T> {
        let mut pairs = self.set.clone();
        pairs.extend(self.seed.map(|seed| format!("seed={seed}")));
        layered(base, self.config.as_deref(), &pairs)
    }

    /// Prints settings, if that is all that is asked for.
    pub fn is_dry(&self, config: &impl Serialize) -> Result<bool> {
        if self.dry_run {
            let text = toml::to_string(config)?;
            self.output.result(config, || text)?;
        }
        Ok(self.dry_run)
    }

    /// A new run in `--out`, or in a folder of this name below `runs`.
    pub fn create(&self, name: &str) -> Result<RunDirectory> {
        let path = self.out.clone().unwrap_or_else(|| fresh("runs".as_ref(), name, ""));
        Ok(RunDirectory::create(path)?)
    }

    /// Writes settings, command and environment into a new run.
    pub fn describe(&self, run: &RunDirectory, config: &impl Serialize) -> Result<()> {
        let environment = Environment::capture(self.machine.threads());
        Ok(run.describe(&toml::to_string(config)?, &command_line(), &environment)?)
    }

    /// Says how to go on with a run that was stopped; `verb` is for instance `plan train` and `place` `step 7`.
    pub fn interrupted(&self, run: &RunDirectory, verb: &str, place: &str) -> Exit {
        let path = shell(run.path());
        self.output
            .note(&format!("stopped after {place}; continue with `autodidact {verb} --out {path} --resume`"));
        Exit::Interrupted
    }
}

/// The settings that a run was started with.
pub fn settings_of<T: Serialize + DeserializeOwned + Default>(run: &RunDirectory) -> Result<T> {
    Ok(settings::layer(&T::default(), Some(("config.toml", &run.config()?)), &[])?)
}

/// What is `named`, or what there is instead.
pub fn preset<T>(name: &str, named: Option<T>, known: &[&str]) -> Result<T> {
    let Some(base) = named else {
        let hint = nearest(name, known).map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
        bail!(WrongUse(format!("unknown preset `{name}`{hint}; there are {}", known.join(", "))));
    };
    Ok(base)
}
