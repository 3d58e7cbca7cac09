//! The texts of all pieces and the way from a text to its id.

use std::hash::{BuildHasher, Hasher};

use hashbrown::hash_table::Entry as Slot;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::vocabulary::{PieceKind, SPACE_SIGN, Vocabulary};
use crate::{Error, Result};

/// Texts with plain spaces, kinds, and the order of merges. Every text is there once.
pub(super) struct Pieces {
    texts: String,
    entries: Vec<Entry>,
    kinds: Vec<PieceKind>,
    ids: HashTable<u32>,
    hasher: DefaultHashBuilder,
    longest: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    start: u32,
    length: u32,
    /// Merges into pieces of lower rank come first; pieces that merges do not make have [`NO_RANK`].
    rank: u32,
}

const NO_RANK: u32 = u32::MAX;

impl Pieces {
    pub(super) fn new(vocabulary: &Vocabulary, expected: &'static str) -> Result<Self> {
        let pieces = &vocabulary.pieces;
        let bytes: usize = pieces.iter().map(|piece| piece.text.len()).sum();
        if u32::try_from(bytes).is_err() {
            return Err(Error::Tokenizer { expected, found: format!("{bytes} bytes of pieces are more than 4 GiB") });
        }
        let mut texts = String::with_capacity(bytes);
        let mut entries = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let start = texts.len();
            texts.extend(piece.text.split(SPACE_SIGN).enumerate().flat_map(|(i, part)| [if i > 0 { " " } else { "" }, part]));
            entries.push(Entry { start: start as u32, length: (texts.len() - start) as u32, rank: NO_RANK });
        }

        let mut merged: Vec<u32> =
            (0..pieces.len() as u32).filter(|&id| pieces[id as usize].kind == PieceKind::Normal).collect();
        let score = |id: u32| pieces[id as usize].score;
        merged.sort_by(|&a, &b| score(b).partial_cmp(&score(a)).expect("scores are numbers"));
        let mut rank = 0;
        for (place, &id) in merged.iter().enumerate() {
            // Equal scores share a rank, so that the leftmost merge wins.
            rank += u32::from(place > 0 && score(id) != score(merged[place - 1]));
            entries[id as usize].rank = rank;
        }
        let longest = merged.iter().map(|&id| entries[id as usize].length as usize).max().unwrap_or(0);

        let hasher = DefaultHashBuilder::default();
        let hash_of = |&id: &u32| hash(&hasher, text_of(&texts, &entries, id).as_bytes());
        let mut ids = HashTable::with_capacity(pieces.len());
        for id in 0..pieces.len() as u32 {
            let text = text_of(&texts, &entries, id);
            let same = |&other: &u32| text_of(&texts, &entries, other) == text;
            match ids.entry(hash_of(&id), same, hash_of) {
                Slot::Vacant(slot) => slot.insert(id),
                Slot::Occupied(earlier) => {
                    let found = format!("pieces {} and {id} are both `{text}`", earlier.get());
                    return Err(Error::Tokenizer { expected, found });
                }
            };
        }
        let kinds = pieces.iter().map(|piece| piece.kind).collect();
        Ok(Self { texts, entries, kinds, ids, hasher, longest })
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn kind(&self, id: u32) -> Option<PieceKind> {
        self.kinds.get(id as usize).copied()
    }

    /// The text of piece `id`, which must be one, with plain spaces.
    pub(super) fn text(&self, id: u32) -> &str {
        text_of(&self.texts, &self.entries, id)
    }

    /// Whether merges make piece `id`, or it is a single character that they start from.
    pub(super) fn is_merged(&self, id: u32) -> bool {
        self.entries[id as usize].rank != NO_RANK
    }

    /// The id of this text with plain spaces, whatever the piece's kind.
    pub(super) fn id(&self, text: &str) -> Option<u32> {
        self.find(text.as_bytes())
    }

    /// The normal piece of this text and its rank among merges.
    #[inline]
    pub(super) fn merged(&self, text: &[u8]) -> Option<(u32, u32)> {
        if text.len() > self.longest {
            return None;
        }
        let id = self.find(text)?;
        let rank = self.entries[id as usize].rank;
        (rank != NO_RANK).then_some((id, rank))
    }

    #[inline]
    fn find(&self, text: &[u8]) -> Option<u32> {
        let same = |&id: &u32| text_of(&self.texts, &self.entries, id).as_bytes() == text;
        self.ids.find(hash(&self.hasher, text), same).copied()
    }
}

fn text_of<'a>(texts: &'a str, entries: &[Entry], id: u32) -> &'a str {
    let Entry { start, length, .. } = entries[id as usize];
    &texts[start as usize..(start + length) as usize]
}

fn hash(hasher: &DefaultHashBuilder, text: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(text);
    state.finish()
}
