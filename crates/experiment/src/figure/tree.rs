//! Trees whose branches are as thick as what goes through them.

use super::svg::{Anchor, Canvas, TEXT, TITLE, colour};
use super::text::{width, wrap};
use super::{Figure, nothing_to_draw};
use crate::Result;

const ROW: f64 = 20.0;
const MARGIN: f64 = 18.0;
/// Between the parts of a text.
const SPACE: f64 = 8.0;
/// Room of a branch from a text to the next column.
const BEND: f64 = 44.0;
const LEAST_WIDTH: f64 = 480.0;
/// Thickness of the largest branch, and of what branches part from.
const THICKEST: f64 = 12.0;
const SPINE: f64 = 2.0;

/// A place of a tree, and what goes on from there.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeNode {
    /// Its name.
    pub label: String,
    /// How much goes through it.
    pub weight: f64,
    /// What is to be said beside its weight.
    pub note: String,
    /// What goes on, from above.
    pub branches: Vec<Self>,
}

/// A tree from left to right, whose branches' thickness squared is their share of the weight.
///
/// ```
/// use autodidact_experiment::figure::{TreeChart, TreeNode};
///
/// let leaf = |label: &str, weight| TreeNode { label: label.to_owned(), weight, note: String::new(), branches: vec![] };
/// let root = TreeNode { branches: vec![leaf("heads", 3.0), leaf("tails", 1.0)], ..leaf("coin", 4.0) };
/// let figure = TreeChart::new("Four throws", "side and number of throws").draw(&root)?;
/// assert!(figure.svg().contains("tails"));
/// # Ok::<(), autodidact_experiment::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TreeChart {
    title: String,
    remark: String,
}

/// A node with its place.
struct Placed<'a> {
    node: &'a TreeNode,
    depth: usize,
    y: f64,
    parent: Option<usize>,
}

impl TreeChart {
    /// A chart whose remark says what names, numbers and notes are.
    pub fn new(title: &str, remark: &str) -> Self {
        Self { title: title.to_owned(), remark: remark.to_owned() }
    }

    /// Draws a tree.
    ///
    /// # Errors
    /// [`crate::Error::Figure`] if the first node has no weight above 0.
    pub fn draw(&self, root: &TreeNode) -> Result<Figure> {
        if !(root.weight > 0.0 && root.weight.is_finite()) {
            return Err(nothing_to_draw(&self.title));
        }
        let mut placed = Vec::new();
        let mut rows = 0;
        place(root, 0, None, &mut rows, &mut placed);
        let mut columns: Vec<f64> = Vec::new();
        for place in &placed {
            columns.resize(columns.len().max(place.depth + 1), 0.0);
            columns[place.depth] = columns[place.depth].max(text_width(place.node));
        }
        let starts: Vec<f64> = columns
            .iter()
            .scan(MARGIN, |next, width| {
                let start = *next;
                *next += width + BEND;
                Some(start)
            })
            .collect();
        let right = starts.iter().zip(&columns).map(|(start, width)| start + width).fold(0.0, f64::max);
        let wide = (right + MARGIN).max(LEAST_WIDTH).max(2.0 * MARGIN + 1.25 * width(&self.title, TEXT));

        let mut canvas = Canvas::default();
        let mut top = MARGIN + TITLE / 2.0;
        canvas.text("ad-title ad-ink", (MARGIN, top), Anchor::Start, &self.title);
        top += ROW;
        for line in wrap(&self.remark, TEXT, wide - 2.0 * MARGIN) {
            top += ROW * 0.2;
            canvas.text("ad-text ad-muted", (MARGIN, top), Anchor::Start, &line);
            top += ROW * 0.8;
        }
        top += ROW * 0.3;
        let height = |place: &Placed<'_>| top + place.y * ROW;
        let half = |node: &TreeNode| THICKEST * (node.weight / root.weight).clamp(0.0, 1.0).sqrt() / 2.0;
        let mut band = |from: (f64, f64), to: (f64, f64)| {
            canvas.path(&format!("ad-dot {}", colour(0)), &[from, (to.0, from.1), to, (from.0, to.1)], true);
        };
        let is_branch_of = |number: usize| move |place: &&Placed<'_>| place.parent == Some(number);
        for (number, place) in placed.iter().enumerate() {
            let heights: Vec<f64> = placed.iter().filter(is_branch_of(number)).map(height).collect();
            let ([first, ..], [.., last]) = (&heights[..], &heights[..]) else { continue };
            // Branches to a column part at one place, wherever the texts before it end.
            let (from, bend) = (
                starts[place.depth] + text_width(place.node) + SPACE / 2.0,
                starts[place.depth + 1] - BEND / 2.0,
            );
            let (y, thick) = (height(place), half(place.node));
            band((from, y - thick), (bend - SPINE, y + thick));
            band((bend - SPINE, first.min(y - thick)), (bend, last.max(y + thick)));
            for branch in placed.iter().filter(is_branch_of(number)) {
                let (y, thick) = (height(branch), half(branch.node));
                band((bend, y - thick), (starts[branch.depth] - SPACE / 2.0, y + thick));
            }
        }
        for place in &placed {
            let mut x = starts[place.depth];
            for (class, text) in texts(place.node) {
                canvas.text(class, (x, height(place)), Anchor::Start, &text);
                x += width(&text, TEXT) + SPACE;
            }
        }
        let tall = top + rows as f64 * ROW + MARGIN;
        Ok(Figure::new(&self.title, canvas.finish(&self.title, wide, tall)))
    }
}

/// The texts of a node with their classes; what is empty is left out.
fn texts(node: &TreeNode) -> impl Iterator<Item = (&'static str, String)> {
    let parts = [
        ("ad-text ad-ink", node.label.clone()),
        ("ad-text ad-muted", node.weight.to_string()),
        ("ad-text ad-1", node.note.clone()),
    ];
    parts.into_iter().filter(|(_, text)| !text.is_empty())
}

fn text_width(node: &TreeNode) -> f64 {
    texts(node).map(|(_, text)| width(&text, TEXT) + SPACE).sum::<f64>() - SPACE
}

/// Places a node and what goes on from it: a row for each end, and the others in the middle of their branches. Gives its height in rows.
fn place<'a>(
    node: &'a TreeNode,
    depth: usize,
    parent: Option<usize>,
    rows: &mut usize,
    placed: &mut Vec<Placed<'a>>,
) -> f64 {
    let number = placed.len();
    placed.push(Placed { node, depth, y: 0.0, parent });
    let branches: Vec<f64> =
        node.branches.iter().map(|branch| place(branch, depth + 1, Some(number), rows, placed)).collect();
    placed[number].y = match branches[..] {
        [] => {
            *rows += 1;
            *rows as f64 - 0.5
        }
        [first, ..] => f64::midpoint(first, branches[branches.len() - 1]),
    };
    placed[number].y
}
