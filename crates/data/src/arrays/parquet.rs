//! Columns of a Parquet file as one array.
//!
//! Read without Arrow, by the levels of each column: a row is where the repetition level is 0, and a value is missing where the
//! definition level is below the column's highest. Left out: lists of lists, structs, maps, and values that are neither numbers nor text.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use half::f16;
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, Type};

use super::{ArraysError, NamedArray, Values, damaged};

/// How a Parquet file begins, and ends.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";

/// The name that stands for all columns of floats.
const ALL_FLOATS: &str = "*";

/// Rows that are asked for at once.
const ROWS: usize = 1 << 16;

/// Reads what `name` stands for: see [`super::read_array`].
pub(super) fn read(path: &Path, file: File, name: &str) -> Result<NamedArray, ArraysError> {
    // The decoders check much and not all: a damaged file may end them by a panic, which is a fault of the file for whoever reads it.
    catch_unwind(AssertUnwindSafe(|| Table::open(path, file)?.array(name)))
        .unwrap_or_else(|_| Err(damaged(path, "its pages contradict each other")))
}

struct Table<'a> {
    path: &'a Path,
    reader: SerializedFileReader<File>,
}

/// The values of a column, row by row.
struct Column {
    /// Values of each row, where rows are lists.
    width: Option<usize>,
    values: Values,
}

impl<'a> Table<'a> {
    fn open(path: &'a Path, file: File) -> Result<Self, ArraysError> {
        let reader = SerializedFileReader::new(file).map_err(|error| damaged(path, error))?;
        Ok(Self { path, reader })
    }

    fn fields(&self) -> impl Iterator<Item = &Type> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        schema.root_schema().get_fields().iter().map(AsRef::as_ref)
    }

    /// A column of this name; else the columns `name_0` to `name_{D−1}` side by side; `*` for all columns of floats.
    fn array(&self, name: &str) -> Result<NamedArray, ArraysError> {
        if self.fields().any(|field| field.name() == name) {
            let Column { width, values } = self.column(name)?;
            let rows = width.map_or(values.len(), |width| values.len().checked_div(width).unwrap_or(0));
            let shape: Vec<usize> = [rows].into_iter().chain(width).collect();
            return NamedArray::new(name, &shape, values);
        }
        let names = if name == ALL_FLOATS { self.floats() } else { self.numbered(name)? };
        if names.is_empty() {
            let found = self.fields().map(|field| field.name().to_owned()).collect();
            return Err(ArraysError::Column { path: self.path.to_owned(), name: name.to_owned(), found });
        }
        let columns = names.iter().map(|name| self.column(name)).collect::<Result<Vec<_>, _>>()?;
        for (name, column) in names.iter().zip(&columns) {
            if column.width.is_some() || matches!(column.values, Values::Text(_)) {
                return Err(self.of_column(name, "one of several has a number in each row"));
            }
        }
        side_by_side(name, columns)
    }

    /// The names of the columns of floats.
    fn floats(&self) -> Vec<String> {
        let is_float = |field: &&Type| {
            field.is_primitive()
                && (matches!(field.get_physical_type(), Physical::FLOAT | Physical::DOUBLE)
                    || field.get_basic_info().logical_type_ref() == Some(&LogicalType::Float16))
        };
        self.fields().filter(is_float).map(|field| field.name().to_owned()).collect()
    }

    /// `name_0` to `name_{D−1}`, as the CSV writer names columns.
    fn numbered(&self, name: &str) -> Result<Vec<String>, ArraysError> {
        let number = |field: &Type| {
            let digits = field.name().strip_prefix(name)?.strip_prefix('_')?;
            digits.parse::<usize>().ok().filter(|number| number.to_string() == digits)
        };
        let mut numbers: Vec<usize> = self.fields().filter_map(number).collect();
        numbers.sort_unstable();
        let missing = numbers.iter().enumerate().find(|&(place, &number)| place != number);
        match missing {
            Some((place, _)) => Err(self.of_column(
                &format!("{name}_{place}"),
                &format!("it is not there, and `{name}_{}` is", numbers[numbers.len() - 1]),
            )),
            None => Ok(numbers.iter().map(|number| format!("{name}_{number}")).collect()),
        }
    }

    fn of_column(&self, name: &str, problem: &str) -> ArraysError {
        damaged(self.path, format!("column `{name}`: {problem}"))
    }

    /// Reads all rows of a column.
    fn column(&self, name: &str) -> Result<Column, ArraysError> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let mut leaves =
            (0..schema.num_columns()).filter(|&leaf| schema.get_column_root(leaf).name() == name);
        let (Some(leaf), None) = (leaves.next(), leaves.next()) else {
            return Err(
                self.of_column(name, "expected a plain column or one of lists, not a table of its own")
            );
        };
        let description = schema.column(leaf);
        if description.max_rep_level() > 1 || description.path().parts().len() > 3 {
            return Err(self.of_column(name, "expected numbers, or lists of numbers, and nothing deeper"));
        }
        let kind = kind(&description).map_err(|problem| self.of_column(name, &problem))?;
        let is_list = description.max_rep_level() == 1;
        let mut levels = Levels::new(&description, name, self.path);
        let mut values = kind.empty();
        for number in 0..self.reader.num_row_groups() {
            let faulty = |error: ParquetError| self.of_column(name, &error.to_string());
            let group = self.reader.get_row_group(number).map_err(faulty)?;
            let before = levels.rows;
            let reader = group.get_column_reader(leaf).map_err(faulty)?;
            kind.read(reader, &mut levels, &mut values).map_err(|fault| match fault {
                Fault::Parquet(error) => faulty(error),
                Fault::Value(problem) => self.of_column(name, &problem),
                Fault::Array(error) => error,
            })?;
            levels.end_row()?;
            let (found, expected) = (levels.rows - before, group.metadata().num_rows());
            if i64::try_from(found) != Ok(expected) {
                return Err(self.of_column(name, &format!("{found} rows, where {expected} are announced")));
            }
        }
        let width = is_list.then(|| levels.width.unwrap_or(0));
        Ok(Column { width, values })
    }
}

