//! One array in numpy's `.npy` form: magic, version, a header that is a Python dictionary, the values.

use std::io::{self, Read, Write};

use super::{NamedArray, Values};

pub(super) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Longest header that the reader takes; numpy's own limit is 10 000.
const MAX_HEADER: usize = 65_536;

/// Product of a shape, unless it overflows.
pub(super) fn product(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))
}

/// Bytes of the encoded array, without the header.
pub(super) fn encoded_len(array: &NamedArray) -> u64 {
    let size = match array.values() {
        Values::F32(_) => 4,
        Values::F64(_) | Values::I64(_) => 8,
        Values::Text(texts) => 4 * text_width(texts),
    };
    array.values().len() as u64 * size as u64
}

/// Characters of the longest text; numpy has no texts of width zero.
fn text_width(texts: &[String]) -> usize {
    texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1)
}

/// Writes magic, header and values.
pub(super) fn encode(array: &NamedArray, out: &mut impl Write) -> io::Result<()> {
    let descr = match array.values() {
        Values::F32(_) => "<f4".to_owned(),
        Values::F64(_) => "<f8".to_owned(),
        Values::I64(_) => "<i8".to_owned(),
        Values::Text(texts) => format!("<U{}", text_width(texts)),
    };
    // A tuple of one needs its comma.
    let shape: Vec<String> = array.shape().iter().map(|size| format!("{size},")).collect();
    let shape = shape.concat();
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    // The values start at a multiple of 64 bytes; the header ends in a line feed.
    let prefix = MAGIC.len() + 4;
    let padded = (prefix + header.len() + 1).next_multiple_of(64);
    header.extend(std::iter::repeat_n(' ', padded - prefix - header.len() - 1));
    header.push('\n');
    let len = u16::try_from(header.len()).map_err(|_| io::Error::other("the shape has too many axes"))?;
    out.write_all(MAGIC)?;
    out.write_all(&[1, 0])?;
    out.write_all(&len.to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    match array.values() {
        Values::F32(values) => values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes())),
        Values::F64(values) => values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes())),
        Values::I64(values) => values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes())),
        Values::Text(texts) => {
            let width = text_width(texts);
            texts.iter().try_for_each(|text| {
                let codes = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(width);
                codes.into_iter().try_for_each(|code| out.write_all(&code.to_le_bytes()))
            })
        }
    }
}

/// Reads one array. The error is a sentence without the file name.
pub(super) fn decode(input: &mut impl Read) -> Result<(Vec<usize>, Values), String> {
    let mut start = [0; 8];
    input.read_exact(&mut start).map_err(|error| error.to_string())?;
    if &start[..6] != MAGIC {
        return Err("it does not start as an `.npy` file does".into());
    }
    let header_len = match start[6] {
        1 => u32::from(u16::from_le_bytes(read_array(input)?)),
        2 | 3 => u32::from_le_bytes(read_array(input)?),
        version => {
            return Err(format!("version {version} of the `.npy` format is not known; expected 1 to 3"));
        }
    } as usize;
    if header_len > MAX_HEADER {
        return Err(format!("a header of {header_len} bytes; expected at most {MAX_HEADER}"));
    }
    let header = String::from_utf8(read_exactly(input, header_len)?).map_err(|error| error.to_string())?;
    let Header { descr, is_column_major, shape } = parse_header(&header)?;
    let count = product(&shape).ok_or_else(|| format!("the shape {shape:?} is too large"))?;
    let values = read_values(input, descr, count)?;
    if input.read(&mut [0]).map_err(|error| error.to_string())? > 0 {
        return Err(format!("more bytes than the shape {shape:?} holds"));
    }
    let values = if is_column_major { row_major(values, &shape) } else { values };
    Ok((shape, values))
}

/// The values of a column-major array, in the order of a row-major one.
fn row_major(values: Values, shape: &[usize]) -> Values {
    match values {
        Values::F32(values) => Values::F32(reordered(&values, shape)),
        Values::F64(values) => Values::F64(reordered(&values, shape)),
        Values::I64(values) => Values::I64(reordered(&values, shape)),
        Values::Text(values) => Values::Text(reordered(&values, shape)),
    }
}

fn reordered<T: Clone>(values: &[T], shape: &[usize]) -> Vec<T> {
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    let mut ordered = Vec::with_capacity(values.len());
    while ordered.len() < values.len() {
        ordered.push(values[at].clone());
        // The last axis counts fastest; `stride` is that of `axis` in the column-major order.
        let mut stride = values.len();
        for axis in (0..shape.len()).rev() {
            stride /= shape[axis];
            index[axis] += 1;
            at += stride;
            if index[axis] < shape[axis] {
                break;
            }
            at -= stride * shape[axis];
            index[axis] = 0;
        }
    }
    ordered
}

