//! Tokens drawn from logits.
//!
//! A [`Sampler`] goes through the steps of transformers in their order: penalties for what is there already, temperature, the `k` most
//! likely, the most likely up to a probability, and those not much less likely than the best.
//!
//! What is not here: the text, and grammars.

mod candidates;

use crate::{Error, Result};
use candidates::{Candidate, Candidates};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::collections::HashMap;

/// How a token is chosen.
///
/// By default nothing is left out or changed: tokens have the probabilities that the model gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// What logits are divided by; at 0 the most likely token is taken.
    pub temperature: f32,
    /// Only the `k` most likely are kept.
    pub top_k: Option<usize>,
    /// Of the most likely, as few are kept as have this probability together (Holtzman et al., 2020).
    pub top_p: f32,
    /// Those less likely than this share of the most likely are left out (Nguyen et al., 2024).
    pub min_p: f32,
    /// Divides positive logits, and multiplies negative ones, of tokens that are there already (Keskar et al., 2019).
    pub repetition_penalty: f32,
    /// Subtracted from the logit of a token for each time that it is there.
    pub frequency_penalty: f32,
    /// Subtracted from the logit of a token that is there.
    pub presence_penalty: f32,
    /// Of the generator.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: None,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            seed: 0,
        }
    }
}

impl Sampling {
    /// The most likely token, always.
    pub fn greedy() -> Self {
        Self { temperature: 0.0, ..Self::default() }
    }

    /// That all numbers are in their ranges.
    ///
    /// # Errors
    /// [`Error::Sampling`] with the field's name.
    pub fn validate(&self) -> Result<()> {
        let all = [
            ("temperature", self.temperature, 0.0, 100.0),
            ("top_p", self.top_p, f32::MIN_POSITIVE, 1.0),
            ("min_p", self.min_p, 0.0, 1.0),
            ("repetition_penalty", self.repetition_penalty, 0.01, 100.0),
            ("frequency_penalty", self.frequency_penalty, -100.0, 100.0),
            ("presence_penalty", self.presence_penalty, -100.0, 100.0),
        ];
        for (name, value, least, most) in all {
            if !(least..=most).contains(&value) {
                let expected = match name {
                    "top_p" => "a number above 0, and at most 1".to_owned(),
                    _ => format!("a number from {least} to {most}"),
                };
                return Err(Error::Sampling { name, value: value.to_string(), expected });
            }
        }
        if self.top_k == Some(0) {
            let expected = "1 at least, or none".to_owned();
            return Err(Error::Sampling { name: "top_k", value: "0".to_owned(), expected });
        }
        Ok(())
    }
}

/// A token that was drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// The token.
    pub id: u32,
    /// The logarithm of the probability that the model gives it, before any step of the sampler.
    pub logprob: f32,
    /// The most likely tokens by the model, and the logarithms of their probabilities.
    pub top: Vec<(u32, f32)>,
}

/// Draws one token after the other.
///
/// ```
/// use autodidact_gemma::sampling::{Sampler, Sampling};
///
/// let mut sampler = Sampler::new(Sampling { top_k: Some(2), seed: 7, ..Sampling::default() })?;
/// let drawn: Vec<u32> = (0..100).map(|_| sampler.draw(&[0.0, 2.0, 1.9, -1.0], 0).map(|drawn| drawn.id)).collect::<Result<_, _>>()?;
/// assert!(drawn.iter().all(|id| [1, 2].contains(id)));
/// # Ok::<(), autodidact_gemma::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sampler {
    sampling: Sampling,
    generator: Xoshiro256PlusPlus,
    /// How often a token is there.
    counts: HashMap<u32, u32>,
    candidates: Candidates,
}

impl Sampler {
    /// A sampler that has seen nothing.
    ///
    /// # Errors
    /// [`Error::Sampling`] for a number out of its range.
    pub fn new(sampling: Sampling) -> Result<Self> {
        sampling.validate()?;
        let generator = Xoshiro256PlusPlus::seed_from_u64(sampling.seed);
        Ok(Self { sampling, generator, counts: HashMap::new(), candidates: Candidates::default() })
    }

    /// Counts a token, of the prompt for instance, as being there.
    pub fn observe(&mut self, id: u32) {
        *self.counts.entry(id).or_default() += 1;
    }

