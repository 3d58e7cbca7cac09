//! Topographic similarity where objects are feature vectors, whose distances do not repeat.

use std::ops::Range;

use rayon::prelude::*;

use super::distance::{Distances, FeatureDistance, MessageDistance, OfRow};
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
/// are computed anew: about 300 megabytes for any N, unless more pairs than that are equally far apart within a thirty-second. 10 000
/// vectors of 64 are 50 million pairs, eight passes, and about twelve seconds on two cores.
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

/// Rows that are compared with another one while that is in the fastest cache, as they are themselves.
const TILE: usize = 32;

/// All pairs of rows.
struct Pairs {
    vectors: Vectors,
    distances: Distances,
    count: usize,
}

impl Pairs {
    /// How many pairs each bucket of distances of vectors has, and each class of distances of messages.
    fn counts(&self) -> (Vec<u64>, Vec<u64>) {
        let none = || (vec![0_u64; NUM_BUCKETS], vec![0_u64; self.distances.num_classes()]);
        let add = |sum: &mut [u64], counts: &[u64]| {
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        };
        self.tiles()
            .fold(none, |(mut buckets, mut classes), tile| {
                self.visit(tile, |distance, of_row, other| {
                    buckets[bucket(distance)] += 1;
                    classes[of_row.class(other)] += 1;
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
    fn within(&self, range: &Range<usize>) -> Vec<(u64, u32)> {
        self.tiles()
            .flat_map_iter(|tile| {
                let mut within = Vec::new();
                self.visit(tile, |distance, of_row, other| {
                    if range.contains(&bucket(distance)) {
                        within.push((distance, of_row.class(other) as u32));
                    }
                });
                within
            })
            .collect()
    }

    fn tiles(&self) -> impl ParallelIterator<Item = Range<usize>> {
        let count = self.count;
        (0..count.div_ceil(TILE)).into_par_iter().map(move |tile| tile * TILE..((tile + 1) * TILE).min(count))
    }

    /// Calls with the distance of vectors of each of these rows and each later one, and what gives that of messages.
    fn visit(&self, tile: Range<usize>, mut call: impl FnMut(u64, &OfRow<'_>, usize)) {
        let of_rows: Vec<OfRow<'_>> = tile.clone().map(|row| self.distances.of(row)).collect();
        for other in tile.start + 1..self.count {
            for row in tile.start..tile.end.min(other) {
                call(self.vectors.distance(row, other), &of_rows[row - tile.start], other);
            }
        }
    }
}

fn bucket(distance: u64) -> usize {
    (distance >> BUCKET_SHIFT) as usize
}

/// Neighbouring buckets together, as many as have no more pairs than `at_once`, but one at least.
fn ranges(buckets: &[u64], at_once: u64) -> Vec<Range<usize>> {
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

/// Vectors, scaled so that no square is too large or too small: by a power of two, which changes no rank, and for the cosine to a
/// length of 1.
struct Vectors {
    distance: FeatureDistance,
    values: Vec<f64>,
    width: usize,
}

impl Vectors {
    fn new(features: &Features, distance: FeatureDistance) -> Result<Self> {
        let width = features.width();
        let mut values: Vec<f64> = features.iter().flatten().copied().collect();
        match distance {
            FeatureDistance::Euclidean => scale(&mut values),
            FeatureDistance::Cosine => {
                for (row, vector) in values.chunks_exact_mut(width).enumerate() {
                    scale(vector);
                    let length = dot(vector, vector).sqrt();
                    if length == 0.0 {
                        return Err(Error::NoDirection { row });
                    }
                    for value in vector {
                        *value /= length;
                    }
                }
            }
        }
        Ok(Self { distance, values, width })
    }

    /// The bits of the distance, which are in the order of distances as these are not negative.
    #[inline]
    fn distance(&self, row: usize, other: usize) -> u64 {
        let vector = |row: usize| &self.values[row * self.width..][..self.width];
        let (one, other) = (vector(row), vector(other));
        let distance = match self.distance {
            FeatureDistance::Cosine => 1.0 - dot(one, other),
            FeatureDistance::Euclidean => sum(one, other, |x, y| (x - y) * (x - y)),
        };
        // Not below 0 by rounding, nor −0.
        if distance > 0.0 { distance.to_bits() } else { 0 }
    }
}

/// Divides by the largest power of two that is not above the largest number.
fn scale(values: &mut [f64]) {
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest > 0.0 {
        let exponent = largest.log2().floor().max(-1022.0) as i32;
        for value in values {
            *value *= 2_f64.powi(-exponent);
        }
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    sum(one, other, |x, y| x * y)
}

/// Eight sums side by side, which vector instructions add at a time. Plain loops, as calls of iterators' parts would stay calls.
#[inline]
fn sum(one: &[f64], other: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    let ((ones, one_rest), (others, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for at in 0..ones.len().min(others.len()) {
        let (one, other) = (&ones[at], &others[at]);
        for lane in 0..8 {
            sums[lane] += term(one[lane], other[lane]);
        }
    }
    let mut sum = 0.0;
    for at in 0..one_rest.len().min(other_rest.len()) {
        sum += term(one_rest[at], other_rest[at]);
    }
    for lane in sums {
        sum += lane;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_every_bucket_once() {
        assert_eq!(ranges(&[3, 3, 9, 0, 1, 2], 5), [0..1, 1..2, 2..3, 3..6]);
        assert_eq!(ranges(&[0, 0, 6, 1], 5), [0..3, 3..4]);
    }

    #[test]
    fn the_unit_of_features_does_not_matter() {
        let messages = Messages::from_rows(&[[1, 1], [1, 2], [2, 1], [3, 3]]).expect("a table");
        for distance in [FeatureDistance::Cosine, FeatureDistance::Euclidean] {
            let by = |unit: f64| {
                let values = [3.0, 1.0, 1.5, 1.0, -1.0, 0.5, 0.25, -2.0].map(|value| value * unit);
                let features = Features::new(values.to_vec(), 2).expect("finite");
                topographic_similarity_of_features(&features, &messages, distance, MessageDistance::Edit)
            };
            let expected = by(1.0).expect("fits").expect("varies");
            for unit in [1e300, 1e-300, 1e-20] {
                assert_eq!(by(unit).expect("fits"), Some(expected));
            }
        }
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
