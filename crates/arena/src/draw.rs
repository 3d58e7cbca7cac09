//! Boards with their coordinates.

use std::fmt::Write as _;

/// What stands beside a board.
pub(crate) struct Coordinates<'a> {
    /// How many rows the board has.
    pub rows: usize,
    /// The names of the columns.
    pub columns: &'a [u8],
    /// Whether rows are counted from below.
    pub from_below: bool,
}

/// The first lines of a text, which are rows of one character a cell, spread out between the names of rows and columns.
pub(crate) fn with_coordinates(board: &str, coordinates: &Coordinates<'_>) -> String {
    let Coordinates { rows, columns, from_below } = *coordinates;
    let spread =
        |cells: &mut dyn Iterator<Item = char>| cells.map(String::from).collect::<Vec<_>>().join(" ");
    let mut text = String::new();
    for (index, line) in board.lines().take(rows).enumerate() {
        let number = if from_below { rows - index } else { index + 1 };
        let _ = writeln!(text, "{number:>2} {}", spread(&mut line.chars()));
    }
    let _ = writeln!(text, "   {}", spread(&mut columns.iter().map(|column| char::from(*column))));
    text
}
