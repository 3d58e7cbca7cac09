//! A game in progress, with the search that follows it.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use autodidact_games::{Action, Turn};
use autodidact_mcts::{Budget, Planner, PolicyOutput};

use crate::playable::Playable;
use crate::recipe::Recipe;
use crate::shared::Shared;
use crate::{Error, Result};

/// What a search may spend on a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Simulations, beside those that were made before.
    pub simulations: u32,
    /// Time.
    pub time: Option<Duration>,
}

/// Bytes that the positions of a tree may take, and as many again its moves.
const MEMORY: usize = 1 << 30;
/// Simulations between two looks at what has come in.
const CHUNK: u32 = 64;
/// The most simulations that are planned ahead as a whole, and how many at a time if there are more.
const PLANNED: [u32; 2] = [1 << 16, 1 << 10];

impl Limits {
    /// So many simulations, however long they take.
    pub fn simulations(simulations: u32) -> Self {
        Self { simulations, time: None }
    }
}

/// A game from its start to the present position, and a tree that is kept from move to move.
///
/// All that is drawn follows from the seed and the moves.
#[derive(Clone, Debug)]
pub struct Session<G: Playable> {
    recipe: Recipe,
    evaluator: Shared<G>,
    seed: u64,
    /// From the start to the present one.
    positions: Vec<G>,
    moves: Vec<Action>,
    /// What each move earned, from the side of who begins.
    earned: Vec<f32>,
    planner: Option<Planner<G>>,
}

impl<G: Playable> Session<G> {
    /// A game that begins, in which random games say what positions are worth.
    pub fn new(start: G, recipe: Recipe, seed: u64) -> Self {
        Self::with_evaluator(start, recipe, Shared::new(G::evaluator(1)), seed)
    }

    /// A game that begins.
    pub fn with_evaluator(start: G, recipe: Recipe, evaluator: Shared<G>, seed: u64) -> Self {
        Self {
            recipe,
            evaluator,
            seed,
            positions: vec![start],
            moves: Vec::new(),
            earned: Vec::new(),
            planner: None,
        }
    }

    /// The present position.
    pub fn game(&self) -> &G {
        self.positions.last().expect("there is a position at least")
    }

    /// The position from which the game began.
    pub fn start(&self) -> &G {
        &self.positions[0]
    }

    /// The moves that were made.
    pub fn moves(&self) -> &[Action] {
        &self.moves
    }

    /// The names of the moves that were made.
    pub fn names(&self) -> Vec<String> {
        self.moves.iter().zip(&self.positions).map(|(action, game)| game.action_name(*action)).collect()
    }

    /// What the moves earned so far, from the side of who began.
    pub fn total(&self) -> f32 {
        self.earned.iter().sum()
    }

    /// Positions in the tree that is kept.
    pub fn nodes(&self) -> usize {
        self.planner.as_ref().map_or(0, Planner::nodes)
    }

    /// The search, once there was one.
    pub fn planner(&self) -> Option<&Planner<G>> {
        self.planner.as_ref()
    }

    /// Makes a move, or lets a chance outcome happen.
    ///
    /// # Errors
    /// [`autodidact_games::Error::IllegalAction`], with everything as it was.
    pub fn play(&mut self, action: Action) -> Result<()> {
        let before = self.game();
        let is_outcome = before.turn() == Turn::Chance && {
            let mut outcomes = Vec::new();
            before.chance_outcomes(&mut outcomes);
            outcomes.iter().any(|outcome| outcome.0 == action)
        };
        if !is_outcome && !before.is_legal(action) {
            return Err(autodidact_games::Error::IllegalAction { action }.into());
        }
        let mut after = before.clone();
        let sign = if before.turn() == Turn::Second { -1.0 } else { 1.0 };
        let reward = after.play(action);
        if let Some(planner) = &mut self.planner {
            // A tree that does not lead on is planted anew when it is needed.
            if after.turn() == Turn::Over || planner.advance(action, &self.evaluator).is_err() {
                self.planner = None;
            }
        }
        self.positions.push(after);
        self.moves.push(action);
        self.earned.push(sign * reward);
        Ok(())
    }

