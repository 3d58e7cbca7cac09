//! A tree: descending to a leaf, adding it, and taking its value back to the root.

use std::hint::cold_path;

use autodidact_games::Action;
use pulp::Simd;
use rand::{Rng, RngExt};

use crate::choose::{Scratch, choose};
use crate::config::{Config, Interior, Normalization};
use crate::few::Plain;
use crate::halving::Halving;
use crate::lanes::{draw, maximum, minimum, total};
use crate::node::{Edges, Kind, NONE, Node, ROOT};
use crate::values::View;
use crate::{Error, Result};

/// A sum of a policy may be this far from 1.
const POLICY_TOLERANCE: f32 = 1e-3;

/// What is known of a position when it is added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expansion<'a> {
    pub kind: Kind,
    pub is_second: bool,
    pub reward: f32,
    pub discount: f32,
    pub value: f32,
    pub actions: &'a [Action],
    pub policy: Policy<'a>,
}

/// A number for each action.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Policy<'a> {
    /// Summing to 1.
    Priors(&'a [f32]),
    /// Of which priors are the softmax.
    Logits(&'a [f32]),
}

impl Expansion<'_> {
    #[inline(always)]
    fn check(&self) -> Result<()> {
        for (name, value) in [("value", self.value), ("reward", self.reward), ("discount", self.discount)] {
            if !value.is_finite() {
                return Err(Error::NotFinite { name, value });
            }
        }
        if self.kind == Kind::Over {
            return Ok(());
        }
        let (Policy::Priors(numbers) | Policy::Logits(numbers)) = self.policy;
        let (count, found) = (self.actions.len(), numbers.len());
        if found != count {
            return Err(Error::Length { name: "policy", found, expected: count });
        }
        match self.policy {
            Policy::Priors(priors) => check_evaluation(self.value, priors),
            Policy::Logits(_) if count == 0 => Err(Error::NoActions),
            // Seen when they become priors.
            Policy::Logits(_) => Ok(()),
        }
    }
}

/// That a value is a number, and a policy one.
#[inline(always)]
pub(crate) fn check_evaluation(value: f32, priors: &[f32]) -> Result<()> {
    if !value.is_finite() {
        return Err(Error::NotFinite { name: "value", value });
    }
    if priors.is_empty() {
        return Err(Error::NoActions);
    }
    if is_policy(priors) {
        return Ok(());
    }
    Err(Error::Policy { sum: policy_sum(priors), count: priors.len() })
}

/// What a policy sums to; NaN if a number is below zero or none.
#[inline(always)]
fn policy_sum(priors: &[f32]) -> f32 {
    let mut is_right = true;
    for place in 0..priors.len() {
        is_right &= priors[place] >= 0.0;
    }
    if is_right { total(priors) } else { f32::NAN }
}

/// Whether these are numbers of 0 or more that sum to 1.
#[inline(always)]
pub(crate) fn is_policy(priors: &[f32]) -> bool {
    (policy_sum(priors) - 1.0).abs() <= POLICY_TOLERANCE
}

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub node: u32,
    /// The place of the edge's visits among all.
    pub edge: u32,
}

/// Where a descent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// At an edge that leads nowhere yet.
    New(Step),
    /// At a node from which nothing is searched.
    Known(u32),
}

/// Positions that were evaluated, each with a state of whoever evaluates.
#[derive(Clone, Debug)]
pub(crate) struct Tree<S> {
    pub nodes: Vec<Node>,
    pub edges: Edges,
    pub states: Vec<S>,
    /// The least and the largest value of an action so far.
    pub range: [f32; 2],
    /// Visits that are on their way, edge by edge, where several leaves are collected before one is evaluated.
    pending: Vec<u32>,
    /// The root's prior without noise.
    pub root_prior: Vec<f32>,
}

impl<S> Tree<S> {
    /// A tree without a root, which is not to be searched.
    pub fn empty() -> Self {
        Self {
            nodes: Vec::new(),
            edges: Edges::with_spare_memory(),
            states: Vec::new(),
            range: [f32::INFINITY, f32::NEG_INFINITY],
            pending: Vec::new(),
            root_prior: Vec::new(),
        }
    }

