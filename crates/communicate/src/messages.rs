//! Messages: what a speaker sends.

use crate::rows::Rows;
use crate::{Error, Result};

/// The symbol that ends a message.
pub const END: u32 = 0;

/// N messages of up to T symbols: a table [N, T], at least one of each. The first [`END`] ends a message; what a row holds after it
/// does not count and is set to [`END`] here, so that equal messages are equal rows.
///
/// ```
/// use autodidact_communicate::Messages;
///
/// let messages = Messages::from_rows(&[[3, 1, 2], [3, 0, 2], [0, 1, 1]])?;
/// assert_eq!(messages.get(1), [3, 0, 0]);
/// assert_eq!(messages.word(1), [3]);
/// assert_eq!(messages.lengths().collect::<Vec<_>>(), [3, 2, 1]);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Messages(Rows<u32>);

const WHAT: &str = "messages";

impl Messages {
    /// Messages from their symbols, one message after the other.
    ///
    /// # Errors
    /// [`Error::Empty`] and [`Error::Fill`] if the symbols make up no rows of `max_length`.
    pub fn new(mut symbols: Vec<u32>, max_length: usize) -> Result<Self> {
        if max_length > 0 {
            symbols.chunks_mut(max_length).for_each(clear_after_end);
        }
        Rows::new(symbols, max_length, WHAT).map(Self)
    }

    /// Messages from a row of symbols each.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are none, [`Error::Ragged`] if one is longer or shorter than the first.
    pub fn from_rows(rows: &[impl AsRef<[u32]>]) -> Result<Self> {
        let rows = Rows::from_rows(rows, WHAT)?;
        Self::new(rows.values().to_vec(), rows.columns())
    }

    /// N, the number of messages.
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// T, the number of symbols that a message can have.
    pub fn max_length(&self) -> usize {
        self.0.columns()
    }

    /// All T symbols of a message; after its end they are [`END`].
    ///
    /// # Panics
    /// If there is no such message.
    pub fn get(&self, index: usize) -> &[u32] {
        self.0.row(index)
    }

    /// The symbols of a message before its end.
    ///
    /// # Panics
    /// If there is no such message.
    pub fn word(&self, index: usize) -> &[u32] {
        until_end(self.get(index))
    }

    /// All T symbols of each message.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> + '_ {
        self.0.iter()
    }

    /// The symbols of each message before its end.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &[u32]> + '_ {
        self.iter().map(until_end)
    }

    /// The symbols at one position, message by message.
    pub fn position(&self, position: usize) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.0.column(position)
    }

    /// How long each message is: up to its first [`END`], which counts, or T if it has none.
    pub fn lengths(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.words().map(|word| (word.len() + 1).min(self.max_length()))
    }

    /// The messages of these rows, in this order.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are none.
    ///
    /// # Panics
    /// If there is no such message.
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        Self::new(self.0.select(indices), self.max_length())
    }

    /// One more than the largest symbol: the size of the smallest vocabulary that these messages can have, with [`END`].
    pub fn vocab_size(&self) -> u32 {
        self.0.values().iter().max().map_or(0, |largest| largest.saturating_add(1))
    }

    /// Checks that all symbols are below `vocab_size`.
    ///
    /// # Errors
    /// [`Error::Symbol`] names the first row with another one, [`Error::Setting`] says that a vocabulary has one symbol at least.
    pub fn check_vocabulary(&self, vocab_size: u32) -> Result<()> {
        if vocab_size == 0 {
            return Err(Error::Setting {
                name: "vocab_size",
                value: "0".to_owned(),
                expected: "at least 1, the end symbol".to_owned(),
            });
        }
        let outside = self.0.values().iter().position(|&symbol| symbol >= vocab_size);
        outside.map_or(Ok(()), |at| {
            let (row, position) = (at / self.max_length(), at % self.max_length());
            Err(Error::Symbol { row, position, symbol: self.0.values()[at], vocab_size })
        })
    }

    pub(crate) fn rows(&self) -> &Rows<u32> {
        &self.0
    }
}

fn until_end(message: &[u32]) -> &[u32] {
    let end = message.iter().position(|&symbol| symbol == END).unwrap_or(message.len());
    &message[..end]
}

fn clear_after_end(message: &mut [u32]) {
    let end = until_end(message).len();
    message[end..].fill(END);
}
