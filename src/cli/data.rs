//! `autodidact data`: looks at a collection of pictures before anything is trained on it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use autodidact::data::Dataset;
use autodidact::data::inspect::{ContactSheet, Inspection, contact_sheet, encode_png, inspect, save_png};
use autodidact::data::procedural::Procedural;
use autodidact::data::source::{self, Depth};
use autodidact::experiment::file;
use clap::{Args, Subcommand};

use super::common::{Output, Selection, cannot_open, fresh, require_new_file};
use super::exit::{Exit, WrongUse};

/// Verbs of `autodidact data`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Counts, sizes and bad files of a collection, and a contact sheet
    Inspect(Inspect),
    /// Write drawn pictures as class folders of PNG files, to try things on
    Draw(Draw),
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// Folder of pictures, CIFAR-10 or IDX files, or tar shards
    path: PathBuf,
    /// Where the contact sheet goes: a new .png file [default: contact-sheet.png; the next free name if that is taken]
    #[arg(long)]
    sheet: Option<PathBuf>,
    /// Decode every picture, not only its header
    #[arg(long)]
    thorough: bool,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Args)]
pub struct Draw {
    /// New folder
    #[arg(long)]
    out: PathBuf,
    /// Number of pictures, in ten classes by turns
    #[arg(long, default_value_t = 1000, value_parser = count)]
    count: usize,
    /// Side in pixels
    #[arg(long, default_value_t = Procedural::DEFAULT_SIDE, value_parser = side)]
    size: usize,
    /// Seed of the drawings
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    output: Output,
}

/// Sides that the drawings are made for.
fn side(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(side @ 8..=1024) => Ok(side),
        _ => Err("expected a side between 8 and 1024 pixels".to_owned()),
    }
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..) => Ok(count),
        _ => Err("expected a number of at least 1".to_owned()),
    }
}

pub fn run(verb: Verb) -> Result<Exit> {
    match verb {
        Verb::Inspect(arguments) => look(&arguments),
        Verb::Draw(arguments) => draw(&arguments),
    }
}

fn draw(arguments: &Draw) -> Result<Exit> {
    let folder = &arguments.out;
    if folder.exists() {
        let folder = folder.display();
        return Err(WrongUse(format!("`{folder}` exists; give another name or remove it")).into());
    }
    let dataset = Procedural::new(arguments.seed, arguments.count, arguments.size);
    for (index, label) in (0..dataset.len()).filter_map(|index| Some((index, dataset.label(index)?))) {
        let class = folder.join(dataset.class_names()[label].replace(' ', "-"));
        std::fs::create_dir_all(&class).with_context(|| format!("cannot create `{}`", class.display()))?;
        save_png(&dataset.image(index)?, class.join(format!("{index:06}.png")))?;
    }
    let told = serde_json::json!({ "out": folder, "pictures": dataset.len() });
    arguments.output.result(&told, || format!("{} pictures: {}", dataset.len(), folder.display()))?;
    Ok(Exit::Done)
}

fn look(arguments: &Inspect) -> Result<Exit> {
    let sheet = match &arguments.sheet {
        Some(sheet) => {
            require_new_file(sheet, &["png"])?;
            sheet.clone()
        }
        None => fresh("".as_ref(), "contact-sheet", ".png"),
    };
    let path = &arguments.path;
    let dataset =
        source::open(path, &arguments.selection.options()).map_err(|error| cannot_open(path, error))?;
    let depth = if arguments.thorough { Depth::Full } else { Depth::Header };
    let inspection = inspect(&*dataset, depth);
    file::write(&sheet, &encode_png(&contact_sheet(&*dataset, &ContactSheet::default())))?;
    arguments
        .output
        .result(&inspection, || format!("{}\ncontact sheet: {}", describe(&inspection), sheet.display()))?;
    Ok(Exit::Done)
}

fn describe(inspection: &Inspection) -> String {
    let mut lines = vec![format!("{} pictures", inspection.pictures)];
    lines.extend(inspection.classes.iter().map(|class| format!("  {:7} {}", class.pictures, class.name)));
    if let Some(sizes) = &inspection.sizes {
        for (name, spread) in
            [("width", sizes.width), ("height", sizes.height), ("shorter side", sizes.shorter_side)]
        {
            lines.push(format!("{name:13} {} to {} px, median {}", spread.min, spread.max, spread.median));
        }
    }
    lines.push(format!("{} bad files", inspection.bad_files.len()));
    lines.extend(inspection.bad_files.iter().map(|bad| format!("  `{}`: {}", bad.path, bad.reason)));
    lines.join("\n")
}
