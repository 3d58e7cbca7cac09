//! Arms × seeds: every seed a dot, every arm its estimate with an interval.

use super::axis::{Axis, minus};
use super::rows::{RowTexts, Rows};
use super::svg::{Canvas, colour};
use super::{Figure, nothing_to_draw};
use crate::Result;
use crate::statistics::Interval;

/// Every seed's value as a dot, with the estimate and its interval beside them, one row per arm.
///
/// ```
/// use autodidact_experiment::figure::IntervalChart;
/// use autodidact_experiment::statistics::Bootstrap;
///
/// let values = [61.0, 63.5, 62.2];
/// let figure = IntervalChart::new("Linear evaluation", "top-1 accuracy (%)")
///     .with_arm("BYOL", &values, Some(Bootstrap::default().mean(&values)))
///     .draw()?;
/// assert!(figure.svg().contains("BYOL"));
/// # Ok::<(), autodidact_experiment::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalChart {
    title: String,
    value_title: String,
    arms: Vec<Arm>,
    references: Vec<(String, f64)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Arm {
    label: String,
    values: Vec<f64>,
    interval: Option<Interval>,
}

impl IntervalChart {
    /// An empty chart; the value's title carries its unit.
    pub fn new(title: &str, value_title: &str) -> Self {
        Self {
            title: title.to_owned(),
            value_title: value_title.to_owned(),
            arms: Vec::new(),
            references: Vec::new(),
        }
    }

    /// Adds an arm: one value per seed, and the interval of their mean.
    pub fn with_arm(mut self, label: &str, values: &[f64], interval: Option<Interval>) -> Self {
        self.arms.push(Arm { label: label.to_owned(), values: values.to_vec(), interval });
        self
    }

    /// Adds a dashed line, for instance the paper's value or zero difference.
    pub fn with_reference(mut self, label: &str, value: f64) -> Self {
        self.references.push((label.to_owned(), value));
        self
    }

    /// Draws it.
    ///
    /// # Errors
    /// [`crate::Error::Figure`] if there is no finite value.
    pub fn draw(&self) -> Result<Figure> {
        let ends = |arm: &Arm| arm.interval.map(|interval| [interval.estimate, interval.low, interval.high]);
        let values = self
            .arms
            .iter()
            .flat_map(|arm| arm.values.iter().copied().chain(ends(arm).into_iter().flatten()))
            .chain(self.references.iter().map(|(_, value)| *value));
        let axis = Axis::fit(values, false).ok_or_else(|| nothing_to_draw(&self.title))?;

        let mut canvas = Canvas::default();
        let texts = RowTexts {
            title: &self.title,
            value: &self.value_title,
            names: self.arms.iter().map(|arm| arm.label.as_str()).collect(),
            numbers: self.arms.iter().map(Arm::number).collect(),
            references: &self.references,
        };
        let rows = Rows::draw(&mut canvas, &texts, axis.padded(0.05), 46.0);
        for (index, arm) in self.arms.iter().enumerate() {
            arm.draw(&mut canvas, &rows, index);
        }
        Ok(Figure::new(&self.title, rows.finish(canvas, &self.title, &self.remark())))
    }

    fn remark(&self) -> String {
        let interval = self.arms.iter().find_map(|arm| arm.interval);
        interval.map_or_else(String::new, |interval| {
            let percent = interval.confidence * 100.0;
            format!(
                "small dots: one per seed · large dot and line: estimate with its {percent:.0} % interval"
            )
        })
    }
}

impl Arm {
    fn number(&self) -> String {
        self.interval.map_or_else(String::new, |interval| {
            if interval.is_bounded() {
                minus(&interval.to_string())
            } else {
                minus(&format!("{:.*}", interval.decimals(), interval.estimate))
            }
        })
    }

    /// Seeds above, estimate below, so that neither hides the other.
    fn draw(&self, canvas: &mut Canvas, rows: &Rows, index: usize) {
        let colour = colour(index);
        let middle = rows.middle(index);
        for place in self.values.iter().filter_map(|value| rows.x(*value)) {
            canvas.circle(&format!("ad-dot {colour}"), (place, middle - 8.0), 3.5);
        }
        let Some(interval) = self.interval else { return };
        if let (Some(low), Some(high)) = (rows.x(interval.low), rows.x(interval.high)) {
            canvas.line(&format!("ad-thick {colour}"), (low, middle + 6.0), (high, middle + 6.0));
        }
        if let Some(place) = rows.x(interval.estimate) {
            canvas.circle(&format!("ad-marker {colour}"), (place, middle + 6.0), 4.5);
        }
    }
}
