//! Gemma's own vocabulary, where the shared test data are at hand.

use std::io::Read;

use crate::common::{after_round_trip, test_data};
use autodidact_gemma::tokenizer::{
    Encoding, Message, PieceArrays, PieceKind, Role, Specials, Tokenizer, Vocabulary,
};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Deserialize;
use sha2::{Digest, Sha256};

fn vocabulary() -> Option<Vocabulary> {
    let path = test_data("gemma/tokenizer.model")?;
    Some(Vocabulary::from_file(path).expect("Gemma's model"))
}

fn tokenizer() -> Option<Tokenizer> {
    Some(Tokenizer::new(&vocabulary()?).expect("Gemma's vocabulary"))
}

#[derive(Deserialize)]
struct Golden {
    text: Option<String>,
    bytes_hex: Option<String>,
    ids: Vec<u32>,
    decoded: String,
    pieces: Option<Vec<String>>,
}

fn assert_golden(tokenizer: &Tokenizer) {
    let mut count = 0;
    for name in ["gemma/tokenizer-golden.jsonl", "gemma/tokenizer-golden-decode.jsonl"] {
        let lines = std::fs::read_to_string(test_data(name).expect("beside the model")).expect("a text");
        for line in lines.lines() {
            let Golden { text, bytes_hex, ids, decoded, pieces } =
                serde_json::from_str(line).expect("a golden line");
            let hex = bytes_hex.map(|bytes| hex::decode(bytes).expect("bytes"));
            if let Some(bytes) = text.map(String::into_bytes).or(hex) {
                assert_eq!(tokenizer.encode(&bytes), ids, "{line}");
            }
            assert_eq!(tokenizer.decode(&ids).expect("known ids"), decoded, "{line}");
            if let Some(pieces) = pieces {
                let of_ids: Vec<_> = ids.iter().map(|&id| tokenizer.piece(id).expect("a known id")).collect();
                assert_eq!(of_ids, pieces);
            }
            count += 1;
        }
    }
    assert_eq!(count, 239, "golden lines");
}

#[test]
fn golden_lines_come_out_exactly() {
    let Some(tokenizer) = tokenizer() else { return };
    assert_golden(&tokenizer);
    assert_eq!((tokenizer.bos(), tokenizer.eos(), tokenizer.padding()), (Some(2), Some(1), Some(0)));
    assert_eq!(tokenizer.stop_ids(), [1, 107]);
}

/// Examples of the tests of Hugging Face's transformers.
#[test]
fn examples_of_other_implementations_come_out_exactly() {
    let Some(tokenizer) = tokenizer() else { return };
    for (text, ids) in [
        ("This is a test", &[2, 1596, 603, 476, 2121][..]),
        ("生活的真谛是", &[2, 122182, 235710, 245467, 235427]),
        ("Hi  Hello", &[2, 2151, 139, 4521]),
        (" Hello", &[2, 25957]),
        ("A sample test", &[2, 235280, 6453, 2121]),
        // Of llama.cpp, issue 8228: the longest run of spaces first.
        (&(" ".repeat(50) + "fifty spaces"), &[2, 168, 156, 132133, 14130]),
    ] {
        assert_eq!(tokenizer.encode_with(text, Encoding { bos: true, ..Encoding::default() }), ids, "{text}");
    }
    assert_eq!(tokenizer.decode(&[30112, 869]).expect("known ids"), " expenditureog");
}

#[test]
fn the_chat_template_makes_the_published_ids() {
    let Some(tokenizer) = tokenizer() else { return };
    let ids =
        tokenizer.encode_chat(&[Message::new(Role::User, "Why is the sky blue?")]).expect("a conversation");
    assert_eq!(ids, [2, 106, 1645, 108, 4385, 603, 573, 8203, 3868, 235336, 107, 108, 106, 2516, 108]);
}

#[test]
fn users_cannot_forge_turns_but_have_tags_and_runs() {
    let Some(tokenizer) = tokenizer() else { return };
    let special = |id: u32| matches!(id, 4..=107 | 255_968 | 255_999);
    for id in 0..tokenizer.vocab_size() as u32 {
        assert_eq!(tokenizer.is_special(id), special(id), "{id}");
        if tokenizer.kind(id) == Some(PieceKind::UserDefined) {
            let ids = tokenizer.encode_with(
                tokenizer.piece(id).expect("a piece"),
                Encoding { bos: false, specials: Specials::AsText },
            );
            assert_eq!(ids == [id], !special(id), "{id}");
            assert!(!ids.iter().any(|&id| special(id)), "{id}");
        }
    }
}

/// The arrays of `tokenizer.ggml.*` as files have them.
fn arrays(vocabulary: &Vocabulary) -> PieceArrays {
    let pieces = &vocabulary.pieces;
    PieceArrays {
        tokens: pieces.iter().map(|piece| piece.text.clone()).collect(),
        scores: pieces.iter().map(|piece| piece.score).collect(),
        token_types: pieces.iter().map(|piece| piece.kind as i32).collect(),
        bos: Some(2),
        eos: Some(1),
        unknown: Some(3),
        padding: Some(0),
        add_space_prefix: false,
    }
}

