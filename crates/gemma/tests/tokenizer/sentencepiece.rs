//! The tokenizer beside Google's `sentencepiece`: the values are in `reference/`, with the script that made them, and for Gemma's own
//! vocabulary among the shared test data.

use std::time::Instant;

use crate::common::{after_round_trip, reference, small, small_vocabulary};
use autodidact_gemma::Error;
use autodidact_gemma::tokenizer::{Encoding, Piece, PieceArrays, PieceKind, Specials, Tokenizer, Vocabulary};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Cases {
    encodings: Vec<EncodingCase>,
    decodings: Vec<Decoding>,
}

#[derive(Deserialize)]
struct EncodingCase {
    bytes: String,
    ids: Vec<u32>,
    ids_as_text: Vec<u32>,
    decoded: String,
}

#[derive(Deserialize)]
struct Decoding {
    ids: Vec<u32>,
    decoded: String,
}

fn cases(name: &str) -> Cases {
    let text = std::fs::read(reference("tokenizer.cases.json")).expect("cases");
    let mut all: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&text).expect("cases");
    serde_json::from_value(all.remove(name).expect("cases of this tokenizer")).expect("cases")
}

fn assert_cases(tokenizer: &Tokenizer, Cases { encodings, decodings }: &Cases) {
    for EncodingCase { bytes, ids, ids_as_text, decoded } in encodings {
        let text = hex::decode(bytes).expect("bytes");
        assert_eq!(&tokenizer.encode(&text), ids, "{:?}", String::from_utf8_lossy(&text));
        let as_text = tokenizer.encode_with(&text, Encoding { bos: false, specials: Specials::AsText });
        assert_eq!(&as_text, ids_as_text, "{:?}", String::from_utf8_lossy(&text));
        assert_eq!(&tokenizer.decode(ids).expect("known ids"), decoded);
    }
    for Decoding { ids, decoded } in decodings {
        assert_eq!(&tokenizer.decode(ids).expect("known ids"), decoded, "{ids:?}");
    }
}

#[test]
fn ids_and_texts_are_those_of_sentencepiece() {
    for name in ["tokenizer", "tokenizer-phrases", "tokenizer-ties"] {
        let tokenizer = Tokenizer::from_file(reference(&format!("{name}.model"))).expect("a model");
        assert_cases(&tokenizer, &cases(name));
        // What is remembered from the first time must not change the second.
        assert_cases(&tokenizer, &cases(name));
    }
}

#[test]
fn a_json_file_makes_the_tokenizer_of_the_model_it_was_made_of() {
    let tokenizer = Tokenizer::from_file(reference("tokenizer.json")).expect("a tokenizer");
    assert_cases(&tokenizer, &cases("tokenizer"));
    assert_eq!((tokenizer.bos(), tokenizer.eos(), tokenizer.padding()), (Some(2), Some(1), Some(0)));
}

fn arrays(vocabulary: &Vocabulary) -> PieceArrays {
    let pieces = &vocabulary.pieces;
    PieceArrays {
        tokens: pieces.iter().map(|piece| piece.text.clone()).collect(),
        scores: pieces.iter().map(|piece| piece.score).collect(),
        token_types: pieces.iter().map(|piece| piece.kind as i32).collect(),
        bos: vocabulary.bos,
        eos: vocabulary.eos,
        unknown: Some(3),
        padding: vocabulary.padding,
        add_space_prefix: false,
    }
}

#[test]
fn arrays_make_the_tokenizer_of_the_model_they_were_made_of() {
    let vocabulary = small_vocabulary();
    let mut arrays = arrays(&vocabulary);
    // As llama.cpp's converter writes user-defined pieces: with plain spaces, and a score of their own.
    for id in 0..arrays.tokens.len() {
        if arrays.token_types[id] == PieceKind::UserDefined as i32 {
            arrays.tokens[id] = arrays.tokens[id].replace('▁', " ");
            arrays.scores[id] = -1000.0;
        }
    }
    let tokenizer = Tokenizer::new(&Vocabulary::from_arrays(arrays).expect("equally long")).expect("usable");
    assert_cases(&tokenizer, &cases("tokenizer"));
}

