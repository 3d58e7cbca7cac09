//! Stones, chains and their liberties.

use crate::Action;
use crate::bits::mix;

/// The most rows that a board can have.
pub(super) const MOST: usize = 19;

/// A player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Color {
    Black,
    White,
}

impl Color {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Black => Self::White,
            Self::White => Self::Black,
        }
    }
}

/// An index into the board with its border: one column to the left of each row, and a row above and below.
pub(super) type Point = u16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Empty,
    Stone(Color),
    Border,
}

/// A point with what is on it. Of a chain, one stone is the head, and knows of the whole.
#[derive(Clone, Copy, Debug)]
struct Cell {
    content: Content,
    /// Of an empty point: where it is in the list of them.
    slot: u16,
    /// Of a stone: the head of its chain, and the next stone around it.
    head: Point,
    next: Point,
    /// Of a head: how many stones the chain has.
    stones: u16,
    /// Of a head: how many pairs of one of its stones and an empty neighbour there are. It is 0 as the liberties are.
    liberties: u16,
    /// Of a head: the hashes of the chain's stones combined.
    hash: u64,
}

/// A board that knows its chains.
#[derive(Clone, Debug)]
pub(super) struct Board {
    size: u16,
    cells: Vec<Cell>,
    empty: Vec<Point>,
    hash: u64,
}

/// What a stone does to a board.
pub(super) struct Outcome {
    /// The board's hash afterwards.
    pub(super) hash: u64,
    /// Whether the stone is taken off at once.
    pub(super) is_suicide: bool,
}

const POINTS: usize = (MOST + 2) * (MOST + 1) + 1;

/// A random word for every stone (Zobrist 1970).
static HASHES: [[u64; POINTS]; 2] = {
    let mut hashes = [[0; POINTS]; 2];
    let mut index = 0;
    while index < 2 * POINTS {
        hashes[index / POINTS][index % POINTS] =
            mix(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(index as u64 + 1));
        index += 1;
    }
    hashes
};

fn stone_hash(point: Point, color: Color) -> u64 {
    HASHES[color as usize][usize::from(point)]
}

impl Board {
    pub(super) fn new(size: usize) -> Self {
        let border =
            Cell { content: Content::Border, slot: 0, head: 0, next: 0, stones: 0, liberties: 0, hash: 0 };
        let cells = vec![border; (size + 2) * (size + 1) + 1];
        let mut board = Self { size: size as u16, cells, empty: Vec::with_capacity(size * size), hash: 0 };
        for action in 0..(size * size) as Action {
            board.set_empty(board.point(action));
        }
        board
    }

    pub(super) fn size(&self) -> usize {
        self.size.into()
    }

    /// Of the stones that are on the board.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// The empty points, in no order.
    pub(super) fn empty(&self) -> &[Point] {
        &self.empty
    }

    pub(super) fn point(&self, action: Action) -> Point {
        let (row, column) = (action as u16 / self.size, action as u16 % self.size);
        (row + 1) * (self.size + 1) + column + 1
    }

    pub(super) fn action(&self, point: Point) -> Action {
        let (row, column) = (point / (self.size + 1) - 1, point % (self.size + 1) - 1);
        Action::from(row * self.size + column)
    }

    pub(super) fn color(&self, point: Point) -> Option<Color> {
        match self.cell(point).content {
            Content::Stone(color) => Some(color),
            Content::Empty | Content::Border => None,
        }
    }

    fn cell(&self, point: Point) -> &Cell {
        &self.cells[usize::from(point)]
    }

    fn cell_mut(&mut self, point: Point) -> &mut Cell {
        &mut self.cells[usize::from(point)]
    }

    fn neighbours(&self, point: Point) -> [Point; 4] {
        let row = self.size + 1;
        [point - row, point - 1, point + 1, point + row]
    }

    fn diagonals(&self, point: Point) -> [Point; 4] {
        let row = self.size + 1;
        [point - row - 1, point - row + 1, point + row - 1, point + row + 1]
    }

    fn set_empty(&mut self, point: Point) {
        let slot = self.empty.len() as u16;
        self.empty.push(point);
        let cell = self.cell_mut(point);
        cell.content = Content::Empty;
        cell.slot = slot;
    }

