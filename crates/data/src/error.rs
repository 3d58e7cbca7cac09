//! What can go wrong while reading pictures.

use std::path::PathBuf;

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong while reading pictures.
///
/// The message says what happened and what was expected; [`Error::hint`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read a file or folder.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A picture could not be written.
    #[error("cannot write `{path}`: {reason}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason given.
        reason: String,
    },
    /// A picture's bytes do not decode.
    #[error("cannot decode `{path}`: {fault}")]
    Picture {
        /// The file, or the member of an archive as `archive.tar/member.jpg`.
        path: String,
        /// What is wrong with the bytes.
        #[source]
        fault: Fault,
    },
    /// A folder stands where a file was expected, for instance a folder named `x.jpg`.
    #[error("`{path}` is a folder, expected a picture file")]
    IsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A link inside a folder leads back to one of the folders it lies in.
    #[error("the link `{path}` leads back to `{ancestor}`, which contains it")]
    LinkLoop {
        /// The link.
        path: PathBuf,
        /// The folder it leads back to.
        ancestor: PathBuf,
    },
    /// A source holds no picture of a known kind.
    #[error("no picture in `{path}` ({other_files} other files seen), expected {expected}")]
    NoPictures {
        /// The folder or archive.
        path: PathBuf,
        /// How many files there were that are not pictures by their name.
        other_files: usize,
        /// What would have been accepted.
        expected: String,
    },
    /// Not one picture of a source can be read.
    #[error("none of {count} pictures can be read; the first, `{path}`: {reason}")]
    NoneReadable {
        /// How many there are.
        count: usize,
        /// The first.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The folders do not lie as one folder per class.
    #[error("`{path}` is not laid out as one folder per class: {problem}")]
    ClassFolders {
        /// The folder or archive.
        path: PathBuf,
        /// What lies differently.
        problem: ClassFolderProblem,
    },
    /// Several splits were found and none was asked for.
    #[error("`{path}` holds the splits {}, expected one of them to be named", list(found))]
    SplitNeeded {
        /// The folder or archive.
        path: PathBuf,
        /// The splits present.
        found: Vec<String>,
    },
    /// The split asked for is not there.
    #[error("`{path}` has no split `{split}`, found {}", list(found))]
    UnknownSplit {
        /// The folder or archive.
        path: PathBuf,
        /// The split asked for.
        split: String,
        /// The splits present.
        found: Vec<String>,
    },
    /// A folder holds several collections.
    #[error("`{path}` holds several collections: {}", list(found))]
    Ambiguous {
        /// The folder.
        path: PathBuf,
        /// Names of the collections in it.
        found: Vec<String>,
    },
    /// A file is none of the collection formats.
    #[error("`{path}` is not a collection of pictures: {got}, expected {expected}")]
    UnknownKind {
        /// The file.
        path: PathBuf,
        /// What its first bytes or length look like.
        got: String,
        /// The accepted kinds.
        expected: &'static str,
    },
    /// A file contradicts its format.
    #[error("`{path}` is not valid {format} at byte {offset}: expected {expected}, got {got}")]
    Malformed {
        /// The file, or the member of an archive.
        path: String,
        /// Name of the format.
        format: &'static str,
        /// Where in the (uncompressed) file.
        offset: u64,
        /// What the format asks for there.
        expected: String,
        /// What stands there.
        got: String,
    },
    /// Pictures and labels are not as many.
    #[error("`{path}` has {images} pictures but {labels} labels, expected as many")]
    LabelCount {
        /// The labels' file, or `memory`.
        path: String,
        /// Number of pictures.
        images: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A label has no class name.
    #[error("label {label} of picture {index} in `{path}` is out of range, expected 0 to {}", num_classes.saturating_sub(1))]
    LabelRange {
        /// The file, or `memory`.
        path: String,
        /// Index of the picture.
        index: usize,
        /// The label found.
        label: usize,
        /// Number of class names.
        num_classes: usize,
    },
    /// A setting of an augmentation or a loader lies outside its range.
    #[error("`{field}` is {value}, expected {expected}")]
    Setting {
        /// The field as it is written in a configuration file, e.g. `blur.sigma`.
        field: String,
        /// The value given.
        value: String,
        /// The allowed range.
        expected: String,
    },
    /// Not one picture of a collection could be decoded.
    #[error("none of the {count} pictures can be decoded; the first failure: {first}")]
    NothingReadable {
        /// Number of pictures tried.
        count: usize,
        /// What the first failure said, path included.
        first: String,
    },
    /// Something does not fit the memory it was given.
    #[error("{what} needs {needed} bytes, expected at most {limit}")]
    TooLarge {
        /// What was to be held.
        what: String,
        /// Bytes needed, as far as known.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
}

/// Why folders are not class folders.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClassFolderProblem {
    /// Pictures lie at the top, beside or without class folders.
    #[error("{count} pictures lie outside any class folder, the first is `{first}`")]
    LoosePictures {
        /// How many.
        count: usize,
        /// One of them.
        first: String,
    },
    /// Some class folders hold no picture.
    #[error("these folders hold no picture: {}", list(folders))]
    EmptyClasses {
        /// The folders.
        folders: Vec<String>,
    },
}

/// Why bytes are not a picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// The first bytes are of no known picture format.
    #[error("unknown format, it starts with {start}, expected JPEG, PNG, WebP, GIF, BMP, TIFF or PNM")]
    UnknownFormat {
        /// The first bytes, as text where printable.
        start: String,
    },
    /// The picture is larger than allowed.
    #[error("the picture is {width} x {height}, expected at most {max_pixels} pixels")]
    TooLarge {
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
        /// The limit in force.
        max_pixels: u64,
    },
    /// A side is zero.
    #[error("the picture is {width} x {height}, expected at least one pixel")]
    NoPixels {
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
    },
    /// The bytes end before the picture does.
    #[error("the {format} data end early, after {bytes} bytes")]
    Truncated {
        /// The format recognised.
        format: &'static str,
        /// Bytes present.
        bytes: usize,
    },
    /// The bytes contradict the format.
    #[error("damaged {format} data: {message}")]
    Damaged {
        /// The format recognised.
        format: &'static str,
        /// The decoder's reason.
        message: String,
    },
    /// A valid variant that the decoder does not know.
    #[error("a variant of {format} that is not supported: {message}")]
    Unsupported {
        /// The format recognised.
        format: &'static str,
        /// The decoder's reason.
        message: String,
    },
}

