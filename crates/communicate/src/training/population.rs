//! Populations: several speakers and listeners, of which a pair plays in each update.

use serde::{Deserialize, Serialize};

use super::adam::Adam;
use super::loss::LinearBaseline;
use crate::Result;
use crate::agents::{Listener, Speaker};
use crate::setting::{count, require};
use autodidact_experiment::rng::Seeds;
use rand::RngExt;

/// Agents of a side at most.
const MOST: usize = 1 << 10;

/// How many agents there are, and who plays with whom.
///
/// An update is a game of one pair, so that of N speakers each makes one in N of the updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PopulationConfig {
    /// Number of speakers N.
    pub speakers: usize,
    /// Number of listeners M.
    pub listeners: usize,
    /// Which pair plays in an update.
    pub pairing: Pairing,
    /// Updates of all pairs between two replacements of an agent by a fresh one; 0 for none.
    pub reset_every: usize,
    /// Who is replaced: one of the speakers, one of the listeners, or one of each.
    pub reset: Side,
    /// Which one of them.
    pub replaced: Replaced,
}

/// Which pair plays in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairing {
    /// A pair that is drawn, each of the N × M equally likely.
    Random,
    /// All N × M pairs in turn: in update u speaker u mod N and listener ⌊u / N⌋ mod M.
    All,
    /// Partners that stay together, in turn: speaker k mod N and listener k mod M for k below the larger of N and M.
    Fixed,
}

/// Speakers, listeners or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Speakers.
    Speaker,
    /// Listeners.
    Listener,
    /// Both.
    Both,
}

/// Which agent of a side is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replaced {
    /// The one that is there for the longest time, of several the first.
    Oldest,
    /// One that is drawn.
    Random,
}

impl Default for PopulationConfig {
    /// One speaker and one listener.
    fn default() -> Self {
        Self {
            speakers: 1,
            listeners: 1,
            pairing: Pairing::Random,
            reset_every: 0,
            reset: Side::Listener,
            replaced: Replaced::Oldest,
        }
    }
}

impl Side {
    pub(super) fn has_speakers(self) -> bool {
        self != Self::Listener
    }

    pub(super) fn has_listeners(self) -> bool {
        self != Self::Speaker
    }
}

/// The numbers of a speaker and a listener, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pair {
    /// The speaker.
    pub speaker: usize,
    /// The listener.
    pub listener: usize,
}

impl PopulationConfig {
    /// That all settings are in their ranges.
    pub(super) fn validate(&self) -> Result<()> {
        count("population.speakers", self.speakers, MOST)?;
        count("population.listeners", self.listeners, MOST)?;
        let most = 1_usize << 40;
        require(
            self.reset_every <= most,
            "population.reset_every",
            self.reset_every,
            format!("0, for no fresh agents, to {most}"),
        )
    }

    /// Whether there are more than a speaker and a listener.
    pub fn is_several(&self) -> bool {
        self.speakers > 1 || self.listeners > 1
    }

    /// The pair that plays in an update, counted from 0.
    pub(super) fn pair(&self, update: u64, seeds: Seeds) -> Pair {
        let Self { speakers, listeners, .. } = *self;
        if !self.is_several() {
            return Pair::default();
        }
        let turn = |number: u64, of: usize| (number % of as u64) as usize;
        match self.pairing {
            Pairing::Random => {
                let drawn = seeds.keyed("pair", [update]).random_range(0..speakers * listeners);
                Pair { speaker: drawn % speakers, listener: drawn / speakers }
            }
            Pairing::All => {
                Pair { speaker: turn(update, speakers), listener: turn(update / speakers as u64, listeners) }
            }
            Pairing::Fixed => {
                let partners = turn(update, speakers.max(listeners));
                Pair { speaker: partners % speakers, listener: partners % listeners }
            }
        }
    }

    /// Which agent of a side is replaced before an update, of agents that are there since these updates.
    pub(super) fn replaced(&self, since: &[u64], (side, update, seeds): (&str, u64, Seeds)) -> usize {
        match self.replaced {
            Replaced::Random => {
                seeds.keyed(&format!("replaced {side}"), [update]).random_range(0..since.len())
            }
            Replaced::Oldest => {
                let oldest = since.iter().enumerate().min_by_key(|&(_, &since)| since);
                oldest.map_or(0, |(number, _)| number)
            }
        }
    }
}

