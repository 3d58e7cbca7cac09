//! What a selection sees of a node: values on one scale, also of actions without a visit.

use crate::config::{Normalization, Unvisited};
use crate::lanes::{LANES, highest_lane, lowest_lane, maximum, minimum, sum_of_lanes};

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

impl Visited {
    /// Of one action.
    #[inline(always)]
    fn one(visits: u32, prior: f32, q: f32) -> Self {
        let is_visited = visits > 0;
        let prior = if is_visited { maximum(prior, f32::MIN_POSITIVE) } else { 0.0 };
        Self {
            range: [
                if is_visited { q } else { f32::INFINITY },
                if is_visited { q } else { f32::NEG_INFINITY },
            ],
            prior,
            prior_q: prior * q,
            most: visits,
        }
    }

    /// Of both together.
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self {
            range: [minimum(self.range[0], other.range[0]), maximum(self.range[1], other.range[1])],
            prior: self.prior + other.prior,
            prior_q: self.prior_q + other.prior_q,
            most: if other.most > self.most { other.most } else { self.most },
        }
    }
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
        let (visits, visits_rest) = self.visits.as_chunks::<LANES>();
        let (priors, priors_rest) = self.prior.as_chunks::<LANES>();
        let (qs, qs_rest) = self.q.as_chunks::<LANES>();
        let mut low = [f32::INFINITY; LANES];
        let mut high = [f32::NEG_INFINITY; LANES];
        let (mut prior, mut prior_q) = ([0.0; LANES], [0.0; LANES]);
        let mut most = [0_u32; LANES];
        for chunk in 0..visits.len().min(priors.len()).min(qs.len()) {
            for lane in 0..LANES {
                let next = Visited::one(visits[chunk][lane], priors[chunk][lane], qs[chunk][lane]);
                low[lane] = minimum(low[lane], next.range[0]);
                high[lane] = maximum(high[lane], next.range[1]);
                prior[lane] += next.prior;
                prior_q[lane] += next.prior_q;
                most[lane] = if next.most > most[lane] { next.most } else { most[lane] };
            }
        }
        let mut visited = Visited {
            range: [lowest_lane(low), highest_lane(high)],
            prior: sum_of_lanes(prior),
            prior_q: sum_of_lanes(prior_q),
            most: most.into_iter().fold(0, u32::max),
        };
        // Into a lane by its number they would keep all lanes out of registers.
        for place in 0..visits_rest.len().min(priors_rest.len()).min(qs_rest.len()) {
            visited = visited.and(Visited::one(visits_rest[place], priors_rest[place], qs_rest[place]));
        }
        visited
    }

    /// The least and the largest of the node's value and those of its visited actions.
    #[inline(always)]
    fn range(&self, visited: &Visited) -> [f32; 2] {
        [minimum(self.value, visited.range[0]), maximum(self.value, visited.range[1])]
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
        let visited = if is_needed { Some(self.visited()) } else { None };
        let [low, high] = match (normalization, &visited) {
            (Normalization::Fixed { low, high }, _) => [low, high],
            (Normalization::Node, Some(visited)) => self.range(visited),
            _ => self.tree_range,
        };
        // A tree with one value has no range.
        let inverse = if high - low >= LEAST_RANGE { 1.0 / (high - low) } else { 0.0 };
        let fill = match (unvisited, &visited) {
            (Unvisited::NodeMinimum, Some(visited)) => (self.range(visited)[0] - low) * inverse,
            (Unvisited::Mixed, Some(visited)) => (self.mixed(visited) - low) * inverse,
            (Unvisited::Zero, _) => 0.0,
            (Unvisited::Normalized { value }, _) => value,
            _ => (self.value - low) * inverse,
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
        let mut is_complete = true;
        for place in 0..self.visits.len() {
            is_complete &= self.visits[place] > 0;
        }
        let [mut low, mut high] = visited.range;
        if !is_complete {
            (low, high) = (minimum(low, fill), maximum(high, fill));
        }
        let inverse = 1.0 / maximum(high - low, LEAST_RANGE);
        (Scale { low, inverse, fill: (fill - low) * inverse }, visited.most)
    }
}
