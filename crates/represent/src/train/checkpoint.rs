//! A run's checkpoint: the learner's state and the place in the run.

use std::path::Path;

use autodidact_data::loader::Position;
use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use serde::{Deserialize, Serialize};

use super::Learner;
use crate::{Error, RepresentConfig, Result};

/// Where a run stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    position: Position,
    dataset_len: usize,
    classes: Vec<String>,
    config: RepresentConfig,
}

pub(super) fn save(
    learner: &dyn Learner,
    config: &RepresentConfig,
    position: Position,
    (dataset_len, classes): (usize, &[String]),
) -> Result<CheckpointBuilder> {
    let place = Place { position, dataset_len, classes: classes.to_vec(), config: config.clone() };
    learner.save(CheckpointBuilder::new().json("place", &place)?)
}

/// Restores the learner and gives the loader's position.
pub(super) fn restore(
    learner: &mut dyn Learner,
    config: &RepresentConfig,
    checkpoint: &Checkpoint,
    dataset_len: usize,
    path: &Path,
) -> Result<Position> {
    let place: Place = checkpoint.json("place")?;
    let foreign = |reason: String| Error::ForeignCheckpoint { path: path.to_owned(), reason };
    if place.config != *config {
        return Err(foreign(difference(&place.config, config)));
    }
    if place.dataset_len != dataset_len {
        let reason = format!("it was trained on {} pictures, the data has {dataset_len}", place.dataset_len);
        return Err(foreign(reason));
    }
    learner.restore(checkpoint)?;
    Ok(place.position)
}

/// The first field in which two configurations differ.
fn difference(stored: &RepresentConfig, given: &RepresentConfig) -> String {
    let (stored, given) = (toml::Table::try_from(stored), toml::Table::try_from(given));
    match (stored, given) {
        (Ok(stored), Ok(given)) => {
            first_difference("", &stored, &given).unwrap_or_else(|| "the settings differ".to_owned())
        }
        _ => "the settings differ".to_owned(),
    }
}

fn first_difference(prefix: &str, stored: &toml::Table, given: &toml::Table) -> Option<String> {
    let added = given.keys().filter(|key| !stored.contains_key(*key));
    stored.keys().chain(added).find_map(|key| {
        let name = format!("{prefix}{key}");
        match (stored.get(key), given.get(key)) {
            (Some(toml::Value::Table(stored)), Some(toml::Value::Table(given))) => {
                first_difference(&format!("{name}."), stored, given)
            }
            (stored, given) if stored == given => None,
            (stored, given) => Some(format!("`{name}` was {}, now {}", shown(stored), shown(given))),
        }
    })
}

fn shown(value: Option<&toml::Value>) -> String {
    value.map_or_else(|| "not set".to_owned(), ToString::to_string)
}
