//! Spearman's rank correlation with average ranks, from lists or from counts.

use crate::{Error, Result};

/// Spearman's correlation ρ of two lists: Pearson's of their ranks, equal numbers having the mean of their ranks.
///
/// `None` if the lists have fewer than two numbers or one of them is constant, where scipy gives NaN.
///
/// # Errors
/// [`Error::Lengths`] if the lists differ in length, [`Error::NotFinite`] (with the list as the column) if one holds a NaN.
///
/// ```
/// use autodidact_communicate::measures::topographic::spearman;
///
/// assert_eq!(spearman(&[1.0, 2.0, 3.0], &[0.1, 0.7, 0.9])?, Some(1.0));
/// assert_eq!(spearman(&[1.0, 2.0, 3.0], &[5.0, 5.0, 5.0])?, None);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn spearman(x: &[f64], y: &[f64]) -> Result<Option<f64>> {
    if x.len() != y.len() {
        return Err(Error::Lengths { first: x.len(), second: y.len() });
    }
    for (column, list) in [x, y].into_iter().enumerate() {
        if let Some(row) = list.iter().position(|value| value.is_nan()) {
            return Err(Error::NotFinite { row, column, value: list[row] });
        }
    }
    let ordered = |list: &[f64]| {
        let mut order: Vec<usize> = (0..list.len()).collect();
        order.sort_unstable_by(|&one, &other| list[one].partial_cmp(&list[other]).expect("there are no NaN"));
        order
    };
    // The class of each number of y.
    let mut class_of = vec![0; y.len()];
    let mut counts = Vec::new();
    for group in ordered(y).chunk_by(|&one, &other| y[one] == y[other]) {
        for &at in group {
            class_of[at] = counts.len();
        }
        counts.push(group.len() as u64);
    }
    let mut correlation = RankCorrelation::new(&counts);
    for group in ordered(x).chunk_by(|&one, &other| x[one] == x[other]) {
        correlation.add(group.iter().map(|&at| (class_of[at], 1)));
    }
    Ok(correlation.finish())
}

/// Spearman's correlation, group by group of equal x in ascending order. The values of y are classes in ascending order whose sizes are
/// known before.
pub(super) struct RankCorrelation {
    /// The rank of each class of y, less the mean rank.
    ranks: Vec<f64>,
    mean_rank: f64,
    seen: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl RankCorrelation {
    pub fn new(counts: &[u64]) -> Self {
        let total: u64 = counts.iter().sum();
        let mean_rank = f64::midpoint(total as f64, 1.0);
        let mut seen = 0.0;
        let mut ranks = Vec::with_capacity(counts.len());
        let mut yy = 0.0;
        for &count in counts {
            let count = count as f64;
            let rank = seen + f64::midpoint(count, 1.0) - mean_rank;
            seen += count;
            yy += count * rank * rank;
            ranks.push(rank);
        }
        Self { ranks, mean_rank, seen: 0.0, xx: 0.0, xy: 0.0, yy }
    }

    /// The next larger value of x, as often as there are counts, with the classes of y that go with it.
    pub fn add(&mut self, classes: impl Iterator<Item = (usize, u64)>) {
        let (count, of_y) = classes.fold((0.0, 0.0), |(total, sum), (class, count)| {
            (total + count as f64, sum + count as f64 * self.ranks[class])
        });
        let rank = self.seen + f64::midpoint(count, 1.0) - self.mean_rank;
        self.seen += count;
        self.xx += count * rank * rank;
        self.xy += rank * of_y;
    }

    /// The correlation; nothing if x or y is constant.
    pub fn finish(self) -> Option<f64> {
        let both = (self.xx * self.yy).sqrt();
        (self.xx > 0.0 && self.yy > 0.0).then(|| (self.xy / both).clamp(-1.0, 1.0))
    }
}
