//! How a tree is stored.

use std::cell::RefCell;

use autodidact_games::Action;
use pulp::Simd;

use crate::solver::Family;
use crate::tree::Policy;
use crate::vectors::softmax;
use crate::{Error, Result};

/// No node.
pub(crate) const NONE: u32 = u32::MAX;
/// The first node.
pub(crate) const ROOT: u32 = 0;

/// Who decides at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A player.
    Decision,
    /// Nobody: priors are probabilities.
    Chance,
    /// The game is over.
    Over,
}

/// A position that was evaluated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Node {
    /// Mean of all returns from here, the evaluation among them; from the side of who decides here.
    pub value: f64,
    /// Where its edges' actions, priors and, once one was chosen, visits begin, and how many there are.
    pub first_action: u32,
    pub first_prior: u32,
    pub first_visit: u32,
    pub count: u32,
    /// Its evaluation and those of its edges.
    pub visits: u32,
    /// The evaluation.
    pub raw_value: f32,
    /// Of the step that leads here.
    pub reward: f32,
    /// What a value here counts one step before; negative where sides change.
    pub discount: f32,
    /// δ of the last solution of its regularized policy, to begin with next time.
    pub delta: f32,
    /// Between these its true value lies.
    pub bounds: [f32; 2],
    /// Whether something is known for certain of an action.
    pub is_informed: bool,
    /// Whether the second player decides here, or after a chance outcome decided last.
    pub is_second: bool,
    pub kind: Kind,
}

impl Node {
    /// Where its actions are.
    #[inline(always)]
    pub fn actions(&self) -> std::ops::Range<usize> {
        self.first_action as usize..self.first_action as usize + self.count as usize
    }

    /// Where its priors are.
    #[inline(always)]
    pub fn priors(&self) -> std::ops::Range<usize> {
        self.first_prior as usize..self.first_prior as usize + self.count as usize
    }

    /// Where visits of its edges are; nowhere if none was chosen yet.
    #[inline(always)]
    pub fn visited(&self) -> std::ops::Range<usize> {
        if self.first_visit == NONE {
            return 0..0;
        }
        self.first_visit as usize..self.first_visit as usize + self.count as usize
    }

    /// Whether its value is known for certain.
    #[inline(always)]
    pub fn is_decided(&self) -> bool {
        self.bounds[0] >= self.bounds[1]
    }

    /// What it is worth one step before: what is known for certain, or the mean.
    #[inline(always)]
    pub fn worth(&self) -> f32 {
        let value = if self.is_decided() { self.bounds[0] } else { self.value as f32 };
        self.reward + self.discount * value
    }

    /// Visits of all actions together.
    #[inline(always)]
    pub fn action_visits(&self) -> u32 {
        // A chance node has no evaluation of its own.
        if self.kind == Kind::Chance { self.visits } else { self.visits - 1 }
    }
}

/// All edges of a tree, field by field; those of a node lie side by side.
///
/// Most nodes are leaves: they have actions, often those of the node before, and priors; room for visits is made when an edge is first
/// chosen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges {
    pub action: Vec<Action>,
    pub prior: Vec<f32>,
    pub visits: Vec<u32>,
    /// [`Family::gain`] of each, for choices by the largest score between few actions; empty where others are made.
    pub gain: Vec<f32>,
    /// What gains are of, if they are kept.
    gains_of: Option<Family>,
    /// `reward + discount · value` of the node that it leads to, once there is one.
    pub q: Vec<f32>,
    pub child: Vec<u32>,
}

thread_local! {
    /// Memory of a tree that this thread needs no longer, for the next one: the allocator would give it back to the system, and getting
    /// it again takes as long as much of a search does.
    static SPARE: RefCell<Edges> = RefCell::default();
}

/// Bytes that a thread keeps at most.
const SPARE_BYTES: usize = 4 << 20;

impl Edges {
    /// None, with room for some if this thread has spare memory.
    pub fn with_spare_memory() -> Self {
        SPARE.try_with(RefCell::take).unwrap_or_default()
    }

