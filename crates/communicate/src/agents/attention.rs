//! Attention of a node to itself and to the nodes above it, head by head.
//!
//! There are only as many of them as a message has symbols, so that the products beside it are nearly all of the work, and weights
//! are computed again for the gradient.

use super::forest::Forest;

/// Heads that share the width out. Of a node, `[3, heads, width of a head]`, there are a query, a key and a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attention {
    pub hidden: usize,
    pub heads: usize,
}

impl Attention {
    /// Attends from the nodes of some levels. `all` holds what all nodes so far ask and offer, `out` has a row for each of these nodes.
    pub fn forward(&self, forest: &Forest, levels: std::ops::Range<usize>, all: &[f32], out: &mut [f32]) {
        let (mut path, mut values) = (Vec::new(), Vec::new());
        let mut rows = out.chunks_exact_mut(self.hidden);
        for level in levels {
            for node in forest.levels[level].clone() {
                forest.path(node, level, &mut path);
                let out = rows.next().expect("a row for each node");
                out.fill(0.0);
                for head in 0..self.heads {
                    let weights = self.weights(head, all, &path, &mut values);
                    let out = &mut out[self.columns(head)];
                    for (&other, &weight) in path.iter().zip(weights) {
                        add_scaled(out, weight, self.part(all, other, 2, head));
                    }
                }
            }
        }
    }

    /// Adds to the gradient of what all nodes ask and offer. `grad_out` has a row for each node of these levels.
    pub fn backward(
        &self,
        forest: &Forest,
        levels: std::ops::Range<usize>,
        all: &[f32],
        grad_out: &[f32],
        grad_all: &mut [f32],
    ) {
        let scale = self.scale();
        let (mut path, mut values, mut slopes) = (Vec::new(), Vec::new(), Vec::new());
        let mut rows = grad_out.chunks_exact(self.hidden);
        for level in levels {
            for node in forest.levels[level].clone() {
                forest.path(node, level, &mut path);
                let grad_out = rows.next().expect("a row for each node");
                for head in 0..self.heads {
                    let weights = self.weights(head, all, &path, &mut values);
                    let gradient = &grad_out[self.columns(head)];
                    slopes.clear();
                    slopes.extend(path.iter().map(|&other| dot(gradient, self.part(all, other, 2, head))));
                    // ∂ softmax: w (∂w − Σ w ∂w).
                    let mean = dot(weights, &slopes);
                    let query = self.part(all, node, 0, head);
                    for ((&other, &weight), &slope) in path.iter().zip(weights).zip(&slopes) {
                        let of_score = weight * (slope - mean) * scale;
                        add_scaled(self.part_mut(grad_all, other, 2, head), weight, gradient);
                        add_scaled(self.part_mut(grad_all, other, 1, head), of_score, query);
                        let key = self.part(all, other, 1, head);
                        add_scaled(self.part_mut(grad_all, node, 0, head), of_score, key);
                    }
                }
            }
        }
    }

    /// `softmax(q·k / √d)` over a path of nodes, the first of which asks.
    fn weights<'a>(&self, head: usize, all: &[f32], path: &[usize], values: &'a mut Vec<f32>) -> &'a [f32] {
        let query = self.part(all, path[0], 0, head);
        values.clear();
        values.extend(path.iter().map(|&other| self.scale() * dot(query, self.part(all, other, 1, head))));
        let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for value in &mut *values {
            *value = (*value - largest).exp();
        }
        let sum: f32 = values.iter().sum();
        for value in &mut *values {
            *value /= sum;
        }
        values
    }

    /// `1 / √d`.
    fn scale(&self) -> f32 {
        1.0 / ((self.hidden / self.heads) as f32).sqrt()
    }

    fn columns(&self, head: usize) -> std::ops::Range<usize> {
        let width = self.hidden / self.heads;
        head * width..(head + 1) * width
    }

    /// The query (0), the key (1) or the value (2) of a node.
    fn part<'a>(&self, all: &'a [f32], node: usize, which: usize, head: usize) -> &'a [f32] {
        &all[(3 * node + which) * self.hidden..][self.columns(head)]
    }

    fn part_mut<'a>(&self, all: &'a mut [f32], node: usize, which: usize, head: usize) -> &'a mut [f32] {
        &mut all[(3 * node + which) * self.hidden..][self.columns(head)]
    }
}

/// Sums in lanes, which the compiler makes vectors of.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; 8];
    let ((a, last_a), (b, last_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f32>() + last_a.iter().zip(last_b).map(|(a, b)| a * b).sum::<f32>()
}

fn add_scaled(sum: &mut [f32], factor: f32, values: &[f32]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
}
