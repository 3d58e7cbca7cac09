//! Agents that see observations through an encoder of their own, which learns with them.
//!
//! A speaker or a listener of features stands behind the encoder. It hands back the gradient of its features, and the encoder makes its own
//! of that. The numbers of both are one flat array, so that optimizers, checkpoints, resets and populations see an agent like any other.

use std::fmt::Debug;
use std::ops::Range;

use autodidact_experiment::rng::Stream;
use rand::Rng;

use super::config::AgentConfig;
use super::discriminator::NetworkDiscriminator;
use super::encoder::FeatureEncoder;
use super::parameters::Parameters;
use super::relaxed::{
    Relaxation, RelaxedGradient, RelaxedHearing, RelaxedListener, RelaxedMessages, RelaxedSpeaker,
};
use super::speaker::{NetworkSpeaker, SpeakerKept};
use super::{Choice, Credit, Listener, Speaker, Utterance};
use crate::game::{Channel, Lineups};
use crate::{Features, Messages};

/// The name of an encoder's numbers among those of an agent.
const NAME: &str = "observation";

/// Makes features of observations, which are rows of numbers too, for instance the pixels of pictures.
///
/// Features of an observation must not depend on the others that are encoded with it: a listener sees candidates one by one or all together.
pub trait ObservationEncoder: Clone + Debug + Send + Sync {
    /// F, the features of an observation.
    fn width(&self) -> usize;

    /// Its numbers.
    fn values(&self) -> &[f32];

    /// Takes other numbers, as many.
    fn set(&mut self, values: &[f32]);

    /// Features `[N, F]` of observations.
    fn encode(&self, observations: &Features) -> Vec<f32>;

    /// The gradient of its numbers, given that of the features `[N, F]` of observations.
    fn gradient(&self, observations: &Features, of_features: &[f32]) -> Vec<f32>;

    /// Begins anew, with other weights.
    fn renew(&mut self, rng: &mut Stream);
}

fn features(encoder: &impl ObservationEncoder, observations: &Features) -> Features {
    Features::encoded(encoder.encode(observations), encoder.width())
}

/// A speaker about observations.
#[derive(Clone, Debug)]
pub struct SeeingSpeaker<V> {
    encoder: V,
    speaker: NetworkSpeaker<FeatureEncoder>,
    parameters: Parameters,
}

impl<V: ObservationEncoder> SeeingSpeaker<V> {
    /// A [`NetworkSpeaker`] behind an encoder.
    pub fn new(encoder: V, config: &AgentConfig, channel: Channel, rng: &mut impl Rng) -> Self {
        let speaker = NetworkSpeaker::of_features(config, encoder.width(), channel, rng);
        Self::of(encoder, speaker)
    }

    fn of(encoder: V, speaker: NetworkSpeaker<FeatureEncoder>) -> Self {
        let parameters = Parameters::before(NAME, encoder.values(), speaker.parameters());
        Self { encoder, speaker, parameters }
    }

    /// The whole gradient, given the speaker's and that of its encoded features.
    fn gradient_of(&self, observations: &Features, own: Vec<f32>, of_encoded: &[f32]) -> Vec<f32> {
        let of_features = self.speaker.encoder.of_features(of_encoded);
        [self.encoder.gradient(observations, &of_features), own].concat()
    }
}

/// What a speaker keeps of an utterance about observations.
#[derive(Debug)]
pub struct SeeingKept {
    features: Features,
    kept: SpeakerKept,
}

impl<V: ObservationEncoder> Speaker<Features> for SeeingSpeaker<V> {
    type Kept = SeeingKept;

