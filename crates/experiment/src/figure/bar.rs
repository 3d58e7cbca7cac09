//! Bar charts.

use super::axis::{Axis, minus};
use super::rows::{RowTexts, Rows};
use super::svg::{Canvas, colour};
use super::{Figure, nothing_to_draw};
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
        if !self.bars.iter().any(|bar| bar.value.is_finite()) {
            return Err(nothing_to_draw(&self.title));
        }
        let ends = |bar: &Bar| bar.interval.map(|(low, high)| [low, high]);
        let values =
            self.bars.iter().flat_map(|bar| [bar.value].into_iter().chain(ends(bar).into_iter().flatten()));
        // Bars are lengths, so zero is always in sight.
        let axis = Axis::fit(values.chain([0.0]), false).ok_or_else(|| nothing_to_draw(&self.title))?;

        let mut canvas = Canvas::default();
        let texts = RowTexts {
            title: &self.title,
            value: &self.value_title,
            names: self.bars.iter().map(|bar| bar.label.as_str()).collect(),
            numbers: self.numbers(),
            references: &[],
        };
        let rows = Rows::draw(&mut canvas, &texts, axis.padded(0.03), 34.0);
        for (index, bar) in self.bars.iter().enumerate() {
            bar.draw(&mut canvas, &rows, index);
        }
        if let Some(zero) = rows.x(0.0) {
            canvas.line("ad-axis", (zero, rows.top()), (zero, rows.bottom()));
        }
        Ok(Figure::new(&self.title, rows.finish(canvas, &self.title, "")))
    }

    /// The values with the same decimals: three significant digits of the largest.
    fn numbers(&self) -> Vec<String> {
        let largest =
            self.bars.iter().map(|bar| bar.value.abs()).filter(|value| value.is_finite()).fold(0.0, f64::max);
        let decimals =
            if largest > 0.0 { (2.0 - largest.log10().floor()).clamp(0.0, 8.0) as usize } else { 0 };
        self.bars.iter().map(|bar| minus(&format!("{:.decimals$}", bar.value))).collect()
    }
}

impl Bar {
    /// All in one colour: the names tell the bars apart.
    fn draw(&self, canvas: &mut Canvas, rows: &Rows, index: usize) {
        let middle = rows.middle(index);
        if let (Some(zero), Some(end)) = (rows.x(0.0), rows.x(self.value)) {
            let (left, right) = (zero.min(end), zero.max(end));
            // The grid does not shine through.
            canvas.rect("ad-ground", (left, middle - 10.0), (right - left, 20.0));
            canvas.rect(&format!("ad-bar {}", colour(0)), (left, middle - 10.0), (right - left, 20.0));
        }
        let Some((low, high)) = self.interval else { return };
        if let (Some(low), Some(high)) = (rows.x(low), rows.x(high)) {
            canvas.line("ad-whisker", (low, middle), (high, middle));
            for end in [low, high] {
                canvas.line("ad-whisker", (end, middle - 4.0), (end, middle + 4.0));
            }
        }
    }
}
