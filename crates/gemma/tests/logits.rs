//! Logits of random models beside those of transformers; `reference/models.py` made both.

use std::fs;
use std::path::{Path, PathBuf};

use autodidact_gemma::model::{Arithmetic, CacheLayout, Model, Options};
use autodidact_gemma::quantize::{Extras, FileType, to_gguf};
use autodidact_gemma::weights::Checkpoint;
use autodidact_gemma::{Config, Error, perplexity};
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
                let mut cache = model.cache(tokens.len(), layout).expect("memory");
                let logits = model.logits(&mut cache, &tokens).expect("there is room");
                let distance_at_once = distance(&logits, &expected);
                assert!(distance_at_once < 2e-4, "{name}, {chunk} at a time, {layout:?}: {distance_at_once}");

                // A long beginning, and then token by token.
                let mut cache = model.cache(tokens.len(), layout).expect("memory");
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
        let mut cache = model.cache(tokens.len(), CacheLayout::Full).expect("memory");
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
        let mut cache = model.cache(tokens.len(), layout).expect("memory");
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

/// Steps back that are each short are refused where they are long together.
#[test]
fn a_text_is_taken_back_again_and_again() {
    let checkpoint = Checkpoint::open(folder("like-2b")).expect("a model");
    let (tokens, expected) = expected("like-2b");
    let vocab_size = checkpoint.config().vocab_size;
    let model = Model::new(&checkpoint, Options { chunk: 8, ..Options::default() });
    for (read, back) in
        [(30, &[22, 14][..]), (15, &[8, 1]), (30, &[28, 25, 22]), (12, &[5, 2]), (40, &[35, 33])]
    {
        let mut cache = model.cache(60, CacheLayout::Ring).expect("memory");
        model.next(&mut cache, &tokens[..read]).expect("there is room");
        for &len in back {
            match cache.truncate(len) {
                Ok(()) => {
                    let logits = model.logits(&mut cache.clone(), &tokens[len..]).expect("there is room");
                    let distance = distance(&logits, &expected[len * vocab_size..]);
                    assert!(distance < 2e-4, "{read} read, back to {len}: {distance}");
                }
                Err(error) => {
                    assert!(matches!(error, Error::Forgotten { .. }));
                    assert!(read - len > 8, "{read} read, back to {len}");
                }
            }
        }
    }
}

/// Weights of every packed format, multiplied as integers, beside the same weights exactly.
#[test]
fn integer_products_are_near() {
    let scratch = tempfile::tempdir().expect("a folder");
    let checkpoint = Checkpoint::open(folder("of-blocks")).expect("a model");
    let (tokens, _) = expected("of-blocks");
    for file_type in [FileType::Q8_0, FileType::Q4_0, FileType::Q4_K_M, FileType::Q6_K] {
        let path = scratch.path().join(format!("{file_type}.gguf"));
        to_gguf(&checkpoint, file_type, &path, &Extras::default(), &mut |_| {}).expect("written");
        let written = Checkpoint::open(&path).expect("the file");
        let logits = |arithmetic| {
            let model = Model::new(&written, Options { arithmetic, ..Options::default() });
            model
                .logits(&mut model.cache(40, CacheLayout::Full).expect("memory"), &tokens)
                .expect("there is room")
        };
        let (exact, rounded) = (logits(Arithmetic::F32), logits(Arithmetic::Int8));
        let mean = exact.iter().zip(&rounded).map(|(a, b)| (a - b).abs()).sum::<f32>() / exact.len() as f32;
        println!("{file_type}: mean distance {mean}");
        assert!(mean > 1e-5 && mean < 0.1, "{file_type}: {mean}");
    }
}

/// By the definition: each second half is foretold from what is before it.
#[test]
fn perplexity_is_that_of_the_second_halves() {
    let checkpoint = Checkpoint::open(folder("like-2b")).expect("a model");
    let (mut tokens, _) = expected("like-2b");
    let model = Model::new(&checkpoint, Options { chunk: 7, ..Options::default() });
    let vocab_size = checkpoint.config().vocab_size;
    let context = 15;
    let (mut sum, mut count) = (0.0, 0);
    for piece in [0, 15] {
        let mut piece = tokens[piece..piece + context].to_vec();
        piece[0] = 2;
        let mut cache = model.cache(context, CacheLayout::Full).expect("memory");
        let logits = model.logits(&mut cache, &piece).expect("there is room");
        for at in context / 2..context - 1 {
            let row: Vec<f64> =
                logits[at * vocab_size..(at + 1) * vocab_size].iter().map(|&x| f64::from(x)).collect();
            let total: f64 = row.iter().map(|x| x.exp()).sum();
            sum -= (row[piece[at + 1] as usize].exp() / total).ln();
            count += 1;
        }
    }
    let found = perplexity(&model, &tokens, context, &mut |_, _| {}).expect("two pieces");
    assert_eq!(found.tokens, count);
    assert!((found.cross_entropy - sum / f64::from(count as u32)).abs() < 1e-5, "{found:?}");
    // A token that is foretold and never read is looked at too.
    tokens[14] = 96;
    let error = perplexity(&model, &tokens, context, &mut |_, _| {}).expect_err("no such token");
    assert!(matches!(error, Error::Token { id: 96, .. }));
    assert!(matches!(
        perplexity(&model, &tokens[..3], 15, &mut |_, _| {}),
        Err(Error::Short { tokens: 3, needed: 15 })
    ));
}

#[test]
fn a_ring_is_smaller_and_mistakes_leave_the_cache_as_it_was() {
    let checkpoint = Checkpoint::open(folder("like-2b")).expect("a model");
    let config: &Config = checkpoint.config();
    let model = Model::new(&checkpoint, Options { chunk: 4, ..Options::default() });
    let [full, ring] = [CacheLayout::Full, CacheLayout::Ring]
        .map(|layout| model.cache(100, layout).expect("memory").bytes());
    assert_eq!(full, 4 * 2 * 100 * config.key_size() * 4);
    // Half of the layers are local and keep four tokens before a chunk of four.
    assert_eq!(ring, full / 2 + 2 * 2 * 8 * config.key_size() * 4);
    let mut cache = model.cache(3, CacheLayout::Full).expect("memory");
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
    let logits = model
        .logits(&mut model.cache(40, CacheLayout::Full).expect("memory"), &tokens)
        .expect("there is room");
    assert!(distance(&logits, &expected) < 2e-4);
}
