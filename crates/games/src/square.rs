//! Names of cells: a letter for the column, then a number for the row, both counted from the top left.

/// `a1` for the first column of the first row.
pub(crate) fn name(row: usize, column: usize) -> String {
    let letter = char::from(b'a' + column as u8);
    format!("{letter}{}", row + 1)
}

/// Row and column of a name in either case, if the board has them.
pub(crate) fn parse(name: &str, [rows, columns]: [usize; 2]) -> Option<[usize; 2]> {
    let letter = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let column = usize::from(letter.to_ascii_lowercase() as u8 - b'a');
    let digits = &name[1..];
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
    let row = digits.parse::<usize>().ok().filter(|_| plain)?.checked_sub(1)?;
    (row < rows && column < columns).then_some([row, column])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_letters_and_numbers() {
        assert_eq!(name(2, 0), "a3");
        assert_eq!(parse("A3", [3, 3]), Some([2, 0]));
        assert_eq!(parse("s19", [19, 19]), Some([18, 18]));
        for wrong in ["", "a", "3", "d1", "a4", "a0", "a01", "a+1", "a1 ", "é1", "aé"] {
            assert_eq!(parse(wrong, [3, 3]), None, "{wrong}");
        }
    }
}
