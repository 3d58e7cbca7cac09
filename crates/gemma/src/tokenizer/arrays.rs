//! A vocabulary from arrays, as the metadata of GGUF files have it.

use super::gemma;
use super::vocabulary::{Piece, PieceKind, Vocabulary};
use crate::{Error, Result};

const EXPECTED: &str = "SentencePiece vocabulary in GGUF arrays";

/// The values of `tokenizer.ggml.*` in a GGUF file whose `tokenizer.ggml.model` is `llama`, which means `SentencePiece`.
///
/// ```
/// use autodidact_gemma::tokenizer::{PieceArrays, Tokenizer, Vocabulary};
///
/// let small = Vocabulary::of_pieces(["h", "i", "hi"]);
/// let vocabulary = Vocabulary::from_arrays(PieceArrays {
///     tokens: small.pieces.iter().map(|piece| piece.text.clone()).collect(),
///     scores: small.pieces.iter().map(|piece| piece.score).collect(),
///     token_types: small.pieces.iter().map(|piece| piece.kind as i32).collect(),
///     bos: Some(2),
///     eos: Some(1),
///     ..PieceArrays::default()
/// })?;
/// assert_eq!(Tokenizer::new(&vocabulary)?.encode("hi"), [265]);
/// # Ok::<(), autodidact_gemma::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PieceArrays {
    /// `tokens`.
    pub tokens: Vec<String>,
    /// `scores`.
    pub scores: Vec<f32>,
    /// `token_type`: numbers of [`PieceKind`].
    pub token_types: Vec<i32>,
    /// `bos_token_id`.
    pub bos: Option<u32>,
    /// `eos_token_id`.
    pub eos: Option<u32>,
    /// `unknown_token_id`.
    pub unknown: Option<u32>,
    /// `padding_token_id`.
    pub padding: Option<u32>,
    /// `add_space_prefix`; the first Gemma files lack it and mean `false`.
    pub add_space_prefix: bool,
}

impl From<Vocabulary> for PieceArrays {
    /// The arrays that a GGUF file of this vocabulary has.
    fn from(vocabulary: Vocabulary) -> Self {
        let Vocabulary { pieces, bos, eos, padding, .. } = vocabulary;
        let unknown = pieces.iter().position(|piece| piece.kind == PieceKind::Unknown);
        Self {
            scores: pieces.iter().map(|piece| piece.score).collect(),
            token_types: pieces.iter().map(|piece| piece.kind as i32).collect(),
            tokens: pieces.into_iter().map(|piece| piece.text).collect(),
            bos,
            eos,
            unknown: unknown.map(|id| id as u32),
            padding,
            add_space_prefix: false,
        }
    }
}

/// Puts the arrays together. If the texts are Gemma's own, kinds are taken from its known layout, since old files have them wrong
/// (github.com/ggml-org/llama.cpp issue 8197).
pub(super) fn read(arrays: PieceArrays) -> Result<Vocabulary> {
    let wrong = |found: String| Error::Tokenizer { expected: EXPECTED, found };
    let PieceArrays { tokens, scores, token_types, bos, eos, unknown, padding, add_space_prefix } = arrays;
    if add_space_prefix {
        return Err(wrong(
            "it puts a space before every text (`add_space_prefix`), which Gemma's does not".into(),
        ));
    }
    let num = tokens.len();
    if scores.len() != num || token_types.len() != num || num == 0 {
        let (scores, types) = (scores.len(), token_types.len());
        return Err(wrong(format!(
            "{num} tokens, {scores} scores and {types} types, which should be equally many"
        )));
    }
    let piece = |(id, ((text, score), kind)): (usize, ((String, f32), i32))| {
        let kind = PieceKind::from_number(kind)
            .ok_or_else(|| wrong(format!("token {id}, `{text}`, is of type {kind}, which does not exist")))?;
        Ok(Piece { text, score, kind })
    };
    let pieces = tokens.into_iter().zip(scores).zip(token_types).enumerate().map(piece);
    let mut pieces = pieces.collect::<Result<Vec<_>>>()?;
    if !gemma::repair(&mut pieces) {
        let of_id = [(bos, PieceKind::Control), (eos, PieceKind::Control), (padding, PieceKind::Control)];
        for (id, kind) in of_id.into_iter().chain([(unknown, PieceKind::Unknown)]) {
            if let Some(piece) = id.and_then(|id| pieces.get_mut(id as usize)) {
                piece.kind = kind;
            }
        }
    }
    Ok(Vocabulary { pieces, bos, eos, padding, unknown_surface: None })
}
