//! Fine-tuning: it starts from the trained encoder, learns labels, and keeps nothing else of pre-training.

mod support;

use std::sync::Arc;

use autodidact_data::Dataset;
use autodidact_data::procedural::Procedural;
use autodidact_data::source::Memory;
use autodidact_experiment::rng::Seeds;
use autodidact_nn::{NormConfig, ResNet};
use autodidact_represent::{Error, FinetuneConfig, Method, RepresentConfig, TrainedEncoder, finetune};
use burn::tensor::Device;
use support::small;

type Sets = (Arc<dyn Dataset>, Arc<dyn Dataset>);

fn sets() -> Sets {
    (Arc::new(Procedural::new(1, 120, 12)), Arc::new(Procedural::range(1, 1000..1080, 12)))
}

fn config() -> RepresentConfig {
    let mut config = small(8);
    config.views.first.size = 12;
    config.views.second.size = 12;
    config
}

fn encoder(config: &RepresentConfig) -> ResNet {
    config.encoder.init(&mut Seeds::new(7).stream("weights/online"), &Device::flex())
}

fn trained(config: RepresentConfig) -> TrainedEncoder {
    TrainedEncoder { encoder: encoder(&config), config, steps: 1, passed_over: Vec::new() }
}

fn settings(epochs: usize) -> FinetuneConfig {
    FinetuneConfig { epochs, batch_size: 20, base_learning_rate: 0.5, ..FinetuneConfig::default() }
}

fn losses(trained: &TrainedEncoder, epochs: usize) -> Vec<f64> {
    let mut losses = Vec::new();
    finetune(trained, sets(), &settings(epochs), &Device::flex(), 0, &mut |_, _, loss| losses.push(loss))
        .expect("labelled pictures");
    losses
}

#[test]
fn it_learns() {
    let losses = losses(&trained(config()), 12);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (first, last) = (mean(&losses[..6]), mean(&losses[losses.len() - 6..]));
    println!("loss {first:.3} in the first epoch, {last:.3} in the last");
    assert!(last < 0.85 * first, "{first} to {last}");
}

#[test]
fn it_starts_from_the_trained_encoder() {
    let other = TrainedEncoder {
        encoder: config().encoder.init(&mut Seeds::new(8).stream("weights/online"), &Device::flex()),
        ..trained(config())
    };
    assert_ne!(losses(&trained(config()), 1)[0], losses(&other, 1)[0]);
}

/// Clipping to next to nothing, a schedule of pre-training, another method: none of it may reach fine-tuning.
#[test]
fn settings_of_pre_training_do_not_reach_it() {
    let plain = losses(&trained(config()), 2);
    for changed in [
        RepresentConfig { clip_norm: 1e-9, ..config() },
        RepresentConfig { warmup_epochs: 5.0, ..config() },
        RepresentConfig { method: Method::Supervised, ..config() },
        RepresentConfig { method: Method::Imported, epochs: 0, warmup_epochs: 0.0, ..config() },
    ] {
        assert_eq!(losses(&trained(changed.clone()), 2), plain, "{changed:?}");
    }
}

#[test]
fn an_encoder_that_started_as_if_batch_norm_is_fine_tuned_as_it_is() {
    let config = RepresentConfig { initialise_as_batch_norm: true, ..config() };
    let trained = TrainedEncoder { encoder: encoder(&config).into_affine(), ..trained(config) };
    assert_eq!(trained.norm(), NormConfig::Affine);
    assert!(losses(&trained, 1).iter().all(|loss| loss.is_finite()));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let refused = |sets: Sets, settings: FinetuneConfig| {
        finetune(&trained(config()), sets, &settings, &Device::flex(), 0, &mut |_, _, _| ())
            .expect_err("it cannot be meant")
    };
    let (training, test) = sets();
    let images: Vec<_> = (0..test.len()).map(|index| test.image(index).expect("drawn")).collect();
    let labels: Vec<usize> = (0..test.len()).filter_map(|index| test.label(index)).collect();
    let names = (0..10).map(|class| format!("other {class}")).collect();
    let renamed = Arc::new(Memory::new(images.clone(), labels, names).expect("as many labels as pictures"));
    let error = refused((training.clone(), renamed), settings(1));
    assert!(matches!(error, Error::ClassesDiffer { .. }), "{error}");

    let unlabelled = Arc::new(Memory::new(images, Vec::new(), Vec::new()).expect("no labels"));
    let error = refused((training, unlabelled), settings(1));
    assert!(matches!(error, Error::Unlabelled { .. }), "{error}");

    for (field, settings) in [
        ("epochs", settings(0)),
        ("base_learning_rate", FinetuneConfig { base_learning_rate: f64::NAN, ..settings(1) }),
        ("batch_size", FinetuneConfig { batch_size: 0, ..settings(1) }),
    ] {
        let error = refused(sets(), settings);
        assert!(error.to_string().contains(&format!("`{field}`")), "{field}: {error}");
    }
}
