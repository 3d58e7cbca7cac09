//! Heat maps: a table of shares, dark where they are large.

use super::svg::{Anchor, Canvas, TEXT, colour};
use super::text::width;
use super::{Figure, nothing_to_draw};
use crate::Result;

const CELL: f64 = 24.0;
const MARGIN: f64 = 18.0;
const GAP: f64 = 10.0;
const LINE: f64 = 20.0;

/// A table of numbers from 0 to 1, whose rows and columns come in named groups.
///
/// ```
/// use autodidact_experiment::figure::HeatMap;
///
/// let figure = HeatMap::new("A language", "share of the objects with this value")
///     .with_columns("colour", ["red", "blue"])
///     .with_rows("first symbol", ["1", "2"])
///     .draw(&[1.0, 0.0, 0.25, 0.75])?;
/// assert!(figure.svg().contains("first symbol"));
/// # Ok::<(), autodidact_experiment::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    title: String,
    value_title: String,
    rows: Vec<Group>,
    columns: Vec<Group>,
}

#[derive(Debug, Clone, PartialEq)]
struct Group {
    name: String,
    labels: Vec<String>,
}

impl Group {
    fn new<L: Into<String>>(name: &str, labels: impl IntoIterator<Item = L>) -> Self {
        Self { name: name.to_owned(), labels: labels.into_iter().map(Into::into).collect() }
    }
}

impl HeatMap {
    /// A map without rows and columns; the value's title says what the numbers are.
    pub fn new(title: &str, value_title: &str) -> Self {
        Self { title: title.to_owned(), value_title: value_title.to_owned(), rows: vec![], columns: vec![] }
    }

    /// Adds a group of rows below those there are.
    pub fn with_rows<L: Into<String>>(mut self, name: &str, labels: impl IntoIterator<Item = L>) -> Self {
        self.rows.push(Group::new(name, labels));
        self
    }

    /// Adds a group of columns to the right of those there are.
    pub fn with_columns<L: Into<String>>(mut self, name: &str, labels: impl IntoIterator<Item = L>) -> Self {
        self.columns.push(Group::new(name, labels));
        self
    }

    /// Draws the numbers, row by row. One that is not finite leaves its place empty.
    ///
    /// # Errors
    /// [`crate::Error::Figure`] if there are not as many numbers as places, or none that is finite.
    pub fn draw(&self, values: &[f64]) -> Result<Figure> {
        let count = |groups: &[Group]| groups.iter().map(|group| group.labels.len()).sum::<usize>();
        let (rows, columns) = (count(&self.rows), count(&self.columns));
        if values.len() != rows * columns || !values.iter().any(|value| value.is_finite()) {
            return Err(nothing_to_draw(&self.title));
        }
        let mut canvas = Canvas::default();
        let widest =
            |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| width(text, TEXT)).fold(0.0, f64::max);
        let names = widest(&mut self.rows.iter().map(|group| group.name.as_str()));
        let labels = widest(&mut self.rows.iter().flat_map(|group| group.labels.iter().map(String::as_str)));
        let left = MARGIN + names + 14.0 + labels + 8.0;
        let mut y = MARGIN + LINE / 2.0;
        canvas.text("ad-title ad-ink", (MARGIN, y), Anchor::Start, &self.title);
        y += LINE;
        canvas.text("ad-text ad-muted", (MARGIN, y), Anchor::Start, &self.value_title);
        y += 1.5 * LINE;

        let mut right = left;
        let mut starts = Vec::with_capacity(columns);
        for group in &self.columns {
            let begin = right;
            for label in &group.labels {
                starts.push(right);
                let middle = right + CELL / 2.0;
                canvas.text("ad-text ad-muted", (middle, y + LINE), Anchor::Middle, label);
                right += CELL;
            }
            canvas.text("ad-text ad-ink", (begin, y), Anchor::Start, &group.name);
            // The next group's name begins after this one's.
            right = (right + GAP).max(begin + width(&group.name, TEXT) + GAP);
        }
        y += 1.8 * LINE;
        let mut numbers = values.chunks_exact(columns.max(1));
        for group in &self.rows {
            let first = y + CELL / 2.0;
            canvas.text("ad-text ad-ink", (MARGIN, first), Anchor::Start, &group.name);
            for (label, numbers) in group.labels.iter().zip(&mut numbers) {
                canvas.text("ad-text ad-muted", (left - 8.0, y + CELL / 2.0), Anchor::End, label);
                for (x, value) in starts.iter().zip(numbers).filter(|(_, value)| value.is_finite()) {
                    // What is nothing is still seen as a place.
                    let opacity = 0.05 + 0.95 * value.clamp(0.0, 1.0);
                    canvas.shade(&colour(0), (x + 1.0, y + 1.0), (CELL - 2.0, CELL - 2.0), opacity);
                }
                y += CELL;
            }
            y += GAP;
        }
        let texts = [&self.title, &self.value_title].map(|text| MARGIN + 1.25 * width(text, TEXT));
        let wide = texts.into_iter().fold(right, f64::max) + MARGIN;
        Ok(Figure::new(&self.title, canvas.finish(&self.title, wide, y + MARGIN - GAP)))
    }
}
