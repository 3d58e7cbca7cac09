//! A tree in which moves have their names.

use std::fmt::Write as _;

use autodidact_games::Turn;
use autodidact_mcts::{Snapshot, SnapshotAction, SnapshotNode};
use serde::Serialize;

use crate::playable::Playable;

/// A tree as it is now, with the names that its moves have in each position: a chess move is written from its player's
/// side, so that an index alone has no name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamedTree {
    /// The first one is the root.
    pub nodes: Vec<NamedNode>,
}

/// A position of a tree.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamedNode {
    /// What the search knows of it.
    #[serde(flatten)]
    pub node: SnapshotNode,
    /// The names of its moves, in their order.
    pub names: Vec<String>,
}

impl NamedTree {
    /// Names the moves of a tree that grew from `game`.
    ///
    /// # Panics
    /// If the tree grew from another position.
    pub fn new<G: Playable>(game: &G, snapshot: Snapshot) -> Self {
        let mut names: Vec<Vec<String>> = vec![Vec::new(); snapshot.nodes.len()];
        let mut pending = vec![(0, game.clone())];
        while let Some((index, game)) = pending.pop() {
            let actions = &snapshot.nodes[index].actions;
            names[index] = actions.iter().map(|taken| game.action_name(taken.action)).collect();
            for taken in actions {
                if let Some(child) = taken.node {
                    let mut after = game.clone();
                    after.play(taken.action);
                    if after.turn() != Turn::Over {
                        pending.push((child, after));
                    }
                }
            }
        }
        let nodes = snapshot.nodes.into_iter().zip(names);
        Self { nodes: nodes.map(|(node, names)| NamedNode { node, names }).collect() }
    }

    /// A graph in the language of Graphviz, of the root and the nodes that were visited so often at least.
    pub fn to_dot(&self, least_visits: u32) -> String {
        let is_shown = |index: usize| index == 0 || self.nodes[index].node.visits >= least_visits;
        let mut text = String::from("digraph tree {\n  node [shape=box fontname=\"sans-serif\"];\n");
        for (index, NamedNode { node, names }) in self.nodes.iter().enumerate() {
            if !is_shown(index) {
                continue;
            }
            let _ = writeln!(text, "  n{index} [label=\"{}\\n{:.3}\"];", node.visits, node.value);
            let taken = |action: &SnapshotAction| action.node.filter(|child| is_shown(*child));
            for (action, name) in node.actions.iter().zip(names) {
                if let Some(child) = taken(action) {
                    let _ = writeln!(text, "  n{index} -> n{child} [label=\"{name}\"];");
                }
            }
        }
        text.push_str("}\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use autodidact_games::{Chess, Game, Notation};

    use super::*;
    use crate::recipe::Recipe;
    use crate::session::{Limits, Session};

    #[test]
    fn names_are_those_of_each_position() {
        let mut session = Session::new(Chess::default(), Recipe::Uct, 1);
        session.think(Limits::simulations(60)).expect("a search");
        let tree = NamedTree::new(session.game(), session.planner().expect("it has searched").snapshot());
        assert!(tree.nodes[0].names.contains(&"e2e4".to_owned()));
        let place = tree.nodes[0].names.iter().position(|name| name == "e2e4").expect("legal");
        let child = tree.nodes[0].node.actions[place].node.expect("visited");
        let mut after = Chess::default();
        after.try_play(after.parse_action("e2e4").expect("legal")).expect("legal");
        assert!(tree.nodes[child].names.contains(&"e7e5".to_owned()), "{:?}", tree.nodes[child].names);
        let dot = tree.to_dot(2);
        assert!(dot.starts_with("digraph tree {") && dot.contains("label=\"e2e4\""), "{dot}");
        let json = serde_json::to_value(&tree).expect("data");
        assert_eq!(json["nodes"][0]["names"].as_array().map(Vec::len), Some(20));
    }
}
