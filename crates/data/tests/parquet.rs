//! Parquet files of other programs, as their values; what is missing or uneven, by row and column; damaged files.

use std::fs;
use std::path::{Path, PathBuf};

use autodidact_data::arrays::{ArraysError, NamedArray, Values, read_array};
use proptest::prelude::*;

/// A file that `reference/parquet.py` wrote, which lists the values.
fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)
}

const ROWS: [f64; 12] = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, -3.0, 1e-3, 3.5, 4.0, 4.5, 5.0];

fn singles() -> Vec<f32> {
    ROWS.iter().map(|&value| value as f32).collect()
}

#[test]
fn lists_of_pyarrow_read_as_their_values() {
    for codec in ["gzip", "zstd", "none", "v2"] {
        let path = reference(&format!("lists-{codec}.parquet"));
        let embeddings = NamedArray::f32("embeddings", &[4, 3], singles()).unwrap();
        assert_eq!(read_array(&path, "embeddings").unwrap(), embeddings);
        let doubles = NamedArray::f64("doubles", &[4, 3], ROWS.to_vec()).unwrap();
        assert_eq!(read_array(&path, "doubles").unwrap(), doubles);
        let messages = vec![3, 1, 0, 2, 0, 0, 1, 1, 1, 0, 0, 0];
        assert_eq!(
            read_array(&path, "messages").unwrap(),
            NamedArray::i64("messages", &[4, 3], messages).unwrap()
        );
    }
}

#[test]
fn arrays_and_lists_of_polars_read_as_their_values() {
    let path = reference("polars.parquet");
    let read = |name| read_array(&path, name).unwrap();
    assert_eq!(read("embeddings"), NamedArray::f32("embeddings", &[4, 3], singles()).unwrap());
    assert_eq!(read("any"), NamedArray::f64("any", &[4, 3], ROWS.to_vec()).unwrap());
    let names = ["a", "b", "c", "d"].map(String::from).to_vec();
    assert_eq!(read("name"), NamedArray::text("name", &[4], names).unwrap());
}

#[test]
fn columns_of_pyarrow_read_alone_or_side_by_side() {
    let path = reference("columns.parquet");
    let read = |name| read_array(&path, name).unwrap();
    let first = [0.5_f32, 1.5, -2.5, 0.25, 4.0];
    let second = [0.1, 1e300, -0.5, 0.2, 5e-324];
    let third = [1.0, 2.0, 3.0, 4.0, 255.0];
    let halves = [0.5_f32, -1.0, 2.0, 0.099975586, 65504.0];
    assert_eq!(read("x_0"), NamedArray::f32("x_0", &[5], first.to_vec()).unwrap());
    assert_eq!(read("half"), NamedArray::f32("half", &[5], halves.to_vec()).unwrap());
    assert_eq!(read("label"), NamedArray::i64("label", &[5], vec![3, -1, 2, 2, 0]).unwrap());
    assert_eq!(
        read("unsigned"),
        NamedArray::i64("unsigned", &[5], vec![0, 1, 2, 3, i64::from(u32::MAX)]).unwrap()
    );
    assert_eq!(read("is_new"), NamedArray::i64("is_new", &[5], vec![1, 0, 1, 1, 0]).unwrap());
    let files = ["a.png", "b.png", "ü.png", "d.png", ""].map(String::from).to_vec();
    assert_eq!(read("file"), NamedArray::text("file", &[5], files).unwrap());
    // Floats and integers side by side are doubles.
    let rows = (0..5).flat_map(|row| [f64::from(first[row]), second[row], third[row]]);
    assert_eq!(read("x"), NamedArray::f64("x", &[5, 3], rows.collect()).unwrap());
    // All floats, without the label and the name.
    let rows = (0..5).flat_map(|row| [f64::from(first[row]), second[row], f64::from(halves[row])]);
    assert_eq!(read("*"), NamedArray::f64("*", &[5, 3], rows.collect()).unwrap());
}

#[test]
fn what_is_missing_or_uneven_is_named_by_row_and_column() {
    let path = reference("faults.parquet");
    let fault = |name| read_array(&path, name).unwrap_err();
    let null = |row, element: Option<usize>| move |error: &ArraysError| matches!(error, ArraysError::Null { row: found, element: place, .. } if *found == row && *place == element);
    for (name, is_it) in [
        ("null", &null(1, None) as &dyn Fn(&ArraysError) -> bool),
        ("null_list", &null(2, None)),
        ("null_element", &null(1, Some(1))),
    ] {
        let error = fault(name);
        assert!(is_it(&error) && error.to_string().contains(&format!("column `{name}`")), "{error}");
    }
    let ragged = fault("ragged");
    assert!(matches!(ragged, ArraysError::Length { row: 3, length: 1, expected: 2, .. }), "{ragged}");
    assert!(ragged.to_string().contains("column `ragged`"), "{ragged}");
    let empty = fault("empty");
    assert!(matches!(empty, ArraysError::Length { row: 1, length: 0, expected: 2, .. }), "{empty}");
    // NaN is a number of the file: whoever needs finite ones refuses it.
    let Values::F32(values) = read_array(&path, "nan").unwrap().values().clone() else { panic!("floats") };
    assert!(values[5].is_nan() && values.iter().filter(|value| value.is_nan()).count() == 1);

    for (name, part) in [
        ("deep", "nothing deeper"),
        ("struct", "not a table of its own"),
        ("gap", "column `gap_1`: it is not there, and `gap_2` is"),
        ("mixed", "column `mixed_1`: one of several has a number in each row"),
        (
            "embeddings",
            "holds no column `embeddings` and no columns `embeddings_0`, `embeddings_1`, …, only `null`",
        ),
    ] {
        let message = fault(name).to_string();
        assert!(message.contains(part), "{name}: {message}");
    }
    let columns = reference("columns.parquet");
    for (name, part) in [
        ("large", "18446744073709551615 is too large"),
        ("when", "expected floats, integers, booleans or text"),
    ] {
        let message = read_array(&columns, name).unwrap_err().to_string();
        assert!(message.contains(part) && message.contains(name), "{message}");
    }
}

/// Reads everything that a damaged file may hold.
fn read_all(content: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.parquet");
    fs::write(&path, content).unwrap();
    for name in ["embeddings", "doubles", "messages", "x", "*", "file", "half", "any", "is_new"] {
        let _ = read_array(&path, name);
    }
}

#[test]
fn truncated_files_give_errors() {
    for name in ["columns.parquet", "lists-zstd.parquet"] {
        let content = fs::read(reference(name)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        for len in (4..content.len()).step_by(7) {
            fs::write(&path, &content[..len]).unwrap();
            let error = read_array(&path, "*").unwrap_err();
            assert!(matches!(error, ArraysError::Format { .. }), "{name}, {len} bytes: {error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_give_an_error_or_arrays_but_no_panic(
        file in prop::sample::select(vec![
            "columns.parquet", "lists-gzip.parquet", "lists-zstd.parquet", "lists-none.parquet", "lists-v2.parquet", "polars.parquet",
        ]),
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 1..8),
        from_the_end in any::<bool>(),
    ) {
        let mut content = fs::read(reference(file)).unwrap();
        // The footer, which says where everything is, is what a reader trusts most.
        let span = if from_the_end { content.len() / 2 } else { content.len() };
        let start = content.len() - 1 - at.index(span);
        for (to, from) in content[start..].iter_mut().zip(bytes) {
            *to = from;
        }
        read_all(&content);
    }
}
