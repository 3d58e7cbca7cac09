//! What a search says of every move, for people.

use autodidact_mcts::PolicyOutput;
use serde::Serialize;

use crate::playable::Playable;

/// What a search says of a move.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Opinion {
    /// Its name.
    pub action: String,
    /// How often it was visited.
    pub visits: u32,
    /// Its mean return, from the side of the player to move.
    pub q: f32,
    /// What the evaluator preferred.
    pub prior: f32,
    /// Its share of visits, one more for each move.
    pub pi_hat: f32,
    /// Its share of the regularized policy.
    pub pi_bar: f32,
}

impl Opinion {
    /// What a search of `game` says of every move, in the order of the output.
    pub fn of<G: Playable>(game: &G, output: &PolicyOutput) -> Vec<Self> {
        let places = output.actions.iter().enumerate();
        places
            .map(|(place, action)| Self {
                action: game.action_name(*action),
                visits: output.visits[place],
                q: output.q[place],
                prior: output.prior[place],
                pi_hat: output.pi_hat[place],
                pi_bar: output.pi_bar[place],
            })
            .collect()
    }
}

/// The moves in columns, the most visited first; `most` lines of them, and how many are left out.
pub fn table(opinions: &[Opinion], most: usize) -> String {
    let mut sorted: Vec<&Opinion> = opinions.iter().collect();
    sorted.sort_by(|a, b| b.visits.cmp(&a.visits).then(b.q.total_cmp(&a.q)));
    let mut lines =
        vec![format!("{:<8}{:>9}{:>9}{:>8}{:>8}{:>8}", "move", "visits", "q", "prior", "pi_hat", "pi_bar")];
    lines.extend(sorted.iter().take(most).map(|opinion| {
        let Opinion { action, visits, q, prior, pi_hat, pi_bar } = opinion;
        format!("{action:<8}{visits:>9}{q:>+9.3}{prior:>8.3}{pi_hat:>8.3}{pi_bar:>8.3}")
    }));
    if sorted.len() > most {
        lines.push(format!("and {} moves with fewer visits", sorted.len() - most));
    }
    lines.join("\n")
}
