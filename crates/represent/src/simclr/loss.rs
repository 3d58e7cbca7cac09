//! The contrastive loss.

use burn::tensor::{Int, Tensor, TensorData};

use crate::byol::l2_normalize;
use crate::probe::cross_entropy;

/// Added to a picture's similarity with itself, which is no candidate.
const EXCLUDED: f32 = -1e9;

/// Normalised temperature-scaled cross-entropy (NT-Xent) over the 2N views of N pictures.
///
/// `first` and `second` are projections `[N, D]`. For each view the other view of its picture is the positive and
/// the remaining 2N − 2 views are the negatives: `−log( exp(s₊/T) / Σ_{k≠i} exp(s_k/T) )` with cosine similarities
/// `s`, averaged over the 2N views. Chen et al. 2020, eq. (1).
pub fn nt_xent(first: Tensor<2>, second: Tensor<2>, temperature: f64) -> Tensor<1> {
    let count = first.dims()[0];
    let device = first.device();
    let z = l2_normalize(Tensor::cat(vec![first, second], 0)); // [2N, D]
    let similarities = z.clone().matmul(z.transpose()).div_scalar(temperature); // [2N, 2N]
    let itself = Tensor::<2>::eye(2 * count, &device).mul_scalar(EXCLUDED);
    let partners: Vec<i64> = (0..2 * count).map(|view| ((view + count) % (2 * count)) as i64).collect();
    let partners = Tensor::<1, Int>::from_data(TensorData::new(partners, [2 * count]), &device);
    cross_entropy(similarities + itself, &partners)
}
