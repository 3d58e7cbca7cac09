//! From text to ids: user-defined pieces first, then byte-pair encoding of what lies between them.

use std::borrow::Cow;
use std::ops::Range;

use super::Tokenizer;
use super::merge::Merger;
use super::vocabulary::SPACE_SIGN;
use super::words::Words;

pub(super) type Span = Range<usize>;

/// What becomes of text that reads like a special piece, as `<start_of_turn>`.
///
/// Special are the user-defined pieces that structure a prompt: all but runs of whitespace and HTML tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Specials {
    /// It becomes that piece, as in `SentencePiece`: for text that is trusted.
    #[default]
    Match,
    /// It is text like any other: whoever wrote it cannot open or close a turn.
    AsText,
}

/// How a text is encoded. The default is what `SentencePiece` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Whether the sequence begins with the token for that, if the vocabulary has one; Gemma needs it once, at the start of a
    /// context.
    pub bos: bool,
    /// Whether special pieces are found in the text.
    pub specials: Specials,
}

/// What one thread needs to encode.
#[derive(Default)]
pub(super) struct Scratch {
    words: Words,
    merger: Merger,
}

/// Text as `SentencePiece` sees it, with plain spaces: each byte that is not UTF-8 becomes U+FFFD, and `▁` a space.
fn normalize(bytes: &[u8]) -> Cow<'_, str> {
    let text = str::from_utf8(bytes).map_or_else(|_| replace_malformed(bytes).into(), Cow::Borrowed);
    if text.contains(SPACE_SIGN) { text.replace(SPACE_SIGN, " ").into() } else { text }
}

fn replace_malformed(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 4);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// What to do between two ASCII characters, `before << 7 | after`.
pub(super) struct Borders(Box<[bool; 1 << 14]>);

impl Borders {
    /// Notes the pairs at which a part may end: where a cut is possible or a user-defined piece may begin.
    pub(super) fn new(may_end: impl Fn(u8, u8) -> bool) -> Self {
        let mut borders = Box::new([false; 1 << 14]);
        for (pair, border) in borders.iter_mut().enumerate() {
            *border = may_end((pair >> 7) as u8, (pair & 127) as u8);
        }
        Self(borders)
    }

    /// The end of the run of ASCII characters that begins before `end` and goes on without a border.
    #[inline]
    fn run(&self, bytes: &[u8], end: usize) -> usize {
        let mut before = bytes[end - 1];
        for (length, &after) in bytes[end..].iter().enumerate() {
            let pair = usize::from(before & 127) << 7 | usize::from(after & 127);
            if !after.is_ascii() || self.0[pair] {
                return end + length;
            }
            before = after;
        }
        bytes.len()
    }
}

impl Tokenizer {
    pub(super) fn encode_scratch(
        &self,
        text: &[u8],
        specials: Specials,
        scratch: &mut Scratch,
        ids: &mut Vec<u32>,
    ) {
        let text = normalize(text);
        let bytes = text.as_bytes();
        let Scratch { words, merger } = scratch;
        let mut flush = |part: Span, ids: &mut Vec<u32>| {
            if !part.is_empty() {
                words.encode(bytes, part.clone(), ids, |ids| {
                    merger.encode(&text[part.start..], part.len(), &self.pieces, &self.byte_ids, ids);
                });
            }
        };
        // The part from `start` to `end` is not encoded yet; `before` is its last character.
        let (mut start, mut end, mut before) = (0, 0, '\0');
        while let Some(&byte) = bytes.get(end) {
            if let Some((id, length)) = self.matcher.longest(&bytes[end..], specials) {
                flush(start..end, ids);
                ids.push(id);
                end += length;
                start = end;
                continue;
            }
            let character = if byte.is_ascii() { char::from(byte) } else { first_character(&text[end..]) };
            if end > start && !self.cuts.together(before, character) {
                flush(start..end, ids);
                start = end;
            }
            end += character.len_utf8();
            before = character;
            if byte.is_ascii() {
                end = self.borders.run(bytes, end);
                before = char::from(bytes[end - 1]);
            }
        }
        flush(start..end, ids);
    }
}

fn first_character(text: &str) -> char {
    text.chars().next().expect("a character")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_malformed_byte_becomes_a_replacement_character() {
        assert_eq!(normalize(b"a\xE2\x82z"), "a\u{FFFD}\u{FFFD}z");
        assert_eq!(normalize(b"\xED\xA0\x80"), "\u{FFFD}\u{FFFD}\u{FFFD}");
        assert_eq!(normalize("▁\u{FFFD}".as_bytes()), " \u{FFFD}");
        assert_eq!(normalize(b"\xE2\x96\x81\xFF"), " \u{FFFD}");
    }
}
