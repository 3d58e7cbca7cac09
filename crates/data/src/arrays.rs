//! Named arrays in files that other programs read: `.npz` for numpy, CSV for everything else; and arrays out of Parquet files.
//!
//! Written are 32- and 64-bit floats, 64-bit integers and text; text becomes numpy's fixed-width `<U…`, so that
//! `numpy.load` needs no `allow_pickle`. A file is written aside and renamed: a failed write leaves the previous file.
//! Read are these and every other integer type and booleans, as 64-bit integers, in row-major or column-major order; no pickles
//! and no big-endian data. Parquet is read and not written: tables of pandas, Polars, Spark and others ([`read_array`]).
//!
//! Source: the `.npy` format, versions 1.0 to 3.0, as documented in `numpy.lib.format`; Parquet by Apache's crate `parquet`.
//!
//! ```
//! use autodidact_data::arrays::{NamedArray, read_npz, write_npz};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("embeddings.npz");
//! let arrays = [
//!     NamedArray::f32("features", &[2, 3], vec![0.5; 6])?,
//!     NamedArray::text("files", &[2], vec!["a.png".into(), "b.png".into()])?,
//! ];
//! write_npz(&path, &arrays)?;
//! assert_eq!(read_npz(&path)?, arrays);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod csv;
mod npy;
mod parquet;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

pub use csv::write_csv;

/// The values of an array, row-major.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// 32-bit floats (`<f4`).
    F32(Vec<f32>),
    /// 64-bit floats (`<f8`).
    F64(Vec<f64>),
    /// 64-bit integers (`<i8`); narrower integers and booleans when read.
    I64(Vec<i64>),
    /// Text (`<U…`).
    Text(Vec<String>),
}

impl Values {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An array with a name and a shape.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArray {
    name: String,
    shape: Vec<usize>,
    values: Values,
}

impl NamedArray {
    /// Checks that `values` fill `shape` and that the name can be a file name.
    ///
    /// # Errors
    ///
    /// If the number of values is not the product of `shape`, the name is empty or holds a slash, a backslash or a
    /// control character, or a text ends in a null character, which numpy would drop.
    pub fn new(name: impl Into<String>, shape: &[usize], values: Values) -> Result<Self, ArraysError> {
        let name = name.into();
        if name.is_empty() || name.contains(|c: char| c == '/' || c == '\\' || c.is_control()) {
            return Err(ArraysError::Name { name });
        }
        if npy::product(shape) != Some(values.len()) {
            return Err(ArraysError::Shape { name, shape: shape.to_vec(), len: values.len() });
        }
        if let Values::Text(texts) = &values
            && let Some(row) = texts.iter().position(|text| text.ends_with('\0'))
        {
            return Err(ArraysError::TrailingNull { name, row });
        }
        Ok(Self { name, shape: shape.to_vec(), values })
    }

    /// An array of 32-bit floats.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn f32(name: impl Into<String>, shape: &[usize], values: Vec<f32>) -> Result<Self, ArraysError> {
        Self::new(name, shape, Values::F32(values))
    }

    /// An array of 64-bit floats.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn f64(name: impl Into<String>, shape: &[usize], values: Vec<f64>) -> Result<Self, ArraysError> {
        Self::new(name, shape, Values::F64(values))
    }

    /// An array of 64-bit integers.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn i64(name: impl Into<String>, shape: &[usize], values: Vec<i64>) -> Result<Self, ArraysError> {
        Self::new(name, shape, Values::I64(values))
    }

    /// An array of texts.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn text(name: impl Into<String>, shape: &[usize], values: Vec<String>) -> Result<Self, ArraysError> {
        Self::new(name, shape, Values::Text(values))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, row-major.
    pub fn values(&self) -> &Values {
        &self.values
    }
}

