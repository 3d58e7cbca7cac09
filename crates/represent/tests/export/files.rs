//! The exported folder.

use autodidact_nn::{Depth, NormConfig, StemKind};
use autodidact_represent::Error;
use autodidact_represent::export::{CONFIG, ExportConfig, GRAPH, WEIGHTS, export};

use crate::common::{BATCH, config, trained};

#[test]
fn an_export_is_three_files_that_say_what_they_are() {
    let trained = trained(config(Depth::D18, StemKind::Imagenet, Some(4), BATCH), 32);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("a/new/folder");
    let files = export(&trained, &folder).unwrap();
    assert_eq!(files, [WEIGHTS, GRAPH, CONFIG].map(|name| folder.join(name)));
    assert!(files.iter().all(|file| file.is_file()));
    let parent: Vec<_> = std::fs::read_dir(folder.parent().unwrap()).unwrap().collect();
    assert_eq!(parent.len(), 1, "nothing temporary stays");

    let config: ExportConfig = serde_json::from_slice(&std::fs::read(&files[2]).unwrap()).unwrap();
    assert_eq!(config, ExportConfig::new(&trained));
    assert_eq!((config.architecture.as_str(), config.width, config.num_features), ("resnet18", 4, 32));
    assert_eq!((config.input.size, config.input.mean, config.steps), (32, [0.5, 0.4, 0.3], 120));
    assert_eq!(config.training["encoder"]["depth"], 18);
}

#[test]
fn nothing_is_overwritten_and_a_failure_leaves_nothing() {
    let trained = trained(config(Depth::D8, StemKind::Cifar, Some(4), NormConfig::GROUP), 8);
    let root = tempfile::tempdir().unwrap();
    let taken = root.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    export(&trained, &taken).expect("an empty folder is as good as none");
    let before = std::fs::read(taken.join(WEIGHTS)).unwrap();
    let error = export(&trained, &taken).unwrap_err();
    assert!(matches!(error, Error::ExportExists { .. }), "{error}");
    assert_eq!(std::fs::read(taken.join(WEIGHTS)).unwrap(), before);

    let file = root.path().join("file");
    std::fs::write(&file, "precious").unwrap();
    for place in [file.clone(), file.join("below")] {
        let error = export(&trained, &place).unwrap_err();
        assert!(matches!(error, Error::ExportExists { .. } | Error::ExportWrite { .. }), "{error}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 2);
}

#[test]
fn two_exports_of_one_encoder_are_equal_to_the_byte() {
    let trained = trained(config(Depth::D8, StemKind::Cifar, Some(4), BATCH), 8);
    let root = tempfile::tempdir().unwrap();
    let first = export(&trained, &root.path().join("first")).unwrap();
    let second = export(&trained, &root.path().join("second")).unwrap();
    for (first, second) in first.iter().zip(&second) {
        assert!(std::fs::read(first).unwrap() == std::fs::read(second).unwrap(), "{}", first.display());
    }
}
