//! A choice between actions whose returns are noisy, as a game for one.

use autodidact_games::{Action, Game, Turn};

/// An action is chosen once; whatever follows is looked at again and again, with other noise each time.
#[derive(Clone, Debug)]
pub(super) struct Bandit {
    actions: usize,
    chosen: Option<Action>,
    looked: u32,
}

impl Bandit {
    pub fn new(actions: usize) -> Self {
        Self { actions, chosen: None, looked: 0 }
    }

    pub fn chosen(&self) -> Option<Action> {
        self.chosen
    }
}

impl Game for Bandit {
    fn num_actions(&self) -> usize {
        self.actions
    }

    fn turn(&self) -> Turn {
        Turn::First
    }

    fn legal_actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        // After the choice there is nothing to choose.
        actions.extend(0..if self.chosen.is_none() { self.actions as Action } else { 1 });
    }

    fn play(&mut self, action: Action) -> f32 {
        if self.chosen.is_some() {
            self.looked += 1;
        } else {
            self.chosen = Some(action);
        }
        0.0
    }

    fn key(&self) -> u64 {
        self.chosen.map_or(0, |action| u64::from(action + 1) << 32 | u64::from(self.looked))
    }
}
