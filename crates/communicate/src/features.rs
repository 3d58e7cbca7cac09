//! Feature vectors: objects that have no attributes, for instance embeddings of pictures.

use std::ops::Range;

use sha2::{Digest, Sha256};

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

    /// What an encoder made, which is not checked: a run whose weights have grown too large ends by its gradient.
    pub(crate) fn encoded(values: Vec<f32>, width: usize) -> Self {
        let values = values.into_iter().map(f64::from).collect();
        Self(Rows::new(values, width, WHAT).expect("an encoder makes a row of each observation"))
    }

    /// Vectors from a row of numbers each.
    ///
    /// # Errors
    /// [`Error::Ragged`] names the first row that is longer or shorter than the one before it; else as [`Self::new`].
    pub fn from_rows(rows: &[impl AsRef<[f64]>]) -> Result<Self> {
        let rows = Rows::from_rows(rows, WHAT)?;
        Self::new(rows.values().to_vec(), rows.columns())
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

    /// The vectors of these numbers, in this order.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are none.
    ///
    /// # Panics
    /// If there is no such vector.
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        Rows::new(self.0.select(indices), self.width(), WHAT).map(Self)
    }

    /// Each column less its mean, by its standard deviation (the biased one) in `reference`; a column that does not vary there is
    /// only moved.
    ///
    /// ```
    /// use autodidact_communicate::Features;
    ///
    /// let features = Features::new(vec![1.0, 7.0, 5.0, 7.0], 2)?;
    /// assert_eq!(features.standardised(&features)?, Features::new(vec![-1.0, 0.0, 1.0, 0.0], 2)?);
    /// # Ok::<(), autodidact_communicate::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Lengths`] if the reference has another width, [`Error::Spread`] if a column has no finite variance there.
    pub fn standardised(&self, reference: &Self) -> Result<Self> {
        let width = self.width();
        if reference.width() != width {
            return Err(Error::Lengths { first: width, second: reference.width() });
        }
        let count = reference.count() as f64;
        let (mut means, mut scales) = (Vec::with_capacity(width), Vec::with_capacity(width));
        for column in 0..width {
            let values = || reference.0.column(column);
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            if !variance.is_finite() {
                let largest = values().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
                let (row, value) = largest.expect("a table has rows");
                return Err(Error::Spread { row, column, value });
            }
            // What rounding leaves of a column that does not vary is no scale.
            let varies = values().any(|value| value != reference.get(0)[column]);
            means.push(mean);
            scales.push(if varies && variance > 0.0 { 1.0 / variance.sqrt() } else { 1.0 });
        }
        let values = self.iter().flat_map(|row| {
            let columns = row.iter().zip(means.iter().zip(&scales));
            columns.map(|(value, (mean, scale))| (value - mean) * scale)
        });
        Self::new(values.collect(), width)
    }

    /// SHA-256 of the width and all numbers, in hexadecimal.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update((self.width() as u64).to_le_bytes());
        self.0.values().iter().for_each(|value| hasher.update(value.to_le_bytes()));
        hex::encode(hasher.finalize())
    }

    /// Checks that all numbers are finite in single precision too.
    ///
    /// # Errors
    /// [`Error::NotFinite`] names the first row where one is not.
    pub(crate) fn check_single(&self) -> Result<()> {
        let is_infinite = |value: &f64| !(*value as f32).is_finite();
        match self.0.values().iter().position(is_infinite) {
            Some(at) => {
                let (row, column) = (at / self.width(), at % self.width());
                Err(Error::NotFinite { row, column, value: f64::from(self.0.values()[at] as f32) })
            }
            None => Ok(()),
        }
    }

    /// Some vectors in single precision.
    pub(crate) fn floats(&self, rows: Range<usize>) -> Vec<f32> {
        let width = self.width();
        self.0.values()[rows.start * width..rows.end * width].iter().map(|&value| value as f32).collect()
    }
}

/// Attribute values as numbers, for attributes that are sizes rather than names.
impl From<&Objects> for Features {
    fn from(objects: &Objects) -> Self {
        let values = objects.rows().values().iter().map(|&value| value.into()).collect();
        Self::new(values, objects.num_attributes()).expect("a table of objects is one of finite numbers")
    }
}