    fn channel(&self) -> Channel {
        self.speaker.channel()
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn change(&mut self, change: &mut dyn FnMut(&mut [f32])) {
        change(self.parameters.values_mut());
        let (of_encoder, own) = self.parameters.values().split_at(self.encoder.values().len());
        self.encoder.set(of_encoder);
        self.speaker.change(&mut |values| values.copy_from_slice(own));
    }

    fn speak(&self, observations: &Features, choice: Choice<'_>) -> Utterance<SeeingKept> {
        let features = features(&self.encoder, observations);
        let Utterance { messages, log_probs, entropies, kept } = self.speaker.speak(&features, choice);
        Utterance { messages, log_probs, entropies, kept: SeeingKept { features, kept } }
    }

    fn gradient(
        &self,
        observations: &Features,
        said: &Utterance<SeeingKept>,
        credits: &[Credit],
    ) -> Vec<f32> {
        let SeeingKept { features, kept } = &said.kept;
        let (own, of_encoded) = self.speaker.gradient_through(features, (kept, &said.messages), credits);
        self.gradient_of(observations, own, &of_encoded)
    }

    fn score(
        &self,
        observations: &Features,
        messages: &Messages,
        each: &(dyn Fn(Range<usize>, &[f64]) + Sync),
    ) {
        self.speaker.score(&features(&self.encoder, observations), messages, each);
    }

    fn renew(&mut self, rng: &mut Stream) {
        self.encoder.renew(rng);
        self.speaker.renew(rng);
        *self = Self::of(self.encoder.clone(), self.speaker.clone());
    }

    fn relaxed(&self) -> Option<&dyn RelaxedSpeaker<Features>> {
        Some(self)
    }
}

impl<V: ObservationEncoder> RelaxedSpeaker<Features> for SeeingSpeaker<V> {
    fn relaxed_gradient(
        &self,
        observations: &Features,
        noise: &[f32],
        learning: (Relaxation, f64),
        hear: &mut dyn FnMut(&RelaxedMessages) -> Vec<f32>,
    ) -> RelaxedGradient {
        let features = features(&self.encoder, observations);
        let (RelaxedGradient { gradient, entropy }, of_encoded) =
            self.speaker.relaxed_through(&features, noise, learning, hear);
        RelaxedGradient { gradient: self.gradient_of(observations, gradient, &of_encoded), entropy }
    }
}

/// A listener that finds an observation among others.
#[derive(Clone, Debug)]
pub struct SeeingDiscriminator<V> {
    encoder: V,
    listener: NetworkDiscriminator,
    parameters: Parameters,
}

impl<V: ObservationEncoder> SeeingDiscriminator<V> {
    /// A [`NetworkDiscriminator`] behind an encoder, that compares by `projection` numbers.
    pub fn new(
        encoder: V,
        config: &AgentConfig,
        projection: usize,
        channel: Channel,
        rng: &mut impl Rng,
    ) -> Self {
        let listener = NetworkDiscriminator::new(config, [encoder.width(), projection], channel, rng);
        Self::of(encoder, listener)
    }

    fn of(encoder: V, listener: NetworkDiscriminator) -> Self {
        let parameters = Parameters::before(NAME, encoder.values(), listener.parameters());
        Self { encoder, listener, parameters }
    }

    /// The games with features for observations.
    fn seen(&self, lineups: &Lineups) -> Lineups {
        lineups.with_vectors(|observations| features(&self.encoder, observations))
    }
}

impl<V: ObservationEncoder> Listener<Lineups> for SeeingDiscriminator<V> {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn change(&mut self, change: &mut dyn FnMut(&mut [f32])) {
        change(self.parameters.values_mut());
        let (of_encoder, own) = self.parameters.values().split_at(self.encoder.values().len());
        self.encoder.set(of_encoder);
        self.listener.change(&mut |values| values.copy_from_slice(own));
    }

    fn mask_len(&self) -> usize {
        self.listener.mask_len()
    }

    fn log_likelihood(&self, lineups: &Lineups, messages: &Messages) -> Vec<f32> {
        self.listener.log_likelihood(&self.seen(lineups), messages)
    }

    fn gradient(&self, lineups: &Lineups, messages: &Messages, mask: Option<&[f32]>) -> (Vec<f32>, Vec<f32>) {
        let (likelihoods, own, of_pool) = self.listener.gradient_through(&self.seen(lineups), messages, mask);
        (likelihoods, [self.encoder.gradient(lineups.pool(), &of_pool), own].concat())
    }

    fn renew(&mut self, rng: &mut Stream) {
        self.encoder.renew(rng);
        self.listener.renew(rng);
        *self = Self::of(self.encoder.clone(), self.listener.clone());
    }

    fn right(&self, lineups: &Lineups, messages: &Messages) -> Vec<usize> {
        self.listener.right(&self.seen(lineups), messages)
    }

    fn relaxed(&self) -> Option<&dyn RelaxedListener<Lineups>> {
        Some(self)
    }
}

impl<V: ObservationEncoder> RelaxedListener<Lineups> for SeeingDiscriminator<V> {
    fn relaxed_gradient(
        &self,
        lineups: &Lineups,
        messages: &RelaxedMessages,
        mask: Option<&[f32]>,
    ) -> RelaxedHearing {
        let (hearing, of_pool) = self.listener.relaxed_through(&self.seen(lineups), messages, mask);
        let gradient = [self.encoder.gradient(lineups.pool(), &of_pool), hearing.gradient].concat();
        RelaxedHearing { gradient, ..hearing }
    }
}
