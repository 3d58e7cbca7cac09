//! What can go wrong: one enum for the crate.

use std::path::PathBuf;

use autodidact_data::arrays::ArraysError;

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with objects, messages and tables. Each message says what happened, what was expected and what to do. Rows
/// and columns count from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A table without rows or without columns.
    #[error("{what} are a table of {rows} rows and {columns} columns; expected at least one of each")]
    Empty {
        /// What the table holds.
        what: &'static str,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },

    /// Values that do not make up whole rows.
    #[error("{values} values of {what} do not make up rows of {columns}; expected a multiple of it")]
    Fill {
        /// What the table holds.
        what: &'static str,
        /// Number of values.
        values: usize,
        /// Columns of a row.
        columns: usize,
    },

    /// A row of another length than the first.
    #[error(
        "row {row} of the {what} has {length} values, the rows before it have {expected}; make all rows equally long (messages end \
         with the symbol 0, so fill them up with zeros)"
    )]
    Ragged {
        /// What the table holds.
        what: &'static str,
        /// The row.
        row: usize,
        /// Its length.
        length: usize,
        /// The length of the first.
        expected: usize,
    },

    /// As many messages as objects are needed.
    #[error(
        "there are {objects} objects and {messages} messages; expected a message for each object, in the same order"
    )]
    Unequal {
        /// Number of objects.
        objects: usize,
        /// Number of messages.
        messages: usize,
    },

    /// Fewer rows than a measure compares.
    #[error(
        "there are {found} objects with messages, at least {needed} are needed; measures compare messages of different objects"
    )]
    Rows {
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },

    /// A symbol that the vocabulary does not have.
    #[error(
        "the message in row {row} has the symbol {symbol} at position {position}, outside of the vocabulary 0 to {}", vocab_size - 1
    )]
    Symbol {
        /// Row of the message.
        row: usize,
        /// Position in the message.
        position: usize,
        /// The symbol.
        symbol: u32,
        /// Number of symbols, the end symbol among them.
        vocab_size: u32,
    },

    /// A value that an object's attribute does not have.
    #[error(
        "the object in row {row} has the value {value} of attribute {attribute}, which has the values 0 to {}", values.saturating_sub(1)
    )]
    Attribute {
        /// Row of the object.
        row: usize,
        /// The attribute.
        attribute: usize,
        /// Its value.
        value: u32,
        /// Number of values of this attribute.
        values: u32,
    },

    /// A feature that is no finite number.
    #[error(
        "row {row} of the features has {value} in column {column}, expected finite numbers; leave the row out or repair it"
    )]
    NotFinite {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// The value.
        value: f64,
    },

    /// A feature vector without a direction.
    #[error(
        "row {row} of the features is all zeros, which has no cosine to others\nhint: measure by the Euclidean distance"
    )]
    NoDirection {
        /// The row.
        row: usize,
    },

    /// Two lists that are compared differ in length.
    #[error("a list of {first} numbers is compared with one of {second}; expected equal lengths")]
    Lengths {
        /// Length of one.
        first: usize,
        /// Length of the other.
        second: usize,
    },

    /// Fewer than two languages to compare.
    #[error("{found} languages were given, at least 2 are compared; give the messages of another one")]
    Languages {
        /// How many there are.
        found: usize,
    },

    /// Languages that speak of different objects.
    #[error(
        "no object occurs in all of the {languages} languages; compare languages of the same objects, or leave the objects out to \
         compare row by row"
    )]
    NothingShared {
        /// How many languages there are.
        languages: usize,
    },

    /// An array in a file that has other axes.
    #[error("the array `{name}` in `{}` has the shape {shape:?}, expected {expected}", path.display())]
    Axes {
        /// The file.
        path: PathBuf,
        /// Name of the array.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The axes it should have.
        expected: &'static str,
    },

    /// An array in a file that holds another kind of values.
    #[error("the array `{name}` in `{}` holds {found}, expected {expected}\nhint: {hint}", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// Name of the array.
        name: String,
        /// What it holds.
        found: &'static str,
        /// What it should hold.
        expected: &'static str,
        /// What to do.
        hint: &'static str,
    },

    /// An integer in a file that is no symbol and no attribute value.
    #[error(
        "the array `{name}` in `{}` has {value} in row {row}, column {column}; expected integers from 0 to {}", path.display(), u32::MAX
    )]
    Integer {
        /// The file.
        path: PathBuf,
        /// Name of the array.
        name: String,
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// The value.
        value: i64,
    },

    /// A number in an array of pictures that is no colour.
    #[error("the array `{name}` in `{}` has {value} in picture {row}; expected integers from 0 to 255", path.display())]
    Pixel {
        /// The file.
        path: PathBuf,
        /// Name of the array.
        name: String,
        /// The picture.
        row: usize,
        /// The value.
        value: i64,
    },

    /// A setting is out of its range.
    #[error("`{name}` is {value}, expected {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// The values that it may have.
        expected: String,
    },

    /// More objects asked for than there are.
    #[error(
        "{asked} different objects were asked for, and there are {available}; ask for fewer or take more (more attributes or values, more rows of features)"
    )]
    TooFew {
        /// Number asked for.
        asked: usize,
        /// Number that there is.
        available: usize,
    },

    /// More distractors asked for than there are other objects.
    #[error(
        "{asked} distractors were asked for each of {objects} objects, which has {} others; ask for fewer or take more objects", objects - 1
    )]
    Distractors {
        /// Number asked for.
        asked: usize,
        /// Number of objects, the target among them.
        objects: usize,
    },

    /// A candidate that is no object, or is there twice.
    #[error(
        "game {row} has the candidate {candidate}, expected numbers from 0 to {} that differ", objects.saturating_sub(1)
    )]
    Candidate {
        /// The game.
        row: usize,
        /// The candidate.
        candidate: usize,
        /// Number of objects.
        objects: usize,
    },

    /// A column whose variance is more than a number can hold.
    #[error(
        "column {column} of the features cannot be standardised: row {row} of the part that trains has {value:e}; bring the numbers to a usual \
         size, or do without with `game.normalise=none`"
    )]
    Spread {
        /// The row of the largest number.
        row: usize,
        /// The column.
        column: usize,
        /// That number.
        value: f64,
    },

    /// A split of which one part would have nothing.
    #[error("the {part} part of the split would be empty: {reason}")]
    EmptyPart {
        /// The part.
        part: &'static str,
        /// Why.
        reason: &'static str,
    },

    /// Numbers that are no probabilities.
    #[error(
        "row {row} of the {what} is no distribution: {problem}; expected numbers from 0 on that add up to 1"
    )]
    Distribution {
        /// Whose.
        what: &'static str,
        /// The row.
        row: usize,
        /// What is wrong.
        problem: String,
    },

    /// A speaker and a listener that do not belong together.
    #[error(
        "the {what} knows {found} {of}, the speaker {expected}; make both for the same objects and messages"
    )]
    Mismatch {
        /// Who does not fit.
        what: &'static str,
        /// What it knows.
        of: &'static str,
        /// How many.
        found: usize,
        /// How many the speaker knows.
        expected: usize,
    },

    /// An array file could not be read.
    #[error(transparent)]
    Arrays(#[from] ArraysError),

    /// Pictures could not be read.
    #[error(transparent)]
    Pictures(#[from] autodidact_data::Error),

    /// A gradient stopped being numbers.
    #[error(
        "training diverged at update {update}: the {agent}'s gradient is no number; begin a new run with lower rates"
    )]
    Diverged {
        /// The update.
        update: u64,
        /// Whose gradient.
        agent: &'static str,
    },

    /// A checkpoint of another run.
    #[error(
        "the run in `{path}` was made with other settings; continue it with its own `config.toml`, or choose another folder"
    )]
    ForeignCheckpoint {
        /// The run.
        path: PathBuf,
    },

    /// Features that are not those of the run.
    #[error(
        "the features or pictures in `{path}` are not those that the run was begun with; bring them back, or begin a new run", path = path.display()
    )]
    ForeignFeatures {
        /// The file.
        path: PathBuf,
    },

    /// A run without agents.
    #[error("the run in `{path}` has no checkpoint yet; train it with `communicate train`")]
    Untrained {
        /// The run.
        path: PathBuf,
    },

    /// A checkpoint with an agent of another size.
    #[error(
        "the checkpoint's {name} has {found} numbers, the settings make one of {expected}; the run's `config.toml` was changed"
    )]
    Agent {
        /// Which agent.
        name: &'static str,
        /// Its numbers.
        found: usize,
        /// Those of the settings' agent.
        expected: usize,
    },

    /// A checkpoint with another population.
    #[error(
        "the {name} of the checkpoint is {found}, that of the settings {expected}; the run's `config.toml` was changed"
    )]
    Population {
        /// What is counted.
        name: &'static str,
        /// Those of the checkpoint.
        found: usize,
        /// Those of the settings.
        expected: usize,
    },

    /// Runs, checkpoints, metrics.
    #[error(transparent)]
    Experiment(#[from] autodidact_experiment::Error),
}

impl Error {
    /// Whether what was given was understood and cannot serve: a setting out of its range, a table with too few rows or with numbers that are
    /// none, an array of another name or kind. It is not if a file cannot be read or is damaged, or if something failed later.
    ///
    /// ```
    /// use autodidact_communicate::Features;
    ///
    /// assert!(Features::new(vec![0.5, f64::NAN], 2).unwrap_err().is_unfit_input());
    /// ```
    pub fn is_unfit_input(&self) -> bool {
        match self {
            Self::Arrays(error) => matches!(
                error,
                ArraysError::Missing { .. }
                    | ArraysError::Column { .. }
                    | ArraysError::Null { .. }
                    | ArraysError::Length { .. }
            ),
            Self::Pictures(_)
            | Self::Diverged { .. }
            | Self::ForeignCheckpoint { .. }
            | Self::ForeignFeatures { .. }
            | Self::Untrained { .. }
            | Self::Agent { .. }
            | Self::Population { .. }
            | Self::Experiment(_) => false,
            _ => true,
        }
    }
}