/// Columns of a number in each row as one table.
fn side_by_side(name: &str, columns: Vec<Column>) -> Result<NamedArray, ArraysError> {
    fn rows<T: Copy>(columns: &[Vec<T>]) -> Vec<T> {
        (0..columns[0].len()).flat_map(|row| columns.iter().map(move |column| column[row])).collect()
    }
    let shape = [columns[0].values.len(), columns.len()];
    let (mut singles, mut integers, mut doubles) = (Vec::new(), Vec::new(), Vec::new());
    for column in columns {
        match column.values {
            Values::F32(values) => {
                doubles.push(values.iter().map(|&value| f64::from(value)).collect());
                singles.push(values);
            }
            Values::F64(values) => doubles.push(values),
            Values::I64(values) => {
                doubles.push(values.iter().map(|&value| value as f64).collect());
                integers.push(values);
            }
            Values::Text(_) => unreachable!("texts were refused"),
        }
    }
    // Of one kind as they are, of several in double precision.
    let values = if singles.len() == shape[1] {
        Values::F32(rows(&singles))
    } else if integers.len() == shape[1] {
        Values::I64(rows(&integers))
    } else {
        Values::F64(rows(&doubles))
    };
    NamedArray::new(name, &shape, values)
}

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Half,
    Single,
    Double,
    Boolean,
    /// Whether they have a sign.
    Integer32(bool),
    Integer64(bool),
    Text,
}

fn kind(description: &ColumnDescriptor) -> Result<Kind, String> {
    let logical = description.logical_type_ref();
    let converted = description.converted_type();
    let is_signed = match logical {
        Some(LogicalType::Integer(integer)) => Some(integer.is_signed),
        Some(_) => None,
        None => match converted {
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Some(false),
            ConvertedType::NONE
            | ConvertedType::INT_8
            | ConvertedType::INT_16
            | ConvertedType::INT_32
            | ConvertedType::INT_64 => Some(true),
            _ => None,
        },
    };
    let is_text = matches!(logical, Some(LogicalType::String | LogicalType::Enum))
        || matches!(converted, ConvertedType::UTF8 | ConvertedType::ENUM);
    match (description.physical_type(), is_signed) {
        (Physical::FLOAT, _) => Ok(Kind::Single),
        (Physical::DOUBLE, _) => Ok(Kind::Double),
        (Physical::BOOLEAN, _) => Ok(Kind::Boolean),
        (Physical::INT32, Some(is_signed)) => Ok(Kind::Integer32(is_signed)),
        (Physical::INT64, Some(is_signed)) => Ok(Kind::Integer64(is_signed)),
        (Physical::BYTE_ARRAY, _) if is_text => Ok(Kind::Text),
        (Physical::FIXED_LEN_BYTE_ARRAY, _)
            if logical == Some(&LogicalType::Float16) && description.type_length() == 2 =>
        {
            Ok(Kind::Half)
        }
        (physical, _) => {
            let of = match (logical, converted) {
                (Some(logical), _) => format!("{logical:?} ({physical})"),
                (None, ConvertedType::NONE) => physical.to_string(),
                (None, converted) => format!("{converted} ({physical})"),
            };
            Err(format!("values of type {of}; expected floats, integers, booleans or text"))
        }
    }
}

/// Why a column cannot be read.
enum Fault {
    Parquet(ParquetError),
    Value(String),
    Array(ArraysError),
}

impl Kind {
    fn empty(self) -> Values {
        match self {
            Self::Half | Self::Single => Values::F32(Vec::new()),
            Self::Double => Values::F64(Vec::new()),
            Self::Boolean | Self::Integer32(_) | Self::Integer64(_) => Values::I64(Vec::new()),
            Self::Text => Values::Text(Vec::new()),
        }
    }

