//! Eigenvalues of a symmetric tridiagonal matrix.

/// Rotations end when the off-diagonal entries are this small beside the diagonal.
const TOLERANCE: f64 = 1e-14;

/// Eigenvalues in rising order, each with the square of its eigenvector's first entry.
///
/// Jacobi's rotations on the full matrix: Lanczos takes tens of steps, not thousands.
pub(super) fn eigenvalues(diagonal: &[f64], beside: &[f64]) -> Vec<(f64, f64)> {
    let size = diagonal.len();
    let mut matrix = vec![vec![0.0; size]; size];
    for (row, value) in diagonal.iter().enumerate() {
        matrix[row][row] = *value;
    }
    for (row, value) in beside.iter().take(size.saturating_sub(1)).enumerate() {
        matrix[row][row + 1] = *value;
        matrix[row + 1][row] = *value;
    }
    // The first row of the product of all rotations: the eigenvectors' first entries.
    let mut first: Vec<f64> = (0..size).map(|column| if column == 0 { 1.0 } else { 0.0 }).collect();
    let scale = diagonal.iter().chain(beside).fold(f64::MIN_POSITIVE, |most, value| most.max(value.abs()));
    for _ in 0..100 {
        let mut largest = 0.0_f64;
        for p in 0..size {
            for q in p + 1..size {
                largest = largest.max(matrix[p][q].abs());
                rotate(&mut matrix, &mut first, p, q);
            }
        }
        if largest <= TOLERANCE * scale {
            break;
        }
    }
    let mut found: Vec<(f64, f64)> = (0..size).map(|row| (matrix[row][row], first[row].powi(2))).collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found
}

/// The rotation of the axes p and q after which `matrix[p][q]` is zero.
fn rotate(matrix: &mut [Vec<f64>], first: &mut [f64], p: usize, q: usize) {
    if matrix[p][q] == 0.0 {
        return;
    }
    let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = tangent.hypot(1.0).recip();
    let sine = tangent * cosine;
    for row in matrix.iter_mut() {
        let (a, b) = (row[p], row[q]);
        (row[p], row[q]) = (cosine * a - sine * b, sine * a + cosine * b);
    }
    let [row_p, row_q] = matrix.get_disjoint_mut([p, q]).expect("two rows of the matrix");
    for (at_p, at_q) in row_p.iter_mut().zip(row_q) {
        let (a, b) = (*at_p, *at_q);
        (*at_p, *at_q) = (cosine * a - sine * b, sine * a + cosine * b);
    }
    let (a, b) = (first[p], first[q]);
    (first[p], first[q]) = (cosine * a - sine * b, sine * a + cosine * b);
}
