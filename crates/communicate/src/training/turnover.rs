//! Agents that leave and agents that come: fresh ones of a population, pupils of iterated learning.

use super::adam::Adam;
use super::imitation::{Generation, agreement, pupil, seen};
use super::played::Played;
use super::population::Pair;
use super::step::Learner;
use crate::Result;
use crate::agents::{Listener, Speaker};

impl<X: Played, S: Speaker<X>, L: Listener<X::Question>> Learner<S, L, X> {
    /// Puts fresh agents in the place of some of the population's, if it is time.
    pub(super) fn replace(&mut self) {
        let (population, update) = (self.config.population, self.counts.updates);
        if !is_due(population.reset_every, update) {
            return;
        }
        if population.reset.has_speakers() {
            let since: Vec<u64> = self.speakers.iter().map(|speaker| speaker.since).collect();
            let speaker = population.replaced(&since, ("speaker", update, self.seeds));
            self.renew_speaker(speaker);
        }
        if population.reset.has_listeners() {
            let since: Vec<u64> = self.listeners.iter().map(|listener| listener.since).collect();
            let listener = population.replaced(&since, ("listener", update, self.seeds));
            self.renew(listener);
            self.listeners[listener].since = update;
        }
    }

    /// A fresh speaker in the place of this one.
    fn renew_speaker(&mut self, speaker: usize) {
        self.counts.speaker_resets += 1;
        let state = &mut self.speakers[speaker];
        state.agent.renew(&mut self.seeds.keyed("speaker", [self.counts.speaker_resets]));
        state.adam = Adam::new(state.agent.parameters().values().len());
        state.baseline.weights.fill(0.0);
        state.baseline_adam = Adam::new(state.baseline.weights.len());
        state.since = self.counts.updates;
    }

    /// Puts pupils in the place of their teachers, if it is time: speakers first, then listeners, which hear the new speakers in turn.
    pub(super) fn next_generation(&mut self, train: &X) -> Result<Option<Generation>> {
        let (imitation, update) = (self.config.imitation, self.counts.updates);
        if !is_due(imitation.every, update) {
            return Ok(None);
        }
        self.counts.generations += 1;
        let number = self.counts.generations;
        let indices = seen(&imitation, train.count(), number, self.seeds);
        let heard = train.select(&indices)?;
        let mut generation = Generation { number, seen: indices.len(), ..Generation::default() };
        if imitation.agents.has_speakers() {
            let share = 1.0 / self.speakers.len() as f64;
            for (place, state) in self.speakers.iter_mut().enumerate() {
                let pupil = pupil(&self.config, &state.agent, &heard, [number, place as u64], update)?;
                let (of_seen, of_unseen) = agreement(&pupil, &state.agent, train, &indices);
                *generation.agreement.get_or_insert(0.0) += share * of_seen;
                if let Some(of_unseen) = of_unseen {
                    *generation.agreement_unseen.get_or_insert(0.0) += share * of_unseen;
                }
                // What Adam knows is of the slopes of imitation, which are not those of games.
                state.adam = Adam::new(pupil.parameters().values().len());
                state.agent = pupil;
                state.since = update;
            }
        }
        if imitation.agents.has_listeners() {
            for listener in 0..self.listeners.len() {
                self.renew(listener);
                self.listeners[listener].since = update;
                for step in 0..imitation.steps {
                    self.listen(&heard, Pair { speaker: step % self.speakers.len(), listener })?;
                }
            }
        }
        Ok(Some(generation))
    }
}

/// Whether so many updates were made since the last time, of which the beginning is none.
fn is_due(every: usize, update: u64) -> bool {
    every > 0 && update > 0 && update.is_multiple_of(every as u64)
}
