//! The tokenizer of Gemma 2: byte-pair encoding by `SentencePiece` (Kudo and Richardson 2018, arXiv 1808.06226; Sennrich et al. 2016,
//! arXiv 1508.07909) with user-defined pieces and byte fallback.
//!
//! A text is encoded thus:
//! 1. Each byte that is not UTF-8 becomes U+FFFD. A space and the sign `▁` are the same.
//! 2. From left to right, the longest user-defined piece is taken wherever one begins.
//! 3. In what lies between, the two neighbouring symbols that spell the normal piece of the highest score are merged, of
//!    equals the leftmost, until none are left; symbols are single characters at first.
//! 4. Characters that are no piece are spelled in pieces of one byte.
//!
//! No space is put before the text, and the token for the beginning of a sequence only if asked for.
//!
//! Results are those of the `sentencepiece` library. The way there is another: text is cut where no piece reaches across, which
//! does not change the result, and the tokens of short parts are remembered, in 2 MiB for each thread that encodes at the
//! same time. No input takes more than O(n log n), n its length. `benchmarks/tokenizer.py` compares the two.
//!
//! Training of vocabularies, unigram models and normalisation of characters are left out.

mod arrays;
mod chat;
mod cuts;
mod decode;
mod encode;
mod gemma;
mod huggingface;
mod key;
mod matcher;
mod merge;
mod pieces;
mod sentencepiece;
mod vocabulary;
mod words;

use std::fmt;
use std::path::Path;
use std::sync::Mutex;

use rayon::prelude::*;

pub use arrays::PieceArrays;
pub use chat::{Message, Role, render_chat};
pub use decode::Decoder;
pub use encode::{Encoding, Specials};
pub use vocabulary::{Piece, PieceKind, Vocabulary};

use crate::Result;
use cuts::Cuts;
use encode::{Borders, Scratch};
use matcher::Matcher;
use pieces::Pieces;

