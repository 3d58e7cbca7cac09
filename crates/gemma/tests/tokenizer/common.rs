//! Where test data lie, and the small tokenizers beside the tests.

use std::path::{Path, PathBuf};

use autodidact_gemma::tokenizer::{Tokenizer, Vocabulary};

/// The path of `name` in the folder named by `AUTODIDACT_TEST_DATA`, or in `shared/data` beside the workspace.
/// Says so and returns `None` if it is missing, so that a test can pass over it.
pub fn test_data(name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = std::env::var_os("AUTODIDACT_TEST_DATA").map_or_else(beside, PathBuf::from).join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: `{name}` is not there; set AUTODIDACT_TEST_DATA to the folder that holds it");
    None
}

/// A file that `tests/reference/tokenizer.py` wrote.
pub fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)
}

/// A small tokenizer in Gemma's manner.
pub fn small() -> Tokenizer {
    Tokenizer::new(&small_vocabulary()).expect("a usable vocabulary")
}

pub fn small_vocabulary() -> Vocabulary {
    Vocabulary::from_file(reference("tokenizer.model")).expect("a SentencePiece model")
}

/// What a text is after it has been encoded and decoded: bytes that are not UTF-8 are replaced one by one, and the
/// sign of a space is one.
pub fn after_round_trip(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text += &chunk.valid().replace('▁', " ");
        text += &"\u{FFFD}".repeat(chunk.invalid().len());
    }
    text
}
