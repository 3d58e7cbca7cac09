//! The IDX format of MNIST (`LeCun`, Cortes and Burges 1998) and the data sets shaped like it.
//!
//! Read are unsigned bytes: pictures `[count, rows, columns]` (grey, magic 0x0803) and labels `[count]` (magic
//! 0x0801), sizes as big-endian 32-bit numbers. Other element types and numbers of axes are refused.

use std::path::{Path, PathBuf};

use super::{Options, gzip, layout};
use crate::{Dataset, Error, Image, Result};

/// Grey pictures from an IDX pair, held in memory, yielded as RGB.
#[derive(Debug)]
pub struct Idx {
    name: String,
    samples: Vec<u8>,
    height: usize,
    width: usize,
    labels: Vec<u8>,
    class_names: Vec<String>,
}

impl Idx {
    /// Reads a folder with `train-images-idx3-ubyte` or `t10k-images-idx3-ubyte` and the labels beside them, or one
    /// file of pictures; each may be gzipped. Without a labels file the pictures are unlabelled.
    ///
    /// # Errors
    /// If a file cannot be read or is not IDX, counts differ, or the folder has both splits and none is named.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self> {
        let path = path.as_ref();
        if !path.is_dir() {
            let labels = labels_beside(path);
            return Self::open_files(path, labels.as_deref());
        }
        let files = image_files(path);
        let mut found: Vec<String> = files.iter().map(|(_, split)| (*split).into()).collect();
        found.dedup();
        let split = layout::choose_split(path, found, options.split.as_deref())?;
        let Some((images, _)) = files.iter().find(|(_, s)| split.as_deref() == Some(s)) else {
            let expected = "`train-images-idx3-ubyte` or `t10k-images-idx3-ubyte`".into();
            return Err(Error::NoPictures { path: path.into(), other_files: 0, expected });
        };
        Self::open_files(images, labels_beside(images).as_deref())
    }

    /// Reads a file of pictures and one of labels.
    ///
    /// # Errors
    /// If a file cannot be read or is not IDX, or the counts differ.
    pub fn open_files(images: &Path, labels: Option<&Path>) -> Result<Self> {
        let (name, bytes) = (images.display().to_string(), gzip::read(images, gzip::MAX_BYTES)?);
        let labels =
            labels.map(|p| Ok((p.display().to_string(), gzip::read(p, gzip::MAX_BYTES)?))).transpose()?;
        Self::from_bytes(
            &bytes,
            &name,
            labels.as_ref().map(|(name, bytes)| (bytes.as_slice(), name.as_str())),
        )
    }

    /// Takes uncompressed content; the names stand for the files in paths and errors.
    ///
    /// # Errors
    /// If the bytes are not IDX, or the counts differ.
    pub fn from_bytes(images: &[u8], name: &str, labels: Option<(&[u8], &str)>) -> Result<Self> {
        let ([count, height, width], samples) = parse::<3>(images, name)?;
        if count == 0 || height == 0 || width == 0 {
            let got = format!("{count} x {height} x {width}");
            let expected = "at least one picture of at least one pixel".into();
            return Err(Error::Malformed { path: name.into(), format: "IDX", offset: 4, expected, got });
        }
        let labels = match labels {
            None => Vec::new(),
            Some((bytes, labels_name)) => {
                let ([labels], values) = parse::<1>(bytes, labels_name)?;
                if labels != count {
                    return Err(Error::LabelCount { path: labels_name.into(), images: count, labels });
                }
                values.to_vec()
            }
        };
        let classes = labels.iter().max().map_or(0, |&max| usize::from(max) + 1);
        let class_names = (0..classes).map(|c| c.to_string()).collect();
        Ok(Self { name: name.into(), samples: samples.to_vec(), height, width, labels, class_names })
    }
}

