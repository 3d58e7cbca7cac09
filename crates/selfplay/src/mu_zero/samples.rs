//! Batches of positions with the moves that followed and what is to be learnt of all of them.

use autodidact_games::Action;
use rand::{Rng, RngExt};

use super::network::NetworkConfig;
use super::trajectory::Trajectory;
use crate::replay::Replay;

/// What sequences are drawn for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unrolling {
    /// K.
    pub steps: usize,
    /// n of [`Trajectory::value_target`].
    pub bootstrap_steps: usize,
    /// Its discount: γ, or −γ in a game for two.
    pub discount: f32,
    /// A.
    pub num_actions: usize,
}

/// A batch of B positions and the K moves that followed each; L numbers are seen, A moves there are, and Sᵥ and Sᵣ numbers the supports have.
///
/// Past the end of an episode the moves are random ones, values and rewards are 0, and nothing is to be learnt of the policy: the model's states there
/// absorb all moves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// What was seen of the first positions, `[B, L]`.
    pub observations: Vec<f32>,
    /// The moves, `[K, B]`.
    pub actions: Vec<Action>,
    /// Policies, `[K + 1, B, A]`; rows of 0 past the end.
    pub policy: Vec<f32>,
    /// Values as distributions, `[K + 1, B, Sᵥ]`.
    pub value: Vec<f32>,
    /// Rewards of the moves as distributions, `[K, B, Sᵣ]`.
    pub reward: Vec<f32>,
}

impl Samples {
    /// Draws `count` positions of the window.
    pub fn draw(
        replay: &Replay<Trajectory>,
        count: usize,
        unrolling: &Unrolling,
        network: &NetworkConfig,
        rng: &mut impl Rng,
    ) -> Self {
        let drawn: Vec<u64> = (0..count).map(|_| replay.draw_number(rng)).collect();
        let sequences: Vec<(&Trajectory, usize)> =
            drawn.into_iter().map(|number| replay.at(number)).collect();
        Self::of(&sequences, unrolling, network, rng)
    }

    /// Of these positions.
    pub fn of(
        sequences: &[(&Trajectory, usize)],
        unrolling: &Unrolling,
        network: &NetworkConfig,
        rng: &mut impl Rng,
    ) -> Self {
        let Unrolling { steps, bootstrap_steps, discount, num_actions } = *unrolling;
        let (count, supports) = (sequences.len(), [network.value_support, network.reward_support]);
        let [value_size, reward_size] = supports.map(|support| support.size());
        let mut samples = Self {
            observations: Vec::new(),
            actions: Vec::with_capacity(steps * count),
            policy: vec![0.0; (steps + 1) * count * num_actions],
            value: vec![0.0; (steps + 1) * count * value_size],
            reward: vec![0.0; steps * count * reward_size],
        };
        for (episode, ply) in sequences {
            samples.observations.extend_from_slice(episode.observation(*ply));
        }
        for step in 0..=steps {
            for (index, (episode, first)) in sequences.iter().enumerate() {
                let (ply, row) = (first + step, step * count + index);
                if ply < episode.len() {
                    for (action, share) in episode.legal[ply].iter().zip(&episode.policies[ply]) {
                        samples.policy[row * num_actions + *action as usize] = *share;
                    }
                }
                let value = episode.value_target(ply, bootstrap_steps, discount);
                supports[0].encode(value, &mut samples.value[row * value_size..][..value_size]);
                if step < steps {
                    let made = episode.actions.get(ply);
                    let any = rng.random_range(0..num_actions as Action);
                    samples.actions.push(made.copied().unwrap_or(any));
                    let reward = episode.rewards.get(ply).copied().unwrap_or(0.0);
                    supports[1].encode(reward, &mut samples.reward[row * reward_size..][..reward_size]);
                }
            }
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    /// Two moves of a game for two, unrolled past its end: the second move wins.
    #[test]
    fn sequences_go_on_past_the_end() {
        let episode = Trajectory {
            observations: vec![1.0, 2.0, 3.0, 4.0],
            actions: vec![2, 1],
            rewards: vec![0.0, 1.0],
            legal: vec![vec![0, 2], vec![1]],
            policies: vec![vec![0.25, 0.75], vec![1.0]],
            values: vec![0.5, 0.5],
        };
        let unrolling = Unrolling { steps: 2, bootstrap_steps: 0, discount: -1.0, num_actions: 3 };
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let sequences = [(&episode, 0), (&episode, 1)];
        let samples = Samples::of(&sequences, &unrolling, &NetworkConfig::default(), &mut rng);
        assert_eq!(samples.observations, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!((samples.actions.len(), &samples.actions[..3]), (4, &[2, 1, 1][..]));
        assert!(samples.actions[3] < 3);
        let none = [0.0; 3];
        let [first, second] = [[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]];
        assert_eq!(samples.policy, [first, second, second, none, none, none].concat());
        let [loss, draw, win] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        assert_eq!(samples.value, [loss, win, win, draw, draw, draw].concat());
        assert_eq!(samples.reward, [draw, win, win, draw].concat());
    }
}
