//! Reads `tokenizer.json` of Hugging Face, as far as it holds a `SentencePiece` model of byte-pair encoding.
//!
//! Such a file has a list of merges in place of scores. Its own software differs from `SentencePiece` in places (long
//! runs of spaces; control pieces found in text); here text is encoded as by the `tokenizer.model` that the file was made of.
//! Not supported: byte-level models (GPT-2's kind), word pieces, unigrams, dropout, prefixes and suffixes of words,
//! normalisation other than of spaces, splitting into words, and lists of merges that no scores could have given.

use std::collections::{HashMap, HashSet};
use std::fmt;

use hashbrown::DefaultHashBuilder;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::gemma;
use super::vocabulary::{Piece, PieceKind, Vocabulary, byte_of};
use crate::{Error, Result};

const EXPECTED: &str = "tokenizer.json of a SentencePiece model of byte-pair encoding";

#[derive(Deserialize)]
struct File<'a> {
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(borrow)]
    model: Model<'a>,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
    #[serde(default)]
    special: bool,
}

/// Ids by text.
type Ids = HashMap<String, u32, DefaultHashBuilder>;

#[derive(Deserialize)]
struct Model<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    byte_fallback: bool,
    dropout: Option<f32>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    vocab: Ids,
    /// A list of [`Merge`]s. Gemma's are half a million, and are not needed.
    #[serde(borrow)]
    merges: Option<&'a RawValue>,
}