    /// A tree of the root alone.
    pub fn new(state: S, root: &Expansion<'_>, proven: Option<[f32; 2]>) -> Result<Self> {
        let mut tree = Self::empty();
        tree.add(pulp::Scalar::new(), state, root, proven)?;
        tree.root_prior = tree.edges.prior[tree.nodes[ROOT as usize].priors()].to_vec();
        tree.open_edges(ROOT);
        tree.widen(root.value);
        Ok(tree)
    }

    /// Room for so many more nodes with so many actions.
    pub fn reserve(&mut self, nodes: usize, actions: usize) {
        self.nodes.reserve(nodes);
        self.states.reserve(nodes);
        self.edges.reserve(nodes, actions);
    }

    /// Bytes that nodes, edges and positions take, without what a position holds outside itself.
    pub fn bytes(&self) -> usize {
        self.nodes.len() * (size_of::<Node>() + size_of::<S>()) + self.edges.bytes()
    }

    /// Whether no index is left for another position with as many actions as any.
    pub fn is_full(&self) -> bool {
        self.edges.len() as u64 + (1 << 20) >= u64::from(NONE)
            || self.nodes.len() as u64 + 1 >= u64::from(NONE)
    }

    #[inline(always)]
    fn widen(&mut self, value: f32) {
        self.range = [minimum(self.range[0], value), maximum(self.range[1], value)];
    }

    #[inline(always)]
    fn add<V: Simd>(
        &mut self,
        simd: V,
        state: S,
        expansion: &Expansion<'_>,
        proven: Option<[f32; 2]>,
    ) -> Result<u32> {
        expansion.check()?;
        let &Expansion { kind, is_second, reward, discount, value, actions, policy } = expansion;
        let (actions, policy) =
            if kind == Kind::Over { (&[][..], Policy::Priors(&[])) } else { (actions, policy) };
        let value = if kind == Kind::Over { 0.0 } else { value };
        let bounds = match kind {
            Kind::Over => [0.0; 2],
            Kind::Decision | Kind::Chance => unknown(proven, is_second),
        };
        let index = self.nodes.len() as u32;
        let before = self.nodes.last().map_or(0..0, Node::actions);
        let first_prior = self.edges.extend_priors(simd, policy)?;
        let first_action = self.edges.extend_actions(before, actions);
        self.nodes.push(Node {
            value: f64::from(value),
            first_action,
            first_prior,
            first_visit: NONE,
            count: actions.len() as u32,
            // A chance node has no evaluation of its own.
            visits: u32::from(kind != Kind::Chance),
            raw_value: value,
            reward,
            discount,
            delta: 0.0,
            bounds,
            is_informed: false,
            is_second,
            kind,
        });
        self.states.push(state);
        Ok(index)
    }

    /// Makes room for visits of a node's edges.
    #[inline(always)]
    fn open_edges(&mut self, at: u32) {
        let node = &mut self.nodes[at as usize];
        if node.first_visit == NONE {
            node.first_visit = self.edges.open(node.priors());
        }
    }

    /// The action of a step.
    pub fn action(&self, step: Step) -> Action {
        let node = &self.nodes[step.node as usize];
        self.edges.action[(node.first_action + step.edge - node.first_visit) as usize]
    }