    /// Appends the values of a row group.
    fn read(self, reader: ColumnReader, levels: &mut Levels<'_>, values: &mut Values) -> Result<(), Fault> {
        use ColumnReader as Of;
        match (self, reader, values) {
            (Self::Half, Of::FixedLenByteArrayColumnReader(reader), Values::F32(out)) => {
                append(reader, levels, out, |value| match *value.data() {
                    [low, high] => Ok(f16::from_le_bytes([low, high]).to_f32()),
                    _ => Err("a half-precision number of other than two bytes".to_owned()),
                })
            }
            (Self::Single, Of::FloatColumnReader(reader), Values::F32(out)) => {
                append(reader, levels, out, Ok)
            }
            (Self::Double, Of::DoubleColumnReader(reader), Values::F64(out)) => {
                append(reader, levels, out, Ok)
            }
            (Self::Boolean, Of::BoolColumnReader(reader), Values::I64(out)) => {
                append(reader, levels, out, |value| Ok(value.into()))
            }
            (Self::Integer32(is_signed), Of::Int32ColumnReader(reader), Values::I64(out)) => {
                append(reader, levels, out, |value| {
                    Ok(if is_signed { value.into() } else { value.cast_unsigned().into() })
                })
            }
            (Self::Integer64(is_signed), Of::Int64ColumnReader(reader), Values::I64(out)) => {
                append(reader, levels, out, |value| {
                    if is_signed || value >= 0 {
                        return Ok(value);
                    }
                    let value = value.cast_unsigned();
                    Err(format!("the value {value} is too large for 64 bits with a sign"))
                })
            }
            (Self::Text, Of::ByteArrayColumnReader(reader), Values::Text(out)) => {
                append(reader, levels, out, |value| {
                    String::from_utf8(value.data().to_vec()).map_err(|error| error.to_string())
                })
            }
            _ => Err(Fault::Value("its pages are of another type than the schema says".to_owned())),
        }
    }
}

/// Appends all values of a column in a row group.
fn append<D: DataType, T>(
    mut reader: ColumnReaderImpl<D>,
    levels: &mut Levels<'_>,
    out: &mut Vec<T>,
    convert: impl Fn(D::T) -> Result<T, String>,
) -> Result<(), Fault> {
    let (mut definitions, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        definitions.clear();
        repetitions.clear();
        values.clear();
        let (rows, _, num_levels) = reader
            .read_records(ROWS, Some(&mut definitions), Some(&mut repetitions), &mut values)
            .map_err(Fault::Parquet)?;
        if rows == 0 {
            return Ok(());
        }
        levels.take(num_levels, &definitions, &repetitions).map_err(Fault::Array)?;
        for value in values.drain(..) {
            out.push(convert(value).map_err(Fault::Value)?);
        }
    }
}

/// Counts rows and the values of each, and refuses what is missing.
struct Levels<'a> {
    path: &'a Path,
    column: &'a str,
    /// Level of a value that is there, and of an element of a list that may be missing.
    highest: i16,
    element: i16,
    is_list: bool,
    is_optional: bool,
    /// Rows that have ended.
    rows: usize,
    /// Values of the row that has not ended, if there is one.
    open: Option<usize>,
    /// Values of the first row.
    width: Option<usize>,
}

impl<'a> Levels<'a> {
    fn new(description: &ColumnDescriptor, column: &'a str, path: &'a Path) -> Self {
        let highest = description.max_def_level();
        let element = description.repeated_ancestor_def_level();
        // Below a list's repeated level there is one more if the list itself may be missing.
        let is_optional = element > 1;
        let is_list = description.max_rep_level() == 1;
        Self { path, column, highest, element, is_list, is_optional, rows: 0, open: None, width: None }
    }

    fn take(&mut self, count: usize, definitions: &[i16], repetitions: &[i16]) -> Result<(), ArraysError> {
        for level in 0..count {
            let definition = definitions.get(level).copied().unwrap_or(self.highest);
            if !self.is_list {
                if definition < self.highest {
                    return Err(self.missing(None));
                }
                self.rows += 1;
                continue;
            }
            if repetitions.get(level).is_none_or(|&repetition| repetition == 0) {
                self.end_row()?;
                self.open = Some(0);
            }
            let length = self.open.get_or_insert(0);
            if definition == self.highest {
                *length += 1;
            } else if definition >= self.element {
                let element = *length;
                return Err(self.missing(Some(element)));
            } else if self.is_optional && definition == 0 {
                return Err(self.missing(None));
            }
        }
        Ok(())
    }

    /// Ends the row of a list, if one is open.
    fn end_row(&mut self) -> Result<(), ArraysError> {
        let Some(length) = self.open.take() else { return Ok(()) };
        let expected = *self.width.get_or_insert(length);
        if length != expected {
            let (path, column) = (self.path.to_owned(), self.column.to_owned());
            return Err(ArraysError::Length { path, column, row: self.rows, length, expected });
        }
        self.rows += 1;
        Ok(())
    }

    fn missing(&self, element: Option<usize>) -> ArraysError {
        let (path, column) = (self.path.to_owned(), self.column.to_owned());
        ArraysError::Null { path, column, row: self.rows, element }
    }
}
