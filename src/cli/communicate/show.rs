//! `communicate show`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use autodidact::communicate::measures::topographic::MessageDistance;
use autodidact::communicate::measures::{Prefix, Summary, message_tree, symbol_values};
use autodidact::communicate::training::{Game, TrainConfig};
use autodidact::communicate::{END, Language, files};
use autodidact::experiment::figure::{Figure, HeatMap, TreeChart, TreeNode};
use autodidact::experiment::file;
use autodidact::experiment::run::RunDirectory;
use clap::Args;
use serde::Serialize;

use crate::cli::common::{Output, require_new_file, shell};
use crate::cli::exit::{Exit, WrongUse};
use crate::cli::training::settings_of;

/// Values of all attributes in the picture at most.
const MOST_COLUMNS: u64 = 2000;
/// Rows of the message table on a page.
const ROWS: usize = 500;

/// Flags of `communicate show`.
#[derive(Debug, Args)]
#[command(
    after_help = "The page has the messages, and how often each symbol at each position goes with each value of each attribute:
one dark place in a row is a symbol that names a value. A tree has the beginnings of the messages: how many objects each is said of,
and which values it makes certain. Of a population's run it is the language of the first speaker; those of the others are in its files
`language-2.npz` and so on, which --messages and --objects take.

Examples:
  autodidact communicate show --run runs/lewis --out language.html
  autodidact communicate show --messages m.npz --objects o.npz --out language.html"
)]
pub struct Arguments {
    /// Run of `communicate train` that has ended
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["messages", "objects"], required_unless_present = "messages")]
    run: Option<PathBuf>,
    /// File with the array `messages`
    #[arg(long, value_name = "FILE", requires = "objects")]
    messages: Option<PathBuf>,
    /// File with the array `objects`
    #[arg(long, value_name = "FILE", requires = "messages")]
    objects: Option<PathBuf>,
    /// The page; its pictures are written beside it, as .svg and .png, that of the tree with `-tree` after the name
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Rows of the tree at most; what does not fit is cut, small branches first
    #[arg(long, value_name = "ROWS", default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=2000))]
    tree_rows: u16,
    #[command(flatten)]
    output: Output,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Shown {
    page: PathBuf,
    pictures: Vec<PathBuf>,
    #[serde(flatten)]
    summary: Summary,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    require_new_file(&arguments.out, &["html"])?;
    let name = arguments.out.file_stem().unwrap_or_default().to_string_lossy();
    let names = [name.to_string(), format!("{name}-tree")];
    for name in &names {
        for ending in ["svg", "png"] {
            require_new_file(&arguments.out.with_file_name(format!("{name}.{ending}")), &[ending])?;
        }
    }
    if let Some(run) = &arguments.run
        && let Game::Discrimination(_) = settings_of::<TrainConfig>(&RunDirectory::open(run)?)?.game
    {
        let language = shell(&run.join("language.npz"));
        bail!(WrongUse(format!(
            "`show` is about values of attributes, and the objects of `{}` are vectors of features or pictures; `autodidact communicate measure \
             --messages {language} --features {language}` tells how its language is built",
            run.display()
        )));
    }
    let of_run = arguments.run.as_ref().map(|run| run.join("language.npz"));
    let path =
        |file: &Option<PathBuf>| file.clone().or_else(|| of_run.clone()).expect("the parser asks for it");
    let messages = files::read_messages(&path(&arguments.messages))?;
    let language = Language::new(files::read_objects(&path(&arguments.objects))?, messages)?;
    language.require(2)?;
    let columns: u64 = language.objects().num_values().iter().map(|&values| u64::from(values)).sum();
    if columns > MOST_COLUMNS {
        bail!(WrongUse(format!(
            "the attributes have {columns} values, expected {MOST_COLUMNS} in all at most for a picture; number those that occur from 0 on"
        )));
    }
    let summary = Summary::new(&language, MessageDistance::Edit);
    let figures = [heat_map(&language)?, tree(&language, arguments.tree_rows.into())?];
    let folder = arguments.out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut pictures = Vec::new();
    for (figure, name) in figures.iter().zip(&names) {
        pictures.extend(figure.save(folder.unwrap_or(Path::new(".")), name)?);
    }
    file::write(&arguments.out, page(&language, &summary, &figures).as_bytes())?;
    let shown = Shown { page: arguments.out.clone(), pictures, summary };
    arguments.output.result(&shown, || format!("the language is in {}", shell(&shown.page)))?;
    Ok(Exit::Done)
}