    /// Takes the last move back, and returns whether there was one.
    pub fn undo(&mut self) -> bool {
        if self.moves.pop().is_none() {
            return false;
        }
        self.positions.pop();
        self.earned.pop();
        self.planner = None;
        true
    }

    /// Takes moves back up to a player's last one, which is one of them; returns whether there was one.
    pub fn take_back(&mut self, side: Turn) -> bool {
        let earlier = &self.positions[..self.moves.len()];
        let Some(at) = earlier.iter().rposition(|game| game.turn() == side) else { return false };
        while self.moves.len() > at {
            self.undo();
        }
        true
    }

    /// Searches the present position.
    ///
    /// # Errors
    /// [`Error::Over`] if the game is over; those of the search.
    pub fn think(&mut self, limits: Limits) -> Result<PolicyOutput> {
        self.think_while(limits, |_| ControlFlow::Continue(()))
    }

    /// Searches the present position, and asks between simulations whether to go on.
    ///
    /// Recipes that plan their simulations ahead are asked only when a plan is carried out: 65,536 simulations at most are one
    /// plan, more than that are plans of 1,024.
    ///
    /// # Errors
    /// As [`think`](Self::think).
    pub fn think_while(
        &mut self,
        limits: Limits,
        mut go_on: impl FnMut(&PolicyOutput) -> ControlFlow<()>,
    ) -> Result<PolicyOutput> {
        if self.game().turn() == Turn::Over {
            return Err(Error::Over { result: self.result_text() });
        }
        let begun = Instant::now();
        let nodes = MEMORY / self.game().bytes();
        let chunk = match self.recipe.plans_ahead() {
            true if limits.simulations <= PLANNED[0] => limits.simulations,
            true => PLANNED[1],
            false => CHUNK.min(limits.simulations),
        };
        let config = self.recipe.config(chunk, G::IS_FOR_TWO);
        if self.planner.is_none() {
            let seed = self.seed.wrapping_add(self.moves.len() as u64);
            self.planner = Some(Planner::new(config, self.game().clone(), &self.evaluator, seed)?);
        }
        let planner = self.planner.as_mut().expect("it was made just now");
        *planner.config_mut() = config;
        let mut made = 0;
        loop {
            planner.config_mut().num_simulations = chunk.min(limits.simulations - made);
            let budget = Budget {
                time: limits.time.map(|time| time.saturating_sub(begun.elapsed())),
                nodes: Some(nodes),
                bytes: Some(MEMORY),
                ..Budget::default()
            };
            let output = planner.search(&self.evaluator, budget)?;
            made += planner.config_mut().num_simulations;
            let is_done = made >= limits.simulations
                || output.ended != autodidact_mcts::Ended::Simulations
                || limits.time.is_some_and(|time| begun.elapsed() >= time);
            if go_on(&output).is_break() || is_done {
                return Ok(output);
            }
        }
    }

