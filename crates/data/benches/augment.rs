//! Time of one view, of each operation in it, and of decoding, on one core.
//!
//! `cargo bench -p autodidact-data --bench augment`. Pictures are generated: smooth shapes with some noise, 500 × 375
//! as JPEG of quality 90 and 32 × 32 as bytes.

use autodidact_data::{
    Image,
    augment::{Augment, AugmentConfig, Draw, JitterStyle, Region, Scratch, Stream},
    decode::{Limits, decode},
};
use divan::{Bencher, counter::ItemsCount};

fn main() {
    divan::main();
}

fn picture(width: usize, height: usize) -> Image {
    let mut stream = Stream::new(0, 0, 0, 0);
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let (x, y) = (x as f64 / width as f64 * 20.0, y as f64 / height as f64 * 20.0);
            for channel in 0..3 {
                let smooth = (x + f64::from(channel)).sin() * (y * 0.7).cos();
                pixels.push((127.0 + 100.0 * smooth + stream.uniform(-10.0, 10.0)) as u8);
            }
        }
    }
    Image::new(width, height, pixels)
}

fn jpeg() -> Vec<u8> {
    let image = picture(500, 375);
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    image::ImageEncoder::write_image(encoder, image.pixels(), 500, 375, image::ExtendedColorType::Rgb8)
        .expect("a valid picture");
    bytes
}

/// Applies the draws of sixty-four pictures in turn.
fn views(bencher: Bencher<'_, '_>, image: &Image, config: AugmentConfig, change: impl Fn(&mut Draw)) {
    let augment = Augment::new(config).expect("valid");
    let mut draws: Vec<_> = (0..64)
        .map(|index| augment.sample(&mut Stream::new(0, 0, index, 0), image.width(), image.height()))
        .collect();
    draws.iter_mut().for_each(change);
    let (mut scratch, mut view, mut next) = (Scratch::new(), vec![0.0; augment.len()], 0);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        next = (next + 1) % draws.len();
        augment.apply(image, &draws[next], &mut scratch, divan::black_box(&mut view));
    });
}

const NAMES: [&str; 4] = ["view1", "view2", "crop+flip", "crop+color"];

fn named(name: &str, size: usize) -> AugmentConfig {
    match name {
        "view1" => AugmentConfig::byol_view1(size),
        "view2" => AugmentConfig::byol_view2(size),
        "crop+flip" => AugmentConfig::linear_probe(size),
        _ => AugmentConfig::byol_view1(size).without_blur().without_flip(),
    }
}

#[divan::bench(args = NAMES)]
fn photo_to_224(bencher: Bencher<'_, '_>, name: &str) {
    views(bencher, &picture(500, 375), named(name, 224), |_| ());
}

#[divan::bench(args = NAMES)]
fn photo_to_224_antialiased(bencher: Bencher<'_, '_>, name: &str) {
    let mut config = named(name, 224);
    config.resample.antialias = true;
    config.color_jitter.style = JitterStyle::Torchvision;
    views(bencher, &picture(500, 375), config, |_| ());
}

#[divan::bench(args = NAMES)]
fn cifar_to_32(bencher: Bencher<'_, '_>, name: &str) {
    views(bencher, &picture(32, 32), named(name, 32), |_| ());
}

/// One operation on top of an unscaled crop, which is timed alone as `nothing`.
#[divan::bench(args = ["nothing", "brightness", "contrast", "saturation", "hue", "grayscale", "blur 0.5", "blur 2.0", "solarize"])]
fn operation_at_224(bencher: Bencher<'_, '_>, name: &str) {
    let image = picture(224, 224);
    // A jitter whose other operations are left out is not expressible, so the jitter is timed with one range open.
    let mut config = AugmentConfig::byol_view1(224).crop_only();
    let jitter = &mut config.color_jitter;
    (jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue) = (0.0, 0.0, 0.0, 0.0);
    match name {
        "brightness" => jitter.brightness = 0.4,
        "contrast" => jitter.contrast = 0.4,
        "saturation" => jitter.saturation = 0.2,
        "hue" => jitter.hue = 0.1,
        _ => {}
    }
    if ["brightness", "contrast", "saturation", "hue"].contains(&name) {
        jitter.probability = 1.0;
    }
    views(bencher, &image, config, |draw| {
        draw.region = Region::crop(0, 0, 224, 224);
        draw.grayscale = name == "grayscale";
        draw.blur = name.strip_prefix("blur ").map(|sigma| sigma.parse().expect("a number"));
        draw.solarize = name == "solarize";
    });
}

#[divan::bench]
fn decode_500x375_jpeg(bencher: Bencher<'_, '_>) {
    let bytes = jpeg();
    bencher.counter(ItemsCount::new(1_usize)).bench(|| decode(&bytes, &Limits::default()).expect("a JPEG"));
}

/// Decoding once and both of BYOL's views: what a training step waits for.
#[divan::bench]
fn decode_and_two_views(bencher: Bencher<'_, '_>) {
    let bytes = jpeg();
    let pipelines = [AugmentConfig::byol_view1(224), AugmentConfig::byol_view2(224)]
        .map(|config| Augment::new(config).expect("valid"));
    let (mut scratch, mut view, mut index) = (Scratch::new(), vec![0.0; pipelines[0].len()], 0);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        index += 1;
        let image = decode(&bytes, &Limits::default()).expect("a JPEG");
        for (number, augment) in pipelines.iter().enumerate() {
            let mut stream = Stream::new(0, 0, index, number as u64);
            let draw = augment.sample(&mut stream, image.width(), image.height());
            augment.apply(&image, &draw, &mut scratch, divan::black_box(&mut view));
        }
    });
}

#[divan::bench]
fn draw(bencher: Bencher<'_, '_>) {
    let augment = Augment::new(AugmentConfig::byol_view1(224)).expect("valid");
    let mut index = 0;
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        index += 1;
        augment.sample(&mut Stream::new(0, 0, index, 0), 500, 375)
    });
}
