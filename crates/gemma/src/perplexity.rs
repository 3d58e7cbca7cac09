//! How well a model foretells a text.

use crate::model::{CacheLayout, Model};
use crate::sampling::log_sum_of_exponentials;
use crate::{Error, Result};

/// What a model gives to the tokens of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Perplexity {
    /// Tokens that were foretold.
    pub tokens: usize,
    /// Mean of `−ln p` over them.
    pub cross_entropy: f64,
    /// Its standard error, as if tokens were independent.
    pub standard_error: f64,
}

impl Perplexity {
    /// `exp` of the cross entropy.
    pub fn perplexity(&self) -> f64 {
        self.cross_entropy.exp()
    }
}

/// The perplexity of a text that begins with the token for its beginning, as llama.cpp takes it: the text is cut into pieces of `context` tokens, the first of each piece is
/// replaced by the token that begins a text, and the tokens of each second half are foretold from all before them. What does not
/// fill a piece is left out. `watch` hears of each piece: how many there are, and the result so far.
///
/// # Errors
/// [`Error::Short`] if the text does not fill one piece, [`Error::Token`], [`Error::NotFinite`], [`Error::Memory`].
///
/// # Panics
/// If `context` is less than 3.
pub fn perplexity(
    model: &Model<'_>,
    tokens: &[u32],
    context: usize,
    watch: &mut dyn FnMut(usize, &Perplexity),
) -> Result<Perplexity> {
    assert!(context > 2, "a piece has a token to foretell in its second half");
    let (vocab_size, first) = (model.config().vocab_size, context / 2);
    let mut sums = Sums::default();
    if let Some(&id) = tokens.iter().find(|&&id| id as usize >= vocab_size) {
        return Err(Error::Token { id, vocab_size });
    }
    let mut cache = model.cache(context, CacheLayout::Full)?;
    let pieces = tokens.chunks_exact(context);
    let count = pieces.len();
    for piece in pieces {
        let mut piece = piece.to_vec();
        piece[0] = model.config().bos_token_id;
        cache.truncate(0)?;
        // The first half is read without its logits, which are most of the work of a small model.
        model.next(&mut cache, &piece[..first])?;
        let mut targets = piece[first + 1..].iter();
        model.logits_in_pieces(&mut cache, &piece[first..context - 1], &mut |logits| {
            for (logits, &target) in logits.chunks_exact(vocab_size).zip(&mut targets) {
                let logprob = logits[target as usize] - log_sum_of_exponentials(logits);
                sums.add(-f64::from(logprob));
            }
        })?;
        watch(count, &sums.result());
    }
    if count == 0 {
        return Err(Error::Short { tokens: tokens.len(), needed: context });
    }
    let result = sums.result();
    if result.cross_entropy.is_finite() { Ok(result) } else { Err(Error::NotFinite) }
}

#[derive(Default)]
struct Sums {
    count: usize,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
    }

    fn result(&self) -> Perplexity {
        let count = self.count as f64;
        let mean = self.sum / count;
        let variance = (self.squares / count - mean * mean).max(0.0);
        let standard_error = (variance / (count - 1.0).max(1.0)).sqrt();
        Perplexity { tokens: self.count, cross_entropy: mean, standard_error }
    }
}