/// The sizes of the `AXES` axes, and the elements.
fn parse<'a, const AXES: usize>(bytes: &'a [u8], name: &str) -> Result<([usize; AXES], &'a [u8])> {
    let malformed = |offset: usize, expected: String, got: String| Error::Malformed {
        path: name.into(),
        format: "IDX",
        offset: offset as u64,
        expected,
        got,
    };
    let header = 4 + 4 * AXES;
    let magic = [0, 0, 8, AXES as u8];
    if !bytes.starts_with(&magic) {
        let expected = format!("the magic number 00 00 08 {AXES:02x} (unsigned bytes, {AXES} axes)");
        return Err(malformed(0, expected, crate::decode::start_of(&bytes[..bytes.len().min(4)])));
    }
    if bytes.len() < header {
        return Err(malformed(
            bytes.len(),
            format!("a header of {header} bytes"),
            "the end of the file".into(),
        ));
    }
    let mut sizes = [0; AXES];
    for (size, bytes) in sizes.iter_mut().zip(bytes[4..header].chunks_exact(4)) {
        *size = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    }
    let expected = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    let values = &bytes[header..];
    if expected == Some(values.len()) {
        return Ok((sizes, values));
    }
    let shape = sizes.map(|s| s.to_string()).join(" x ");
    Err(malformed(header, format!("{shape} elements"), format!("{} bytes", values.len())))
}

/// The pictures' files of a folder and their splits, in split order, one per split.
pub(super) fn image_files(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let mut files = Vec::new();
    for (prefix, split) in [("t10k", "test"), ("train", "train")] {
        // Both spellings are about: with a hyphen as published, with a dot as some tools unpack it.
        let names = ["-images-idx3-ubyte", "-images.idx3-ubyte"].map(|rest| format!("{prefix}{rest}"));
        let found =
            names.iter().flat_map(|n| [folder.join(n), folder.join(format!("{n}.gz"))]).find(|p| p.is_file());
        files.extend(found.map(|file| (file, split)));
    }
    files
}

/// The file of labels that belongs to a file of pictures, gzipped or not.
fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?.replace("images", "labels").replace("idx3", "idx1");
    let plain = name.trim_end_matches(".gz");
    let found = [images.with_file_name(plain), images.with_file_name(format!("{plain}.gz"))]
        .into_iter()
        .find(|p| p.is_file())?;
    (found != images).then_some(found)
}

/// Whether content starts like an IDX file of pictures.
pub(super) fn looks_like(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0, 0, 8, 3])
}

impl Dataset for Idx {
    fn len(&self) -> usize {
        self.samples.len() / (self.height * self.width)
    }

    fn image(&self, index: usize) -> Result<Image> {
        let size = self.height * self.width;
        let samples = &self.samples[index * size..(index + 1) * size];
        Ok(Image::new(self.width, self.height, samples.iter().flat_map(|&v| [v; 3]).collect()))
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.labels.get(index).map(|&label| usize::from(label))
    }

    fn class_names(&self) -> &[String] {
        &self.class_names
    }

    fn path(&self, index: usize) -> String {
        format!("{}#{index}", self.name)
    }

    fn dimensions(&self, _index: usize) -> Result<(usize, usize)> {
        Ok((self.width, self.height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGES: &[u8] = &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40];

    #[test]
    fn grey_becomes_rgb_and_labels_pair_up() {
        let labels = [0, 0, 8, 1, 0, 0, 0, 2, 3, 1];
        let idx = Idx::from_bytes(IMAGES, "images", Some((&labels, "labels"))).unwrap();
        assert_eq!((idx.len(), idx.class_names().len()), (2, 4));
        assert_eq!(idx.image(1).unwrap(), Image::new(2, 1, vec![30, 30, 30, 40, 40, 40]));
        assert_eq!((idx.label(0), idx.label(1)), (Some(3), Some(1)));
    }

    #[test]
    fn errors_name_place_expected_and_got() {
        let cut = Idx::from_bytes(&IMAGES[..19], "f", None).unwrap_err().to_string();
        assert_eq!(cut, "`f` is not valid IDX at byte 16: expected 2 x 1 x 2 elements, got 3 bytes");
        let magic = Idx::from_bytes(b"\0\0\x0d\x03", "f", None).unwrap_err().to_string();
        assert!(magic.contains("at byte 0: expected the magic number 00 00 08 03"), "{magic}");
        let count =
            Idx::from_bytes(IMAGES, "f", Some((&[0, 0, 8, 1, 0, 0, 0, 1, 3], "l"))).unwrap_err().to_string();
        assert_eq!(count, "`l` has 2 pictures but 1 labels, expected as many");
    }

    #[test]
    fn sizes_whose_product_overflows_are_refused() {
        let mut bytes = vec![0, 0, 8, 3];
        bytes.extend([0xff; 12]);
        assert!(matches!(Idx::from_bytes(&bytes, "f", None), Err(Error::Malformed { .. })));
    }
}
