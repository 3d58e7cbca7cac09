//! Hex on boards of 2 × 2 to 19 × 19, with or without the swap rule.

use std::fmt;

use rand::{Rng, RngExt};

use crate::bits::{Bits, mix, nth_bit};
use crate::{Action, Error, Game, Notation, Observe, Result, Turn, square};

/// The game in which one player connects the top with the bottom and the other one the left with the right.
///
/// Who begins connects the first row with the last; cells touch those of their row beside them, those of their column above
/// and below, and the two on the diagonal that runs from the lower left to the upper right. A full board has one winner
/// (Nash 1952; Gale 1979).
///
/// A move is a cell, `size * row + column`, named by column and row from the top left. With the swap rule there is one more,
/// `swap`, which is legal as the second move of a game: the other player takes the stone over, which moves to the place that
/// means to them what it meant to its owner, with row and column changed.
///
/// ```
/// use autodidact_games::{Game, Hex, Notation, Turn};
///
/// let mut game = Hex::new(3, true)?;
/// for name in ["c1", "swap", "b2"] {
///     game.try_play(game.parse_action(name)?)?;
/// }
/// println!("{game}");
/// assert_eq!(game.turn(), Turn::Second);
/// # Ok::<(), autodidact_games::Error>(())
/// ```
///
/// Each player's cells that are connected with the first of their edges are known at any time; a stone that touches them, or
/// that edge, brings its own ones in. Each cell is brought in once, so that a game takes time in proportion to its board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hex {
    size: u8,
    has_swap: bool,
    is_second: bool,
    is_over: bool,
    played: u16,
    empty: u16,
    stones: [Cells; 2],
    /// Those of the stones that are connected with the first row or the first column.
    joined: [Cells; 2],
}

const MOST: usize = 19;

/// A set of cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Cells([u64; (MOST * MOST).div_ceil(64)]);

impl Cells {
    fn has(&self, cell: u32) -> bool {
        self.0[cell as usize / 64] >> (cell % 64) & 1 == 1
    }

    fn insert(&mut self, cell: u32) {
        self.0[cell as usize / 64] |= 1 << (cell % 64);
    }

    /// Takes one out.
    fn pop(&mut self) -> Option<u32> {
        let index = self.0.iter().position(|word| *word != 0)?;
        let word = &mut self.0[index];
        let cell = 64 * index as u32 + word.trailing_zeros();
        *word &= *word - 1;
        Some(cell)
    }
}

impl Hex {
    /// The empty board.
    ///
    /// # Errors
    /// [`Error::Size`] unless `size` is 2 to 19.
    pub fn new(size: usize, has_swap: bool) -> Result<Self> {
        if !(2..=MOST).contains(&size) {
            return Err(Error::Size { width: size, height: size, expected: "a board has 2 to 19 rows" });
        }
        Ok(Self {
            size: size as u8,
            has_swap,
            is_second: false,
            is_over: false,
            played: 0,
            empty: (size * size) as u16,
            stones: [Cells::default(); 2],
            joined: [Cells::default(); 2],
        })
    }

    /// How many rows and columns the board has.
    pub fn size(&self) -> usize {
        self.size.into()
    }

    fn num_cells(&self) -> u32 {
        u32::from(self.size) * u32::from(self.size)
    }

    fn can_swap(&self) -> bool {
        self.has_swap && self.played == 1
    }

    /// The empty cells with numbers from `64 * index` on.
    fn empty_word(&self, index: usize) -> u64 {
        let cells = self.num_cells().saturating_sub(64 * index as u32);
        let board = if cells >= 64 { u64::MAX } else { (1 << cells) - 1 };
        board & !(self.stones[0].0[index] | self.stones[1].0[index])
    }

    /// Puts a stone, and tells whether it wins.
    fn put(&mut self, player: usize, cell: u32) -> bool {
        let size = u32::from(self.size);
        let along = |cell: u32| if player == 0 { cell / size } else { cell % size };
        self.stones[player].insert(cell);
        self.empty -= 1;
        let (stones, joined) = (&self.stones[player], &mut self.joined[player]);
        if along(cell) > 0 && !neighbours(cell, size).any(|beside| joined.has(beside)) {
            return false;
        }
        let mut has_reached = false;
        let mut pending = Cells::default();
        joined.insert(cell);
        pending.insert(cell);
        while let Some(cell) = pending.pop() {
            has_reached |= along(cell) == size - 1;
            for beside in neighbours(cell, size) {
                if stones.has(beside) && !joined.has(beside) {
                    joined.insert(beside);
                    pending.insert(beside);
                }
            }
        }
        has_reached
    }
}

/// The cells that touch a cell.
fn neighbours(cell: u32, size: u32) -> impl Iterator<Item = u32> {
    let (row, column) = (cell / size, cell % size);
    let (up, down, left, right) = (row > 0, row + 1 < size, column > 0, column + 1 < size);
    let beside = [
        (up, cell.wrapping_sub(size)),
        (up && right, cell.wrapping_sub(size).wrapping_add(1)),
        (left, cell.wrapping_sub(1)),
        (right, cell + 1),
        (down && left, (cell + size).wrapping_sub(1)),
        (down, cell + size),
    ];
    beside.into_iter().filter_map(|(is_there, beside)| is_there.then_some(beside))
}

