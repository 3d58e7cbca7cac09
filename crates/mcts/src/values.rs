//! What a selection sees of a node: values on one scale, also of actions without a visit.

use pulp::Simd;

use crate::config::{Normalization, Unvisited};
use crate::lanes::{maximum, minimum};
use crate::vectors::{load, load_counts, to_f32s, within};

/// A denominator is this at least.
const LEAST_RANGE: f32 = 1e-8;

/// What brings a range to `[0, 1]`; 0 for a single value, which has no range.
#[inline(always)]
pub(crate) fn inverse_range(low: f32, high: f32) -> f32 {
    if high - low >= LEAST_RANGE { 1.0 / (high - low) } else { 0.0 }
}

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

/// Some of its edges, as many as the machine works on at once.
pub(crate) struct Part<S: Simd> {
    pub prior: S::f32s,
    pub visits: S::f32s,
    pub q: S::f32s,
    pub is_visited: S::m32s,
    /// Where there is an edge at all.
    pub is_edge: S::m32s,
}

/// Sums over the visited actions of a node.
#[derive(Clone, Copy, Debug)]
struct Visited {
    count: u32,
    range: [f32; 2],
    prior: f32,
    prior_q: f32,
    most: f32,
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
    pub fn of<S: Simd>(&self, simd: S, part: &Part<S>) -> S::f32s {
        let above = simd.sub_f32s(part.q, simd.splat_f32s(self.low));
        let visited = simd.mul_f32s(above, simd.splat_f32s(self.inverse));
        simd.select_f32s(part.is_visited, visited, simd.splat_f32s(self.fill))
    }
}

impl View<'_> {
    /// The edges from a place on.
    #[inline(always)]
    pub fn part<S: Simd>(&self, simd: S, from: usize) -> Part<S> {
        let visits = load_counts(simd, self.visits, from);
        Part {
            prior: load(simd, self.prior, from),
            visits: to_f32s(simd, visits),
            q: load(simd, self.q, from),
            is_visited: simd.greater_than_u32s(visits, simd.splat_u32s(0)),
            is_edge: within(simd, self.prior.len(), from),
        }
    }

    #[inline(always)]
    fn visited<S: Simd>(&self, simd: S) -> Visited {
        let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
        let (lowest, highest) = (simd.splat_f32s(f32::NEG_INFINITY), simd.splat_f32s(f32::INFINITY));
        let (mut low, mut high) = (highest, lowest);
        let (mut prior, mut prior_q, mut count, mut most) = (zero, zero, zero, zero);
        for from in (0..self.prior.len()).step_by(S::F32_LANES) {
            let part = self.part(simd, from);
            low = simd.min_f32s(low, simd.select_f32s(part.is_visited, part.q, highest));
            high = simd.max_f32s(high, simd.select_f32s(part.is_visited, part.q, lowest));
            let share = simd.max_f32s(part.prior, simd.splat_f32s(f32::MIN_POSITIVE));
            let share = simd.select_f32s(part.is_visited, share, zero);
            prior = simd.add_f32s(prior, share);
            prior_q = simd.mul_add_f32s(share, part.q, prior_q);
            count = simd.add_f32s(count, simd.select_f32s(part.is_visited, one, zero));
            most = simd.max_f32s(most, part.visits);
        }
        Visited {
            count: simd.reduce_sum_f32s(count) as u32,
            range: [simd.reduce_min_f32s(low), simd.reduce_max_f32s(high)],
            prior: simd.reduce_sum_f32s(prior),
            prior_q: simd.reduce_sum_f32s(prior_q),
            most: simd.reduce_max_f32s(most),
        }
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
    pub fn scale<S: Simd>(&self, simd: S, normalization: Normalization, unvisited: Unvisited) -> Scale {
        let is_needed = normalization == Normalization::Node
            || matches!(unvisited, Unvisited::NodeMinimum | Unvisited::Mixed);
        let visited = if is_needed { Some(self.visited(simd)) } else { None };
        let [low, high] = match (normalization, &visited) {
            (Normalization::Fixed { low, high }, _) => [low, high],
            (Normalization::Node, Some(visited)) => self.range(visited),
            _ => self.tree_range,
        };
        let inverse = inverse_range(low, high);
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
    pub fn completed<S: Simd>(&self, simd: S, rescale: bool, unvisited: Unvisited) -> (Scale, f32) {
        let visited = self.visited(simd);
        let fill = match unvisited {
            Unvisited::NodeValue => self.value,
            Unvisited::NodeMinimum => minimum(self.value, visited.range[0]),
            Unvisited::Mixed => self.mixed(&visited),
            Unvisited::Zero | Unvisited::Normalized { .. } => self.raw_value,
        };
        if !rescale {
            return (Scale { low: 0.0, inverse: 1.0, fill }, visited.most);
        }
        let [mut low, mut high] = visited.range;
        if (visited.count as usize) < self.prior.len() {
            (low, high) = (minimum(low, fill), maximum(high, fill));
        }
        let inverse = 1.0 / maximum(high - low, LEAST_RANGE);
        (Scale { low, inverse, fill: (fill - low) * inverse }, visited.most)
    }
}
