//! Byte-pair encoding of one part of a text, as `SentencePiece` defines it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::pieces::Pieces;

/// The symbols and the possible merges of one part, kept between parts to spare allocations.
#[derive(Default)]
pub(super) struct Merger {
    symbols: Vec<Symbol>,
    agenda: BinaryHeap<Reverse<Candidate>>,
}

/// A stretch of the text; merged into its left neighbour, it has no length.
struct Symbol {
    start: u32,
    length: u32,
    previous: u32,
    next: u32,
    /// The piece it was merged into, or [`NONE`] for a single character.
    id: u32,
}

/// A possible merge, ordered as merges are done: by rank, then from left to right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    rank: u32,
    left: u32,
    /// Bytes of the merged symbol. A candidate is out of date if its symbols no longer have as many.
    length: u32,
    id: u32,
}

const NONE: u32 = u32::MAX;
/// Symbols that stay allocated; longer parts are rare.
const KEPT: usize = 1 << 12;

impl Merger {
    /// Appends the ids of `text[..length]`: repeatedly merges the two neighbours that make the piece of highest score, of equals
    /// the leftmost; characters that are no piece then become bytes. n characters take O(n log n). What follows in `text` only
    /// makes looking up faster.
    ///
    /// # Panics
    /// If `length` is 4 GiB or more.
    pub(super) fn encode(
        &mut self,
        text: &str,
        length: usize,
        pieces: &Pieces,
        byte_ids: &[u32; 256],
        ids: &mut Vec<u32>,
    ) {
        self.split(&text[..length]);
        let mut candidates = std::mem::take(&mut self.agenda).into_vec();
        candidates.extend(
            (0..self.symbols.len() as u32).filter_map(|left| self.candidate(text, left, pieces)).map(Reverse),
        );
        self.agenda = candidates.into();
        while let Some(Reverse(candidate)) = self.agenda.pop() {
            self.merge(text, candidate, pieces);
        }
        let bytes = text.as_bytes();
        for symbol in self.symbols.iter().filter(|symbol| symbol.length > 0) {
            let (start, length) = (symbol.start as usize, symbol.length as usize);
            if symbol.id != NONE {
                ids.push(symbol.id);
            } else if let Some((id, _)) = pieces.merged(bytes, start, length) {
                ids.push(id);
            } else {
                // A space that is no piece is spelled as the sign for it, which is what `SentencePiece` sees.
                let character = &bytes[start..start + length];
                let spelled = if character == b" " { "▁".as_bytes() } else { character };
                ids.extend(spelled.iter().map(|&byte| byte_ids[usize::from(byte)]));
            }
        }
        self.symbols.clear();
        self.symbols.shrink_to(KEPT);
        self.agenda.shrink_to(KEPT);
    }

    fn split(&mut self, text: &str) {
        let length = u32::try_from(text.len()).expect("a part of less than 4 GiB");
        self.symbols.extend(text.char_indices().enumerate().map(|(index, (start, character))| {
            let (index, start, size) = (index as u32, start as u32, character.len_utf8() as u32);
            let next = if start + size == length { NONE } else { index + 1 };
            Symbol { start, length: size, previous: index.wrapping_sub(1), next, id: NONE }
        }));
    }

    /// The merge of the symbol `left` with the next one, if the two make a piece.
    fn candidate(&self, text: &str, left: u32, pieces: &Pieces) -> Option<Candidate> {
        let symbol = &self.symbols[left as usize];
        let next = self.symbols.get(symbol.next as usize)?;
        let length = symbol.length + next.length;
        let (id, rank) = pieces.merged(text.as_bytes(), symbol.start as usize, length as usize)?;
        Some(Candidate { rank, left, length, id })
    }

    fn merge(&mut self, text: &str, candidate: Candidate, pieces: &Pieces) {
        let Candidate { left, length, id, .. } = candidate;
        let symbol = &self.symbols[left as usize];
        let Some(right) = self.symbols.get(symbol.next as usize) else { return };
        if symbol.length == 0 || symbol.length + right.length != length {
            return;
        }
        let (right, previous, next) = (symbol.next, symbol.previous, right.next);
        self.symbols[right as usize].length = 0;
        let symbol = &mut self.symbols[left as usize];
        (symbol.length, symbol.next, symbol.id) = (length, next, id);
        if let Some(after) = self.symbols.get_mut(next as usize) {
            after.previous = left;
        }
        if previous != NONE {
            self.agenda.extend(self.candidate(text, previous, pieces).map(Reverse));
        }
        self.agenda.extend(self.candidate(text, left, pieces).map(Reverse));
    }
}
