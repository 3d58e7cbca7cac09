//! A probe of a frozen speaker.

use autodidact_experiment::rng::Seeds;
use autodidact_experiment::statistics::standard_deviation;
use rand::seq::index;
use serde::{Deserialize, Serialize};

use super::config::ProbeConfig;
use super::fit::{Estimate, fit};
use crate::agents::{Choice, Listener, Speaker};
use crate::decomposition::bayes_scores;
use crate::training::step::numbers;
use crate::{Messages, Objects, Result};

/// The loss of two agents on some objects, taken apart by a probe. Losses are in nats, and all are of the same messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probed {
    /// What the probe says of the speaker.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// L, the loss of the agents' own listener.
    pub loss: f64,
    /// `L_adapt = L − L_info` with the probe's `L_info`.
    pub adaptation: f64,
    /// The standard error of `adaptation` over objects, each with the mean of its messages.
    pub standard_error: f64,
    /// The same with the exact `L_info`.
    pub exact_adaptation: f64,
    /// What is to be made of it.
    pub verdict: Verdict,
}

/// What is to be made of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It came to rest.
    Converged,
    /// It would have gone on to learn: its information is too large, its adaptation too small.
    NotConverged,
    /// Its adaptation is below 0, by more than two standard errors and the tolerance: the agents' own listener is better than the probe, which thus is not the best there is.
    Failed,
}

/// Trains a fresh listener on what a frozen speaker says of `objects`, messages being drawn anew for each step, and takes the loss of
/// speaker and `listener` apart by it. `fresh` has not learnt yet, and may be of another kind than `listener`.
///
/// [`ProbeConfig`] says when it has converged. `tell` gets each step and its loss.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) if the configuration is out of range, [`Error::Diverged`](crate::Error::Diverged) if a
/// gradient is no number, and that of an interrupt.
///
/// ```
/// use autodidact_communicate::agents::{AgentConfig, RecurrentListener, RecurrentSpeaker};
/// use autodidact_communicate::game::{Channel, ProductSpace};
/// use autodidact_communicate::training::probe::{ProbeConfig, probe};
/// use autodidact_experiment::rng::Seeds;
///
/// let (space, channel, seeds) = (ProductSpace::uniform(2, 3)?, Channel::new(4, 2)?, Seeds::new(1));
/// let agent = AgentConfig { hidden: 16, embedding: 8, ..AgentConfig::default() };
/// let speaker = RecurrentSpeaker::new(&agent, &space, channel, &mut seeds.stream("speaker"));
/// let [listener, fresh] = ["listener", "probe"]
///     .map(|name| RecurrentListener::new(&agent, &space, channel, &mut seeds.stream(name)));
/// let config = ProbeConfig { learning_rate: 1e-2, window: 50, ..ProbeConfig::default() };
/// let probed = probe((&speaker, &listener), fresh, &space.objects(9)?, &config, &mut |_, _| {})?;
/// // A listener that has not learnt is worse than one that has.
/// assert!(probed.estimate.converged && probed.adaptation > 0.0);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn probe<S: Speaker, L: Listener, P: Listener>(
    (speaker, listener): (&S, &L),
    mut fresh: P,
    objects: &Objects,
    config: &ProbeConfig,
    tell: &mut dyn FnMut(u64, f64),
) -> Result<Probed> {
    config.validate()?;
    let seeds = Seeds::new(config.seed).child("probe");
    let speak = |objects: &Objects, name, count| -> Messages {
        let drawn = numbers(seeds, name, [count], objects.count() * speaker.channel().max_length());
        speaker.speak(objects, Choice::Sample(&drawn)).messages
    };
    // Few objects say several messages each, lest their losses be mostly noise.
    let all: Vec<usize> = (0..objects.count()).collect();
    let repeated = objects.select(&all.repeat((config.batch_size / objects.count()).max(1)))?;
    let mut draw = |step| {
        let batch = batch(objects, config.batch_size, seeds, step);
        let objects = batch.map_or_else(
            || repeated.clone(),
            |indices| objects.select(&indices).expect("a batch has objects"),
        );
        let messages = speak(&objects, "symbols", step);
        (objects, messages)
    };
    let learnt = fit(&mut fresh, config, &mut draw, tell)?;

    let meant = all;
    let [mut loss, mut information, mut exact, mut factorised] = [0.0; 4];
    let mut differences = vec![0.0; objects.count()];
    for sample in 0..config.samples as u64 {
        let messages = speak(objects, "measured symbols", sample);
        let scored = bayes_scores(speaker, objects, &meant, &messages);
        let of_listener = listener.log_likelihood(objects, &messages);
        let of_probe = fresh.log_likelihood(objects, &messages);
        for ((own, of_probe), difference) in of_listener.into_iter().zip(of_probe).zip(&mut differences) {
            let (own, of_probe) = (f64::from(own), f64::from(of_probe));
            loss -= own;
            information -= of_probe;
            *difference += (of_probe - own) / config.samples as f64;
        }
        exact -= scored.log_likelihoods.iter().sum::<f64>();
        factorised -= scored.factorised.iter().sum::<f64>();
    }
    let count = (objects.count() * config.samples) as f64;
    let [loss, information, exact, factorised] =
        [loss, information, exact, factorised].map(|sum| sum / count);
    let adaptation = loss - information;
    let standard_error = standard_deviation(&differences) / (objects.count() as f64).sqrt();
    let verdict = if adaptation < -(2.0 * standard_error).max(config.tolerance) {
        Verdict::Failed
    } else if learnt.converged {
        Verdict::Converged
    } else {
        Verdict::NotConverged
    };
    let estimate = Estimate {
        objects: objects.count(),
        information,
        exact,
        factorised,
        steps: learnt.losses.len() as u64,
        converged: learnt.converged,
        curve: learnt.curve(config),
    };
    Ok(Probed { estimate, loss, adaptation, standard_error, exact_adaptation: loss - exact, verdict })
}

/// The objects of a step, drawn without putting back; nothing if these are all.
pub(super) fn batch(objects: &Objects, size: usize, seeds: Seeds, step: u64) -> Option<Vec<usize>> {
    let draw = || index::sample(&mut seeds.keyed("batch", [step]), objects.count(), size).into_vec();
    (size > 0 && size < objects.count()).then(draw)
}