/// What can go wrong with an array file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArraysError {
    /// The values do not fill the shape.
    #[error("array `{name}` has {len} values, which do not fill the shape {shape:?}")]
    Shape {
        /// Name of the array.
        name: String,
        /// The shape.
        shape: Vec<usize>,
        /// Number of values.
        len: usize,
    },
    /// The name cannot be that of a file inside the archive.
    #[error("`{name}` cannot name an array; expected a text without slashes and control characters")]
    Name {
        /// The name.
        name: String,
    },
    /// Two arrays have one name.
    #[error("two arrays are named `{name}`; rename one")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A text ends in a null character.
    #[error("text {row} of array `{name}` ends in a null character, which numpy drops; remove it")]
    TrailingNull {
        /// Name of the array.
        name: String,
        /// Index of the text.
        row: usize,
    },
    /// The arrays of a table differ in their number of rows, or have no rows or more than two axes.
    #[error(
        "array `{name}` of shape {shape:?} does not fit a table of {rows} rows; expected [{rows}] or [{rows}, columns]"
    )]
    Table {
        /// Name of the array.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Rows of the first array.
        rows: usize,
    },
    /// The archive holds no array of the name asked for.
    #[error(
        "`{}` holds no array `{name}`, only {}\nhint: numpy.savez(path, {name}=...) names an array", path.display(),
        list(found)
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        name: String,
        /// The names that are there.
        found: Vec<String>,
    },
    /// A table has no column of the name asked for.
    #[error(
        "`{}` holds no column `{name}` and no columns `{name}_0`, `{name}_1`, …, only {}\nhint: `*` stands for all columns of floats, \
         without labels and names", path.display(), list(found)
    )]
    Column {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        name: String,
        /// The names that are there.
        found: Vec<String>,
    },
    /// A table has no value somewhere.
    #[error(
        "column `{column}` of `{}` has no value in row {row}{}; rows count from 0; leave the row out or fill it in", path.display(),
        element.map_or(String::new(), |element| format!(", place {element} of its list"))
    )]
    Null {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// The place in the row's list, if the list is there.
        element: Option<usize>,
    },
    /// The lists of a column differ in length.
    #[error(
        "column `{column}` of `{}` has a list of {length} in row {row}, those before it have {expected}; rows count from 0; expected lists \
         of one length", path.display()
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row.
        row: usize,
        /// Length of its list.
        length: usize,
        /// Length of the first row's list.
        expected: usize,
    },
    /// The file is no array archive, or holds something the reader does not take.
    #[error("cannot read `{}`: {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The file system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Names for a message.
fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Writes arrays to one `.npz` file, which `numpy.load(path)` reads.
///
/// # Errors
///
/// If two arrays have one name or the file cannot be written; a file that was there before is then unchanged.
pub fn write_npz(path: &Path, arrays: &[NamedArray]) -> Result<(), ArraysError> {
    check_names(arrays)?;
    replace_file(path, |file| {
        let mut archive = ZipWriter::new(file);
        for array in arrays {
            // Stored, as `numpy.savez` does: features hardly compress. The large-file form only where it is needed.
            let bytes = npy::encoded_len(array);
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Stored)
                .large_file(bytes >= u64::from(u32::MAX) / 2);
            archive.start_file(format!("{}.npy", array.name), options)?;
            npy::encode(array, &mut archive)?;
        }
        archive.finish()?;
        Ok(())
    })
}

/// Reads the arrays of an `.npz` file, in the order of the archive.
///
/// # Errors
///
/// If the file cannot be read, is damaged, or holds something that [`Values`] cannot.
pub fn read_npz(path: &Path) -> Result<Vec<NamedArray>, ArraysError> {
    let mut archive = open_archive(path, open(path)?)?;
    (0..archive.len()).map(|index| read_entry(path, &mut archive, index)).collect()
}

