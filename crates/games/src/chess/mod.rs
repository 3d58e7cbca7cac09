//! Chess, on the move generator of the crate `cozy-chess`.

mod moves;

use std::fmt;
use std::str::FromStr;

use cozy_chess::{BitBoard, Board, Color, FenParseError, File, Move, Piece, Rank, Square, get_king_moves};
use rand::{Rng, RngExt};

use crate::bits::mix;
use crate::{Action, Error, Game, Notation, Observe, Result, Turn};

/// Chess, with Chess960's castling.
///
/// A move is `73 * square + plane` from the side of the player whose turn it is, whose first rank is rank 1: the square that it
/// starts from (a1, b1, …, h8), and the plane of `AlphaZero` (Silver et al. 2018, table S2): 56 for a direction, clockwise from
/// ahead, and a distance; 8 for a knight's jumps; 9 for promotions to knight, bishop and rook. A promotion to a queen is
/// the pawn's step. Castling is the king's move onto the rook's square, as in Chess960, where `AlphaZero` has the king go two
/// squares.
///
/// The game is drawn, without anybody claiming it, by stalemate, after fifty moves by both without a capture or a pawn's move, when
/// a position is there for the third time (the same player's turn, castling and captures en passant), and when there are
/// only kings with one knight or bishop or with bishops on squares of one colour.
///
/// A game is read from a position in FEN, with or without the clocks, or from `startpos`; the moves that follow may be given
/// after `moves`. That, and UCI's `position` before it, is optional.
///
/// ```
/// use autodidact_games::{Chess, Game, Notation, Turn};
///
/// let mut game: Chess = "position startpos moves f2f3 e7e5 g2g4".parse()?;
/// let mate = game.parse_action("d8h4")?;
/// assert_eq!(game.play(mate), 1.0);
/// assert_eq!(game.turn(), Turn::Over);
/// # Ok::<(), autodidact_games::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Chess {
    board: Board,
    /// The positions since the last move that cannot be undone, as their repetition is told; the present one is the last.
    since: Vec<u64>,
    /// The same for the same positions in any order.
    since_key: u64,
    is_over: bool,
}

const SQUARES: usize = 64;
const CHANNELS: usize = 19;
/// How many half-moves without a capture or a pawn's move end the game.
const MOST_QUIET: u8 = 100;

impl Chess {
    fn new(board: Board) -> Self {
        let mut game = Self {
            board,
            since: Vec::with_capacity(usize::from(MOST_QUIET) + 1),
            since_key: 0,
            is_over: false,
        };
        game.update();
        game
    }

    /// The position in FEN; castling rights are letters of files where the pieces stand on others than usually.
    pub fn fen(&self) -> String {
        let is_usual = [Color::White, Color::Black].into_iter().all(|color| {
            let rights = self.board.castle_rights(color);
            let has_any = rights.short.is_some() || rights.long.is_some();
            let files = rights.short.is_none_or(|file| file == File::H)
                && rights.long.is_none_or(|file| file == File::A);
            files && (!has_any || self.board.king(color).file() == File::E)
        });
        if is_usual { format!("{}", self.board) } else { format!("{:#}", self.board) }
    }

    /// Takes note of a new position, and tells whether it is a mate.
    fn update(&mut self) -> bool {
        if self.board.halfmove_clock() == 0 {
            self.since.clear();
            self.since_key = 0;
        }
        let hash = repetition_hash(&self.board);
        self.since.push(hash);
        self.since_key = self.since_key.wrapping_add(mix(hash));
        let has_move = self.board.generate_moves(|_| true);
        let is_mate = !has_move && !self.board.checkers().is_empty();
        self.is_over = !has_move
            || self.board.halfmove_clock() >= MOST_QUIET
            || self.since.iter().filter(|earlier| **earlier == hash).count() >= 3
            || is_dead(&self.board);
        is_mate
    }

    fn legal(&self, action: Action) -> Option<Move> {
        moves::decode(action, &self.board).filter(|chosen| self.board.is_legal(*chosen))
    }

    /// Whether a move castles with king and rook on their usual squares, so that UCI names the king's two steps.
    fn is_usual_castling(&self, chosen: Move) -> bool {
        let color = self.board.side_to_move();
        self.board.colored_pieces(color, Piece::Rook).has(chosen.to)
            && chosen.from == self.board.king(color)
            && chosen.from.file() == File::E
            && [File::A, File::H].contains(&chosen.to.file())
    }
}