#[test]
fn wrong_kinds_of_old_files_are_set_right() {
    let Some(vocabulary) = vocabulary() else { return };
    let normal = PieceArrays { token_types: vec![1; 256_000], ..arrays(&vocabulary) };
    let mut control = arrays(&vocabulary);
    for (text, kind) in control.tokens.iter_mut().zip(&mut control.token_types) {
        if *kind == PieceKind::UserDefined as i32 {
            *kind = PieceKind::Control as i32;
            *text = text.replace('▁', " ");
        }
    }
    control.scores.fill(-1000.0);
    for arrays in [arrays(&vocabulary), normal, control] {
        let repaired = Vocabulary::from_arrays(arrays).expect("equally long");
        assert_eq!(repaired.pieces, vocabulary.pieces);
        assert_golden(&Tokenizer::new(&repaired).expect("Gemma's vocabulary"));
    }
}

/// As Hugging Face writes it, but without merges, which Gemma's own vocabulary does not need.
#[test]
fn a_json_file_of_gemma_follows_the_model() {
    let Some(vocabulary) = vocabulary() else { return };
    let shown = |text: &String| if text == "<0x09>" { "\t".into() } else { text.clone() };
    let ids: serde_json::Map<_, _> =
        vocabulary.pieces.iter().enumerate().map(|(id, piece)| (shown(&piece.text), id.into())).collect();
    let file = serde_json::json!({
        "added_tokens": [{"id": 106, "content": "<start_of_turn>", "special": true}],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "model": {"type": "BPE", "byte_fallback": true, "unk_token": "<unk>", "vocab": ids, "merges": []},
    });
    let read = Vocabulary::from_json(file.to_string().as_bytes()).expect("a tokenizer");
    assert_eq!(read.pieces, vocabulary.pieces);
    assert_golden(&Tokenizer::new(&read).expect("Gemma's vocabulary"));
}

/// Ollama's converter has these hashes of the arrays it makes of google/gemma-2-2b-it, written as Go writes JSON. It calls
/// turns control pieces and all other user-defined pieces normal.
#[test]
fn pieces_scores_and_kinds_are_those_of_another_converter() {
    let Some(vocabulary) = vocabulary() else { return };
    let golden = test_data("gemma/ollama-convert-golden-gemma-2-2b-it.json").expect("beside the model");
    let golden: serde_json::Value =
        serde_json::from_slice(&std::fs::read(golden).expect("a file")).expect("a JSON file");
    let PieceArrays { tokens, scores, token_types, .. } = arrays(&vocabulary);
    let tokens = [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ]
    .iter()
    .fold(serde_json::to_string(&tokens).expect("texts"), |json, (sign, escape)| json.replace(*sign, escape));
    let types = token_types.iter().enumerate().map(|(id, &kind)| match id {
        106 | 107 => 3,
        _ if kind == PieceKind::UserDefined as i32 => 1,
        _ => kind,
    });
    let list = |numbers: Vec<String>| format!("[{}]", numbers.join(","));
    for (name, json) in [
        ("tokens", tokens),
        ("scores", list(scores.iter().map(ToString::to_string).collect())),
        ("token_type", list(types.map(|kind| kind.to_string()).collect())),
    ] {
        let expected = golden[format!("tokenizer.ggml.{name}")].as_str().expect("a hash");
        assert_eq!(hex::encode(Sha256::digest(json)), expected, "{name}");
    }
}

/// Random bytes, pieces, runs of whitespace and letters, mixed.
fn random_bytes(rng: &mut impl Rng, tokenizer: &Tokenizer) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..rng.random_range(1..10) {
        match rng.random_range(0..4) {
            0 => bytes.extend((0..rng.random_range(1..8)).map(|_| rng.random::<u8>())),
            1 => {
                let id = rng.random_range(0..tokenizer.vocab_size() as u32);
                bytes.extend(tokenizer.piece(id).expect("a piece").bytes());
            }
            2 => {
                let sign = *[" ", "\n", "\t", "▁", "<", "é"].choose(rng).expect("signs");
                bytes.extend(sign.repeat(rng.random_range(1..40)).bytes());
            }
            _ => bytes.extend(
                (0..rng.random_range(1..20)).map(|_| *b"abehinorst ,.019".choose(rng).expect("letters")),
            ),
        }
    }
    bytes
}

fn assert_round_trips(count: usize) {
    let Some(tokenizer) = tokenizer() else { return };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    for _ in 0..count {
        let bytes = random_bytes(&mut rng, &tokenizer);
        let ids = tokenizer.encode(&bytes);
        assert_eq!(tokenizer.decode(&ids).expect("known ids"), after_round_trip(&bytes), "{bytes:?}");
        let as_text = tokenizer.encode_with(&bytes, Encoding { bos: false, specials: Specials::AsText });
        assert!(as_text.iter().all(|&id| !tokenizer.is_special(id)), "{bytes:?}");
        assert_eq!(tokenizer.decode(&as_text).expect("known ids"), after_round_trip(&bytes), "{bytes:?}");
    }
}

#[test]
fn random_bytes_round_trip() {
    assert_round_trips(20_000);
}

#[test]
#[ignore = "takes half a minute"]
fn a_million_random_byte_strings_round_trip() {
    assert_round_trips(1_000_000);
}

/// Cuts and what is remembered do not show: a text has the ids that `Tokenizer` gives it when its lines are glued by a piece that never
/// merges, and a fresh tokenizer gives the same.
#[test]
fn lines_of_a_book_are_the_same_alone_and_together() {
    let (Some(tokenizer), Some(path)) = (tokenizer(), test_data("text/books-classics-valid.txt.gz")) else {
        return;
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("a file");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("a text");
    let mut alone = Vec::new();
    for line in text.split_inclusive('\n').filter(|line| *line != "\n") {
        alone.extend(tokenizer.encode(line));
    }
    let text: String = text.split_inclusive('\n').filter(|line| *line != "\n").collect();
    assert_eq!(tokenizer.encode(text), alone);
}
