//! A vocabulary as GGUF files keep it: `tokenizer.ggml.*`.

use crate::gguf::{Array, Metadata, Value};
use crate::tokenizer::PieceArrays;

const TOKENS: &str = "tokenizer.ggml.tokens";
const SCORES: &str = "tokenizer.ggml.scores";
const TYPES: &str = "tokenizer.ggml.token_type";
const BOS: &str = "tokenizer.ggml.bos_token_id";
const EOS: &str = "tokenizer.ggml.eos_token_id";
const UNKNOWN: &str = "tokenizer.ggml.unknown_token_id";
const PADDING: &str = "tokenizer.ggml.padding_token_id";
const SPACE_PREFIX: &str = "tokenizer.ggml.add_space_prefix";

impl PieceArrays {
    /// The arrays of a file, or `None` if it has no texts of tokens. Arrays that are missing or of another type are empty.
    pub(super) fn of_metadata(metadata: &Metadata) -> Option<Self> {
        let Some(Value::Array(Array::String(tokens))) = metadata.get(TOKENS) else { return None };
        let id = |key| metadata.get(key).and_then(Value::to_u64).and_then(|id| u32::try_from(id).ok());
        let scores = match metadata.get(SCORES) {
            Some(Value::Array(Array::F32(scores))) => scores.clone(),
            _ => Vec::new(),
        };
        let types = match metadata.get(TYPES) {
            Some(Value::Array(types)) => types.to_i64s().unwrap_or_default(),
            _ => Vec::new(),
        };
        Some(Self {
            tokens: tokens.clone(),
            scores,
            token_types: types.into_iter().map(|kind| i32::try_from(kind).unwrap_or(0)).collect(),
            bos: id(BOS),
            eos: id(EOS),
            unknown: id(UNKNOWN),
            padding: id(PADDING),
            add_space_prefix: metadata.get(SPACE_PREFIX) == Some(&Value::Bool(true)),
        })
    }

    /// Writes the arrays.
    pub(crate) fn write_to(&self, metadata: &mut Metadata) {
        metadata.set("tokenizer.ggml.model", Value::String("llama".into()));
        metadata.set("tokenizer.ggml.pre", Value::String("default".into()));
        metadata.set(TOKENS, Value::Array(Array::String(self.tokens.clone())));
        metadata.set(SCORES, Value::Array(Array::F32(self.scores.clone())));
        metadata.set(TYPES, Value::Array(Array::I32(self.token_types.clone())));
        for (key, id) in [(BOS, self.bos), (EOS, self.eos), (UNKNOWN, self.unknown), (PADDING, self.padding)]
        {
            if let Some(id) = id {
                metadata.set(key, Value::U32(id));
            }
        }
        metadata.set("tokenizer.ggml.add_bos_token", Value::Bool(true));
        metadata.set("tokenizer.ggml.add_eos_token", Value::Bool(false));
        metadata.set(SPACE_PREFIX, Value::Bool(self.add_space_prefix));
    }
}
