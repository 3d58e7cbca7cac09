//! `gemma tokenize`.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use autodidact::gemma::tokenizer::{Encoding, Specials, Tokenizer};
use clap::Args;

use super::model::open;
use crate::cli::exit::{Exit, WrongUse};

/// Flags of `gemma tokenize`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads lines from stdin and prints one for each: its tokens as ids and pieces, or with `--json` a JSON array of the ids.

Examples:
  echo 'Hello, world' | autodidact gemma tokenize --tokenizer tokenizer.model
  autodidact gemma tokenize --tokenizer gemma-2-2b.gguf --json --bos < lines.txt
  echo '[2, 4521]' | autodidact gemma tokenize --tokenizer tokenizer.model --decode"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct Arguments {
    /// `tokenizer.model`, `tokenizer.json`, GGUF file, or folder with one of them
    #[arg(long, value_name = "PATH")]
    tokenizer: PathBuf,
    /// Begin each line with the token for the beginning of a text
    #[arg(long, conflicts_with = "decode")]
    bos: bool,
    /// Take what looks like a control token, as `<start_of_turn>`, for the letters it is written in
    #[arg(long, conflicts_with = "decode")]
    plain: bool,
    /// Read JSON arrays of ids and print the texts
    #[arg(long)]
    decode: bool,
    /// Print JSON: an array of ids for each line, or with `--decode` a string
    #[arg(long)]
    json: bool,
}

/// Lines that are turned together, on all threads.
const LINES: usize = 4096;

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let tokenizer = tokenizer(&arguments.tokenizer)?;
    let mut input = std::io::stdin().lock();
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let mut first = 1;
    loop {
        let lines = read(&mut input)?;
        if lines.is_empty() {
            break;
        }
        if arguments.decode {
            decode(arguments, &tokenizer, first, &lines, &mut output)?;
        } else {
            encode(arguments, &tokenizer, &lines, &mut output)?;
        }
        first += lines.len();
    }
    output.flush()?;
    Ok(Exit::Done)
}

fn tokenizer(path: &std::path::Path) -> Result<Tokenizer> {
    if path.is_dir() {
        for name in ["tokenizer.model", "tokenizer.json"] {
            let file = path.join(name);
            if file.is_file() {
                return Ok(Tokenizer::from_file(file)?);
            }
        }
        bail!(WrongUse(format!("`{}` has neither `tokenizer.model` nor `tokenizer.json`", path.display())));
    }
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf")) {
        return Ok(open(path)?.tokenizer()?);
    }
    Ok(Tokenizer::from_file(path)?)
}

/// Some lines, which need not be UTF-8, without their ends.
fn read(input: &mut impl BufRead) -> Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    while lines.len() < LINES {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line).context("cannot read stdin")? == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        lines.push(line);
        // Who types is answered at once.
        if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
            break;
        }
    }
    Ok(lines)
}

fn encode(
    arguments: &Arguments,
    tokenizer: &Tokenizer,
    lines: &[Vec<u8>],
    output: &mut impl Write,
) -> Result<()> {
    let specials = if arguments.plain { Specials::AsText } else { Encoding::default().specials };
    let encoding = Encoding { bos: arguments.bos, specials };
    for ids in tokenizer.encode_batch(lines, encoding) {
        if arguments.json {
            serde_json::to_writer(&mut *output, &ids)?;
            writeln!(output)?;
        } else {
            let piece = |id: &u32| format!("{id} {:?}", tokenizer.piece(*id).unwrap_or_default());
            writeln!(output, "{}", ids.iter().map(piece).collect::<Vec<_>>().join("  "))?;
        }
    }
    Ok(output.flush()?)
}

fn decode(
    arguments: &Arguments,
    tokenizer: &Tokenizer,
    first: usize,
    lines: &[Vec<u8>],
    output: &mut impl Write,
) -> Result<()> {
    for (line, text) in lines.iter().enumerate() {
        let ids: Vec<u32> = serde_json::from_slice(text).map_err(|error| {
            WrongUse(format!("line {} is no JSON array of ids, as [2, 4521]: {error}", first + line))
        })?;
        let text = tokenizer.decode(&ids).with_context(|| format!("line {}", first + line))?;
        if arguments.json {
            serde_json::to_writer(&mut *output, &text)?;
            writeln!(output)?;
        } else {
            writeln!(output, "{text}")?;
        }
    }
    Ok(output.flush()?)
}
