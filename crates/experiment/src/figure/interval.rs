//! Arms × seeds: every seed a dot, every arm its estimate with an interval.

use super::Figure;
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
        todo!()
    }
}
