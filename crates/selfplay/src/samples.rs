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
