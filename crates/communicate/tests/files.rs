//! Files of numpy as languages, and files that are none.

use std::path::{Path, PathBuf};

use autodidact_communicate::{Error, files};
use autodidact_data::arrays::{NamedArray, write_npz};

struct Folder(tempfile::TempDir);

impl Folder {
    fn write(&self, array: &NamedArray) -> PathBuf {
        let path = self.0.path().join("x.npz");
        write_npz(&path, std::slice::from_ref(array)).expect("a file");
        path
    }
}

fn folder() -> Folder {
    Folder(tempfile::tempdir().expect("a folder"))
}

fn integers(name: &str, shape: &[usize], values: &[i64]) -> NamedArray {
    NamedArray::i64(name, shape, values.to_vec()).expect("an array")
}

#[test]
fn tables_are_read_by_their_names() {
    let folder = folder();
    let path = folder.write(&integers("objects", &[2, 2], &[0, 3, 1, 2]));
    let objects = files::read_objects(&path).expect("objects");
    assert_eq!(objects.iter().collect::<Vec<_>>(), [[0, 3], [1, 2]]);
    let path = folder.write(&integers("messages", &[2, 3], &[4, 0, 7, 1, 1, 1]));
    let messages = files::read_messages(&path).expect("messages");
    assert_eq!(messages.iter().collect::<Vec<_>>(), [[4, 0, 0], [1, 1, 1]]);
    let embeddings = NamedArray::f32("embeddings", &[2, 2], vec![0.5, 1.0, -1.0, 0.0]).expect("an array");
    let features = files::read_features(&folder.write(&embeddings), "embeddings").expect("features");
    assert_eq!(features.get(1), [-1.0, 0.0]);
}

#[test]
fn what_is_no_table_of_integers_is_told() {
    let folder = folder();
    let refused = |array: &NamedArray| files::read_messages(&folder.write(array)).unwrap_err();
    assert!(matches!(refused(&integers("messages", &[3], &[1, 2, 3])), Error::Axes { .. }));
    let shape = refused(&integers("messages", &[1, 2, 1], &[1, 2])).to_string();
    assert!(shape.contains("has the shape [1, 2, 1], expected two axes: [messages, positions]"), "{shape}");
    let negative = refused(&integers("messages", &[2, 2], &[1, 2, -1, 2]));
    assert!(matches!(negative, Error::Integer { row: 1, column: 0, value: -1, .. }), "{negative}");
    assert!(matches!(refused(&integers("messages", &[1, 1], &[1 << 32])), Error::Integer { .. }));
    assert!(matches!(refused(&integers("messages", &[0, 4], &[])), Error::Empty { rows: 0, columns: 4, .. }));
    assert!(matches!(refused(&integers("messages", &[4, 0], &[])), Error::Empty { columns: 0, .. }));
    let floats = NamedArray::f64("messages", &[1, 1], vec![1.0]).expect("an array");
    assert!(refused(&floats).to_string().contains("hint: x.astype(int)"));
    let texts = NamedArray::text("messages", &[1, 1], vec!["a".into()]).expect("an array");
    assert!(refused(&texts).to_string().contains("holds text, expected integers"));
    let missing = refused(&integers("symbols", &[1, 1], &[1])).to_string();
    assert!(missing.contains("holds no array `messages`, only `symbols`"), "{missing}");
    let nan = NamedArray::f32("features", &[1, 2], vec![0.0, f32::NAN]).expect("an array");
    let nan = files::read_features(&folder.write(&nan), "features").unwrap_err();
    assert!(matches!(nan, Error::NotFinite { row: 0, column: 1, .. }), "{nan}");
    assert!(
        files::read_features(&folder.write(&texts), "messages")
            .unwrap_err()
            .to_string()
            .contains("expected numbers")
    );
    let nowhere = files::read_objects(Path::new("no/such/file.npz")).unwrap_err().to_string();
    assert!(nowhere.contains("cannot read `no/such/file.npz`"), "{nowhere}");
}

/// Tables that pyarrow and polars wrote, with the script beside them.
#[test]
fn parquet_tables_are_read_as_features_and_messages() {
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/tests/reference").join(name);
    for name in ["lists-zstd.parquet", "polars.parquet"] {
        let features = files::read_features(&file(name), "embeddings").expect("features");
        assert_eq!((features.count(), features.width()), (4, 3));
        assert_eq!(features.get(3), [4.0, 4.5, 5.0]);
    }
    let messages = files::read_messages(&file("lists-gzip.parquet")).expect("messages");
    assert_eq!(messages.word(1), [2]);
    let columns = files::read_features(&file("columns.parquet"), "x").expect("features");
    assert_eq!((columns.width(), columns.get(0)), (3, &[0.5, 0.1, 1.0][..]));

    let faults = file("faults.parquet");
    let nan = files::read_features(&faults, "nan").expect_err("NaN");
    assert!(matches!(nan, Error::NotFinite { row: 2, column: 1, .. }), "{nan}");
    for (name, part) in [
        ("null", "column `null` of"),
        ("null_element", "no value in row 1, place 1 of its list"),
        ("ragged", "has a list of 1 in row 3, those before it have 2"),
        ("embeddings", "hint: `*` stands for all columns of floats"),
    ] {
        let error = files::read_features(&faults, name).expect_err(name);
        assert!(error.is_unfit_input() && error.to_string().contains(part), "{error}");
    }
}
