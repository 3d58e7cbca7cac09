//! Logits of random models beside those of transformers; `reference/models.py` made both.

use std::fs;
use std::path::{Path, PathBuf};

use autodidact_gemma::model::{Arithmetic, CacheLayout, Model, Options};
use autodidact_gemma::quantize::{Extras, FileType, to_gguf};
use autodidact_gemma::weights::Checkpoint;
use autodidact_gemma::{Config, Error};
use safetensors::SafeTensors;

const MODELS: [&str; 3] = ["like-2b", "like-9b", "like-27b"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/models").join(name)
}

/// The tokens and their logits.
fn expected(name: &str) -> (Vec<u32>, Vec<f32>) {
    let bytes = fs::read(folder(name).join("expected.safetensors")).expect("the file is beside this one");
    let file = SafeTensors::deserialize(&bytes).expect("a file of safetensors");
    let numbers = |name| {
        let data = file.tensor(name).expect("a tensor").data();
        data.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes))
    };
    (numbers("tokens").collect(), numbers("logits").map(f32::from_bits).collect())
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn logits_are_those_of_transformers_however_the_text_is_cut() {
    for name in MODELS {
        let checkpoint = Checkpoint::open(folder(name)).expect("a model");
        let (tokens, expected) = expected(name);
        let vocab_size = checkpoint.config().vocab_size;
        for chunk in [1, 3, 16, 512] {
            let model = Model::new(&checkpoint, Options { chunk, ..Options::default() });
            for layout in [CacheLayout::Full, CacheLayout::Ring] {
                let mut cache = model.cache(tokens.len(), layout);
                let logits = model.logits(&mut cache, &tokens).expect("there is room");
                let distance_at_once = distance(&logits, &expected);
                assert!(distance_at_once < 2e-4, "{name}, {chunk} at a time, {layout:?}: {distance_at_once}");

                // A long beginning, and then token by token.
                let mut cache = model.cache(tokens.len(), layout);
                let mut last = model.next(&mut cache, &tokens[..29]).expect("there is room");
                for at in 29..=tokens.len() {
                    let distance = distance(&last, &expected[(at - 1) * vocab_size..at * vocab_size]);
                    assert!(distance < 2e-4, "{name}, {chunk} at a time, {layout:?}, token {at}: {distance}");
                    if let Some(token) = tokens.get(at) {
                        last = model.next(&mut cache, &[*token]).expect("there is room");
                    }
                }
            }
        }
    }
}

/// Products are rounded, so logits differ by the error of bfloat16, and by more than nothing.
#[test]
fn in_bfloat16_logits_are_near() {
    for name in MODELS {
        let checkpoint = Checkpoint::open(folder(name)).expect("a model");
        let (tokens, expected) = expected(name);
        let model = Model::new(&checkpoint, Options { arithmetic: Arithmetic::Bf16, ..Options::default() });
        let mut cache = model.cache(tokens.len(), CacheLayout::Full);
        let logits = model.logits(&mut cache, &tokens).expect("there is room");
        let mean =
            logits.iter().zip(&expected).map(|(a, b)| (a - b).abs()).sum::<f32>() / logits.len() as f32;
        println!("{name}: mean distance {mean}, largest {}", distance(&logits, &expected));
        assert!(mean > 1e-4 && mean < 0.2, "{name}: {mean}");
    }
}

#[test]
fn a_text_is_taken_back_and_gone_on_with() {
    let checkpoint = Checkpoint::open(folder("like-2b")).expect("a model");
    let (tokens, expected) = expected("like-2b");
    let vocab_size = checkpoint.config().vocab_size;
    let chunk = 8;
    let model = Model::new(&checkpoint, Options { chunk, ..Options::default() });
    for layout in [CacheLayout::Full, CacheLayout::Ring] {
        let mut cache = model.cache(tokens.len(), layout);
        model.next(&mut cache, &tokens[..30]).expect("there is room");
        // Others in the place of what comes.
        model.next(&mut cache, &[5, 6, 7, 8]).expect("there is room");
        cache.truncate(30).expect("no more than a chunk");
        let logits = model.logits(&mut cache, &tokens[30..]).expect("there is room");
        assert!(distance(&logits, &expected[30 * vocab_size..]) < 2e-4, "{layout:?}");
        match layout {
            CacheLayout::Full => cache.truncate(7).expect("everything is kept"),
            CacheLayout::Ring => {
                let error = cache.truncate(7).expect_err("forgotten");
                assert!(matches!(error, Error::Forgotten { len: 7, seen: 40 }));
                assert_eq!(cache.len(), 40);
                cache.truncate(0).expect("nothing is needed");
            }
        }
        let from = cache.len();
        let logits = model.logits(&mut cache, &tokens[from..]).expect("there is room");
        assert!(distance(&logits, &expected[from * vocab_size..]) < 2e-4, "{layout:?}");
    }
}

#[test]
fn a_ring_is_smaller_and_mistakes_leave_the_cache_as_it_was() {
    let checkpoint = Checkpoint::open(folder("like-2b")).expect("a model");
    let config: &Config = checkpoint.config();
    let model = Model::new(&checkpoint, Options { chunk: 4, ..Options::default() });
    let [full, ring] = [CacheLayout::Full, CacheLayout::Ring].map(|layout| model.cache(100, layout).bytes());
    assert_eq!(full, 4 * 2 * 100 * config.key_size() * 4);
    // Half of the layers are local and keep four tokens before a chunk of four.
    assert_eq!(ring, full / 2 + 2 * 2 * 8 * config.key_size() * 4);
    let mut cache = model.cache(3, CacheLayout::Full);
    assert!(matches!(model.next(&mut cache, &[]), Err(Error::NoTokens)));
    assert!(matches!(model.next(&mut cache, &[2, 96]), Err(Error::Token { id: 96, vocab_size: 96 })));
    assert!(matches!(model.next(&mut cache, &[2; 4]), Err(Error::Context { needed: 4, context: 3 })));
    assert!(cache.is_empty());
}

/// Of the models, the one whose constants are those that readers of GGUF files infer.
#[test]
fn files_of_both_kinds_are_one_model() {
    let scratch = tempfile::tempdir().expect("a folder");
    let checkpoint = Checkpoint::open(folder("like-9b")).expect("a model");
    let path = scratch.path().join("like-9b.gguf");
    to_gguf(&checkpoint, FileType::F32, &path, &Extras::default(), &mut |_| {}).expect("written");
    let (tokens, expected) = expected("like-9b");
    let written = Checkpoint::open(&path).expect("the file");
    let model = Model::new(&written, Options::default());
    let logits = model.logits(&mut model.cache(40, CacheLayout::Full), &tokens).expect("there is room");
    assert!(distance(&logits, &expected) < 2e-4);
}
