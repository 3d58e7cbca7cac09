//! Encoded bytes to [`Image`], the way Pillow's
//! `ImageOps.exif_transpose(Image.open(file)).convert("RGB")` reads them.
//!
//! The format is taken from the content, never from the name: JPEG, PNG, WebP, GIF (first frame), BMP, TIFF, PNM.
//! What follows Pillow 13 where decoders may differ:
//! - transparency is dropped, not blended: the stored colour counts;
//! - 16-bit colour keeps its high byte, but 16-bit *grey* saturates at 255, as Pillow's `I;16` to `RGB` does:
//!   convert such pictures to 8 bits first;
//! - CMYK becomes RGB without a colour profile, and no embedded profile is applied to any picture;
//! - a JPEG without its end marker is an error, not a half-grey picture.
//!
//! JPEG may differ from Pillow by rounding in the inverse DCT and in chroma upsampling; `tests/decode.rs` states how
//! much. TIFF with a palette is refused as unsupported, though
//! Pillow reads it, and where a GIF's first frame does not cover the canvas, the rest is black, not the first colour of
//! the palette. Decoding at reduced size is not done here.

use std::{fs::File, io::Cursor, io::Read, path::Path};

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader,
    error::{ImageFormatHint, LimitErrorKind},
};

use crate::{Error, Fault, Image, Result};

/// What a picture may cost, so that a small file cannot fill the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest `width * height`, default 2^27 (134 million pixels, 400 MB as RGB).
    pub max_pixels: u64,
    /// Largest encoded file in bytes, default 2^30.
    pub max_file_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_pixels: 1 << 27, max_file_bytes: 1 << 30 }
    }
}

/// Decodes a picture from its encoded bytes.
///
/// ```
/// let ppm = b"P6 2 1 255 \xff\x00\x00\x00\x00\xff";
/// let image = autodidact_data::decode::decode(ppm, &Default::default())?;
/// assert_eq!(image.pixel(1, 0), [0, 0, 255]);
/// # Ok::<(), autodidact_data::Fault>(())
/// ```
///
/// # Errors
/// A [`Fault`] that says what is wrong with the bytes.
pub fn decode(bytes: &[u8], limits: &Limits) -> std::result::Result<Image, Fault> {
    let Opened { format, mut decoder, .. } = open(bytes, limits)?;
    let fault = |e| fault(e, name(format), bytes.len());
    // A damaged EXIF block is no reason to refuse the pixels; Pillow ignores it as well.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(fault)?;
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = match picture {
        // Pillow rounds 16-bit PNM and keeps the high byte of everything else.
        DynamicImage::ImageRgb16(_) if format == ImageFormat::Pnm => picture.to_rgb8().into_raw(),
        _ => to_rgb(picture),
    };
    Ok(Image::new(width, height, pixels))
}

/// Width and height after orientation, from the header alone.
///
/// # Errors
/// As [`decode`], for what the header shows.
pub fn dimensions(bytes: &[u8], limits: &Limits) -> std::result::Result<(usize, usize), Fault> {
    let Opened { mut decoder, width, height, .. } = open(bytes, limits)?;
    let turned = decoder.orientation().is_ok_and(|o| o.to_exif() >= 5);
    Ok(if turned { (height, width) } else { (width, height) })
}

/// Reads and decodes a file.
///
/// # Errors
/// [`Error::Read`], [`Error::IsFolder`] or [`Error::Picture`], each with the path.
pub fn decode_file(path: impl AsRef<Path>, limits: &Limits) -> Result<Image> {
    let path = path.as_ref();
    let bytes = read_file(path, limits)?;
    decode(&bytes, limits).map_err(|fault| Error::Picture { path: path.display().to_string(), fault })
}

/// The bytes of a picture file, at most [`Limits::max_file_bytes`].
pub(crate) fn read_file(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(Error::read(path))?;
    let metadata = file.metadata().map_err(Error::read(path))?;
    if metadata.is_dir() {
        return Err(Error::IsFolder { path: path.into() });
    }
    let mut bytes = Vec::with_capacity(metadata.len().min(limits.max_file_bytes) as usize + 1);
    file.take(limits.max_file_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::read(path))?;
    if bytes.len() as u64 > limits.max_file_bytes {
        let needed = metadata.len().max(bytes.len() as u64);
        return Err(Error::TooLarge {
            what: format!("`{}`", path.display()),
            needed,
            limit: limits.max_file_bytes,
        });
    }
    Ok(bytes)
}

struct Opened<'a> {
    format: ImageFormat,
    decoder: Box<dyn ImageDecoder + 'a>,
    width: usize,
    height: usize,
}

