//! From ids back to text, all at once or as they come.

use super::Tokenizer;
use super::vocabulary::{PieceKind, byte_of};
use crate::{Error, Result};

/// Turns ids into text one by one, as a model makes them.
///
/// A character may be spread over several byte pieces; its text comes with the last of them. What [`push`](Self::push) and
/// [`finish`](Self::finish) give, put together, is what [`Tokenizer::decode`] gives for all ids.
///
/// ```
/// use autodidact_gemma::tokenizer::{Tokenizer, Vocabulary};
///
/// let tokenizer = Tokenizer::new(&Vocabulary::of_pieces(["hi", "h", "i", " "]))?;
/// let ids = tokenizer.encode("hi é");
/// let mut decoder = tokenizer.decoder();
/// let mut text = String::new();
/// for id in ids {
///     text += decoder.push(id)?; // "hi", " ", nothing, "é"
/// }
/// text += decoder.finish();
/// assert_eq!(text, "hi é");
/// # Ok::<(), autodidact_gemma::Error>(())
/// ```
pub struct Decoder<'a> {
    tokenizer: &'a Tokenizer,
    /// Bytes that may still become a character, at most three between calls.
    pending: Vec<u8>,
    text: String,
    specials: bool,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(tokenizer: &'a Tokenizer) -> Self {
        Self { tokenizer, pending: Vec::new(), text: String::new(), specials: true }
    }

    /// Leaves the text of special pieces out, as `<end_of_turn>`, which a reader of a conversation should not see.
    #[must_use]
    pub fn hide_specials(mut self) -> Self {
        self.specials = false;
        self
    }

    /// The text that this id completes; may be empty.
    ///
    /// # Errors
    /// [`Error::Token`] if the vocabulary has no such id.
    pub fn push(&mut self, id: u32) -> Result<&str> {
        self.text.clear();
        self.append(id)?;
        Ok(&self.text)
    }

    /// What is left of an incomplete character: U+FFFD for each byte. The decoder can then be used afresh.
    pub fn finish(&mut self) -> &str {
        self.text.clear();
        self.give_up();
        &self.text
    }

    fn append(&mut self, id: u32) -> Result<()> {
        let Tokenizer { pieces, unknown_surface, .. } = self.tokenizer;
        let kind = pieces.kind(id).ok_or(Error::Token { id, vocab_size: pieces.len() })?;
        if kind == PieceKind::Byte {
            self.pending.push(byte_of(pieces.text(id)).expect("checked when the vocabulary was made"));
            self.take_complete();
            return Ok(());
        }
        // In `SentencePiece` even a piece without text ends a run of bytes.
        self.give_up();
        match kind {
            PieceKind::Control => {}
            PieceKind::Unknown => self.text.push_str(unknown_surface),
            _ if !self.specials && self.tokenizer.is_special(id) => {}
            _ => self.text.push_str(pieces.text(id)),
        }
        Ok(())
    }

    /// Moves what is decided to the text: whole characters, and U+FFFD for each byte that can no longer be part of one.
    fn take_complete(&mut self) {
        while !self.pending.is_empty() {
            let (valid, wrong) = match str::from_utf8(&self.pending) {
                Ok(text) => (text.len(), 0),
                Err(error) => match error.error_len() {
                    Some(wrong) => (error.valid_up_to(), wrong),
                    None if error.valid_up_to() == 0 => return,
                    None => (error.valid_up_to(), 0),
                },
            };
            self.text.push_str(str::from_utf8(&self.pending[..valid]).expect("checked"));
            self.text.extend(std::iter::repeat_n(char::REPLACEMENT_CHARACTER, wrong));
            self.pending.drain(..valid + wrong);
        }
    }

    fn give_up(&mut self) {
        self.text.extend(self.pending.drain(..).map(|_| char::REPLACEMENT_CHARACTER));
    }
}

impl Tokenizer {
    /// A decoder that takes ids one by one.
    pub fn decoder(&self) -> Decoder<'_> {
        Decoder::new(self)
    }

    /// The text of `ids`: control pieces have none; bytes that make no UTF-8 become U+FFFD each.
    ///
    /// # Errors
    /// [`Error::Token`] if the vocabulary lacks one of them.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        let mut decoder = self.decoder();
        ids.iter().try_for_each(|&id| decoder.append(id))?;
        decoder.give_up();
        Ok(decoder.text)
    }
}
