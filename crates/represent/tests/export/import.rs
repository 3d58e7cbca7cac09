//! Weights back in: from exports, from torch, and from files that are not whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use autodidact_data::augment::Normalize;
use autodidact_experiment::run::RunDirectory;
use autodidact_nn::state::{self, to_vec};
use autodidact_nn::{Depth, NormConfig, ResNet, ResNetConfig, StemKind};
use autodidact_represent::export::{WEIGHTS, export};
use autodidact_represent::{Error, ImportError, Imported, Method, TrainedEncoder, import};
use burn::tensor::Device;
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

use crate::common::{
    BATCH, config, features, largest_difference, pictures, python, read_features, reference, trained,
};

fn values(encoder: &ResNet) -> BTreeMap<String, Vec<f32>> {
    state::all_tensors(encoder).into_iter().map(|(name, tensor)| (name, to_vec(tensor.values))).collect()
}

/// Exports and imports, and reads the run that the import made.
fn round_trip(trained: &TrainedEncoder) -> TrainedEncoder {
    let folder = tempfile::tempdir().unwrap();
    let exported = folder.path().join("export");
    export(trained, &exported).unwrap();
    let Imported { run, ignored, .. } = import(&exported.join(WEIGHTS), &folder.path().join("run")).unwrap();
    assert!(ignored.is_empty(), "{ignored:?}");
    TrainedEncoder::from_run(&RunDirectory::open(run.path()).unwrap(), &Device::flex()).unwrap()
}

#[test]
fn batch_norm_encoders_come_back_bit_for_bit() {
    for (network, side) in [
        (config(Depth::D18, StemKind::Imagenet, Some(4), BATCH), 32),
        (config(Depth::D34, StemKind::Cifar, Some(4), BATCH), 16),
        (config(Depth::D50, StemKind::Imagenet, Some(4), BATCH), 32),
        (config(Depth::D8, StemKind::Cifar, None, BATCH), 8),
    ] {
        let before = trained(network, side);
        let after = round_trip(&before);
        assert!(values(&before.encoder) == values(&after.encoder), "{:?}", before.config.encoder);
        assert_eq!(after.view(), before.view());
        assert_eq!(after.config.method, Method::Imported);
        assert_eq!(after.config.encoder.width, before.config.encoder.width);
    }
}

#[test]
fn folded_encoders_come_back_with_the_same_features() {
    let standardised = ResNetConfig {
        weight_standardisation: true,
        ..config(Depth::D18, StemKind::Cifar, Some(8), NormConfig::GROUP)
    };
    let batch = trained(config(Depth::D8, StemKind::Cifar, None, BATCH), 16);
    let affine = TrainedEncoder { encoder: batch.encoder.into_affine(), ..batch };
    for before in [
        trained(standardised, 16),
        trained(config(Depth::D8, StemKind::Cifar, None, NormConfig::LAYER), 16),
        trained(config(Depth::D8, StemKind::Cifar, None, NormConfig::None), 16),
        affine,
    ] {
        let after = round_trip(&before);
        let pictures = pictures(2, 16, 3);
        let (before, after) =
            (features(&before.encoder, &pictures, 16), features(&after.encoder, &pictures, 16));
        let scale = before.iter().fold(1.0_f32, |most, value| most.max(value.abs()));
        let difference = largest_difference(&before, &after);
        assert!(difference <= 1e-5 * scale, "{difference:e} of {scale}");
    }
}

#[test]
fn a_torch_checkpoint_gives_torchs_features() {
    let folder = tempfile::tempdir().unwrap();
    let imported = import(&reference("export_small.pth"), &folder.path().join("run")).unwrap();
    assert_eq!(imported.ignored, ["state_dict.module.fc.bias", "state_dict.module.fc.weight"]);
    let config = &imported.trained.config.encoder;
    assert_eq!((config.depth, config.stem, config.width), (Depth::D18, StemKind::Imagenet, Some(2)));
    assert_eq!(imported.trained.view().size, 224);
    assert_eq!(imported.trained.normalize(), Some(Normalize::IMAGENET));
    assert_eq!(imported.run.checkpoints().steps().unwrap(), [0]);

    let (pictures, side, expected) = read_features(&reference("export_small.npz"));
    let difference = largest_difference(&features(&imported.trained.encoder, &pictures, side), &expected);
    assert!(difference <= 1e-5, "{difference:e}");
}

