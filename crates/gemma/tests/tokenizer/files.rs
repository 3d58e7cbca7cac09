//! Files that are broken, hostile or of another kind are refused with a reason, and never bring the program down.

use crate::common::{reference, small_vocabulary};
use autodidact_gemma::Error;
use autodidact_gemma::tokenizer::{PieceArrays, Tokenizer, Vocabulary};
use proptest::prelude::*;
use serde_json::{Value, json};

fn file(name: &str) -> Vec<u8> {
    std::fs::read(reference(name)).expect("a file")
}

fn load(vocabulary: Result<Vocabulary, Error>) -> Result<Tokenizer, Error> {
    vocabulary.and_then(|vocabulary| Tokenizer::new(&vocabulary))
}

/// What loads must also work.
fn use_it(tokenizer: &Tokenizer) {
    let ids = tokenizer.encode("The Work\n\n  shall mean <start_of_turn> 1234 \u{FFFD}");
    tokenizer.decode(&ids).expect("ids of its own");
}

fn reason<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.expect_err("a file that is refused").to_string()
}

#[test]
fn a_file_that_is_not_there_or_is_no_tokenizer_is_named() {
    let error = Tokenizer::from_file("no/such/tokenizer.model").expect_err("no file");
    assert!(matches!(&error, Error::Read { path, .. } if path.ends_with("tokenizer.model")), "{error}");
    let error = Tokenizer::from_file(reference("tokenizer.py")).expect_err("no tokenizer");
    assert!(matches!(&error, Error::Malformed { path, .. } if path.ends_with("tokenizer.py")), "{error}");
}

#[test]
fn every_beginning_of_a_model_is_refused_or_usable() {
    let bytes = file("tokenizer.model");
    for length in (0..bytes.len()).step_by(7) {
        if let Ok(tokenizer) = load(Vocabulary::from_sentencepiece(&bytes[..length])) {
            use_it(&tokenizer);
        }
    }
    assert!(load(Vocabulary::from_sentencepiece(&[])).is_err());
}

/// The settings of a model with one piece, in protobuf's wire format.
fn model(trainer: &[u8], normalizer: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x0A\x03\x0A\x01a".to_vec();
    bytes.extend([0x12, trainer.len() as u8]);
    bytes.extend(trainer);
    bytes.extend([0x1A, normalizer.len() as u8]);
    bytes.extend(normalizer);
    bytes
}

#[test]
fn other_algorithms_and_normalisations_are_refused_by_name() {
    let (bpe, gemma) = (&[0x18, 2][..], &[0x18, 0, 0x20, 0][..]);
    let read = |trainer: &[u8], normalizer: &[u8]| {
        reason(Vocabulary::from_sentencepiece(&model(trainer, normalizer)))
    };
    assert!(read(&[0x18, 1], gemma).contains("byte-pair"));
    assert!(read(&[], gemma).contains("byte-pair"), "unigram is the default");
    assert!(read(&[0x18, 2, 0xC0, 0x01, 1], gemma).contains("ends of words"));
    assert!(read(bpe, &[]).contains("add_dummy_prefix"), "the default");
    assert!(read(bpe, &[0x18, 0]).contains("remove_extra_whitespaces"), "the default");
    assert!(read(bpe, &[0x18, 0, 0x20, 0, 0x28, 0]).contains("escape_whitespaces"));
    assert!(read(bpe, &[0x18, 0, 0x20, 0, 0x12, 1, 7]).contains("identity"));
    let bytes = model(bpe, gemma);
    let vocabulary = Vocabulary::from_sentencepiece(&bytes).expect("a model");
    assert!(reason(Tokenizer::new(&vocabulary)).contains("byte fallback"));
}

#[test]
fn unusable_vocabularies_are_refused_by_what_is_wrong() {
    let refused = |change: fn(&mut Vocabulary)| {
        let mut vocabulary = Vocabulary::of_pieces(["a", "b"]);
        change(&mut vocabulary);
        reason(Tokenizer::new(&vocabulary))
    };
    assert!(refused(|v| v.pieces[263].text = "b".into()).contains("pieces 263 and 264 are both `b`"));
    assert!(refused(|v| v.pieces[263].text = "<bos>".into()).contains("pieces 2 and 263"));
    assert!(refused(|v| v.pieces[263].text = String::new()).contains("empty"));
    assert!(refused(|v| v.pieces[263].score = f32::NAN).contains("not a number"));
    assert!(refused(|v| v.pieces[20].text = "<0xZZ>".into()).contains("<0xZZ>"));
    assert!(refused(|v| v.pieces[20].text = "<0x00>".into()).contains("no piece for byte 0x0D"));
    assert!(refused(|v| v.eos = Some(265)).contains("eos id 265"));
    assert!(
        refused(|v| v.pieces[263].kind = autodidact_gemma::tokenizer::PieceKind::Unused).contains("unused")
    );
}

