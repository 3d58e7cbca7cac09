//! Line charts with interval bands.

use super::axis::Axis;
use super::frame::{EdgeLabel, Frame, Swatch, Titles};
use super::svg::{Canvas, colour, stroke};
use super::{Figure, nothing_to_draw};
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
    /// In the order of colours; none where a colour is passed over.
    lines: Vec<Option<(String, Vec<BandPoint>)>>,
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
        self.lines.push(Some((label.to_owned(), points.into_iter().collect())));
        self
    }

    /// Passes over a colour: for an arm that has no line here, so that the others look as in another chart that shows it.
    pub fn with_colour_passed_over(mut self) -> Self {
        self.lines.push(None);
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
        let lines = || {
            let numbered = self.lines.iter().enumerate();
            numbered.filter_map(|(index, line)| Some((index, line.as_ref()?)))
        };
        let points = || lines().flat_map(|(_, (_, points))| points);
        let x = Axis::fit(points().map(|point| point.x), self.is_x_log);
        let heights = points()
            .flat_map(|point| [point.y, point.low, point.high])
            .chain(self.references.iter().map(|(_, value)| *value));
        let y = Axis::fit(heights, self.is_y_log);
        let (Some(x), Some(y)) = (x, y) else { return Err(nothing_to_draw(&self.title)) };

        let mut canvas = Canvas::default();
        let titles = Titles { title: &self.title, x: &self.x_title, y: &self.y_title };
        let names = lines().map(|(_, (name, _))| name).chain(self.references.iter().map(|(name, _)| name));
        let labels: Vec<&str> = names.map(String::as_str).collect();
        let frame = Frame::draw(&mut canvas, &titles, x, y.padded(0.04), &labels);

        let mut labels = Vec::new();
        for (name, value) in &self.references {
            let Some(height) = frame.y(*value) else { continue };
            canvas.line("ad-reference", (frame.left(), height), (frame.right(), height));
            let swatch = Swatch::Line("ad-reference".to_owned());
            labels.push(EdgeLabel {
                text: name.clone(),
                class: "ad-muted".to_owned(),
                wanted: height,
                swatch,
            });
        }
        for (index, (_, points)) in lines() {
            draw_bands(&mut canvas, &frame, index, points);
        }
        for (index, (name, points)) in lines() {
            let last = draw_line(&mut canvas, &frame, index, points);
            labels.push(EdgeLabel {
                text: name.clone(),
                class: colour(index),
                // A line without any point still has its name.
                wanted: last.unwrap_or(frame.bottom()),
                swatch: Swatch::Line(stroke(index)),
            });
        }
        frame.draw_labels(&mut canvas, &labels);
        Ok(Figure::new(&self.title, frame.finish(canvas, &self.title)))
    }
}

fn draw_bands(canvas: &mut Canvas, frame: &Frame, index: usize, points: &[BandPoint]) {
    let place = |point: &BandPoint| Some((frame.x(point.x)?, frame.y(point.low)?, frame.y(point.high)?));
    for run in runs(points, place) {
        if run.iter().all(|(_, low, high)| low == high) {
            continue;
        }
        let upper = run.iter().map(|(x, _, high)| (*x, *high));
        let lower = run.iter().rev().map(|(x, low, _)| (*x, *low));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        canvas.path(&format!("ad-band {}", colour(index)), &outline, true);
    }
}

/// Draws a line and returns the height of its last point.
fn draw_line(canvas: &mut Canvas, frame: &Frame, index: usize, points: &[BandPoint]) -> Option<f64> {
    let runs = runs(points, |point| Some((frame.x(point.x)?, frame.y(point.y)?)));
    for run in &runs {
        match run.as_slice() {
            // A point between two gaps has no line.
            [point] => canvas.marker(index, *point, 3.0),
            line => canvas.path(&stroke(index), line, false),
        }
    }
    runs.last().and_then(|run| run.last()).map(|(_, height)| *height)
}

/// The stretches of points that have a place; what has none makes a gap.
fn runs<T>(points: &[BandPoint], place: impl Fn(&BandPoint) -> Option<T>) -> Vec<Vec<T>> {
    let mut runs = vec![Vec::new()];
    for point in points {
        match place(point) {
            Some(placed) => runs.last_mut().expect("there is one from the start").push(placed),
            None => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}