#[test]
fn torchvisions_networks_give_the_same_features_after_import() {
    for (architecture, stem) in [("resnet18", "imagenet"), ("resnet34", "cifar"), ("resnet50", "imagenet")] {
        let folder = tempfile::tempdir().unwrap();
        if python(&["make", folder.path().to_str().unwrap(), architecture, stem]).is_none() {
            return;
        }
        let (pictures, side, expected) = read_features(&folder.path().join("features.npz"));
        for file in ["model.pth", "weights.safetensors"] {
            let run = folder.path().join(file.replace('.', "-"));
            let imported = import(&folder.path().join(file), &run).unwrap();
            assert_eq!(imported.ignored, ["fc.bias", "fc.weight"]);
            assert_eq!(imported.trained.config.encoder.width, None);
            let ours = features(&imported.trained.encoder, &pictures, side);
            let difference = largest_difference(&ours, &expected);
            let largest = expected.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
            eprintln!("{architecture}, {file}: {difference:e} of {largest}");
            assert!(difference <= 1e-4 * largest, "{architecture}, {file}: {difference:e} of {largest}");
        }
    }
}

/// The tensors of a small exported ResNet-18, to be spoilt.
fn small() -> BTreeMap<String, Vec<usize>> {
    let text = std::fs::read_to_string(reference("export_names.json")).unwrap();
    let lists: BTreeMap<String, Vec<(String, Vec<usize>)>> = serde_json::from_str(&text).unwrap();
    let shrink = |side: &usize| if *side >= 64 { side / 32 } else { *side };
    lists["resnet18"].iter().map(|(n, shape)| (n.clone(), shape.iter().map(shrink).collect())).collect()
}

