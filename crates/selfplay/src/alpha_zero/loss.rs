//! What a network is to get small.

use burn::tensor::{Tensor, activation};

/// Added to the logits of moves that are not legal.
const ILLEGAL: f32 = -1e9;

/// The mean losses of policy and value over a batch, `[1]` each.
///
/// With the policy to learn π, the network's p over legal moves, its value's logit v and the share of points `s = (1 + z) / 2` that the value z to
/// learn stands for:
///
/// `−Σ π ln p` and `ln(1 + eᵛ) − s v`
///
/// The first is that of Silver et al. 2018; the second, a cross-entropy too, stands in place of their squared error: both have their least where
/// `tanh(v / 2)` is the mean of z.
///
/// Shapes: logits, policy and legal `[B, A]`, value logits and value `[B]`. `legal` is 1 for moves that are legal and 0 for others.
pub fn losses(
    (logits, value_logits): (Tensor<2>, Tensor<1>),
    policy: Tensor<2>,
    legal: Tensor<2>,
    value: Tensor<1>,
) -> [Tensor<1>; 2] {
    let masked = logits + (legal - 1.0).mul_scalar(-ILLEGAL);
    let log_policy = activation::log_softmax(masked, 1);
    let policy_loss = (policy * log_policy).sum_dim(1).mean().neg();
    let share = (value + 1.0).div_scalar(2.0);
    // ln(1 + eᵛ) without overflow.
    let softplus =
        value_logits.clone().clamp_min(0.0) + value_logits.clone().abs().neg().exp().add_scalar(1.0).log();
    let value_loss = (softplus - share * value_logits).mean();
    [policy_loss, value_loss]
}
