//! Views of features and labels that are checked once and then trusted.

use super::EvaluateError;

/// A borrowed feature matrix `[N, D]`, row-major, with at least one row and only finite values.
///
/// ```
/// use autodidact_represent::evaluate::Features;
///
/// let features = Features::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3)?;
/// assert_eq!((features.num_rows(), features.width()), (2, 3));
/// assert_eq!(features.row(1), [4.0, 5.0, 6.0]);
/// assert!(Features::new(&[1.0, 2.0, 3.0], 2).is_err());
/// # Ok::<(), autodidact_represent::evaluate::EvaluateError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Features<'a> {
    values: &'a [f32],
    width: usize,
}

impl<'a> Features<'a> {
    /// Checks `values` as rows of `width` features.
    ///
    /// # Errors
    ///
    /// If there is no row, the length is not a multiple of `width`, or a value is NaN or infinite.
    pub fn new(values: &'a [f32], width: usize) -> Result<Self, EvaluateError> {
        if width == 0 || !values.len().is_multiple_of(width) {
            return Err(EvaluateError::Ragged { len: values.len(), width });
        }
        if values.is_empty() {
            return Err(EvaluateError::TooFewRows { what: "the feature array", needed: 1 });
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(EvaluateError::NotFinite { row: at / width, column: at % width, value: values[at] });
        }
        Ok(Self { values, width })
    }

    /// A matrix whose values are known to be good.
    pub(crate) fn trusted(values: &'a [f32], width: usize) -> Self {
        debug_assert!(Self::new(values, width).is_ok(), "trusted features must be valid");
        Self { values, width }
    }

    /// Number of rows N.
    pub fn num_rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// Number of features D per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, row by row.
    pub fn values(&self) -> &'a [f32] {
        self.values
    }

    /// Row `index`, `[D]`.
    ///
    /// # Panics
    ///
    /// If `index` is not below [`Self::num_rows`].
    pub fn row(&self, index: usize) -> &'a [f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// The rows, each `[D]`.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [f32]> {
        self.values.chunks_exact(self.width)
    }

    /// A copy of the rows at `indices`, in that order.
    pub(crate) fn gather(&self, indices: &[usize]) -> Vec<f32> {
        indices.iter().flat_map(|&index| self.row(index)).copied().collect()
    }

    /// Checks that `self` has the width of another array.
    pub(crate) fn expect_width(&self, expected: usize, what: &'static str) -> Result<(), EvaluateError> {
        if self.width == expected {
            return Ok(());
        }
        Err(EvaluateError::Mismatch { what, unit: "features per row", expected, got: self.width })
    }
}

/// Features with one class index per row.
#[derive(Debug, Clone, Copy)]
pub struct LabelledFeatures<'a> {
    features: Features<'a>,
    labels: &'a [usize],
    num_classes: usize,
}

impl<'a> LabelledFeatures<'a> {
    /// Checks `values` as rows of `width` features with `labels` in `0..num_classes`.
    ///
    /// # Errors
    ///
    /// As [`Features::new`], and if the number of labels differs from the number of rows, a label is out of range, or
    /// there are fewer than two classes.
    pub fn new(
        values: &'a [f32],
        width: usize,
        labels: &'a [usize],
        num_classes: usize,
    ) -> Result<Self, EvaluateError> {
        let features = Features::new(values, width)?;
        if num_classes < 2 {
            return Err(EvaluateError::option("num_classes", num_classes, "at least 2"));
        }
        if labels.len() != features.num_rows() {
            return Err(EvaluateError::LabelCount { labels: labels.len(), rows: features.num_rows() });
        }
        if let Some(row) = labels.iter().position(|&label| label >= num_classes) {
            return Err(EvaluateError::LabelOutOfRange { row, label: labels[row], num_classes });
        }
        Ok(Self { features, labels, num_classes })
    }

    /// Rows and labels that are known to belong together.
    pub(crate) fn trusted(features: Features<'a>, labels: &'a [usize], num_classes: usize) -> Self {
        debug_assert_eq!(features.num_rows(), labels.len(), "one label per row");
        Self { features, labels, num_classes }
    }

    /// The feature matrix `[N, D]`.
    pub fn features(&self) -> Features<'a> {
        self.features
    }

    /// The labels `[N]`.
    pub fn labels(&self) -> &'a [usize] {
        self.labels
    }

    /// Number of classes C.
    pub fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// Number of rows of each class, `[C]`.
    pub(crate) fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.num_classes];
        for &label in self.labels {
            counts[label] += 1;
        }
        counts
    }

    /// Checks that `other` has the same width and number of classes.
    pub(crate) fn expect_alike(&self, other: Self, what: &'static str) -> Result<(), EvaluateError> {
        other.features.expect_width(self.features.width, what)?;
        if other.num_classes == self.num_classes {
            return Ok(());
        }
        Err(EvaluateError::Mismatch {
            what,
            unit: "classes",
            expected: self.num_classes,
            got: other.num_classes,
        })
    }

    /// A copy of the rows at `indices`.
    pub(crate) fn gather(&self, indices: &[usize]) -> OwnedLabelled {
        OwnedLabelled {
            values: self.features.gather(indices),
            width: self.features.width,
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
            num_classes: self.num_classes,
        }
    }

    /// A copy of the rows of `self`, then those of `other`.
    pub(crate) fn concatenate(&self, other: Self) -> OwnedLabelled {
        OwnedLabelled {
            values: [self.features.values, other.features.values].concat(),
            width: self.features.width,
            labels: [self.labels, other.labels].concat(),
            num_classes: self.num_classes,
        }
    }
}

/// Rows copied out of [`LabelledFeatures`].
pub(crate) struct OwnedLabelled {
    values: Vec<f32>,
    width: usize,
    labels: Vec<usize>,
    num_classes: usize,
}

impl OwnedLabelled {
    /// The view that the evaluators take.
    pub(crate) fn view(&self) -> LabelledFeatures<'_> {
        LabelledFeatures::trusted(Features::trusted(&self.values, self.width), &self.labels, self.num_classes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_arrays_are_refused_with_the_value_in_the_message() {
        let message = |values: &[f32], width, labels: &[usize], classes| {
            LabelledFeatures::new(values, width, labels, classes).unwrap_err().to_string()
        };
        assert!(message(&[1.0; 5], 2, &[0, 1], 2).contains("5 values"));
        assert!(message(&[1.0; 4], 0, &[0, 1], 2).contains("width 0"));
        assert!(message(&[], 2, &[], 2).contains("empty"));
        assert!(message(&[0.0, 0.0, 0.0, f32::NAN], 2, &[0, 1], 2).contains("feature 1 of row 1 is NaN"));
        assert!(message(&[1.0; 4], 2, &[0], 2).contains("1 labels for 2 rows"));
        assert!(message(&[1.0; 4], 2, &[0, 2], 2).contains("label 2 of row 1 is outside 0..2"));
        assert!(message(&[1.0; 4], 2, &[0, 0], 1).contains("`num_classes` is 1"));
    }

    #[test]
    fn gathered_rows_keep_their_labels() {
        let data = LabelledFeatures::new(&[0.0, 1.0, 2.0, 3.0], 1, &[0, 1, 0, 1], 2).unwrap();
        let picked = data.gather(&[3, 0]);
        assert_eq!(picked.view().features().values(), [3.0, 0.0]);
        assert_eq!(picked.view().labels(), [1, 0]);
        let both = picked.view().concatenate(data);
        assert_eq!(both.view().features().num_rows(), 6);
        assert_eq!(both.view().class_counts(), [3, 3]);
    }
}
