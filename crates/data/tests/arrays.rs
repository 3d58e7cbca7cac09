//! Array files: read back here, read by numpy where it is at hand, and never trusted when damaged.

use std::fs;
use std::path::Path;
use std::process::Command;

use autodidact_data::arrays::{ArraysError, NamedArray, Values, read_array, read_npz, write_csv, write_npz};
use proptest::prelude::*;

fn samples() -> Vec<NamedArray> {
    let texts = ["plain", "", "comma, \"quote\"", "line\nbreak", "naïve 猫 🐈"];
    vec![
        NamedArray::f32("features", &[5, 2], (0..10_u8).map(|i| f32::from(i) / 3.0).collect()).unwrap(),
        NamedArray::f64("scores", &[5], vec![0.1, -1e300, 5e-324, f64::INFINITY, f64::NEG_INFINITY]).unwrap(),
        NamedArray::i64("labels", &[5], vec![0, -1, i64::MAX, i64::MIN, 7]).unwrap(),
        NamedArray::text("files", &[5], texts.map(String::from).to_vec()).unwrap(),
    ]
}

/// What numpy says of [`samples`]: types, shapes, and every value, compared with values written in Python.
const NUMPY_CHECK: &str = r#"
import sys
import numpy as np
with np.load(sys.argv[1], allow_pickle=False) as file:
    assert file.files == ["features", "scores", "labels", "files", "none", "scalar"], file.files
    features = (np.arange(10, dtype=np.float32) / np.float32(3)).reshape(5, 2)
    assert file["features"].dtype == np.float32 and np.array_equal(file["features"], features)
    assert file["scores"].tolist() == [0.1, -1e300, 5e-324, np.inf, -np.inf]
    assert file["labels"].dtype == np.int64 and file["labels"].tolist() == [0, -1, 2**63 - 1, -(2**63), 7]
    assert file["files"].tolist() == ["plain", "", 'comma, "quote"', "line\nbreak", "naïve 猫 🐈"]
    assert file["none"].shape == (0, 3) and file["scalar"].shape == () and file["scalar"] == 2.5
import csv
rows = list(csv.reader(open(sys.argv[2], newline="", encoding="utf-8")))
assert rows[0] == ["features_0", "features_1", "scores", "labels", "files"], rows[0]
assert np.array_equal(np.array([row[:2] for row in rows[1:]], dtype=np.float32), features)
assert [float(row[2]) for row in rows[1:]] == [0.1, -1e300, 5e-324, np.inf, -np.inf]
assert [row[4] for row in rows[1:]] == ["plain", "", 'comma, "quote"', "line\nbreak", "naïve 猫 🐈"]
np.savez(sys.argv[3], features=features, files=np.array(["a", "bcd"]), labels=np.arange(3))
print("numpy", np.__version__)
"#;

/// The interpreter to check with: `PYTHON`, else `python3`, if it has numpy.
fn python_with_numpy() -> Option<String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let found =
        Command::new(&python).args(["-c", "import numpy"]).output().is_ok_and(|out| out.status.success());
    found.then_some(python)
}