impl Game for Hex {
    fn num_actions(&self) -> usize {
        self.num_cells() as usize + usize::from(self.has_swap)
    }

    fn turn(&self) -> Turn {
        match (self.is_over, self.is_second) {
            (true, _) => Turn::Over,
            (_, false) => Turn::First,
            (_, true) => Turn::Second,
        }
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        if self.is_over {
            return;
        }
        for index in 0..self.num_cells().div_ceil(64) {
            actions.extend(Bits(self.empty_word(index as usize)).map(|bit| 64 * index + bit));
        }
        if self.can_swap() {
            actions.push(self.num_cells());
        }
    }

    fn is_legal(&self, action: Action) -> bool {
        if self.is_over {
            false
        } else if action < self.num_cells() {
            !self.stones.iter().any(|stones| stones.has(action))
        } else {
            action == self.num_cells() && self.can_swap()
        }
    }

    fn play(&mut self, action: Action) -> f32 {
        assert!(self.is_legal(action), "move {action} is not legal");
        let player = usize::from(self.is_second);
        let cell = if action == self.num_cells() {
            let cell = self.stones[0].pop().expect("there is the first stone");
            self.joined[0] = Cells::default();
            self.empty += 1;
            let size = u32::from(self.size);
            cell % size * size + cell / size
        } else {
            action
        };
        self.is_over = self.put(player, cell);
        self.played += 1;
        self.is_second = !self.is_second;
        if self.is_over { 1.0 } else { 0.0 }
    }

    /// Of positions on boards of one size.
    fn key(&self) -> u64 {
        let start = u64::from(self.is_second) | u64::from(self.can_swap()) << 1;
        let words = self.stones.iter().flat_map(|cells| cells.0);
        words.fold(mix(1 + start), |key, word| mix(key.rotate_left(1) ^ word))
    }

    fn random_action(&self, rng: &mut impl Rng, _scratch: &mut Vec<Action>) -> Action {
        assert!(!self.is_over, "it is no player's turn");
        let cells = self.num_cells();
        let can_swap = self.can_swap();
        // Where cells are mostly empty, a few tries find one.
        if u32::from(self.empty) * 4 > cells && !can_swap {
            loop {
                let cell = rng.random_range(0..cells);
                if self.is_legal(cell) {
                    return cell;
                }
            }
        }
        let mut left = rng.random_range(0..u32::from(self.empty) + u32::from(can_swap));
        for index in 0..cells.div_ceil(64) {
            let word = self.empty_word(index as usize);
            let count = word.count_ones();
            if left < count {
                return 64 * index + nth_bit(word, left);
            }
            left -= count;
        }
        cells
    }
}

impl Observe for Hex {
    /// The player's own stones, the opponent's, and ones where the player connects top and bottom.
    fn observation_shape(&self) -> [usize; 3] {
        [3, self.size(), self.size()]
    }

    fn observe(&self, planes: &mut [f32]) {
        let cells = self.num_cells() as usize;
        assert_eq!(planes.len(), 3 * cells, "an observation has 3 planes of {cells} cells");
        let player = usize::from(self.is_second);
        let (stones, side) = planes.split_at_mut(2 * cells);
        for (plane, stones) in
            stones.chunks_exact_mut(cells).zip([player, 1 - player].map(|i| &self.stones[i]))
        {
            for (cell, value) in plane.iter_mut().enumerate() {
                *value = if stones.has(cell as u32) { 1.0 } else { 0.0 };
            }
        }
        side.fill(if self.is_second { 0.0 } else { 1.0 });
    }

    /// Itself, and turned by half.
    fn num_symmetries(&self) -> usize {
        2
    }

    fn map_cell(&self, symmetry: usize, cell: usize) -> usize {
        match symmetry {
            0 => cell,
            _ => self.num_cells() as usize - 1 - cell,
        }
    }

    fn map_action(&self, symmetry: usize, action: Action) -> Action {
        if action < self.num_cells() { self.map_cell(symmetry, action as usize) as Action } else { action }
    }
}

impl Notation for Hex {
    fn action_name(&self, action: Action) -> String {
        if action == self.num_cells() {
            return "swap".to_owned();
        }
        square::name(action as usize / self.size(), action as usize % self.size())
    }

    fn parse_action(&self, name: &str) -> Result<Action> {
        let cell = || {
            square::parse(name, [self.size(); 2]).map(|[row, column]| (row * self.size() + column) as Action)
        };
        let swap = (self.has_swap && name.eq_ignore_ascii_case("swap")).then_some(self.num_cells());
        let action = swap.or_else(cell).ok_or_else(|| {
            let last = square::name(self.size() - 1, self.size() - 1);
            let swap = if self.has_swap { ", or `swap`" } else { "" };
            Error::Notation {
                text: name.to_owned(),
                reason: format!("expected a cell from a1 to {last}{swap}"),
            }
        })?;
        if self.is_legal(action) { Ok(action) } else { Err(Error::IllegalAction { action }) }
    }
}

