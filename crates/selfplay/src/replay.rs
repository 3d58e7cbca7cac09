//! The last games, from which positions are drawn.

use std::collections::VecDeque;

use rand::{Rng, RngExt};

use crate::episode::{Episode, Searched};

/// What a window counts and draws of a game.
pub trait Positions {
    /// The positions that can be drawn.
    fn count(&self) -> usize;
}

impl Positions for Episode {
    /// Those whose policy is to be learnt.
    fn count(&self) -> usize {
        full(self).count()
    }
}

/// A window of games: new ones come in, and the oldest leave when more positions than `capacity` are left without them.
///
/// Positions whose policy is not to be learnt do not count and are not drawn.
#[derive(Clone, Debug)]
pub struct Replay<E = Episode> {
    capacity: usize,
    episodes: VecDeque<E>,
    /// The number of the first position of each game, counted from the first game there ever was.
    starts: VecDeque<u64>,
    /// The number of the next position.
    end: u64,
}

impl<E: Positions> Replay<E> {
    /// An empty window.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, episodes: VecDeque::new(), starts: VecDeque::new(), end: 0 }
    }

    /// Lets the window hold another number of positions, from the next game on.
    pub fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
    }

    /// Takes a game in.
    pub fn push(&mut self, episode: E) {
        let count = episode.count() as u64;
        if count == 0 {
            return;
        }
        self.episodes.push_back(episode);
        self.starts.push_back(self.end);
        self.end += count;
        while let Some(&second) = self.starts.get(1)
            && self.end - second >= self.capacity as u64
        {
            self.episodes.pop_front();
            self.starts.pop_front();
        }
    }

    /// Positions that can be drawn.
    pub fn len(&self) -> usize {
        self.starts.front().map_or(0, |first| (self.end - first) as usize)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.episodes.is_empty()
    }

    /// Positions that ever came in.
    pub fn num_pushed(&self) -> u64 {
        self.end
    }

    /// The number of a position, each as probable as the others.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn draw_number(&self, rng: &mut impl Rng) -> u64 {
        let first = *self.starts.front().expect("there are games");
        rng.random_range(first..self.end)
    }

    /// The game that a number is of, and its place among the game's positions.
    pub(crate) fn at(&self, number: u64) -> (&E, usize) {
        let (index, place) = self.place(number);
        (&self.episodes[index], place)
    }

    /// The same, to change the game.
    pub(crate) fn at_mut(&mut self, number: u64) -> (&mut E, usize) {
        let (index, place) = self.place(number);
        (&mut self.episodes[index], place)
    }

    fn place(&self, number: u64) -> (usize, usize) {
        let index = self.starts.partition_point(|start| *start <= number) - 1;
        (index, (number - self.starts[index]) as usize)
    }

    /// The games, the oldest first.
    pub fn episodes(&self) -> impl ExactSizeIterator<Item = &E> {
        self.episodes.iter()
    }

    /// The window as it was when it held these games and `num_pushed` positions had come in.
    pub fn restore(capacity: usize, episodes: Vec<E>, num_pushed: u64) -> Self {
        let kept: u64 = episodes.iter().map(|episode| episode.count() as u64).sum();
        let mut replay = Self { end: num_pushed.saturating_sub(kept), ..Self::new(usize::MAX) };
        for episode in episodes {
            replay.push(episode);
        }
        replay.capacity = capacity;
        replay
    }
}

impl Replay {
    /// A position, each as probable as the others, and its game.
    ///
    /// # Panics
    /// If there is none.
    pub fn draw(&self, rng: &mut impl Rng) -> (&Episode, &Searched) {
        let (episode, place) = self.at(self.draw_number(rng));
        (episode, full(episode).nth(place).expect("positions were counted"))
    }
}

fn full(episode: &Episode) -> impl Iterator<Item = &Searched> {
    episode.searched.iter().filter(|searched| searched.is_full)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    fn episode(name: u32, positions: u32) -> Episode {
        let searched = (0..2 * positions).map(|ply| Searched {
            ply,
            is_full: ply % 2 == 1,
            actions: vec![name],
            policy: vec![1.0],
            value: 0.0,
            proven: None,
        });
        Episode { actions: vec![0; 2 * positions as usize], searched: searched.collect(), result: 1.0 }
    }

    #[test]
    fn positions_are_drawn_evenly_and_old_games_leave() {
        let mut replay = Replay::new(10);
        for (name, positions) in [(0, 4), (1, 0), (2, 1), (3, 5), (4, 5)] {
            replay.push(episode(name, positions));
        }
        // Without game 0 there are 11 positions left, and 10 without game 2.
        assert_eq!((replay.len(), replay.num_pushed(), replay.episodes().len()), (10, 15, 2));
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut counts = [[0_u32; 10]; 2];
        for _ in 0..10_000 {
            let (_, searched) = replay.draw(&mut rng);
            counts[searched.actions[0] as usize - 3][searched.ply as usize] += 1;
        }
        for of_game in counts {
            assert!(of_game.iter().step_by(2).all(|count| *count == 0));
            // Ten places of a tenth each: 1,000 with a deviation of 30.
            assert!(of_game.iter().skip(1).step_by(2).all(|count| count.abs_diff(1000) < 150), "{of_game:?}");
        }
        let restored = Replay::restore(10, replay.episodes().cloned().collect(), replay.num_pushed());
        let [mut one, mut other] = [3, 3].map(Xoshiro256PlusPlus::seed_from_u64);
        assert!((0..100).all(|_| replay.draw(&mut one).1 == restored.draw(&mut other).1));
    }
}
