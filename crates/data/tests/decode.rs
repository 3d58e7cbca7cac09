//! Decoding against what Pillow reads (`reference/decode.py`), and against damaged files.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use autodidact_data::decode::{Limits, decode, decode_file, dimensions};
use autodidact_data::{Dataset, Error, Fault, Image, source};
use proptest::prelude::*;

#[derive(serde::Deserialize)]
struct Reference {
    files: BTreeMap<String, Expected>,
}

#[derive(serde::Deserialize)]
struct Expected {
    width: usize,
    height: usize,
    pixels: String,
}

fn reference_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference")
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Largest and mean absolute difference.
fn difference(a: &[u8], b: &[u8]) -> (u8, f64) {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = differences.clone().map(f64::from).sum();
    (differences.max().unwrap_or(0), sum / a.len() as f64)
}

/// Largest and mean difference allowed on the 0 to 255 scale. Everything is exact but JPEG, where the inverse DCT and
/// chroma upsampling round differently: measured with zune-jpeg 0.5.15 against Pillow 13.0.0 are at most 2 and 0.386 on
/// the small pictures, and at most 3 and 0.212 on every 211th pixel of a photograph.
fn tolerance(name: &str) -> (u8, f64) {
    if name.rsplit_once('.').is_some_and(|(_, ending)| ending == "jpg") { (3, 0.5) } else { (0, 0.0) }
}

/// Pillow reads it, the decoder does not and says so.
const UNSUPPORTED: [&str; 1] = ["palette.tiff"];

