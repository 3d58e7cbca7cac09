//! Losses along a direction. Whatever the network's type, they are computed and summed in f64.

use burn::tensor::{DType, Int, Tensor};

use super::Jet;

/// A loss and its first two derivatives along a direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossJet {
    /// The loss f.
    pub value: f64,
    /// `g·u`.
    pub slope: f64,
    /// `u·Hu`.
    pub curvature: f64,
}

impl LossJet {
    /// The mean of the entries.
    pub fn mean<const D: usize>(entries: Jet<D>) -> Self {
        let scalar =
            |x: Tensor<D>| x.mean().into_data().convert::<f64>().try_to_vec::<f64>().expect("converted")[0];
        Self {
            value: scalar(entries.value),
            slope: entries.first.map_or(0.0, scalar),
            curvature: entries.second.map_or(0.0, scalar),
        }
    }
}

impl LossJet {
    /// The loss over parts of a batch of equal size, of which each is `each`: jets leave no tape, so that part by part a
    /// batch takes the memory of one part. Not for networks with batch statistics.
    ///
    /// # Panics
    /// If there are no parts.
    pub fn over(parts: usize, mut each: impl FnMut(usize) -> Self) -> Self {
        assert!(parts > 0, "a loss over no parts");
        let mut sum = Self { value: 0.0, slope: 0.0, curvature: 0.0 };
        for part in 0..parts {
            let Self { value, slope, curvature } = each(part);
            sum.value += value / parts as f64;
            sum.slope += slope / parts as f64;
            sum.curvature += curvature / parts as f64;
        }
        sum
    }
}

impl Jet<2> {
    /// Mean over the rows of `−ln softmax(logits)[label]`; logits are `[N, classes]`, labels `[N]`.
    pub fn cross_entropy(self, labels: Tensor<1, Int>) -> LossJet {
        let [rows, _] = self.value.dims();
        let logits = self.linear(|x| x.cast(DType::F64));
        let largest = logits.value.clone().max_dim(1);
        let logits = Self { value: logits.value - largest, ..logits };
        let total = logits.clone().exp().linear(|x| x.sum_dim(1)).ln();
        let labels = labels.reshape([rows, 1]);
        LossJet::mean(total - logits.linear(|x| x.gather(1, labels.clone())))
    }

    /// Mean over the rows of `½ ‖output − target‖²`; both are `[N, D]`.
    pub fn squared_error(self, target: Tensor<2>) -> LossJet {
        let error = (self - Jet::constant(target)).linear(|x| x.cast(DType::F64));
        let square = error.clone() * error;
        LossJet::mean(square.linear(|x| x.sum_dim(1).mul_scalar(0.5)))
    }
}