/// The board's hash, with a pawn's double step only where it can be captured en passant.
fn repetition_hash(board: &Board) -> u64 {
    let Some(file) = board.en_passant() else { return board.hash() };
    let target = Square::new(file, Rank::Sixth.relative_to(board.side_to_move()));
    let pawns = board.colored_pieces(board.side_to_move(), Piece::Pawn);
    let can_capture =
        board.generate_moves_for(pawns, |moves| moves.to.has(target) && moves.from.file() != file);
    if can_capture { board.hash() } else { board.hash_without_ep() }
}

/// Whether nobody can mate: kings with one knight or bishop, or with bishops on squares of one colour.
fn is_dead(board: &Board) -> bool {
    let [knights, bishops] = [Piece::Knight, Piece::Bishop].map(|piece| board.pieces(piece));
    let others = board.occupied() ^ board.pieces(Piece::King) ^ knights ^ bishops;
    if !others.is_empty() {
        return false;
    }
    let on_one_color =
        (bishops & BitBoard::DARK_SQUARES).is_empty() || (bishops & BitBoard::LIGHT_SQUARES).is_empty();
    (knights | bishops).len() <= 1 || knights.is_empty() && on_one_color
}

/// The usual start.
impl Default for Chess {
    fn default() -> Self {
        Self::new(Board::default())
    }
}

impl Game for Chess {
    fn num_actions(&self) -> usize {
        SQUARES * moves::PLANES
    }

    fn turn(&self) -> Turn {
        match (self.is_over, self.board.side_to_move()) {
            (true, _) => Turn::Over,
            (_, Color::White) => Turn::First,
            (_, Color::Black) => Turn::Second,
        }
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        if self.is_over {
            return;
        }
        let color = self.board.side_to_move();
        self.board.generate_moves(|moves| {
            actions.extend(moves.into_iter().map(|legal| moves::encode(legal, color)));
            false
        });
        actions.sort_unstable();
    }

    fn is_legal(&self, action: Action) -> bool {
        !self.is_over && self.legal(action).is_some()
    }

    fn play(&mut self, action: Action) -> f32 {
        assert!(!self.is_over, "the game is over");
        let chosen = moves::decode(action, &self.board).expect("the move is legal");
        debug_assert!(self.board.is_legal(chosen), "move {action} is not legal");
        self.board.play_unchecked(chosen);
        if self.update() { 1.0 } else { 0.0 }
    }

    /// The counter of fifty moves and the positions that may be repeated are a part of it.
    fn key(&self) -> u64 {
        mix(mix(self.board.hash().wrapping_add(self.board.halfmove_clock().into())) ^ self.since_key)
    }

    fn random_action(&self, rng: &mut impl Rng, _scratch: &mut Vec<Action>) -> Action {
        assert!(!self.is_over, "it is no player's turn");
        let mut count = 0;
        self.board.generate_moves(|moves| {
            count += moves.len();
            false
        });
        let mut left = rng.random_range(0..count);
        let mut chosen = None;
        self.board.generate_moves(|moves| {
            if left < moves.len() {
                chosen = moves.into_iter().nth(left);
                return true;
            }
            left -= moves.len();
            false
        });
        moves::encode(chosen.expect("there are as many moves as counted"), self.board.side_to_move())
    }
}

impl Observe for Chess {
    /// The player's pawns, knights, bishops, rooks, queens and king; the opponent's; ones for the player's right to castle
    /// on the h-side and on the a-side, and the opponent's; the square behind a pawn that has made a double step; the share of
    /// the fifty moves that has gone by; ones if the position was there before. The player's first rank is the last row.
    fn observation_shape(&self) -> [usize; 3] {
        [CHANNELS, 8, 8]
    }

    fn observe(&self, planes: &mut [f32]) {
        assert_eq!(planes.len(), CHANNELS * SQUARES, "an observation has {CHANNELS} planes of 64 squares");
        planes.fill(0.0);
        let us = self.board.side_to_move();
        let cell = |square: Square| square.flip_rank().relative_to(us) as usize;
        let mut planes = planes.chunks_exact_mut(SQUARES);
        let mut next = || planes.next().expect("there are as many planes as channels");
        for color in [us, !us] {
            for piece in Piece::ALL {
                let plane = next();
                self.board
                    .colored_pieces(color, piece)
                    .into_iter()
                    .for_each(|square| plane[cell(square)] = 1.0);
            }
        }
        for color in [us, !us] {
            let rights = self.board.castle_rights(color);
            for right in [rights.short, rights.long] {
                next().fill(if right.is_some() { 1.0 } else { 0.0 });
            }
        }
        let plane = next();
        if let Some(file) = self.board.en_passant() {
            plane[cell(Square::new(file, Rank::Sixth.relative_to(us)))] = 1.0;
        }
        next().fill(f32::from(self.board.halfmove_clock()) / f32::from(MOST_QUIET));
        let (last, earlier) = self.since.split_last().expect("the present position is there");
        next().fill(if earlier.contains(last) { 1.0 } else { 0.0 });
    }
}

