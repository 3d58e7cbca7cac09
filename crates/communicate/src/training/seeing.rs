//! Agents that see pictures, each through an encoder of its own that learns with it.

use autodidact_experiment::rng::Seeds;

use super::config::TrainConfig;
use super::games::ImagesConfig;
use super::step::Learner;
use crate::agents::{SeeingDiscriminator, SeeingSpeaker};
use crate::images::{CHANNELS, ImageEncoder};
use crate::{Error, Features, Result};

/// Agents that find pictures among others.
pub type Seeing = Learner<SeeingSpeaker<ImageEncoder>, SeeingDiscriminator<ImageEncoder>, Features>;

impl Seeing {
    /// Agents as the configuration of a discrimination game with pictures says.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is out of range, or if the game has no pictures.
    pub fn seeing(config: &TrainConfig) -> Result<Self> {
        config.validate()?;
        let (game, channel, seeds) = (config.discrimination()?, config.channel()?, Seeds::new(config.seed));
        let Some(images) = &game.images else {
            return Err(Error::Setting {
                name: "game.images",
                value: "missing".to_owned(),
                expected: "a collection of pictures; agents of features are `Learner::discriminating`"
                    .to_owned(),
            });
        };
        let ImagesConfig { side, width, .. } = *images;
        let [mut of_speaker, mut of_listener] = ["speaker", "listener"].map(|name| seeds.stream(name));
        let encoder = ImageEncoder::new([side, width], &mut of_speaker);
        let speaker = SeeingSpeaker::new(encoder, &config.speaker, channel, &mut of_speaker);
        let encoder = ImageEncoder::new([side, width], &mut of_listener);
        let listener =
            SeeingDiscriminator::new(encoder, &config.listener, game.projection, channel, &mut of_listener);
        Ok(Self::of_features(config, CHANNELS * side * side, speaker, listener))
    }
}