    /// What a stone on an empty point would do.
    pub(super) fn outcome(&self, point: Point, color: Color) -> Outcome {
        let neighbours = self.neighbours(point);
        let mut hash = self.hash ^ stone_hash(point, color);
        let mut own = 0;
        let mut has_liberty = false;
        for (index, beside) in neighbours.into_iter().enumerate() {
            let cell = self.cell(beside);
            let Content::Stone(other) = cell.content else {
                has_liberty |= cell.content == Content::Empty;
                continue;
            };
            let is_same = |beside: Point| {
                let neighbour = self.cell(beside);
                neighbour.head == cell.head && matches!(neighbour.content, Content::Stone(_))
            };
            if neighbours[..index].iter().any(|beside| is_same(*beside)) {
                continue;
            }
            let touching = 1 + neighbours[index + 1..].iter().filter(|beside| is_same(**beside)).count();
            let head = self.cell(cell.head);
            let is_last_liberty = usize::from(head.liberties) == touching;
            if other == color {
                has_liberty |= !is_last_liberty;
                own ^= head.hash;
            } else if is_last_liberty {
                has_liberty = true;
                hash ^= head.hash;
            }
        }
        if has_liberty {
            Outcome { hash, is_suicide: false }
        } else {
            Outcome { hash: self.hash ^ own, is_suicide: true }
        }
    }

    /// Puts a stone onto an empty point, and joins it with its chain, without taking anything off.
    pub(super) fn put(&mut self, point: Point, color: Color) {
        self.place(point, color);
        self.connect(point, color);
    }

    /// Puts a stone onto an empty point, takes off the opponent's chains that have no liberty, then the player's own.
    pub(super) fn play(&mut self, point: Point, color: Color) {
        self.place(point, color);
        for beside in self.neighbours(point) {
            let cell = self.cell(beside);
            if cell.content == Content::Stone(color.other()) && self.cell(cell.head).liberties == 0 {
                self.take_off(cell.head);
            }
        }
        self.connect(point, color);
        let head = self.cell(point).head;
        if self.cell(head).liberties == 0 {
            self.take_off(head);
        }
    }

    /// A new chain of one stone.
    fn place(&mut self, point: Point, color: Color) {
        let slot = self.cell(point).slot;
        self.empty.swap_remove(slot.into());
        if let Some(moved) = self.empty.get(usize::from(slot)).copied() {
            self.cell_mut(moved).slot = slot;
        }
        let mut liberties = 0;
        for beside in self.neighbours(point) {
            let cell = self.cell(beside);
            match cell.content {
                Content::Empty => liberties += 1,
                Content::Stone(_) => {
                    let head = cell.head;
                    self.cell_mut(head).liberties -= 1;
                }
                Content::Border => {}
            }
        }
        let hash = stone_hash(point, color);
        self.hash ^= hash;
        let content = Content::Stone(color);
        *self.cell_mut(point) =
            Cell { content, slot: 0, head: point, next: point, stones: 1, liberties, hash };
    }

    /// Makes one chain of a stone's and those of its colour beside it.
    fn connect(&mut self, point: Point, color: Color) {
        for beside in self.neighbours(point) {
            let cell = self.cell(beside);
            let (one, other) = (self.cell(point).head, cell.head);
            if cell.content == Content::Stone(color) && one != other {
                self.join(one, other);
            }
        }
    }

    /// Makes one chain of two: the stones of the smaller get another head.
    fn join(&mut self, one: Point, other: Point) {
        let (large, small) =
            if self.cell(one).stones >= self.cell(other).stones { (one, other) } else { (other, one) };
        let Cell { stones, liberties, hash, next: after_small, .. } = *self.cell(small);
        let mut stone = small;
        loop {
            let cell = self.cell_mut(stone);
            cell.head = large;
            stone = cell.next;
            if stone == small {
                break;
            }
        }
        let head = self.cell_mut(large);
        head.stones += stones;
        head.liberties += liberties;
        head.hash ^= hash;
        let after_large = std::mem::replace(&mut head.next, after_small);
        self.cell_mut(small).next = after_large;
    }

    fn take_off(&mut self, head: Point) {
        self.hash ^= self.cell(head).hash;
        let mut stone = head;
        loop {
            self.set_empty(stone);
            for beside in self.neighbours(stone) {
                let cell = self.cell(beside);
                if matches!(cell.content, Content::Stone(_)) {
                    let head = cell.head;
                    self.cell_mut(head).liberties += 1;
                }
            }
            stone = self.cell(stone).next;
            if stone == head {
                break;
            }
        }
    }

