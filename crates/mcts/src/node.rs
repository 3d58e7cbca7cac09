//! How a tree is stored.

use autodidact_games::Action;

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
    /// Place and number of its edges.
    pub first: u32,
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
    /// The edges, as a range of places.
    #[inline(always)]
    pub fn edges(&self) -> std::ops::Range<usize> {
        self.first as usize..self.first as usize + self.count as usize
    }

    /// Whether its value is known for certain.
    #[inline(always)]
    pub fn is_decided(&self) -> bool {
        self.bounds[0] >= self.bounds[1]
    }

    /// Visits of all actions together.
    #[inline(always)]
    pub fn action_visits(&self) -> u32 {
        // A chance node has no evaluation of its own.
        if self.kind == Kind::Chance { self.visits } else { self.visits - 1 }
    }
}

/// All edges of a tree, field by field; those of a node lie side by side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges {
    pub action: Vec<Action>,
    pub prior: Vec<f32>,
    pub visits: Vec<u32>,
    /// `reward + discount · value` of the node that it leads to, once there is one.
    pub q: Vec<f32>,
    pub child: Vec<u32>,
}

impl Edges {
    pub fn len(&self) -> usize {
        self.action.len()
    }

    pub fn reserve(&mut self, count: usize) {
        self.action.reserve(count);
        self.prior.reserve(count);
        self.visits.reserve(count);
        self.q.reserve(count);
        self.child.reserve(count);
    }

    /// Adds edges that were not visited.
    pub fn extend(&mut self, actions: &[Action], priors: &[f32]) {
        let len = self.len() + actions.len();
        self.action.extend_from_slice(actions);
        self.prior.extend_from_slice(priors);
        self.visits.resize(len, 0);
        self.q.resize(len, 0.0);
        self.child.resize(len, NONE);
    }

    /// Adds edges of another tree, as they are.
    pub fn copy_from(&mut self, other: &Self, range: std::ops::Range<usize>) {
        self.action.extend_from_slice(&other.action[range.clone()]);
        self.prior.extend_from_slice(&other.prior[range.clone()]);
        self.visits.extend_from_slice(&other.visits[range.clone()]);
        self.q.extend_from_slice(&other.q[range.clone()]);
        self.child.extend_from_slice(&other.child[range]);
    }

    /// Bytes for one edge.
    pub const BYTES: usize = 20;
}