    /// What a choice sees of a node of which an edge was chosen, or is about to be.
    #[inline(always)]
    pub fn view(&self, node: &Node) -> View<'_> {
        View {
            prior: &self.edges.prior[node.priors()],
            visits: &self.edges.visits[node.visited()],
            q: &self.edges.q[node.visited()],
            value: node.value as f32,
            raw_value: node.raw_value,
            total: node.action_visits(),
            tree_range: self.range,
        }
    }

    /// Goes on from where `path` leads, the root if it is empty, down to a leaf, and lengthens it. At the root `first` chooses if it is there.
    #[inline(always)]
    pub fn descend<V: Simd>(
        &mut self,
        simd: V,
        config: &Config,
        path: &mut Vec<Step>,
        scratch: &mut Scratch,
        rng: &mut impl Rng,
        first: Option<&Halving>,
    ) -> Leaf {
        let is_plain = self.edges.has_gains() && self.pending.is_empty() && first.is_none();
        let plain = if is_plain { Plain::of::<V>(config, self.range) } else { None };
        let mut at = path.last().map_or(ROOT, |step| self.edges.child[step.edge as usize]);
        loop {
            if let Some(plain) = plain
                && let Some(leaf) =
                    self.descend_plainly(plain, &mut at, config.max_depth, path, &mut scratch.factors)
            {
                return leaf;
            }
            let node = &self.nodes[at as usize];
            // A chance node has no value to go back with.
            let is_deep = path.len() as u32 >= config.max_depth && node.kind != Kind::Chance;
            if node.kind == Kind::Over || (node.is_decided() && at != ROOT) || is_deep {
                return Leaf::Known(at);
            }
            self.open_edges(at);
            let place = match first {
                Some(halving) if at == ROOT => halving.choose(simd, config, self, scratch),
                _ => self.choose(simd, at, config, scratch, rng),
            };
            let step = Step { node: at, edge: self.nodes[at as usize].first_visit + place as u32 };
            path.push(step);
            at = self.edges.child[step.edge as usize];
            if at == NONE {
                return Leaf::New(step);
            }
        }
    }

    #[inline(always)]
    fn choose<V: Simd>(
        &mut self,
        simd: V,
        at: u32,
        config: &Config,
        scratch: &mut Scratch,
        rng: &mut impl Rng,
    ) -> usize {
        let node = &self.nodes[at as usize];
        if node.kind == Kind::Chance {
            return draw(&self.edges.prior[node.priors()], rng.random::<f32>());
        }
        let is_open = if node.is_informed { self.open(node) } else { None };
        let view = self.view(node);
        let mut delta = node.delta;
        let place = match self.pending.get(node.visited()) {
            // Draws differ by themselves.
            Some(pending) if config.interior != Interior::Sample => {
                let (visits, q) = with_losses(&view, pending, config);
                let view = View { visits: &visits, q: &q, total: visits.iter().sum(), ..view };
                choose(simd, config, &view, is_open.as_deref(), &mut delta, scratch, rng)
            }
            _ => choose(simd, config, &view, is_open.as_deref(), &mut delta, scratch, rng),
        };
        self.nodes[at as usize].delta = delta;
        place
    }

    /// Counts a path that is on its way, or, afterwards, one less.
    pub fn mark_pending(&mut self, path: &[Step], is_begun: bool) {
        self.pending.resize(self.edges.visits.len(), 0);
        for step in path {
            let pending = &mut self.pending[step.edge as usize];
            *pending = if is_begun { *pending + 1 } else { *pending - 1 };
        }
    }

    /// Adds the position that an edge leads to.
    #[inline(always)]
    pub fn attach<V: Simd>(
        &mut self,
        simd: V,
        step: Step,
        state: S,
        expansion: &Expansion<'_>,
        proven: Option<[f32; 2]>,
    ) -> Result<u32> {
        let node = self.add(simd, state, expansion, proven)?;
        self.edges.child[step.edge as usize] = node;
        Ok(node)
    }

    /// Takes a value that was found at the end of a path back to the root.
    #[inline(always)]
    pub fn back_up(&mut self, path: &[Step], mut value: f32) {
        let [mut low, mut high] = self.range;
        for step in path.iter().rev() {
            let edge = step.edge as usize;
            let child = &self.nodes[self.edges.child[edge] as usize];
            value = child.reward + child.discount * value;
            let q = child.worth();
            let node = &mut self.nodes[step.node as usize];
            node.visits += 1;
            // What is known for certain no return changes.
            if !node.is_decided() {
                node.value += (f64::from(value) - node.value) / f64::from(node.visits);
            }
            let prior = node.first_prior as usize + edge - node.first_visit as usize;
            self.edges.count_visit(edge, prior);
            self.edges.q[edge] = q;
            if q < low || q > high {
                cold_path();
                (low, high) = (minimum(low, q), maximum(high, q));
            }
        }
        self.range = [low, high];
    }

    /// Where nodes have several parents, values follow from those of all actions, whoever visited them.
    pub fn refresh(&mut self, path: &[Step]) {
        for step in path.iter().rev() {
            let node = self.nodes[step.node as usize];
            if node.is_decided() {
                continue;
            }
            // A chance node has no evaluation of its own.
            let own = u32::from(node.kind != Kind::Chance);
            let (mut sum, mut visits) = (f64::from(own) * f64::from(node.raw_value), own);
            for edge in node.visited() {
                let child = self.edges.child[edge];
                if child != NONE && self.edges.visits[edge] > 0 {
                    let q = self.nodes[child as usize].worth();
                    self.edges.q[edge] = q;
                    sum += f64::from(self.edges.visits[edge]) * f64::from(q);
                    visits += self.edges.visits[edge];
                }
            }
            self.nodes[step.node as usize].value = sum / f64::from(visits);
        }
    }

    /// Lets what is known for certain at the end of a path be known above it.
    pub fn tighten(&mut self, path: &[Step], range: [f32; 2]) {
        for step in path.iter().rev() {
            let child = self.edges.child[step.edge as usize];
            if child == NONE {
                return;
            }
            let Node { bounds, is_second, .. } = self.nodes[child as usize];
            if bounds == of_side(range, is_second) {
                return;
            }
            let before = self.nodes[step.node as usize];
            let bounds = self.edge_bounds(&before, of_side(range, before.is_second));
            let node = &mut self.nodes[step.node as usize];
            node.bounds = bounds;
            node.is_informed = true;
            if node.is_decided() {
                node.value = f64::from(bounds[0]);
            }
            self.edges.q[step.edge as usize] = self.nodes[child as usize].worth();
            if bounds == before.bounds {
                return;
            }
        }
    }

    /// What an edge is worth at least and at most.
    fn bounds_of(&self, edge: usize, range: [f32; 2]) -> [f32; 2] {
        let child = self.edges.child[edge];
        if child == NONE {
            return range;
        }
        let Node { reward, discount, bounds: [low, high], .. } = self.nodes[child as usize];
        let [a, b] = [reward + discount * low, reward + discount * high];
        [minimum(a, b), maximum(a, b)]
    }

    fn edge_bounds(&self, node: &Node, range: [f32; 2]) -> [f32; 2] {
        let bounds =
            node.visited().zip(node.priors()).map(|(edge, prior)| (prior, self.bounds_of(edge, range)));
        if node.kind == Kind::Chance {
            return bounds.fold([0.0; 2], |[low, high], (prior, [a, b])| {
                let probability = self.edges.prior[prior];
                [low + probability * a, high + probability * b]
            });
        }
        bounds.fold([f32::NEG_INFINITY; 2], |[low, high], (_, [a, b])| [maximum(low, a), maximum(high, b)])
    }

    /// Which actions of a node may still be the best: all but those that are known to be no better than another one.
    fn open(&self, node: &Node) -> Option<Vec<bool>> {
        let [low, _] = node.bounds;
        let range = [f32::NEG_INFINITY, f32::INFINITY];
        let mut kept = false;
        let open: Vec<bool> = node
            .visited()
            .map(|edge| {
                let [a, b] = self.bounds_of(edge, range);
                let is_first_best = !kept && a >= low && b > f32::NEG_INFINITY;
                kept |= is_first_best;
                b > low || is_first_best
            })
            .collect();
        open.contains(&true).then_some(open)
    }

    /// The value of a node from which nothing is searched: the known one, or its evaluation.
    pub fn known_value(&self, node: u32) -> f32 {
        let node = &self.nodes[node as usize];
        if node.is_decided() { node.bounds[0] } else { node.raw_value }
    }

    /// What an edge is worth at least, as far as that is known.
    pub fn least(&self, edge: usize) -> f32 {
        self.bounds_of(edge, [f32::NEG_INFINITY, f32::INFINITY])[0]
    }

    /// Visits of edges that are on their way, if there are any in the tree.
    pub fn pending(&self, edges: std::ops::Range<usize>) -> Option<&[u32]> {
        self.pending.get(edges)
    }

    /// Forgets what was known for certain, but for what is over, for another range of values.
    pub fn forget_bounds(&mut self, proven: Option<[f32; 2]>) {
        for node in self.nodes.iter_mut().filter(|node| node.kind != Kind::Over) {
            node.bounds = unknown(proven, node.is_second);
            node.is_informed = false;
        }
    }

    /// The longest way from the root to a node.
    pub fn depth(&self) -> u32 {
        // A node comes after all that lead to it.
        let mut depths = vec![0_u32; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            for &child in self.edges.child[node.visited()].iter().filter(|&&child| child != NONE) {
                depths[child as usize] = depths[child as usize].max(depths[index] + 1);
            }
        }
        depths.into_iter().max().unwrap_or(0)
    }

    /// The place of an action of the root, if it has one.
    pub fn place(&self, action: Action) -> Option<usize> {
        let actions = &self.edges.action[self.nodes[ROOT as usize].actions()];
        actions.iter().position(|&other| other == action)
    }

    /// Whether there is something below an action of the root.
    pub fn is_visited(&self, place: usize) -> bool {
        self.edges
            .child
            .get(self.nodes[ROOT as usize].visited())
            .is_some_and(|child| child.get(place).is_some_and(|&child| child != NONE))
    }

    /// The part of the tree below an action of the root that was visited, as a tree of its own.
    pub fn below(mut self, place: usize) -> Self {
        let child = self.edges.child[self.nodes[ROOT as usize].visited()][place];
        let mut states: Vec<Option<S>> = std::mem::take(&mut self.states).into_iter().map(Some).collect();
        let mut renamed = vec![NONE; self.nodes.len()];
        let mut below = Self::empty();
        below.range = self.range;
        let mut order = vec![child];
        renamed[child as usize] = ROOT;
        let mut next = 0;
        while let Some(&old) = order.get(next) {
            next += 1;
            let node = self.nodes[old as usize];
            let before = below.nodes.last().map_or(0..0, Node::actions);
            let first_action = below.edges.extend_actions(before, &self.edges.action[node.actions()]);
            let first_prior = below.edges.prior.len() as u32;
            below.edges.prior.extend_from_slice(&self.edges.prior[node.priors()]);
            let visited = node.visited();
            let mut first_visit = NONE;
            if !visited.is_empty() {
                first_visit = below.edges.visits.len() as u32;
                below.edges.visits.extend_from_slice(&self.edges.visits[visited.clone()]);
                below.edges.q.extend_from_slice(&self.edges.q[visited.clone()]);
                below.edges.child.extend_from_slice(&self.edges.child[visited.clone()]);
            }
            below.nodes.push(Node { first_action, first_prior, first_visit, ..node });
            below.states.extend(states[old as usize].take());
            for &child in self.edges.child[visited].iter().filter(|&&child| child != NONE) {
                if renamed[child as usize] == NONE {
                    renamed[child as usize] = order.len() as u32;
                    order.push(child);
                }
            }
        }
        for child in &mut below.edges.child {
            if *child != NONE {
                *child = renamed[*child as usize];
            }
        }
        below.root_prior = below.edges.prior[below.nodes[0].priors()].to_vec();
        below.open_edges(ROOT);
        below
    }
}