/// A speaker with all that it learns by.
#[derive(Clone, Debug)]
pub(super) struct SpeakerState<S> {
    pub agent: S,
    pub adam: Adam,
    pub baseline: LinearBaseline,
    pub baseline_adam: Adam,
    /// Updates that were made when it was put in.
    pub since: u64,
}

impl<S> SpeakerState<S> {
    /// A speaker from the beginning, which has not learnt yet.
    pub fn new<X>(agent: S, baseline: LinearBaseline) -> Self
    where
        S: Speaker<X>,
    {
        Self {
            adam: Adam::new(agent.parameters().values().len()),
            baseline_adam: Adam::new(baseline.weights.len()),
            baseline,
            agent,
            since: 0,
        }
    }
}

/// A listener with all that it learns by.
#[derive(Clone, Debug)]
pub(super) struct ListenerState<L> {
    pub agent: L,
    pub adam: Adam,
    /// Updates in which this listener, or one that it replaced, took part.
    pub updates: u64,
    /// Updates that were made when it was put in; what a regime does to it does not count.
    pub since: u64,
}

impl<L> ListenerState<L> {
    /// A listener from the beginning, which has not learnt yet.
    pub fn new<Q>(agent: L) -> Self
    where
        L: Listener<Q>,
    {
        Self { adam: Adam::new(agent.parameters().values().len()), agent, updates: 0, since: 0 }
    }

    /// Its weights and moments.
    pub fn remembered<Q>(&self) -> (Vec<f32>, Adam)
    where
        L: Listener<Q>,
    {
        (self.agent.parameters().values().to_vec(), self.adam.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn visits(pairing: Pairing, speakers: usize, listeners: usize, updates: u64) -> HashMap<Pair, u64> {
        let population = PopulationConfig { speakers, listeners, pairing, ..PopulationConfig::default() };
        let mut visits = HashMap::new();
        for update in 0..updates {
            *visits.entry(population.pair(update, Seeds::new(3))).or_default() += 1;
        }
        visits
    }

    #[test]
    fn all_pairs_play_in_turn() {
        for (speakers, listeners) in [(2, 2), (3, 4), (4, 2), (1, 5)] {
            let pairs = (speakers * listeners) as u64;
            let visits = visits(Pairing::All, speakers, listeners, 7 * pairs);
            assert_eq!(visits.len() as u64, pairs);
            assert!(visits.values().all(|&visits| visits == 7), "{visits:?}");
        }
    }

    #[test]
    fn random_pairs_are_equally_likely() {
        let visits = visits(Pairing::Random, 3, 2, 6000);
        // 1000 each, with a standard deviation of 29: five of them.
        assert_eq!(visits.len(), 6);
        assert!(visits.values().all(|&visits| (856..=1144).contains(&visits)), "{visits:?}");
    }

    #[test]
    fn fixed_partners_stay_together() {
        for (speakers, listeners, expected) in [
            (3, 3, &[(0, 0), (1, 1), (2, 2)][..]),
            (2, 3, &[(0, 0), (1, 1), (0, 2)]),
            (2, 1, &[(0, 0), (1, 0)]),
        ] {
            let visits = visits(Pairing::Fixed, speakers, listeners, 5 * expected.len() as u64);
            assert_eq!(visits.len(), expected.len());
            for &(speaker, listener) in expected {
                assert_eq!(visits[&Pair { speaker, listener }], 5);
            }
        }
    }

    #[test]
    fn the_oldest_is_replaced_first() {
        let population = PopulationConfig { speakers: 3, ..PopulationConfig::default() };
        let mut since = [0; 3];
        let replaced: Vec<usize> = (1..=5)
            .map(|update| {
                let replaced = population.replaced(&since, ("speaker", update, Seeds::new(0)));
                since[replaced] = update;
                replaced
            })
            .collect();
        assert_eq!(replaced, [0, 1, 2, 0, 1]);
        let random = PopulationConfig { replaced: Replaced::Random, ..population };
        let mut counts = [0; 3];
        (0..3000).for_each(|update| counts[random.replaced(&since, ("speaker", update, Seeds::new(0)))] += 1);
        // 1000 each, with a standard deviation of 26: five of them.
        assert!(counts.iter().all(|count| (870..=1130).contains(count)), "{counts:?}");
    }
}