impl Error {
    /// What is wrong, for a list that has the path beside it.
    pub(crate) fn without_path(&self) -> String {
        match self {
            Self::Picture { fault, .. } => fault.to_string(),
            Self::Read { source, .. } => source.to_string(),
            other => other.to_string(),
        }
    }

    /// What a person can do about it, if there is a common answer.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Picture { fault: Fault::TooLarge { .. }, .. } => {
                "shrink the picture, or raise the limit on pixels"
            }
            Self::Picture { .. } => "replace or delete the file, or skip broken files",
            Self::IsFolder { .. } => "open the folder as a collection, or name a file in it",
            Self::LinkLoop { .. } => "remove the link",
            Self::NoPictures { .. } | Self::NoneReadable { .. } | Self::UnknownKind { .. } => {
                "check the path; other formats have to be converted first"
            }
            Self::ClassFolders { .. } => {
                "move each picture into a folder named after its class, or read it without labels"
            }
            Self::SplitNeeded { .. } | Self::UnknownSplit { .. } => "name one of the splits found",
            Self::Ambiguous { .. } => "name one of them instead of the folder",
            Self::LabelCount { .. } => "use the labels file that belongs to these pictures",
            Self::TooLarge { .. } => "raise the limit, or read from disk instead",
            Self::NothingReadable { .. } => "check that the collection holds pictures this build can decode",
            Self::Setting { .. }
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Malformed { .. }
            | Self::LabelRange { .. } => {
                return None;
            }
        })
    }

    /// Pairs a reason with the path it belongs to.
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::Read { path, source }
    }
}

/// `` `a`, `b`, … `` with at most eight entries.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 8;
    if names.is_empty() {
        return "none".into();
    }
    let shown = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        rest => format!("{shown} and {rest} more"),
    }
}
