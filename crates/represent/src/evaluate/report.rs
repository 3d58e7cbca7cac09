//! Accuracy of class scores: top-1, top-5, mean per class, and the confusion matrix.

use serde::{Deserialize, Serialize};

use super::classifier::highest;
use super::interval::{Interval, Z_95, wilson_interval};

/// How well scores name the labels of a test set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    /// Number of test examples.
    pub num_examples: usize,
    /// Top-1 accuracy, a fraction.
    pub accuracy: f64,
    /// 95 % Wilson interval of the accuracy: chance in the choice of the test examples only.
    pub accuracy_interval: Interval,
    /// Share of examples whose label is among the five highest scores; absent with five classes or fewer.
    pub top5: Option<f64>,
    /// Mean of `per_class` over the classes that occur in the test set.
    pub mean_per_class: f64,
    /// Top-1 accuracy within each class, `[C]`; absent for a class without test examples.
    pub per_class: Vec<Option<f64>>,
    /// Number of examples by true class (row) and predicted class (column), `[C][C]`.
    pub confusion: Vec<Vec<usize>>,
}

impl ClassificationReport {
    /// Compares `scores` `[N, C]`, row-major, with `labels` `[N]`. On a tie the class with the lower index wins.
    ///
    /// # Panics
    ///
    /// If there is no example, or the lengths do not fit.
    ///
    /// ```
    /// use autodidact_represent::evaluate::ClassificationReport;
    ///
    /// let report = ClassificationReport::from_scores(&[0.9, 0.1, 0.2, 0.8, 0.7, 0.3], 2, &[0, 1, 1]);
    /// assert_eq!(report.accuracy, 2.0 / 3.0);
    /// assert_eq!(report.mean_per_class, 0.75);
    /// assert_eq!(report.confusion, [[1, 0], [1, 1]]);
    /// ```
    pub fn from_scores(scores: &[f32], num_classes: usize, labels: &[usize]) -> Self {
        assert!(!labels.is_empty(), "at least one example");
        assert_eq!(scores.len(), labels.len() * num_classes, "one row of scores per label");
        let mut confusion = vec![vec![0; num_classes]; num_classes];
        let mut in_top5 = 0;
        for (row, &label) in scores.chunks_exact(num_classes).zip(labels) {
            confusion[label][highest(row)] += 1;
            in_top5 += usize::from(rank(row, label) < 5);
        }
        let correct = (0..num_classes).map(|class| confusion[class][class]).sum();
        let per_class: Vec<Option<f64>> = (0..num_classes)
            .map(|class| {
                let count: usize = confusion[class].iter().sum();
                (count > 0).then(|| confusion[class][class] as f64 / count as f64)
            })
            .collect();
        let present: Vec<f64> = per_class.iter().flatten().copied().collect();
        Self {
            num_examples: labels.len(),
            accuracy: correct as f64 / labels.len() as f64,
            accuracy_interval: wilson_interval(correct, labels.len(), Z_95),
            top5: (num_classes > 5).then(|| in_top5 as f64 / labels.len() as f64),
            mean_per_class: present.iter().sum::<f64>() / present.len() as f64,
            per_class,
            confusion,
        }
    }
}

/// Number of classes that come before `label`.
fn rank(scores: &[f32], label: usize) -> usize {
    let own = scores[label];
    scores.iter().enumerate().filter(|&(class, &s)| s > own || (s == own && class < label)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top5_counts_labels_up_to_rank_five() {
        let scores: Vec<f32> = (0..7_u8).map(f32::from).collect(); // class 6 first, class 0 last
        let top5 = |label| ClassificationReport::from_scores(&scores, 7, &[label]).top5;
        assert_eq!(top5(6), Some(1.0));
        assert_eq!(top5(2), Some(1.0));
        assert_eq!(top5(1), Some(0.0));
        assert_eq!(ClassificationReport::from_scores(&[0.0; 5], 5, &[4]).top5, None);
    }

    #[test]
    fn equal_scores_do_not_count_as_a_hit_for_every_class() {
        let report = ClassificationReport::from_scores(&[0.0; 60], 6, &[0, 1, 2, 3, 4, 5, 5, 5, 5, 5]);
        assert_eq!(report.accuracy, 0.1);
        assert_eq!(report.top5, Some(0.5));
    }

    #[test]
    fn absent_classes_stay_out_of_the_mean() {
        let report = ClassificationReport::from_scores(&[1.0, 0.0, 0.0, 1.0, 0.0, 0.0], 3, &[0, 1]);
        assert_eq!(report.per_class, [Some(1.0), Some(0.0), None]);
        assert_eq!(report.mean_per_class, 0.5);
    }
}