    /// Forgets what was observed.
    pub fn forget(&mut self) {
        self.counts.clear();
    }

    /// Draws a token from the logits of all, and counts it; gives the `top` most likely besides. A logit that is not a number
    /// is never drawn.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if the largest logit is not finite, or there is none.
    pub fn draw(&mut self, logits: &[f32], top: usize) -> Result<Drawn> {
        let normaliser = log_sum_of_exponentials(logits);
        if !normaliser.is_finite() {
            return Err(Error::NotFinite);
        }
        let id = self.choose(logits);
        self.observe(id);
        let top = if top == 0 {
            Vec::new()
        } else {
            self.candidates.fill(logits);
            let best = self.candidates.best(top);
            best.iter().map(|&Candidate { id, logit }| (id, logit - normaliser)).collect()
        };
        Ok(Drawn { id, logprob: logits[id as usize] - normaliser, top })
    }

    fn choose(&mut self, logits: &[f32]) -> u32 {
        let &Sampling { temperature, top_k, top_p, min_p, .. } = &self.sampling;
        let is_greedy = temperature == 0.0;
        self.candidates.fill(logits);
        for (&id, &count) in &self.counts {
            if let Some(logit) = self.candidates.logit_mut(id) {
                *logit = penalised(&self.sampling, *logit, count);
            }
        }
        if is_greedy {
            return self.candidates.best(1)[0].id;
        }
        self.candidates.divide(temperature);
        if let Some(top_k) = top_k {
            self.candidates.keep_best(top_k);
        }
        if top_p < 1.0 {
            self.candidates.keep_probability(top_p);
        }
        if min_p > 0.0 {
            self.candidates.keep_share(min_p);
        }
        self.candidates.draw(self.generator.random())
    }
}

fn penalised(sampling: &Sampling, logit: f32, count: u32) -> f32 {
    let penalty = sampling.repetition_penalty;
    let logit = if logit > 0.0 { logit / penalty } else { logit * penalty };
    logit - sampling.frequency_penalty * count as f32 - sampling.presence_penalty
}

