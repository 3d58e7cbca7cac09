//! Probes of the parts of a run's objects.

use autodidact_experiment::rng::Seeds;
use serde::{Deserialize, Serialize};

use super::config::ProbeConfig;
use super::speaker::{Probed, probe};
use crate::Result;
use crate::agents::{Listener, Speaker};
use crate::game::Split;
use crate::training::evaluate::cut;

/// A part of the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Those that train.
    Train,
    /// Those to stop by.
    Validation,
    /// Those that test.
    Test,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// The probe of a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartProbe {
    /// The part.
    pub part: Part,
    /// What came of it.
    #[serde(flatten)]
    pub probed: Probed,
}

/// A [`probe`] of each of these parts, by a fresh listener each. All are cut to the size of the smallest of the three and to
/// `config.objects`, by objects drawn at random: messages of fewer objects collide less, so only parts of the same size compare.
///
/// `fresh` makes a listener from seeds. `tell` gets the part, the step and its loss.
///
/// # Errors
/// As [`probe`].
pub fn probe_parts<S: Speaker, L: Listener, P: Listener>(
    agents: (&S, &L),
    fresh: &dyn Fn(&crate::Objects, Seeds) -> Result<P>,
    split: &Split,
    parts: &[Part],
    config: &ProbeConfig,
    tell: &mut dyn FnMut(Part, u64, f64),
) -> Result<Vec<PartProbe>> {
    let of = |part| match part {
        Part::Train => &split.train,
        Part::Validation => &split.validation,
        Part::Test => &split.test,
    };
    let size = Part::ALL.map(|part| of(part).count()).into_iter().min().unwrap_or(0).min(config.objects);
    let seeds = Seeds::new(config.seed);
    parts
        .iter()
        .map(|&part| {
            let objects = cut(of(part), size, seeds.child("probe objects"))?;
            let listener = fresh(&objects, seeds.child(part.name()))?;
            let probed = probe(agents, listener, &objects, config, &mut |step, loss| tell(part, step, loss))?;
            Ok(PartProbe { part, probed })
        })
        .collect()
}
