//! Pictures as rows of numbers.

use std::path::Path;

use autodidact_data::arrays::{Values, read_array};
use autodidact_data::augment::{Augment, AugmentConfig, Scratch, Stream};
use autodidact_data::source::{self, Labels, Options};
use autodidact_data::{Dataset, Image};
use rayon::prelude::*;

use super::CHANNELS;
use crate::{Error, Features, Result};

/// Reads all pictures of a collection, each brought to a square of `side` pixels (shorter side first, then the middle): rows of three planes
/// red, green and blue, `[N, 3 · side · side]`, from 0 to 1.
///
/// A collection is what [`source::open`] takes, `split` naming a part of it (nothing if it is empty); or an `.npz` or `.npy` file with an array
/// `[N, H, W]` or `[N, H, W, 3]` of integers from 0 to 255, in an archive under the name `array`.
///
/// # Errors
/// [`Error::Pictures`] if the collection or one of its pictures cannot be read, [`Error::Arrays`], [`Error::Axes`], [`Error::Kind`] and
/// [`Error::Pixel`] if a file has no such array.
pub fn read(path: &Path, [split, array]: [&str; 2], side: usize) -> Result<Features> {
    let is_array =
        |ending: &std::ffi::OsStr| ending.eq_ignore_ascii_case("npz") || ending.eq_ignore_ascii_case("npy");
    if path.extension().is_some_and(is_array) && !path.is_dir() {
        let images = images_of(path, array)?;
        return rows(images.len(), side, |index| Ok(images[index].clone()));
    }
    let mut options = Options::default().with_labels(Labels::None);
    if !split.is_empty() {
        options = options.with_split(split);
    }
    let dataset = source::open(path, &options)?;
    rows(dataset.len(), side, |index| Ok(dataset.image(index)?))
}

/// A row for each picture.
fn rows(count: usize, side: usize, image: impl Fn(usize) -> Result<Image> + Sync) -> Result<Features> {
    let view = Augment::new(AugmentConfig::whole(side).with_normalize(None))?;
    let row = |index: usize| -> Result<Vec<f64>> {
        let image = image(index)?;
        // Nothing of this view is random.
        let draw = view.sample(&mut Stream::new(0, 0, 0, 0), image.width(), image.height());
        let mut planes = vec![0.0; view.len()];
        view.apply(&image, &draw, &mut Scratch::new(), &mut planes);
        Ok(planes.into_iter().map(f64::from).collect())
    };
    let rows: Vec<Vec<f64>> = (0..count).into_par_iter().map(row).collect::<Result<_>>()?;
    Features::new(rows.concat(), view.len())
}

/// The pictures of an array.
fn images_of(path: &Path, name: &str) -> Result<Vec<Image>> {
    const EXPECTED: &str = "[images, height, width] or [images, height, width, 3], at least one of each";
    let array = read_array(path, name)?;
    let (height, width, channels) = match *array.shape() {
        [_, height, width] if height * width > 0 => (height, width, 1),
        [_, height, width, CHANNELS] if height * width > 0 => (height, width, CHANNELS),
        ref shape => {
            let (path, name, shape) = (path.to_owned(), name.to_owned(), shape.to_vec());
            return Err(Error::Axes { path, name, shape, expected: EXPECTED });
        }
    };
    let Values::I64(values) = array.values() else {
        return Err(Error::Kind {
            path: path.to_owned(),
            name: name.to_owned(),
            found: if matches!(array.values(), Values::Text(_)) { "text" } else { "floats" },
            expected: "integers from 0 to 255",
            hint: "(255 * x).round().astype('uint8') makes them of floats from 0 to 1",
        });
    };
    let size = height * width * channels;
    let image = |(row, values): (usize, &[i64])| {
        let mut pixels = Vec::with_capacity(height * width * CHANNELS);
        for &value in values {
            let byte = u8::try_from(value).map_err(|_| Error::Pixel {
                path: path.to_owned(),
                name: name.to_owned(),
                row,
                value,
            })?;
            pixels.extend(std::iter::repeat_n(byte, CHANNELS / channels));
        }
        Ok(Image::new(width, height, pixels))
    };
    values.chunks_exact(size).enumerate().map(image).collect()
}

/// Pictures with each colour less its mean, by its standard deviation (the biased one), both over all pixels of `reference`; a colour that
/// does not vary there is only moved.
///
/// # Errors
/// [`Error::NotFinite`] names a picture with a number that is none.
///
/// # Panics
/// If rows are no pictures.
pub fn standardised(pictures: &Features, reference: &Features) -> Result<Features> {
    let plane = pictures.width() / CHANNELS;
    let count = (reference.count() * plane) as f64;
    let mut scales = [(0.0, 1.0); CHANNELS];
    for (channel, (mean, scale)) in scales.iter_mut().enumerate() {
        let values = || reference.iter().flat_map(|row| &row[channel * plane..(channel + 1) * plane]);
        *mean = values().sum::<f64>() / count;
        let variance = values().map(|value| (value - *mean).powi(2)).sum::<f64>() / count;
        // What rounding leaves of a colour that does not vary is no scale.
        if variance > 1e-12 {
            *scale = variance.sqrt().recip();
        }
    }
    let values = pictures.iter().flat_map(|row| {
        let at = move |(place, value): (usize, &f64)| {
            let (mean, scale) = scales[place / plane];
            (value - mean) * scale
        };
        row.iter().enumerate().map(at)
    });
    Features::new(values.collect(), pictures.width())
}

#[cfg(test)]
mod tests {
    use autodidact_data::arrays::{NamedArray, write_npz};

    use super::*;

    #[test]
    fn arrays_of_pictures_are_planes_of_colours() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pictures.npz");
        let grey = NamedArray::i64("grey", &[2, 1, 1], vec![0, 255]).expect("an array");
        let colours = NamedArray::i64("colours", &[1, 1, 1, 3], vec![255, 0, 51]).expect("an array");
        let wrong = NamedArray::i64("wrong", &[2, 1, 1], vec![0, 256]).expect("an array");
        let floats = NamedArray::f32("floats", &[1, 1, 1], vec![0.5]).expect("an array");
        write_npz(&path, &[grey, colours, wrong, floats]).expect("a file");
        let grey = read(&path, ["", "grey"], 1).expect("pictures");
        assert_eq!(grey, Features::new(vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0], 3).expect("rows"));
        let colours = read(&path, ["", "colours"], 2).expect("pictures");
        let planes = [[1.0; 4], [0.0; 4], [0.2; 4]].concat();
        for (found, expected) in colours.get(0).iter().zip(planes) {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
        let message = |name| read(&path, ["", name], 1).unwrap_err().to_string();
        assert!(
            message("wrong").contains("picture 1") && message("wrong").contains("256"),
            "{}",
            message("wrong")
        );
        assert!(message("floats").contains("holds floats, expected integers from 0 to 255"));
        assert!(message("none").contains("holds no array `none`"));
    }

    #[test]
    fn colours_are_standardised_each_by_its_own_pixels() {
        // Two pictures of two pixels: red 1 3 5 7, green 2 2 2 2, blue 0 0 4 4.
        let pictures = Features::from_rows(&[[1.0, 3.0, 2.0, 2.0, 0.0, 0.0], [5.0, 7.0, 2.0, 2.0, 4.0, 4.0]])
            .expect("rows");
        let found = standardised(&pictures, &pictures).expect("pictures");
        let red = 5.0_f64.sqrt().recip();
        let expected = [[-3.0 * red, -red, 0.0, 0.0, -1.0, -1.0], [red, 3.0 * red, 0.0, 0.0, 1.0, 1.0]];
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
        }
    }
}
