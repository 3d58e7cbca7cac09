//! Who says what a position of a known game is worth.

use autodidact_games::{Action, Game};

use crate::Result;

/// Values and policies for positions of a game, several at a time.
///
/// What is said of a position may depend on it and on its seed alone, not on the others beside it: then a search does not depend on how
/// positions are grouped.
pub trait Evaluator<G: Game>: Sync {
    /// Gives every position of the batch a value and a policy.
    ///
    /// # Errors
    /// Whatever keeps it from that; the search ends with the same error.
    fn evaluate(&self, batch: &mut Batch<G>) -> Result<()>;
}

impl<G: Game, F: Fn(&mut Batch<G>) -> Result<()> + Sync> Evaluator<G> for F {
    fn evaluate(&self, batch: &mut Batch<G>) -> Result<()> {
        self(batch)
    }
}

/// Positions to evaluate: none of them is over, and in each it is a player's turn.
#[derive(Clone, Debug)]
pub struct Batch<G> {
    games: Vec<G>,
    seeds: Vec<u64>,
    /// Where the actions of a position begin, and at the end where the last ones end.
    offsets: Vec<usize>,
    actions: Vec<Action>,
    policies: Vec<f32>,
    values: Vec<f32>,
    legal: Vec<Action>,
}

impl<G> Default for Batch<G> {
    fn default() -> Self {
        Self {
            games: Vec::new(),
            seeds: Vec::new(),
            offsets: vec![0],
            actions: Vec::new(),
            policies: Vec::new(),
            values: Vec::new(),
            legal: Vec::new(),
        }
    }
}

impl<G: Game> Batch<G> {
    /// A batch of positions, for an evaluator that is asked without a search.
    ///
    /// ```
    /// use autodidact_games::ConnectFour;
    /// use autodidact_mcts::{Batch, Evaluator, Rollouts};
    ///
    /// let mut batch = Batch::of([ConnectFour::default()]);
    /// Rollouts::default().evaluate(&mut batch)?;
    /// assert_eq!((batch.actions(0).len(), batch.policy(0).len()), (7, 7));
    /// # Ok::<(), autodidact_mcts::Error>(())
    /// ```
    pub fn of(games: impl IntoIterator<Item = G>) -> Self {
        let mut batch = Self::default();
        games.into_iter().zip(0..).for_each(|(game, seed)| batch.push(game, seed));
        batch
    }

    /// The legal move of the largest probability.
    ///
    /// # Panics
    /// If the position has no legal move.
    pub fn preferred(&self, index: usize) -> Action {
        let place = crate::lanes::first_maximum(self.policy(index)).expect("a legal move");
        self.actions(index)[place]
    }

    /// How many positions there are.
    pub fn len(&self) -> usize {
        self.games.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.games.is_empty()
    }

    /// A position.
    pub fn game(&self, index: usize) -> &G {
        &self.games[index]
    }

    /// Its legal moves.
    pub fn actions(&self, index: usize) -> &[Action] {
        &self.actions[self.offsets[index]..self.offsets[index + 1]]
    }

    /// A number that is the position's own, for evaluators that draw.
    pub fn seed(&self, index: usize) -> u64 {
        self.seeds[index]
    }

    /// Says what a position is worth to the player whose turn it is, and how probable each of its legal moves should be, in their order:
    /// numbers of 0 or more that sum to 1.
    ///
    /// # Panics
    /// If the policy has not one number for each legal move.
    pub fn set(&mut self, index: usize, value: f32, policy: &[f32]) {
        self.values[index] = value;
        self.policies[self.offsets[index]..self.offsets[index + 1]].copy_from_slice(policy);
    }

    /// The same, from the logits of all moves of the game, legal or not.
    ///
    /// # Panics
    /// If there are fewer logits than moves.
    pub fn set_logits(&mut self, index: usize, value: f32, logits: &[f32]) {
        self.values[index] = value;
        let range = self.offsets[index]..self.offsets[index + 1];
        let policy = &mut self.policies[range.clone()];
        for (probability, &action) in policy.iter_mut().zip(&self.actions[range]) {
            *probability = logits[action as usize];
        }
        pulp::Arch::new().dispatch(crate::vectors::Softmax(policy));
    }

    /// The same with a policy that prefers no move.
    pub fn set_uniform(&mut self, index: usize, value: f32) {
        self.values[index] = value;
        let policy = &mut self.policies[self.offsets[index]..self.offsets[index + 1]];
        policy.fill(1.0 / policy.len() as f32);
    }

    pub(crate) fn clear(&mut self) {
        self.games.clear();
        self.seeds.clear();
        self.offsets.truncate(1);
        self.actions.clear();
        self.policies.clear();
        self.values.clear();
    }

    pub(crate) fn push(&mut self, game: G, seed: u64) {
        if self.actions.is_empty() {
            game.legal_actions(&mut self.actions);
        } else {
            game.legal_actions(&mut self.legal);
            self.actions.extend_from_slice(&self.legal);
        }
        self.offsets.push(self.actions.len());
        self.policies.resize(self.actions.len(), f32::NAN);
        self.values.push(f32::NAN);
        self.games.push(game);
        self.seeds.push(seed);
    }

    /// Takes the last position out.
    pub(crate) fn pop(&mut self) {
        self.games.pop();
        self.seeds.pop();
        self.values.pop();
        self.offsets.pop();
        let end = self.offsets[self.offsets.len() - 1];
        self.actions.truncate(end);
        self.policies.truncate(end);
    }

    /// What a position was said to be worth; not a number before.
    pub fn value(&self, index: usize) -> f32 {
        self.values[index]
    }

    /// The policy that a position was given; not numbers before.
    pub fn policy(&self, index: usize) -> &[f32] {
        &self.policies[self.offsets[index]..self.offsets[index + 1]]
    }

    /// Takes the only position, whose evaluation stays.
    pub(crate) fn take_game(&mut self) -> G {
        self.games.pop().expect("the position that was put here")
    }

    /// Puts the positions, in their order, in the place of others.
    pub(crate) fn move_games(&mut self, games: &mut Vec<G>) {
        games.clear();
        std::mem::swap(&mut self.games, games);
    }
}