    /// Whether a chain has no liberty, which does not happen in a game.
    pub(super) fn has_dead_chain(&self) -> bool {
        let is_dead =
            |cell: &Cell| matches!(cell.content, Content::Stone(_)) && self.cell(cell.head).liberties == 0;
        self.cells.iter().any(is_dead)
    }

    /// Whether an empty point is an eye, see [`Go::random_action_outside_eyes`](super::Go::random_action_outside_eyes).
    pub(super) fn is_eye(&self, point: Point, color: Color) -> bool {
        let own = Content::Stone(color);
        let is_own = |beside: Point| [own, Content::Border].contains(&self.cell(beside).content);
        if !self.neighbours(point).into_iter().all(is_own) {
            return false;
        }
        let (mut opponents, mut borders) = (0, 0);
        for beside in self.diagonals(point) {
            match self.cell(beside).content {
                Content::Stone(other) if other != color => opponents += 1,
                Content::Border => borders = 1,
                _ => {}
            }
        }
        opponents + borders < 2
    }

    /// Black's area and white's: stones, and empty points from which only stones of that colour are reached.
    pub(super) fn areas(&self) -> [u16; 2] {
        let mut areas = [0; 2];
        let mut is_seen = [false; POINTS];
        let mut stack = [0; MOST * MOST];
        for action in 0..u32::from(self.size) * u32::from(self.size) {
            let start = self.point(action);
            match self.cell(start).content {
                Content::Stone(color) => areas[color as usize] += 1,
                Content::Empty if !is_seen[usize::from(start)] => {
                    let (mut points, mut reaches, mut height) = (0, [false; 2], 1);
                    is_seen[usize::from(start)] = true;
                    stack[0] = start;
                    while height > 0 {
                        height -= 1;
                        points += 1;
                        for beside in self.neighbours(stack[height]) {
                            match self.cell(beside).content {
                                Content::Stone(color) => reaches[color as usize] = true,
                                Content::Empty if !is_seen[usize::from(beside)] => {
                                    is_seen[usize::from(beside)] = true;
                                    stack[height] = beside;
                                    height += 1;
                                }
                                _ => {}
                            }
                        }
                    }
                    match reaches {
                        [true, false] => areas[0] += points,
                        [false, true] => areas[1] += points,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        areas
    }

    /// That every chain is what the stones say, for tests.
    #[cfg(test)]
    pub(super) fn check(&self) {
        use std::collections::BTreeSet;

        let points: Vec<Point> =
            (0..u32::from(self.size * self.size)).map(|action| self.point(action)).collect();
        let mut hash = 0;
        for point in &points {
            assert_eq!(self.point(self.action(*point)), *point);
            let Some(color) = self.color(*point) else {
                assert_eq!(self.empty[usize::from(self.cell(*point).slot)], *point);
                continue;
            };
            hash ^= stone_hash(*point, color);
            let mut chain = BTreeSet::from([*point]);
            let mut stack = vec![*point];
            let mut liberties = Vec::new();
            while let Some(stone) = stack.pop() {
                for beside in self.neighbours(stone) {
                    match self.cell(beside).content {
                        Content::Empty => liberties.push(beside),
                        content if content == Content::Stone(color) && chain.insert(beside) => {
                            stack.push(beside);
                        }
                        _ => {}
                    }
                }
            }
            let head = self.cell(*point).head;
            assert!(chain.contains(&head));
            let mut around = BTreeSet::new();
            let mut stone = head;
            while around.insert(stone) {
                stone = self.cell(stone).next;
            }
            assert_eq!(around, chain);
            let combined = chain.iter().fold(0, |hash, stone| hash ^ stone_hash(*stone, color));
            let head = self.cell(head);
            assert_eq!(
                (usize::from(head.stones), usize::from(head.liberties)),
                (chain.len(), liberties.len())
            );
            assert_eq!(head.hash, combined);
            assert!(!liberties.is_empty(), "a chain without liberties is left");
        }
        assert_eq!(hash, self.hash);
        assert_eq!(self.empty.len(), points.iter().filter(|point| self.color(**point).is_none()).count());
    }
}
