//! Reading a sequence of moves.

use autodidact_games::{Action, Turn};
use rand::{Rng, RngExt};

use crate::playable::Playable;
use crate::{Error, Result};

/// The most legal moves that a message lists.
const LISTED: usize = 12;

/// The legal moves by name, or the first of them.
pub(crate) fn legal_names<G: Playable>(game: &G) -> String {
    let mut actions = Vec::new();
    game.legal_actions(&mut actions);
    let names: Vec<String> = actions.iter().take(LISTED).map(|action| game.action_name(*action)).collect();
    let more =
        if actions.len() > LISTED { format!(" and {} more", actions.len() - LISTED) } else { String::new() };
    format!("{}{more}", names.join(" "))
}

/// The move that a name means, or why there is none and which ones there are.
pub(crate) fn read_move<G: Playable>(game: &G, name: &str) -> std::result::Result<Action, String> {
    if game.turn() == Turn::Over {
        return Err("the game is over".to_owned());
    }
    game.parse_action(name).map_err(|error| {
        let reason = match error {
            autodidact_games::Error::Notation { reason, .. } => reason,
            _ => "it is not legal here".to_owned(),
        };
        match game.turn() {
            Turn::Chance => format!("{reason}; it is chance's turn, which is written as in 2@b3"),
            _ => format!("{reason}; legal are {}", legal_names(game)),
        }
    })
}

/// Makes the moves of a text, in the game's own names with spaces or commas between them, and returns them; names of one
/// character may stand without anything between them.
///
/// # Errors
/// [`Error::Move`] with the number of the move.
pub fn play_moves<G: Playable>(game: &mut G, text: &str) -> Result<Vec<Action>> {
    let words = text.split(|character: char| character.is_whitespace() || character == ',');
    let names = words.filter(|word| !word.is_empty()).flat_map(|word| {
        if G::HAS_SHORT_NAMES { word.chars().map(String::from).collect() } else { vec![word.to_owned()] }
    });
    let mut actions = Vec::new();
    for (index, name) in names.enumerate() {
        let action = read_move(game, &name).map_err(|reason| Error::Move {
            number: index + 1,
            name: name.clone(),
            reason,
        })?;
        game.play(action);
        actions.push(action);
    }
    Ok(actions)
}

/// An outcome of chance in proportion to its probability.
///
/// # Panics
/// If it is not chance's turn.
pub fn draw_chance<G: Playable>(game: &G, rng: &mut impl Rng) -> Action {
    let mut outcomes = Vec::new();
    game.chance_outcomes(&mut outcomes);
    let mut level = rng.random::<f32>();
    let found = outcomes.iter().find(|(_, probability)| {
        level -= probability;
        level < 0.0
    });
    found.or(outcomes.last()).expect("chance has an outcome").0
}

#[cfg(test)]
mod tests {
    use autodidact_games::{Chess, ConnectFour, Game, Game2048};

    use super::*;

    #[test]
    fn moves_are_read_together_or_apart() {
        for text in ["4453", "4 4 5 3", "4,4, 5 3", " 44 53 "] {
            let mut game = ConnectFour::default();
            assert_eq!(play_moves(&mut game, text).expect("legal"), [3, 3, 4, 2]);
        }
        let mut game = Chess::default();
        play_moves(&mut game, "e2e4, e7e5 g1f3").expect("legal");
        assert_eq!(game.turn(), Turn::Second);
    }

    #[test]
    fn the_wrong_move_is_told_by_number() {
        let told = |error: Error| error.to_string();
        let error = told(play_moves(&mut ConnectFour::default(), "4449").expect_err("no column"));
        assert!(error.starts_with("move 4, `9`") && error.contains("legal are 1 2 3 4 5 6 7"), "{error}");
        let error = told(play_moves(&mut ConnectFour::default(), "4444444").expect_err("full"));
        assert!(error.starts_with("move 7, `4`") && error.contains("not legal here"), "{error}");
        let error = told(play_moves(&mut ConnectFour::default(), "12121212").expect_err("after the end"));
        assert!(error.contains("move 8") && error.contains("over"), "{error}");
        let error = told(play_moves(&mut Chess::default(), "e2e4 e2e4").expect_err("not there"));
        assert!(error.contains("move 2, `e2e4`") && error.contains("and 8 more"), "{error}");
        let error = told(play_moves(&mut Game2048::default(), "left").expect_err("chance"));
        assert!(error.contains("chance"), "{error}");
    }
}
