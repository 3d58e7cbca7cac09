//! Tables whose rows are distributions.

use crate::rows::Rows;
use crate::{Error, Result};

/// How far the sum of a row may be from 1.
const TOLERANCE: f64 = 1e-9;

/// Checks that each row is a distribution.
pub(super) fn distributions(values: Vec<f64>, columns: usize, what: &'static str) -> Result<Rows<f64>> {
    let rows = Rows::new(values, columns, what)?;
    for (row, of_row) in rows.iter().enumerate() {
        let refuse = |problem| Err(Error::Distribution { what, row, problem });
        if let Some(column) = of_row.iter().position(|&p| !p.is_finite() || p < 0.0) {
            return refuse(format!("number {column} is {}", of_row[column]));
        }
        let sum: f64 = of_row.iter().sum();
        if (sum - 1.0).abs() > TOLERANCE {
            return refuse(format!("its sum is {sum}"));
        }
    }
    Ok(rows)
}

/// The softmax of each row.
pub(super) fn softmax(logits: Vec<f64>, columns: usize, what: &'static str) -> Result<Rows<f64>> {
    let rows = Rows::new(logits, columns, what)?;
    let mut values = Vec::with_capacity(rows.values().len());
    for (row, logits) in rows.iter().enumerate() {
        // −∞ is a probability of 0.
        if let Some(column) = logits.iter().position(|&logit| logit.is_nan() || logit == f64::INFINITY) {
            let problem = format!("logit {column} is {}", logits[column]);
            return Err(Error::Distribution { what, row, problem });
        }
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if largest == f64::NEG_INFINITY {
            return Err(Error::Distribution { what, row, problem: "all its logits are −inf".to_owned() });
        }
        let start = values.len();
        values.extend(logits.iter().map(|logit| (logit - largest).exp()));
        let sum: f64 = values[start..].iter().sum();
        values[start..].iter_mut().for_each(|value| *value /= sum);
    }
    Rows::new(values, columns, what)
}

/// `p log q`, which is 0 where p is, whatever q.
pub(super) fn weighted_log(p: f64, q: f64) -> f64 {
    if p == 0.0 { 0.0 } else { p * q.ln() }
}