    /// Leaves their memory to the next tree of this thread, unless it has more already.
    pub fn recycle(mut self) {
        let capacity = self.capacity();
        // While a thread ends there is nobody to leave it to.
        let _ = SPARE.try_with(|spare| {
            if capacity > spare.borrow().capacity() && 4 * capacity <= SPARE_BYTES {
                self.clear();
                spare.replace(self);
            }
        });
    }

    fn capacity(&self) -> usize {
        let visited =
            self.visits.capacity() + self.gain.capacity() + self.q.capacity() + self.child.capacity();
        self.action.capacity() + self.prior.capacity() + visited
    }

    fn clear(&mut self) {
        self.action.clear();
        self.prior.clear();
        self.visits.clear();
        self.gain.clear();
        self.gains_of = None;
        self.q.clear();
        self.child.clear();
    }

    /// Room for the edges of so many more nodes with so many actions.
    pub fn reserve(&mut self, nodes: usize, actions: usize) {
        self.prior.reserve(nodes * actions);
        // An edge leads to each of them, and most are never searched themselves.
        let visited = nodes + actions;
        self.visits.reserve(visited);
        self.q.reserve(visited);
        self.child.reserve(visited);
        if self.gains_of.is_some() {
            self.gain.reserve(visited);
        }
    }

    /// Adds actions, unless they are those of the node that was added last, which are `before`; returns where they begin.
    #[inline(always)]
    pub fn extend_actions(&mut self, before: std::ops::Range<usize>, actions: &[Action]) -> u32 {
        if self.action[before.clone()] == *actions {
            return before.start as u32;
        }
        self.action.extend_from_slice(actions);
        (self.action.len() - actions.len()) as u32
    }

    /// Adds priors, and returns where they begin.
    #[inline(always)]
    pub fn extend_priors<V: Simd>(&mut self, simd: V, policy: Policy<'_>) -> Result<u32> {
        let first = self.prior.len();
        let (Policy::Priors(numbers) | Policy::Logits(numbers)) = policy;
        self.prior.extend_from_slice(numbers);
        if let Policy::Logits(logits) = policy
            && !softmax(simd, &mut self.prior[first..])
        {
            self.prior.truncate(first);
            return Err(Error::Policy { sum: f32::NAN, count: logits.len() });
        }
        Ok(first as u32)
    }

    /// Makes room for visits of edges of which these are the priors, and returns where it begins.
    pub fn open(&mut self, priors: std::ops::Range<usize>) -> u32 {
        let first = self.visits.len() as u32;
        let len = self.visits.len() + priors.len();
        match self.gains_of {
            // After no visit it is the prior itself.
            Some(Family::Kl) => self.gain.extend_from_slice(&self.prior[priors]),
            Some(Family::Hellinger) => self.gain.resize(len, 1.0),
            None => {}
        }
        self.visits.resize(len, 0);
        self.q.resize(len, 0.0);
        self.child.resize(len, NONE);
        first
    }

    /// Counts a visit of an edge, whose prior is there.
    #[inline(always)]
    pub fn count_visit(&mut self, edge: usize, prior: usize) {
        self.visits[edge] += 1;
        if let Some(family) = self.gains_of {
            self.gain[edge] = family.gain(self.prior[prior], self.visits[edge]);
        }
    }

    /// Keeps gains of a family from now on, or none; those of the root, whose prior may have changed, are found anew.
    pub fn keep_gains(&mut self, family: Option<Family>, nodes: &[Node]) {
        let changed = if self.gains_of == family { &nodes[..1] } else { nodes };
        self.gains_of = family;
        let Some(family) = family else {
            self.gain.clear();
            return;
        };
        self.gain.resize(self.visits.len(), 0.0);
        for node in changed {
            for (edge, prior) in node.visited().zip(node.priors()) {
                self.gain[edge] = family.gain(self.prior[prior], self.visits[edge]);
            }
        }
    }

    /// Whether gains are kept.
    pub fn has_gains(&self) -> bool {
        self.gains_of.is_some()
    }

    /// The longest of its vectors.
    pub fn len(&self) -> usize {
        self.prior.len().max(self.visits.len())
    }

    /// Bytes of all its vectors.
    pub fn bytes(&self) -> usize {
        4 * (self.action.len() + self.prior.len() + 3 * self.visits.len() + self.gain.len())
    }
}
