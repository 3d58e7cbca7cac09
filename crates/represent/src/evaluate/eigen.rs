//! Eigenvalues of a symmetric matrix: Householder reduction to tridiagonal form, then bisection on Sturm counts.
//!
//! Eigenvectors are left out; the monitors need none. Bisection takes longer than QL iteration but always ends and is
//! as exact as the tridiagonal form; the reduction dominates either way.
//!
//! Source: Golub and Van Loan 2013, "Matrix computations", sec. 8.3.1 and 8.4.1.

use ndarray::Array2;

/// All eigenvalues of the symmetric matrix `a`, the largest first. Only the lower triangle is read.
///
/// # Panics
///
/// If the matrix is not square.
pub(crate) fn symmetric_eigenvalues(a: Array2<f64>) -> Vec<f64> {
    let (diagonal, off_diagonal) = tridiagonal(a);
    let size = diagonal.len();
    // Gershgorin: every eigenvalue lies within a row's off-diagonal sum of its diagonal entry.
    let radius = |i: usize| {
        let before = if i > 0 { off_diagonal[i - 1].abs() } else { 0.0 };
        before + off_diagonal.get(i).map_or(0.0, |value| value.abs())
    };
    let low = (0..size).map(|i| diagonal[i] - radius(i)).fold(f64::INFINITY, f64::min);
    let high = (0..size).map(|i| diagonal[i] + radius(i)).fold(f64::NEG_INFINITY, f64::max);
    let tolerance = f64::EPSILON * low.abs().max(high.abs());
    let mut values = vec![0.0; size];
    bisect(&diagonal, &off_diagonal, (low, 0), (high, size), tolerance, &mut values);
    values.reverse();
    values
}

/// Diagonal `[n]` and off-diagonal `[n − 1]` of a tridiagonal matrix with the eigenvalues of `a`.
fn tridiagonal(mut a: Array2<f64>) -> (Vec<f64>, Vec<f64>) {
    let size = a.nrows();
    assert_eq!(size, a.ncols(), "a square matrix");
    let mut off_diagonal = Vec::with_capacity(size.saturating_sub(1));
    for column in 0..size.saturating_sub(1) {
        let first = column + 1;
        // Reflect the column below the diagonal onto its first entry: v = x ± ‖x‖e₁, H = 1 − 2vvᵀ/vᵀv.
        let mut v: Vec<f64> = (first..size).map(|row| a[[row, column]]).collect();
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let image = if v[0] > 0.0 { -norm } else { norm };
        off_diagonal.push(image);
        v[0] -= image; // the sign of `image` avoids cancellation
        let square: f64 = v.iter().map(|x| x * x).sum();
        if square == 0.0 {
            continue;
        }
        let beta = 2.0 / square;
        // A ← HAH = A − vwᵀ − wvᵀ with p = βAv and w = p − (β/2)(pᵀv)v, on the trailing block's lower triangle.
        let mut w = vec![0.0; v.len()];
        for i in 0..v.len() {
            let row = a.row(first + i);
            let row = &row.as_slice().expect("row-major")[first..=first + i];
            let (last, before) = row.split_last().expect("at least the diagonal");
            let mut sum = last * v[i];
            for (j, value) in before.iter().enumerate() {
                sum += value * v[j];
                w[j] += value * v[i];
            }
            w[i] += sum;
        }
        for p in &mut w {
            *p *= beta;
        }
        let half = 0.5 * beta * w.iter().zip(&v).map(|(p, v)| p * v).sum::<f64>();
        for (w, v) in w.iter_mut().zip(&v) {
            *w -= half * v;
        }
        for i in 0..v.len() {
            let mut row = a.row_mut(first + i);
            let row = &mut row.as_slice_mut().expect("row-major")[first..=first + i];
            for (value, (vj, wj)) in row.iter_mut().zip(v.iter().zip(&w)) {
                *value -= v[i] * wj + w[i] * vj;
            }
        }
    }
    ((0..size).map(|i| a[[i, i]]).collect(), off_diagonal)
}

/// Fills `values[low.1..high.1]`, ascending, with the eigenvalues between the two bounds; each bound comes with the
/// number of eigenvalues below it.
fn bisect(
    diagonal: &[f64],
    off_diagonal: &[f64],
    low: (f64, usize),
    high: (f64, usize),
    tolerance: f64,
    values: &mut [f64],
) {
    if low.1 >= high.1 {
        return;
    }
    let middle = low.0 + 0.5 * (high.0 - low.0);
    if high.0 - low.0 <= tolerance || middle <= low.0 || middle >= high.0 {
        values[low.1..high.1].fill(middle);
        return;
    }
    let middle = (middle, count_below(diagonal, off_diagonal, middle));
    bisect(diagonal, off_diagonal, low, middle, tolerance, values);
    bisect(diagonal, off_diagonal, middle, high, tolerance, values);
}

/// Number of eigenvalues below `x`: negative pivots of the factorisation of T − x (Sylvester's law of inertia).
fn count_below(diagonal: &[f64], off_diagonal: &[f64], x: f64) -> usize {
    let mut count = 0;
    let mut pivot = 1.0;
    for (i, d) in diagonal.iter().enumerate() {
        let coupling = if i > 0 { off_diagonal[i - 1] * off_diagonal[i - 1] / pivot } else { 0.0 };
        pivot = d - x - coupling;
        if pivot == 0.0 {
            pivot = -f64::MIN_POSITIVE; // a zero pivot counts as just below
        }
        count += usize::from(pivot < 0.0);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_difference_matrix_has_its_known_spectrum() {
        // Diagonal 2, neighbours −1: λₖ = 2 − 2cos(kπ/(n + 1)).
        let size = 40;
        let a = Array2::from_shape_fn((size, size), |(i, j)| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        let values = symmetric_eigenvalues(a);
        for (k, value) in values.iter().rev().enumerate() {
            let exact = 2.0 - 2.0 * ((k + 1) as f64 * std::f64::consts::PI / (size + 1) as f64).cos();
            assert!((value - exact).abs() < 1e-14, "{k}: {value} against {exact}");
        }
    }

    #[test]
    fn dense_matrix_with_repeated_eigenvalues() {
        // 1 + 3·J with J all ones: one eigenvalue 1 + 3n, the others 1.
        let values = symmetric_eigenvalues(Array2::from_shape_fn((30, 30), |(i, j)| {
            f64::from(u8::from(i == j)) + 3.0
        }));
        assert!((values[0] - 91.0).abs() < 1e-12);
        assert!(values[1..].iter().all(|value| (value - 1.0).abs() < 1e-12), "{values:?}");
    }

    #[test]
    fn tiny_matrices() {
        assert_eq!(symmetric_eigenvalues(Array2::from_elem((1, 1), -4.0)), [-4.0]);
        assert!(symmetric_eigenvalues(Array2::zeros((3, 3))).iter().all(|value| *value == 0.0));
    }
}
