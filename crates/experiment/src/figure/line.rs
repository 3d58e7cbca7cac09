//! Line charts with interval bands.

use super::Figure;
use crate::Result;

/// A point of a line with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    /// Horizontal.
    pub x: f64,
    /// The line.
    pub y: f64,
    /// Lower edge of the band.
    pub low: f64,
    /// Upper edge of the band.
    pub high: f64,
}

/// A line chart: one line per arm, optionally with a band around it.
///
/// ```
/// use autodidact_experiment::figure::LineChart;
///
/// let figure = LineChart::new("Linear evaluation during training", "step", "top-1 accuracy (%)")
///     .with_line("BYOL", (0..10).map(|step| (f64::from(step), 10.0 + 5.0 * f64::from(step))))
///     .with_reference("chance", 10.0)
///     .draw()?;
/// assert!(figure.svg().contains("top-1 accuracy (%)"));
/// # Ok::<(), autodidact_experiment::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LineChart {
    title: String,
    x_title: String,
    y_title: String,
    lines: Vec<(String, Vec<BandPoint>)>,
    references: Vec<(String, f64)>,
    is_x_log: bool,
    is_y_log: bool,
}

impl LineChart {
    /// An empty chart; axis titles carry their units.
    pub fn new(title: &str, x_title: &str, y_title: &str) -> Self {
        Self {
            title: title.to_owned(),
            x_title: x_title.to_owned(),
            y_title: y_title.to_owned(),
            lines: Vec::new(),
            references: Vec::new(),
            is_x_log: false,
            is_y_log: false,
        }
    }

    /// Adds a line.
    pub fn with_line(self, label: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = points.into_iter().map(|(x, y)| BandPoint { x, y, low: y, high: y });
        self.with_band(label, points)
    }

    /// Adds a line with its interval as a band.
    pub fn with_band(mut self, label: &str, points: impl IntoIterator<Item = BandPoint>) -> Self {
        self.lines.push((label.to_owned(), points.into_iter().collect()));
        self
    }

    /// Adds a dashed horizontal line, for instance chance level.
    pub fn with_reference(mut self, label: &str, y: f64) -> Self {
        self.references.push((label.to_owned(), y));
        self
    }

    /// Makes the horizontal axis logarithmic; points at or below zero are then left out.
    pub fn with_log_x(mut self) -> Self {
        self.is_x_log = true;
        self
    }

    /// Makes the vertical axis logarithmic; points at or below zero are then left out.
    pub fn with_log_y(mut self) -> Self {
        self.is_y_log = true;
        self
    }

    /// Draws it.
    ///
    /// # Errors
    /// [`crate::Error::Figure`] if there is no finite point.
    pub fn draw(&self) -> Result<Figure> {
        todo!()
    }
}
