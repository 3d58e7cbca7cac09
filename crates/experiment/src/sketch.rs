//! Pictures made of characters, for a glance on a terminal.

use std::fmt::Write as _;

/// Points on a grid of characters; later layers cover earlier ones.
///
/// ```
/// use autodidact_experiment::sketch::Sketch;
///
/// let text = Sketch::new(21, 5).with_points('o', (0..=20).map(|x| (f64::from(x), -f64::from((x - 10) * (x - 10))))).draw();
/// assert_eq!(text.lines().next().unwrap().matches('o').count(), 7);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sketch {
    columns: usize,
    rows: usize,
    layers: Vec<(char, Vec<(f64, f64)>)>,
}

impl Sketch {
    /// An empty sketch, axes not counted.
    ///
    /// # Panics
    /// With less than two columns or rows.
    pub fn new(columns: usize, rows: usize) -> Self {
        assert!(columns >= 2 && rows >= 2, "a sketch of {columns} × {rows} characters shows nothing");
        Self { columns, rows, layers: Vec::new() }
    }

    /// Adds points, each shown as a mark; those that are not finite are left out.
    pub fn with_points(mut self, mark: char, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let finite = points.into_iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        self.layers.push((mark, finite.collect()));
        self
    }

    /// The lines: the picture with the least and the largest y beside it, and those of x below; nothing without points.
    pub fn draw(&self) -> String {
        let points = || self.layers.iter().flat_map(|(_, points)| points);
        let range = |of: fn(&(f64, f64)) -> f64| {
            points().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let ((left, right), (low, high)) = (range(|point| point.0), range(|point| point.1));
        if left > right {
            return String::new();
        }
        let place = |value: f64, from: f64, to: f64, cells: usize| {
            let share = if to > from { (value - from) / (to - from) } else { 0.5 };
            (share * (cells - 1) as f64).round() as usize
        };
        let mut grid = vec![vec![' '; self.columns]; self.rows];
        for (mark, points) in &self.layers {
            for (x, y) in points {
                let row = self.rows - 1 - place(*y, low, high, self.rows);
                grid[row][place(*x, left, right, self.columns)] = *mark;
            }
        }
        let [top, bottom] = [high, low].map(number);
        let margin = top.len().max(bottom.len());
        let mut text = String::new();
        for (index, row) in grid.iter().enumerate() {
            let label = match index {
                0 => &top,
                _ if index == self.rows - 1 => &bottom,
                _ => "",
            };
            let line: String = row.iter().collect();
            let _ = writeln!(text, "{label:>margin$} │{}", line.trim_end());
        }
        let [first, last] = [left, right].map(number);
        let gap = (self.columns + 1).saturating_sub(first.len());
        let _ = write!(text, "{:margin$} {first}{last:>gap$}", "");
        text
    }
}

/// Few characters for a number on an axis.
fn number(value: f64) -> String {
    if value == 0.0 || (1e-3..1e5).contains(&value.abs()) {
        let text = format!("{value:.4}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        text.to_owned()
    } else {
        format!("{value:.2e}")
    }
}

#[cfg(test)]
mod tests {
    use super::Sketch;

    #[test]
    fn corners_are_where_the_extremes_are_and_later_layers_cover_earlier_ones() {
        let sketch = Sketch::new(5, 3)
            .with_points('·', [(0.0, 1.0), (1.0, 1.0), (2.0, f64::INFINITY)])
            .with_points('*', [(1.0, 1.0), (0.5, -1.0)]);
        assert_eq!(sketch.draw(), " 1 │·   *\n   │\n-1 │  *\n   0    1");
    }

    #[test]
    fn a_single_point_is_in_the_middle_and_none_is_nothing() {
        assert_eq!(Sketch::new(3, 3).with_points('o', [(2.0, 7.0)]).draw(), "7 │\n  │ o\n7 │\n  2  2");
        assert_eq!(Sketch::new(3, 3).with_points('o', [(f64::NAN, 0.0)]).draw(), "");
    }
}
