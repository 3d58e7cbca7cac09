//! Messages in their order, so that what neighbours begin with is computed once.

use crate::{END, Messages};

/// Numbers of messages in the order of their symbols.
#[derive(Debug)]
pub(super) struct Sorted {
    order: Vec<usize>,
    /// Symbols that a message of the order shares with the one before it, ends included.
    shared: Vec<usize>,
}

impl Sorted {
    pub fn new(messages: &Messages) -> Self {
        let mut order: Vec<usize> = (0..messages.count()).collect();
        order.sort_by(|&a, &b| messages.get(a).cmp(messages.get(b)).then(a.cmp(&b)));
        let mut shared = vec![0; order.len()];
        for (at, pair) in order.windows(2).enumerate() {
            let [before, next] = [pair[0], pair[1]].map(|index| symbols(messages, index));
            shared[at + 1] = before.iter().zip(next).take_while(|(a, b)| a == b).count();
        }
        Self { order, shared }
    }

    /// The messages in their order.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The first message of the order.
    pub fn first(&self) -> usize {
        self.order[0]
    }

    /// The messages in their order, with what they share with the one before.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.order.iter().copied().zip(self.shared.iter().copied())
    }
}

/// The symbols of a message, its end included if it has one.
pub(super) fn symbols(messages: &Messages, index: usize) -> &[u32] {
    let message = messages.get(index);
    let end = message.iter().position(|&symbol| symbol == END);
    &message[..end.map_or(message.len(), |end| end + 1)]
}

/// Distinct beginnings of some messages, by their lengths: what a listener reads once.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    /// Of each length from 1 on: the last symbol and the number of the prefix before it among those of its length.
    pub levels: Vec<Vec<(u32, usize)>>,
    /// For each message: its length and the number of its prefix of that length.
    pub ends: Vec<(usize, usize)>,
}

impl Prefixes {
    /// Of messages in their order.
    pub fn new(messages: &Messages, order: &[usize]) -> Self {
        let mut levels: Vec<Vec<(u32, usize)>> = vec![Vec::new(); messages.max_length()];
        let mut ends = Vec::with_capacity(order.len());
        let mut before: &[u32] = &[];
        for &index in order {
            let message = symbols(messages, index);
            let shared = before.iter().zip(message).take_while(|(a, b)| a == b).count();
            for (step, &symbol) in message.iter().enumerate().skip(shared) {
                let parent = step.checked_sub(1).map_or(0, |before| levels[before].len() - 1);
                levels[step].push((symbol, parent));
            }
            ends.push((message.len(), levels[message.len() - 1].len() - 1));
            before = message;
        }
        Self { levels, ends }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.levels.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_beginning_occurs_once() {
        let messages =
            Messages::from_rows(&[[2, 1, 0], [2, 1, 3], [0, 0, 0], [2, 1, 0], [1, 1, 1]]).expect("messages");
        let sorted = Sorted::new(&messages);
        assert_eq!(sorted.order(), [2, 4, 0, 3, 1]);
        let shared: Vec<usize> = sorted.iter().map(|(_, shared)| shared).collect();
        assert_eq!(shared, [0, 0, 0, 3, 2]);
        let prefixes = Prefixes::new(&messages, sorted.order());
        assert_eq!(prefixes.levels[0], [(0, 0), (1, 0), (2, 0)]);
        assert_eq!(prefixes.levels[1], [(1, 1), (1, 2)]);
        assert_eq!(prefixes.levels[2], [(1, 0), (0, 1), (3, 1)]);
        assert_eq!(prefixes.ends, [(1, 0), (3, 0), (3, 1), (3, 1), (3, 2)]);
        assert_eq!(prefixes.count(), 8);
    }
}
