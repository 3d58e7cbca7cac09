//! A language as a tree of the beginnings of its messages.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use serde::Serialize;

use crate::{END, Language};

/// A beginning of messages, and what it makes certain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prefix {
    /// Its last symbol, [`END`] where messages end that others continue; none for the beginning of all messages.
    pub symbol: Option<u32>,
    /// How many objects' messages begin so.
    pub objects: usize,
    /// How many different messages begin so.
    pub messages: usize,
    /// Attributes that have one value among these objects, with the value, those left out that the prefix before makes certain already.
    pub certain: Vec<(usize, u32)>,
    /// Its continuations, the most frequent ones first. None where the message ends, or where the tree is cut.
    pub further: Vec<Self>,
    /// Continuations that are left out beside those, and their objects.
    pub left_out: Option<(usize, usize)>,
}

impl Prefix {
    /// Whether it goes on, but not in this tree.
    pub fn is_cut(&self) -> bool {
        self.further.is_empty() && self.messages > 1
    }
}

/// Continuations of a prefix that are shown; the others are left out.
const FURTHER: usize = 12;

/// The tree of the prefixes of a language's messages, cut so that it has about `rows` places at its edge: the largest prefixes are continued
/// first, and of many continuations the 12 most frequent ones are in it. A prefix of one message alone is not continued, its object
/// being told.
///
/// ```
/// use autodidact_communicate::{Language, Messages, Objects, measures};
///
/// let objects = Objects::from_rows(&[[0, 0], [0, 1], [1, 0], [1, 1]])?;
/// let messages = Messages::from_rows(&[[1, 3], [1, 4], [2, 3], [2, 4]])?;
/// let tree = measures::message_tree(&Language::new(objects, messages)?, 10);
/// assert_eq!((tree.objects, tree.further.len()), (4, 2));
/// // The first symbol tells the first attribute, the second one the second.
/// assert_eq!(tree.further[0].certain, [(0, 0)]);
/// assert_eq!(tree.further[0].further[1].certain, [(1, 1)]);
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
pub fn message_tree(language: &Language, rows: usize) -> Prefix {
    let mut order: Vec<usize> = (0..language.count()).collect();
    order.sort_by_key(|&row| language.messages().get(row));
    let growing = Growing { language, order };
    let mut nodes =
        vec![Node { symbol: None, range: 0..language.count(), depth: 0, further: vec![], left_out: None }];
    let mut edge = 1;
    let mut largest = BinaryHeap::from([(language.count(), Reverse(0))]);
    while let Some((_, Reverse(parent))) = largest.pop() {
        let mut found = growing.further(&nodes[parent]);
        found.sort_by_key(|node| Reverse(node.range.len()));
        let shown = if found.len() > FURTHER { FURTHER - 1 } else { found.len() };
        let places = found.len().min(FURTHER);
        if places == 0 || edge + places - 1 > rows.max(1) {
            continue;
        }
        edge += places - 1;
        let rest = found.split_off(shown);
        if !rest.is_empty() {
            let objects = rest.iter().map(|node| node.range.len()).sum();
            nodes[parent].left_out = Some((rest.len(), objects));
        }
        for node in found {
            largest.push((node.range.len(), Reverse(nodes.len())));
            let number = nodes.len();
            nodes[parent].further.push(number);
            nodes.push(node);
        }
    }
    growing.prefix(&nodes, 0, &vec![None; language.objects().num_attributes()])
}

/// A prefix while the tree grows: its rows follow one another in the order of the messages.
struct Node {
    symbol: Option<u32>,
    range: Range<usize>,
    depth: usize,
    further: Vec<usize>,
    left_out: Option<(usize, usize)>,
}

struct Growing<'a> {
    language: &'a Language,
    /// Rows in the order of their messages.
    order: Vec<usize>,
}

impl Growing<'_> {
    fn message(&self, place: usize) -> &[u32] {
        self.language.messages().get(self.order[place])
    }

    fn messages(&self, range: &Range<usize>) -> usize {
        1 + range.clone().skip(1).filter(|&place| self.message(place) != self.message(place - 1)).count()
    }

    /// The continuations of a prefix of several messages.
    fn further(&self, node: &Node) -> Vec<Node> {
        if node.symbol == Some(END) || self.messages(&node.range) == 1 {
            return Vec::new();
        }
        let symbol = |place: usize| self.message(place)[node.depth];
        let places: Vec<usize> = node.range.clone().collect();
        places
            .chunk_by(|&one, &other| symbol(one) == symbol(other))
            .map(|group| Node {
                symbol: Some(symbol(group[0])),
                range: group[0]..group[0] + group.len(),
                depth: node.depth + 1,
                further: Vec::new(),
                left_out: None,
            })
            .collect()
    }

    /// The finished prefix; `known` are the values that are certain before it.
    fn prefix(&self, nodes: &[Node], number: usize, known: &[Option<u32>]) -> Prefix {
        let node = &nodes[number];
        let objects = self.language.objects();
        let values: Vec<Option<u32>> = (0..known.len())
            .map(|attribute| {
                let mut values = node.range.clone().map(|place| objects.get(self.order[place])[attribute]);
                let first = values.next()?;
                values.all(|value| value == first).then_some(first)
            })
            .collect();
        let pairs = values.iter().zip(known).enumerate();
        let certain = pairs.filter_map(|(attribute, (value, known))| match known {
            Some(_) => None,
            None => Some((attribute, (*value)?)),
        });
        Prefix {
            symbol: node.symbol,
            objects: node.range.len(),
            messages: self.messages(&node.range),
            certain: certain.collect(),
            further: node.further.iter().map(|&further| self.prefix(nodes, further, &values)).collect(),
            left_out: node.left_out,
        }
    }
}
