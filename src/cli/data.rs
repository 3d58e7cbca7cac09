//! `autodidact data`: looks at a collection of pictures before anything is trained on it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use autodidact::data::inspect::{ContactSheet, Inspection, contact_sheet, inspect, save_png};
use autodidact::data::source::{self, Depth};
use clap::{Args, Subcommand};

use super::common::{Output, Selection, require_parent};
use super::exit::Exit;

/// Verbs of `autodidact data`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Counts, sizes and bad files of a collection, and a contact sheet
    Inspect(Inspect),
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// Folder of pictures, CIFAR-10 or IDX files, or tar shards
    path: PathBuf,
    /// Where the contact sheet goes
    #[arg(long, default_value = "contact-sheet.png")]
    sheet: PathBuf,
    /// Decode every picture, not only its header
    #[arg(long)]
    thorough: bool,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    output: Output,
}

pub fn run(verb: Verb) -> Result<Exit> {
    let Verb::Inspect(arguments) = verb;
    require_parent(&arguments.sheet)?;
    let dataset = source::open(&arguments.path, &arguments.selection.options())
        .with_context(|| format!("cannot use `{}` as a collection of pictures", arguments.path.display()))?;
    let depth = if arguments.thorough { Depth::Full } else { Depth::Header };
    let inspection = inspect(&*dataset, depth);
    save_png(&contact_sheet(&*dataset, &ContactSheet::default()), &arguments.sheet)?;
    arguments.output.result(&inspection, || {
        format!("{}\ncontact sheet: {}", describe(&inspection), arguments.sheet.display())
    })?;
    Ok(Exit::Done)
}

fn describe(inspection: &Inspection) -> String {
    let mut lines = vec![format!("{} pictures", inspection.pictures)];
    lines.extend(inspection.classes.iter().map(|class| format!("  {:7} {}", class.pictures, class.name)));
    if let Some(sizes) = &inspection.sizes {
        for (name, spread) in [("width", sizes.width), ("height", sizes.height), ("shorter side", sizes.shorter_side)] {
            lines.push(format!("{name:13} {} to {} px, median {}", spread.min, spread.max, spread.median));
        }
    }
    lines.push(format!("{} bad files", inspection.bad_files.len()));
    lines.extend(inspection.bad_files.iter().map(|bad| format!("  `{}`: {}", bad.path, bad.reason)));
    lines.join("\n")
}
