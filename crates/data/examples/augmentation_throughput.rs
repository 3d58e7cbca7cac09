//! Pictures per second through decoding and two views on one core, as one line of JSON: the half of
//! `benchmarks/augmentation.py` that is ours.
//!
//! `augmentation_throughput FOLDER SIZE PASSES MODE STYLE` with MODE `decode`, `views` (decoded beforehand) or
//! `both`, and STYLE `byol` (the paper's) or `torchvision` (torchvision's colour and antialiasing).

use std::{path::Path, time::Instant};

use autodidact_data::{
    Dataset, Image,
    augment::{Augment, AugmentConfig, Crop, CropRule, JitterStyle, Scratch, Stream},
    decode::{Limits, decode},
    source,
};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [folder, size, passes, mode, style] = arguments.as_slice() else {
        return Err("expected FOLDER SIZE PASSES decode|views|both byol|torchvision".into());
    };
    let (size, passes) = (size.parse()?, passes.parse::<u64>()?);
    let pipelines = [AugmentConfig::byol_view1(size), AugmentConfig::byol_view2(size)].map(|mut config| {
        if style == "torchvision" {
            config.crop = Crop::random_resized(CropRule::TenAttempts);
            config.resample.antialias = true;
            config.color_jitter.style = JitterStyle::Torchvision;
        }
        Augment::new(config)
    });
    let pipelines: Vec<_> = pipelines.into_iter().collect::<Result<_, _>>()?;
    let files = read(Path::new(folder))?;
    let decoded =
        files.iter().map(|bytes| decode(bytes, &Limits::default())).collect::<Result<Vec<Image>, _>>()?;

    let (mut scratch, mut view, mut sum) = (Scratch::new(), vec![0.0; pipelines[0].len()], 0.0);
    let start = Clock::now();
    for pass in 0..passes {
        for (index, bytes) in files.iter().enumerate() {
            let fresh = if mode == "views" { None } else { Some(decode(bytes, &Limits::default())?) };
            let image = fresh.as_ref().unwrap_or(&decoded[index]);
            if mode == "decode" {
                sum += f32::from(image.pixels()[0]);
                continue;
            }
            for (number, augment) in pipelines.iter().enumerate() {
                let mut stream = Stream::new(1, pass, index as u64, number as u64);
                let draw = augment.sample(&mut stream, image.width(), image.height());
                augment.apply(image, &draw, &mut scratch, &mut view);
                sum += view[0];
            }
        }
    }
    let seconds = start.seconds();
    println!("{{\"images\": {}, \"seconds\": {seconds}, \"sum\": {sum}}}", files.len() as u64 * passes);
    Ok(())
}

/// Time spent on the processor where Linux tells, so that other programs' load does not count, else wall-clock time.
enum Clock {
    Processor(u64),
    Wall(Instant),
}

impl Clock {
    fn now() -> Self {
        processor_nanoseconds().map_or_else(|| Self::Wall(Instant::now()), Self::Processor)
    }

    fn seconds(&self) -> f64 {
        match self {
            Self::Processor(start) => {
                processor_nanoseconds().map_or(f64::NAN, |now| (now - start) as f64 * 1e-9)
            }
            Self::Wall(start) => start.elapsed().as_secs_f64(),
        }
    }
}

/// The first field of `schedstat`: nanoseconds this thread has run.
fn processor_nanoseconds() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// The bytes of every picture of a folder, in the order in which the folder lists them.
fn read(folder: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let dataset = source::open(folder, &source::Options::default())?;
    (0..dataset.len()).map(|index| Ok(std::fs::read(dataset.path(index))?)).collect()
}
