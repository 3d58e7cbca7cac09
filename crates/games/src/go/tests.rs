//! Counts by others, positions by hand, and a slow twin.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;

fn rules(size: usize) -> Rules {
    Rules { size, komi: 0.0, allows_suicide: true }
}

fn play(game: &mut Go, names: &[&str]) {
    for name in names {
        let action = game.parse_action(name).unwrap_or_else(|error| panic!("{error}\n{game}"));
        game.play(action);
    }
}

/// J. Tromp, G. Farnebäck, *Combinatorics of Go* (2006), table 1: the legal positions on boards of n × n.
#[test]
fn legal_positions_are_as_many_as_published() {
    for (size, expected) in [(2, 57), (3, 12_675)] {
        let cells = size * size;
        let legal = (0..3_usize.pow(cells as u32)).filter(|index| {
            let text: String =
                (0..cells as u32).map(|cell| ['.', 'X', 'O'][index / 3_usize.pow(cell) % 3]).collect();
            Go::from_board(rules(size), &(text + "X")).is_ok()
        });
        assert_eq!(legal.count(), expected, "{size} × {size}");
    }
}

/// The best score for black, less than `beta` or not, by going through all games.
fn minimax(game: &Go, mut alpha: f32, beta: f32) -> f32 {
    if game.turn() == Turn::Over {
        return if game.to_move == Color::Black { game.score() } else { -game.score() };
    }
    let mut actions = Vec::new();
    game.legal_actions(&mut actions);
    // Passes first: they end games.
    for action in actions.into_iter().rev() {
        let mut next = game.clone();
        next.play(action);
        alpha = alpha.max(-minimax(&next, -beta, -alpha));
        if alpha >= beta {
            break;
        }
    }
    alpha
}

/// J. Tromp, *Solving 2x2 go* (<https://tromp.github.io/java/go/twoxtwo.html>); B. Taylor proved it by hand.
#[test]
fn black_wins_by_one_point_on_the_smallest_board() {
    let game = Go::new(rules(2)).expect("rules that can be");
    assert_eq!(minimax(&game, 0.5, 1.5), 1.0);
}

#[test]
fn a_ko_is_not_taken_back_at_once() {
    let text = ".XO. X.XO .XO. .... O";
    let mut game = Go::from_board(rules(4), text).expect("a position");
    play(&mut game, &["B3"]);
    assert!(game.to_string().starts_with(".XO.\nXO.O"), "{game}");
    assert_eq!(game.parse_action("C3"), Err(Error::IllegalAction { action: 6 }));
    // After an exchange elsewhere it is.
    play(&mut game, &["A1", "D1", "C3"]);
    assert!(game.to_string().starts_with(".XO.\nX.XO"), "{game}");
}

/// Sending two, returning one: white's second move would bring the first position back, though it would be black's turn.
#[test]
fn no_position_comes_back_after_more_moves() {
    let mut game = Go::from_board(rules(5), ".O.O. XXO.. ..... ..... ..... O").expect("a position");
    play(&mut game, &["A5", "C5"]);
    assert!(game.to_string().starts_with("..XO.\nXXO.."), "{game}");
    assert_eq!(game.parse_action("B5"), Err(Error::IllegalAction { action: 1 }));
    play(&mut game, &["E1", "A1", "B5"]);
    assert!(game.to_string().starts_with(".O.O.\nXXO.."), "{game}");
}

/// Snapback: white takes the stone in the corner and loses three to another one there.
#[test]
fn a_stone_that_takes_may_be_taken_back_with_more() {
    let mut game = Go::from_board(rules(5), "..... ..... XX... OOX.. ..X.. X").expect("a position");
    play(&mut game, &["A1", "B1", "A1"]);
    assert_eq!(game.to_string(), ".....\n.....\nXX...\n..X..\nX.X..\nO\n");
}

#[test]
fn suicide_is_a_rule_of_choice() {
    let text = ".XO XXO OO. X";
    let mut game = Go::from_board(rules(3), text).expect("a position");
    play(&mut game, &["A3"]);
    assert_eq!(game.to_string(), "..O\n..O\nOO.\nO\n");
    let game = Go::from_board(Rules { allows_suicide: false, ..rules(3) }, text).expect("a position");
    assert_eq!(game.parse_action("A3"), Err(Error::IllegalAction { action: 0 }));
    // Where the stone has no liberty but takes two chains, it is none.
    assert!(game.parse_action("C1").is_ok());
    // A single stone's would bring back the position before.
    let game = Go::from_board(rules(3), ".O. O.. ... X").expect("a position");
    assert_eq!(game.parse_action("A3"), Err(Error::IllegalAction { action: 0 }));
}

#[test]
fn area_is_stones_and_what_only_they_reach() {
    for (text, black, white) in
        [("... ... ... X", 0, 0), ("X.. ... ... X", 9, 0), ("X.O ... ... X", 1, 1), (".X. XXO .OO X", 4, 3)]
    {
        let game = Go::from_board(rules(3), text).expect("a position");
        assert_eq!(game.board.areas(), [black, white], "{game}");
    }
}

