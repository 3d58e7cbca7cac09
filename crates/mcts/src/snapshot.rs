//! A tree to look at: as data, as text, as a graph.

use std::fmt::Write as _;

use autodidact_games::Action;
use serde::Serialize;

use crate::node::{Kind, NONE};
use crate::planner::Planner;
use crate::tree::Tree;

/// A tree as it is now. The first node is the root.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// Positions, in the order in which they were added.
    pub nodes: Vec<SnapshotNode>,
}

/// A position of a tree.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SnapshotNode {
    /// `decision`, `chance` or `over`.
    pub kind: &'static str,
    /// Its evaluation and those below it.
    pub visits: u32,
    /// Mean of all their returns, from the side of who decides here.
    pub value: f32,
    /// The evaluation.
    pub raw_value: f32,
    /// Reward of the step that leads here.
    pub reward: f32,
    /// What a value here counts one step before.
    pub discount: f32,
    /// The moves.
    pub actions: Vec<SnapshotAction>,
}

/// A move of a position of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SnapshotAction {
    /// The move.
    pub action: Action,
    /// Its share of the policy, with noise at the root; of an outcome its probability.
    pub prior: f32,
    /// How often it was taken.
    pub visits: u32,
    /// Its mean return, if it was taken.
    pub q: Option<f32>,
    /// The node that it leads to, if it was taken.
    pub node: Option<usize>,
}

impl Snapshot {
    pub(crate) fn of<S>(tree: &Tree<S>) -> Self {
        let nodes = tree.nodes.iter().map(|node| {
            let mut visited = node.visited();
            let actions = node.actions().zip(node.priors()).map(|(action, prior)| {
                // Nothing is known of edges none of which was chosen.
                let edge = visited.next();
                let child = edge.map(|edge| tree.edges.child[edge]).filter(|&child| child != NONE);
                SnapshotAction {
                    action: tree.edges.action[action],
                    prior: tree.edges.prior[prior],
                    visits: edge.map_or(0, |edge| tree.edges.visits[edge]),
                    q: child.and(edge).map(|edge| tree.edges.q[edge]),
                    node: child.map(|child| child as usize),
                }
            });
            SnapshotNode {
                kind: match node.kind {
                    Kind::Decision => "decision",
                    Kind::Chance => "chance",
                    Kind::Over => "over",
                },
                visits: node.visits,
                value: node.value as f32,
                raw_value: node.raw_value,
                reward: node.reward,
                discount: node.discount,
                actions: actions.collect(),
            }
        });
        Self { nodes: nodes.collect() }
    }

    /// The most visited moves down to a depth, one a line, indented by their distance from the root; `name` gives the moves of a node
    /// their names.
    pub fn to_text(&self, depth: usize, name: impl Fn(usize, Action) -> String) -> String {
        let mut text = format!("root: {} visits, value {:.3}\n", self.nodes[0].visits, self.nodes[0].value);
        self.write(&mut text, 0, 1, depth, &name);
        text
    }

    fn write(
        &self,
        text: &mut String,
        node: usize,
        at: usize,
        depth: usize,
        name: &impl Fn(usize, Action) -> String,
    ) {
        if at > depth {
            return;
        }
        for taken in self.taken(node) {
            let _ = writeln!(
                text,
                "{:indent$}{}: {} visits, q {:.3}, prior {:.3}",
                "",
                name(node, taken.action),
                taken.visits,
                taken.q.unwrap_or(f32::NAN),
                taken.prior,
                indent = 2 * at
            );
            if let Some(child) = taken.node {
                self.write(text, child, at + 1, depth, name);
            }
        }
    }

    /// Moves that were taken, the most visited first.
    fn taken(&self, node: usize) -> Vec<SnapshotAction> {
        let actions = self.nodes[node].actions.iter().filter(|action| action.node.is_some());
        let mut taken: Vec<SnapshotAction> = actions.copied().collect();
        taken.sort_by_key(|action| std::cmp::Reverse(action.visits));
        taken
    }

    /// A graph in the language of Graphviz, of nodes that were visited so often at least, `dot -Tsvg` draws it; `name` gives the moves of
    /// a node their names.
    pub fn to_dot(&self, least_visits: u32, name: impl Fn(usize, Action) -> String) -> String {
        let mut text = String::from("digraph tree {\n  node [shape=box fontname=\"sans-serif\"];\n");
        let is_shown = |index: usize| index == 0 || self.nodes[index].visits >= least_visits;
        for (index, node) in self.nodes.iter().enumerate().filter(|(index, _)| is_shown(*index)) {
            let shape = if node.kind == "chance" { " shape=ellipse" } else { "" };
            let _ = writeln!(text, "  n{index} [label=\"{}\\n{:.3}\"{shape}];", node.visits, node.value);
            for taken in self.taken(index) {
                let Some(child) = taken.node.filter(|child| is_shown(*child)) else { continue };
                let name = name(index, taken.action).replace('\\', "\\\\").replace('"', "\\\"");
                let _ = writeln!(text, "  n{index} -> n{child} [label=\"{name}\"];");
            }
        }
        text.push_str("}\n");
        text
    }
}

impl<G> Planner<G> {
    /// The tree, to look at.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.search.worker.tree)
    }
}

#[cfg(test)]
mod tests {
    use autodidact_games::TicTacToe;

    use crate::{Budget, Config, Planner, Rollouts};

    #[test]
    fn a_tree_is_told_in_three_ways() {
        let rollouts = Rollouts::default();
        let mut planner =
            Planner::new(Config::uct(60, 1.0), TicTacToe::new(), &rollouts, 1).expect("a search");
        planner.search(&rollouts, Budget::default()).expect("rollouts");
        let snapshot = planner.snapshot();
        let text = snapshot.to_text(2, |node, action| format!("{node}\"{action}"));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("root: 61 visits") && lines[1].starts_with("  0\""), "{text}");
        assert!(lines[2].starts_with("    ") && lines[2].contains("visits, q "), "{text}");
        let dot = snapshot.to_dot(2, |node, action| format!("{node}\"{action}"));
        let edges = dot.lines().filter(|line| line.contains("->")).count();
        let nodes = dot.lines().filter(|line| line.contains("[label") && !line.contains("->")).count();
        // A tree has one edge less than nodes, and quotes are written so that Graphviz reads them.
        assert!(edges + 1 == nodes && dot.contains("label=\"0\\\""), "{dot}");
        let json = serde_json::to_value(&snapshot).expect("data");
        assert_eq!(json["nodes"].as_array().map(Vec::len), Some(snapshot.nodes.len()));
        assert_eq!(json["nodes"][0]["actions"][0]["action"], 0);
    }
}
