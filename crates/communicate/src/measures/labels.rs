//! Anything countable as numbers 0, 1, …: what entropies and co-occurrences are counted with.

/// A label for each of N things; equal things have equal labels, and labels grow with the things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Labels {
    pub of: Vec<u32>,
    /// How often each label occurs.
    pub counts: Vec<u64>,
}

impl Labels {
    pub fn new<T: Ord>(things: &[T]) -> Self {
        let mut order: Vec<usize> = (0..things.len()).collect();
        order.sort_unstable_by(|&one, &other| things[one].cmp(&things[other]));
        let mut of = vec![0; things.len()];
        let mut counts = Vec::new();
        for group in order.chunk_by(|&one, &other| things[one] == things[other]) {
            for &thing in group {
                of[thing] = counts.len() as u32;
            }
            counts.push(group.len() as u64);
        }
        Self { of, counts }
    }

    /// Labels of pairs.
    pub fn joint(&self, other: &Self) -> Self {
        let pairs: Vec<u64> = self
            .of
            .iter()
            .zip(&other.of)
            .map(|(&one, &other)| u64::from(one) << 32 | u64::from(other))
            .collect();
        Self::new(&pairs)
    }

    /// Entropy of the frequencies, in bits.
    pub fn entropy(&self) -> f64 {
        entropy_of(&self.counts)
    }

    /// I(X; Y) = H(X) + H(Y) − H(X, Y) in bits; what rounding makes of 0 below it is 0.
    pub fn information(&self, other: &Self) -> f64 {
        (self.entropy() + other.entropy() - self.joint(other).entropy()).max(0.0)
    }

    /// Whether all things are equal.
    pub fn is_constant(&self) -> bool {
        self.counts.len() < 2
    }
}

/// −Σ p log₂ p of counts; 0 for none.
pub(crate) fn entropy_of(counts: &[u64]) -> f64 {
    let total: u64 = counts.iter().sum();
    let occurring = counts.iter().filter(|&&count| count > 0 && count < total);
    // `p log p` would be −0 for the only one that occurs.
    occurring
        .map(|&count| {
            let p = count as f64 / total as f64;
            -p * p.log2()
        })
        .sum::<f64>()
        + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_have_equal_labels_in_order() {
        let labels = Labels::new(&["b", "a", "c", "b"]);
        assert_eq!(labels.of, [1, 0, 2, 1]);
        assert_eq!(labels.counts, [1, 2, 1]);
        assert_eq!(labels.entropy(), 1.5);
    }

    #[test]
    fn constants_have_no_entropy_and_no_sign() {
        assert!(entropy_of(&[7]).is_sign_positive());
        assert_eq!(entropy_of(&[7]), 0.0);
        assert_eq!(entropy_of(&[]), 0.0);
    }

    #[test]
    fn information_of_a_copy_is_the_entropy() {
        let labels = Labels::new(&[3, 1, 3, 2]);
        assert_eq!(labels.information(&labels), labels.entropy());
        assert_eq!(labels.information(&Labels::new(&[0, 0, 0, 0])), 0.0);
    }
}
