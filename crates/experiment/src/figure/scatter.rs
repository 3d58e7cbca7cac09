//! Scatter charts.

use super::axis::Axis;
use super::frame::{EdgeLabel, Frame, Swatch, Titles};
use super::svg::{Canvas, colour, stroke};
use super::{Figure, nothing_to_draw};
use crate::Result;

/// Points of several groups, some of them joined by lines.
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
    groups: Vec<Group>,
    is_x_log: bool,
    is_y_log: bool,
}

/// Points under one name.
#[derive(Debug, Clone, PartialEq)]
struct Group {
    name: String,
    points: Vec<(f64, f64)>,
    /// Whether a line through them is drawn in their place.
    is_line: bool,
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
        self.groups.push(Group {
            name: label.to_owned(),
            points: points.into_iter().collect(),
            is_line: false,
        });
        self
    }

    /// Adds a line through points, for instance a bound; a point that the axes cannot show makes a gap.
    pub fn with_line(mut self, label: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.groups.push(Group {
            name: label.to_owned(),
            points: points.into_iter().collect(),
            is_line: true,
        });
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
        let points = || self.groups.iter().flat_map(|group| &group.points);
        let x = Axis::fit(points().map(|point| point.0), self.is_x_log);
        let y = Axis::fit(points().map(|point| point.1), self.is_y_log);
        let (Some(x), Some(y)) = (x, y) else { return Err(nothing_to_draw(&self.title)) };

        let mut canvas = Canvas::default();
        let titles = Titles { title: &self.title, x: &self.x_title, y: &self.y_title };
        let names: Vec<&str> = self.groups.iter().map(|group| group.name.as_str()).collect();
        let frame = Frame::draw(&mut canvas, &titles, x.padded(0.04), y.padded(0.05), &names);
        let mut labels = Vec::new();
        for (index, Group { name, points, is_line }) in self.groups.iter().enumerate() {
            let places = points.iter().map(|(x, y)| Some((frame.x(*x)?, frame.y(*y)?)));
            if *is_line {
                let places: Vec<Option<(f64, f64)>> = places.collect();
                for run in places.split(Option::is_none) {
                    let run: Vec<(f64, f64)> = run.iter().flatten().copied().collect();
                    canvas.path(&stroke(index), &run, false);
                }
            } else {
                places.flatten().for_each(|place| canvas.marker(index, place, 3.5));
            }
            labels.push(EdgeLabel {
                text: name.clone(),
                class: colour(index),
                wanted: frame.top(),
                swatch: if *is_line { Swatch::Line(stroke(index)) } else { Swatch::Marker(index) },
            });
        }
        frame.draw_labels(&mut canvas, &labels);
        Ok(Figure::new(&self.title, frame.finish(canvas, &self.title)))
    }
}
