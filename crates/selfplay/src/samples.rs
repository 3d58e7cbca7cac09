//! Positions as arrays for a network, turned and mirrored.

use autodidact_games::Observe;
use rand::{Rng, RngExt};

use crate::replay::Replay;

/// A batch of B positions with what is to be learnt of them; A moves, boards of H × W cells with C channels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// What the network sees, `[B, H, W, C]`.
    pub boards: Vec<f32>,
    /// The policy, `[B, A]`; 0 for moves that are not legal.
    pub policy: Vec<f32>,
    /// 1 for legal moves and 0 for others, `[B, A]`.
    pub legal: Vec<f32>,
    /// The value, −1 to 1, `[B]`.
    pub value: Vec<f32>,
}

impl Samples {
    /// Draws `count` positions, and for each one of the board's symmetries.
    pub fn draw<G: Observe>(
        replay: &Replay,
        start: &G,
        count: usize,
        value_mix: f32,
        rng: &mut impl Rng,
    ) -> Self {
        let num_actions = start.num_actions();
        let length: usize = start.observation_shape().iter().product();
        let mut samples = Self {
            boards: vec![0.0; count * length],
            policy: vec![0.0; count * num_actions],
            legal: vec![0.0; count * num_actions],
            value: Vec::with_capacity(count),
        };
        let mut planes = vec![0.0; length];
        for index in 0..count {
            let (episode, searched) = replay.draw(rng);
            let game = episode.position(start, searched);
            let symmetry = rng.random_range(0..game.num_symmetries());
            observe_cells_last(&game, symmetry, &mut planes, &mut samples.boards[index * length..][..length]);
            for (action, share) in searched.actions.iter().zip(&searched.policy) {
                let place = index * num_actions + game.map_action(symmetry, *action) as usize;
                samples.policy[place] = *share;
                samples.legal[place] = 1.0;
            }
            samples.value.push(episode.value_target(searched, game.turn(), value_mix));
        }
        samples
    }
}

/// Writes what the player to move sees, after a symmetry, as `[height, width, channels]` into `board`. `planes` is overwritten and as long.
///
/// # Panics
/// If a slice has another length.
pub fn observe_cells_last<G: Observe>(game: &G, symmetry: usize, planes: &mut [f32], board: &mut [f32]) {
    let [channels, height, width] = game.observation_shape();
    let cells = height * width;
    game.observe(planes);
    for (channel, plane) in planes.chunks_exact(cells).enumerate() {
        for (cell, value) in plane.iter().enumerate() {
            let cell = if symmetry == 0 { cell } else { game.map_cell(symmetry, cell) };
            board[cell * channels + channel] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use autodidact_games::ConnectFour;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;
    use crate::episode::{Episode, Searched};

    /// One position with an X in the first column and an O in the second, and its mirror image.
    #[test]
    fn positions_are_mirrored_with_their_policies() {
        let policy = vec![0.5, 0.25, 0.0, 0.0, 0.0, 0.0, 0.25];
        let searched = Searched {
            ply: 2,
            is_full: true,
            actions: (0..7).collect(),
            policy: policy.clone(),
            value: 0.5,
            proven: None,
        };
        let mut replay = Replay::new(10);
        replay.push(Episode { actions: vec![0, 1], searched: vec![searched], result: -1.0 });
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let samples = Samples::draw(&replay, &ConnectFour::default(), 64, 0.5, &mut rng);
        let mirrored: Vec<f32> = policy.iter().rev().copied().collect();
        let mut seen = [0; 2];
        for index in 0..64 {
            let policy_of = &samples.policy[index * 7..][..7];
            let is_mirrored = policy_of == mirrored;
            assert!(is_mirrored || policy_of == policy);
            seen[usize::from(is_mirrored)] += 1;
            // The lowest row comes last; each cell has the player's stones, then the opponent's.
            let board = &samples.boards[index * 84..][..84];
            let stones: Vec<usize> = (0..84).filter(|place| board[*place] == 1.0).collect();
            let cell = |column: usize| 2 * (35 + if is_mirrored { 6 - column } else { column });
            let mut expected = [cell(0), cell(1) + 1];
            expected.sort_unstable();
            assert_eq!(stones, expected);
            // X lost, and the search expected half of a win.
            assert_eq!(samples.value[index], -0.25);
        }
        assert!(seen.iter().all(|count| *count > 16), "{seen:?}");
    }
}