    /// How the game ended, or whose turn it is.
    pub fn result_text(&self) -> String {
        let score = self.game().score_text();
        let total = self.total();
        let text = match self.game().turn() {
            Turn::First | Turn::Second if !G::IS_FOR_TWO => format!("{total} points so far"),
            Turn::First => format!("{} to move", G::SIDES[0]),
            Turn::Second => format!("{} to move", G::SIDES[1]),
            Turn::Chance => "chance has its turn".to_owned(),
            Turn::Over if !G::IS_FOR_TWO => format!("{total} points"),
            // A position that was given, and is over, was earned by moves that nobody knows.
            Turn::Over if self.moves.is_empty() => "ended before it began".to_owned(),
            Turn::Over if total > 0.0 => format!("{} wins", G::SIDES[0]),
            Turn::Over if total < 0.0 => format!("{} wins", G::SIDES[1]),
            Turn::Over => "a draw".to_owned(),
        };
        match score {
            Some(score) if self.game().turn() == Turn::Over => format!("{text}, {score}"),
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use autodidact_games::{ConnectFour, Game, Game2048, Notation, TicTacToe};
    use rand::SeedableRng;

    use super::*;
    use crate::line::draw_chance;

    #[test]
    fn a_search_in_chunks_is_the_whole_search() {
        let start: ConnectFour = "4453".parse().expect("legal");
        for recipe in Recipe::all() {
            let mut session = Session::new(start, recipe, 5);
            let output = session.think(Limits::simulations(500)).expect("a search");
            let config = recipe.config(500, true);
            let mut planner = Planner::new(config, start, &ConnectFour::evaluator(1), 5).expect("a search");
            let whole = planner.search(&ConnectFour::evaluator(1), Budget::default()).expect("a search");
            assert_eq!(output.visits, whole.visits, "{recipe}");
            assert_eq!(output.action, whole.action, "{recipe}");
            assert_eq!(output.visits.iter().sum::<u32>(), 500, "{recipe}");
        }
    }

    #[test]
    fn the_tree_is_kept_and_moves_are_taken_back() {
        let mut session = Session::new(ConnectFour::default(), Recipe::Uct, 1);
        let output = session.think(Limits::simulations(400)).expect("a search");
        let most = output.visits.iter().copied().max().expect("a move");
        session.play(output.action).expect("legal");
        assert!(session.nodes() > most as usize / 2, "{} of {most}", session.nodes());
        let before = session.game().key();
        session.play(3).expect("legal");
        assert!(session.undo());
        assert_eq!(session.game().key(), before);
        assert!(session.undo() && !session.undo());
        assert_eq!(session.names().len(), 0);
        assert!(session.play(99).is_err());
    }

    /// The best play of both is a draw, which every recipe proves or finds by visits.
    #[test]
    fn every_recipe_draws_tic_tac_toe_against_itself() {
        for recipe in Recipe::all() {
            let mut session = Session::new(TicTacToe::new(), recipe, 3);
            while session.game().turn() != Turn::Over {
                let output = session.think(Limits::simulations(1500)).expect("a search");
                session.play(output.action).expect("legal");
            }
            assert_eq!(session.result_text(), "a draw", "{recipe}: {:?}", session.names());
        }
    }

    #[test]
    fn a_search_without_end_decides_a_small_game() {
        let limits = Limits::simulations(u32::MAX);
        let start = autodidact_games::Go::new(autodidact_games::go::Rules::default()).expect("a board");
        assert!(start.bytes() > 20_000 && TicTacToe::new().bytes() < 10);
        // The whole of tic-tac-toe is decided long before.
        let output = Session::new(TicTacToe::new(), Recipe::Uct, 1).think(limits).expect("a search");
        assert_eq!((output.bounds, output.ended), (Some([0.0, 0.0]), autodidact_mcts::Ended::Decided));
    }

    #[test]
    fn a_game_of_chance_goes_on() {
        let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(2);
        for recipe in Recipe::all() {
            let mut session = Session::new(Game2048::default(), recipe, 1);
            for _ in 0..24 {
                let action = match session.game().turn() {
                    Turn::Chance => draw_chance(session.game(), &mut rng),
                    Turn::Over => break,
                    _ => session.think(Limits::simulations(20)).expect("a search").action,
                };
                session.play(action).expect("legal");
            }
            assert!(session.total() > 0.0, "{recipe}");
            assert!(session.result_text().contains("points") || session.game().turn() == Turn::Chance);
        }
    }

    #[test]
    fn who_won_is_told() {
        let mut session = Session::new(ConnectFour::default(), Recipe::Uct, 1);
        for name in ["1", "2", "1", "2", "1", "2", "3", "2"] {
            let action = session.game().parse_action(name).expect("legal");
            session.play(action).expect("legal");
        }
        assert_eq!(session.result_text(), "O wins");
        assert_eq!(session.total(), -1.0);
        assert!(matches!(session.think(Limits::simulations(1)), Err(Error::Over { .. })));
    }
}