/// The rows, each further to the right than the one above; `X` connects top and bottom.
impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters: Vec<char> = (b'a'..).take(self.size()).map(char::from).collect();
        writeln!(f, "  {}", letters.iter().map(char::to_string).collect::<Vec<_>>().join(" "))?;
        for row in 0..self.size() {
            write!(f, "{:indent$}{:2}", "", row + 1, indent = row)?;
            for cell in row * self.size()..(row + 1) * self.size() {
                let [first, second] = [0, 1].map(|player: usize| self.stones[player].has(cell as u32));
                f.write_str(if first {
                    " X"
                } else if second {
                    " O"
                } else {
                    " ."
                })?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// Whether a player's stones connect their edges, from the board alone.
    fn connects(game: &Hex, player: usize) -> bool {
        let size = game.size();
        let along = |row: usize, column: usize| if player == 0 { row } else { column };
        let mut seen = vec![false; size * size];
        let mut stack: Vec<(usize, usize)> =
            (0..size).map(|i| if player == 0 { (0, i) } else { (i, 0) }).collect();
        while let Some((row, column)) = stack.pop() {
            let cell = row * size + column;
            if seen[cell] || !game.stones[player].has(cell as u32) {
                continue;
            }
            seen[cell] = true;
            if along(row, column) == size - 1 {
                return true;
            }
            for (down, right) in [(-1_isize, 0_isize), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0)] {
                let beside = (row.wrapping_add_signed(down), column.wrapping_add_signed(right));
                if beside.0 < size && beside.1 < size {
                    stack.push(beside);
                }
            }
        }
        false
    }

    proptest! {
        #[test]
        fn a_full_board_has_one_winner(size in 2_usize..=19, seed: u64) {
            use rand::{SeedableRng, seq::SliceRandom};
            let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(seed);
            let mut game = Hex::new(size, false).expect("a size that can be");
            let mut cells: Vec<u32> = (0..game.num_cells()).collect();
            cells.shuffle(&mut rng);
            let mut winner = None;
            for (index, cell) in cells.into_iter().enumerate() {
                // Stones that are put after the end change nothing.
                let player = index % 2;
                let wins = game.put(player, cell);
                prop_assert_eq!(wins && winner.is_none(), winner.is_none() && connects(&game, player));
                if wins {
                    prop_assert!(winner.is_none_or(|winner| winner == player));
                    winner = Some(player);
                }
            }
            prop_assert!(winner.is_some());
            prop_assert!([0, 1].map(|player| connects(&game, player)) == [0, 1].map(|player| winner == Some(player)));
        }
    }

    fn wins(game: &Hex, known: &mut HashMap<u64, bool>) -> bool {
        if let Some(result) = known.get(&game.key()) {
            return *result;
        }
        let mut actions = Vec::new();
        game.legal_actions(&mut actions);
        let result = actions.into_iter().any(|action| {
            let mut next = *game;
            next.play(action) == 1.0 || !wins(&next, known)
        });
        known.insert(game.key(), result);
        result
    }

    /// Who begins wins without the swap rule (Nash's argument), and the other player with it. On 2 × 2 and 4 × 4 only the
    /// first moves on the short diagonal win (<https://www.hexwiki.net/index.php/Small_boards>).
    #[test]
    fn who_begins_wins_on_small_boards() {
        for size in 2..=4 {
            let start = Hex::new(size, false).expect("a size that can be");
            let mut known = HashMap::new();
            assert!(wins(&start, &mut known), "{size} × {size}");
            let winning: Vec<u32> = (0..start.num_cells())
                .filter(|action| {
                    let mut next = start;
                    next.play(*action);
                    !wins(&next, &mut known)
                })
                .collect();
            let diagonal: Vec<u32> = (1..=size as u32).map(|i| i * (size as u32 - 1)).collect();
            assert!(diagonal.iter().all(|action| winning.contains(action)), "{winning:?}");
            if size != 3 {
                assert_eq!(winning, diagonal);
            }
            if size < 4 {
                let with_swap = Hex::new(size, true).expect("a size that can be");
                assert!(!wins(&with_swap, &mut HashMap::new()), "{size} × {size} with swap");
            }
        }
    }

    #[test]
    fn the_second_player_may_take_the_first_stone() {
        let mut game = Hex::new(4, true).expect("a size that can be");
        game.play(game.parse_action("c1").expect("legal"));
        let swap = game.parse_action("SWAP").expect("legal");
        game.play(swap);
        assert_eq!(game.turn(), Turn::First);
        assert!(!game.is_legal(swap));
        assert!(game.stones[0] == Cells::default() && game.stones[1].has(8));
        assert_eq!(game.parse_action("a3"), Err(Error::IllegalAction { action: 8 }));
        assert!(game.parse_action("c1").is_ok());
        // The stone counts for its new owner's left edge.
        for name in ["a1", "b3", "b1", "c3", "c1", "d3"] {
            assert_ne!(game.turn(), Turn::Over);
            game.play(game.parse_action(name).expect("legal"));
        }
        assert_eq!(game.turn(), Turn::Over, "{game}");
    }
}