#[test]
fn vertices_are_those_of_gtp() {
    let game = Go::new(Rules::default()).expect("rules that can be");
    for (name, action) in [("A19", 0), ("T19", 18), ("A1", 342), ("J1", 350), ("H10", 178), ("pass", 361)] {
        assert_eq!((game.parse_action(name), game.action_name(action)), (Ok(action), name.to_owned()));
    }
    assert_eq!(game.parse_action("t1"), Ok(360));
    for name in ["I1", "A0", "A20", "A01", "A+1", "U1", "", "é3", "A", "Aé"] {
        assert!(matches!(game.parse_action(name), Err(Error::Notation { .. })), "{name}");
    }
}

#[test]
fn eyes_are_not_filled_in_quick_playouts() {
    // Black has two eyes in the last row.
    let game = Go::from_board(rules(4), ".X.X XXXX OOOO O... X").expect("a position");
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    for _ in 0..50 {
        let name = game.action_name(game.random_action_outside_eyes(&mut rng));
        assert!(["B1", "C1", "D1"].contains(&name.as_str()), "{name}");
    }
    let game = Go::from_board(rules(4), ".X.X XXXX XXXX XXXX X").expect("a position");
    assert_eq!(game.random_action_outside_eyes(&mut rng), game.pass());
}

#[test]
fn the_komi_decides_close_games() {
    for (komi, reward) in [(0.5, 1.0), (1.0, 0.0), (1.5, -1.0)] {
        let rules = Rules { komi, ..rules(2) };
        // Black has two points to white's one; black passes first, so that white's pass tells what white gets.
        let mut game = Go::from_board(rules, "XX O. X").expect("a position");
        assert_eq!(game.board.areas(), [2, 1]);
        assert_eq!([game.play(4), game.play(4)], [0.0, -reward]);
    }
    assert!(Go::new(Rules { komi: f32::NAN, ..rules(2) }).is_err());
}

/// The same game from the definition of the rules alone: grids that are flooded, and a list of all earlier ones.
#[derive(Clone)]
struct Slow {
    size: usize,
    allows_suicide: bool,
    history: Vec<Vec<u8>>,
    color: u8,
}

impl Slow {
    fn grid(&self) -> &[u8] {
        self.history.last().expect("there is the first grid")
    }

    fn beside(&self, cell: usize) -> impl Iterator<Item = usize> + use<> {
        let (size, row, column) = (self.size, cell / self.size, cell % self.size);
        let all = [
            (row.wrapping_sub(1), column),
            (row, column.wrapping_sub(1)),
            (row, column + 1),
            (row + 1, column),
        ];
        all.into_iter()
            .filter(move |(row, column)| *row < size && *column < size)
            .map(move |(row, column)| row * size + column)
    }

    /// The cells of a cell's colour that are connected with it, and the colours around them.
    fn flood(&self, grid: &[u8], cell: usize) -> (Vec<usize>, Vec<u8>) {
        let (mut chain, mut around) = (vec![cell], Vec::new());
        let mut next = 0;
        while next < chain.len() {
            for beside in self.beside(chain[next]) {
                if grid[beside] != grid[cell] {
                    around.push(grid[beside]);
                } else if !chain.contains(&beside) {
                    chain.push(beside);
                }
            }
            next += 1;
        }
        (chain, around)
    }

    /// The grid after a move, unless it is illegal.
    fn after(&self, cell: usize) -> Option<Vec<u8>> {
        let mut grid = self.grid().to_vec();
        if grid[cell] != 0 {
            return None;
        }
        grid[cell] = self.color;
        for color in [3 - self.color, self.color] {
            let dead: Vec<usize> = (0..grid.len())
                .filter(|at| grid[*at] == color && !self.flood(&grid, *at).1.contains(&0))
                .collect();
            if color == self.color && !dead.is_empty() && !self.allows_suicide {
                return None;
            }
            for at in dead {
                grid[at] = 0;
            }
        }
        (!self.history.contains(&grid)).then_some(grid)
    }

    fn areas(&self) -> [u16; 2] {
        let grid = self.grid();
        [1, 2].map(|color| {
            let only = |at: usize| {
                grid[at] == 0 && {
                    let around = self.flood(grid, at).1;
                    around.contains(&color) && !around.contains(&(3 - color))
                }
            };
            (0..grid.len()).filter(|at| grid[*at] == color || only(*at)).count() as u16
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn games_are_those_of_the_rules_alone(size in 2_usize..=7, allows_suicide: bool, seed: u64) {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut game = Go::new(Rules { size, komi: 0.5, allows_suicide }).expect("rules that can be");
        let mut slow = Slow { size, allows_suicide, history: vec![vec![0; size * size]], color: 1 };
        let mut actions = Vec::new();
        for _ in 0..120 {
            if game.turn() == Turn::Over {
                break;
            }
            game.board.check();
            game.legal_actions(&mut actions);
            let expected = (0..size * size).filter(|cell| slow.after(*cell).is_some()).chain([size * size]);
            prop_assert!(expected.map(|cell| cell as Action).eq(actions.iter().copied()), "{}", game);
            prop_assert_eq!(game.board.areas(), slow.areas());
            let text = game.to_string();
            let read = Go::from_board(Rules { size, komi: 0.5, allows_suicide }, &text);
            prop_assert_eq!(read.expect("what is shown can be read").to_string(), text);
            let action = game.random_action(&mut rng, &mut Vec::new());
            if action < game.pass() {
                slow.history.push(slow.after(action as usize).expect("legal"));
            }
            slow.color = 3 - slow.color;
            game.play(action);
        }
    }
}
