//! A look at a dataset before training: counts, sizes, broken files, and a sheet of thumbnails.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use image::ImageEncoder;
use image::codecs::png::PngEncoder;
use rayon::prelude::*;
use serde::Serialize;

use crate::source::{BadFile, Depth, Resize, scan};
use crate::{Dataset, Error, Image, Result};

/// What a dataset holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// Number of pictures, readable or not.
    pub pictures: usize,
    /// Pictures per class, in label order; empty if unlabelled.
    pub classes: Vec<ClassCount>,
    /// Sizes of the readable pictures; none if there is none.
    pub sizes: Option<Sizes>,
    /// Pictures that cannot be read.
    pub bad_files: Vec<BadFile>,
}

/// Pictures of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The class.
    pub name: String,
    /// How many pictures, readable or not.
    pub pictures: usize,
}

/// Sizes of pictures, in pixels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sizes {
    /// Of the widths.
    pub width: Spread,
    /// Of the heights.
    pub height: Spread,
    /// Of the shorter sides: what limits the size to train at.
    pub shorter_side: Spread,
    /// Shorter sides by power of two.
    pub histogram: Vec<Bin>,
}

/// Smallest, middle and largest of some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// The smallest.
    pub min: usize,
    /// The middle one, the lower of two.
    pub median: usize,
    /// The largest.
    pub max: usize,
}

/// A range of shorter sides and how many pictures have one in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bin {
    /// From here, a power of two,
    pub from: usize,
    /// to below here, the next.
    pub below: usize,
    /// Number of pictures.
    pub pictures: usize,
}

/// Counts, measures and checks a dataset, on all threads of the current pool.
///
/// ```
/// use autodidact_data::{inspect, procedural::Procedural, source::Depth};
/// let found = inspect::inspect(&Procedural::new(0, 25, 16), Depth::Header);
/// assert_eq!((found.pictures, found.classes[4].pictures, found.classes[5].pictures), (25, 3, 2));
/// assert_eq!(found.sizes.unwrap().width.median, 16);
/// ```
pub fn inspect<D: Dataset + ?Sized>(dataset: &D, depth: Depth) -> Inspection {
    let bad_files = scan(dataset, depth);
    let mut readable = vec![true; dataset.len()];
    for file in &bad_files {
        readable[file.index] = false;
    }
    let size = |index: usize| dataset.dimensions(index).ok();
    let sizes: Vec<_> =
        (0..dataset.len()).into_par_iter().filter(|&i| readable[i]).filter_map(size).collect();
    let mut classes: Vec<ClassCount> =
        dataset.class_names().iter().map(|name| ClassCount { name: name.clone(), pictures: 0 }).collect();
    for label in (0..dataset.len()).filter_map(|index| dataset.label(index)) {
        classes[label].pictures += 1;
    }
    Inspection { pictures: dataset.len(), classes, sizes: measure(&sizes), bad_files }
}

fn measure(sizes: &[(usize, usize)]) -> Option<Sizes> {
    let shorter: Vec<usize> = sizes.iter().map(|&(width, height)| width.min(height)).collect();
    let mut bins = BTreeMap::new();
    for side in &shorter {
        *bins.entry(side.ilog2()).or_insert(0) += 1;
    }
    let bin =
        |(power, pictures): (u32, usize)| Bin { from: 1_usize << power, below: 2_usize << power, pictures };
    Some(Sizes {
        width: spread(sizes.iter().map(|size| size.0).collect())?,
        height: spread(sizes.iter().map(|size| size.1).collect())?,
        shorter_side: spread(shorter)?,
        histogram: bins.into_iter().map(bin).collect(),
    })
}

fn spread(mut values: Vec<usize>) -> Option<Spread> {
    values.sort_unstable();
    let median = *values.get(values.len().checked_sub(1)? / 2)?;
    Some(Spread { min: *values.first()?, median, max: *values.last()? })
}

/// How a contact sheet looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactSheet {
    /// Thumbnails per class, a row; without labels, thumbnails per row.
    pub columns: usize,
    /// Side of a thumbnail in pixels. Pictures are centre-cropped to a square.
    pub thumbnail: usize,
    /// Most rows without labels.
    pub rows: usize,
}

