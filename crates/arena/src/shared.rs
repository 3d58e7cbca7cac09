//! Evaluators of any kind behind one type.

use std::fmt;
use std::sync::Arc;

use autodidact_games::Game;
use autodidact_mcts::{Batch, Evaluator};

/// Who says what positions are worth: random games, or a network. Copies are the same evaluator.
pub struct Shared<G>(Arc<dyn Evaluator<G> + Send>);

impl<G: Game> Shared<G> {
    /// Of this evaluator.
    pub fn new(evaluator: impl Evaluator<G> + Send + 'static) -> Self {
        Self(Arc::new(evaluator))
    }
}

impl<G> Clone for Shared<G> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<G> fmt::Debug for Shared<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}

impl<G: Game> Evaluator<G> for Shared<G> {
    fn evaluate(&self, batch: &mut Batch<G>) -> autodidact_mcts::Result<()> {
        self.0.evaluate(batch)
    }
}
