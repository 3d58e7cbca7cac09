//! Trains BYOL on a collection of pictures and probes the encoder linearly.
//!
//! `cargo run --release -p autodidact-represent --example byol -- data/cifar10-jpeg.tar.gz 10000 10 runs/example`

use std::sync::Arc;
use std::time::Instant;

use autodidact_data::Dataset;
use autodidact_data::augment::{AugmentConfig, Normalize};
use autodidact_data::source::{Memory, Options, Preload, Resize, Subset, open};
use autodidact_experiment::run::RunDirectory;
use autodidact_represent::evaluate::{LabelledFeatures, LinearProbeConfig, linear_probe};
use autodidact_represent::train::{Outcome, Telling};
use autodidact_represent::{RepresentConfig, embed, preset, train};
use burn::tensor::Device;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, count, epochs, out] = &arguments[..] else {
        return Err("usage: byol DATA COUNT EPOCHS OUT".into());
    };
    let count: usize = count.parse()?;
    let load = |split: &str, count: usize| -> Result<Arc<dyn Dataset>, Box<dyn std::error::Error>> {
        let all = open(std::path::Path::new(path), &Options::default().with_split(split))?;
        let preload = Preload { max_bytes: 1 << 30, resize: Some(Resize::Square(24)) };
        Ok(Arc::new(Memory::preload(&Subset::first(all, count), &preload)?))
    };
    let training = load("train", count)?;
    let test = load("test", 2000)?;

    let mut config =
        RepresentConfig { epochs: epochs.parse()?, ..preset::named("cpu-small").expect("a preset") };
    config.views.first.size = 24;
    config.views.second.size = 24;
    let device = Device::flex();
    let started = Instant::now();
    let mut tell = |telling: Telling<'_>| {
        if let Telling::Step { step, total, metrics } = telling
            && !metrics.is_empty()
        {
            let rate = (step as usize * config.batch_size) as f64 / started.elapsed().as_secs_f64();
            println!("{step}/{total} {rate:.0} images/s {metrics:.3?}");
        }
    };
    let run = RunDirectory::create(out)?;
    let Outcome::Finished(trained) = train(&config, training.clone(), &device, 0, &run, &mut tell)? else {
        return Ok(());
    };

    let view = AugmentConfig::whole(24).with_normalize(Some(Normalize::CIFAR10));
    let train_set = embed(&trained.encoder, training, &view, &device, 0, &mut |_| ())?;
    let test_set = embed(&trained.encoder, test, &view, &device, 0, &mut |_| ())?;
    let labels = (train_set.complete_labels().ok_or("labels")?, test_set.complete_labels().ok_or("labels")?);
    let train_features = LabelledFeatures::new(&train_set.values, train_set.width, &labels.0, 10)?;
    let test_features = LabelledFeatures::new(&test_set.values, test_set.width, &labels.1, 10)?;
    let (probe, _) = linear_probe(train_features, test_features, &LinearProbeConfig::default())?;
    println!("linear probe {:.4} {:.1} s", probe.report.accuracy, started.elapsed().as_secs_f64());
    Ok(())
}
