//! Texts written by a model, token by token.
//!
//! What is not here: several texts at a time.

mod stop;

use crate::model::{Cache, Model};
use crate::sampling::{Drawn, Sampler};
use crate::tokenizer::Tokenizer;
use crate::{Error, Result};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use stop::Stop;

/// What is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Tokens at most.
    pub max_tokens: usize,
    /// Tokens that end the text, and do not belong to it.
    pub stop_ids: Vec<u32>,
    /// Texts that end it, and do not belong to it.
    pub stop_texts: Vec<String>,
    /// How many of the most likely tokens are told with each.
    pub top_logprobs: usize,
}

/// Why a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// A token or a text that ends it came.
    Stop,
    /// As many tokens as were allowed, or as have room.
    Length,
    /// Whoever listened wanted no more.
    Cancelled,
}

/// A text, and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The text, without what ended it.
    pub text: String,
    /// Its tokens, and the one that ended it if one did.
    pub tokens: Vec<Drawn>,
    /// Why it ended.
    pub finish: Finish,
    /// Time for the prompt.
    pub prompt_time: Duration,
    /// Time for everything after it.
    pub text_time: Duration,
}

/// Goes on with a text: with what is in the cache, and then `prompt`, which the sampler observes. `listen` hears every piece of text as
/// soon as it is certain.
///
/// Rows of the table of embeddings beyond the vocabulary, which some files are filled up with, are never drawn.
///
/// The cache then holds the prompt and all tokens but the last, so that a talk can be gone on with.
///
/// ```no_run
/// use autodidact_gemma::generate::{Options, generate};
/// use autodidact_gemma::model::{CacheLayout, Model};
/// use autodidact_gemma::sampling::{Sampler, Sampling};
/// use autodidact_gemma::weights::Checkpoint;
/// use std::ops::ControlFlow;
///
/// let checkpoint = Checkpoint::open("gemma-2-2b-it.gguf")?;
/// let tokenizer = checkpoint.tokenizer()?;
/// let model = Model::new(&checkpoint, Default::default());
/// let options = Options {
///     max_tokens: 64,
///     stop_ids: tokenizer.stop_ids(),
///     stop_texts: Vec::new(),
///     top_logprobs: 0,
/// };
/// let prompt = tokenizer.encode_chat(&[autodidact_gemma::tokenizer::Message::new(
///     autodidact_gemma::tokenizer::Role::User,
///     "Why is the sky blue?",
/// )])?;
/// let mut cache = model.cache(8192, CacheLayout::Full)?;
/// let mut sampler = Sampler::new(Sampling::greedy())?;
/// generate(&model, &tokenizer, &mut cache, &prompt, &mut sampler, &options, &mut |text| {
///     print!("{text}");
///     ControlFlow::Continue(())
/// })?;
/// # Ok::<(), autodidact_gemma::Error>(())
/// ```
///
/// # Errors
/// [`Error::NotFinite`], [`Error::NoTokens`] for an empty prompt, [`Error::Token`], and [`Error::Context`] if the prompt has no room.
pub fn generate(
    model: &Model<'_>,
    tokenizer: &Tokenizer,
    cache: &mut Cache,
    prompt: &[u32],
    sampler: &mut Sampler,
    options: &Options,
    listen: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<Completion> {
    for &id in prompt {
        sampler.observe(id);
    }
    let begun = Instant::now();
    let mut logits = model.next(cache, prompt)?;
    let prompt_time = begun.elapsed();
    let begun = Instant::now();
    let mut decoder = tokenizer.decoder();
    let mut stop = Stop::new(&options.stop_texts);
    let (mut text, mut tokens) = (String::new(), Vec::new());
    let finish = loop {
        if tokens.len() == options.max_tokens {
            break Finish::Length;
        }
        let drawn =
            sampler.draw(&logits[..logits.len().min(tokenizer.vocab_size())], options.top_logprobs)?;
        let id = drawn.id;
        tokens.push(drawn);
        if options.stop_ids.contains(&id) {
            break Finish::Stop;
        }
        let certain = stop.push(decoder.push(id)?);
        text.push_str(&certain);
        if !certain.is_empty() && listen(&certain).is_break() {
            break Finish::Cancelled;
        }
        if stop.has_come() {
            break Finish::Stop;
        }
        if tokens.len() == options.max_tokens {
            break Finish::Length;
        }
        logits = match model.next(cache, &[id]) {
            Err(Error::Context { .. }) => break Finish::Length,
            other => other?,
        };
    };
    if !stop.has_come() && finish != Finish::Cancelled {
        let mut rest = stop.push(decoder.finish());
        rest.push_str(&stop.finish());
        text.push_str(&rest);
        if !rest.is_empty() {
            let _ = listen(&rest);
        }
    }
    Ok(Completion { text, tokens, finish, prompt_time, text_time: begun.elapsed() })
}