impl Notation for Chess {
    /// As in UCI; castling is the king's two steps where king and rook stand on their usual squares, and else the king's onto
    /// the rook's.
    fn action_name(&self, action: Action) -> String {
        let Some(chosen) = moves::decode(action, &self.board) else { return format!("no move {action}") };
        if self.is_usual_castling(chosen) {
            let file = if chosen.to.file() == File::H { File::G } else { File::C };
            return format!("{}{}", chosen.from, Square::new(file, chosen.to.rank()));
        }
        chosen.to_string()
    }

    fn parse_action(&self, name: &str) -> Result<Action> {
        let wrong = || Error::Notation {
            text: name.to_owned(),
            reason: "expected two squares and what a pawn becomes, such as e2e4 or e7e8q".to_owned(),
        };
        let named: Move = name.parse().map_err(|_| wrong())?;
        if named.to_string() != name {
            return Err(wrong());
        }
        let rook = match named.to.file() {
            File::G => File::H,
            _ => File::A,
        };
        let castling = Move { to: Square::new(rook, named.to.rank()), ..named };
        let steps = (named.from.file() as u8).abs_diff(named.to.file() as u8);
        let is_castling = steps == 2 && self.is_usual_castling(castling) && !self.board.is_legal(named);
        let chosen = if is_castling { castling } else { named };
        let action = moves::encode(chosen, self.board.side_to_move());
        let is_legal = !self.is_over && self.board.is_legal(chosen);
        if is_legal { Ok(action) } else { Err(Error::IllegalAction { action }) }
    }
}

impl fmt::Display for Chess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for rank in Rank::ALL.into_iter().rev() {
            for file in File::ALL {
                let square = Square::new(file, rank);
                let text = match self.board.piece_on(square).map(char::from) {
                    Some(piece) if self.board.color_on(square) == Some(Color::White) => {
                        piece.to_ascii_uppercase()
                    }
                    Some(piece) => piece,
                    None => '.',
                };
                write!(f, "{text}")?;
            }
            writeln!(f)?;
        }
        writeln!(f, "{}", self.fen())
    }
}

impl FromStr for Chess {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |reason: String| Error::Notation { text: text.to_owned(), reason };
        let words: Vec<&str> = text.split_whitespace().collect();
        let words = words.strip_prefix(&["position"]).unwrap_or(&words);
        let (position, names) = match words.iter().position(|word| *word == "moves") {
            Some(at) => (&words[..at], &words[at + 1..]),
            None => (words, &[][..]),
        };
        let mut game = match position {
            ["startpos"] => Self::default(),
            position => {
                let fields = position.strip_prefix(&["fen"]).unwrap_or(position);
                let fen = match fields.len() {
                    4 => format!("{} 0 1", fields.join(" ")),
                    6 => fields.join(" "),
                    count => {
                        return Err(wrong(format!(
                            "expected `startpos` or the 4 or 6 fields of FEN, found {count} words"
                        )));
                    }
                };
                if fields[0].matches('/').count() != 7 {
                    return Err(wrong("expected eight ranks with `/` between them".to_owned()));
                }
                let board: Board = fen.parse().map_err(|error: FenParseError| wrong(error.to_string()))?;
                // The crate reads these, and then lets a king be captured.
                if get_king_moves(board.king(Color::White)).has(board.king(Color::Black)) {
                    return Err(wrong("the kings stand beside each other".to_owned()));
                }
                Self::new(board)
            }
        };
        for (index, name) in names.iter().enumerate() {
            let number = index + 1;
            if game.is_over {
                return Err(wrong(format!("the game ended before half-move {number}")));
            }
            let action = game.parse_action(name).map_err(|error| match error {
                Error::Notation { reason, .. } => wrong(format!("half-move {number}, `{name}`: {reason}")),
                _ => wrong(format!("half-move {number}, `{name}`, is not legal")),
            })?;
            game.play(action);
        }
        Ok(game)
    }
}

#[cfg(test)]
mod tests;