/// Turns text into ids and back. Threads may share it.
///
/// It is made of a [`Vocabulary`], which is read from a `tokenizer.model`, a `tokenizer.json` or arrays of GGUF metadata.
///
/// ```
/// use autodidact_gemma::tokenizer::{Encoding, Tokenizer, Vocabulary};
///
/// let tokenizer = Tokenizer::new(&Vocabulary::of_pieces([" h", "hi", " ", "h", "i"]))?;
/// assert_eq!(tokenizer.encode("hi hi"), [264, 263, 267]); // "hi", " h", "i"
/// assert_eq!(tokenizer.decode(&[264, 263, 267])?, "hi hi");
/// assert_eq!(tokenizer.encode_with("hi", Encoding { bos: true, ..Encoding::default() }), [2, 264]);
/// # Ok::<(), autodidact_gemma::Error>(())
/// ```
pub struct Tokenizer {
    pieces: Pieces,
    matcher: Matcher,
    cuts: Cuts,
    borders: Borders,
    byte_ids: [u32; 256],
    bos: Option<u32>,
    eos: Option<u32>,
    padding: Option<u32>,
    unknown_surface: String,
    /// What threads that are not encoding now have left.
    scratches: Mutex<Vec<Scratch>>,
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bos, eos, padding, .. } = self;
        formatter
            .debug_struct("Tokenizer")
            .field("vocab_size", &self.vocab_size())
            .field("bos", bos)
            .field("eos", eos)
            .field("padding", padding)
            .finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// The tokenizer of this vocabulary.
    ///
    /// # Errors
    /// [`Error::Tokenizer`](crate::Error::Tokenizer) if a piece is empty, there twice or of an unsupported kind, a score is not a number, an id lies
    /// outside, or a byte has no piece.
    pub fn new(vocabulary: &Vocabulary) -> Result<Self> {
        vocabulary.check()?;
        let byte_ids = vocabulary.byte_ids()?;
        let pieces = Pieces::new(vocabulary)?;
        let user_defined =
            (0..pieces.len() as u32).filter(|&id| pieces.kind(id) == Some(PieceKind::UserDefined));
        let matcher = Matcher::new(user_defined.map(|id| {
            let text = pieces.text(id);
            (text, id, gemma::is_special(text))
        }));
        let cuts = Cuts::new(&pieces);
        let borders = Borders::new(|before, after| {
            matcher.starts_with(after) || !cuts.together(char::from(before), char::from(after))
        });
        let unknown_surface = vocabulary.unknown_surface.clone().unwrap_or_else(|| " \u{2047} ".into());
        let Vocabulary { bos, eos, padding, .. } = *vocabulary;
        let scratches = Mutex::default();
        Ok(Self { pieces, matcher, cuts, borders, byte_ids, bos, eos, padding, unknown_surface, scratches })
    }

    /// The tokenizer of a `tokenizer.model` or a `tokenizer.json`: see [`Vocabulary::from_file`].
    ///
    /// # Errors
    /// [`Error::Read`](crate::Error::Read) if the file cannot be read, [`Error::Malformed`](crate::Error::Malformed) if it holds no supported tokenizer.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::new(&Vocabulary::from_file(path)?).map_err(|error| error.in_file(path))
    }

    /// The ids of `text`, which need not be UTF-8, as `SentencePiece` gives them: [`encode_with`](Self::encode_with) with the
    /// default [`Encoding`].
    pub fn encode(&self, text: impl AsRef<[u8]>) -> Vec<u32> {
        self.encode_with(text, Encoding::default())
    }

    /// The ids of `text`, which need not be UTF-8.
    ///
    /// Decoded, they are the text again, but that each byte that is not UTF-8 has become U+FFFD and `▁` a space.
    ///
    /// # Panics
    /// If 4 GiB of text have no place at which they can be cut.
    pub fn encode_with(&self, text: impl AsRef<[u8]>, encoding: Encoding) -> Vec<u32> {
        let text = text.as_ref();
        let mut scratch = self.scratches.lock().expect("no thread panics here").pop().unwrap_or_default();
        let mut ids = Vec::with_capacity(text.len() / 4 + 2);
        if encoding.bos {
            ids.extend(self.bos);
        }
        self.encode_scratch(text, encoding.specials, &mut scratch, &mut ids);
        self.scratches.lock().expect("no thread panics here").push(scratch);
        ids
    }

    /// The ids of each text, on all threads of the current `rayon` pool.
    pub fn encode_batch<T: AsRef<[u8]> + Sync>(&self, texts: &[T], encoding: Encoding) -> Vec<Vec<u32>> {
        texts.par_iter().map(|text| self.encode_with(text, encoding)).collect()
    }

    /// How many pieces there are; ids are below.
    pub fn vocab_size(&self) -> usize {
        self.pieces.len()
    }

    /// The text of a piece with `▁` for spaces, as `SentencePiece` shows it.
    pub fn piece(&self, id: u32) -> Option<String> {
        self.pieces.kind(id).map(|_| self.pieces.text(id).replace(' ', "▁"))
    }

    /// What a piece is for.
    pub fn kind(&self, id: u32) -> Option<PieceKind> {
        self.pieces.kind(id)
    }

    /// Whether the piece structures prompts, as `<start_of_turn>`: see [`Specials`].
    pub fn is_special(&self, id: u32) -> bool {
        self.kind(id) == Some(PieceKind::UserDefined) && gemma::is_special(self.pieces.text(id))
    }

    /// The id of the piece with this text, spaces written either way.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.pieces.id(&piece.replace(vocabulary::SPACE_SIGN, " "))
    }

    /// Begins every sequence: 2 in Gemma.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// Ends a sequence: 1 in Gemma.
    pub fn eos(&self) -> Option<u32> {
        self.eos
    }

    /// Fills up shorter sequences of a batch: 0 in Gemma.
    pub fn padding(&self) -> Option<u32> {
        self.padding
    }
}
