//! The Bayes listener of a speaker that is a network, by scoring all messages for all objects.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::agents::Speaker;
use crate::game::Lineups;
use crate::{Features, Messages, Objects};

/// What the Bayes listener of a speaker makes of messages, objects being equally likely.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// `log ρ*(x_j|m_j) = log π(m_j|x_j) − log Σ_i π(m_j|x_i)`, for each message.
    pub log_likelihoods: Vec<f64>,
    /// `Σ_k log ρ*(x_jk|m_j)`, with the attributes' own posteriors: the best that a listener with a softmax for each attribute can do.
    /// Empty where objects have no attributes.
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
    let num_values: Vec<usize> = objects.num_values().iter().map(|&values| values as usize).collect();
    let width = 1 + num_values.iter().sum::<usize>();
    // Σ_i π(m|x_i), and the same over the objects with each value.
    let (all, own) = sums(speaker, objects, meant, messages, width, &|object, likelihood, sums| {
        sums[0] += likelihood;
        let mut first = 1;
        for (&value, values) in objects.get(object).iter().zip(&num_values) {
            sums[first + value as usize] += likelihood;
            first += values;
        }
    });
    let mut scored = Scored { log_likelihoods: Vec::new(), factorised: Vec::new() };
    let sums = all.scale.iter().zip(all.values.chunks_exact(width));
    for ((&meant, own), (scale, sums)) in meant.iter().zip(own).zip(sums) {
        let total = sums[0].ln();
        // The value's objects are this one at least, even if that is too little to be seen beside others.
        let least = own - scale - total;
        scored.log_likelihoods.push(least);
        let mut first = 1;
        let of_values = objects.get(meant).iter().zip(&num_values).map(|(&value, values)| {
            let log_likelihood = (sums[first + value as usize].ln() - total).max(least);
            first += values;
            log_likelihood
        });
        scored.factorised.push(of_values.sum());
    }
    scored
}

/// The posterior of each target among the candidates of its game, `log π(m|x) − log Σ_c π(m|x_c)`, which are equally likely; message j
/// was said of the target of game j.
///
/// # Panics
/// If there are not as many games as messages.
pub fn bayes_among<S: Speaker<Features>>(speaker: &S, lineups: &Lineups, messages: &Messages) -> Vec<f64> {
    let count = messages.count();
    assert_eq!(lineups.count(), count, "each message was said of a target");
    if lineups.own(0).is_none() {
        let meant: Vec<usize> = (0..count).collect();
        let add = |_, likelihood, sums: &mut [f64]| sums[0] += likelihood;
        let (all, own) = sums(speaker, lineups.pool(), &meant, messages, 1, &add);
        let totals = all.scale.iter().zip(&all.values);
        return own.iter().zip(totals).map(|(own, (scale, sum))| own - scale - sum.ln()).collect();
    }
    // By the object: the games and places in which it is a candidate.
    let mut places = vec![Vec::new(); lineups.pool().count()];
    for game in 0..count {
        for (place, &object) in lineups.own(game).into_iter().flatten().enumerate() {
            places[object].push((game, place));
        }
    }
    let num_candidates = lineups.num_candidates();
    let of_games = Mutex::new(vec![f64::NAN; count * num_candidates]);
    speaker.score(lineups.pool(), messages, &|range, scores| {
        let mut of_games = of_games.lock().expect("no thread panicked");
        for (object, scores) in range.zip(scores.chunks_exact(count)) {
            for &(game, place) in &places[object] {
                of_games[game * num_candidates + place] = scores[game];
            }
        }
    });
    let of_games = of_games.into_inner().expect("no thread panicked");
    let posterior = |(game, scores): (usize, &[f64])| {
        let largest = scores.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
        scores[lineups.target(game)] - largest - sum.ln()
    };
    of_games.chunks_exact(num_candidates).enumerate().map(posterior).collect()
}

/// Sums of likelihoods of each message over all objects, to which `add` adds that of an object; and `log π(m_j|x_j)`, `meant[j]` being
/// the number of the object that message j was said of.
fn sums<X, S: Speaker<X>>(
    speaker: &S,
    objects: &X,
    meant: &[usize],
    messages: &Messages,
    width: usize,
    add: &(impl Fn(usize, f64, &mut [f64]) + Sync),
) -> (Sums, Vec<f64>) {
    assert_eq!(meant.len(), messages.count(), "each message was said of an object");
    // By the first object of a slice.
    let parts: Mutex<BTreeMap<usize, Sums>> = Mutex::default();
    let own = Mutex::new(vec![f64::NAN; meant.len()]);
    speaker.score(objects, messages, &|range, scores| {
        let mut part = Sums::new(messages.count(), width);
        for scores in scores.chunks_exact(messages.count()) {
            part.scale.iter_mut().zip(scores).for_each(|(scale, score)| *scale = scale.max(*score));
        }
        for (object, scores) in range.clone().zip(scores.chunks_exact(messages.count())) {
            let scores = scores.iter().zip(&part.scale);
            for ((&score, &scale), sums) in scores.zip(part.values.chunks_exact_mut(width)) {
                add(object, (score - scale).exp(), sums);
            }
        }
        let of_meant = meant.iter().enumerate().filter(|(_, meant)| range.contains(meant));
        let mut own = own.lock().expect("no thread panicked");
        for (message, meant) in of_meant {
            own[message] = scores[(meant - range.start) * messages.count() + message];
        }
        parts.lock().expect("no thread panicked").insert(range.start, part);
    });
    // In the order of the objects, whatever thread was first.
    let mut all = Sums::new(messages.count(), width);
    for part in parts.into_inner().expect("no thread panicked").values() {
        all.add(part, width);
    }
    (all, own.into_inner().expect("no thread panicked"))
}

/// Sums of likelihoods for each message, in units of the largest of them: long messages are less likely than any number is small.
struct Sums {
    /// The unit's logarithm.
    scale: Vec<f64>,
    /// `[message, sum]`
    values: Vec<f64>,
}

impl Sums {
    /// Those of no objects.
    fn new(messages: usize, width: usize) -> Self {
        Self { scale: vec![f64::MIN; messages], values: vec![0.0; messages * width] }
    }

    fn add(&mut self, part: &Self, width: usize) {
        let values = self.values.chunks_exact_mut(width).zip(part.values.chunks_exact(width));
        for ((scale, part_scale), (values, part_values)) in self.scale.iter_mut().zip(&part.scale).zip(values)
        {
            let unit = scale.max(*part_scale);
            let [own, other] = [*scale, *part_scale].map(|scale| (scale - unit).exp());
            for (value, part_value) in values.iter_mut().zip(part_values) {
                *value = own * *value + other * part_value;
            }
            *scale = unit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_parts_too_small_for_a_number_keep_their_ratio() {
        let part = |scale: f64, value: f64| Sums { scale: vec![scale], values: vec![value, 0.5 * value] };
        let mut all = Sums::new(1, 2);
        all.add(&part(-2000.0, 1.0), 2);
        all.add(&part(-2000.0 + 3.0_f64.ln(), 1.0), 2);
        all.add(&part(-4000.0, 1.0), 2);
        // e^-2000 · (1 + 3), and half of it.
        assert!((all.scale[0] + all.values[0].ln() - (-2000.0 + 4.0_f64.ln())).abs() < 1e-12);
        assert!((all.values[1] / all.values[0] - 0.5).abs() < 1e-15);
    }
}