#[test]
fn the_meaning_of_pieces_is_read() {
    let tokenizer = small();
    assert_eq!((tokenizer.bos(), tokenizer.eos(), tokenizer.padding()), (Some(2), Some(1), Some(0)));
    assert_eq!(tokenizer.kind(3), Some(PieceKind::Unknown));
    assert_eq!(tokenizer.vocab_size(), 1100);
    assert_eq!(tokenizer.kind(1100), None);
    let spaces = tokenizer.id("▁▁▁").expect("a run of spaces");
    assert_eq!(tokenizer.piece(spaces).as_deref(), Some("▁▁▁"));
    assert_eq!(tokenizer.id("   "), Some(spaces));
    assert!(!tokenizer.is_special(spaces));
    assert!(tokenizer.is_special(tokenizer.id("<unused0>").expect("a special piece")));
    assert!(!tokenizer.is_special(tokenizer.id("<h1>").expect("a tag")));
}

#[test]
fn the_beginning_is_marked_only_if_asked_for() {
    let tokenizer = small();
    let with = tokenizer.encode_with("the work", Encoding { bos: true, ..Encoding::default() });
    assert_eq!(with.split_first(), Some((&2, &tokenizer.encode("the work")[..])));
}

#[test]
fn batches_are_encoded_as_their_texts_are() {
    let tokenizer = small();
    let texts: Vec<String> =
        (0..200).map(|i| format!("{i} texts of the License {}", "x ".repeat(i))).collect();
    let encoding = Encoding { bos: true, specials: Specials::AsText };
    let singly: Vec<_> = texts.iter().map(|text| tokenizer.encode_with(text, encoding)).collect();
    assert_eq!(tokenizer.encode_batch(&texts, encoding), singly);
}

#[test]
fn unknown_ids_are_errors() {
    let error = small().decode(&[5, 1100]).expect_err("no such id");
    assert!(matches!(error, Error::Token { id: 1100, vocab_size: 1100 }), "{error}");
}

/// Quadratic time would be hours.
#[test]
fn long_texts_without_a_place_to_cut_take_no_quadratic_time() {
    let start = Instant::now();
    for name in ["tokenizer", "tokenizer-phrases"] {
        let tokenizer = Tokenizer::from_file(reference(&format!("{name}.model"))).expect("a model");
        for unit in ["a", "th", "the ", " ", "\n", "天", "<", "<h1", "\u{FFFD}", "ou▁"] {
            let text = unit.repeat((1 << 20) / unit.len());
            let ids = tokenizer.encode(&text);
            assert_eq!(tokenizer.decode(&ids).expect("known ids"), after_round_trip(text.as_bytes()));
        }
    }
    assert!(start.elapsed().as_secs() < 120, "{:?}", start.elapsed());
}

/// The definition, step by step: all pairs are looked at for every merge.
fn encode_slowly(vocabulary: &Vocabulary, text: &str) -> Vec<u32> {
    let pieces = &vocabulary.pieces;
    let find = |text: &str, kind| pieces.iter().position(|piece| piece.kind == kind && piece.text == text);
    let mut symbols: Vec<(String, bool)> = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let user_defined = pieces.iter().filter(|piece| piece.kind == PieceKind::UserDefined);
        let longest = user_defined
            .map(|piece| &piece.text)
            .filter(|text| rest.starts_with(*text))
            .max_by_key(|text| text.len());
        let symbol = longest.cloned().unwrap_or_else(|| character.to_string());
        rest = &rest[symbol.len()..];
        symbols.push((symbol, longest.is_some()));
    }
    loop {
        let mut best: Option<(usize, f32)> = None;
        for left in 0..symbols.len().saturating_sub(1) {
            let merged = format!("{}{}", symbols[left].0, symbols[left + 1].0);
            let free = !symbols[left].1 && !symbols[left + 1].1;
            let Some(id) = find(&merged, PieceKind::Normal).filter(|_| free) else { continue };
            if best.is_none_or(|(_, score)| pieces[id].score > score) {
                best = Some((left, pieces[id].score));
            }
        }
        let Some((left, _)) = best else { break };
        let right = symbols.remove(left + 1);
        symbols[left].0 += &right.0;
    }
    let mut ids = Vec::new();
    for (symbol, frozen) in symbols {
        let kind = if frozen { PieceKind::UserDefined } else { PieceKind::Normal };
        match find(&symbol, kind) {
            Some(id) => ids.push(id as u32),
            None => ids.extend(symbol.bytes().map(|byte| {
                find(&format!("<0x{byte:02X}>"), PieceKind::Byte).expect("a piece for every byte") as u32
            })),
        }
    }
    ids
}

