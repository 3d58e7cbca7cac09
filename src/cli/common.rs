//! Flags that mean the same everywhere, and printing.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use autodidact::data::loader::Skipped;
use autodidact::data::source::{self, BadFile, Checked, Depth, Labels, Options};
use autodidact::data::{self, Dataset};
use autodidact::experiment::progress::{Display, say};
use autodidact::experiment::run::quote;
use autodidact::experiment::settings;
use autodidact::experiment::table::Table;
use autodidact::nn::Instructions;
use autodidact::represent::burn::tensor::Device;
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;

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
            say(text);
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

    /// Refuses another device; `what` is for instance `agents learn`.
    pub fn require_cpu(&self, what: &str) -> Result<()> {
        if self.device != "cpu" {
            bail!(WrongUse(format!("{what} on `--device cpu`, not on `{}`", self.device)));
        }
        Ok(())
    }

    /// Starts the thread pool, this thread among its workers, and opens the device, after a look at which instructions
    /// may be used.
    ///
    /// A training step is hundreds of short parallel loops, one after the other. Were this thread outside the pool, each
    /// of them would put it to sleep and wake another, and the data would change cores.
    pub fn start(&self, output: Output) -> Result<Device> {
        Instructions::limit().map_err(WrongUse)?;
        if let Some(notice) = Instructions::notice() {
            output.note(notice);
        }
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
    pub fn open(&self, path: &Path, output: Output) -> Result<(Arc<dyn Dataset>, Vec<Unread>)> {
        let dataset = source::open(path, &self.options()).map_err(|error| cannot_open(path, error))?;
        let checked = Checked::new(dataset, Depth::Header)?;
        let unread: Vec<Unread> = checked.bad_files().iter().map(Unread::from).collect();
        for picture in &unread {
            picture.tell(output);
        }
        Ok((Arc::new(checked), unread))
    }
}

/// What went wrong when a collection was opened. Splits are chosen by a flag, which the library does not know of.
pub fn cannot_open(path: &Path, error: data::Error) -> anyhow::Error {
    let is_split = matches!(error, data::Error::SplitNeeded { .. } | data::Error::UnknownSplit { .. });
    let flag = if is_split { "; choose one with `--split` (`--train-split`, `--test-split`)" } else { "" };
    anyhow::Error::from(error)
        .context(format!("cannot use `{}` as a collection of pictures{flag}", path.display()))
}

/// A picture that could not be read.
#[derive(Clone, Debug, Serialize)]
pub struct Unread {
    pub path: String,
    pub reason: String,
}

impl From<&BadFile> for Unread {
    fn from(bad: &BadFile) -> Self {
        Self { path: bad.path.clone(), reason: bad.reason.clone() }
    }
}

impl From<&Skipped> for Unread {
    fn from(skipped: &Skipped) -> Self {
        Self { path: skipped.path.clone(), reason: skipped.reason.clone() }
    }
}

impl Unread {
    /// A line for people.
    pub fn tell(&self, output: Output) {
        output.note(&format!("skipped `{}`: {}", self.path, self.reason));
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

/// Refuses a place for a result that has another ending than `endings`, has no folder, or is taken. Made absolute in no
/// way, so messages show what was typed.
pub fn require_new_file(path: &Path, endings: &[&str]) -> Result<()> {
    let shown = path.display();
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let reason = match path.parent() {
        _ if !endings.contains(&ending) => {
            format!("`{shown}` has to end in .{}", endings.join(" or ."))
        }
        Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
            let parent = parent.display();
            format!("`{shown}` cannot be written: the folder `{parent}` does not exist; create it first")
        }
        _ if path.exists() => format!("`{shown}` exists; give another name or remove it"),
        _ => return Ok(()),
    };
    Err(WrongUse(reason).into())
}

/// A path in a command that is suggested to people.
pub fn shell(path: &Path) -> String {
    quote(&path.display().to_string())
}

/// Settings: a base, then a file, then pairs from the command line.
pub fn layered<T: Serialize + DeserializeOwned>(
    base: &T,
    file: Option<&Path>,
    pairs: &[String],
) -> Result<T> {
    let file = match file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the settings in `{}`", path.display()))?;
            Some((path.display().to_string(), text))
        }
        None => None,
    };
    let layer = file.as_ref().map(|(origin, text)| (origin.as_str(), text.as_str()));
    settings::layer(base, layer, pairs)
        .map_err(|error| WrongUse(format!("{error}; `--dry-run` prints all settings")).into())
}

/// What can be chosen of what there is, with a note where that is less than asked for.
pub fn at_most(available: usize, asked: usize, what: &str, output: Output) -> usize {
    if asked > available {
        output.note(&format!("{asked} {what} asked for, there are {available}: using those"));
    }
    asked.min(available)
}

/// A new name `folder/name`, `folder/name-2`, … that is not taken; `ending` follows the number.
pub fn fresh(folder: &Path, name: &str, ending: &str) -> PathBuf {
    let mut path = folder.join(format!("{name}{ending}"));
    let mut number = 1;
    while path.exists() {
        number += 1;
        path = folder.join(format!("{name}-{number}{ending}"));
    }
    path
}
