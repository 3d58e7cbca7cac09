//! The identity `L = L_info + L_adapt` and its gradients, on random tables of a game all of whose messages are counted.

use autodidact_communicate::decomposition::{
    Decomposition, FactorisedListener, Listener, Speaker, conditional_total_correlation, information_gradient,
};
use autodidact_communicate::game::{Channel, ProductSpace};
use autodidact_experiment::reproduction::{JobContext, JobError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Random speakers, each with a random listener.
pub(super) const TABLES: usize = 100;
/// Attributes and values of each; symbols and length of messages.
const SPACE: (usize, u32) = (3, 3);
const CHANNEL: (u32, usize) = (4, 3);
/// Largest logits of the tables: from nearly even to nearly certain.
const SCALES: std::ops::Range<f64> = 0.1..20.0;
/// Of central differences.
const STEP: f64 = 1e-5;
/// Logits of a table whose slope is checked.
const SLOPES: usize = 20;

/// The largest errors of all tables, and the mean of what factorised listeners miss.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Exact {
    /// |L − `L_info` − `L_adapt`|.
    pub identity: f64,
    /// |L − `L_info`| of the Bayes listener.
    pub bayes: f64,
    /// Between `∂L_info/∂θ` and central differences.
    pub gradient: f64,
    /// Between `L_adapt` of the best factorised listener and the total correlation of the attributes given the message.
    pub factorised: f64,
    /// That total correlation, in nats.
    pub total_correlation: f64,
}

/// Checks so many random speakers and listeners.
pub(super) fn check(tables: usize, seed: u64, context: &JobContext<'_>) -> Result<Exact, JobError> {
    let space = ProductSpace::uniform(SPACE.0, SPACE.1)?;
    let objects = space.objects(1 << 10)?;
    let num_objects = objects.count();
    let num_messages =
        Channel::new(CHANNEL.0, CHANNEL.1)?.num_messages().ok_or("more messages than can be counted")?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut found = Exact::default();
    for table in 0..tables {
        let scale = rng.random_range(SCALES);
        let mut logits = |len: usize, scale: f64| -> Vec<f64> {
            (0..len).map(|_| scale * rng.random_range(-1.0..1.0)).collect()
        };
        let prior = softmax(&logits(num_objects, 1.0));
        let theta = logits(num_objects * num_messages, scale);
        let speaker_at = |theta: Vec<f64>| Speaker::from_logits(prior.clone(), theta, num_messages);
        let listener = Listener::from_logits(logits(num_objects * num_messages, scale), num_objects)?;
        let speaker = speaker_at(theta.clone())?;

        let of = Decomposition::new(&speaker, &listener)?;
        let of_best = Decomposition::new(&speaker, &speaker.bayes_listener())?;
        let correlation = conditional_total_correlation(&speaker, &objects)?;
        let factorised = FactorisedListener::best(&speaker, &objects)?.listener(&objects)?;
        let of_factorised = Decomposition::new(&speaker, &factorised)?;
        let slopes = information_gradient(&speaker);
        for _ in 0..SLOPES {
            let place = rng.random_range(0..theta.len());
            let information = |by: f64| -> Result<f64, JobError> {
                let mut moved = theta.clone();
                moved[place] += by;
                Ok(Decomposition::new(&speaker_at(moved)?, &listener)?.information)
            };
            let slope = (information(STEP)? - information(-STEP)?) / (2.0 * STEP);
            found.gradient = found.gradient.max((slope - slopes[place]).abs());
        }
        found.identity = found.identity.max((of.total - of.information - of.adaptation).abs());
        found.bayes = found.bayes.max((of_best.total - of.information).abs());
        found.factorised = found.factorised.max((of_factorised.adaptation - correlation).abs());
        found.total_correlation += correlation / tables as f64;
        context.progress(table as u64 + 1, tables as u64, &[("identity", found.identity)]);
    }
    Ok(found)
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
    logits.iter().map(|logit| logit.exp() / sum).collect()
}
