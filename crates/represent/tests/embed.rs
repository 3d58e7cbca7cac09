//! One row for every picture that can be read, in the collection's order.

mod support;

use std::sync::Arc;

use autodidact_data::Dataset;
use autodidact_data::augment::AugmentConfig;
use autodidact_data::procedural::Procedural;
use autodidact_experiment::rng::Seeds;
use autodidact_represent::{Embeddings, embed};
use burn::tensor::Device;
use support::{Damaged, small};

const PICTURES: usize = 600;

fn embedded(broken: Vec<usize>) -> Embeddings {
    let device = Device::flex();
    let encoder = small(4).encoder.init(&mut Seeds::new(1).stream("weights/online"), &device);
    let dataset = Arc::new(Damaged { pictures: Procedural::new(1, PICTURES, 8), broken });
    embed(&encoder, dataset, &AugmentConfig::whole(8), &device, 0, &mut |_| ()).expect("most can be read")
}

/// Neighbours in one batch, the last of a batch with the first of the next, the first and the last of all.
#[test]
fn unreadable_pictures_have_no_row_and_take_none_away() {
    let broken = vec![0, 3, 4, 255, 256, 599];
    let (whole, damaged) = (embedded(Vec::new()), embedded(broken.clone()));
    assert_eq!((whole.len(), damaged.len()), (PICTURES, PICTURES - broken.len()));

    let skipped: Vec<usize> = damaged.skipped.iter().map(|picture| picture.index).collect();
    assert_eq!(skipped, broken);
    let pictures = Procedural::new(1, PICTURES, 8);
    let readable = (0..PICTURES).filter(|index| !broken.contains(index));
    for (row, index) in readable.enumerate() {
        assert_eq!(damaged.paths[row], pictures.path(index));
        assert_eq!(damaged.labels[row], pictures.label(index));
        let [found, expected] =
            [(&damaged, row), (&whole, index)].map(|(set, at)| &set.values[at * set.width..][..set.width]);
        let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest < 1e-5, "picture {index}: {largest}");
    }
}