/// Writes zeros of these shapes and imports them.
fn import_shapes(shapes: &BTreeMap<String, Vec<usize>>) -> Result<Imported, Error> {
    let zeros = vec![0; 1 << 20];
    let views = shapes.iter().map(|(name, shape)| {
        let bytes = &zeros[..4 * shape.iter().product::<usize>()];
        (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    let result = import(&path, &folder.path().join("run"));
    assert_eq!(folder.path().join("run").exists(), result.is_ok(), "a run only where the weights are good");
    result
}

fn refused(spoil: impl FnOnce(&mut BTreeMap<String, Vec<usize>>)) -> String {
    let mut shapes = small();
    spoil(&mut shapes);
    let error = import_shapes(&shapes).unwrap_err();
    assert!(matches!(error, Error::Import(_)), "{error}");
    error.to_string()
}

#[test]
fn what_is_no_plain_residual_network_is_refused_by_name() {
    import_shapes(&small()).expect("unspoilt");

    let message = refused(|shapes| drop(shapes.remove("layer3.1.bn2.running_var")));
    assert!(
        message.contains("looks like resnet18") && message.contains("`layer3.1.bn2.running_var`"),
        "{message}"
    );
    let message = refused(|shapes| drop(shapes.insert("layer2.0.conv2.weight".into(), vec![4, 2, 3, 3])));
    assert!(message.contains("[4, 2, 3, 3], expected [4, 4, 3, 3]"), "{message}");
    let message = refused(|shapes| drop(shapes.insert("layer1.0.se.fc1.weight".into(), vec![2, 2, 1, 1])));
    assert!(message.contains("`layer1.0.se.fc1.weight` belongs to no layer"), "{message}");
    let message = refused(|shapes| shapes.retain(|name, _| !name.starts_with("layer4.1")));
    assert!(message.contains("[2, 2, 2, 1] basic blocks"), "{message}");
    let message = refused(|shapes| shapes.retain(|name, _| !name.starts_with("layer1")));
    assert!(message.contains("no `conv1.weight` with a `layer1.0.conv1.weight`"), "{message}");
    let message = refused(|shapes| drop(shapes.insert("conv1.weight".into(), vec![2, 3, 5, 5])));
    assert!(message.contains("5×5, expected 7×7 or 3×3"), "{message}");
    let message = refused(|shapes| drop(shapes.insert("conv1.weight".into(), vec![2, 1, 7, 7])));
    assert!(message.contains("[2, 1, 7, 7], expected [width, 3, k, k]"), "{message}");
    let message = refused(|shapes| {
        let copies: Vec<_> =
            shapes.iter().map(|(n, shape)| (format!("teacher.{n}"), shape.clone())).collect();
        shapes.extend(copies);
    });
    assert!(message.contains("holds several") && message.contains("teacher."), "{message}");
    let message = refused(BTreeMap::clear);
    assert!(message.contains("among 0 tensors"), "{message}");
}

#[test]
fn tensors_that_claim_more_than_the_file_holds_are_refused_before_memory_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let error = import(&reference("export_huge.pth"), &folder.path().join("run")).unwrap_err().to_string();
    assert!(error.contains("claim 2416"), "{error}");
}

fn import_bytes(name: &str, bytes: &[u8]) -> Result<Imported, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    import(&path, &folder.path().join("run"))
}

#[test]
fn files_that_are_not_whole_are_refused() {
    let pth = std::fs::read(reference("export_small.pth")).unwrap();
    import_bytes("whole.pth", &pth).expect("a whole file");
    for length in [0, 3, 100, pth.len() / 2, pth.len() - 10] {
        let error = import_bytes("cut.pth", &pth[..length]).unwrap_err();
        assert!(matches!(error, Error::Import(ImportError::Format { .. })), "{length}: {error}");
    }
    let exported = exported_bytes();
    for length in [0, 5, 9, 1000, exported.len() - 1] {
        let error = import_bytes("cut.safetensors", &exported[..length]).unwrap_err();
        assert!(matches!(error, Error::Import(ImportError::Format { .. })), "{length}: {error}");
        assert!(error.to_string().contains("as safetensors"), "{error}");
    }
    let error = import(Path::new("no-such-file.pth"), Path::new("no-such-run")).unwrap_err();
    assert!(matches!(error, Error::Import(ImportError::Read { .. })), "{error}");
}

#[test]
fn a_description_that_contradicts_the_weights_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder: PathBuf = folder.path().join("export");
    export(&trained(config(Depth::D8, StemKind::Cifar, Some(4), BATCH), 8), &folder).unwrap();
    let description = folder.join("config.json");
    let text = std::fs::read_to_string(&description).unwrap();
    for (from, to, expected) in [
        ("\"resnet8\"", "\"resnet18\"", "it says (\"resnet18\""),
        ("\"format_version\": 1", "\"format_version\": 9", "format 9"),
        ("\"size\": 8,\n    \"mean\"", "\"size\": 0,\n    \"mean\"", "`size` is 0"),
        ("\"kind\": \"batch\"", "\"kind\": \"bach\"", "unknown variant"),
        ("{", "", "trailing characters"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        std::fs::write(&description, text.replacen(from, to, 1)).unwrap();
        let error = import(&folder.join(WEIGHTS), &folder.join("run")).unwrap_err();
        assert!(matches!(error, Error::Import(ImportError::Config { .. })), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    std::fs::write(&description, &text).unwrap();
    import(&folder.join(WEIGHTS), &folder.join("run")).expect("the description as it was");
    let error = import(&folder.join(WEIGHTS), &folder.join("run")).unwrap_err();
    assert!(matches!(error, Error::Experiment(_)), "a run is not overwritten: {error}");
}

fn exported_bytes() -> Vec<u8> {
    let trained = trained(config(Depth::D8, StemKind::Cifar, Some(2), BATCH), 8);
    autodidact_represent::export::torchvision::encode(&trained.encoder)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Damage anywhere is an error or goes unnoticed (it hit a weight), never a panic.
    #[test]
    fn damaged_files_do_not_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        head in any::<bool>(),
        torch in any::<bool>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = if torch { std::fs::read(reference("export_small.pth")).unwrap() } else { exported_bytes() };
        // Half the cases hit where the structure is: the header, or the pickle at the archive's start.
        let range = if head { bytes.len().min(8000) } else { bytes.len() };
        for (at, value) in damage {
            bytes[at.index(range)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let name = if torch { "damaged.pth" } else { "damaged.safetensors" };
        if let Err(error) = import_bytes(name, &bytes) {
            prop_assert!(matches!(error, Error::Import(_)), "{}", error);
        }
    }

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), safetensors in any::<bool>()) {
        let name = if safetensors { "random.safetensors" } else { "random.pth" };
        prop_assert!(import_bytes(name, &bytes).is_err());
    }
}
