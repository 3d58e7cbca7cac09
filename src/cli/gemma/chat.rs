//! `gemma chat`.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Result;
use autodidact::gemma::Error;
use autodidact::gemma::generate::{Finish, Options, generate};
use autodidact::gemma::model::{Cache, CacheLayout, Model};
use autodidact::gemma::sampling::Sampler;
use autodidact::gemma::tokenizer::{Message, Role, Tokenizer};
use clap::Args;

use super::generate::speed;
use super::model::{ModelFlags, context, stop_ids, tokenizer};
use super::print::Printer;
use super::sampling::SamplingFlags;
use autodidact::experiment::progress::say;

use crate::cli::common::Output;
use crate::cli::exit::{Exit, WrongUse};

/// Flags of `gemma chat`.
#[derive(Debug, Args)]
#[command(
    after_help = "An answer is printed as it is written. A line that ends in \\ goes on in the next one.
  /clear      forgets the talk      /undo   takes back the last question and its answer
  /system T   sets instructions     /quit   ends; so does the end of input

Examples:
  autodidact gemma chat --model gemma-2-2b-it-Q4_K_M.gguf
  autodidact gemma chat --model gemma-2-9b-it --system 'Answer in rhymes.' --temperature 0.7"
)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelFlags,
    /// Instructions before the first question
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// Tokens of an answer at most
    #[arg(long, value_name = "N", default_value_t = 1024)]
    max_tokens: usize,
    /// Tokens there is room for [default: those the model was trained for]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    context: Option<u32>,
    /// `tokenizer.model` or `tokenizer.json` [default: the model's own]
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    #[command(flatten)]
    sampling: SamplingFlags,
    /// No progress and no notes on stderr
    #[arg(long)]
    quiet: bool,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let sampling = arguments.sampling.sampling().map_err(|error| WrongUse(error.to_string()))?;
    let output = Output { json: false, quiet: arguments.quiet };
    let checkpoint = arguments.model.open(output)?;
    let tokenizer = tokenizer(&checkpoint, arguments.tokenizer.as_ref())?;
    let room = context(checkpoint.config(), arguments.context, output);
    let model = Model::new(&checkpoint, arguments.model.options(&checkpoint));
    let options = Options {
        max_tokens: arguments.max_tokens,
        stop_ids: stop_ids(&checkpoint, &tokenizer),
        stop_texts: Vec::new(),
        top_logprobs: 0,
    };
    let mut talk = Talk {
        cache: model.cache(room, CacheLayout::Full)?,
        sampler: Sampler::new(sampling)?,
        seen: Vec::new(),
        system: arguments.system.clone(),
        messages: Vec::new(),
    };
    let is_terminal = std::io::stdin().is_terminal();
    loop {
        let Some(line) = read(is_terminal)? else { break };
        match Command::of(&line) {
            Command::Nothing => {}
            Command::Quit => break,
            Command::Clear => talk.messages.clear(),
            Command::Undo => talk.messages.truncate(talk.messages.len().saturating_sub(2)),
            Command::System(text) => talk.system = Some(text.to_owned()).filter(|text| !text.is_empty()),
            Command::Unknown(name) => {
                output.note(&format!("{name} is unknown; there are /clear, /undo, /system and /quit"));
            }
            Command::Question(text) => {
                talk.messages.push(Message::new(Role::User, text));
                if let Err(error) = answer(&model, &tokenizer, &options, &mut talk, output) {
                    // The question is forgotten, the talk is not.
                    talk.messages.pop();
                    match error.downcast_ref() {
                        Some(Error::Context { .. }) => say(&format!("{error}; /undo or /clear make room")),
                        _ => return Err(error),
                    }
                }
            }
        }
    }
    Ok(Exit::Done)
}

/// A conversation, and what of it the model has read.
struct Talk {
    cache: Cache,
    sampler: Sampler,
    /// Tokens in the cache.
    seen: Vec<u32>,
    system: Option<String>,
    messages: Vec<Message>,
}

enum Command<'a> {
    Nothing,
    Quit,
    Clear,
    Undo,
    System(&'a str),
    Unknown(&'a str),
    Question(&'a str),
}

impl<'a> Command<'a> {
    fn of(line: &'a str) -> Self {
        let line = line.trim();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match name {
            "" => Self::Nothing,
            "/quit" | "/exit" => Self::Quit,
            "/clear" => Self::Clear,
            "/undo" => Self::Undo,
            "/system" => Self::System(rest.trim()),
            name if name.starts_with('/') => Self::Unknown(name),
            _ => Self::Question(line),
        }
    }
}

/// A line, and those that it goes on in; nothing at the end of input.
fn read(is_terminal: bool) -> Result<Option<String>> {
    let mut text = String::new();
    let mut prompt = "> ";
    loop {
        if is_terminal {
            let mut stdout = std::io::stdout().lock();
            write!(stdout, "{prompt}")?;
            stdout.flush()?;
        }
        let mut line = Vec::new();
        if std::io::stdin().lock().read_until(b'\n', &mut line)? == 0 {
            return Ok(Some(text).filter(|text| !text.is_empty()));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\n', '\r']);
        match line.strip_suffix('\\') {
            Some(line) => {
                text.push_str(line);
                text.push('\n');
                prompt = "… ";
            }
            None => {
                text.push_str(line);
                return Ok(Some(text));
            }
        }
    }
}

/// Answers the last question, and adds the answer to the talk.
fn answer(
    model: &Model<'_>,
    tokenizer: &Tokenizer,
    options: &Options,
    talk: &mut Talk,
    output: Output,
) -> Result<()> {
    let system = talk.system.as_ref().map(|text| Message::new(Role::System, text));
    let messages: Vec<Message> = system.into_iter().chain(talk.messages.iter().cloned()).collect();
    let tokens = tokenizer.encode_chat(&messages)?;
    // What was read before is not read again; the last token is, as its logits are wanted.
    let common = tokens.iter().zip(&talk.seen).take_while(|(a, b)| a == b).count().min(tokens.len() - 1);
    talk.cache.truncate(common)?;
    talk.seen.truncate(common);
    let mut printer = Printer::default();
    let new = &tokens[common..];
    // Penalties are for the talk as it is, whatever was read again.
    talk.sampler.forget();
    for &id in &tokens[..common] {
        talk.sampler.observe(id);
    }
    let completion =
        generate(model, tokenizer, &mut talk.cache, new, &mut talk.sampler, options, &mut |text| {
            printer.print(text)
        })?;
    printer.finish()?;
    if completion.finish == Finish::Length {
        output.note("the answer was cut: it reached `--max-tokens` or the context");
    }
    output.note(&speed(new.len(), &completion));
    talk.seen.extend_from_slice(new);
    talk.seen.extend(completion.tokens.iter().map(|token| token.id));
    talk.seen.truncate(talk.cache.len());
    talk.messages.push(Message::new(Role::Model, completion.text));
    Ok(())
}
