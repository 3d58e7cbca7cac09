//! Times BYOL's optimizer steps on one prepared batch, without reading or augmenting pictures.
//!
//! `cargo run --release --example time_training -- PRESET SIDE BATCH STEPS NORM PRECISION`, with
//! NORM `batch` or `group` and PRECISION `f32` or `bf16`; prints seconds per step, one a line, after one step that is not counted, then the peak
//! resident memory in MiB. `benchmarks/byol_step.py` drives it.

use std::sync::Arc;
use std::time::Instant;

use autodidact::data::augment::AugmentConfig;
use autodidact::data::loader::{Loader, LoaderConfig};
use autodidact::data::procedural::Procedural;
use autodidact::data::source::{Memory, Preload};
use autodidact::nn::{NormConfig, Precision};
use autodidact::represent::burn::tensor::Device;
use autodidact::represent::byol::Byol;
use autodidact::represent::train::{Clock, Learner};
use autodidact::represent::{RepresentConfig, ViewsConfig, preset};

// As in the program.
#[path = "../src/allocator.rs"]
mod allocator;
mod common;

/// Pixels of a side of the pictures that views are made of.
const SIDE: usize = 32;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    allocator::keep_freed_memory();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [preset, side, batch, steps, norm, precision, views] = &arguments[..] else {
        return Err(
            "usage: time_training PRESET SIDE BATCH STEPS batch|group f32|bf16 fixed|augmented".into()
        );
    };
    let (side, batch_size, steps) = (side.parse()?, batch.parse()?, steps.parse()?);
    let norm = if norm == "group" { NormConfig::GROUP } else { NormConfig::BATCH };
    let precision = if precision == "bf16" { Precision::Bf16 } else { Precision::F32 };
    let config = RepresentConfig {
        batch_size,
        views: ViewsConfig {
            first: AugmentConfig::byol_view1(side),
            second: AugmentConfig::byol_view2(side),
        },
        ..preset::named(preset).ok_or("no such preset")?.with_norm(norm)
    };
    // As in the program: this thread is one of the pool's workers. `RAYON_NUM_THREADS` says how many there are.
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global()?;
    let drawn = Procedural::new(0, batch_size, SIDE);
    let pictures = Memory::preload(&drawn, &Preload { max_bytes: 1 << 30, resize: None })?;
    let loader_views = [config.views.first.clone(), config.views.second.clone()];
    let threads = rayon::current_num_threads();
    let loader_config = LoaderConfig { batch_size, threads, ..LoaderConfig::default() };
    let mut loader = Loader::new(Arc::new(pictures), &loader_views, loader_config)?;
    let mut batch = loader.next_batch()?;
    let mut byol = Byol::new(&config, 0, &batch, &Device::flex());
    for step in 0..=steps {
        let clock = Clock { step, total_steps: steps + 1, learning_rate: 0.01, observe: false };
        let started = Instant::now();
        if views == "augmented" {
            loader.recycle(batch);
            batch = loader.next_batch()?;
        }
        let report = precision.scope(|| byol.step(&batch, clock))?;
        let seconds = started.elapsed().as_secs_f64();
        assert!(report.loss().is_finite(), "the loss is a number");
        if step > 0 {
            println!("{seconds:.6}");
        }
    }
    println!("peak {:.1}", common::peak_mebibytes());
    Ok(())
}
