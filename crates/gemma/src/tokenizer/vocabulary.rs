//! What every file format of a tokenizer boils down to: pieces with scores and kinds, and a few ids with a meaning.

use std::path::Path;

use super::arrays::PieceArrays;
use super::{arrays, huggingface, sentencepiece};
use crate::{Error, Result};

/// What a vocabulary is found not to be by errors of its content, whatever file it comes from.
pub(super) const USABLE: &str = "usable vocabulary";

/// The sign that `SentencePiece` writes for a space.
pub(super) const SPACE_SIGN: char = '▁';

/// What a piece is for. The numbers are those of `SentencePiece` and of GGUF's `tokenizer.ggml.token_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PieceKind {
    /// Made by merges of byte-pair encoding.
    Normal = 1,
    /// Stands for what no piece spells. With byte fallback it is never produced.
    Unknown = 2,
    /// Has a meaning and no text, as `<bos>`; never found in text.
    Control = 3,
    /// Found in text before any merge, longest first; never part of a merge.
    UserDefined = 4,
    /// Takes part in merges and is then taken apart again. Not supported: Gemma has none.
    Unused = 5,
    /// One byte of a character that no piece spells, written `<0x00>` to `<0xFF>`.
    Byte = 6,
}

impl PieceKind {
    /// The kind of this number, if it is one of 1 to 6.
    pub fn from_number(number: i32) -> Option<Self> {
        [Self::Normal, Self::Unknown, Self::Control, Self::UserDefined, Self::Unused, Self::Byte]
            .into_iter()
            .find(|kind| *kind as i32 == number)
    }
}

/// One entry of a vocabulary.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its text, spaces written `▁` (U+2581) or as themselves.
    pub text: String,
    /// Of two possible merges, the one into the piece of higher score comes first.
    pub score: f32,
    /// What it is for.
    pub kind: PieceKind,
}

/// The pieces in the order of their ids, and the ids that have a meaning of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vocabulary {
    /// Piece `i` has id `i`.
    pub pieces: Vec<Piece>,
    /// Begins every sequence.
    pub bos: Option<u32>,
    /// Ends one.
    pub eos: Option<u32>,
    /// Fills up shorter sequences of a batch.
    pub padding: Option<u32>,
    /// What the unknown piece decodes to; `SentencePiece` has ` ⁇ ` unless told otherwise.
    pub unknown_surface: Option<String>,
}

/// The byte that `<0x0A>` and its like stand for.
pub(super) fn byte_of(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    let upper = digits.len() == 2 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F'));
    if upper { u8::from_str_radix(digits, 16).ok() } else { None }
}

impl Vocabulary {
    /// A small vocabulary in Gemma's manner: `<pad>`, `<eos>`, `<bos>` and `<unk>` are ids 0 to 3, the user-defined
    /// `<start_of_turn>`, `<end_of_turn>` and line feed 4 to 6, the bytes 7 to 262; then come the given pieces, of falling
    /// score. Merges go from two pieces to one, so that `hi` needs `h` and `i`, or is spelled in bytes.
    pub fn of_pieces<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Self {
        let piece = |text: String, kind| Piece { text, score: 0.0, kind };
        let control = ["<pad>", "<eos>", "<bos>"].map(|text| piece(text.into(), PieceKind::Control));
        let user =
            ["<start_of_turn>", "<end_of_turn>", "\n"].map(|text| piece(text.into(), PieceKind::UserDefined));
        let normal = pieces.into_iter().enumerate();
        Self {
            pieces: control
                .into_iter()
                .chain([piece("<unk>".into(), PieceKind::Unknown)])
                .chain(user)
                .chain((0..=255).map(|byte| piece(format!("<0x{byte:02X}>"), PieceKind::Byte)))
                .chain(
                    normal.map(|(i, text)| Piece {
                        score: -(i as f32),
                        ..piece(text.into(), PieceKind::Normal)
                    }),
                )
                .collect(),
            bos: Some(2),
            eos: Some(1),
            padding: Some(0),
            unknown_surface: None,
        }
    }

    /// Reads `tokenizer.model` or `tokenizer.json`, whichever the file turns out to be.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read, [`Error::Malformed`] if it holds no supported tokenizer.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.into(), source })?;
        let json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        let vocabulary = if json { Self::from_json(&bytes) } else { Self::from_sentencepiece(&bytes) };
        vocabulary.map_err(|error| error.in_file(path))
    }

    /// From the bytes of a `tokenizer.model`, the protobuf message of `SentencePiece`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if they are none, or of an algorithm or a normalisation that Gemma does not have.
    pub fn from_sentencepiece(bytes: &[u8]) -> Result<Self> {
        sentencepiece::read(bytes)
    }

    /// From the text of a `tokenizer.json` of Hugging Face that was made of a `SentencePiece` model: vocabulary, merges and added tokens.
    /// Text is encoded as by that model, also where Hugging Face's own software differs.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if it is none, or has parts that are not supported, as byte-level models or splitting into words.
    pub fn from_json(text: &[u8]) -> Result<Self> {
        huggingface::read(text)
    }

    /// From arrays, as GGUF files have them.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if they are not equally long, or a type does not exist.
    pub fn from_arrays(arrays: PieceArrays) -> Result<Self> {
        arrays::read(arrays)
    }

    /// The id of the first piece of this text.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.pieces.iter().position(|piece| piece.text == text).map(|id| id as u32)
    }

    /// The id of each byte's piece.
    pub(super) fn byte_ids(&self) -> Result<[u32; 256]> {
        let mut ids = [None; 256];
        for (id, piece) in self.pieces.iter().enumerate().filter(|(_, piece)| piece.kind == PieceKind::Byte) {
            let byte = byte_of(&piece.text).ok_or_else(|| Error::Tokenizer {
                expected: USABLE,
                found: format!("byte piece {id} is written `{}`, not like `<0x0A>`", piece.text),
            })?;
            ids[usize::from(byte)] = Some(id as u32);
        }
        let mut all = [0; 256];
        for (byte, (id, found)) in all.iter_mut().zip(ids).enumerate() {
            *id = found.ok_or_else(|| Error::Tokenizer {
                expected: USABLE,
                found: format!(
                    "no piece for byte 0x{byte:02X}; only vocabularies with byte fallback are supported"
                ),
            })?;
        }
        Ok(all)
    }

    /// Checks what can be checked piece by piece.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |found: String| Err(Error::Tokenizer { expected: USABLE, found });
        if u32::try_from(self.pieces.len()).is_err() {
            return wrong(format!("{} pieces are more than ids of 32 bits", self.pieces.len()));
        }
        for (id, piece) in self.pieces.iter().enumerate() {
            if piece.text.is_empty() {
                return wrong(format!("piece {id} is empty"));
            }
            if piece.score.is_nan() {
                return wrong(format!("the score of piece {id}, `{}`, is not a number", piece.text));
            }
            if piece.kind == PieceKind::Unused {
                return wrong(format!(
                    "piece {id}, `{}`, is of the kind `unused`, which is not supported",
                    piece.text
                ));
            }
        }
        for (name, id) in [("bos", self.bos), ("eos", self.eos), ("padding", self.padding)] {
            if let Some(id) = id.filter(|&id| id as usize >= self.pieces.len()) {
                return wrong(format!("the {name} id {id} is outside the {} pieces", self.pieces.len()));
            }
        }
        Ok(())
    }
}
