//! Every operation of the augmentation pipeline against values made by Pillow, torch, torchvision, scipy and
//! colorsys; the script is `reference/augment/generate.py`.

use autodidact_data::{
    Image,
    augment::{Augment, AugmentConfig, Draw, Scratch, Stream},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    image: Picture,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    config: AugmentConfig,
    /// Absent where the configuration leaves nothing to chance.
    draw: Option<Draw>,
    view: Vec<f64>,
}

/// Rounding only: the reference computes mostly in 64 bits and this crate in 32, with sums of up to 23 terms; on
/// values near one that is some 1e-6. Pillow's weights and sums are of the same kind.
const TOLERANCE: f64 = 5e-6;

#[test]
fn views_equal_those_of_other_software() {
    let text = include_str!("reference/augment/values.json");
    let Reference { image, cases } = serde_json::from_str(text).expect("the reference file");
    let image = Image::new(image.width, image.height, image.pixels);
    let mut scratch = Scratch::new();
    let mut worst = 0.0_f64;
    for case in cases {
        let augment = Augment::new(case.config).expect(&case.name);
        let mut stream = Stream::new(0, 0, 0, 0);
        let draw = case.draw.unwrap_or_else(|| augment.sample(&mut stream, image.width(), image.height()));
        let mut view = vec![f32::NAN; augment.len()];
        augment.apply(&image, &draw, &mut scratch, &mut view);
        assert_eq!(view.len(), case.view.len(), "{}", case.name);
        let difference =
            |(&ours, &theirs): (&f32, &f64)| (f64::from(ours) - theirs).abs() / theirs.abs().max(1.0);
        let differences: Vec<_> = view.iter().zip(&case.view).map(difference).collect();
        let (at, largest) = differences
            .iter()
            .copied()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .expect("a view has pixels");
        println!("{:50} {largest:.1e}", case.name);
        assert!(
            largest <= TOLERANCE,
            "{}: {} instead of {} at {at}, off by {largest:.1e}",
            case.name,
            view[at],
            case.view[at]
        );
        worst = worst.max(largest);
    }
    println!("largest difference {worst:.1e}");
}