impl<S> Drop for Tree<S> {
    fn drop(&mut self) {
        std::mem::take(&mut self.edges).recycle();
    }
}

/// The range of values from the side of who decides, given that of the first player.
fn of_side([low, high]: [f32; 2], is_second: bool) -> [f32; 2] {
    if is_second { [-high, -low] } else { [low, high] }
}

/// Bounds of a node of which nothing is known.
fn unknown(proven: Option<[f32; 2]>, is_second: bool) -> [f32; 2] {
    proven.map_or([f32::NEG_INFINITY, f32::INFINITY], |range| of_side(range, is_second))
}

/// Visits and values as if those that are on their way had found the worst.
fn with_losses(view: &View<'_>, pending: &[u32], config: &Config) -> (Vec<u32>, Vec<f32>) {
    let worst = match config.normalization {
        Normalization::Fixed { low, .. } => low,
        Normalization::Tree | Normalization::Node => view.tree_range[0],
    };
    let visits = view.visits.iter().zip(pending).map(|(visits, pending)| visits + pending).collect();
    let edges = view.q.iter().zip(view.visits).zip(pending);
    let q = edges.map(|((&q, &visits), &pending)| {
        if pending == 0 {
            return q;
        }
        let (visits, pending) = (visits as f32, pending as f32);
        (q * visits + worst * pending) / (visits + pending)
    });
    (visits, q.collect())
}
