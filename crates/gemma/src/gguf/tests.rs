//! Files against GGML's Python package, and files that mean harm; `tests/reference/gguf_files.py` makes the values.

use super::header::Header;
use super::{Array, Gguf, Metadata, TensorPlan, Value, Writer};
use crate::weights::Format;
use crate::{Error, Result};
use proptest::prelude::*;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

const FILE: &[u8] = include_bytes!("../../tests/reference/every-type.gguf");

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/every-type.gguf")
}

fn parse(bytes: &[u8]) -> Result<Header> {
    Header::parse(Path::new("x.gguf"), bytes)
}

/// What is said about bytes that are no file.
fn refused(bytes: &[u8]) -> String {
    match parse(bytes) {
        Ok(_) => panic!("it was taken for a file"),
        Err(error) => error.to_string(),
    }
}

fn floats(hexadecimal: &str) -> Vec<f32> {
    let byte = |at: usize| u8::from_str_radix(&hexadecimal[at..at + 2], 16).expect("digits");
    let bytes: Vec<u8> = (0..hexadecimal.len()).step_by(2).map(byte).collect();
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

#[test]
fn metadata_of_every_type_is_read() {
    let file = Gguf::open(path()).expect("a file");
    let expected = [
        ("general.architecture", Value::String("gemma2".into())),
        ("a.uint8", Value::U8(200)),
        ("a.int8", Value::I8(-100)),
        ("a.uint16", Value::U16(60000)),
        ("a.int16", Value::I16(-30000)),
        ("a.uint32", Value::U32(4_000_000_000)),
        ("a.int32", Value::I32(-2_000_000_000)),
        ("a.float32", Value::F32(0.5)),
        ("a.bool", Value::Bool(true)),
        ("a.string", Value::String("ñandú ▁ 🦤".into())),
        ("a.uint64", Value::U64((1 << 63) + 1)),
        ("a.int64", Value::I64(-(1 << 62))),
        ("a.float64", Value::F64(0.1)),
        ("b.uint8", Value::Array(Array::U8(vec![0, 255]))),
        ("b.int8", Value::Array(Array::I8(vec![-128, 127]))),
        ("b.uint16", Value::Array(Array::U16(vec![1, 65535]))),
        ("b.int16", Value::Array(Array::I16(vec![-1, 1]))),
        ("b.uint32", Value::Array(Array::U32(vec![1]))),
        ("b.int32", Value::Array(Array::I32(vec![-5, 6, 7]))),
        ("b.float32", Value::Array(Array::F32(vec![1.5, -2.25]))),
        ("b.bool", Value::Array(Array::Bool(vec![true, false]))),
        ("b.string", Value::Array(Array::String(vec![String::new(), "▁the".into(), "\n".into()]))),
        ("b.uint64", Value::Array(Array::U64(vec![1 << 40]))),
        ("b.int64", Value::Array(Array::I64(vec![-(1 << 40)]))),
        ("b.float64", Value::Array(Array::F64(vec![0.1, 0.2]))),
    ];
    assert_eq!(file.version(), 3);
    assert_eq!(file.metadata().iter().len(), expected.len());
    for (key, value) in &expected {
        assert_eq!(file.metadata().get(key), Some(value), "{key}");
    }
}

#[test]
fn tensors_of_every_type_have_the_numbers_that_gguf_reads() {
    let file = Gguf::open(path()).expect("a file");
    let expected: Json =
        serde_json::from_str(include_str!("../../tests/reference/every-type.json")).expect("JSON");
    let expected = expected["tensors"].as_object().expect("tensors");
    assert_eq!(file.tensors().len(), expected.len());
    assert_eq!(expected.len(), Format::all().count());
    for (name, expected) in expected {
        let tensor = file.tensor(name).expect("a tensor");
        assert_eq!(tensor.format.name(), expected["format"].as_str().expect("a name"));
        assert_eq!(tensor.shape, [2, 256]);
        let mut values = vec![f32::NAN; 512];
        tensor.format.read(file.bytes(tensor), &mut values);
        assert_eq!(values, floats(expected["values"].as_str().expect("digits")), "{name}");
    }
}

#[test]
fn what_is_read_is_written_to_the_byte_as_gguf_writes_it() {
    let file = Gguf::open(path()).expect("a file");
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.gguf");
    let plan = file.tensors().iter().map(|tensor| TensorPlan {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        format: tensor.format,
    });
    let mut writer = Writer::create(&copy, file.metadata(), plan.collect()).expect("a writer");
    assert!(!copy.exists(), "a file that is not finished");
    for tensor in file.tensors() {
        for part in file.bytes(tensor).chunks(100) {
            writer.write(part).expect("room");
        }
    }
    let bytes = writer.finish().expect("a file");
    let written = std::fs::read(&copy).expect("a file");
    assert_eq!(bytes, written.len() as u64);
    assert!(written == FILE, "the files differ");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = TensorPlan { name: "x".into(), shape: vec![4], format: Format::F32 };
    drop(Writer::create(folder.path().join("x.gguf"), &Metadata::default(), vec![plan]).expect("a writer"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// The parts of a header.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn header(tensors: u64, values: u64) -> Self {
        Self(b"GGUF\x03\0\0\0".to_vec()).u64(tensors).u64(values)
    }

    fn u32(mut self, number: u32) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn u64(mut self, number: u64) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn text(self, bytes: &[u8]) -> Self {
        self.u64(bytes.len() as u64).raw(bytes)
    }

    /// Of one dimension.
    fn tensor(self, name: &str, len: u64, kind: u32, offset: u64) -> Self {
        self.text(name.as_bytes()).u32(1).u64(len).u32(kind).u64(offset)
    }

    /// Up to the data, and so many bytes of it.
    fn data(mut self, len: usize) -> Vec<u8> {
        self.0.resize(self.0.len().next_multiple_of(32) + len, 0);
        self.0
    }
}

#[test]
fn hostile_headers_are_refused_with_the_place() {
    let header = Bytes::header;
    let value = |kind: u32| header(0, 1).text(b"k").u32(kind);
    for (bytes, expected) in [
        (Bytes::default().raw(b"GGUX\x03\0\0\0"), "begins with"),
        (Bytes::default().raw(b"GGUF\x01\0\0\0"), "version 1, expected 2 or 3"),
        (Bytes::default().raw(b"GGUF\0\0\0\x03"), "it is big-endian"),
        (header(u64::MAX, 0), "the number of tensors is 18446744073709551615, and the file has room for 0"),
        (header(0, 1 << 40), "the number of values is 1099511627776"),
        (header(0, 1).u64(u64::MAX).raw(&[0; 64]), "a key is 18446744073709551615"),
        (header(0, 1).text(&[0xff, 0xfe]).u32(0).raw(&[0; 8]), "a key at byte 32 is not UTF-8"),
        (value(8).text(&[0x80]).raw(&[0; 8]), "the value of `k` at byte 45 is not UTF-8"),
        (value(13).raw(&[0; 8]), "type 13, which does not exist"),
        (value(7).raw(&[2]), "true or false"),
        (value(9).u32(9).u64(1).raw(&[0; 32]), "array of arrays"),
        (value(9).u32(10).u64(1 << 61), "is 2305843009213693952, and the file has room for 1"),
        (value(9).u32(8).u64(1 << 20).raw(&[0; 80]), "is 1048576, and the file has room for 13"),
        (header(0, 2).text(b"k").u32(0).raw(&[1]).text(b"k").u32(0).raw(&[1]), "`k` is there twice"),
        (header(0, 1).text(b"general.alignment").u32(4).u32(24), "expected a power of two"),
        (header(1, 0).text(b"t").u32(5).raw(&[0; 64]), "5 dimensions, expected 1 to 4"),
        (header(1, 0).tensor("t", 0, 0, 0).raw(&[0; 64]), "of shape [0] cannot be of type F32"),
        (header(1, 0).tensor("t", 33, 8, 0).raw(&[0; 64]), "of shape [33] cannot be of type Q8_0"),
        (header(1, 0).tensor("t", u64::MAX, 0, 0).raw(&[0; 64]), "cannot be of type F32"),
        (header(1, 0).text(b"t").u32(2).u64(1 << 40).u64(1 << 40).u32(0).u64(0), "cannot be of type F32"),
        (header(1, 0).tensor("t", 32, 0, 16).raw(&[0; 512]), "begins at 16, no multiple of 32"),
        (header(1, 0).tensor("t", 32, 0, u64::MAX - 31).raw(&[0; 512]), "was it copied in full?"),
        (header(1, 0).tensor("t", 1 << 20, 0, 0).raw(&[0; 512]), "has 4194304 bytes from 0 on"),
        (header(2, 0).tensor("t", 1, 0, 0).tensor("t", 1, 0, 32), "tensor `t` is there twice"),
    ] {
        let bytes = bytes.data(0);
        let error = refused(&bytes);
        assert!(error.contains(expected), "{error:?} does not say {expected:?}");
    }
    assert!(refused(b"GG").contains("needs 4 bytes, and the file ends at 2"));
    let overlapping = header(2, 0).tensor("t", 16, 0, 0).tensor("u", 16, 0, 32).data(256);
    assert!(refused(&overlapping).contains("tensors `t` and `u` overlap"));
    let apart = header(2, 0).tensor("t", 16, 0, 64).tensor("u", 16, 0, 0).data(128);
    assert_eq!(parse(&apart).expect("a file").tensors.len(), 2);
}

#[test]
fn a_type_that_is_not_read_is_told_with_its_tensor() {
    let bytes = Bytes::header(1, 0).tensor("blk.0.attn_q.weight", 32, 20, 0).data(64);
    let Err(Error::UnsupportedType { tensor, found, .. }) = parse(&bytes) else { panic!("it was read") };
    assert_eq!((tensor.as_str(), found.as_str()), ("blk.0.attn_q.weight", "number 20 of GGML"));
}

#[test]
fn version_2_is_read_as_version_3() {
    let mut bytes = FILE.to_vec();
    bytes[4] = 2;
    assert_eq!(parse(&bytes).expect("a file").version, 2);
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let last = parse(FILE).expect("a file").tensors.iter().map(|tensor| tensor.start + tensor.len).max();
    for end in (0..last.expect("tensors")).step_by(7) {
        refused(&FILE[..end]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_files_cause_no_panic(damage in prop::collection::vec((0..1600_usize, any::<u8>()), 1..8)) {
        let mut bytes = FILE.to_vec();
        for (place, byte) in damage {
            bytes[place] = byte;
        }
        if let Ok(header) = parse(&bytes) {
            for tensor in header.tensors {
                let mut values = vec![0.0; tensor.shape.iter().product()];
                tensor.format.read(&bytes[tensor.start..][..tensor.len], &mut values);
            }
        }
    }

    #[test]
    fn random_bytes_cause_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes);
        let mut magic = b"GGUF\x03\0\0\0\x02\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0".to_vec();
        magic.extend(&bytes);
        let _ = parse(&magic);
    }
}
