//! Flags that mean the same everywhere, and printing.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use autodidact::data::Dataset;
use autodidact::data::source::{self, Checked, Depth, Labels, Options};
use autodidact::experiment::progress::Display;
use autodidact::experiment::table::Table;
use autodidact::represent::burn::tensor::Device;
use clap::Args;
use serde::Serialize;

use super::exit::WrongUse;

/// How output is given.
#[derive(Clone, Copy, Debug, Args)]
pub struct Output {
    /// Print one JSON object with a `version` field to stdout instead of text
    #[arg(long)]
    pub json: bool,
    /// No progress and no notes on stderr
    #[arg(long)]
    pub quiet: bool,
}

impl Output {
    pub fn display(self) -> Display {
        Display::from_quiet(self.quiet)
    }

    /// A line for people.
    pub fn note(self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    /// The result: JSON or the text of `text`.
    pub fn result(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        let printed = if self.json { json(value)? } else { text() };
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(printed.as_bytes())?;
        if !printed.ends_with('\n') {
            stdout.write_all(b"\n")?;
        }
        Ok(stdout.flush()?)
    }
}

/// Version of every JSON object this program prints.
const JSON_VERSION: u32 = 1;

fn json(value: &impl Serialize) -> Result<String> {
    let value = serde_json::to_value(value)?;
    let mut object = serde_json::Map::new();
    object.insert("version".to_owned(), JSON_VERSION.into());
    match value {
        serde_json::Value::Object(fields) => object.extend(fields),
        other => {
            object.insert("result".to_owned(), other);
        }
    }
    Ok(serde_json::to_string_pretty(&object)?)
}

/// Where and with how many threads.
#[derive(Clone, Debug, Args)]
pub struct Machine {
    /// Where tensors live: `cpu`, or `cuda` in builds with that feature
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// Threads for training and reading [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

impl Machine {
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(
            || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            usize::from,
        )
    }

    /// Starts the thread pool, this thread among its workers, and opens the device.
    ///
    /// A training step is hundreds of short parallel loops, one after the other. Were this thread outside the pool, each
    /// of them would put it to sleep and wake another, and the data would change cores.
    pub fn start(&self) -> Result<Device> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads()).use_current_thread();
        // Fails only if the pool runs already, which is then as wanted.
        let _ = pool.build_global();
        autodidact::reproduce::device(&self.device).map_err(|error| WrongUse(error.to_string()).into())
    }
}

/// Which pictures of a collection.
#[derive(Clone, Debug, Args)]
pub struct Selection {
    /// Only this top-level folder of the collection, for instance `train`
    #[arg(long)]
    pub split: Option<String>,
    /// Read pictures without classes, whatever the folders are called
    #[arg(long)]
    pub unlabelled: bool,
}

impl Selection {
    pub fn options(&self) -> Options {
        let mut options = Options::default();
        if let Some(split) = &self.split {
            options = options.with_split(split);
        }
        if self.unlabelled {
            options = options.with_labels(Labels::None);
        }
        options
    }

    /// Opens a collection and sets its broken files aside, telling each by path.
    pub fn open(&self, path: &Path, output: Output) -> Result<Arc<dyn Dataset>> {
        let dataset = source::open(path, &self.options())
            .with_context(|| format!("cannot use `{}` as a collection of pictures", path.display()))?;
        let checked = Checked::new(dataset, Depth::Header)?;
        for bad in checked.bad_files() {
            output.note(&format!("skipped `{}`: {}", bad.path, bad.reason));
        }
        Ok(Arc::new(checked))
    }
}

/// A table in columns, for people.
pub fn text_table(table: &Table) -> String {
    let mut widths: Vec<usize> = table.columns.iter().map(|column| column.chars().count()).collect();
    for row in &table.rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&table.columns)];
    lines.extend(table.rows.iter().map(|row| line(row)));
    lines.join("\n")
}

/// A file whose folder must exist; made absolute in no way, so messages show what was typed.
pub fn require_parent(path: &Path) -> Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => Err(WrongUse(format!(
            "`{}` cannot be written: the folder `{}` does not exist; create it first",
            path.display(),
            parent.display()
        ))
        .into()),
        _ => Ok(()),
    }
}

/// A new name `folder/name`, `folder/name-2`, … that is not taken.
pub fn fresh(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.join(name);
    let mut number = 1;
    while path.exists() {
        number += 1;
        path = folder.join(format!("{name}-{number}"));
    }
    path
}
