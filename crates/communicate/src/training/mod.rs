//! Agents that learn a Lewis game from each other (Rita et al., "Emergent Communication: Generalization and Overfitting in Lewis
//! Games", 2022).
//!
//! An update plays a game with each object of a batch. The listener goes down the gradient of −log ρ(x|m). The speaker is told a
//! reward, `r = α log ρ(x|m) + (1 − α) log ρ*(x|m)`, and goes up that of `(r − b) log π(m|x) + c_H Σ_t H_t / length`; the first share of
//! the reward makes it go down L, the second one `L_info` alone (see [`crate::decomposition`]). What the listener does between
//! updates is its [`Regime`]. Objects of attributes are reconstructed; vectors of features are found among others, which takes another
//! listener and another posterior ([`Played`]) and nothing else.
//!
//! There may be several speakers and listeners, of which a pair plays in each update ([`PopulationConfig`]), generations that learn by
//! imitation what the one before them said ([`ImitationConfig`]), and a channel that replaces symbols
//! ([`Channel::transmit`](crate::game::Channel::transmit)): the listener then learns from m', what arrived, and the speaker goes up the gradient
//! of `(log ρ(x|m') − b) log π(m|x)`, m being what was sent. What is measured is without noise.
//!
//! ```
//! use autodidact_communicate::training::{GameConfig, Learner, TrainConfig, evaluate};
//!
//! let mut config = TrainConfig::default();
//! config.game = GameConfig { attributes: 2, values: 3, ..GameConfig::default() }.into();
//! config.channel.max_length = 3;
//! (config.speaker.hidden, config.listener.hidden) = (16, 16);
//! let (_, split) = config.objects()?;
//! let mut learner = Learner::recurrent(&config)?;
//! let first = learner.step(&split)?;
//! for _ in 0..200 {
//!     learner.step(&split)?;
//! }
//! let measured = evaluate(&config, &split, (learner.speaker(), learner.listener()), 201)?;
//! assert!(measured.train.loss < first.loss);
//! // The parts of the loss add up.
//! let parts = measured.train.information + measured.train.adaptation;
//! assert!((measured.train.loss - parts).abs() < 1e-9);
//! # Ok::<(), autodidact_communicate::Error>(())
//! ```

mod across;
mod adam;
mod checkpoint;
mod config;
mod evaluate;
mod games;
mod imitation;
mod loss;
mod played;
mod population;
pub mod probe;
mod regime;
mod relaxed;
mod run;
#[cfg(feature = "images")]
mod seeing;
mod step;
mod turnover;

pub use across::{AcrossPairs, PopulationEvaluation, evaluate_population};
pub use config::{BaselineKind, ChannelConfig, EvaluationConfig, LearningConfig, TrainConfig};
pub use evaluate::{Evaluation, Measured, evaluate};
pub use games::{
    DiscriminationConfig, Game, GameConfig, HeldOutSplit, ImagesConfig, Normalise, RandomSplit, SplitConfig,
};
pub use imitation::{Examples, Generation, ImitationConfig, imitation_gradient};
pub use loss::{LinearBaseline, credits};
pub use played::{Played, Question, Structure};
pub use population::{Pair, Pairing, PopulationConfig, Replaced, Side};
pub use regime::{EarlyStopped, Partial, Patience, Regime, Reset, Retrained, StopRule, Stopping};
pub use relaxed::{Estimator, RelaxedLoss, relaxed_loss};
#[cfg(feature = "images")]
pub use run::restore_seeing;
pub use run::{Outcome, Telling, Trained, restore, restore_discriminating, train};
#[cfg(feature = "images")]
pub use seeing::Seeing;
pub use step::{Counts, Discriminating, Learner, Reconstructing, Report};
