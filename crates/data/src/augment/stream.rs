//! Random numbers as a pure function of where they are used. Leaves distributions other than uniform to callers.

use rand::Rng;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// The random numbers of one view of one picture in one epoch.
///
/// A `ChaCha` generator with 8 rounds whose 256-bit key is `(seed, epoch, index, view)`, four little-endian
/// 64-bit words. Streams with different keys are independent for every practical purpose, creating one costs
/// nothing to speak of, and no state has to be saved to continue a run.
///
/// ```
/// use autodidact_data::augment::Stream;
/// let mut first = Stream::new(7, 0, 42, 1);
/// let mut again = Stream::new(7, 0, 42, 1);
/// assert_eq!(first.uniform(0.08, 1.0), again.uniform(0.08, 1.0));
/// ```
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of view number `view` of picture `index` in `epoch`.
    pub fn new(seed: u64, epoch: u64, index: u64, view: u64) -> Self {
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip([seed, epoch, index, view]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number in `[0, 1)`, a multiple of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with the given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// An integer in `0..count`, every one equally likely.
    ///
    /// # Panics
    /// If `count` is zero.
    pub fn below(&mut self, count: usize) -> usize {
        assert!(count > 0, "an integer below zero does not exist");
        let count = count as u64;
        // Lemire 2019: the high half of a product is uniform once the short last interval is rejected.
        let threshold = count.wrapping_neg() % count;
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(count);
            if product as u64 >= threshold {
                return (product >> 64) as usize;
            }
        }
    }

    /// Puts `items` into a random order, every one equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_key_changes_the_stream() {
        let base = Stream::new(1, 2, 3, 4).unit();
        for other in [
            Stream::new(2, 2, 3, 4),
            Stream::new(1, 3, 3, 4),
            Stream::new(1, 2, 4, 4),
            Stream::new(1, 2, 3, 5),
        ] {
            assert_ne!(base, other.clone().unit());
        }
    }

    #[test]
    fn below_hits_every_value_about_equally_often() {
        let mut stream = Stream::new(0, 0, 0, 0);
        let mut counts = [0_i32; 7];
        for _ in 0..70_000 {
            counts[stream.below(7)] += 1;
        }
        // Binomial with mean 10 000 and standard deviation 93: five of them.
        assert!(counts.iter().all(|count| (count - 10_000).abs() < 465), "{counts:?}");
    }

    #[test]
    fn shuffle_keeps_every_item_and_moves_the_first_evenly() {
        let mut stream = Stream::new(5, 0, 0, 0);
        let mut places = [0_i32; 4];
        for _ in 0..8_000 {
            let mut items = [0, 1, 2, 3];
            stream.shuffle(&mut items);
            places[items.iter().position(|&item| item == 0).expect("a shuffle loses nothing")] += 1;
        }
        // Mean 2000, standard deviation 39.
        assert!(places.iter().all(|count| (count - 2_000).abs() < 195), "{places:?}");
    }
}