#[test]
fn every_encoding_decodes_as_pillow_reads_it() {
    let folder = reference_folder();
    let reference: Reference =
        serde_json::from_str(&fs::read_to_string(folder.join("decode.json")).unwrap()).unwrap();
    assert!(reference.files.len() > 50);
    let mut wrong = Vec::new();
    for (name, expected) in &reference.files {
        let bytes = fs::read(folder.join("decode").join(name)).unwrap();
        let image = match decode(&bytes, &Limits::default()) {
            Ok(image) => image,
            Err(Fault::Unsupported { .. }) if UNSUPPORTED.contains(&name.as_str()) => continue,
            Err(fault) => {
                wrong.push(format!("{name}: {fault}"));
                continue;
            }
        };
        let size = (image.width(), image.height());
        if size != (expected.width, expected.height) {
            wrong.push(format!("{name}: {size:?}, expected {} x {}", expected.width, expected.height));
            continue;
        }
        assert_eq!(dimensions(&bytes, &Limits::default()), Ok(size), "{name}");
        let (max, mean) = difference(image.pixels(), &unhex(&expected.pixels));
        println!("{name}: largest difference {max}, mean {mean:.3}");
        let (max_allowed, mean_allowed) = tolerance(name);
        if max > max_allowed || mean > mean_allowed {
            wrong.push(format!("{name}: largest difference {max}, mean {mean:.3}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[derive(serde::Deserialize)]
struct Variants {
    stride: usize,
    files: BTreeMap<String, Variant>,
}

#[derive(serde::Deserialize)]
struct Variant {
    width: usize,
    height: usize,
    mean_from_reference: f64,
    pixels: String,
}

#[test]
fn a_photograph_in_eighteen_encodings_decodes_as_pillow_reads_it() {
    let Some(path) = common::test_data("photos/decoder-variants.tar") else { return };
    let json = fs::read_to_string(reference_folder().join("decode_variants.json")).unwrap();
    let variants: Variants = serde_json::from_str(&json).unwrap();
    let tar = source::Tar::open(path, &source::Options::default()).unwrap();
    assert_eq!(tar.len(), 18);
    let images: BTreeMap<String, Image> = (0..tar.len())
        .map(|i| (tar.path(i).rsplit('/').next().unwrap().to_string(), tar.image(i).unwrap()))
        .collect();
    let reference = &images["ref_rgb8.ppm"];
    for (name, expected) in &variants.files {
        let image = &images[name];
        assert_eq!((image.width(), image.height()), (expected.width, expected.height), "{name}");
        let sampled: Vec<u8> = image.pixels().chunks(3).step_by(variants.stride).flatten().copied().collect();
        let (max, mean) = difference(&sampled, &unhex(&expected.pixels));
        let from_reference = difference(image.pixels(), reference.pixels()).1;
        println!(
            "{name}: largest difference {max}, mean {mean:.3}; from the reference {from_reference:.3}, Pillow {:.3}",
            expected.mean_from_reference
        );
        let (max_allowed, mean_allowed) = tolerance(name);
        assert!(
            max <= max_allowed && mean <= mean_allowed,
            "{name}: largest difference {max}, mean {mean:.3}"
        );
        assert!((from_reference - expected.mean_from_reference).abs() < 0.05, "{name}: {from_reference}");
    }
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(reference_folder().join("decode").join(name)).unwrap()
}

#[test]
fn what_is_no_picture_is_told_apart() {
    let limits = Limits::default();
    assert_eq!(decode(b"", &limits), Err(Fault::Empty));
    assert_eq!(
        decode(b"hello world, this", &limits),
        Err(Fault::UnknownFormat { start: "`hello world,`".into() })
    );
    for name in ["420_q85.jpg", "rgb8.png", "plain.gif", "rgb.bmp", "rgb.tiff", "lossless.webp", "rgb.ppm"] {
        let whole = fixture(name);
        let cut = &whole[..whole.len() * 2 / 3];
        let fault = decode(cut, &limits).unwrap_err();
        println!("{name}: {fault}");
        assert!(matches!(fault, Fault::Truncated { .. } | Fault::Damaged { .. }), "{name}: {fault:?}");
    }
    // As Pillow: a JPEG that lacks only its end marker counts as cut.
    let jpeg = fixture("444_q95.jpg");
    let fault = decode(&jpeg[..jpeg.len() - 2], &limits).unwrap_err();
    assert_eq!(fault, Fault::Truncated { format: "JPEG", bytes: jpeg.len() - 2 });
}

#[test]
fn a_small_file_cannot_ask_for_a_huge_picture() {
    let limits = Limits::default();
    let mut png = fixture("rgb8.png");
    png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]); // 65536 x 65536
    let sum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    let expected = Fault::TooLarge { width: 65536, height: 65536, max_pixels: limits.max_pixels };
    assert_eq!(decode(&png, &limits), Err(expected.clone()));
    assert_eq!(dimensions(&png, &limits), Err(expected));
    let tight = Limits { max_pixels: 21 * 13 - 1, ..limits };
    assert!(matches!(
        decode(&fixture("rgb8.png"), &tight),
        Err(Fault::TooLarge { width: 21, height: 13, .. })
    ));
}

/// The check sum of PNG chunks, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[test]
fn files_are_told_by_content_and_folders_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let misnamed = folder.path().join("really_a_png.jpg");
    fs::write(&misnamed, fixture("rgb8.png")).unwrap();
    let limits = Limits::default();
    assert_eq!(decode_file(&misnamed, &limits).unwrap(), decode(&fixture("rgb8.png"), &limits).unwrap());
    let odd = folder.path().join("x.jpg");
    fs::create_dir(&odd).unwrap();
    assert!(matches!(decode_file(&odd, &limits), Err(Error::IsFolder { path }) if path == odd));
    let missing = folder.path().join("missing.jpg");
    let error = decode_file(&missing, &limits).unwrap_err();
    assert!(matches!(&error, Error::Read { path, .. } if *path == missing), "{error}");
    let tight = Limits { max_file_bytes: 100, ..limits };
    assert!(matches!(decode_file(&misnamed, &tight), Err(Error::TooLarge { limit: 100, .. })));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes, &small());
        let _ = dimensions(&bytes, &small());
    }

    #[test]
    fn mutated_files_never_panic(
        file in 0..KINDS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = fixture(KINDS[file]);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let (Ok(image), Ok(size)) = (decode(&bytes, &small()), dimensions(&bytes, &small())) {
            prop_assert_eq!((image.width(), image.height()), size);
        }
    }
}

const KINDS: [&str; 20] = [
    "420_q85.jpg",
    "420_progressive.jpg",
    "420_restart.jpg",
    "gray.jpg",
    "cmyk_adobe.jpg",
    "exif6.jpg",
    "rgb8.png",
    "palette.png",
    "rgba16.png",
    "exif6.png",
    "lossless.webp",
    "lossy.webp",
    "exif8.webp",
    "plain.gif",
    "animated.gif",
    "palette.bmp",
    "lzw.tiff",
    "deflate.tiff",
    "rgb.ppm",
    "bilevel.pbm",
];

fn small() -> Limits {
    Limits { max_pixels: 1 << 20, max_file_bytes: 1 << 20 }
}