/// Reads the array `name` of an `.npz` file and leaves the others alone, or the one array of an `.npy` file, which
/// has no name and gets this one, or columns of a Parquet file. Which of these a file is, its first bytes tell.
///
/// Of a Parquet file, N being its rows:
///
/// | `name` is | array |
/// |---|---|
/// | a column of numbers or text | `[N]` |
/// | a column of lists of D numbers, of fixed or any size | `[N, D]` |
/// | `x`, and there are columns of numbers `x_0` to `x_{D−1}` | `[N, D]`, in the order of the numbers |
/// | `*` | `[N, D]`, all columns of floats in the order of the file; integers, which may be labels, and text are left out |
///
/// Several columns of one kind keep it, of several kinds are 64-bit floats; 16-bit floats become 32-bit ones.
///
/// # Errors
///
/// [`ArraysError::Missing`] or [`ArraysError::Column`] if there are other arrays or columns only, [`ArraysError::Null`] and
/// [`ArraysError::Length`] name the column and the row where a table has no value or a list of another length; else as [`read_npz`].
pub fn read_array(path: &Path, name: &str) -> Result<NamedArray, ArraysError> {
    let mut file = open(path)?;
    let start = file.fill_buf().map_err(|source| cannot_read(path, source))?;
    if start.starts_with(npy::MAGIC) {
        let (shape, values) = npy::decode(&mut file).map_err(|problem| damaged(path, problem))?;
        return NamedArray::new(name, &shape, values);
    }
    if start.starts_with(parquet::MAGIC) {
        return parquet::read(path, file.into_inner(), name);
    }
    let mut archive = open_archive(path, file)?;
    let entry = format!("{name}.npy");
    match archive.index_for_name(&entry) {
        Some(index) => read_entry(path, &mut archive, index),
        None => {
            let found = archive
                .file_names()
                .flatten()
                .map(|entry| entry.strip_suffix(".npy").unwrap_or(&entry).to_owned())
                .collect();
            Err(ArraysError::Missing { path: path.to_owned(), name: name.to_owned(), found })
        }
    }
}

fn damaged(path: &Path, problem: impl ToString) -> ArraysError {
    ArraysError::Format { path: path.to_owned(), problem: problem.to_string() }
}

fn cannot_read(path: &Path, source: io::Error) -> ArraysError {
    ArraysError::Io { action: "read", path: path.to_owned(), source }
}

fn open(path: &Path) -> Result<BufReader<File>, ArraysError> {
    Ok(BufReader::new(File::open(path).map_err(|source| cannot_read(path, source))?))
}

fn open_archive(path: &Path, file: BufReader<File>) -> Result<Archive, ArraysError> {
    ZipArchive::new(file).map_err(|error| damaged(path, error))
}

type Archive = ZipArchive<BufReader<File>>;

fn read_entry(path: &Path, archive: &mut Archive, index: usize) -> Result<NamedArray, ArraysError> {
    let mut entry = archive.by_index(index).map_err(|error| damaged(path, error))?;
    let entry_name = entry.name().map_err(|error| damaged(path, error))?.into_owned();
    let in_entry = |problem: &str| damaged(path, format!("`{entry_name}`: {problem}"));
    let Some(name) = entry_name.strip_suffix(".npy") else {
        return Err(in_entry("expected a name that ends in `.npy`"));
    };
    let (shape, values) = npy::decode(&mut entry).map_err(|problem| in_entry(&problem))?;
    NamedArray::new(name, &shape, values)
}

fn check_names(arrays: &[NamedArray]) -> Result<(), ArraysError> {
    for (index, array) in arrays.iter().enumerate() {
        if arrays[..index].iter().any(|other| other.name == array.name) {
            return Err(ArraysError::DuplicateName { name: array.name.clone() });
        }
    }
    Ok(())
}

/// Writes a file aside, flushes it to the disk and renames it over `path`.
fn replace_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> Result<(), ArraysError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let replace = || -> io::Result<()> {
        let aside = new_file_aside(folder)?;
        let mut writer = BufWriter::new(aside.as_file());
        write(&mut writer)?;
        writer.flush()?;
        drop(writer);
        aside.as_file().sync_all()?;
        aside.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    replace().map_err(|source| ArraysError::Io { action: "write", path: path.to_owned(), source })
}

/// A temporary file with the permissions of an ordinary one; the default would be readable by its owner alone.
fn new_file_aside(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666)); // less the umask
    }
    builder.prefix(".arrays-").tempfile_in(folder)
}