/// Symbols at positions against values of attributes.
fn heat_map(language: &Language) -> Result<Figure> {
    let table = symbol_values(language);
    let mut map = HeatMap::new("What symbols name", "share of a symbol's objects that have the value");
    for (attribute, &values) in language.objects().num_values().iter().enumerate() {
        map = map.with_columns(&format!("attribute {attribute}"), (0..values).map(|value| value.to_string()));
    }
    for (position, symbols) in table.symbols.iter().enumerate() {
        let names =
            symbols.iter().map(|&symbol| if symbol == 0 { "end".to_owned() } else { symbol.to_string() });
        map = map.with_rows(&format!("position {position}"), names);
    }
    Ok(map.draw(&table.shares)?)
}

/// The beginnings of messages.
fn tree(language: &Language, rows: usize) -> Result<Figure> {
    let root = message_tree(language, rows);
    let mut remark = "symbol, objects whose messages begin so, and the values that this makes certain (a0=2: value 2 of attribute 0)"
        .to_owned();
    if is_cut(&root) {
        let _ = write!(
            remark,
            "; cut to {rows} rows: … is where branches are left out, with their different messages"
        );
    }
    Ok(TreeChart::new("Beginnings of messages", &remark).draw(&node(&root))?)
}

fn is_cut(prefix: &Prefix) -> bool {
    prefix.is_cut() || prefix.left_out.is_some() || prefix.further.iter().any(is_cut)
}

fn node(prefix: &Prefix) -> TreeNode {
    let mut notes: Vec<String> =
        prefix.certain.iter().map(|(attribute, value)| format!("a{attribute}={value}")).collect();
    if prefix.is_cut() {
        notes.push(format!("… {} messages", prefix.messages));
    }
    let mut branches: Vec<TreeNode> = prefix.further.iter().map(node).collect();
    if let Some((others, objects)) = prefix.left_out {
        let label = format!("… {others} more");
        branches.push(TreeNode { label, weight: objects as f64, note: String::new(), branches: Vec::new() });
    }
    let label = match prefix.symbol {
        None => "all".to_owned(),
        Some(END) => "end".to_owned(),
        Some(symbol) => symbol.to_string(),
    };
    TreeNode { label, weight: prefix.objects as f64, note: notes.join(" "), branches }
}

fn page(language: &Language, summary: &Summary, figures: &[Figure]) -> String {
    let defined =
        |value: Option<f64>| value.map_or_else(|| "undefined".to_owned(), |value| format!("{value:.3}"));
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>A language</title>\n<style>\n:root{color-scheme:light dark}\nbody{font:15px/1.5 system-ui,sans-serif;max-width:60rem;\
         margin:2rem auto;padding:0 1rem}\ntable{border-collapse:collapse}\nth,td{padding:.1rem .8rem .1rem 0;text-align:left;\
         font-variant-numeric:tabular-nums}\nsvg{max-width:100%;height:auto}\n</style>\n<h1>A language</h1>\n<table>\n",
    );
    let facts = [
        ("objects", summary.objects.to_string()),
        ("distinct messages", summary.messages.distinct_messages.to_string()),
        ("topographic similarity", defined(summary.topographic_similarity)),
        ("posdis", defined(summary.posdis)),
        ("bosdis", defined(summary.bosdis)),
        ("context independence", defined(summary.context_independence)),
        ("bits that stay unknown", format!("{:.3}", summary.information_lost)),
    ];
    for (name, value) in facts {
        let _ = writeln!(page, "<tr><th>{name}<td>{value}");
    }
    page.push_str("</table>\n");
    for figure in figures {
        page.push_str(figure.svg());
    }
    page.push_str("<h2>Messages</h2>\n<table>\n<tr><th>object<th>message\n");
    let listed = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    for (object, word) in language.objects().iter().zip(language.messages().words()).take(ROWS) {
        let _ = writeln!(page, "<tr><td>{}<td>{}", listed(object), listed(word));
    }
    page.push_str("</table>\n");
    if language.count() > ROWS {
        let _ = writeln!(page, "<p>The first {ROWS} of {} are shown.</p>", language.count());
    }
    page.push_str("</html>\n");
    page
}
