//! The loop: update, measure, save.

use std::path::Path;
use std::time::Instant;

use autodidact_data::arrays::{NamedArray, write_npz};
use autodidact_experiment::interrupt;
use autodidact_experiment::metrics::Metrics;
use autodidact_experiment::run::RunDirectory;
use serde::Serialize;

use super::across::{PopulationEvaluation, evaluate_population};
use super::checkpoint::{self, Place};
use super::config::TrainConfig;
use super::evaluate::{Evaluation, evaluate};
use super::games::Game;
use super::imitation::Generation;
use super::played::Played;
#[cfg(feature = "images")]
use super::seeing::Seeing;
use super::step::{Counts, Discriminating, Learner, Reconstructing, Report};
use crate::agents::{Choice, Listener, Speaker};
use crate::game::Split;
use crate::{Error, Features, Messages, Objects, Result};

/// The file of a run that holds the most likely message of each of the game's objects, for `communicate measure`.
const LANGUAGE: &str = "language.npz";
/// Those of the further speakers of a population are `language-2.npz` and so on.
fn language_of(speaker: usize) -> String {
    if speaker == 0 { LANGUAGE.to_owned() } else { format!("language-{}.npz", speaker + 1) }
}

/// The file of a run that holds what was measured on the way.
const EVALUATIONS: &str = "evaluations.json";

/// How training went.
#[derive(Clone, Debug, Serialize)]
pub struct Trained {
    /// What was done.
    #[serde(flatten)]
    pub counts: Counts,
    /// Objects that train and objects that test.
    pub objects: [usize; 2],
    /// Seconds of work, measuring left out.
    pub seconds: f64,
    /// What was measured last, of the first pair if there are several.
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// What was measured last of all pairs, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<PopulationEvaluation>,
}

/// How a call of [`train`] ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// All updates are made.
    Finished(Box<Trained>),
    /// Stopped on request after this update, after a clean save; [`train`] on the same run continues.
    Interrupted {
        /// Updates made.
        update: u64,
    },
}

