//! Topographic similarity where objects are feature vectors, whose distances do not repeat.

use rayon::prelude::*;

use super::distance::{Distances, FeatureDistance, MessageDistance};
use super::rank::RankCorrelation;
use crate::{Error, Features, Messages, Result};

/// Pairs that are sorted at once: 16 bytes each.
const PAIRS_AT_ONCE: u64 = 1 << 23;
/// Distances are not negative, so that the sign bit of a number is 0 and the next 16 tell its bucket.
const BUCKET_SHIFT: u32 = 47;
const NUM_BUCKETS: usize = 1 << 16;

/// Topographic similarity of feature vectors and messages: Spearman's correlation over all pairs of rows.
///
/// Ranks of N (N − 1) / 2 distances that all differ need them sorted. They are sorted by ranges of eight million, for which all distances
/// are computed anew: about 300 megabytes for any N, unless more pairs than that are equally far apart within a sixteenth. 10 000
/// vectors are 50 million pairs and seven passes.
///
/// `None` as for [`super::topographic_similarity`].
///
/// # Errors
/// [`Error::Unequal`] if there are not as many messages as vectors, [`Error::NoDirection`] if a vector is zero and the distance the cosine.
///
/// ```
/// use autodidact_communicate::measures::topographic::{
///     FeatureDistance, MessageDistance, topographic_similarity_of_features,
/// };
/// use autodidact_communicate::{Features, Messages};
///
/// let features = Features::new(vec![0.0, 1.0, 3.0], 1)?;
/// let messages = Messages::from_rows(&[[1, 1], [1, 2], [2, 3]])?;
/// let similarity = topographic_similarity_of_features(
///     &features, &messages, FeatureDistance::Euclidean, MessageDistance::Edit,
/// )?;
/// assert!(similarity.unwrap() > 0.8);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn topographic_similarity_of_features(
    features: &Features,
    messages: &Messages,
    feature_distance: FeatureDistance,
    message_distance: MessageDistance,
) -> Result<Option<f64>> {
    correlate(features, messages, feature_distance, message_distance, PAIRS_AT_ONCE)
}

fn correlate(
    features: &Features,
    messages: &Messages,
    feature_distance: FeatureDistance,
    message_distance: MessageDistance,
    at_once: u64,
) -> Result<Option<f64>> {
    if features.count() != messages.count() {
        return Err(Error::Unequal { objects: features.count(), messages: messages.count() });
    }
    let pairs = Pairs {
        vectors: Vectors::new(features, feature_distance)?,
        distances: Distances::new(messages, message_distance),
        count: features.count(),
    };
    let (buckets, classes) = pairs.counts();
    let mut correlation = RankCorrelation::new(&classes);
    for range in ranges(&buckets, at_once) {
        let mut within = pairs.within(&range);
        within.par_sort_unstable_by_key(|&(distance, _)| distance);
        for group in within.chunk_by(|one, other| one.0 == other.0) {
            correlation.add(group.iter().map(|&(_, class)| (class as usize, 1)));
        }
    }
    Ok(correlation.finish())
}

/// All pairs of rows.
struct Pairs<'a> {
    vectors: Vectors<'a>,
    distances: Distances,
    count: usize,
}

impl Pairs<'_> {
    /// How many pairs each bucket of distances of vectors has, and each class of distances of messages.
    fn counts(&self) -> (Vec<u64>, Vec<u64>) {
        let none = || (vec![0_u64; NUM_BUCKETS], vec![0_u64; self.distances.num_classes()]);
        let add = |sum: &mut [u64], counts: &[u64]| {
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        };
        (0..self.count)
            .into_par_iter()
            .fold(none, |(mut buckets, mut classes), row| {
                self.distances.to_later(row, |other, class| {
                    buckets[bucket(self.vectors.distance(row, other))] += 1;
                    classes[class] += 1;
                });
                (buckets, classes)
            })
            .reduce(none, |mut sum, counts| {
                add(&mut sum.0, &counts.0);
                add(&mut sum.1, &counts.1);
                sum
            })
    }

    /// The pairs whose distance of vectors is in these buckets.
    fn within(&self, range: &std::ops::Range<usize>) -> Vec<(u64, u32)> {
        (0..self.count)
            .into_par_iter()
            .flat_map_iter(|row| {
                let mut within = Vec::new();
                self.distances.to_later(row, |other, class| {
                    let distance = self.vectors.distance(row, other);
                    if range.contains(&bucket(distance)) {
                        within.push((distance, class as u32));
                    }
                });
                within
            })
            .collect()
    }
}

fn bucket(distance: u64) -> usize {
    (distance >> BUCKET_SHIFT) as usize
}

/// Neighbouring buckets together, as many as have no more pairs than `at_once`, but one at least.
fn ranges(buckets: &[u64], at_once: u64) -> Vec<std::ops::Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut pairs) = (0, 0);
    for (at, &count) in buckets.iter().enumerate() {
        if pairs > 0 && pairs + count > at_once {
            ranges.push(start..at);
            (start, pairs) = (at, 0);
        }
        pairs += count;
    }
    ranges.push(start..buckets.len());
    ranges
}

/// Vectors with what their distance needs.
struct Vectors<'a> {
    features: &'a Features,
    /// Their lengths, for the cosine.
    lengths: Option<Vec<f64>>,
}

impl<'a> Vectors<'a> {
    fn new(features: &'a Features, distance: FeatureDistance) -> Result<Self> {
        let lengths = match distance {
            FeatureDistance::Euclidean => None,
            FeatureDistance::Cosine => {
                let lengths: Vec<f64> = features.iter().map(|vector| dot(vector, vector).sqrt()).collect();
                if let Some(row) = lengths.iter().position(|&length| length == 0.0) {
                    return Err(Error::NoDirection { row });
                }
                Some(lengths)
            }
        };
        Ok(Self { features, lengths })
    }

    /// The bits of the distance, which are in the order of distances as these are not negative.
    fn distance(&self, row: usize, other: usize) -> u64 {
        let (one, two) = (self.features.get(row), self.features.get(other));
        let distance = match &self.lengths {
            Some(lengths) => 1.0 - dot(one, two) / (lengths[row] * lengths[other]),
            None => one.iter().zip(two).map(|(x, y)| (x - y).powi(2)).sum(),
        };
        // Not below 0 by rounding, nor −0.
        if distance > 0.0 { distance.to_bits() } else { 0 }
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_every_bucket_once() {
        assert_eq!(ranges(&[3, 3, 9, 0, 1, 2], 5), [0..1, 1..2, 2..3, 3..6]);
        assert_eq!(ranges(&[0, 0, 6, 1], 5), [0..3, 3..4]);
    }

    /// Sorting by ranges gives what sorting at once gives.
    #[test]
    fn the_number_of_passes_does_not_matter() {
        let values: Vec<f64> = (0..120).map(|at: u32| f64::from(at * 7919 % 101) - 50.5).collect();
        let features = Features::new(values, 3).expect("finite");
        let symbols = (0..120_u32).map(|at| at * 31 % 5).collect();
        let messages = Messages::new(symbols, 3).expect("a table");
        for distance in [FeatureDistance::Cosine, FeatureDistance::Euclidean] {
            let by = |at_once| {
                correlate(&features, &messages, distance, MessageDistance::Words, at_once)
                    .expect("fits")
                    .expect("varies")
            };
            assert!((by(10) - by(u64::MAX)).abs() < 1e-13);
        }
    }
}
