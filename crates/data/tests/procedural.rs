//! The drawn pictures: the same everywhere, the same scene at any size, and told apart by form more than by colour.

use autodidact_data::procedural::{PROCEDURAL_VERSION, Procedural, draw};
use autodidact_data::{Dataset, Image};

/// FNV-1a, 64 bits.
fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// When this fails, pictures have changed: raise `PROCEDURAL_VERSION` and put the new hashes here.
#[test]
fn pictures_have_the_bytes_of_their_version() {
    let hashes = [16, 24, 32].map(|side| hash((0..100).flat_map(|i| draw(1, i, side).pixels().to_vec())));
    let expected = (2, [0xb60f_2936_b560_f05a, 0x91c9_5798_f8ad_ae75, 0xcbdd_c4a7_0155_7ec9]);
    assert_eq!((PROCEDURAL_VERSION, hashes), expected, "hashes are {hashes:#018x?}");
}

#[test]
fn a_picture_depends_on_seed_index_and_side_alone() {
    let (whole, part) = (Procedural::new(3, 60, 20), Procedural::range(3, 40..60, 20));
    for at in 0..20 {
        assert_eq!(whole.image(40 + at).unwrap(), part.image(at).unwrap());
        assert_eq!((whole.label(40 + at), whole.path(40 + at)), (part.label(at), part.path(at)));
    }
    assert_ne!(draw(3, 0, 20), draw(4, 0, 20));
    assert_ne!(draw(3, 0, 20), draw(3, 10, 20));
}

#[test]
fn classes_are_balanced() {
    let pictures = Procedural::new(0, 200, 8);
    for class in 0..10 {
        assert_eq!((0..200).filter(|&i| pictures.label(i) == Some(class)).count(), 20);
    }
    assert_eq!(pictures.class_names().len(), 10);
}

fn mean_difference(a: &Image, b: &Image) -> f64 {
    let sum: f64 = a.pixels().iter().zip(b.pixels()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.pixels().len() as f64
}

#[test]
fn any_size_shows_the_same_scene() {
    for index in 0..50 {
        let (large, small) = (draw(5, index, 96).resize_area(24, 24), draw(5, index, 24));
        let (same, other) =
            (mean_difference(&large, &small), mean_difference(&large, &draw(5, index + 10, 24)));
        assert!(same < 12.0 && same < other / 2.0, "picture {index}: {same} to itself, {other} to another");
    }
}

#[test]
fn overall_colour_tells_little_of_the_class() {
    // Nearest class mean by the mean and spread of each channel; chance is 10 %.
    let features = |index| {
        let image = draw(9, index, 16);
        let mut features = [0.0f64; 6];
        let count = (image.width() * image.height()) as f64;
        for pixel in image.pixels().chunks_exact(3) {
            for channel in 0..3 {
                features[channel] += f64::from(pixel[channel]) / count;
                features[3 + channel] += f64::from(pixel[channel]).powi(2) / count;
            }
        }
        for channel in 0..3 {
            features[3 + channel] = (features[3 + channel] - features[channel].powi(2)).max(0.0).sqrt();
        }
        features
    };
    let mut means = [[0.0; 6]; 10];
    for index in 0..2000 {
        for (mean, value) in means[index as usize % 10].iter_mut().zip(features(index)) {
            *mean += value / 200.0;
        }
    }
    let distance = |a: &[f64; 6], b: &[f64; 6]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let right = (2000..3000)
        .filter(|&index| {
            let picture = features(index);
            let nearest = (0..10)
                .min_by(|&a, &b| distance(&means[a], &picture).total_cmp(&distance(&means[b], &picture)));
            nearest == Some(index as usize % 10)
        })
        .count();
    println!("{right} of 1000 right by colour");
    assert!(right < 200, "{right} of 1000 right by colour");
}
