use super::{Folder, TensorPlan, Writer};
use crate::weights::Format;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

fn file(folder: &Path, name: &str, tensors: &[&str]) {
    let plan = |name: &&str| TensorPlan { name: (*name).into(), shape: vec![2], format: Format::F32 };
    let plans: Vec<_> = tensors.iter().map(plan).collect();
    let mut writer = Writer::create(&folder.join(name), &plans).expect("a writer");
    writer.write(&vec![0; 8 * tensors.len()]).expect("room");
    writer.finish().expect("a file");
}

fn refused(folder: &Path) -> String {
    Folder::open(folder).expect_err("no checkpoint").to_string()
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    file(folder.path(), "model.safetensors", &["a", "b"]);
    let folder = Folder::open(folder.path()).expect("a folder");
    let (format, shape, bytes) = folder.tensor("b").expect("a tensor");
    assert_eq!((format, shape, bytes), (Format::F32, &[2_usize][..], &[0_u8; 8][..]));
    assert!(folder.tensor("c").expect_err("no tensor").to_string().contains("no tensor `c`"));
}

#[test]
fn folders_that_are_none_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    assert!(refused(path).contains("no `*.safetensors`"));
    file(path, "one.safetensors", &["a", "b"]);
    file(path, "two.safetensors", &["b"]);
    assert!(refused(path).contains("`b` is in another file"));

    let index = path.join("model.safetensors.index.json");
    for (text, expected) in [
        ("{", "index of weights"),
        (r#"{"weight_map": {"a": "../one.safetensors"}}"#, "no name of a file in this folder"),
        (r#"{"weight_map": {"a": "/etc/passwd"}}"#, "no name of a file in this folder"),
        (r#"{"weight_map": {"a": ".."}}"#, "no name of a file in this folder"),
        (r#"{"weight_map": {"a": "three.safetensors"}}"#, "cannot read"),
        (r#"{"weight_map": {"c": "one.safetensors"}}"#, "does not have its tensor `c`"),
    ] {
        fs::write(&index, text).expect("an index");
        let error = refused(path);
        assert!(error.contains(expected), "{error:?} does not say {expected:?}");
    }
    fs::write(&index, r#"{"weight_map": {"a": "one.safetensors"}}"#).expect("an index");
    assert!(Folder::open(path).is_ok());
}

#[test]
fn numbers_of_other_types_are_told_with_their_tensor() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = r#"{"q":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend([0, 0]);
    fs::write(folder.path().join("model.safetensors"), bytes).expect("a file");
    let error = Folder::open(folder.path()).expect("a folder").tensor("q").expect_err("integers").to_string();
    assert!(error.contains("`q`") && error.contains("I8"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn damaged_files_cause_no_panic(damage in prop::collection::vec((0..200_usize, any::<u8>()), 1..6), cut in 0..200_usize) {
        let folder = tempfile::tempdir().expect("a folder");
        file(folder.path(), "model.safetensors", &["a", "b"]);
        let path = folder.path().join("model.safetensors");
        let mut bytes = fs::read(&path).expect("a file");
        for (place, byte) in damage {
            let len = bytes.len();
            bytes[place % len] = byte;
        }
        bytes.truncate(bytes.len().saturating_sub(cut.saturating_sub(150)));
        fs::write(&path, bytes).expect("a file");
        if let Ok(folder) = Folder::open(folder.path()) {
            for name in folder.names() {
                let _ = folder.tensor(name);
            }
        }
    }
}
