//! Networks that come with the library.

use autodidact_arena::Playable;
use burn::tensor::Device;

use crate::file::{Description, TrainedNetwork};

/// Trained by `plan train --game connect4` on the board of 7 × 6; settings, seed and how well it plays are in the book's
/// guide to self-play.
const CONNECT_FOUR: &[u8] = include_bytes!("../assets/connect4.safetensors");

/// The network for a game and its board, if there is one.
pub fn builtin<G: Playable>(start: &G, device: &Device) -> Option<TrainedNetwork> {
    [CONNECT_FOUR].into_iter().find_map(|bytes| {
        let description = Description::decode(bytes).expect("networks of the library say what they are of");
        description.check(start).ok()?;
        Some(TrainedNetwork::decode(bytes, device).expect("networks of the library can be read"))
    })
}

#[cfg(test)]
mod tests {
    use autodidact_games::{ConnectFour, Hex};

    use super::*;

    #[test]
    fn the_network_is_found_for_its_game_and_board_alone() {
        let device = Device::flex();
        assert!(CONNECT_FOUR.len() < 2_000_000, "it is to stay small");
        assert!(builtin(&ConnectFour::default(), &device).is_some());
        let other = ConnectFour::new(6, 6).expect("a board");
        assert!(builtin(&other, &device).is_none());
        assert!(builtin(&Hex::new(7, false).expect("a board"), &device).is_none());
    }
}
