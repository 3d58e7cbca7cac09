//! Episodes as they were seen.

use autodidact_games::Action;
use serde::{Deserialize, Serialize};

use crate::replay::Positions;

/// An episode of T moves; A moves there are, and what is seen of a position are L numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// What was seen before each move, `[T, L]`, cell by cell with the channels last.
    pub observations: Vec<f32>,
    /// The moves that were made, `[T]`.
    pub actions: Vec<Action>,
    /// What each earned whoever made it, `[T]`.
    pub rewards: Vec<f32>,
    /// The moves that were legal, `[T]`.
    pub legal: Vec<Vec<Action>>,
    /// The policy of the last search of each position, `[T, legal moves]`.
    pub policies: Vec<Vec<f32>>,
    /// The mean return that this search found, from the side of the player to move, `[T]`.
    pub values: Vec<f32>,
}

impl Trajectory {
    /// T.
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether no move was made.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// What was seen before a move.
    pub fn observation(&self, ply: usize) -> &[f32] {
        let length = self.observations.len() / self.len();
        &self.observations[ply * length..][..length]
    }

    /// What the value of a position is to learn (Schrittwieser et al. 2020, appendix G): the rewards of `n` moves, then what the search expected,
    ///
    /// `z = Σ_{i<n} dⁱ r_{t+i} + dⁿ ν_{t+n}`,
    ///
    /// with d for the discount γ, or −γ in a game for two, where what the opponent earns counts against the player. Past the end all is 0.
    /// With n = 0 the rewards are those until the end, as the paper has it for board games.
    pub fn value_target(&self, ply: usize, n: usize, discount: f32) -> f32 {
        let end = if n == 0 { self.len() } else { self.len().min(ply.saturating_add(n)) };
        let expected = if end > ply { self.values.get(end).copied().unwrap_or(0.0) } else { 0.0 };
        let rewards = self.rewards.get(ply..end).unwrap_or_default();
        rewards.iter().rev().fold(expected, |value, reward| reward + discount * value)
    }

    /// What the episode earned the player who moved first in it.
    pub fn earned(&self, is_for_two: bool) -> f32 {
        let sign = |ply: usize| if is_for_two && ply % 2 == 1 { -1.0 } else { 1.0 };
        self.rewards.iter().enumerate().map(|(ply, reward)| sign(ply) * reward).sum()
    }

    /// That the parts are of one length, for observations of `length` numbers and `num_actions` moves.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self, length: usize, num_actions: usize) -> Result<(), String> {
        let moves = self.len();
        let lengths = [self.rewards.len(), self.legal.len(), self.policies.len(), self.values.len()];
        if lengths != [moves; 4] || self.observations.len() != moves * length {
            return Err(format!("the parts of an episode of {moves} moves are of other lengths"));
        }
        let known = |action: &Action| (*action as usize) < num_actions;
        for ply in 0..moves {
            let legal = &self.legal[ply];
            let is_right = self.policies[ply].len() == legal.len()
                && legal.iter().all(known)
                && legal.contains(&self.actions[ply]);
            if !is_right {
                return Err(format!("move {} of an episode is not among the legal ones", ply + 1));
            }
        }
        Ok(())
    }
}

impl Positions for Trajectory {
    fn count(&self) -> usize {
        self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trajectory() -> Trajectory {
        Trajectory {
            observations: vec![0.0; 4],
            actions: vec![0; 4],
            rewards: vec![1.0, 0.0, 2.0, 4.0],
            legal: vec![vec![0]; 4],
            policies: vec![vec![1.0]; 4],
            values: vec![10.0, 20.0, 30.0, 40.0],
        }
    }

    #[test]
    fn values_are_rewards_and_then_what_was_expected() {
        let episode = trajectory();
        // By hand: 1 + ½ (0 + ½ · 30), to the end, and past it.
        assert_eq!(episode.value_target(0, 2, 0.5), 8.5);
        assert_eq!(episode.value_target(0, 0, 0.5), 1.0 + 0.25 * 2.0 + 0.125 * 4.0);
        assert_eq!(episode.value_target(2, 5, 0.5), 4.0);
        assert_eq!(episode.value_target(4, 5, 0.5), 0.0);
        assert_eq!(episode.value_target(6, 0, 0.5), 0.0);
    }

    #[test]
    fn what_the_opponent_earns_counts_against_the_player() {
        let episode = trajectory();
        assert_eq!(episode.value_target(1, 0, -1.0), 0.0 - 2.0 + 4.0);
        assert_eq!(episode.value_target(1, 1, -1.0), -30.0);
        assert_eq!(episode.earned(true), 1.0 - 0.0 + 2.0 - 4.0);
        assert_eq!(episode.earned(false), 7.0);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        assert_eq!(trajectory().check(1, 1), Ok(()));
        assert!(trajectory().check(2, 1).is_err());
        assert!(trajectory().check(1, 0).is_err());
        let illegal = Trajectory { actions: vec![0, 1, 0, 0], ..trajectory() };
        assert!(illegal.check(1, 2).expect_err("not legal").contains("move 2"));
    }
}
