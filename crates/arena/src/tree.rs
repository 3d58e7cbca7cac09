//! A tree in which moves have their names.

use autodidact_games::Turn;
use autodidact_mcts::{Snapshot, SnapshotNode};
use serde::{Serialize, Serializer};

use crate::playable::Playable;

/// A tree as it is now, with the names that its moves have in each position: a chess move is written from its player's
/// side, so that an index alone has no name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTree {
    /// The tree.
    pub snapshot: Snapshot,
    /// For each node the names of its moves, in their order.
    pub names: Vec<Vec<String>>,
}

/// One object with the nodes, each with its names.
impl Serialize for NamedTree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Named<'a> {
            #[serde(flatten)]
            node: &'a SnapshotNode,
            names: &'a [String],
        }

        #[derive(Serialize)]
        struct Tree<'a> {
            nodes: Vec<Named<'a>>,
        }

        let nodes = self.snapshot.nodes.iter().zip(&self.names);
        Tree { nodes: nodes.map(|(node, names)| Named { node, names }).collect() }.serialize(serializer)
    }
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
        Self { snapshot, names }
    }

    /// A graph in the language of Graphviz, of the root and the nodes that were visited so often at least.
    pub fn to_dot(&self, least_visits: u32) -> String {
        self.snapshot.to_dot(least_visits, |node, action| {
            let place = self.snapshot.nodes[node].actions.iter().position(|known| known.action == action);
            place.map_or_else(String::new, |place| self.names[node][place].clone())
        })
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
        assert!(tree.names[0].contains(&"e2e4".to_owned()));
        let place = tree.names[0].iter().position(|name| name == "e2e4").expect("legal");
        let child = tree.snapshot.nodes[0].actions[place].node.expect("visited");
        let mut after = Chess::default();
        after.try_play(after.parse_action("e2e4").expect("legal")).expect("legal");
        assert!(tree.names[child].contains(&"e7e5".to_owned()), "{:?}", tree.names[child]);
        let dot = tree.to_dot(2);
        assert!(dot.starts_with("digraph tree {") && dot.contains("label=\"e2e4\""), "{dot}");
        let json = serde_json::to_value(&tree).expect("data");
        assert_eq!(json["nodes"][0]["names"].as_array().map(Vec::len), Some(20));
    }
}
