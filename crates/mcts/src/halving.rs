//! Sequential halving at the root: which of its actions are looked at next, and which is the best.

use pulp::{Simd, WithSimd};

use crate::choose::{Scratch, Sigma};
use crate::config::Config;
use crate::node::ROOT;
use crate::tree::Tree;
use crate::vectors::{First, load, load_counts};

/// For each simulation, how often an action that is looked at in it was visited before: of `considered` actions, all are visited
/// equally often, then the better half of them, and so on while there are two (Karnin, Koren, Somekh 2013; Danihelka et al. 2022,
/// algorithm 2).
///
/// ```
/// assert_eq!(autodidact_mcts::considered_visits(4, 9), [0, 0, 0, 0, 1, 1, 2, 2, 3]);
/// ```
pub fn considered_visits(considered: u32, num_simulations: u32) -> Vec<u32> {
    let phases = phases(considered, num_simulations);
    (0..num_simulations).map(|made| considered_visit(&phases, made)).collect()
}

/// Rounds in which equally many actions are looked at.
#[derive(Clone, Copy, Debug)]
struct Phase {
    /// Simulations before it.
    begun: u32,
    /// Visits of each of its actions before it.
    visits: u32,
    remaining: u32,
}

fn phases(considered: u32, num_simulations: u32) -> Vec<Phase> {
    let count = considered.next_power_of_two().trailing_zeros();
    let mut phases = vec![Phase { begun: 0, visits: 0, remaining: considered.max(1) }];
    loop {
        let Phase { begun, visits, remaining } = phases[phases.len() - 1];
        // The last two are looked at by turns until the end.
        if remaining <= 2 {
            return phases;
        }
        let rounds = (num_simulations / (count * remaining)).max(1);
        let begun = begun + rounds * remaining;
        phases.push(Phase { begun, visits: visits + rounds, remaining: (remaining / 2).max(2) });
    }
}

/// The entry of [`considered_visits`] after so many simulations.
#[inline(always)]
fn considered_visit(phases: &[Phase], made: u32) -> u32 {
    let mut place = 0;
    while place + 1 < phases.len() && phases[place + 1].begun <= made {
        place += 1;
    }
    let Phase { begun, visits, remaining } = phases[place];
    visits + (made - begun) / remaining
}

/// What the search of a root needs for it.
#[derive(Clone, Debug)]
pub(crate) struct Halving {
    /// `g + ln π` of each action, the largest at 0 without its noise.
    scores: Vec<f32>,
    phases: Vec<Phase>,
    /// Simulations that are planned.
    planned: u32,
    /// Visits of each action when the search began.
    before: Vec<u32>,
}

impl Halving {
    pub fn new(scores: Vec<f32>, considered: u32, planned: u32, before: &[u32]) -> Self {
        Self { scores, phases: phases(considered, planned), planned, before: before.to_vec() }
    }

    /// The considered action of the largest `g + ln π + σ(q)`. For operations that are compiled for the machine's instructions.
    #[inline(always)]
    pub fn choose<S: Simd, T>(
        &self,
        simd: S,
        config: &Config,
        tree: &Tree<T>,
        scratch: &mut Scratch,
    ) -> usize {
        let [total, most] = self.count(tree, &mut scratch.made);
        // More simulations than were planned go to the best.
        let mut visits = most;
        if total < self.planned {
            let wanted = considered_visit(&self.phases, total);
            let mut is_there = false;
            for made in &scratch.made {
                is_there |= *made == wanted;
            }
            visits = if is_there { wanted } else { most };
        }
        self.best_of(simd, config, tree, &scratch.made, visits)
    }

    /// Of the actions that this search visited most, the best.
    pub fn best<T>(&self, config: &Config, tree: &Tree<T>, scratch: &mut Scratch) -> usize {
        let [_, most] = self.count(tree, &mut scratch.made);
        scratch.arch.dispatch(Best { halving: self, config, tree, made: &scratch.made, visits: most })
    }

    /// Counts the visits of each action in this search, those on their way among them; returns their sum and the most.
    #[inline(always)]
    fn count<T>(&self, tree: &Tree<T>, made: &mut Vec<u32>) -> [u32; 2] {
        let edges = tree.nodes[ROOT as usize].visited();
        made.resize(self.before.len(), 0);
        let (visits, before) = (&tree.edges.visits[edges.clone()][..made.len()], &self.before[..made.len()]);
        for place in 0..made.len() {
            made[place] = visits[place] - before[place];
        }
        if let Some(pending) = tree.pending(edges) {
            for place in 0..made.len() {
                made[place] += pending[place];
            }
        }
        let (mut total, mut most) = (0, 0);
        for count in &*made {
            total += *count;
            most = if *count > most { *count } else { most };
        }
        [total, most]
    }

    /// The best of the actions with a number of visits.
    #[inline(always)]
    fn best_of<S: Simd, T>(
        &self,
        simd: S,
        config: &Config,
        tree: &Tree<T>,
        made: &[u32],
        visits: u32,
    ) -> usize {
        let view = tree.view(&tree.nodes[ROOT as usize]);
        let sigma = Sigma::new(simd, config, &view);
        let lowest = simd.splat_f32s(f32::NEG_INFINITY);
        let mut first = First::new(simd);
        for from in (0..made.len()).step_by(S::F32_LANES) {
            let part = view.part(simd, from);
            let score = simd.add_f32s(sigma.of(simd, &part), load(simd, &self.scores, from));
            // The least logit that mctx has, so that an action of no prior is better than one that is not considered.
            let score = simd.max_f32s(score, simd.splat_f32s(-1e9));
            let made = load_counts(simd, made, from);
            let is_considered = simd.equal_u32s(made, simd.splat_u32s(visits));
            let is_considered = simd.and_m32s(is_considered, part.is_edge);
            first.take(simd, simd.select_f32s(is_considered, score, lowest));
        }
        first.place(simd, made.len())
    }
}

struct Best<'a, T> {
    halving: &'a Halving,
    config: &'a Config,
    tree: &'a Tree<T>,
    made: &'a [u32],
    visits: u32,
}

impl<T> WithSimd for Best<'_, T> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let Self { halving, config, tree, made, visits } = self;
        halving.best_of(simd, config, tree, made, visits)
    }
}

#[cfg(test)]
mod tests {
    use super::considered_visits;

    /// Sequences that `get_sequence_of_considered_visits` of mctx 0.0.71 gives.
    #[test]
    fn sequences_are_mctxs() {
        assert_eq!(considered_visits(1, 4), [0, 1, 2, 3]);
        assert_eq!(considered_visits(2, 5), [0, 0, 1, 1, 2]);
        assert_eq!(considered_visits(3, 16), [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
        assert_eq!(considered_visits(4, 16), [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
        assert_eq!(considered_visits(5, 20), [0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8]);
        let long: Vec<u32> = [0; 16].into_iter().chain([1; 8]).chain([2, 2, 2, 2, 3, 3, 3, 3]).collect();
        assert_eq!(considered_visits(16, 32), long);
    }
}
