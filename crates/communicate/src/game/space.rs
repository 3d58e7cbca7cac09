//! The product space of objects: every combination of attribute values.

use rand::Rng;
use rand::seq::index;

use crate::{Error, Objects, Result};

/// K attributes with `V_1, …, V_K` values: `V_1 · … · V_K` objects, in the order in which the last attribute counts fastest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductSpace {
    num_values: Vec<u32>,
    size: usize,
}

impl ProductSpace {
    /// The space of attributes with so many values each.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is no attribute, one has no value, or there are more objects than can be counted.
    pub fn new(num_values: &[u32]) -> Result<Self> {
        let setting = |name, value: String, expected: &str| {
            Err(Error::Setting { name, value, expected: expected.to_owned() })
        };
        if num_values.is_empty() {
            return setting("attributes", "0".to_owned(), "at least 1");
        }
        if num_values.contains(&0) {
            return setting("values", "0".to_owned(), "at least 1 for each attribute");
        }
        let size = num_values.iter().try_fold(1_usize, |size, &values| size.checked_mul(values as usize));
        match size {
            Some(size) => Ok(Self { num_values: num_values.to_vec(), size }),
            None => setting("values", format!("{num_values:?}"), "a product that 64 bits can count"),
        }
    }

    /// The space of K = `num_attributes` attributes with `num_values` values each.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn uniform(num_attributes: usize, num_values: u32) -> Result<Self> {
        Self::new(&vec![num_values; num_attributes])
    }

    /// The number of values of each attribute.
    pub fn num_values(&self) -> &[u32] {
        &self.num_values
    }

    /// Number of objects.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The values of the object of this number.
    ///
    /// # Panics
    /// If there is no such object.
    pub fn object(&self, index: usize) -> Vec<u32> {
        assert!(index < self.size, "object {index} of a space of {}", self.size);
        let mut rest = index;
        let mut values = vec![0; self.num_values.len()];
        for (value, &num_values) in values.iter_mut().zip(&self.num_values).rev() {
            *value = (rest % num_values as usize) as u32;
            rest /= num_values as usize;
        }
        values
    }

    /// The number of an object; nothing if it is not in this space.
    pub fn index(&self, object: &[u32]) -> Option<usize> {
        if object.len() != self.num_values.len() {
            return None;
        }
        object.iter().zip(&self.num_values).try_fold(0, |index, (&value, &num_values)| {
            (value < num_values).then(|| index * num_values as usize + value as usize)
        })
    }

    /// All objects.
    ///
    /// # Errors
    /// [`Error::Setting`] if there are more than `at_most`.
    pub fn objects(&self, at_most: usize) -> Result<Objects> {
        if self.size > at_most {
            return Err(Error::Setting {
                name: "values",
                value: format!("{:?}", self.num_values),
                expected: format!("at most {at_most} objects, these are {}; draw a sample", self.size),
            });
        }
        self.gather(0..self.size)
    }

    /// Different objects, each as likely as any other.
    ///
    /// # Errors
    /// [`Error::TooFew`] if the space has fewer, [`Error::Empty`] if none are asked for.
    pub fn sample(&self, count: usize, rng: &mut impl Rng) -> Result<Objects> {
        if count > self.size {
            return Err(Error::TooFew { asked: count, available: self.size });
        }
        self.gather(index::sample(rng, self.size, count))
    }

    fn gather(&self, indices: impl IntoIterator<Item = usize>) -> Result<Objects> {
        Objects::new(
            indices.into_iter().flat_map(|index| self.object(index)).collect(),
            self.num_values.len(),
        )
    }
}