#[test]
fn numpy_reads_our_files_and_we_read_those_of_numpy() {
    let Some(python) = python_with_numpy() else {
        println!("skipped: no Python with numpy; set PYTHON to an interpreter that has it");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut arrays = samples();
    write_csv(&path("ours.csv"), &arrays).unwrap();
    arrays.push(NamedArray::f32("none", &[0, 3], vec![]).unwrap());
    arrays.push(NamedArray::f64("scalar", &[], vec![2.5]).unwrap());
    write_npz(&path("ours.npz"), &arrays).unwrap();
    let output = Command::new(python)
        .args(["-c", NUMPY_CHECK])
        .args([path("ours.npz"), path("ours.csv"), path("theirs.npz")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    print!("{}", String::from_utf8_lossy(&output.stdout));

    let theirs = read_npz(&path("theirs.npz")).unwrap();
    assert_eq!(theirs[0], samples()[0]);
    assert_eq!(theirs[1].values(), &Values::Text(vec!["a".into(), "bcd".into()]));
    assert_eq!(theirs[2].values(), &Values::I64(vec![0, 1, 2]));
}

#[test]
fn file_made_by_numpy_reads_as_its_values() {
    // `arrays.py` wrote it and lists the values.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/arrays.npz");
    let arrays = read_npz(&path).unwrap();
    let expected = [
        NamedArray::f32("features", &[2, 3], vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5]).unwrap(),
        NamedArray::f64("scores", &[3], vec![0.1, 1e300, -0.0]).unwrap(),
        NamedArray::i64("labels", &[2, 1], vec![-1, 9007199254740993]).unwrap(),
        NamedArray::text("files", &[3], vec!["a.png".into(), String::new(), "猫.png".into()]).unwrap(),
        NamedArray::f64("scalar", &[], vec![2.5]).unwrap(),
    ];
    assert_eq!(arrays, expected);
}

/// `arrays.py` wrote them too.
#[test]
fn every_integer_type_and_order_of_numpy_reads_as_its_values() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let path = folder.join("integers.npz");
    for (name, values) in [
        ("i1", [-128, 127]),
        ("i2", [-32768, 32767]),
        ("i4", [-2147483648, 2147483647]),
        ("i8", [i64::MIN, i64::MAX]),
        ("u1", [0, 255]),
        ("u2", [0, 65535]),
        ("u4", [0, 4294967295]),
        ("u8", [0, i64::MAX]),
        ("bool", [0, 1]),
    ] {
        let expected = NamedArray::i64(name, &[2], values.to_vec()).unwrap();
        assert_eq!(read_array(&path, name).unwrap(), expected);
    }
    let expected = NamedArray::i64("columns", &[2, 3, 4], (0..24).collect()).unwrap();
    assert_eq!(read_array(&path, "columns").unwrap(), expected);
    assert!(
        read_array(&path, "large").unwrap_err().to_string().contains("18446744073709551615 is too large")
    );
    assert!(read_array(&path, "big").unwrap_err().to_string().contains("`>i4`"));
    let missing = read_array(&path, "messages").unwrap_err().to_string();
    assert!(missing.contains("no array `messages`, only `i1`, `i2`"), "{missing}");
    // A file of one array has no name.
    let alone = read_array(&folder.join("alone.npy"), "messages").unwrap();
    assert_eq!(alone, NamedArray::i64("messages", &[2, 2], vec![1, 2, 3, 4]).unwrap());
}

#[test]
fn bad_arrays_are_refused() {
    let message = |result: Result<NamedArray, ArraysError>| result.unwrap_err().to_string();
    assert!(
        message(NamedArray::f32("x", &[2, 2], vec![0.0; 3]))
            .contains("3 values, which do not fill the shape [2, 2]")
    );
    assert!(message(NamedArray::f32("x", &[usize::MAX, 2], vec![])).contains("do not fill"));
    assert!(message(NamedArray::f32("../x", &[0], vec![])).contains("without slashes"));
    assert!(message(NamedArray::text("x", &[1], vec!["a\0".into()])).contains("text 0 of array `x`"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let array = |name: &str, rows| NamedArray::f32(name, &[rows], vec![0.0; rows]).unwrap();
    let twice = write_npz(&path, &[array("a", 1), array("a", 1)]).unwrap_err();
    assert!(twice.to_string().contains("two arrays are named `a`"));
    let uneven = write_csv(&path, &[array("a", 2), array("b", 3)]).unwrap_err();
    assert!(uneven.to_string().contains("does not fit a table of 2 rows"), "{uneven}");
    assert!(!path.exists());
}

#[test]
fn failed_write_keeps_the_previous_file_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arrays.npz");
    write_npz(&path, &samples()).unwrap();
    // A folder in the way cannot be replaced.
    let blocked = folder.path().join("blocked");
    fs::create_dir_all(blocked.join("inside")).unwrap();
    let error = write_npz(&blocked, &samples()).unwrap_err();
    assert!(matches!(error, ArraysError::Io { action: "write", .. }), "{error}");
    assert_eq!(read_npz(&path).unwrap(), samples());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn written_file_is_readable_like_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (ours, plain) = (folder.path().join("ours.npz"), folder.path().join("plain"));
    write_npz(&ours, &samples()).unwrap();
    fs::write(&plain, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&plain));
}

fn values() -> impl Strategy<Value = (Vec<usize>, Values)> {
    (0..4_usize, 0..5_usize).prop_flat_map(|(rows, columns)| {
        let num = rows * columns;
        let values = prop_oneof![
            prop::collection::vec(any::<f32>().prop_filter("equal to itself", |x| !x.is_nan()), num)
                .prop_map(Values::F32),
            prop::collection::vec(any::<f64>().prop_filter("equal to itself", |x| !x.is_nan()), num)
                .prop_map(Values::F64),
            prop::collection::vec(any::<i64>(), num).prop_map(Values::I64),
            prop::collection::vec("[^\0]{0,6}", num).prop_map(Values::Text),
        ];
        (Just(vec![rows, columns]), values)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arrays_survive_the_file(arrays in prop::collection::vec(values(), 0..4)) {
        let arrays: Vec<NamedArray> = arrays
            .into_iter()
            .enumerate()
            .map(|(index, (shape, values))| NamedArray::new(format!("array {index}"), &shape, values).unwrap())
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arrays.npz");
        write_npz(&path, &arrays).unwrap();
        prop_assert_eq!(read_npz(&path).unwrap(), arrays);
    }

    #[test]
    fn damaged_files_give_an_error_or_arrays_but_no_panic(
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 1..8),
        cut in any::<prop::sample::Index>(),
        truncate in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("arrays.npz");
        write_npz(&path, &samples()).unwrap();
        let mut content = fs::read(&path).unwrap();
        let start = at.index(content.len());
        for (to, from) in content[start..].iter_mut().zip(bytes) {
            *to = from;
        }
        if truncate {
            content.truncate(cut.index(content.len()));
        }
        fs::write(&path, content).unwrap();
        let _ = read_npz(&path);
    }
}
