//! A probe of messages that are written down.

use autodidact_experiment::rng::Seeds;

use super::config::ProbeConfig;
use super::fit::{Estimate, fit};
use super::speaker::batch;
use crate::agents::{AgentConfig, AgentNames, Listener, RecurrentListener};
use crate::game::{Channel, ProductSpace};
use crate::measures::information;
use crate::setting::require;
use crate::training::step::mean;
use crate::{Language, Messages, Objects, Result};

/// Different values of an attribute, or symbols, at most.
const MOST_KINDS: u32 = 1 << 16;

/// Trains a fresh recurrent listener on objects and their messages, whoever made them, until it gets no better. Its loss estimates `H(X|M)`
/// of the language as it is written down, and converges to `Σ_k H(X_k|M)`.
///
/// Of `config`, `samples` and `objects` do not matter: all rows are learnt, and the loss is that of all rows.
///
/// # Errors
/// As [`super::probe`], and [`Error::Setting`](crate::Error::Setting) if the listener's sizes are out of range.
///
/// ```
/// use autodidact_communicate::agents::AgentConfig;
/// use autodidact_communicate::training::probe::{ProbeConfig, probe_language};
/// use autodidact_communicate::{Language, Messages, Objects};
///
/// // Two objects share a message and differ in one attribute: a coin for half of the rows.
/// let objects = Objects::from_rows(&[[0, 0], [0, 1], [1, 0], [1, 1]])?;
/// let language = Language::new(objects, Messages::from_rows(&[[1], [1], [2], [3]])?)?;
/// let listener = AgentConfig { hidden: 16, embedding: 16, ..AgentConfig::default() };
/// let config = ProbeConfig { learning_rate: 1e-2, ..ProbeConfig::default() };
/// let estimate = probe_language(&language, &listener, &config, &mut |_, _| {})?;
/// assert!((estimate.exact - 0.5 * 2_f64.ln()).abs() < 1e-12);
/// assert!(estimate.converged && (estimate.information - estimate.exact).abs() < 0.01);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn probe_language(
    language: &Language,
    listener: &AgentConfig,
    config: &ProbeConfig,
    tell: &mut dyn FnMut(u64, f64),
) -> Result<Estimate> {
    config.validate()?;
    let seeds = Seeds::new(config.seed).child("probe of a language");
    let mut fresh = fresh_listener(language, listener, seeds)?;
    let mut draw = |step| rows(language, config.batch_size, seeds, step);
    let learnt = fit(&mut fresh, config, &mut draw, tell)?;
    let nats = std::f64::consts::LN_2;
    Ok(Estimate {
        objects: language.count(),
        information: -mean(fresh.log_likelihood(language.objects(), language.messages())),
        exact: nats * information::lost(language),
        factorised: nats * information::lost_of_attributes(language).into_iter().sum::<f64>(),
        steps: learnt.losses.len() as u64,
        converged: learnt.converged,
        curve: learnt.curve(config),
    })
}

/// A listener that knows the values and symbols of a language, and nothing of what they have to do with each other.
pub(super) fn fresh_listener(
    language: &Language,
    config: &AgentConfig,
    seeds: Seeds,
) -> Result<RecurrentListener> {
    config.validate(&AgentNames::LISTENER)?;
    let messages = language.messages();
    let num_values = language.objects().num_values();
    let renumber =
        format!("1 to {MOST_KINDS}: a listener has numbers for each; number those that occur from 0 on");
    let values = num_values.iter().copied().max().unwrap_or(0);
    require(values <= MOST_KINDS, "the number of an attribute's values", values, renumber.clone())?;
    let symbols = messages.vocab_size();
    require(symbols <= MOST_KINDS, "the number of symbols", symbols, renumber)?;
    let space = ProductSpace::new(&num_values)?;
    let channel = Channel::new(messages.vocab_size(), messages.max_length())?;
    Ok(RecurrentListener::new(config, &space, channel, &mut seeds.stream("listener")))
}

/// The rows of a step.
pub(super) fn rows(language: &Language, size: usize, seeds: Seeds, step: u64) -> (Objects, Messages) {
    let all = || (language.objects().clone(), language.messages().clone());
    batch(language.objects(), size, seeds, step).map_or_else(all, |indices| {
        let objects = language.objects().select(&indices).expect("a batch has objects");
        (objects, language.messages().select(&indices).expect("a batch has messages"))
    })
}
