//! A table of named columns as comma-separated text, quoted as RFC 4180 says.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

use super::{ArraysError, NamedArray, Values, check_names, replace_file};

/// Writes arrays side by side to one CSV file with a header line.
///
/// An array `[N]` is one column under its name, an array `[N, D]` the columns `name_0` to `name_{D−1}`. Floats are
/// written with the fewest digits that read back as the same value. Lines end in a line feed; a text with a comma, a
/// quotation mark or a line break is quoted.
///
/// # Errors
///
/// If two arrays have one name, the arrays differ in rows, or the file cannot be written; a file that was there before
/// is then unchanged.
///
/// ```
/// use autodidact_data::arrays::{NamedArray, write_csv};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("embeddings.csv");
/// let files = NamedArray::text("file", &[2], vec!["a.png".into(), "b, c.png".into()])?;
/// let features = NamedArray::f32("feature", &[2, 2], vec![0.1, 1.0, -2.0, 1e-9])?;
/// write_csv(&path, &[files, features])?;
/// let text = std::fs::read_to_string(&path)?;
/// assert_eq!(text, "file,feature_0,feature_1\na.png,0.1,1.0\n\"b, c.png\",-2.0,1e-9\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_csv(path: &Path, arrays: &[NamedArray]) -> Result<(), ArraysError> {
    check_names(arrays)?;
    let rows = arrays.first().and_then(|array| array.shape().first().copied()).unwrap_or(0);
    for array in arrays {
        if !(1..=2).contains(&array.shape().len()) || array.shape()[0] != rows {
            return Err(ArraysError::Table {
                name: array.name().to_owned(),
                shape: array.shape().to_vec(),
                rows,
            });
        }
    }
    let header: Vec<String> = arrays.iter().flat_map(column_names).collect();
    replace_file(path, |out| {
        write_line(out, header.iter().map(|name| quoted(name)))?;
        for row in 0..rows {
            let cells = arrays.iter().flat_map(|array| {
                let columns = array.shape().get(1).copied().unwrap_or(1);
                (0..columns).map(move |column| cell(array.values(), row * columns + column))
            });
            write_line(out, cells)?;
        }
        Ok(())
    })
}

fn column_names(array: &NamedArray) -> Vec<String> {
    match array.shape().get(1) {
        None => vec![array.name().to_owned()],
        Some(&columns) => (0..columns).map(|column| format!("{}_{column}", array.name())).collect(),
    }
}

fn cell(values: &Values, index: usize) -> Cow<'_, str> {
    // `Debug` of a float is the shortest text that reads back the same, with an exponent where it is long.
    match values {
        Values::F32(values) => format!("{:?}", values[index]).into(),
        Values::F64(values) => format!("{:?}", values[index]).into(),
        Values::I64(values) => values[index].to_string().into(),
        Values::Text(values) => quoted(&values[index]),
    }
}

fn quoted(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\"")).into();
    }
    text.into()
}

fn write_line<'a>(out: &mut impl Write, cells: impl Iterator<Item = Cow<'a, str>>) -> std::io::Result<()> {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(cell.as_bytes())?;
    }
    out.write_all(b"\n")
}