#[test]
fn arrays_that_do_not_fit_are_refused() {
    let arrays = || PieceArrays {
        tokens: vec!["a".into()],
        scores: vec![0.0],
        token_types: vec![1],
        ..PieceArrays::default()
    };
    assert!(
        reason(Vocabulary::from_arrays(PieceArrays { scores: vec![], ..arrays() }))
            .contains("1 tokens, 0 scores")
    );
    assert!(
        reason(Vocabulary::from_arrays(PieceArrays { token_types: vec![7], ..arrays() })).contains("type 7")
    );
    let prefix = PieceArrays { add_space_prefix: true, ..arrays() };
    assert!(reason(Vocabulary::from_arrays(prefix)).contains("add_space_prefix"));
    assert!(reason(Vocabulary::from_arrays(PieceArrays::default())).contains("0 tokens"));
}

fn changed_json(change: impl FnOnce(&mut Value)) -> Result<Vocabulary, Error> {
    let mut json: Value = serde_json::from_slice(&file("tokenizer.json")).expect("a JSON file");
    change(&mut json);
    Vocabulary::from_json(json.to_string().as_bytes())
}

#[test]
fn json_files_of_other_kinds_are_refused_by_name() {
    let refused = |path: &str, value: Value| {
        reason(changed_json(|json| *json.pointer_mut(path).expect("a place in the file") = value))
    };
    assert!(refused("/model/type", json!("Unigram")).contains("`Unigram`"));
    assert!(refused("/model/byte_fallback", json!(false)).contains("byte fallback"));
    assert!(refused("/model/dropout", json!(0.1)).contains("at random"));
    assert!(refused("/model/end_of_word_suffix", json!("</w>")).contains("ends of words"));
    assert!(refused("/model/continuing_subword_prefix", json!("##")).contains("insides of words"));
    assert!(refused("/normalizer", json!({"type": "NFKC"})).contains("NFKC"));
    assert!(refused("/pre_tokenizer", json!({"type": "ByteLevel"})).contains("ByteLevel"));
    assert!(refused("/model/vocab", json!({"a": 0, "b": 0})).contains("id"));
    assert!(refused("/model/vocab", json!({"a": 70})).contains("only"));
    assert!(refused("/model/merges", json!(["ab"])).contains("merge of one piece"));
    assert!(refused("/model/merges", json!([["a"]])).contains("less than two"));
    assert!(refused("/model/merges", json!([])).contains("not among the merges"));
    let moved = changed_json(|json| {
        let merges = json["model"]["merges"].as_array_mut().expect("merges");
        let of_the =
            merges.iter().position(|pair| pair == &json!(["▁", "the"])).expect("a merge into `▁the`");
        let pair = merges.remove(of_the);
        merges.push(pair);
    });
    assert!(reason(moved).contains("not side by side"));
}

#[test]
fn json_files_may_write_merges_as_one_text_and_spaces_otherwise() {
    let vocabulary = changed_json(|json| {
        for pair in json["model"]["merges"].as_array_mut().expect("merges") {
            *pair = json!(format!("{} {}", pair[0].as_str().expect("text"), pair[1].as_str().expect("text")));
        }
        json["normalizer"] = json!({"type": "Sequence", "normalizers": [json["normalizer"].clone()]});
        json["pre_tokenizer"] =
            json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": false});
    });
    assert_eq!(
        vocabulary.expect("a tokenizer"),
        Vocabulary::from_json(&file("tokenizer.json")).expect("a tokenizer")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_no_tokenizer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(load(Vocabulary::from_sentencepiece(&bytes)).is_err());
        prop_assert!(load(Vocabulary::from_json(&bytes)).is_err());
    }

    #[test]
    fn changed_bytes_are_refused_or_usable(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        for name in ["tokenizer.model", "tokenizer.json"] {
            let mut bytes = file(name);
            for (place, byte) in &places {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
            let read = if name == "tokenizer.model" { Vocabulary::from_sentencepiece } else { Vocabulary::from_json };
            for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
                if let Ok(tokenizer) = load(read(bytes)) {
                    use_it(&tokenizer);
                }
            }
        }
    }

    #[test]
    fn changed_arrays_are_refused_or_usable(
        ids in prop::collection::vec((any::<prop::sample::Index>(), "\\PC{0,4}", any::<f32>(), -1..8_i32), 1..6),
        meanings in prop::collection::vec(prop::option::of(0..1200_u32), 4),
    ) {
        let pieces = small_vocabulary().pieces;
        let mut arrays = PieceArrays {
            tokens: pieces.iter().map(|piece| piece.text.clone()).collect(),
            scores: pieces.iter().map(|piece| piece.score).collect(),
            token_types: pieces.iter().map(|piece| piece.kind as i32).collect(),
            bos: meanings[0], eos: meanings[1], unknown: meanings[2], padding: meanings[3],
            add_space_prefix: false,
        };
        for (place, text, score, kind) in ids {
            let id = place.index(pieces.len());
            (arrays.tokens[id], arrays.scores[id], arrays.token_types[id]) = (text, score, kind);
        }
        if let Ok(tokenizer) = load(Vocabulary::from_arrays(arrays)) {
            use_it(&tokenizer);
        }
    }
}
