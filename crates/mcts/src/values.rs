//! What a selection sees of a node: values on one scale, also of actions without a visit.

use crate::config::{Normalization, Unvisited};
use crate::lanes::{LANES, maximum, minimum};

/// A denominator is this at least.
const LEAST_RANGE: f32 = 1e-8;

/// A node and its edges.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub prior: &'a [f32],
    pub visits: &'a [u32],
    pub q: &'a [f32],
    /// Mean and first evaluation of the node.
    pub value: f32,
    pub raw_value: f32,
    /// Visits of all actions together.
    pub total: u32,
    /// The least and the largest value of an action anywhere in the tree.
    pub tree_range: [f32; 2],
}

/// Sums over the visited actions of a node.
#[derive(Clone, Copy, Debug)]
struct Visited {
    range: [f32; 2],
    prior: f32,
    prior_q: f32,
    most: u32,
}

/// `q̂ = (q − low) · inverse` of visited actions, and `fill` of the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    pub low: f32,
    pub inverse: f32,
    pub fill: f32,
}

impl Scale {
    #[inline(always)]
    pub fn of(&self, q: f32, visits: u32) -> f32 {
        if visits > 0 { (q - self.low) * self.inverse } else { self.fill }
    }
}

impl View<'_> {
    #[inline(always)]
    fn visited(&self) -> Visited {
        let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
        let (mut prior, mut prior_q) = ([0.0; LANES], [0.0; LANES]);
        let mut most = [0_u32; LANES];
        let mut add = |lane: usize, visits: u32, p: f32, q: f32| {
            let is_visited = visits > 0;
            let p = if is_visited { maximum(p, f32::MIN_POSITIVE) } else { 0.0 };
            low[lane] = minimum(low[lane], if is_visited { q } else { f32::INFINITY });
            high[lane] = maximum(high[lane], if is_visited { q } else { f32::NEG_INFINITY });
            prior[lane] += p;
            prior_q[lane] += p * q;
            most[lane] = if visits > most[lane] { visits } else { most[lane] };
        };
        let (visits, visits_rest) = self.visits.as_chunks::<LANES>();
        let (priors, priors_rest) = self.prior.as_chunks::<LANES>();
        let (qs, qs_rest) = self.q.as_chunks::<LANES>();
        for ((visits, priors), qs) in visits.iter().zip(priors).zip(qs) {
            for lane in 0..LANES {
                add(lane, visits[lane], priors[lane], qs[lane]);
            }
        }
        for (lane, ((visits, prior), q)) in visits_rest.iter().zip(priors_rest).zip(qs_rest).enumerate() {
            add(lane, *visits, *prior, *q);
        }
        Visited {
            range: [low.into_iter().fold(f32::INFINITY, minimum), high.into_iter().fold(f32::NEG_INFINITY, maximum)],
            prior: prior.iter().sum(),
            prior_q: prior_q.iter().sum(),
            most: most.into_iter().fold(0, u32::max),
        }
    }

    /// `v_mix`.
    #[inline(always)]
    fn mixed(&self, visited: &Visited) -> f32 {
        if self.total == 0 {
            return self.raw_value;
        }
        let total = self.total as f32;
        (self.raw_value + total * visited.prior_q / visited.prior) / (total + 1.0)
    }

    /// The scale of the node's values.
    #[inline(always)]
    pub fn scale(&self, normalization: Normalization, unvisited: Unvisited) -> Scale {
        let is_needed = normalization == Normalization::Node
            || matches!(unvisited, Unvisited::NodeMinimum | Unvisited::Mixed);
        let visited = is_needed.then(|| self.visited());
        let node_range = |visited: &Visited| {
            [minimum(self.value, visited.range[0]), maximum(self.value, visited.range[1])]
        };
        let [low, high] = match (normalization, &visited) {
            (Normalization::Fixed { low, high }, _) => [low, high],
            (Normalization::Node, Some(visited)) => node_range(visited),
            _ => self.tree_range,
        };
        // A tree with one value has no range.
        let inverse = if high - low >= LEAST_RANGE { 1.0 / (high - low) } else { 0.0 };
        let brought = |value: f32| (value - low) * inverse;
        let fill = match (unvisited, &visited) {
            (Unvisited::NodeMinimum, Some(visited)) => brought(node_range(visited)[0]),
            (Unvisited::Mixed, Some(visited)) => brought(self.mixed(visited)),
            (Unvisited::Zero, _) => 0.0,
            (Unvisited::Normalized { value }, _) => value,
            _ => brought(self.value),
        };
        Scale { low, inverse, fill }
    }

    /// The scale of completed values for the improved policy, and the most visits of an action.
    #[inline(always)]
    pub fn completed(&self, rescale: bool, unvisited: Unvisited) -> (Scale, u32) {
        let visited = self.visited();
        let fill = match unvisited {
            Unvisited::NodeValue => self.value,
            Unvisited::NodeMinimum => minimum(self.value, visited.range[0]),
            Unvisited::Mixed => self.mixed(&visited),
            Unvisited::Zero | Unvisited::Normalized { .. } => self.raw_value,
        };
        if !rescale {
            return (Scale { low: 0.0, inverse: 1.0, fill }, visited.most);
        }
        let is_complete = self.visits.iter().all(|&visits| visits > 0);
        let [mut low, mut high] = visited.range;
        if !is_complete {
            (low, high) = (minimum(low, fill), maximum(high, fill));
        }
        let inverse = 1.0 / maximum(high - low, LEAST_RANGE);
        (Scale { low, inverse, fill: (fill - low) * inverse }, visited.most)
    }
}
