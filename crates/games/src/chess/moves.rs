//! Moves as numbers.

use cozy_chess::{Board, Color, Move, Piece, Square};

use crate::Action;

/// The moves from a square.
pub(super) const PLANES: usize = 73;

/// Clockwise from ahead, as files and ranks.
const DIRECTIONS: [(i32, i32); 8] = [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)];
const KNIGHT: [(i32, i32); 8] = [(1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2)];
const DISTANCES: usize = 7;
const QUEEN_PLANES: usize = 8 * DISTANCES;
const STEP_PLANES: usize = QUEEN_PLANES + KNIGHT.len();
/// What a pawn becomes other than a queen; for each there are a plane for the left, one for ahead and one for the right.
const PROMOTIONS: [Piece; 3] = [Piece::Knight, Piece::Bishop, Piece::Rook];

/// Stands for no square and no plane.
const NONE: u8 = u8::MAX;

/// The square that a plane leads to.
static TARGETS: [[u8; PLANES]; 64] = {
    let mut targets = [[NONE; PLANES]; 64];
    let mut from = 0;
    while from < 64 {
        let mut plane = 0;
        while plane < PLANES {
            let (file, rank) = if plane < QUEEN_PLANES {
                let (file, rank) = DIRECTIONS[plane / DISTANCES];
                let distance = (plane % DISTANCES + 1) as i32;
                (file * distance, rank * distance)
            } else if plane < STEP_PLANES {
                KNIGHT[plane - QUEEN_PLANES]
            } else {
                (((plane - STEP_PLANES) % 3) as i32 - 1, 1)
            };
            let (file, rank) = ((from % 8) as i32 + file, (from / 8) as i32 + rank);
            let is_promotion = plane >= STEP_PLANES;
            if file >= 0 && file < 8 && rank >= 0 && rank < 8 && (!is_promotion || rank == 7) {
                targets[from][plane] = (8 * rank + file) as u8;
            }
            plane += 1;
        }
        from += 1;
    }
    targets
};

/// The plane, of a queen or a knight, that leads from one square to another.
static STEPS: [[u8; 64]; 64] = {
    let mut planes = [[NONE; 64]; 64];
    let mut from = 0;
    while from < 64 {
        let mut plane = 0;
        while plane < STEP_PLANES {
            let to = TARGETS[from][plane];
            if to != NONE {
                planes[from][to as usize] = plane as u8;
            }
            plane += 1;
        }
        from += 1;
    }
    planes
};

/// The number of a move: `PLANES * from + plane`, seen by who makes it.
pub(super) fn encode(chosen: Move, color: Color) -> Action {
    let [from, to] = [chosen.from, chosen.to].map(|square| square.relative_to(color) as usize);
    let promotion = chosen.promotion.and_then(|piece| PROMOTIONS.iter().position(|other| *other == piece));
    let plane = match promotion {
        Some(piece) => STEP_PLANES + 3 * piece + (to % 8 + 1).saturating_sub(from % 8).min(2),
        None => STEPS[from][to].into(),
    };
    (PLANES * from + plane) as Action
}

/// The move that a number means on a board, legal or not, unless it leads off it.
pub(super) fn decode(action: Action, board: &Board) -> Option<Move> {
    let color = board.side_to_move();
    let (from, plane) = (action as usize / PLANES, action as usize % PLANES);
    let target = usize::from(*TARGETS.get(from)?.get(plane)?);
    let [from, to] =
        [Square::try_index(from)?, Square::try_index(target)?].map(|square| square.relative_to(color));
    let promotion = if plane >= STEP_PLANES {
        Some(PROMOTIONS[(plane - STEP_PLANES) / 3])
    } else if target >= 56 && board.pieces(Piece::Pawn).has(from) {
        Some(Piece::Queen)
    } else {
        None
    };
    Some(Move { from, to, promotion })
}
