//! The search behind the flags: ours, or a rival of it.

use anyhow::Result;
use autodidact::brownian::rivals::{Rival, Search};
use autodidact::brownian::{Answer, Doubt, Goal, Next, Optimizer, Roughness, Settings};
use autodidact::experiment::run::RunDirectory;
use serde::Serialize;

use super::settings::Description;
use crate::cli::exit::WrongUse;

/// The file with all that a search goes on from.
const SEARCH: &str = "search.json";

/// A search that is asked for points and told values.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Engine {
    /// With a bound of a Brownian motion.
    Brownian(Box<Optimizer>),
    /// Without.
    Rival(Box<Rival>),
}

impl Engine {
    /// The search that is described, from its beginning.
    pub fn new(description: &Description) -> Result<Self> {
        let Description { lower, upper, settings, method, .. } = description;
        let begun = match method {
            None => Optimizer::new(*lower, *upper, *settings).map(|search| Self::Brownian(Box::new(search))),
            Some(method) => {
                let most = settings.most_evaluations.unwrap_or(u64::MAX);
                Rival::new(*lower, *upper, settings.goal, *method, most)
                    .map(|search| Self::Rival(Box::new(search)))
            }
        };
        begun.map_err(|error| WrongUse(error.to_string()).into())
    }

    /// The search that was saved in a run, or the one that is described if none was.
    pub fn open(run: &RunDirectory, description: &Description) -> Result<Self> {
        let saved = match description.method {
            None => run.read_json(SEARCH, "search")?.map(Self::Brownian),
            Some(_) => run.read_json(SEARCH, "search")?.map(Self::Rival),
        };
        saved.map_or_else(|| Self::new(description), Ok)
    }

    pub fn save(&self, run: &RunDirectory) -> Result<()> {
        Ok(run.write_json(SEARCH, self)?)
    }

    /// Whether it is the one that is described, but for its number of evaluations, and not one of another file.
    pub fn is(&self, description: &Description) -> bool {
        let Description { lower, upper, settings, method, .. } = description;
        match self {
            Self::Brownian(search) => {
                let most_evaluations = settings.most_evaluations;
                search.interval() == [*lower, *upper]
                    && Settings { most_evaluations, ..*search.settings() } == *settings
            }
            Self::Rival(search) => {
                search.interval() == [*lower, *upper]
                    && Some(search.method()) == *method
                    && search.goal() == settings.goal
            }
        }
    }

    /// Evaluations at most, if there is a limit.
    pub fn most_evaluations(&self) -> Option<u64> {
        match self {
            Self::Brownian(search) => search.settings().most_evaluations,
            Self::Rival(search) => Some(search.most_evaluations()).filter(|&most| most != u64::MAX),
        }
    }

    pub fn ask(&mut self) -> Next {
        match self {
            Self::Brownian(search) => search.ask(),
            Self::Rival(search) => search.ask(),
        }
    }

    pub fn tell(&mut self, id: u64, value: f64) -> Result<()> {
        Ok(match self {
            Self::Brownian(search) => search.tell(id, value),
            Self::Rival(search) => search.tell(id, value),
        }?)
    }

    /// Leaves out a point that has no value. Whether that can be done.
    pub fn give_up(&mut self, id: u64) -> bool {
        match self {
            Self::Brownian(search) => search.give_up(id).is_ok(),
            // A rival cuts by values alone.
            Self::Rival(_) => false,
        }
    }

    pub fn answer(&self) -> Option<Answer> {
        match self {
            Self::Brownian(search) => search.answer(),
            Self::Rival(search) => search.answer(),
        }
    }

    fn brownian(&self) -> Option<&Optimizer> {
        match self {
            Self::Brownian(search) => Some(search),
            Self::Rival(_) => None,
        }
    }

    pub fn roughness(&self) -> Option<Roughness> {
        self.brownian()?.roughness()
    }

    pub fn scale(&self) -> Option<f64> {
        self.brownian()?.scale()
    }

    pub fn doubt(&self) -> Option<Doubt> {
        self.brownian()?.doubt()
    }

    pub fn given_up(&self) -> usize {
        self.brownian().map_or(0, Optimizer::given_up)
    }

    /// All points that have a value, and these.
    pub fn points(&self) -> Vec<[f64; 2]> {
        match self {
            Self::Brownian(search) => search.points(),
            Self::Rival(search) => search.points(),
        }
    }

    /// What the function does not go beyond from one point to the next: the ends of level stretches, in the order of x.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        let Some(search) = self.brownian() else { return Vec::new() };
        let [lower, upper] = search.interval();
        let mut leaves: Vec<_> = search.leaves().iter().collect();
        leaves.sort_by(|a, b| a.ends[0].total_cmp(&b.ends[0]));
        leaves
            .into_iter()
            .flat_map(|leaf| {
                let bound = search.leaf_bound(leaf);
                leaf.ends.map(|share| [lower + share * (upper - lower), bound])
            })
            .filter(|[_, bound]| bound.is_finite())
            .collect()
    }

    /// Goes on to another number of evaluations.
    pub fn set_most_evaluations(&mut self, most: u64) -> Result<()> {
        match self {
            Self::Brownian(search) => search.set_most_evaluations(Some(most))?,
            Self::Rival(search) => search.set_most_evaluations(most)?,
        }
        Ok(())
    }

    pub fn goal(&self) -> Goal {
        match self {
            Self::Brownian(search) => search.settings().goal,
            Self::Rival(search) => search.goal(),
        }
    }
}
