//! Scatter charts.

use super::axis::Axis;
use super::frame::{EdgeLabel, Frame, Swatch, Titles};
use super::svg::{Canvas, colour};
use super::{Figure, nothing_to_draw};
use crate::Result;

/// Points of several groups.
///
/// ```
/// use autodidact_experiment::figure::ScatterChart;
///
/// let figure = ScatterChart::new("Loss and accuracy", "final loss", "top-1 accuracy (%)")
///     .with_points("BYOL", [(0.21, 62.0), (0.23, 61.1)])
///     .draw()?;
/// assert!(figure.svg().contains("final loss"));
/// # Ok::<(), autodidact_experiment::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterChart {
    title: String,
    x_title: String,
    y_title: String,
    groups: Vec<(String, Vec<(f64, f64)>)>,
    is_x_log: bool,
    is_y_log: bool,
}

impl ScatterChart {
    /// An empty chart; axis titles carry their units.
    pub fn new(title: &str, x_title: &str, y_title: &str) -> Self {
        Self {
            title: title.to_owned(),
            x_title: x_title.to_owned(),
            y_title: y_title.to_owned(),
            groups: Vec::new(),
            is_x_log: false,
            is_y_log: false,
        }
    }

    /// Adds a group of points.
    pub fn with_points(mut self, label: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.groups.push((label.to_owned(), points.into_iter().collect()));
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
        let points = || self.groups.iter().flat_map(|(_, points)| points);
        let x = Axis::fit(points().map(|point| point.0), self.is_x_log);
        let y = Axis::fit(points().map(|point| point.1), self.is_y_log);
        let (Some(x), Some(y)) = (x, y) else { return Err(nothing_to_draw(&self.title)) };

        let mut canvas = Canvas::default();
        let titles = Titles { title: &self.title, x: &self.x_title, y: &self.y_title };
        let names: Vec<&str> = self.groups.iter().map(|(name, _)| name.as_str()).collect();
        let frame = Frame::draw(&mut canvas, &titles, x.padded(0.04), y.padded(0.05), &names);
        let mut labels = Vec::new();
        for (index, (name, points)) in self.groups.iter().enumerate() {
            for (x, y) in points {
                if let (Some(x), Some(y)) = (frame.x(*x), frame.y(*y)) {
                    canvas.marker(index, (x, y), 3.5);
                }
            }
            labels.push(EdgeLabel {
                text: name.clone(),
                class: colour(index),
                wanted: frame.top(),
                swatch: Swatch::Marker(index),
            });
        }
        frame.draw_labels(&mut canvas, &labels);
        Ok(Figure::new(&self.title, frame.finish(canvas, &self.title)))
    }
}
