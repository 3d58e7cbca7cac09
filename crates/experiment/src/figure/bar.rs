//! Bar charts.

use super::Figure;
use crate::Result;

/// Horizontal bars from zero, each optionally with an interval.
///
/// ```
/// use autodidact_experiment::figure::BarChart;
///
/// let figure = BarChart::new("Throughput", "images per second")
///     .with_bar("one thread", 120.0, None)
///     .with_bar("two threads", 228.0, Some((221.0, 233.0)))
///     .draw()?;
/// assert!(figure.svg().contains("two threads"));
/// # Ok::<(), autodidact_experiment::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BarChart {
    title: String,
    value_title: String,
    bars: Vec<Bar>,
}

#[derive(Debug, Clone, PartialEq)]
struct Bar {
    label: String,
    value: f64,
    interval: Option<(f64, f64)>,
}

impl BarChart {
    /// An empty chart; the value's title carries its unit.
    pub fn new(title: &str, value_title: &str) -> Self {
        Self { title: title.to_owned(), value_title: value_title.to_owned(), bars: Vec::new() }
    }

    /// Adds a bar with the low and high end of its interval.
    pub fn with_bar(mut self, label: &str, value: f64, interval: Option<(f64, f64)>) -> Self {
        self.bars.push(Bar { label: label.to_owned(), value, interval });
        self
    }

    /// Draws it.
    ///
    /// # Errors
    /// [`crate::Error::Figure`] if there is no finite value.
    pub fn draw(&self) -> Result<Figure> {
        todo!()
    }
}
