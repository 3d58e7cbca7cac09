//! What a search says about its root.

use autodidact_games::Action;
use rand::RngExt;
use serde::Serialize;

use crate::choose::{Scratch, improved_policy, regularized_policy};
use crate::config::{Act, Config, Learn};
use crate::lanes::{draw, first_maximum, highest, total};
use crate::node::{NONE, ROOT};
use crate::worker::Worker;

/// What a search found at its root. Everything but the numbers of the root is `[legal actions]`, in the order of `actions`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyOutput {
    /// The move to play, as [`Config::act`] says.
    pub action: Action,
    /// The legal moves, or those that were drawn of them.
    pub actions: Vec<Action>,
    /// The network's policy, without noise.
    pub prior: Vec<f32>,
    /// How often each move was visited.
    pub visits: Vec<u32>,
    /// The mean return of each move, from the side of the player to move; that of the root where there was no visit.
    pub q: Vec<f32>,
    /// Visits with one more for each move, as shares: `π̂ = (1 + n) / (|A| + N)`.
    pub pi_hat: Vec<f32>,
    /// The regularized policy π̄ of the present values.
    pub pi_bar: Vec<f32>,
    /// What the policy is to learn, by cross-entropy, as [`Config::learn`] says: a distribution.
    pub target: Vec<f32>,
    /// The mean return of the root: what its value is to learn where no final result is known.
    pub value: f32,
    /// The network's value of the root.
    pub raw_value: f32,
    /// Between these the root's value lies for certain; the same number twice if it is known.
    pub bounds: Option<[f32; 2]>,
    /// Positions in the tree.
    pub nodes: usize,
    /// The longest way from the root to one of them.
    pub depth: u32,
    /// Why the search ended.
    pub ended: Ended,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// All simulations were made.
    Simulations,
    /// The time was over.
    Time,
    /// The tree has as many positions as it may have.
    Nodes,
    /// The tree takes as many bytes as it may take.
    Memory,
    /// The value of the root is known for certain.
    Decided,
}

impl<S> Worker<S> {
    /// What the search says about its root now.
    pub fn output(&mut self, config: &Config, ended: Ended, scratch: &mut Scratch) -> PolicyOutput {
        let Self { tree, rng, halving } = self;
        let root = tree.nodes[ROOT as usize];
        let (edges, actions) = (root.visited(), root.actions());
        let view = tree.view(&root);
        let visits = &tree.edges.visits[edges.clone()];
        let pi_bar = regularized_policy(config, &view, scratch);
        let visited = |place: usize| tree.edges.child[edges.start + place] != NONE;
        let all = (edges.len() as u32 + root.action_visits()) as f32;
        let pi_hat = visits.iter().map(|visits| (1 + visits) as f32 / all).collect();
        let visit_shares: Vec<f32> = match root.action_visits() {
            0 => tree.edges.prior[root.priors()].to_vec(),
            total => visits.iter().map(|&visits| visits as f32 / total as f32).collect(),
        };
        let target = match config.learn {
            Learn::Visits => visit_shares.clone(),
            Learn::Regularized => pi_bar.clone(),
            Learn::Improved => improved_policy(config, &view, scratch),
        };
        // Of the edges whose worth is certain and the best the most visited: what was found on average, here or by another way, says less.
        let decided = if root.is_decided() {
            let certain = edges.clone().enumerate().filter(|(_, edge)| tree.least(*edge) >= root.bounds[0]);
            certain.rev().max_by_key(|(_, edge)| tree.edges.visits[*edge]).map(|(place, _)| place)
        } else {
            None
        };
        let place = if let Some(place) = decided {
            place
        } else {
            match config.act {
                Act::Visits { temperature } => {
                    // Of equally visited moves the better one.
                    pick(&visit_shares, temperature, |place| view.q[place], rng)
                }
                Act::Regularized { temperature } => pick(&pi_bar, temperature, |place| view.q[place], rng),
                Act::Halving => {
                    let chosen = halving.as_ref().map(|halving| halving.best(config, tree, scratch));
                    chosen.unwrap_or_else(|| first_maximum(&visit_shares).unwrap_or(0))
                }
            }
        };
        PolicyOutput {
            action: tree.edges.action[actions.start + place],
            actions: tree.edges.action[actions].to_vec(),
            prior: tree.root_prior.clone(),
            visits: visits.to_vec(),
            q: (0..edges.len())
                .map(|place| if visited(place) { view.q[place] } else { view.value })
                .collect(),
            pi_hat,
            pi_bar,
            target,
            value: root.value as f32,
            raw_value: root.raw_value,
            bounds: config.proven.map(|_| root.bounds),
            nodes: tree.nodes.len(),
            depth: tree.depth(),
            ended,
        }
    }
}

/// Draws in proportion to `policy^(1 / temperature)`; at 0 the largest, and of equals the better.
fn pick(policy: &[f32], temperature: f32, q: impl Fn(usize) -> f32, rng: &mut impl rand::Rng) -> usize {
    if temperature == 0.0 {
        let places = (0..policy.len()).rev();
        return places
            .max_by(|&a, &b| policy[a].total_cmp(&policy[b]).then(q(a).total_cmp(&q(b))))
            .unwrap_or(0);
    }
    if temperature == 1.0 {
        return draw(policy, rng.random::<f32>() * total(policy));
    }
    let highest = highest(policy);
    let weights: Vec<f32> = policy.iter().map(|share| (share / highest).powf(1.0 / temperature)).collect();
    draw(&weights, rng.random::<f32>() * total(&weights))
}