fn read_values(input: &mut impl Read, descr: &str, count: usize) -> Result<Values, String> {
    let bytes = |input: &mut _, size: usize| {
        let len = count.checked_mul(size).ok_or("the array is too large")?;
        read_exactly(input, len)
    };
    let text_width =
        descr.strip_prefix("<U").and_then(|width| width.parse::<usize>().ok()).filter(|&width| width > 0);
    match (descr, text_width) {
        ("<f4", _) => Ok(Values::F32(map_words(&bytes(input, 4)?, f32::from_le_bytes))),
        ("<f8", _) => Ok(Values::F64(map_words(&bytes(input, 8)?, f64::from_le_bytes))),
        ("<i8", _) => Ok(Values::I64(map_words(&bytes(input, 8)?, i64::from_le_bytes))),
        ("<i4", _) => Ok(Values::I64(map_words(&bytes(input, 4)?, |word| i32::from_le_bytes(word).into()))),
        ("<i2", _) => Ok(Values::I64(map_words(&bytes(input, 2)?, |word| i16::from_le_bytes(word).into()))),
        ("|i1", _) => Ok(Values::I64(map_words(&bytes(input, 1)?, |word| i8::from_le_bytes(word).into()))),
        ("<u4", _) => Ok(Values::I64(map_words(&bytes(input, 4)?, |word| u32::from_le_bytes(word).into()))),
        ("<u2", _) => Ok(Values::I64(map_words(&bytes(input, 2)?, |word| u16::from_le_bytes(word).into()))),
        ("|u1" | "|b1", _) => Ok(Values::I64(map_words(&bytes(input, 1)?, |[byte]| byte.into()))),
        ("<u8", _) => map_words(&bytes(input, 8)?, u64::from_le_bytes)
            .into_iter()
            .map(|value| {
                i64::try_from(value)
                    .map_err(|_| format!("the value {value} is too large for 64 bits with a sign"))
            })
            .collect::<Result<_, _>>()
            .map(Values::I64),
        (_, Some(width)) => {
            let size = width.checked_mul(4).ok_or("the text width is too large")?;
            let texts = bytes(input, size)?;
            texts.chunks_exact(size).map(decode_text).collect::<Result<_, _>>().map(Values::Text)
        }
        _ => Err(format!(
            "values of type `{descr}`; expected floats `<f4` or `<f8`, integers or booleans, or text `<U…`"
        )),
    }
}

fn decode_text(bytes: &[u8]) -> Result<String, String> {
    let codes = map_words(bytes, u32::from_le_bytes);
    let end = codes.iter().rposition(|&code| code != 0).map_or(0, |last| last + 1);
    codes[..end]
        .iter()
        .map(|&code| char::from_u32(code).ok_or_else(|| format!("{code:#x} is no Unicode character")))
        .collect()
}

fn map_words<const SIZE: usize, T>(bytes: &[u8], from: impl Fn([u8; SIZE]) -> T) -> Vec<T> {
    let (words, rest) = bytes.as_chunks::<SIZE>();
    debug_assert!(rest.is_empty(), "a whole number of values");
    words.iter().map(|&word| from(word)).collect()
}

fn read_array<const SIZE: usize>(input: &mut impl Read) -> Result<[u8; SIZE], String> {
    let mut bytes = [0; SIZE];
    input.read_exact(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Reads `len` bytes. Memory grows with what is there, not with what a damaged header claims.
fn read_exactly(input: &mut impl Read, len: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    input.take(len as u64).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() == len {
        return Ok(bytes);
    }
    Err(format!("it ends after {} of {len} bytes", bytes.len()))
}

/// What a header says.
struct Header<'a> {
    descr: &'a str,
    is_column_major: bool,
    shape: Vec<usize>,
}

/// The header's dictionary, whose keys may come in any order.
fn parse_header(header: &str) -> Result<Header<'_>, String> {
    let bad = || format!("the header `{}` cannot be understood", header.trim_end());
    let value = |key: &str| {
        let (_, after) = header.split_once(&format!("'{key}':")).ok_or_else(bad)?;
        Ok::<_, String>(after.trim_start())
    };
    let descr = value("descr")?.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).ok_or_else(bad)?.0;
    let is_column_major = match value("fortran_order")? {
        order if order.starts_with("True") => true,
        order if order.starts_with("False") => false,
        _ => return Err(bad()),
    };
    let shape = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')')).ok_or_else(bad)?.0;
    let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape = sizes.map(|size| size.parse().map_err(|_| bad())).collect::<Result<_, _>>()?;
    Ok(Header { descr, is_column_major, shape })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(array: &NamedArray) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(array, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn bytes_follow_the_format_description() {
        let bytes = encoded(&NamedArray::f32("x", &[2], vec![1.0, -2.0]).unwrap());
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        let header = std::str::from_utf8(&bytes[10..128]).unwrap();
        assert!(header.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"), "{header}");
        assert!(header.ends_with(" \n"));
        assert_eq!(bytes[128..], [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
    }

    #[test]
    fn text_is_padded_four_byte_unicode() {
        let bytes = encoded(&NamedArray::text("x", &[2], vec!["é".into(), "ab".into()]).unwrap());
        assert!(bytes[10..].starts_with(b"{'descr': '<U2'"));
        assert_eq!(bytes[128..], [0xe9, 0, 0, 0, 0, 0, 0, 0, b'a', 0, 0, 0, b'b', 0, 0, 0]);
    }

    #[test]
    fn foreign_headers_are_named_in_the_error() {
        let with = |header: &str| {
            let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
            bytes.extend((header.len() as u16).to_le_bytes());
            bytes.extend(header.as_bytes());
            decode(&mut bytes.as_slice()).unwrap_err()
        };
        let header = |descr, order, shape| {
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}")
        };
        assert!(with(&header("|O", "False", "(2,)")).contains("`|O`"));
        assert!(with(&header("<f4", "Maybe", "(2,)")).contains("cannot be understood"));
        assert!(with(&header("<f4", "False", "(x,)")).contains("cannot be understood"));
        assert!(with(&header("<f4", "False", "(2,)")).contains("ends after 0 of 8"));
        assert!(with(&header("<f4", "False", "(4294967296, 4294967296, 2)")).contains("too large"));
        assert!(decode(&mut b"GIF89a__".as_slice()).unwrap_err().contains("does not start"));
    }
}
