//! A run's checkpoint: the learner's state and the place in the run.

use std::path::Path;

use autodidact_data::loader::{Position, Skipped};
use autodidact_data::{Dataset, fingerprint};
use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use serde::{Deserialize, Serialize};

use super::Learner;
use crate::evaluate::CollapseMonitor;
use crate::{Error, RepresentConfig, Result};

/// Where a run stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    pub position: Position,
    pub data: Data,
    pub config: RepresentConfig,
    /// Pictures that could not be decoded so far.
    pub skipped: Vec<Skipped>,
}

/// Which pictures a run is trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Data {
    len: usize,
    classes: Vec<String>,
    fingerprint: String,
}

impl Data {
    pub fn of(dataset: &dyn Dataset) -> Self {
        let classes = dataset.class_names().to_vec();
        Self { len: dataset.len(), classes, fingerprint: fingerprint(dataset) }
    }

    /// What a person would notice first about the difference.
    fn difference(&self, given: &Self) -> Option<String> {
        if self.len != given.len {
            return Some(format!("it was trained on {} pictures, the data has {}", self.len, given.len));
        }
        if self.classes != given.classes {
            let missing = self.classes.iter().find(|class| !given.classes.contains(class));
            let missing = missing.map_or_else(String::new, |class| format!(", for instance no `{class}`"));
            return Some(format!("the data has other classes{missing}"));
        }
        (self != given).then(|| "the data has as many pictures, but others or in another order".to_owned())
    }
}

pub(super) fn save(
    learner: &dyn Learner,
    place: &Place,
    monitor: &CollapseMonitor,
) -> Result<CheckpointBuilder> {
    learner.save(CheckpointBuilder::new().json("place", place)?.json("monitor", monitor)?)
}

/// Restores the learner and gives the place and the monitor.
pub(super) fn restore(
    learner: &mut dyn Learner,
    (config, data): (&RepresentConfig, &Data),
    checkpoint: &Checkpoint,
    path: &Path,
) -> Result<(Place, CollapseMonitor)> {
    let place: Place = checkpoint.json("place")?;
    let foreign = |reason: String| Error::ForeignCheckpoint { path: path.to_owned(), reason };
    if place.config != *config {
        return Err(foreign(difference(&place.config, config)));
    }
    if let Some(reason) = place.data.difference(data) {
        return Err(foreign(reason));
    }
    learner.restore(checkpoint)?;
    // Readings that were no numbers do not come back from JSON; a monitor only warns, so it may start anew.
    Ok((place, checkpoint.json("monitor").unwrap_or_default()))
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