/// What the loop tells whoever watches.
#[derive(Debug)]
pub enum Telling<'a> {
    /// An update was made.
    Update {
        /// Updates made.
        update: u64,
        /// All updates.
        total: u64,
        /// What it was like.
        report: &'a Report,
    },
    /// A new generation has learnt from the one before it.
    Generation {
        /// Updates made before it.
        update: u64,
        /// What came of it.
        generation: &'a Generation,
    },
    /// Agents were measured; the first pair, if there are several.
    Evaluated(&'a Evaluation),
    /// All pairs were measured, if there are several.
    Population(&'a PopulationEvaluation),
    /// Something worth a line.
    Note(String),
}

/// Trains agents, writing metrics, checkpoints and their language into `run`; continues from the run's last checkpoint if there is
/// one.
///
/// # Errors
/// [`Error::Setting`] and those of [`TrainConfig::objects`] or [`TrainConfig::features`] for a configuration that cannot be,
/// [`Error::Diverged`] if a gradient stops being numbers, [`Error::ForeignCheckpoint`] if the run was made with another configuration and
/// [`Error::ForeignFeatures`] if with other features; those of writing the run. What was saved before stays.
pub fn train(config: &TrainConfig, run: &RunDirectory, tell: &mut dyn FnMut(Telling<'_>)) -> Result<Outcome> {
    match config.game {
        Game::Reconstruction(_) => {
            let mut learner = Learner::recurrent(config)?;
            let (objects, split) = config.objects()?;
            learn(config, run, tell, &mut learner, &objects, &split)
        }
        Game::Discrimination(_) => {
            config.validate()?;
            let (features, split) = config.features()?;
            #[cfg(feature = "images")]
            if config.discrimination()?.images.is_some() {
                let mut learner = Seeing::seeing(config)?;
                return learn(config, run, tell, &mut learner, &features, &split);
            }
            let mut learner = Learner::discriminating(config, features.width())?;
            learn(config, run, tell, &mut learner, &features, &split)
        }
    }
}

fn learn<X: Spoken, S: Speaker<X>, L: Listener<X::Question>>(
    config: &TrainConfig,
    run: &RunDirectory,
    tell: &mut dyn FnMut(Telling<'_>),
    learner: &mut Learner<S, L, X>,
    objects: &X,
    split: &Split<X>,
) -> Result<Outcome> {
    let _lock = run.lock()?;
    let mut place = Place::new(config, objects.fingerprint());
    let checkpoints = run.checkpoints();
    let mut metrics = match checkpoints.latest()? {
        None => Metrics::create(run)?,
        Some(latest) => {
            for damage in &latest.skipped {
                tell(Telling::Note(format!("{damage}; continuing from the checkpoint before it")));
            }
            let stored: Place = latest.checkpoint.json("place")?;
            if stored.config != place.config {
                return Err(Error::ForeignCheckpoint { path: run.path().to_owned() });
            }
            if stored.features != place.features {
                return Err(Error::ForeignFeatures { path: config.discrimination()?.path().to_owned() });
            }
            checkpoint::restore(&latest.checkpoint, &stored, learner)?;
            place = stored;
            let update = learner.counts().updates;
            tell(Telling::Note(format!("continuing after update {update} of {}", config.updates)));
            Metrics::resume(run, update)?
        }
    };
    let total = config.updates as u64;
    let mut clock = Instant::now();
    while learner.counts().updates < total {
        let report = learner.step(split)?;
        let update = learner.counts().updates;
        log(&mut metrics, update, &report, config);
        if let Some(generation) = &report.generation {
            tell(Telling::Generation { update: update - 1, generation });
        }
        tell(Telling::Update { update, total, report: &report });

        let stop = interrupt::requested() && update < total;
        let every = config.evaluation.every as u64;
        if update == total || (every > 0 && update.is_multiple_of(every)) {
            place.seconds += clock.elapsed().as_secs_f64();
            let evaluation = evaluate(config, split, (learner.speaker(), learner.listener()), update)?;
            log_part(&mut metrics, update, "train", evaluation.train.metrics());
            log_part(&mut metrics, update, "test", evaluation.test.metrics());
            if config.population.is_several() {
                let across = evaluate_population(config, split, learner)?;
                log_part(&mut metrics, update, "train", across.train.metrics());
                log_part(&mut metrics, update, "test", across.test.metrics());
                place.across = Some(across);
            }
            place.evaluations.push(evaluation);
            run.write_json(EVALUATIONS, &place.evaluations)?;
            tell(Telling::Evaluated(&evaluation));
            if let Some(across) = &place.across {
                tell(Telling::Population(across));
            }
            clock = Instant::now();
        }
        if stop || update == total || update.is_multiple_of(config.checkpoint_every as u64) {
            place.seconds += std::mem::replace(&mut clock, Instant::now()).elapsed().as_secs_f64();
            checkpoints.save(update, &checkpoint::save(&mut place, learner)?)?;
        }
        if stop {
            return Ok(Outcome::Interrupted { update });
        }
    }
    for (number, speaker) in learner.speakers().enumerate() {
        let messages = speaker.speak(objects, Choice::Greedy).messages;
        write_language(&run.path().join(language_of(number)), objects, &messages)?;
    }
    let Split { train, test, .. } = split;
    let evaluation = *place.evaluations.last().expect("the last update is followed by a measurement");
    Ok(Outcome::Finished(Box::new(Trained {
        counts: learner.counts(),
        objects: [train.count(), test.count()],
        seconds: place.seconds,
        evaluation,
        population: place.across,
    })))
}

/// The agents of a run of a reconstruction game, as its last checkpoint has them.
///
/// # Errors
/// [`Error::Setting`] if it is another game, [`Error::Untrained`] if there is no checkpoint, and those of reading one.
pub fn restore(config: &TrainConfig, run: &RunDirectory) -> Result<Reconstructing> {
    restored(Learner::recurrent(config)?, run)
}

/// The agents of a run of a discrimination game with vectors of `width` features, as its last checkpoint has them.
///
/// # Errors
/// As [`restore`]; [`Error::Agent`] if they were trained with another number of features.
pub fn restore_discriminating(
    config: &TrainConfig,
    width: usize,
    run: &RunDirectory,
) -> Result<Discriminating> {
    restored(Learner::discriminating(config, width)?, run)
}

/// The agents of a run of a game with pictures, as its last checkpoint has them.
///
/// # Errors
/// As [`restore`].
#[cfg(feature = "images")]
pub fn restore_seeing(config: &TrainConfig, run: &RunDirectory) -> Result<Seeing> {
    restored(Seeing::seeing(config)?, run)
}

fn restored<X: Played, S: Speaker<X>, L: Listener<X::Question>>(
    mut learner: Learner<S, L, X>,
    run: &RunDirectory,
) -> Result<Learner<S, L, X>> {
    let latest =
        run.checkpoints().latest()?.ok_or_else(|| Error::Untrained { path: run.path().to_owned() })?;
    let place: Place = latest.checkpoint.json("place")?;
    checkpoint::restore(&latest.checkpoint, &place, &mut learner)?;
    Ok(learner)
}

fn log(metrics: &mut Metrics, update: u64, report: &Report, config: &TrainConfig) {
    let mut named = vec![
        ("loss/listener", report.loss),
        ("speaker/reward", report.reward),
        ("speaker/entropy", report.entropy),
        ("speaker/length", report.length),
        ("listener/steps", report.listener_steps as f64),
    ];
    if config.population.is_several() {
        named.push(("pair/speaker", report.pair.speaker as f64));
        named.push(("pair/listener", report.pair.listener as f64));
    }
    if let Some(generation) = &report.generation {
        named.push(("imitation/generation", generation.number as f64));
        named.extend(generation.agreement.map(|value| ("imitation/agreement", value)));
        named.extend(generation.agreement_unseen.map(|value| ("imitation/agreement_unseen", value)));
    }
    metrics.log(update, &named);
}

fn log_part(metrics: &mut Metrics, update: u64, part: &str, measured: Vec<(&'static str, f64)>) {
    let named: Vec<(String, f64)> =
        measured.into_iter().map(|(name, value)| (format!("{part}/{name}"), value)).collect();
    let borrowed: Vec<(&str, f64)> = named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    metrics.log(update, &borrowed);
}

/// Objects that `communicate measure` reads beside messages.
trait Spoken: Played {
    fn array(&self) -> Result<NamedArray>;

    /// Tells them from others, if they do not follow from the configuration.
    fn fingerprint(&self) -> Option<String> {
        None
    }
}

impl Spoken for Objects {
    fn array(&self) -> Result<NamedArray> {
        integers("objects", self.num_attributes(), self.iter())
    }
}

/// As agents saw them.
impl Spoken for Features {
    fn array(&self) -> Result<NamedArray> {
        Ok(NamedArray::f32("embeddings", &[self.count(), self.width()], self.floats(0..self.count()))?)
    }

    fn fingerprint(&self) -> Option<String> {
        Some(self.fingerprint())
    }
}

fn write_language(path: &Path, objects: &impl Spoken, messages: &Messages) -> Result<()> {
    let messages = integers("messages", messages.max_length(), messages.iter())?;
    Ok(write_npz(path, &[objects.array()?, messages])?)
}

fn integers<'a>(
    name: &str,
    columns: usize,
    rows: impl ExactSizeIterator<Item = &'a [u32]>,
) -> Result<NamedArray> {
    let shape = [rows.len(), columns];
    Ok(NamedArray::i64(name, &shape, rows.flatten().map(|&value| value.into()).collect())?)
}
