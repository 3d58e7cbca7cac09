//! The Bayes listener of a speaker that is a network, by scoring all messages for all objects.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::agents::Speaker;
use crate::{Messages, Objects};

/// What the Bayes listener of a speaker makes of messages, objects being equally likely.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// `log ρ*(x_j|m_j) = log π(m_j|x_j) − log Σ_i π(m_j|x_i)`, for each message.
    pub log_likelihoods: Vec<f64>,
    /// `Σ_k log ρ*(x_jk|m_j)`, with the attributes' own posteriors: the best that a listener with a softmax for each attribute can do.
    pub factorised: Vec<f64>,
}

/// Scores each message for all `objects`. `meant[j]` is the number of the object that message j was said of.
///
/// The mean of −`log_likelihoods` over messages that were drawn from the speaker, one or more for each object, estimates
/// `L_info = H(X|M)` without bias: nothing is trained. Time is that of objects × distinct beginnings of messages; memory is that of
/// messages × values, for each slice of the objects.
///
/// ```
/// use autodidact_communicate::agents::{AgentConfig, Choice, RecurrentSpeaker, Speaker};
/// use autodidact_communicate::decomposition::bayes_scores;
/// use autodidact_communicate::game::{Channel, ProductSpace};
/// use rand::SeedableRng;
///
/// let space = ProductSpace::uniform(2, 3)?;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let speaker = RecurrentSpeaker::new(&AgentConfig::default(), &space, Channel::new(4, 3)?, &mut rng);
/// let objects = space.objects(9)?;
/// let said = speaker.speak(&objects, Choice::Greedy);
/// let meant: Vec<usize> = (0..9).collect();
/// let scored = bayes_scores(&speaker, &objects, &meant, &said.messages);
/// assert!(scored.log_likelihoods.iter().all(|&log_likelihood| log_likelihood < 0.0));
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
///
/// # Panics
/// If there are not as many meanings as messages, or a meaning is no object.
pub fn bayes_scores<S: Speaker>(
    speaker: &S,
    objects: &Objects,
    meant: &[usize],
    messages: &Messages,
) -> Scored {
    assert_eq!(meant.len(), messages.count(), "each message was said of an object");
    let num_values: Vec<usize> = objects.num_values().iter().map(|&values| values as usize).collect();
    let width = 1 + num_values.iter().sum::<usize>();
    // By the first object of a slice: for each message, Σ_i π(m|x_i), and the same over the objects with each value.
    let parts: Mutex<BTreeMap<usize, Vec<f64>>> = Mutex::default();
    let own = Mutex::new(vec![f64::NAN; meant.len()]);
    speaker.score(objects, messages, &|range, scores| {
        let mut sums = vec![0.0; messages.count() * width];
        for (object, scores) in range.clone().zip(scores.chunks_exact(messages.count())) {
            for (&score, sums) in scores.iter().zip(sums.chunks_exact_mut(width)) {
                let likelihood = score.exp();
                sums[0] += likelihood;
                let mut first = 1;
                for (&value, values) in objects.get(object).iter().zip(&num_values) {
                    sums[first + value as usize] += likelihood;
                    first += values;
                }
            }
        }
        let of_meant = meant.iter().enumerate().filter(|(_, meant)| range.contains(meant));
        let mut own = own.lock().expect("no thread panicked");
        for (message, meant) in of_meant {
            own[message] = scores[(meant - range.start) * messages.count() + message];
        }
        parts.lock().expect("no thread panicked").insert(range.start, sums);
    });
    // In the order of the objects, whatever thread was first.
    let mut sums = vec![0.0; messages.count() * width];
    for part in parts.into_inner().expect("no thread panicked").values() {
        sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    let own = own.into_inner().expect("no thread panicked");
    let mut scored = Scored { log_likelihoods: Vec::new(), factorised: Vec::new() };
    for ((&meant, own), sums) in meant.iter().zip(own).zip(sums.chunks_exact(width)) {
        let total = sums[0].ln();
        scored.log_likelihoods.push(own - total);
        let mut first = 1;
        let of_values = objects.get(meant).iter().zip(&num_values).map(|(&value, values)| {
            let log_likelihood = sums[first + value as usize].ln() - total;
            first += values;
            log_likelihood
        });
        scored.factorised.push(of_values.sum());
    }
    scored
}
