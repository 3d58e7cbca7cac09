//! The eight symmetries of a square board.

/// How many there are.
pub(crate) const COUNT: usize = 8;

/// Where a symmetry puts a cell of a board of `size` × `size`: symmetry `4 t + r` transposes if `t` is 1, then turns
/// clockwise by `r` quarters.
pub(crate) fn map(symmetry: usize, [row, column]: [usize; 2], size: usize) -> [usize; 2] {
    assert!(symmetry < COUNT, "a square has {COUNT} symmetries");
    let start = if symmetry < 4 { [row, column] } else { [column, row] };
    (0..symmetry % 4).fold(start, |[row, column], _| [column, size - 1 - row])
}

/// The same for a cell as `row * size + column`.
pub(crate) fn map_cell(symmetry: usize, cell: usize, size: usize) -> usize {
    let [row, column] = map(symmetry, [cell / size, cell % size], size);
    row * size + column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetries_are_eight_different_ones_that_keep_neighbours() {
        let size = 4;
        let images: std::collections::BTreeSet<Vec<usize>> =
            (0..COUNT).map(|s| (0..size * size).map(|cell| map_cell(s, cell, size)).collect()).collect();
        assert_eq!(images.len(), COUNT);
        for image in images {
            for (a, b) in [(0, 1), (5, 9), (14, 15), (3, 7)] {
                let [a, b] = [image[a], image[b]];
                assert_eq!((a / size).abs_diff(b / size) + (a % size).abs_diff(b % size), 1);
            }
        }
    }
}
