//! Fine-tuning: it starts from the trained encoder, learns labels, and keeps nothing else of pre-training.

mod support;

use std::sync::Arc;

use autodidact_data::Dataset;
use autodidact_data::procedural::Procedural;
use autodidact_data::source::Memory;
use autodidact_experiment::rng::Seeds;
use autodidact_nn::{NormConfig, ResNet};
use autodidact_represent::{
    Error, FinetuneConfig, Method, RepresentConfig, Sweep, TrainedEncoder, finetune, finetune_sweep,
};
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

/// Logistic regression on features that do not move: the loss falls, and the network that comes out has the encoder that
/// went in, so that the same features are measured however long it trains.
#[test]
fn a_frozen_encoder_stays_as_it_is() {
    let trained = trained(config());
    let run = |epochs| {
        let settings = FinetuneConfig { frozen: true, ..settings(epochs) };
        let mut losses = Vec::new();
        let tell: &mut dyn FnMut(u64, u64, f64) = &mut |_, _, loss| losses.push(loss);
        let found =
            finetune(&trained, sets(), &settings, &Device::flex(), 0, tell).expect("labelled pictures");
        (found.report.accuracy, losses)
    };
    let (_, losses) = run(30);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (first, last) = (mean(&losses[..6]), mean(&losses[losses.len() - 6..]));
    assert!(last < first, "{first} to {last}");

    // A classifier that has hardly moved scores the same features, whichever data passed through batch norm.
    let still = |epochs| {
        let settings = FinetuneConfig { frozen: true, base_learning_rate: 1e-12, ..settings(epochs) };
        let tell: &mut dyn FnMut(u64, u64, f64) = &mut |_, _, _| ();
        finetune(&trained, sets(), &settings, &Device::flex(), 0, tell).expect("labelled").report.accuracy
    };
    assert_eq!(still(1), still(6));
}

#[test]
fn a_sweep_takes_the_point_that_does_best_on_held_out_labels() {
    let sweep =
        Sweep { base_learning_rates: vec![1e-9, 0.5], epochs: vec![1, 12], validation_fraction: 0.25 };
    let (mut steps, mut totals) = (Vec::new(), Vec::new());
    let swept = finetune_sweep(
        &trained(config()),
        sets(),
        &settings(999),
        &sweep,
        &Device::flex(),
        0,
        &mut |step, total, _| {
            steps.push(step);
            totals.push(total);
        },
    )
    .expect("labelled pictures");
    println!("{:?}", swept.validation);
    assert_eq!(swept.validation.len(), 4);
    let best = swept.validation.iter().filter_map(|score| score.accuracy).fold(0.0, f64::max);
    let first = swept.validation.iter().find(|score| score.accuracy == Some(best)).expect("one of them");
    assert_eq!((swept.base_learning_rate, swept.epochs), (first.base_learning_rate, first.epochs));
    assert_eq!(swept.finetuned.num_labels, 120, "the chosen point is trained on all labels");
    assert!(steps.is_sorted() && totals.iter().all(|total| *total == totals[0]));
    assert_eq!(steps.last(), totals.last());

    // The same as fine-tuning at that point.
    let alone =
        FinetuneConfig { base_learning_rate: swept.base_learning_rate, epochs: swept.epochs, ..settings(1) };
    let alone = finetune(&trained(config()), sets(), &alone, &Device::flex(), 0, &mut |_, _, _| ());
    assert_eq!(alone.expect("labelled").report.accuracy, swept.finetuned.report.accuracy);

    // A rate at which training diverges loses, and is told.
    let wild = Sweep { base_learning_rates: vec![1e30, 0.5], epochs: vec![2], ..sweep.clone() };
    let run = |sweep: &Sweep| {
        let device = Device::flex();
        finetune_sweep(&trained(config()), sets(), &settings(1), sweep, &device, 0, &mut |_, _, _| ())
    };
    let swept = run(&wild).expect("one rate is good");
    assert_eq!((swept.validation[0].accuracy, swept.base_learning_rate), (None, 0.5));
    let error = run(&Sweep { base_learning_rates: vec![1e30], ..wild }).expect_err("no rate is good");
    assert!(matches!(error, Error::Diverged { .. }), "{error}");

    let nothing = Sweep { base_learning_rates: Vec::new(), ..sweep };
    assert!(run(&nothing).expect_err("nothing to try").to_string().contains("`sweep`"));
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
