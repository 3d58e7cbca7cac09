//! Names, shapes and features against torchvision.

use std::collections::BTreeMap;

use autodidact_nn::{Depth, NormConfig, ResNetConfig, StemKind};
use autodidact_represent::TrainedEncoder;
use autodidact_represent::export::{WEIGHTS, export, torchvision};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;

use crate::common::{BATCH, config, features, pictures, python, reference, trained, write_features};

#[test]
fn names_and_shapes_are_those_of_torchvisions_state_dict() {
    let text = std::fs::read_to_string(reference("export_names.json")).unwrap();
    let lists: BTreeMap<String, Vec<(String, Vec<usize>)>> = serde_json::from_str(&text).unwrap();
    for (name, depth) in [("resnet18", Depth::D18), ("resnet50", Depth::D50)] {
        let network = ResNetConfig::new(depth, StemKind::Imagenet);
        let encoder = network.init(&mut ChaCha8Rng::seed_from_u64(1), &Device::flex());
        let bytes = torchvision::encode(&encoder);
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let ours: BTreeMap<String, Vec<usize>> =
            file.iter().map(|(name, view)| (name.to_owned(), view.shape().to_vec())).collect();
        let theirs: BTreeMap<String, Vec<usize>> =
            lists[name].iter().filter(|(name, _)| !name.starts_with("fc.")).cloned().collect();
        assert_eq!(ours, theirs, "{name}");
    }
}

#[test]
fn standardised_weights_are_written_as_they_are_applied() {
    let network = ResNetConfig {
        weight_standardisation: true,
        ..config(Depth::D8, StemKind::Cifar, Some(4), NormConfig::GROUP)
    };
    let trained = trained(network, 8);
    let tensors: BTreeMap<_, _> = torchvision::tensors(&trained.encoder).into_iter().collect();
    for (name, weight) in tensors.iter().filter(|(_, array)| array.shape.len() == 4) {
        let fan_in: usize = weight.shape[1..].iter().product();
        for unit in weight.values.chunks(fan_in) {
            let mean = unit.iter().sum::<f32>() / fan_in as f32;
            let variance = unit.iter().map(|w| (w - mean).powi(2)).sum::<f32>() / (fan_in - 1) as f32;
            assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-3, "{name}: {mean}, {variance}");
        }
    }
    assert!(!tensors.keys().any(|name| name.contains("running")), "group norm has no running statistics");
}

/// Largest differences of torchvision's and the ONNX runtime's features from ours.
fn check(what: &str, trained: &TrainedEncoder) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("export");
    export(trained, &folder).unwrap();
    let side = trained.size();
    let pictures = pictures(3, side, 9);
    let ours = features(&trained.encoder, &pictures, side);
    write_features(&folder.join("features.npz"), &pictures, side, &ours);
    let Some(answer) = python(&["check", folder.to_str().unwrap()]) else { return };
    let bytes = std::fs::metadata(folder.join(WEIGHTS)).unwrap().len();
    eprintln!("{what} ({bytes} bytes): {}", answer.trim());
    let mut answer: BTreeMap<String, f64> = serde_json::from_str(&answer).unwrap();
    // Relative: in the deepest of these random networks torch itself is 1e-4 from its own result in f64.
    let largest = answer.remove("largest feature").unwrap();
    answer.remove("torchvision's own rounding");
    assert!(largest > 0.1, "{what}: the features are nearly zero");
    for (program, difference) in answer {
        assert!(difference <= 1e-4 * largest, "{what}: {program} differs by {difference:e} of {largest}");
    }
}

#[test]
fn torchvision_and_the_onnx_runtime_find_the_same_features() {
    check("resnet18", &trained(config(Depth::D18, StemKind::Imagenet, None, BATCH), 64));
    check("resnet50", &trained(config(Depth::D50, StemKind::Imagenet, None, BATCH), 64));
    check("small resnet34", &trained(config(Depth::D34, StemKind::Cifar, Some(8), BATCH), 32));
    check("resnet8", &trained(config(Depth::D8, StemKind::Cifar, None, BATCH), 32));
    let epsilon = NormConfig::Batch { momentum: 1.0, epsilon: 1e-3 };
    check("another epsilon", &trained(config(Depth::D20, StemKind::Cifar, None, epsilon), 16));
    let standardised = ResNetConfig {
        weight_standardisation: true,
        ..config(Depth::D18, StemKind::Cifar, None, NormConfig::GROUP)
    };
    check("group norm, weight standardisation", &trained(standardised, 32));
    check("layer norm", &trained(config(Depth::D18, StemKind::Imagenet, Some(16), NormConfig::LAYER), 64));
    let batch = trained(config(Depth::D18, StemKind::Imagenet, Some(16), BATCH), 64);
    check("affine", &TrainedEncoder { encoder: batch.encoder.into_affine(), ..batch });
    check("no norm", &trained(config(Depth::D8, StemKind::Cifar, None, NormConfig::None), 16));
}
