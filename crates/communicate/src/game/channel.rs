//! The channel between speaker and listener: a vocabulary and the most symbols that a message has.

use rand::{Rng, RngExt};

use crate::setting::{between, require};
use crate::{END, Error, Messages, Result};

/// The vocabularies that noise can do something to.
pub(crate) const NOISY: &str =
    "3 or more where there is noise: another symbol than the end to mistake a symbol for";

/// V symbols, [`END`] among them, and messages of up to T symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    vocab_size: u32,
    max_length: usize,
}

impl Channel {
    /// A channel of V = `vocab_size` symbols and T = `max_length` positions.
    ///
    /// # Errors
    /// [`Error::Setting`] if one of them is 0.
    pub fn new(vocab_size: u32, max_length: usize) -> Result<Self> {
        let too_small =
            |name| Error::Setting { name, value: "0".to_owned(), expected: "at least 1".to_owned() };
        match (vocab_size, max_length) {
            (0, _) => Err(too_small("vocab_size")),
            (_, 0) => Err(too_small("max_length")),
            _ => Ok(Self { vocab_size, max_length }),
        }
    }

    /// V.
    pub fn vocab_size(self) -> u32 {
        self.vocab_size
    }

    /// T.
    pub fn max_length(self) -> usize {
        self.max_length
    }

    /// How many different messages there are: `Σ_{l < T} (V − 1)^l + (V − 1)^T`; nothing if there are more than can be counted.
    pub fn num_messages(self) -> Option<usize> {
        let letters = self.vocab_size as usize - 1;
        let lengths = u32::try_from(self.max_length).ok()?;
        let mut sum = 0_usize;
        let mut words = 1_usize;
        for _ in 0..=lengths {
            sum = sum.checked_add(words)?;
            words = words.checked_mul(letters)?;
            if words == 0 {
                break;
            }
        }
        Some(sum)
    }

    /// All messages, each once: shorter ones first, then by their symbols.
    ///
    /// # Errors
    /// [`Error::Setting`] if there are more than `at_most`.
    pub fn messages(self, at_most: usize) -> Result<Messages> {
        let count = self.num_messages().filter(|&count| count <= at_most).ok_or_else(|| Error::Setting {
            name: "vocab_size and max_length",
            value: format!("{} and {}", self.vocab_size, self.max_length),
            expected: format!("a channel of at most {at_most} messages"),
        })?;
        let mut words: Vec<Vec<u32>> = vec![Vec::new()];
        let mut start = 0;
        while words.len() < count {
            let end = words.len();
            for word in start..end {
                for symbol in 1..self.vocab_size {
                    let mut longer = words[word].clone();
                    longer.push(symbol);
                    words.push(longer);
                }
            }
            start = end;
        }
        for word in &mut words {
            word.resize(self.max_length, END);
        }
        Messages::from_rows(&words)
    }

    /// What arrives of messages if the channel is noisy: each symbol before the end is, with probability `noise`, another one, each of
    /// the V − 2 others equally likely. The end is not touched and is never put in: a message keeps its length.
    ///
    /// ```
    /// use autodidact_communicate::{Messages, game::Channel};
    /// use rand::SeedableRng;
    ///
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let sent = Messages::from_rows(&[[1, 2, 3], [3, 0, 0]])?;
    /// let channel = Channel::new(4, 3)?;
    /// assert_eq!(channel.transmit(&sent, 0.0, &mut rng)?, sent);
    /// let received = channel.transmit(&sent, 1.0, &mut rng)?;
    /// assert!(received.get(0).iter().zip(sent.get(0)).all(|(a, b)| a != b));
    /// assert_eq!(received.get(1)[1..], [0, 0]);
    /// # Ok::<(), autodidact_communicate::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] if `noise` is not from 0 to 1, or is not 0 and there are no two symbols besides the end; those of [`Self::check`].
    pub fn transmit(self, messages: &Messages, noise: f64, rng: &mut impl Rng) -> Result<Messages> {
        self.check(messages)?;
        between("noise", noise, [0.0, 1.0])?;
        let others = self.vocab_size.saturating_sub(2);
        require(noise == 0.0 || others > 0, "vocab_size", self.vocab_size, NOISY)?;
        let mut symbols: Vec<u32> = messages.iter().flatten().copied().collect();
        for symbol in symbols.iter_mut().filter(|symbol| **symbol != END) {
            if rng.random::<f64>() < noise {
                // One of the others, counted from 1 without this one.
                let other = rng.random_range(1..=others);
                *symbol = if other < *symbol { other } else { other + 1 };
            }
        }
        Messages::new(symbols, messages.max_length())
    }

    /// Checks that messages could have come through this channel.
    ///
    /// # Errors
    /// [`Error::Symbol`] names the first row with another symbol, [`Error::Setting`] says that messages are longer.
    pub fn check(self, messages: &Messages) -> Result<()> {
        if messages.max_length() > self.max_length {
            let longest = messages.words().map(<[u32]>::len).enumerate().max_by_key(|&(_, length)| length);
            if let Some((row, length)) = longest.filter(|&(_, length)| length > self.max_length) {
                return Err(Error::Setting {
                    name: "max_length",
                    value: self.max_length.to_string(),
                    expected: format!("at least {length}, the length of the message in row {row}"),
                });
            }
        }
        messages.check_vocabulary(self.vocab_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_messages_are_there_once() {
        for (vocab_size, max_length, count) in [(4, 3, 40), (2, 3, 4), (1, 5, 1), (3, 1, 3)] {
            let channel = Channel::new(vocab_size, max_length).expect("sizes are right");
            assert_eq!(channel.num_messages(), Some(count));
            let messages = channel.messages(count).expect("few");
            assert_eq!(messages.count(), count);
            let mut rows: Vec<&[u32]> = messages.iter().collect();
            rows.sort_unstable();
            rows.dedup();
            assert_eq!(rows.len(), count);
            channel.check(&messages).expect("its own messages");
        }
        assert_eq!(Channel::new(10, 100).expect("sizes are right").num_messages(), None);
        assert!(Channel::new(10, 100).expect("sizes are right").messages(1000).is_err());
    }
}