fn open<'a>(bytes: &'a [u8], limits: &Limits) -> std::result::Result<Opened<'a>, Fault> {
    if bytes.is_empty() {
        return Err(Fault::Empty);
    }
    let format = sniff(bytes).ok_or_else(|| Fault::UnknownFormat { start: start_of(bytes) })?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // Sixteen bytes per pixel are the widest samples (RGBA in 32-bit floats); decoders may need scratch space.
    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_alloc = Some(limits.max_pixels.saturating_mul(16).saturating_add(1 << 24));
    reader.limits(decoder_limits);
    let decoder = reader.into_decoder().map_err(|e| fault(e, name(format), bytes.len()))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(Fault::NoPixels { width: width.into(), height: height.into() });
    }
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        let (width, height) = (width.into(), height.into());
        return Err(Fault::TooLarge { width, height, max_pixels: limits.max_pixels });
    }
    if format == ImageFormat::Jpeg && jpeg::is_cut(bytes) {
        return Err(Fault::Truncated { format: name(format), bytes: bytes.len() });
    }
    Ok(Opened { format, decoder: Box::new(decoder), width: width as usize, height: height as usize })
}

/// The format by content, among those compiled in.
pub(crate) fn sniff(bytes: &[u8]) -> Option<ImageFormat> {
    image::guess_format(bytes).ok().filter(ImageFormat::reading_enabled)
}

/// File name endings that are taken for pictures when a folder is listed.
pub(crate) const EXTENSIONS: [&str; 12] =
    ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "ppm", "pgm", "pbm", "pnm"];

/// Whether a file name ends like a picture's.
pub(crate) fn has_picture_name(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    !name.starts_with('.') && extension.is_some_and(|e| EXTENSIONS.contains(&e.as_str()))
}

fn to_rgb(picture: DynamicImage) -> Vec<u8> {
    match picture {
        DynamicImage::ImageRgb8(p) => p.into_raw(),
        DynamicImage::ImageLuma8(p) => p.iter().flat_map(|&v| [v; 3]).collect(),
        DynamicImage::ImageLumaA8(p) => p.chunks_exact(2).flat_map(|c| [c[0]; 3]).collect(),
        DynamicImage::ImageRgba8(p) => p.chunks_exact(4).flat_map(|c| [c[0], c[1], c[2]]).collect(),
        DynamicImage::ImageLuma16(p) => p.iter().flat_map(|&v| [v.min(255) as u8; 3]).collect(),
        DynamicImage::ImageLumaA16(p) => p.chunks_exact(2).flat_map(|c| [(c[0] >> 8) as u8; 3]).collect(),
        DynamicImage::ImageRgb16(p) => p.iter().map(|&v| (v >> 8) as u8).collect(),
        DynamicImage::ImageRgba16(p) => {
            p.chunks_exact(4).flat_map(|c| [c[0], c[1], c[2]].map(|v| (v >> 8) as u8)).collect()
        }
        other => other.to_rgb8().into_raw(),
    }
}

fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Png => "PNG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Gif => "GIF",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Tiff => "TIFF",
        _ => "PNM",
    }
}

fn fault(error: ImageError, format: &'static str, bytes: usize) -> Fault {
    match error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Fault::Truncated { format, bytes }
        }
        ImageError::Unsupported(e) if !matches!(e.format_hint(), ImageFormatHint::Unknown) => {
            Fault::Unsupported { format, message: e.to_string() }
        }
        ImageError::Limits(e) if !matches!(e.kind(), LimitErrorKind::Unsupported { .. }) => Fault::Damaged {
            format,
            message: format!("more memory asked for than the limit on pixels allows ({e})"),
        },
        other => Fault::Damaged { format, message: other.to_string() },
    }
}

/// The first bytes for a message: text if printable, hexadecimal otherwise.
pub(crate) fn start_of(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(12)];
    if start.iter().all(|b| b.is_ascii_graphic() || *b == b' ') {
        return format!("`{}`", String::from_utf8_lossy(start));
    }
    let hex: Vec<String> = start.iter().map(|b| format!("{b:02x}")).collect();
    format!("bytes {}", hex.join(" "))
}

mod jpeg {
    /// Whether the scan data lack the end marker, that is, the file was cut.
    ///
    /// The decoder fills what is missing with grey; Pillow refuses such a file, and so do we.
    pub(super) fn is_cut(bytes: &[u8]) -> bool {
        scan_start(bytes).is_none_or(|at| !bytes[at..].windows(2).rev().any(|pair| pair == [0xff, 0xd9]))
    }

    /// Offset of the first entropy-coded byte, found by walking the marker segments. An end marker before it
    /// may belong to an embedded thumbnail.
    fn scan_start(bytes: &[u8]) -> Option<usize> {
        const START_OF_SCAN: u8 = 0xda;
        let mut at = 2; // past the start-of-image marker
        loop {
            let (&lead, &marker) = (bytes.get(at)?, bytes.get(at + 1)?);
            if lead != 0xff || marker == 0xff {
                at += 1; // fill bytes
                continue;
            }
            let stands_alone = matches!(marker, 0x00 | 0x01 | 0xd0..=0xd9);
            let length = if stands_alone {
                0
            } else {
                usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]))
            };
            at += 2 + length;
            if marker == START_OF_SCAN {
                return (at <= bytes.len()).then_some(at);
            }
        }
    }
}
