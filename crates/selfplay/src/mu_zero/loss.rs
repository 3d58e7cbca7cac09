//! What a network is to get small.

use autodidact_nn::Mode;
use burn::tensor::{Tensor, activation};

use super::network::Network;

/// A batch of B positions with the K moves that followed.
#[derive(Clone, Debug)]
pub struct Sequences {
    /// What was seen of the first positions, `[B, H, W, channels]`.
    pub observations: Tensor<4>,
    /// What is to be learnt of these.
    pub first: Targets,
    /// The moves, one-hot `[B, A]`, the distributions of their rewards, `[B, Sᵣ]`, and what is to be learnt of the positions after them.
    pub moves: Vec<(Tensor<2>, Tensor<2>, Targets)>,
}

/// What is to be learnt of positions.
#[derive(Clone, Debug)]
pub struct Targets {
    /// Policies, `[B, A]`; a row of 0 where nothing is to be learnt.
    pub policy: Tensor<2>,
    /// Distributions of values, `[B, Sᵥ]`.
    pub value: Tensor<2>,
}

/// The losses of policies, values and rewards over a batch, `[1]` each (Schrittwieser et al. 2020, eq. 1 and appendix G).
///
/// With ℓ for the mean cross-entropy of what is to be learnt relative to what the network says,
///
/// `L = ℓ₀ + (1 / K) Σ_{k=1..K} ℓ_k`,
///
/// where the states of k are those of k − 1 after the move that was made. The gradient with respect to a state that dynamics read is halved.
pub fn losses(network: &Network, batch: &Sequences, mode: Mode) -> [Tensor<1>; 3] {
    let mut state = network.represent(batch.observations.clone(), mode);
    let [mut policy, mut value] = predicted(network, state.clone(), &batch.first);
    let mut reward: Option<Tensor<1>> = None;
    let share = 1.0 / batch.moves.len() as f64;
    for (actions, rewards, targets) in &batch.moves {
        let (next, logits) = network.advance(halved(state), actions.clone(), mode);
        state = next;
        let [of_policy, of_value] = predicted(network, state.clone(), targets);
        let of_reward = cross_entropy(rewards.clone(), logits).mul_scalar(share);
        policy = policy + of_policy.mul_scalar(share);
        value = value + of_value.mul_scalar(share);
        reward = Some(reward.map_or(of_reward.clone(), |sum| sum + of_reward));
    }
    let none = value.zeros_like();
    [policy, value, reward.unwrap_or(none)]
}

/// The losses of policies and values of states.
fn predicted(network: &Network, state: Tensor<4>, targets: &Targets) -> [Tensor<1>; 2] {
    let (policy, value) = network.predict(state);
    [cross_entropy(targets.policy.clone(), policy), cross_entropy(targets.value.clone(), value)]
}

/// `−Σ p ln q` with the logits of q, both `[B, ..]`, as the mean over B.
fn cross_entropy(target: Tensor<2>, logits: Tensor<2>) -> Tensor<1> {
    (target * activation::log_softmax(logits, 1)).sum_dim(1).mean().neg()
}

/// The same with half of its gradient.
fn halved(state: Tensor<4>) -> Tensor<4> {
    state.clone().mul_scalar(0.5) + state.detach().mul_scalar(0.5)
}