prop_compose! {
    /// Random pieces of few characters, so that merges meet; some scores are equal, some characters are no piece.
    fn vocabularies()(
        texts in prop::collection::btree_set("[abé▁0]{1,4}|a{5,20}|[ab]{14,18}", 1..40),
        scores in prop::collection::vec(0..20_i32, 40),
        user_defined in prop::collection::btree_set("[ab▁]{2,3}|<[ab]>", 0..4),
    ) -> Vocabulary {
        let mut vocabulary = Vocabulary::of_pieces([]);
        let normal = texts.iter().filter(|text| !user_defined.contains(*text)).map(|text| (text, PieceKind::Normal));
        let all = normal.chain(user_defined.iter().map(|text| (text, PieceKind::UserDefined)));
        let pieces = all.zip(&scores).map(|((text, kind), &score)| Piece { text: text.clone(), score: score as f32, kind });
        vocabulary.pieces.extend(pieces);
        vocabulary
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn merges_are_those_of_the_definition(
        vocabulary in vocabularies(),
        texts in prop::collection::vec("[abé▁0<>\n]{0,40}|a{0,40}", 8),
    ) {
        let tokenizer = Tokenizer::new(&vocabulary).expect("a usable vocabulary");
        for text in texts.iter().chain(&texts) {
            prop_assert_eq!(tokenizer.encode(text), encode_slowly(&vocabulary, text));
        }
    }

    #[test]
    fn decoding_gives_the_text_back(bytes in prop::collection::vec(any::<u8>(), 0..60), text in "\\PC{0,30}") {
        let tokenizer = small();
        for bytes in [&bytes[..], text.as_bytes(), &[text.as_bytes(), &bytes].concat()] {
            for specials in [Specials::Match, Specials::AsText] {
                let ids = tokenizer.encode_with(bytes, Encoding { bos: false, specials });
                prop_assert_eq!(tokenizer.decode(&ids).expect("known ids"), after_round_trip(bytes));
            }
        }
    }

    #[test]
    fn a_stream_gives_what_all_ids_at_once_give(ids in prop::collection::vec(prop_oneof![0..1100_u32, 26..282_u32], 0..40)) {
        let tokenizer = small();
        let mut decoder = tokenizer.decoder();
        let mut text = String::new();
        for &id in &ids {
            text += decoder.push(id).expect("a known id");
        }
        text += decoder.finish();
        prop_assert_eq!(text, tokenizer.decode(&ids).expect("known ids"));
    }
}

#[test]
fn a_stream_holds_back_characters_until_they_are_whole() {
    let tokenizer = Tokenizer::new(&Vocabulary::of_pieces(["a"])).expect("a usable vocabulary");
    let mut decoder = tokenizer.decoder();
    let texts: Vec<String> =
        tokenizer.encode("a😀a").iter().map(|&id| decoder.push(id).expect("known").to_owned()).collect();
    assert_eq!(texts, ["a", "", "", "", "😀", "a"]);
    let byte = |byte: u32| 7 + byte;
    // The lead byte of two, then one that does not go on; then one that could begin three.
    assert_eq!(decoder.push(byte(0xC3)).expect("known"), "");
    assert_eq!(decoder.push(byte(0x28)).expect("known"), "\u{FFFD}(");
    assert_eq!(decoder.push(byte(0xE2)).expect("known"), "");
    assert_eq!(decoder.finish(), "\u{FFFD}");
    assert_eq!(decoder.finish(), "");
    let turn = tokenizer.id("<end_of_turn>").expect("a piece");
    assert_eq!(decoder.push(turn).expect("known"), "<end_of_turn>");
    assert_eq!(tokenizer.decoder().hide_specials().push(turn).expect("known"), "");
}
