//! The online probe: a linear classifier on the detached representation, trained along for monitoring.

use autodidact_nn::Linear;
use burn::tensor::{Int, Tensor, activation::log_softmax};

/// Cross-entropy `[1]` and the share of right answers.
pub(crate) struct ProbeReading {
    pub loss: Tensor<1>,
    pub accuracy: f64,
}

/// Reads `representation` `[N, D]` with `classifier`; no gradient reaches the encoder.
pub(crate) fn read(classifier: &Linear, representation: Tensor<2>, labels: &Tensor<1, Int>) -> ProbeReading {
    let logits = classifier.forward(representation.detach());
    ProbeReading { accuracy: accuracy(&logits, labels), loss: cross_entropy(logits, labels) }
}

/// Mean of `−log softmax(logits)[label]` over the batch.
pub(crate) fn cross_entropy(logits: Tensor<2>, labels: &Tensor<1, Int>) -> Tensor<1> {
    let count = labels.dims()[0];
    let picked = log_softmax(logits, 1).gather(1, labels.clone().reshape([count, 1]));
    picked.mean().neg()
}

pub(crate) fn accuracy(logits: &Tensor<2>, labels: &Tensor<1, Int>) -> f64 {
    let count = labels.dims()[0];
    let guesses = logits.clone().detach().without_autodiff().argmax(1).reshape([count]);
    let labels = labels.clone().without_autodiff();
    let right: i64 = guesses.equal(labels).int().sum().into_scalar();
    right as f64 / count as f64
}
