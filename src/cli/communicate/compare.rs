//! `communicate compare`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use autodidact::communicate::measures::{Similarities, language_similarities, of_shared_objects};
use autodidact::communicate::{Language, Messages, files};
use autodidact::experiment::figure::{Figure, HeatMap};
use autodidact::experiment::table::Table;
use clap::Args;
use serde::Serialize;

use crate::cli::common::{Output, require_new_file, text_table};
use crate::cli::exit::{Exit, WrongUse};

/// Flags of `communicate compare`.
#[derive(Debug, Args)]
#[command(
    after_help = "The similarity of two languages is 1 less the edit distance of their messages by the length of the longer one, in the mean over
objects: 1 if they say the same. Symbols are compared as they are, so languages that differ in the names of symbols alone are
not similar. Compare the mean with what the same messages would have if they were dealt out to objects by chance.

Languages of runs are compared on the objects that all of them have. Files with the array `messages` alone are compared row by row.

Examples:
  autodidact communicate compare --run runs/lewis-0 runs/lewis-1 runs/lewis-2
  autodidact communicate compare --messages a.npz b.npz --json
  autodidact communicate compare --messages a.npz b.npz --by-objects --out similarity.svg"
)]
pub struct Arguments {
    /// Runs of `communicate train` that have ended
    #[arg(long, value_name = "FOLDER", num_args = 1.., conflicts_with = "messages", required_unless_present = "messages")]
    run: Vec<PathBuf>,
    /// Files with the array `messages`, of the same objects in the same order
    #[arg(long, value_name = "FILE", num_args = 1..)]
    messages: Vec<PathBuf>,
    /// Take the files' array `objects` too, and compare on the objects that all files have, in whatever order
    #[arg(long, requires = "messages")]
    by_objects: bool,
    /// A picture of all similarities, .svg; it is written as .png beside it too
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// What was compared.
#[derive(Debug, Serialize)]
struct Compared {
    languages: Vec<PathBuf>,
    #[serde(flatten)]
    similarities: Similarities,
    pictures: Vec<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let languages = if arguments.run.is_empty() { &arguments.messages } else { &arguments.run };
    if languages.len() < 2 {
        bail!(WrongUse("one language was given; compare at least two".to_owned()));
    }
    if let Some(out) = &arguments.out {
        for ending in ["svg", "png"] {
            let beside = if ending == "svg" { out.clone() } else { out.with_extension(ending) };
            require_new_file(&beside, &[ending])?;
        }
    }
    let of_runs = !arguments.run.is_empty();
    let messages = if of_runs || arguments.by_objects {
        let read = |path: &PathBuf| -> Result<Language> {
            let file = if of_runs { path.join("language.npz") } else { path.clone() };
            Ok(Language::new(files::read_objects(&file)?, files::read_messages(&file)?)?)
        };
        let read: Result<Vec<Language>> = languages
            .iter()
            .map(|path| {
                read(path).with_context(|| format!("cannot compare the language of `{}`", path.display()))
            })
            .collect();
        of_shared_objects(&read?)?
    } else {
        let read: Vec<Messages> =
            languages.iter().map(|path| Ok(files::read_messages(path)?)).collect::<Result<_>>()?;
        require_equal(languages, &read)?;
        read
    };
    let similarities = language_similarities(&messages)?;
    let pictures = match &arguments.out {
        None => Vec::new(),
        Some(out) => {
            let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
            let name = out.file_stem().unwrap_or_default().to_string_lossy();
            heat_map(&similarities)?.save(folder.unwrap_or(Path::new(".")), &name)?.to_vec()
        }
    };
    let compared = Compared { languages: languages.clone(), similarities, pictures };
    arguments.output.result(&compared, || describe(&compared))?;
    Ok(Exit::Done)
}

/// That messages which are compared row by row are as many.
fn require_equal(files: &[PathBuf], languages: &[Messages]) -> Result<()> {
    let first = languages[0].count();
    match languages.iter().zip(files).find(|(messages, _)| messages.count() != first) {
        None => Ok(()),
        Some((messages, file)) => bail!(WrongUse(format!(
            "`{}` has {first} messages and `{}` has {}; expected as many in the same order, or files with the objects too and `--by-objects`",
            files[0].display(),
            file.display(),
            messages.count()
        ))),
    }
}

fn heat_map(similarities: &Similarities) -> Result<Figure> {
    let numbers = || (1..=similarities.matrix.len()).map(|number| number.to_string());
    let map = HeatMap::new(
        "Similarity of languages",
        "1 less the edit distance by the longer message, in the mean",
    )
    .with_columns("language", numbers())
    .with_rows("language", numbers());
    Ok(map.draw(&similarities.matrix.concat())?)
}

fn describe(compared: &Compared) -> String {
    let Similarities { objects, matrix, mean, by_chance } = &compared.similarities;
    let numbers = (1..=matrix.len()).map(|number| number.to_string());
    let mut table = Table::new([String::new()].into_iter().chain(numbers).chain(["language".to_owned()]));
    for ((number, row), language) in matrix.iter().enumerate().zip(&compared.languages) {
        let cells = row.iter().map(|similarity| format!("{similarity:.4}"));
        let ends = [format!("{}", number + 1), language.display().to_string()];
        let [first, last] = ends;
        table.push(std::iter::once(first).chain(cells).chain([last]).collect());
    }
    format!(
        "{}\n\n{mean:.4} in the mean of two languages over {objects} objects, {by_chance:.4} by chance",
        text_table(&table)
    )
}
