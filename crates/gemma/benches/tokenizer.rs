//! The tokenizer on English text, with the small vocabulary of the tests; for Gemma's own see `benchmarks/tokenizer.py`.

use std::path::PathBuf;

use autodidact_gemma::tokenizer::{Tokenizer, Vocabulary};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a file of the repository")
}

fn tokenizer() -> Tokenizer {
    let vocabulary = Vocabulary::from_sentencepiece(&file("tests/reference/tokenizer.model"));
    Tokenizer::new(&vocabulary.expect("a model")).expect("a usable vocabulary")
}

#[divan::bench]
fn load(bencher: Bencher<'_, '_>) {
    bencher.bench(tokenizer);
}

/// Most words have been seen before.
#[divan::bench]
fn encode(bencher: Bencher<'_, '_>) {
    let (tokenizer, text) = (tokenizer(), file("../../LICENSE-APACHE"));
    bencher.counter(BytesCount::of_slice(&text)).bench(|| tokenizer.encode(black_box(&text)));
}

/// Nothing can be cut or remembered: merges alone.
#[divan::bench(args = [100, 10_000, 1_000_000])]
fn encode_one_letter(bencher: Bencher<'_, '_>, length: usize) {
    let (tokenizer, text) = (tokenizer(), vec![b'a'; length]);
    bencher.counter(BytesCount::of_slice(&text)).bench(|| tokenizer.encode(black_box(&text)));
}

#[divan::bench]
fn decode(bencher: Bencher<'_, '_>) {
    let tokenizer = tokenizer();
    let ids = tokenizer.encode(file("../../LICENSE-APACHE"));
    bencher.counter(BytesCount::of_slice(&ids)).bench(|| tokenizer.decode(black_box(&ids)));
}
