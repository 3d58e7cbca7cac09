//! Feature vectors: objects that have no attributes, for instance embeddings of pictures.

use crate::rows::Rows;
use crate::{Error, Objects, Result};

/// N vectors of D finite numbers: a table [N, D], at least one of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Features(Rows<f64>);

const WHAT: &str = "features";

impl Features {
    /// Vectors from their numbers, one vector after the other.
    ///
    /// # Errors
    /// [`Error::Empty`] and [`Error::Fill`] if the numbers make up no rows of `width`, [`Error::NotFinite`] names the first row with
    /// a number that is not finite.
    pub fn new(values: Vec<f64>, width: usize) -> Result<Self> {
        let rows = Rows::new(values, width, WHAT)?;
        match rows.values().iter().position(|value| !value.is_finite()) {
            Some(at) => {
                Err(Error::NotFinite { row: at / width, column: at % width, value: rows.values()[at] })
            }
            None => Ok(Self(rows)),
        }
    }

    /// N, the number of vectors.
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// D, the numbers of each.
    pub fn width(&self) -> usize {
        self.0.columns()
    }

    /// One vector.
    ///
    /// # Panics
    /// If there is no such vector.
    pub fn get(&self, index: usize) -> &[f64] {
        self.0.row(index)
    }

    /// The vectors in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f64]> + '_ {
        self.0.iter()
    }
}

/// Attribute values as numbers, for attributes that are sizes rather than names.
impl From<&Objects> for Features {
    fn from(objects: &Objects) -> Self {
        let values = objects.rows().values().iter().map(|&value| value.into()).collect();
        Self::new(values, objects.num_attributes()).expect("a table of objects is one of finite numbers")
    }
}
