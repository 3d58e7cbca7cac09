//! The texts of all pieces and the way from a text to its id.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::key::{Key, hash, key};
use super::vocabulary::{PieceKind, SPACE_SIGN, USABLE, Vocabulary};
use crate::{Error, Result};

/// Texts with plain spaces, kinds, and the order of merges. Every text is there once.
pub(super) struct Pieces {
    texts: String,
    entries: Vec<Entry>,
    kinds: Vec<PieceKind>,
    /// The bytes of the longest text that merges make.
    longest: usize,
    short: Short,
    /// The ids of all texts that are not in `short`.
    others: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

#[derive(Clone, Copy)]
struct Entry {
    start: u32,
    length: u32,
    /// Merges into pieces of lower rank come first; pieces that merges do not make have [`NO_RANK`].
    rank: u32,
}

const NO_RANK: u32 = u32::MAX;

/// The short ones among the texts that merges make, found by one look into memory: with linear probing, in a table that
/// is at most half full.
struct Short {
    slots: Vec<Slot>,
    /// Another one in every table: no file can be made such that all its texts want the same place.
    seed: u64,
}

/// Half a line of cache; empty if the key is.
#[derive(Clone, Copy, Default)]
#[repr(align(32))]
struct Slot {
    key: Key<2>,
    id: u32,
    rank: u32,
}

const LONGEST_SHORT: usize = 15;

impl Short {
    fn new(num: usize, seed: u64) -> Self {
        Self { slots: vec![Slot::default(); (2 * num).next_power_of_two()], seed }
    }

    /// The place of this key, or the empty one where it belongs.
    #[inline]
    fn place(&self, key: &Key<2>) -> usize {
        let mask = self.slots.len() - 1;
        let mut place = hash(key, self.seed) as usize & mask;
        while self.slots[place].key != *key && self.slots[place].key != Key::default() {
            place = (place + 1) & mask;
        }
        place
    }

    fn insert(&mut self, text: &str, id: u32, rank: u32) {
        let key = key(text.as_bytes(), 0, text.len());
        let place = self.place(&key);
        self.slots[place] = Slot { key, id, rank };
    }

    #[inline]
    fn find(&self, key: &Key<2>) -> Option<(u32, u32)> {
        let slot = &self.slots[self.place(key)];
        (slot.key == *key).then_some((slot.id, slot.rank))
    }
}

impl Pieces {
    pub(super) fn new(vocabulary: &Vocabulary) -> Result<Self> {
        let pieces = &vocabulary.pieces;
        let bytes: usize = pieces.iter().map(|piece| piece.text.len()).sum();
        if u32::try_from(bytes).is_err() {
            return Err(Error::Tokenizer {
                expected: USABLE,
                found: format!("{bytes} bytes of pieces are more than 4 GiB"),
            });
        }
        let mut texts = String::with_capacity(bytes);
        let mut entries = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let start = texts.len();
            let mut parts = piece.text.split(SPACE_SIGN);
            texts.extend(parts.next());
            parts.for_each(|part| texts.extend([" ", part]));
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
        let kinds = pieces.iter().map(|piece| piece.kind).collect();
        let is_short = |entry: &Entry| entry.rank != NO_RANK && entry.length as usize <= LONGEST_SHORT;
        let num_short = entries.iter().filter(|entry| is_short(entry)).count();
        let mut all = Self {
            texts,
            entries,
            kinds,
            short: Short::new(num_short + 1, hasher.hash_one(0)),
            others: HashTable::new(),
            hasher,
            longest,
        };
        for id in 0..pieces.len() as u32 {
            let text = text_of(&all.texts, &all.entries, id);
            if let Some(earlier) = all.id(text) {
                let found = format!("pieces {earlier} and {id} are both `{text}`");
                return Err(Error::Tokenizer { expected: USABLE, found });
            }
            let entry = all.entries[id as usize];
            if is_short(&entry) {
                all.short.insert(text, id, entry.rank);
            } else {
                let Self { texts, entries, hasher, others, .. } = &mut all;
                let hash_of = |&id: &u32| hash_text(hasher, text_of(texts, entries, id).as_bytes());
                others.insert_unique(hash_of(&id), id, hash_of);
            }
        }
        Ok(all)
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
        let text = text.as_bytes();
        let short =
            (text.len() <= LONGEST_SHORT).then(|| self.short.find(&key(text, 0, text.len()))).flatten();
        short.map(|(id, _)| id).or_else(|| self.find_other(text))
    }

    /// The normal piece that `text[start..start + length]` is, and its rank among merges.
    #[inline]
    pub(super) fn merged(&self, text: &[u8], start: usize, length: usize) -> Option<(u32, u32)> {
        if length <= LONGEST_SHORT {
            return self.short.find(&key(text, start, length));
        }
        if length > self.longest {
            return None;
        }
        let id = self.find_other(&text[start..start + length])?;
        let rank = self.entries[id as usize].rank;
        (rank != NO_RANK).then_some((id, rank))
    }

    fn find_other(&self, text: &[u8]) -> Option<u32> {
        let same = |&id: &u32| text_of(&self.texts, &self.entries, id).as_bytes() == text;
        self.others.find(hash_text(&self.hasher, text), same).copied()
    }
}

fn text_of<'a>(texts: &'a str, entries: &[Entry], id: u32) -> &'a str {
    let Entry { start, length, .. } = entries[id as usize];
    &texts[start as usize..(start + length) as usize]
}

fn hash_text(hasher: &DefaultHashBuilder, text: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(text);
    state.finish()
}
