//! Measures against those of EGG, scipy and editdistance (`reference/languages.py`) and of rapidfuzz (`reference/similarity.py`).

use autodidact_communicate::measures::topographic::{
    FeatureDistance, MessageDistance, spearman, topographic_similarity_by, topographic_similarity_of_features,
};
use autodidact_communicate::measures::{Summary, information, language_similarities, language_similarity};
use autodidact_communicate::{Features, Language, Messages, Objects};
use serde_json::Value;

/// Sums in another order, in f64.
const TOLERANCE: f64 = 1e-9;
/// EGG's own sums in f32.
const TOLERANCE_32: f64 = 2e-6;

fn stored() -> Value {
    serde_json::from_str(include_str!("reference/languages.json")).expect("the file is JSON")
}

fn table<T>(value: &Value, number: impl Fn(&Value) -> Option<T>) -> Vec<Vec<T>> {
    let numbers =
        |row: &Value| row.as_array().expect("a row").iter().map(|x| number(x).expect("a number")).collect();
    value.as_array().expect("a table").iter().map(numbers).collect()
}

fn integers(value: &Value) -> Vec<Vec<u32>> {
    table(value, |x| u32::try_from(x.as_u64()?).ok())
}

fn floats(value: &Value) -> Vec<Vec<f64>> {
    table(value, Value::as_f64)
}

fn language(case: &Value) -> Language {
    let objects = Objects::from_rows(&integers(&case["objects"])).expect("objects");
    let messages = Messages::from_rows(&integers(&case["messages"])).expect("messages");
    Language::new(objects, messages).expect("as many messages as objects")
}

fn assert_close(got: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((got - expected).abs() <= tolerance, "{what}: {got}, expected {expected}");
}

#[test]
fn measures_equal_those_of_egg_and_scipy() {
    let stored = stored();
    let cases = stored["languages"].as_array().expect("languages");
    assert_eq!(cases.len(), 11);
    for case in cases {
        let language = language(case);
        let summary = Summary::new(&language, MessageDistance::Edit);
        let by = |distance| topographic_similarity_by(&language, distance);
        let features = floats(&case["features"]);
        let features = Features::new(features.concat(), features[0].len()).expect("features");
        let of_features = |of_features, of_messages| {
            topographic_similarity_of_features(&features, language.messages(), of_features, of_messages)
                .expect("fits")
        };
        let other = Messages::from_rows(&integers(&case["other"])).expect("messages");
        let measured = [
            ("topographic_similarity", summary.topographic_similarity),
            ("posdis", summary.posdis),
            ("bosdis", summary.bosdis),
            ("topographic_words", by(MessageDistance::Words)),
            ("topographic_normalized_words", by(MessageDistance::NormalizedWords)),
            ("topographic_hamming", by(MessageDistance::Hamming)),
            ("topographic_cosine", of_features(FeatureDistance::Cosine, MessageDistance::Words)),
            ("topographic_euclidean", of_features(FeatureDistance::Euclidean, MessageDistance::Hamming)),
            ("message_entropy", Some(summary.messages.message_entropy)),
            ("object_entropy", Some(summary.object_entropy)),
            ("mutual_information", Some(summary.mutual_information)),
            ("symbol_entropy", Some(summary.messages.symbol_entropy)),
            ("context_independence", summary.context_independence),
            ("language_similarity", Some(language_similarity(language.messages(), &other).expect("fits"))),
            ("mean_length", Some(summary.messages.message_length.mean)),
            ("distinct_messages", Some(summary.messages.distinct_messages as f64)),
        ];
        let values = case["values"].as_object().expect("values");
        assert_eq!(values.len(), measured.len());
        for (name, got) in measured {
            let expected = values[name].as_f64().expect("a number");
            assert_close(got.expect("defined"), expected, TOLERANCE, &format!("{name} of {}", case["name"]));
        }
        for (name, got) in [("posdis", summary.posdis), ("bosdis", summary.bosdis)] {
            let expected = case["values_32"][name].as_f64().expect("a number");
            assert_close(got.expect("defined"), expected, TOLERANCE_32, name);
        }
        let (got, expected) = (information::of_positions(&language), floats(&case["positions"]));
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().flatten().zip(expected.iter().flatten()) {
            assert_close(*got, *expected, TOLERANCE, "information of a position");
        }
    }
}

#[test]
fn spearman_equals_scipys() {
    let stored = stored();
    let cases = stored["spearman"].as_array().expect("lists");
    assert_eq!(cases.len(), 4);
    for case in cases {
        let list = |name: &str| -> Vec<f64> { floats(&Value::Array(vec![case[name].clone()])).remove(0) };
        let got = spearman(&list("x"), &list("y")).expect("equal lengths").expect("varies");
        assert_close(got, case["rho"].as_f64().expect("a number"), TOLERANCE, "rho");
    }
}

#[test]
fn similarities_equal_those_of_rapidfuzz() {
    let stored: Value =
        serde_json::from_str(include_str!("reference/similarity.json")).expect("the file is JSON");
    let cases = stored.as_array().expect("cases");
    assert_eq!(cases.len(), 3);
    for case in cases {
        let languages: Vec<Messages> = case["languages"]
            .as_array()
            .expect("languages")
            .iter()
            .map(|language| Messages::from_rows(&integers(language)).expect("messages"))
            .collect();
        let found = language_similarities(&languages).expect("they compare");
        let expected = floats(&case["matrix"]);
        for (got, expected) in found.matrix.iter().flatten().zip(expected.iter().flatten()) {
            assert_close(*got, *expected, TOLERANCE, "a similarity");
        }
        for (name, got) in [("mean", found.mean), ("by_chance", found.by_chance)] {
            assert_close(got, case[name].as_f64().expect("a number"), TOLERANCE, name);
        }
    }
}
