//! Reads `tokenizer.model`, a protobuf message of `SentencePiece` (Kudo and Richardson 2018, arXiv 1808.06226).

use prost::Message;

use super::vocabulary::{Piece, PieceKind, SPACE_SIGN, Vocabulary};
use crate::{Error, Result};

const EXPECTED: &str = "SentencePiece model of byte-pair encoding";

/// The part of `sentencepiece_model.proto` that is needed; unknown fields are passed over. Defaults are that file's.
#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<ModelPiece>,
    #[prost(message, optional, tag = "2")]
    trainer: Option<Trainer>,
    #[prost(message, optional, tag = "3")]
    normalizer: Option<Normalizer>,
    #[prost(message, optional, tag = "5")]
    denormalizer: Option<Normalizer>,
}

#[derive(Clone, PartialEq, Message)]
struct ModelPiece {
    #[prost(string, optional, tag = "1")]
    piece: Option<String>,
    #[prost(float, optional, tag = "2")]
    score: Option<f32>,
    #[prost(int32, optional, tag = "3", default = "1")]
    kind: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
struct Trainer {
    #[prost(int32, optional, tag = "3", default = "1")]
    model_type: Option<i32>,
    #[prost(bool, optional, tag = "24", default = "false")]
    treat_whitespace_as_suffix: Option<bool>,
    #[prost(string, optional, tag = "44", default = " \u{2047} ")]
    unk_surface: Option<String>,
    #[prost(string, optional, tag = "46", default = "<s>")]
    bos_piece: Option<String>,
    #[prost(string, optional, tag = "47", default = "</s>")]
    eos_piece: Option<String>,
    #[prost(string, optional, tag = "48", default = "<pad>")]
    pad_piece: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Normalizer {
    #[prost(bytes = "vec", optional, tag = "2")]
    precompiled_charsmap: Option<Vec<u8>>,
    #[prost(bool, optional, tag = "3", default = "true")]
    add_dummy_prefix: Option<bool>,
    #[prost(bool, optional, tag = "4", default = "true")]
    remove_extra_whitespaces: Option<bool>,
    #[prost(bool, optional, tag = "5", default = "true")]
    escape_whitespaces: Option<bool>,
}

const BPE: i32 = 2;

/// Reads the bytes of a model file.
pub(super) fn read(bytes: &[u8]) -> Result<Vocabulary> {
    let wrong = |found: String| Error::Tokenizer { expected: EXPECTED, found };
    let model = Model::decode(bytes).map_err(|error| wrong(error.to_string()))?;
    let (trainer, normalizer) = (model.trainer.unwrap_or_default(), model.normalizer.unwrap_or_default());
    let maps = |normalizer: &Normalizer| !normalizer.precompiled_charsmap().is_empty();
    let unsupported = [
        (trainer.model_type() != BPE, "its algorithm is not byte-pair encoding"),
        (trainer.treat_whitespace_as_suffix(), "it puts spaces at the ends of words"),
        (
            maps(&normalizer),
            "it rewrites characters before it encodes (a normalisation other than `identity`)",
        ),
        (model.denormalizer.as_ref().is_some_and(maps), "it rewrites characters after it decodes"),
        (normalizer.add_dummy_prefix(), "it puts a space before every text (`add_dummy_prefix`)"),
        (normalizer.remove_extra_whitespaces(), "it removes spaces (`remove_extra_whitespaces`)"),
        (!normalizer.escape_whitespaces(), "it does not write spaces as `▁` (`escape_whitespaces`)"),
    ];
    if let Some((_, what)) = unsupported.iter().find(|(unsupported, _)| *unsupported) {
        return Err(wrong(format!("{what}; Gemma's does not, and only its form is supported")));
    }
    if model.pieces.is_empty() {
        return Err(wrong("it has no pieces".into()));
    }
    let piece = |(id, piece): (usize, ModelPiece)| {
        let (kind, score, text) = (piece.kind(), piece.score(), piece.piece.unwrap_or_default());
        let kind = PieceKind::from_number(kind)
            .ok_or_else(|| wrong(format!("piece {id}, `{text}`, is of kind {kind}, which does not exist")))?;
        if text.contains(' ') {
            let found =
                format!("piece {id}, `{text}`, has a space in it, which should be written {SPACE_SIGN}");
            return Err(wrong(found));
        }
        Ok(Piece { text, score, kind })
    };
    let pieces = model.pieces.into_iter().enumerate().map(piece).collect::<Result<Vec<_>>>()?;
    let mut vocabulary = Vocabulary { pieces, ..Vocabulary::default() };
    let control = |text: &str| {
        vocabulary.find(text).filter(|&id| vocabulary.pieces[id as usize].kind == PieceKind::Control)
    };
    let (bos, eos) = (control(trainer.bos_piece()), control(trainer.eos_piece()));
    let padding = control(trainer.pad_piece());
    let unknown_surface = Some(trainer.unk_surface().into());
    (vocabulary.bos, vocabulary.eos, vocabulary.padding) = (bos, eos, padding);
    vocabulary.unknown_surface = unknown_surface;
    Ok(vocabulary)
}
