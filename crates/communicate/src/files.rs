//! Objects, messages and features from files: an array of numpy's `.npz` archive by its name, the only one of an `.npy` file, or columns
//! of a Parquet table, a row for each object.
//!
//! Integers may have any width, floats 16 (in tables), 32 or 64 bits. Left out: pickles and big-endian numbers. In a table a name is that of a
//! column of lists, or of the columns `name_0`, `name_1`, …; `*` is all columns of floats (see [`autodidact_data::arrays::read_array`]).
//!
//! ```
//! use autodidact_communicate::files;
//! use autodidact_data::arrays::{NamedArray, write_npz};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("language.npz");
//! write_npz(&path, &[NamedArray::i64("messages", &[2, 3], vec![3, 1, 0, 2, 0, 0])?])?;
//! assert_eq!(files::read_messages(&path)?.word(0), [3, 1]);
//! assert!(files::read_objects(&path).unwrap_err().to_string().contains("no array `objects`"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::path::Path;

use autodidact_data::arrays::{NamedArray, Values, read_array};

use crate::{Error, Features, Messages, Objects, Result};

/// Reads the array `objects` [N, K] of attribute values from 0 on.
///
/// # Errors
/// [`Error::Arrays`] if the file cannot be read or has no such array, [`Error::Axes`], [`Error::Kind`], [`Error::Integer`] if it is no
/// table of such integers, [`Error::Empty`] if it holds nothing.
pub fn read_objects(path: &Path) -> Result<Objects> {
    let (values, columns) = integers(path, "objects", "two axes: [objects, attributes]")?;
    Objects::new(values, columns)
}

/// Reads the array `messages` [N, T] of symbols, 0 as the end.
///
/// # Errors
/// As [`read_objects`].
pub fn read_messages(path: &Path) -> Result<Messages> {
    let (values, columns) = integers(path, "messages", "two axes: [messages, positions]")?;
    Messages::new(values, columns)
}

/// Reads a table of features [N, D]: the array of this name, for instance the `embeddings` of `represent embed`.
///
/// # Errors
/// As [`read_objects`], and [`Error::NotFinite`] if a number is not finite.
pub fn read_features(path: &Path, name: &str) -> Result<Features> {
    let array = read_array(path, name)?;
    let columns = columns(path, &array, "two axes: [objects, features]")?;
    let values = match array.values() {
        Values::F32(values) => values.iter().map(|&value| value.into()).collect(),
        Values::F64(values) => values.clone(),
        Values::I64(values) => values.iter().map(|&value| value as f64).collect(),
        _ => {
            return Err(Error::Kind {
                path: path.to_owned(),
                name: name.to_owned(),
                found: "text",
                expected: "numbers",
                hint: "give the name of the array that holds the vectors",
            });
        }
    };
    Features::new(values, columns)
}

/// The integers of a table from 0 on, and its number of columns.
fn integers(path: &Path, name: &str, expected: &'static str) -> Result<(Vec<u32>, usize)> {
    let array = read_array(path, name)?;
    let columns = columns(path, &array, expected)?;
    let Values::I64(values) = array.values() else {
        let (found, hint) = match array.values() {
            Values::Text(_) => ("text", "number the texts: numpy.unique(x, return_inverse=True)[1]"),
            _ => (
                "floats",
                "x.astype(int) makes integers; vectors of features are measured as such, not as attributes",
            ),
        };
        return Err(Error::Kind {
            path: path.to_owned(),
            name: name.to_owned(),
            found,
            expected: "integers",
            hint,
        });
    };
    let value_at = |(at, &value): (usize, &i64)| {
        u32::try_from(value).map_err(|_| Error::Integer {
            path: path.to_owned(),
            name: name.to_owned(),
            row: at / columns,
            column: at % columns,
            value,
        })
    };
    Ok((values.iter().enumerate().map(value_at).collect::<Result<_>>()?, columns))
}

/// The number of columns of a table.
fn columns(path: &Path, array: &NamedArray, expected: &'static str) -> Result<usize> {
    match *array.shape() {
        [_, columns] => Ok(columns),
        ref shape => Err(Error::Axes {
            path: path.to_owned(),
            name: array.name().to_owned(),
            shape: shape.to_vec(),
            expected,
        }),
    }
}
