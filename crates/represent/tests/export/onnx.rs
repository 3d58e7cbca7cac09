//! The ONNX file read back by its wire format alone.

use std::collections::{BTreeMap, BTreeSet};

use autodidact_nn::{Depth, NormConfig, StemKind};
use autodidact_represent::TrainedEncoder;
use autodidact_represent::export::{ExportConfig, onnx};

use crate::common::{BATCH, config, trained};

/// A field of a message.
#[derive(Debug, Clone)]
enum Field<'a> {
    Int(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// The fields of a message, by number.
fn fields(mut bytes: &[u8]) -> BTreeMap<u64, Vec<Field<'_>>> {
    let mut found: BTreeMap<u64, Vec<Field<'_>>> = BTreeMap::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Int(varint(&mut bytes)),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (value, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(value)
            }
            5 => {
                bytes = &bytes[4..];
                Field::Fixed
            }
            other => panic!("wire type {other}"),
        };
        found.entry(key >> 3).or_default().push(field);
    }
    found
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).expect("an end") + 1;
    let (value, rest) = bytes.split_at(length);
    *bytes = rest;
    value.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
}

fn all<'a>(message: &BTreeMap<u64, Vec<Field<'a>>>, number: u64) -> Vec<&'a [u8]> {
    let fields = message.get(&number).map(Vec::as_slice).unwrap_or_default();
    fields
        .iter()
        .map(|field| match field {
            Field::Bytes(bytes) => *bytes,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("a name is text")
}

fn texts(message: &BTreeMap<u64, Vec<Field<'_>>>, number: u64) -> Vec<String> {
    all(message, number).into_iter().map(text).collect()
}

struct Model {
    operators: BTreeMap<String, usize>,
    opset: u64,
    parameters: usize,
    input: Vec<String>,
    output: Vec<String>,
}

/// Reads the model and checks that each node's inputs are there before it.
fn read(bytes: &[u8]) -> Model {
    let model = fields(bytes);
    let Field::Int(opset) = fields(all(&model, 8)[0])[&2][0] else { panic!("the opset is a number") };
    let graph = fields(all(&model, 7)[0]);

    let mut known = BTreeSet::new();
    let mut parameters = 0;
    for initializer in all(&graph, 5).into_iter().map(fields) {
        assert!(known.insert(texts(&initializer, 8)[0].clone()), "names are unique");
        let mut packed = all(&initializer, 1)[0];
        let mut length = 1;
        while !packed.is_empty() {
            length *= varint(&mut packed) as usize;
        }
        let Field::Int(kind) = initializer[&2][0] else { panic!("the type is a number") };
        assert_eq!(all(&initializer, 9)[0].len(), length * if kind == 7 { 8 } else { 4 });
        parameters += if kind == 7 { 0 } else { length };
    }
    let (input, output) = (fields(all(&graph, 11)[0]), fields(all(&graph, 12)[0]));
    known.insert(texts(&input, 1)[0].clone());
    let mut operators = BTreeMap::new();
    for node in all(&graph, 1).into_iter().map(fields) {
        for name in texts(&node, 1) {
            assert!(known.contains(&name), "`{name}` is used before it is made");
        }
        for name in texts(&node, 2) {
            assert!(known.insert(name), "names are unique");
        }
        *operators.entry(texts(&node, 4)[0].clone()).or_default() += 1;
    }
    assert!(known.contains(&texts(&output, 1)[0]), "the output is made");
    Model { operators, opset, parameters, input: shape(&input), output: shape(&output) }
}

/// The axes of an input or output.
fn shape(info: &BTreeMap<u64, Vec<Field<'_>>>) -> Vec<String> {
    let tensor = fields(all(&fields(all(info, 2)[0]), 1)[0]);
    let axes = fields(all(&tensor, 2)[0]);
    let axis = |axis: &[u8]| match fields(axis).into_iter().next().expect("a value or a name") {
        (1, values) => match values[0] {
            Field::Int(side) => side.to_string(),
            _ => panic!("a side is a number"),
        },
        (2, values) => match values[0] {
            Field::Bytes(name) => text(name),
            _ => panic!("a name is text"),
        },
        (other, _) => panic!("field {other}"),
    };
    all(&axes, 1).into_iter().map(axis).collect()
}

fn model(trained: &TrainedEncoder) -> Model {
    read(&onnx::encode(&trained.encoder, &ExportConfig::new(trained)))
}

fn counts(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn a_batch_norm_encoder_is_convolutions_and_additions() {
    let model = model(&trained(config(Depth::D50, StemKind::Imagenet, Some(4), BATCH), 32));
    assert_eq!(model.opset, 17);
    assert_eq!(model.input, ["batch", "3", "32", "32"]);
    assert_eq!(model.output, ["batch", "128"]);
    // 1 + 16 · 3 + 4 convolutions, 16 blocks.
    let expected = [
        ("Conv", 53),
        ("Relu", 1 + 3 * 16),
        ("MaxPool", 1),
        ("Add", 16),
        ("GlobalAveragePool", 1),
        ("Flatten", 1),
    ];
    assert_eq!(model.operators, counts(&expected));
}

#[test]
fn group_norm_is_kept_as_instance_norm_of_groups() {
    let trained = trained(config(Depth::D8, StemKind::Cifar, Some(8), NormConfig::GROUP), 8);
    let model = model(&trained);
    // 1 + 3 · 2 + 2 convolutions with a norm each, 3 blocks; no pooling before the first stage.
    let expected = [
        ("Conv", 9),
        ("Shape", 9),
        ("Reshape", 18),
        ("InstanceNormalization", 9),
        ("Mul", 9),
        ("Add", 9 + 3),
        ("Relu", 1 + 2 * 3),
        ("GlobalAveragePool", 1),
        ("Flatten", 1),
    ];
    assert_eq!(model.operators, counts(&expected));
}

#[test]
fn every_weight_of_the_encoder_is_in_the_file() {
    // Of batch norm's four numbers per channel one is left: the folded bias.
    let trained = trained(config(Depth::D18, StemKind::Imagenet, Some(4), BATCH), 32);
    let tensors = autodidact_nn::state::all_tensors(&trained.encoder);
    let size = |tensor: &autodidact_nn::NamedTensor| tensor.shape.iter().product::<usize>();
    let weights: usize = tensors.values().filter(|tensor| tensor.rank() == 4).map(size).sum();
    let norms: usize = tensors.values().filter(|tensor| tensor.rank() == 1).map(size).sum();
    assert_eq!(model(&trained).parameters, weights + norms / 4);
}
