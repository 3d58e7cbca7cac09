//! Objects: what a speaker sees and a listener tells.

use crate::rows::Rows;
use crate::{Error, Result};

/// N objects of K attributes each, whose values are numbers that name them: a table [N, K], at least one of each. Objects may occur
/// more than once.
///
/// ```
/// use autodidact_communicate::Objects;
///
/// let objects = Objects::from_rows(&[[0, 2], [1, 0], [1, 1]])?;
/// assert_eq!((objects.count(), objects.num_attributes()), (3, 2));
/// assert_eq!(objects.num_values(), [2, 3]);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objects(Rows<u32>);

const WHAT: &str = "objects";

impl Objects {
    /// Objects from their attribute values, one object after the other.
    ///
    /// # Errors
    /// [`Error::Empty`] and [`Error::Fill`] if the values make up no rows of `num_attributes`.
    pub fn new(values: Vec<u32>, num_attributes: usize) -> Result<Self> {
        Rows::new(values, num_attributes, WHAT).map(Self)
    }

    /// Objects from a row of attribute values each.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are none, [`Error::Ragged`] if one has more or fewer attributes than the first.
    pub fn from_rows(rows: &[impl AsRef<[u32]>]) -> Result<Self> {
        Rows::from_rows(rows, WHAT).map(Self)
    }

    /// N, the number of objects.
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// K, the number of attributes.
    pub fn num_attributes(&self) -> usize {
        self.0.columns()
    }

    /// The values of one object.
    ///
    /// # Panics
    /// If there is no such object.
    pub fn get(&self, index: usize) -> &[u32] {
        self.0.row(index)
    }

    /// The objects in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u32]> + '_ {
        self.0.iter()
    }

    /// The values of one attribute, object by object.
    pub fn attribute(&self, attribute: usize) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.0.column(attribute)
    }

    /// For each attribute one more than its largest value: the sizes of the smallest space that holds these objects.
    pub fn num_values(&self) -> Vec<u32> {
        (0..self.num_attributes())
            .map(|attribute| self.attribute(attribute).max().map_or(0, |largest| largest.saturating_add(1)))
            .collect()
    }

    /// The objects of these numbers, in this order.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are none.
    ///
    /// # Panics
    /// If there is no such object.
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        Self::new(self.0.select(indices), self.num_attributes())
    }

    /// Checks that attribute `k` has values below `num_values[k]` only.
    ///
    /// # Errors
    /// [`Error::Attribute`] names the first row where it does not, [`Error::Lengths`] if there are not as many sizes as attributes.
    pub fn check_values(&self, num_values: &[u32]) -> Result<()> {
        if num_values.len() != self.num_attributes() {
            return Err(Error::Lengths { first: self.num_attributes(), second: num_values.len() });
        }
        for (row, object) in self.iter().enumerate() {
            for (attribute, (&value, &values)) in object.iter().zip(num_values).enumerate() {
                if value >= values {
                    return Err(Error::Attribute { row, attribute, value, values });
                }
            }
        }
        Ok(())
    }

    pub(crate) fn rows(&self) -> &Rows<u32> {
        &self.0
    }
}
