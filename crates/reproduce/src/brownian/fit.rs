//! Straight lines through logarithms.

/// The slope and the value at 0 of the least-squares line through points.
pub(super) fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    let [x, y] = [0, 1].map(|axis| points.iter().map(|point| [point.0, point.1][axis]).sum::<f64>() / count);
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = covariance / variance;
    (slope, y - slope * x)
}

/// The root of the mean squared distance of points from a line.
pub(super) fn distance((slope, start): (f64, f64), points: &[(f64, f64)]) -> f64 {
    let squares: f64 = points.iter().map(|(x, y)| (y - start - slope * x).powi(2)).sum();
    (squares / points.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_points_off_it_are_told() {
        let points = [(1.0, 5.0), (2.0, 8.0), (4.0, 14.0)];
        let (slope, start) = line(&points);
        assert!((slope - 3.0).abs() < 1e-12 && (start - 2.0).abs() < 1e-12);
        assert!(distance((slope, start), &points) < 1e-12);
        assert!((distance((3.0, 1.0), &points) - 1.0).abs() < 1e-12);
    }
}