impl Default for ContactSheet {
    fn default() -> Self {
        Self { columns: 12, thumbnail: 64, rows: 10 }
    }
}

/// Space between thumbnails, and around all.
const MARGIN: usize = 4;
const PAPER: [u8; 3] = [248, 247, 244];
const MISSING: [u8; 3] = [220, 216, 210];

/// Thumbnails of a dataset: a row per class in label order, its first pictures from left to right; without labels, rows
/// of pictures spread evenly over the dataset. A picture that cannot be read is an empty field.
///
/// # Panics
/// If the sheet has no columns, no rows or no size.
pub fn contact_sheet<D: Dataset + ?Sized>(dataset: &D, sheet: &ContactSheet) -> Image {
    assert!(sheet.columns > 0 && sheet.rows > 0 && sheet.thumbnail > 0, "a sheet has fields, got {sheet:?}");
    let rows = choose(dataset, sheet);
    let pitch = sheet.thumbnail + MARGIN;
    let (width, height) = (sheet.columns * pitch + MARGIN, rows.len().max(1) * pitch + MARGIN);
    let mut pixels: Vec<u8> = PAPER.iter().copied().cycle().take(width * height * 3).collect();
    let fields: Vec<(usize, usize, usize)> = rows
        .iter()
        .enumerate()
        .flat_map(|(row, chosen)| chosen.iter().enumerate().map(move |(column, &index)| (row, column, index)))
        .collect();
    let thumbnails: Vec<Option<Image>> = fields
        .par_iter()
        .map(|&(_, _, index)| dataset.image(index).ok().map(|i| Resize::Square(sheet.thumbnail).apply(&i)))
        .collect();
    for ((row, column, _), thumbnail) in fields.into_iter().zip(thumbnails) {
        for y in 0..sheet.thumbnail {
            let start = ((row * pitch + MARGIN + y) * width + column * pitch + MARGIN) * 3;
            let line = &mut pixels[start..start + sheet.thumbnail * 3];
            match &thumbnail {
                Some(image) => line.copy_from_slice(&image.pixels()[y * line.len()..(y + 1) * line.len()]),
                None => line.chunks_exact_mut(3).for_each(|pixel| pixel.copy_from_slice(&MISSING)),
            }
        }
    }
    Image::new(width, height, pixels)
}

/// The pictures of each row.
fn choose<D: Dataset + ?Sized>(dataset: &D, sheet: &ContactSheet) -> Vec<Vec<usize>> {
    let num_classes = dataset.class_names().len();
    if num_classes == 0 {
        let count = dataset.len().min(sheet.rows * sheet.columns);
        let chosen: Vec<usize> = (0..count).map(|at| at * dataset.len() / count).collect();
        return chosen.chunks(sheet.columns).map(<[usize]>::to_vec).collect();
    }
    let mut rows = vec![Vec::new(); num_classes];
    for index in 0..dataset.len() {
        if let Some(row) =
            dataset.label(index).map(|label| &mut rows[label]).filter(|r| r.len() < sheet.columns)
        {
            row.push(index);
        }
    }
    rows
}

/// A picture as the bytes of a PNG file.
///
/// # Panics
/// If a side is more than 2^32 - 1.
pub fn encode_png(image: &Image) -> Vec<u8> {
    let side = |length: usize| u32::try_from(length).expect("a side fits 32 bits");
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(
            image.pixels(),
            side(image.width()),
            side(image.height()),
            image::ExtendedColorType::Rgb8,
        )
        .expect("memory takes the bytes of any picture");
    bytes
}

/// Writes a picture as a PNG file, replacing what is there.
///
/// # Errors
/// [`Error::Write`] if it cannot be written; what was written of it is removed.
///
/// # Panics
/// If a side is more than 2^32 - 1.
pub fn save_png(image: &Image, path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let fail = |reason: io::Error| Error::Write { path: path.into(), reason: reason.to_string() };
    let mut file = File::create(path).map_err(fail)?;
    file.write_all(&encode_png(image)).map_err(|reason| {
        // A full disk leaves half a file. What is no file (a device) was not made here.
        if path.is_file() {
            let _ = fs::remove_file(path);
        }
        fail(reason)
    })
}
