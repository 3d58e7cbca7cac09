//! Finds the longest user-defined piece that a text begins with.

use std::collections::BTreeMap;

use super::encode::Specials;

/// A tree of bytes. The children of a node are a range of `edges`, sorted by byte.
pub(super) struct Matcher {
    nodes: Vec<Node>,
    edges: Vec<(u8, u32)>,
    /// Which pairs of bytes some piece begins with, a bit each: most places of a text are ruled out by one look.
    pairs: Vec<u64>,
    /// The first bytes of pieces.
    first: [bool; 256],
}

struct Node {
    edges: std::ops::Range<u32>,
    /// The piece that ends here, and whether it is special.
    piece: Option<(u32, bool)>,
}

#[derive(Default)]
struct Growing {
    children: BTreeMap<u8, usize>,
    piece: Option<(u32, bool)>,
}

impl Matcher {
    /// Of `(text with plain spaces, id, special)`.
    pub(super) fn new<'a>(pieces: impl Iterator<Item = (&'a str, u32, bool)>) -> Self {
        let mut growing = vec![Growing::default()];
        let mut pairs = vec![0; (1 << 16) / 64];
        let mut first = [false; 256];
        for (text, id, special) in pieces {
            let mut node = 0;
            for &byte in text.as_bytes() {
                let fresh = growing.len();
                let next = *growing[node].children.entry(byte).or_insert(fresh);
                if next == fresh {
                    growing.push(Growing::default());
                }
                node = next;
            }
            growing[node].piece = Some((id, special));
            let bytes = text.as_bytes();
            first[usize::from(bytes[0])] = true;
            let seconds = bytes.get(1).map_or(0..=255, |&second| second..=second);
            for second in seconds {
                let pair = pair(bytes[0], second);
                pairs[pair / 64] |= 1 << (pair % 64);
            }
        }
        let mut edges = Vec::with_capacity(growing.len());
        let nodes = growing
            .into_iter()
            .map(|Growing { children, piece }| {
                let start = edges.len() as u32;
                edges.extend(children.into_iter().map(|(byte, child)| (byte, child as u32)));
                Node { edges: start..edges.len() as u32, piece }
            })
            .collect();
        Self { nodes, edges, pairs, first }
    }

    /// Whether some piece begins with this byte.
    pub(super) fn starts_with(&self, byte: u8) -> bool {
        self.first[usize::from(byte)]
    }

    /// The longest piece that `text` begins with, its id and its bytes. Special ones count if `specials` says so.
    #[inline]
    pub(super) fn longest(&self, text: &[u8], specials: Specials) -> Option<(u32, usize)> {
        let possible = match *text {
            [] => false,
            [only] => self.starts_with(only),
            [first, second, ..] => {
                let pair = pair(first, second);
                self.pairs[pair / 64] >> (pair % 64) & 1 == 1
            }
        };
        if possible { self.walk(text, specials) } else { None }
    }

    fn walk(&self, text: &[u8], specials: Specials) -> Option<(u32, usize)> {
        let mut longest = None;
        let mut node = &self.nodes[0];
        for (length, &byte) in text.iter().enumerate() {
            if let Some((id, _)) = node.piece.filter(|&(_, special)| !special || specials == Specials::Match)
            {
                longest = Some((id, length));
            }
            let edges = &self.edges[node.edges.start as usize..node.edges.end as usize];
            let Ok(edge) = edges.binary_search_by_key(&byte, |&(byte, _)| byte) else { return longest };
            node = &self.nodes[edges[edge].1 as usize];
        }
        match node.piece {
            Some((id, special)) if !special || specials == Specials::Match => Some((id, text.len())),
            _ => longest,
        }
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}
