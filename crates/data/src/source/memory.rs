//! Decoded pictures in memory, given or read ahead from another source.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::BadFile;
use crate::{Dataset, Error, Image, Result};

/// Pictures in memory, with or without labels.
///
/// ```
/// use autodidact_data::{Dataset, Image, source::Memory};
/// let images = vec![Image::new(1, 1, vec![0; 3]), Image::new(1, 1, vec![255; 3])];
/// let dataset = Memory::new(images, vec![0, 1], vec!["black".into(), "white".into()])?;
/// assert_eq!(dataset.label(1), Some(1));
/// # Ok::<(), autodidact_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Memory {
    images: Vec<Image>,
    labels: Vec<usize>,
    class_names: Vec<String>,
    /// Empty if the pictures were given, not read.
    paths: Vec<String>,
    bad: Vec<BadFile>,
}

/// How to read a dataset ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preload {
    /// Most bytes of pixels to hold.
    pub max_bytes: u64,
    /// Bring every picture to a size first.
    pub resize: Option<Resize>,
}

/// A size to bring pictures to, by area averaging ([`Image::resize_area`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// The largest centred square, at this side in pixels.
    Square(usize),
    /// The whole picture, its shorter side at this many pixels, proportions kept. Smaller pictures stay as they are.
    ShorterSide(usize),
}

impl Resize {
    /// Applies it.
    ///
    /// # Panics
    /// If the side is zero.
    pub fn apply(self, image: &Image) -> Image {
        match self {
            Self::Square(side) => image.centre_square().resize_area(side, side),
            Self::ShorterSide(side) => {
                let (width, height) = (image.width(), image.height());
                let shorter = width.min(height);
                if shorter <= side {
                    return image.clone();
                }
                let scale = |length: usize| (2 * length * side + shorter) / (2 * shorter);
                image.resize_area(scale(width), scale(height))
            }
        }
    }
}

impl Memory {
    /// Takes pictures, their labels (none, or one each) and the class names.
    ///
    /// # Errors
    /// If there are labels, but not as many as pictures, or one has no class name.
    pub fn new(images: Vec<Image>, labels: Vec<usize>, class_names: Vec<String>) -> Result<Self> {
        let path = || String::from("memory");
        if !labels.is_empty() && labels.len() != images.len() {
            return Err(Error::LabelCount { path: path(), images: images.len(), labels: labels.len() });
        }
        let num_classes = class_names.len();
        if let Some((index, &label)) = labels.iter().enumerate().find(|(_, label)| **label >= num_classes) {
            return Err(Error::LabelRange { path: path(), index, label, num_classes });
        }
        Ok(Self { images, labels, class_names, paths: Vec::new(), bad: Vec::new() })
    }

    /// Decodes all of `dataset` on all threads of the current pool and keeps it. Pictures that do not decode are left
    /// out and listed in [`Memory::bad_files`].
    ///
    /// # Errors
    /// [`Error::NoneReadable`] if no picture decodes, or [`Error::TooLarge`] as soon as the pixels are more than
    /// `max_bytes`.
    ///
    /// # Panics
    /// If a side in `resize` is zero.
    pub fn preload<D: Dataset + ?Sized>(dataset: &D, preload: &Preload) -> Result<Self> {
        let held = AtomicU64::new(0);
        let read = |index| -> Result<std::result::Result<Image, BadFile>> {
            let mut image = match dataset.image(index) {
                Ok(image) => image,
                Err(error) => return Ok(Err(BadFile::new(dataset, index, &error))),
            };
            if let Some(resize) = preload.resize {
                image = resize.apply(&image);
            }
            let size = image.pixels().len() as u64;
            let needed = held.fetch_add(size, Ordering::Relaxed) + size;
            if needed > preload.max_bytes {
                let what = format!("holding {} pictures in memory", dataset.len());
                return Err(Error::TooLarge { what, needed, limit: preload.max_bytes });
            }
            Ok(Ok(image))
        };
        let read: Vec<_> = (0..dataset.len()).into_par_iter().map(read).collect::<Result<_>>()?;

        let (mut images, mut indices, mut bad) = (Vec::new(), Vec::new(), Vec::new());
        for (index, picture) in read.into_iter().enumerate() {
            match picture {
                Ok(image) => {
                    images.push(image);
                    indices.push(index);
                }
                Err(file) => bad.push(file),
            }
        }
        if images.is_empty()
            && let Some(first) = bad.first()
        {
            return Err(first.none_readable(bad.len()));
        }
        // A partly labelled dataset would be a bug of its source: labels are all there or not at all.
        let labels = indices.iter().map_while(|&index| dataset.label(index)).collect();
        let mut memory = Self::new(images, labels, dataset.class_names().to_vec())?;
        memory.paths = indices.into_iter().map(|index| dataset.path(index)).collect();
        memory.bad = bad;
        Ok(memory)
    }

    /// The pictures that [`Memory::preload`] left out.
    pub fn bad_files(&self) -> &[BadFile] {
        &self.bad
    }

    /// Bytes of pixels held.
    pub fn bytes(&self) -> u64 {
        self.images.iter().map(|image| image.pixels().len() as u64).sum()
    }
}

impl Dataset for Memory {
    fn len(&self) -> usize {
        self.images.len()
    }

    fn image(&self, index: usize) -> Result<Image> {
        Ok(self.images[index].clone())
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.labels.get(index).copied()
    }

    fn class_names(&self) -> &[String] {
        &self.class_names
    }

    fn path(&self, index: usize) -> String {
        self.paths.get(index).map_or_else(|| format!("memory#{index}"), Clone::clone)
    }

    fn dimensions(&self, index: usize) -> Result<(usize, usize)> {
        Ok((self.images[index].width(), self.images[index].height()))
    }
}
