//! Centring and scaling of feature columns by the statistics of the training rows.

use super::Features;

/// Column means and standard deviations, `[D]` each.
#[derive(Debug, Clone)]
pub(crate) struct Standardisation {
    pub(crate) mean: Vec<f64>,
    pub(crate) deviation: Vec<f64>,
}

impl Standardisation {
    /// The map that changes nothing.
    pub(crate) fn identity(width: usize) -> Self {
        Self { mean: vec![0.0; width], deviation: vec![1.0; width] }
    }

    /// Population mean and standard deviation of each column.
    pub(crate) fn of(features: Features<'_>) -> Self {
        let num = features.num_rows() as f64;
        let mut mean = vec![0.0; features.width()];
        for row in features.rows() {
            for (sum, &value) in mean.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        for sum in &mut mean {
            *sum /= num;
        }
        let mut deviation = vec![0.0; features.width()];
        for row in features.rows() {
            for ((sum, &value), mean) in deviation.iter_mut().zip(row).zip(&mean) {
                *sum += (f64::from(value) - mean).powi(2);
            }
        }
        for (sum, mean) in deviation.iter_mut().zip(&mean) {
            let value = (*sum / num).sqrt();
            // A column that varies by less than f32 rounding is constant; dividing would amplify the rounding.
            *sum = if value <= 10.0 * f64::from(f32::EPSILON) * mean.abs() { 1.0 } else { value };
        }
        // A column of zeros has mean 0 and deviation 0, which the comparison above also catches.
        Self { mean, deviation }
    }

    /// (x − mean) / deviation for every row, `[N, D]`.
    pub(crate) fn apply(&self, features: Features<'_>) -> Vec<f32> {
        let mut values = Vec::with_capacity(features.values().len());
        for row in features.rows() {
            let columns = row.iter().zip(self.mean.iter().zip(&self.deviation));
            values.extend(columns.map(|(&x, (mean, deviation))| ((f64::from(x) - mean) / deviation) as f32));
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_get_mean_zero_and_unit_deviation_and_constants_become_zero() {
        let values = [1.0, 5.0, 0.0, 3.0, 5.0, 0.0];
        let features = Features::new(&values, 3).unwrap();
        let scaled = Standardisation::of(features).apply(features);
        assert_eq!(scaled, [-1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    }
}
