//! `gemma generate`.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use autodidact::gemma::generate::{Completion, Finish, Options, generate};
use autodidact::gemma::model::{CacheLayout, Model};
use autodidact::gemma::tokenizer::{Encoding, Message, Role, Specials, Tokenizer};
use clap::Args;
use serde_json::{Value, json};

use autodidact::gemma::sampling::Sampler;

use super::model::{ModelFlags, context, stop_ids, tokenizer};
use super::print::Printer;
use super::sampling::SamplingFlags;
use crate::cli::common::Output;
use crate::cli::exit::{Exit, WrongUse};

/// Flags of `gemma generate`.
#[derive(Debug, Args)]
#[command(
    after_help = "The text is printed as it is written. With `--chat` the prompt is a question to an instruction-tuned model.

Examples:
  autodidact gemma generate --model gemma-2-2b --prompt 'The capital of France is' --temperature 0
  autodidact gemma generate --model gemma-2-2b-it.gguf --chat --prompt 'Write a haiku' --seed 3
  cat question.txt | autodidact gemma generate --model gemma-2-2b-it.gguf --chat --prompt - --json"
)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelFlags,
    /// The text to go on with; `-` reads it from stdin
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    /// Ask the prompt as a user's question
    #[arg(long)]
    chat: bool,
    /// Instructions before the question
    #[arg(long, value_name = "TEXT", requires = "chat")]
    system: Option<String>,
    /// Tokens at most
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_tokens: usize,
    /// Text that ends the answer; may be repeated
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    /// Tell the N most likely tokens with each, in `--json`
    #[arg(long, value_name = "N", default_value_t = 0, requires = "json")]
    top_logprobs: usize,
    /// Tokens there is room for [default: those the model was trained for, or what is needed if that is less]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    context: Option<u32>,
    /// `tokenizer.model` or `tokenizer.json` [default: the model's own]
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    #[command(flatten)]
    sampling: SamplingFlags,
    #[command(flatten)]
    output: Output,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let sampling = arguments.sampling.sampling().map_err(|error| WrongUse(error.to_string()))?;
    let checkpoint = arguments.model.open(arguments.output)?;
    let tokenizer = tokenizer(&checkpoint, arguments.tokenizer.as_ref())?;
    let prompt = tokens_of_prompt(arguments, &tokenizer)?;
    let room = context(checkpoint.config(), arguments.context, arguments.output);
    if prompt.len() > room {
        bail!(WrongUse(format!(
            "the prompt has {} tokens and the context {room}: shorten it, or raise `--context`",
            prompt.len()
        )));
    }
    let model = Model::new(&checkpoint, arguments.model.options(&checkpoint));
    let needed = prompt.len().saturating_add(arguments.max_tokens);
    let mut cache = model.cache(room.min(needed), CacheLayout::Full)?;
    let mut sampler = Sampler::new(sampling)?;
    let options = Options {
        max_tokens: arguments.max_tokens,
        stop_ids: stop_ids(&checkpoint, &tokenizer),
        stop_texts: arguments.stop.clone(),
        top_logprobs: arguments.top_logprobs,
    };
    let is_json = arguments.output.json;
    let mut printer = Printer::default();
    let mut listen = |text: &str| if is_json { ControlFlow::Continue(()) } else { printer.print(text) };
    let completion = generate(&model, &tokenizer, &mut cache, &prompt, &mut sampler, &options, &mut listen)?;
    if is_json {
        arguments.output.result(&told(&tokenizer, prompt.len(), &completion), String::new)?;
    } else {
        printer.finish()?;
        arguments.output.note(&speed(prompt.len(), &completion));
    }
    Ok(Exit::Done)
}

fn tokens_of_prompt(arguments: &Arguments, tokenizer: &Tokenizer) -> Result<Vec<u32>> {
    let text = match arguments.prompt.as_str() {
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read the prompt from stdin")?;
            text
        }
        text => text.to_owned(),
    };
    if !arguments.chat {
        let encoding = Encoding { bos: true, specials: Specials::Match };
        return Ok(tokenizer.encode_with(text, encoding));
    }
    let system = arguments.system.as_ref().map(|text| Message::new(Role::System, text));
    let messages: Vec<Message> = system.into_iter().chain([Message::new(Role::User, text)]).collect();
    Ok(tokenizer.encode_chat(&messages)?)
}

/// How fast it went.
pub fn speed(prompt: usize, completion: &Completion) -> String {
    let rate = |tokens: usize, time: std::time::Duration| tokens as f64 / time.as_secs_f64().max(1e-9);
    format!(
        "{prompt} tokens read at {:.1}/s, {} written at {:.1}/s",
        rate(prompt, completion.prompt_time),
        completion.tokens.len(),
        // The first comes of reading.
        rate(completion.tokens.len().saturating_sub(1), completion.text_time),
    )
}

fn told(tokenizer: &Tokenizer, prompt: usize, completion: &Completion) -> Value {
    let piece = |id: u32| tokenizer.piece(id).unwrap_or_default();
    let tokens: Vec<Value> = completion
        .tokens
        .iter()
        .map(|token| {
            let top = token
                .top
                .iter()
                .map(|&(id, logprob)| json!({ "id": id, "piece": piece(id), "logprob": logprob }));
            let mut told = json!({ "id": token.id, "piece": piece(token.id), "logprob": token.logprob });
            if !token.top.is_empty() {
                told["top_logprobs"] = top.collect();
            }
            told
        })
        .collect();
    json!({
        "text": completion.text,
        "finish_reason": match completion.finish {
            Finish::Stop => "stop",
            Finish::Length => "length",
            Finish::Cancelled => "cancelled",
        },
        "prompt_tokens": prompt,
        "completion_tokens": completion.tokens.len(),
        "prompt_seconds": completion.prompt_time.as_secs_f64(),
        "completion_seconds": completion.text_time.as_secs_f64(),
        "tokens": tokens,
    })
}