/// Two pieces that become one, written `"a b"` or `["a", "b"]`.
struct Merge(String, String);

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Merge;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("two pieces, as \"a b\" or [\"a\", \"b\"]")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Merge, E> {
                let (left, right) = text.split_once(' ').ok_or_else(|| E::custom("a merge of one piece"))?;
                Ok(Merge(left.into(), right.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Merge, A::Error> {
                let missing = || A::Error::custom("a merge of less than two pieces");
                let left = sequence.next_element()?.ok_or_else(missing)?;
                let right = sequence.next_element()?.ok_or_else(missing)?;
                Ok(Merge(left, right))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

/// Reads the text of the file.
pub(super) fn read(bytes: &[u8]) -> Result<Vocabulary> {
    let file: File<'_> = serde_json::from_slice(bytes).map_err(unreadable)?;
    check_supported(&file)?;
    let File { added_tokens, model, .. } = file;
    let mut pieces = place(&model, &added_tokens)?;
    if !gemma::repair(&mut pieces) {
        set_kinds(&mut pieces, &model, &added_tokens);
        set_scores(&mut pieces, model.merges)?;
    }
    let mut vocabulary = Vocabulary { pieces, ..Vocabulary::default() };
    vocabulary.bos = vocabulary.find("<bos>").or_else(|| vocabulary.find("<s>"));
    vocabulary.eos = vocabulary.find("<eos>").or_else(|| vocabulary.find("</s>"));
    vocabulary.padding = vocabulary.find("<pad>");
    Ok(vocabulary)
}

fn wrong(found: String) -> Error {
    Error::Tokenizer { expected: EXPECTED, found }
}

fn unreadable(error: serde_json::Error) -> Error {
    wrong(error.to_string())
}

fn check_supported(file: &File<'_>) -> Result<()> {
    let File { model, normalizer, pre_tokenizer, .. } = file;
    let kind = model.kind.as_deref().unwrap_or("BPE");
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let unsupported = [
        (kind != "BPE", format!("its model is `{kind}`, not `BPE`")),
        (!model.byte_fallback, "it has no byte fallback".into()),
        (model.dropout.is_some_and(|dropout| dropout != 0.0), "it drops merges at random".into()),
        (given(&model.continuing_subword_prefix), "it marks the insides of words".into()),
        (given(&model.end_of_word_suffix), "it marks the ends of words".into()),
        (!only_spaces(normalizer), format!("its normaliser is more than spaces to `▁`: {normalizer}")),
        (!splits_nothing(pre_tokenizer), format!("it cuts text into words first: {pre_tokenizer}")),
    ];
    match unsupported.into_iter().find(|(unsupported, _)| *unsupported) {
        Some((_, what)) => Err(wrong(format!("{what}; use the `tokenizer.model` that it was made of"))),
        None => Ok(()),
    }
}

/// Whether a normaliser does nothing but write spaces as `▁`.
fn only_spaces(normalizer: &Value) -> bool {
    match normalizer["type"].as_str() {
        None => normalizer.is_null(),
        Some("Replace") => normalizer["pattern"]["String"] == " " && normalizer["content"] == "▁",
        Some("Sequence") => {
            normalizer["normalizers"].as_array().is_some_and(|all| all.iter().all(only_spaces))
        }
        Some(_) => false,
    }
}

/// Whether a pre-tokenizer leaves text whole once spaces are written `▁`: Gemma's splits at plain spaces, of which none are left.
fn splits_nothing(pre_tokenizer: &Value) -> bool {
    match pre_tokenizer["type"].as_str() {
        None => pre_tokenizer.is_null(),
        Some("Split") => pre_tokenizer["pattern"]["String"] == " " && pre_tokenizer["invert"] != true,
        Some("Metaspace") => {
            pre_tokenizer["replacement"] == "▁"
                && pre_tokenizer["prepend_scheme"] == "never"
                && pre_tokenizer["split"] == false
        }
        Some(_) => false,
    }
}

/// The pieces by id, all of the normal kind.
fn place(model: &Model<'_>, added_tokens: &[AddedToken]) -> Result<Vec<Piece>> {
    let added = added_tokens.iter().filter(|token| model.vocab.get(&token.content) != Some(&token.id));
    let all: Vec<(u32, &str)> = model
        .vocab
        .iter()
        .map(|(text, &id)| (id, text.as_str()))
        .chain(added.map(|token| (token.id, token.content.as_str())))
        .collect();
    let mut pieces = vec![Piece { text: String::new(), score: 0.0, kind: PieceKind::Normal }; all.len()];
    for (id, text) in all {
        let num = pieces.len();
        let place = pieces
            .get_mut(id as usize)
            .ok_or_else(|| wrong(format!("`{text}` has id {id}, but there are only {num} pieces")))?;
        if !place.text.is_empty() {
            return Err(wrong(format!("`{}` and `{text}` both have id {id}", place.text)));
        }
        place.text.push_str(text);
    }
    Ok(pieces)
}

fn set_kinds(pieces: &mut [Piece], model: &Model<'_>, added_tokens: &[AddedToken]) {
    let tab_is_byte = !model.vocab.contains_key("<0x09>");
    for piece in &mut *pieces {
        if tab_is_byte && piece.text == "\t" {
            piece.text = "<0x09>".into();
        }
        if byte_of(&piece.text).is_some() {
            piece.kind = PieceKind::Byte;
        }
    }
    let turns = ["<start_of_turn>", "<end_of_turn>"];
    for token in added_tokens {
        let control = token.special && !turns.contains(&token.content.as_str());
        pieces[token.id as usize].kind = if control { PieceKind::Control } else { PieceKind::UserDefined };
    }
    if let Some(&id) = model.unk_token.as_ref().and_then(|unknown| model.vocab.get(unknown)) {
        pieces[id as usize].kind = PieceKind::Unknown;
    }
}

/// Gives each piece the score of its place among the merges. `SentencePiece` makes a piece of any two that spell it, all with
/// the same score; so every such pair must be among the merges, and those of one piece side by side.
fn set_scores(pieces: &mut [Piece], merges: Option<&RawValue>) -> Result<()> {
    let merges: Vec<Merge> =
        merges.map_or(Ok(Vec::new()), |merges| serde_json::from_str(merges.get())).map_err(unreadable)?;
    let normal: Ids = pieces
        .iter()
        .enumerate()
        .filter(|(_, piece)| piece.kind == PieceKind::Normal)
        .map(|(id, piece)| (piece.text.clone(), id as u32))
        .collect();
    let mut ranked = HashSet::new();
    let mut splits = HashSet::new();
    let mut last = None;
    for Merge(left, right) in &merges {
        let text = format!("{left}{right}");
        let Some(&id) = normal.get(&text) else { continue };
        if last != Some(id) && !ranked.insert(id) {
            let found = format!(
                "the merges that make `{text}` are not side by side, so that no score can stand for them"
            );
            return Err(wrong(found));
        }
        last = Some(id);
        pieces[id as usize].score = -(ranked.len() as f32);
        splits.insert((id, left.len()));
    }
    for (text, &id) in &normal {
        for (middle, _) in text.char_indices().skip(1) {
            let (left, right) = text.split_at(middle);
            if normal.contains_key(left) && normal.contains_key(right) && !splits.contains(&(id, middle)) {
                let found =
                    format!("`{left}` and `{right}` spell the piece `{text}`, but are not among the merges");
                return Err(wrong(found));
            }
        }
    }
    Ok(())
}
