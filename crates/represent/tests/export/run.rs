//! Encoders read from runs.

use std::sync::Arc;

use autodidact_data::augment::AugmentConfig;
use autodidact_data::procedural::Procedural;
use autodidact_experiment::run::{Environment, RunDirectory};
use autodidact_nn::state::{self, to_vec};
use autodidact_nn::{Depth, NormConfig, ResNet, StemKind};
use autodidact_represent::train::Outcome;
use autodidact_represent::{Error, Method, RepresentConfig, TrainedEncoder, embed, preset, train};
use burn::tensor::Device;

use crate::common::config;

fn tiny() -> RepresentConfig {
    let mut tiny = preset::named("cpu-small").unwrap();
    tiny.epochs = 1;
    tiny.warmup_epochs = 0.0;
    tiny.batch_size = 4;
    tiny.encoder = config(Depth::D8, StemKind::Cifar, Some(4), NormConfig::BATCH);
    for head in [&mut tiny.projector, &mut tiny.predictor] {
        (head.hidden_size, head.output_size) = (8, 4);
    }
    tiny.views.first.size = 8;
    tiny.views.second.size = 8;
    tiny
}

fn values(encoder: &ResNet) -> Vec<(String, Vec<f32>)> {
    state::all_tensors(encoder).into_iter().map(|(name, tensor)| (name, to_vec(tensor.values))).collect()
}

fn create(folder: &std::path::Path, config: &RepresentConfig) -> RunDirectory {
    let run = RunDirectory::create(folder).unwrap();
    run.describe(&toml::to_string(config).unwrap(), "train", &Environment::capture(1)).unwrap();
    run
}

#[test]
fn a_run_gives_back_the_encoder_that_training_ended_with() {
    let affine = RepresentConfig { initialise_as_batch_norm: true, ..tiny() };
    let standardised = tiny().with_norm(NormConfig::GROUP);
    let simclr = RepresentConfig { method: Method::Simclr, ..tiny() };
    let supervised = RepresentConfig { method: Method::Supervised, ..tiny() };
    for config in [tiny(), affine, standardised, simclr, supervised] {
        let folder = tempfile::tempdir().unwrap();
        let run = create(folder.path(), &config);
        let dataset = Arc::new(Procedural::new(1, 12, 8));
        let outcome = train(&config, dataset.clone(), &Device::flex(), 0, &run, &mut |_| {}).unwrap();
        let Outcome::Finished(expected) = outcome else { panic!("nobody interrupted") };

        let trained = TrainedEncoder::from_run(&run, &Device::flex()).unwrap();
        assert_eq!(trained.steps, 3);
        assert_eq!(trained.config, config);
        assert!(values(&trained.encoder) == values(&expected.encoder), "{:?}", config.method);
        let is_affine = trained.norm() == NormConfig::Affine;
        assert_eq!(is_affine, config.initialise_as_batch_norm);

        let view = trained.view();
        assert_eq!(view, AugmentConfig::whole(8).with_normalize(config.views.first.normalize));
        let embeddings = embed(&trained.encoder, dataset, &view, &Device::flex(), 0, &mut |_| {}).unwrap();
        assert_eq!((embeddings.len(), embeddings.width), (12, 16));
    }
}

#[test]
fn what_is_no_trained_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = create(&folder.path().join("untrained"), &tiny());
    let error = TrainedEncoder::from_run(&run, &Device::flex()).unwrap_err();
    assert!(matches!(error, Error::NoCheckpoint { .. }), "{error}");

    let run = RunDirectory::create(folder.path().join("other")).unwrap();
    run.describe("bound = 3\n", "optimize", &Environment::capture(1)).unwrap();
    let error = TrainedEncoder::from_run(&run, &Device::flex()).unwrap_err();
    assert!(matches!(error, Error::RunConfig { .. }), "{error}");
    assert!(error.to_string().contains("`bound`"), "{error}");
}

#[test]
fn an_imported_run_cannot_be_trained() {
    let folder = tempfile::tempdir().unwrap();
    let config = RepresentConfig { method: Method::Imported, epochs: 0, ..tiny() };
    let run = create(folder.path(), &config);
    let error = train(&config, Arc::new(Procedural::new(1, 12, 8)), &Device::flex(), 0, &run, &mut |_| {});
    let error = error.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("`method` is imported"), "{error}");
}
