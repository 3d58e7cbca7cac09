use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with a model, its files or a request.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what its name or its header promises.
    #[error("`{}` is not a {expected}: {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be, as in "GGUF file".
        expected: &'static str,
        /// What is wrong, and where.
        found: String,
    },
    /// Sizes or constants that make no model.
    #[error("`{name}` is {value}, expected {expected}")]
    Config {
        /// The field.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A model needs a tensor that its files do not have.
    #[error("`{}` has no tensor `{tensor}`, which a model of its sizes needs", path.display())]
    MissingTensor {
        /// The file or folder.
        path: PathBuf,
        /// The tensor, as it is called there.
        tensor: String,
    },
    /// A tensor is not of the size that the model's sizes make.
    #[error("tensor `{tensor}` of `{}` has shape {found:?}, expected {expected:?}", path.display())]
    WrongShape {
        /// The file or folder.
        path: PathBuf,
        /// The tensor, as it is called there.
        tensor: String,
        /// What the sizes of the model say.
        expected: Vec<usize>,
        /// What the file says.
        found: Vec<usize>,
    },
    /// A tensor holds numbers of a type that is not read.
    #[error("tensor `{tensor}` of `{}` is of type {found}, expected {expected}", path.display())]
    UnsupportedType {
        /// The file or folder.
        path: PathBuf,
        /// The tensor, as it is called there.
        tensor: String,
        /// Its type.
        found: String,
        /// Types that are read.
        expected: &'static str,
    },
    /// A weight does not fit into the type that it is to be written in.
    #[error(
        "number {index} of tensor `{tensor}` is {value}, which {format} cannot hold: is the checkpoint damaged?"
    )]
    Unrepresentable {
        /// The tensor.
        tensor: String,
        /// Which of its numbers, row by row.
        index: usize,
        /// The number.
        value: f32,
        /// The type.
        format: &'static str,
    },
    /// Nothing is known by this name.
    #[error("unknown {what} `{name}`, expected {expected}")]
    Unknown {
        /// What was asked for, as in "file type".
        what: &'static str,
        /// The name.
        name: String,
        /// Names that there are.
        expected: String,
    },
    /// Bytes or arrays that should make a tokenizer do not.
    #[error("not a {expected}: {found}")]
    Tokenizer {
        /// What was to be read, as in "usable vocabulary".
        expected: &'static str,
        /// What is wrong, and where.
        found: String,
    },
    /// An id that no piece of the vocabulary has.
    #[error(
        "token {id} is outside the vocabulary of {vocab_size} pieces: were the ids made with another tokenizer?"
    )]
    Token {
        /// The id.
        id: u32,
        /// The pieces there are; ids are below.
        vocab_size: usize,
    },
    /// A number that tokens cannot be drawn with.
    #[error("`{name}` is {value}, expected {expected}")]
    Sampling {
        /// The field.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// A model's files have no vocabulary.
    #[error("`{}` has no vocabulary: expected `tokenizer.model` or `tokenizer.json` beside the weights, or arrays in the GGUF file", path.display())]
    NoVocabulary {
        /// The file or folder.
        path: PathBuf,
    },
    /// A text is too short to be measured.
    #[error(
        "the text has {tokens} tokens, and {needed} are needed at least: take a longer text or a smaller context"
    )]
    Short {
        /// Its tokens.
        tokens: usize,
        /// How many it should have.
        needed: usize,
    },
    /// Keys and values of a text have no room in memory.
    #[error("there is no memory for keys and values of {context} tokens: ask for a smaller context")]
    Memory {
        /// Tokens that room was asked for.
        context: usize,
    },
    /// A model computed what is no number.
    #[error("the model's logits are not finite: is the file damaged, or not of this architecture?")]
    NotFinite,
    /// There is nothing to run a model on.
    #[error(
        "there are no tokens, and a model needs one at least: begin the text with the token for its beginning"
    )]
    NoTokens,
    /// A text gets longer than there is room for.
    #[error("the text has {needed} tokens and the context {context}: shorten the text or make room for more")]
    Context {
        /// Tokens of the text.
        needed: usize,
        /// Tokens that there is room for.
        context: usize,
    },
    /// Part of a text that is needed again was not kept.
    #[error(
        "the text of {seen} tokens cannot be taken back to {len}, as local layers kept only the latest: \
         start it again, or keep everything"
    )]
    Forgotten {
        /// Tokens it was to be taken back to.
        len: usize,
        /// Tokens that were seen.
        seen: usize,
    },
    /// Messages that the chat template has no form for.
    #[error("message {index} of the conversation: {found}")]
    Conversation {
        /// Which message, from 0.
        index: usize,
        /// What is wrong with it, and what belongs there.
        found: String,
    },
}

impl Error {
    /// The same about a file, if it is about bytes that are now known to come from one.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Tokenizer { expected, found } => Self::Malformed { path: path.into(), expected, found },
            other => other,
        }
    }
}