/// `ln Σ exp(x)`. Numbers that are none are left out.
pub fn log_sum_of_exponentials(x: &[f32]) -> f32 {
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if !largest.is_finite() {
        return largest;
    }
    let sum: f64 = x.iter().filter(|x| !x.is_nan()).map(|&x| f64::from((x - largest).exp())).sum();
    largest + sum.ln() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares of many draws.
    fn shares(sampling: Sampling, logits: &[f32], seen: &[u32]) -> Vec<f64> {
        const DRAWS: u32 = 20_000;
        let mut counts = vec![0.0; logits.len()];
        let mut sampler = Sampler::new(sampling).expect("numbers in their ranges");
        for _ in 0..DRAWS {
            sampler.forget();
            for &id in seen {
                sampler.observe(id);
            }
            counts[sampler.draw(logits, 0).expect("finite").id as usize] += 1.0 / f64::from(DRAWS);
        }
        counts
    }

    fn softmax(logits: &[f64]) -> Vec<f64> {
        let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
        logits.iter().map(|logit| logit.exp() / sum).collect()
    }

    fn assert_near(shares: &[f64], expected: &[f64]) {
        for (share, expected) in shares.iter().zip(expected) {
            // Five standard deviations at most.
            assert!((share - expected).abs() < 0.018, "{shares:?}, expected {expected:?}");
            assert_eq!(*share == 0.0, *expected == 0.0, "{shares:?}, expected {expected:?}");
        }
    }

    const LOGITS: [f32; 5] = [1.0, 2.0, 0.5, -1.0, 1.5];

    #[test]
    fn tokens_come_with_their_probabilities() {
        assert_near(&shares(Sampling::default(), &LOGITS, &[]), &softmax(&LOGITS.map(f64::from)));
        let warm = Sampling { temperature: 2.0, ..Sampling::default() };
        assert_near(&shares(warm, &LOGITS, &[]), &softmax(&LOGITS.map(|logit| f64::from(logit) / 2.0)));
    }

    const OUT: f64 = f64::NEG_INFINITY;

    #[test]
    fn what_is_unlikely_is_left_out() {
        let top_k = Sampling { top_k: Some(2), ..Sampling::default() };
        assert_near(&shares(top_k, &LOGITS, &[]), &softmax(&[OUT, 2.0, OUT, OUT, 1.5]));
        // Probabilities 0.17, 0.45, 0.10, 0.02, 0.27: the first three of the sorted have 0.89.
        for (top_p, expected) in [
            (0.3, [OUT, 2.0, OUT, OUT, OUT]),
            (0.8, [1.0, 2.0, OUT, OUT, 1.5]),
            (0.95, [1.0, 2.0, 0.5, OUT, 1.5]),
        ] {
            let sampling = Sampling { top_p, ..Sampling::default() };
            assert_near(&shares(sampling, &LOGITS, &[]), &softmax(&expected));
        }
        // exp(-1) = 0.37 and exp(-1.5) = 0.22 of the best.
        let min_p = Sampling { min_p: 0.3, ..Sampling::default() };
        assert_near(&shares(min_p, &LOGITS, &[]), &softmax(&[1.0, 2.0, OUT, OUT, 1.5]));
    }

    #[test]
    fn what_is_there_is_penalised() {
        let repetition = Sampling { repetition_penalty: 2.0, ..Sampling::default() };
        assert_near(&shares(repetition, &LOGITS, &[1, 3]), &softmax(&[1.0, 1.0, 0.5, -2.0, 1.5]));
        let others = Sampling { frequency_penalty: 0.5, presence_penalty: 0.25, ..Sampling::default() };
        assert_near(&shares(others, &LOGITS, &[1, 1, 4]), &softmax(&[1.0, 0.75, 0.5, -1.0, 0.75]));
    }

    #[test]
    fn greedy_takes_the_best_and_of_equals_the_first() {
        let mut sampler = Sampler::new(Sampling::greedy()).expect("numbers in their ranges");
        let drawn = sampler.draw(&[0.0, 3.0, 3.0, f32::NAN], 2).expect("finite");
        assert_eq!(drawn.id, 1);
        assert_eq!(drawn.top.iter().map(|top| top.0).collect::<Vec<_>>(), [1, 2]);
        let expected = -(2.0 + (-3.0f32).exp()).ln();
        assert!((drawn.logprob - expected).abs() < 1e-6 && drawn.logprob == drawn.top[0].1);
    }

    #[test]
    fn many_tokens_are_cut_as_few_are() {
        // Enough for several looks at the most likely; each is a little less likely than the one before.
        let logits: Vec<f32> = (0..50_000).map(|i| -(((i * 7919) % 50_000) as f32) * 1e-4).collect();
        let mut sorted: Vec<f64> = logits.iter().map(|&logit| f64::from(logit).exp()).collect();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = sorted.iter().sum();
        let mut sum = 0.0;
        let expected = sorted
            .iter()
            .take_while(|&&p| {
                let goes_on = sum < 0.9 * total;
                sum += p;
                goes_on
            })
            .count();
        let mut candidates = Candidates::default();
        candidates.fill(&logits);
        candidates.keep_probability(0.9);
        let kept = candidates.len();
        assert!(kept.abs_diff(expected) <= 2, "{kept} kept, expected {expected}");
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        for (sampling, name) in [
            (Sampling { temperature: -1.0, ..Sampling::default() }, "temperature"),
            (Sampling { temperature: f32::NAN, ..Sampling::default() }, "temperature"),
            (Sampling { top_p: 0.0, ..Sampling::default() }, "top_p"),
            (Sampling { min_p: 2.0, ..Sampling::default() }, "min_p"),
            (Sampling { top_k: Some(0), ..Sampling::default() }, "top_k"),
        ] {
            let error = Sampler::new(sampling).expect_err("out of range").to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn what_is_no_number_is_told_and_cold_draws_are_of_the_best() {
        let mut sampler =
            Sampler::new(Sampling { temperature: 1e-38, ..Sampling::default() }).expect("in range");
        assert_eq!(sampler.draw(&LOGITS, 0).expect("finite").id, 1);
        for logits in [&[f32::NAN; 3][..], &[f32::INFINITY, 0.0], &[f32::NEG_INFINITY], &[]] {
            assert!(matches!(sampler.draw(logits, 1), Err(Error::NotFinite)), "{logits:?}");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed| {
            let mut sampler = Sampler::new(Sampling { seed, ..Sampling::default() }).expect("in range");
            (0..50).map(|_| sampler.draw(&LOGITS, 0).expect("finite").id).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}
