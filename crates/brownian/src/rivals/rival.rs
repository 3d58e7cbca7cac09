//! Rivals by name, as searches that can be saved.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize, Serializer};

use super::{Brent, Direct, Grid, PiyavskiiShubert, Plan, Planned, Search, Sequool, Soo, Stosoo};
use crate::{Answer, Error, Goal, Guarantee, Next, Query, Reason, Result};

/// A rival and its numbers, as a file says them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// [`Grid`].
    Grid,
    /// [`PiyavskiiShubert`].
    PiyavskiiShubert {
        /// `max |f(x) − f(y)| / |x − y|`; above 0.
        lipschitz: f64,
        /// How far above the best value the bound may be at the end; above 0.
        epsilon: f64,
    },
    /// [`Direct`].
    Direct,
    /// [`Soo`].
    Soo,
    /// [`Sequool`] for the search's number of evaluations.
    Sequool,
    /// [`Stosoo`] for the search's number of evaluations.
    Stosoo,
    /// [`Brent`] on the whole interval.
    Brent {
        /// About how well the best point is known at the end, as a share of the interval; above 0.
        tolerance: f64,
    },
}

impl Method {
    fn check(&self) -> Result<()> {
        let numbers: &[(&'static str, f64)] = match self {
            Self::PiyavskiiShubert { lipschitz, epsilon } => {
                &[("lipschitz", *lipschitz), ("epsilon", *epsilon)]
            }
            Self::Brent { tolerance } => &[("tolerance", *tolerance)],
            Self::Grid | Self::Direct | Self::Soo | Self::Sequool | Self::Stosoo => &[],
        };
        match numbers.iter().find(|(_, value)| !(*value > 0.0 && value.is_finite())) {
            Some(&(name, value)) => Err(Error::Setting { name, value, expected: "a number above 0" }),
            None => Ok(()),
        }
    }

    fn plan(self, length: f64, evaluations: usize) -> Box<dyn Plan> {
        match self {
            Self::Grid => Box::new(Grid::new()),
            Self::PiyavskiiShubert { lipschitz, epsilon } => {
                Box::new(PiyavskiiShubert::new(lipschitz * length, epsilon))
            }
            Self::Direct => Box::new(Direct::new()),
            Self::Soo => Box::new(Soo::new()),
            Self::Sequool => Box::new(Sequool::new(evaluations)),
            Self::Stosoo => Box::new(Stosoo::new(evaluations)),
            Self::Brent { tolerance } => Box::new(Brent::new([0.0, 1.0], tolerance)),
        }
    }
}

/// A search by a [`Method`] for a number of evaluations.
///
/// It can be saved (`serde`) and goes on exactly as if it had not been; points that were asked for and not told are asked
/// for again.
///
/// ```
/// use autodidact_brownian::Goal;
/// use autodidact_brownian::rivals::{Method, Rival, Search, spend};
///
/// let mut direct = Rival::new(0.0, 10.0, Goal::Maximum, Method::Direct, 60)?;
/// spend(&mut direct, 20, |x| -(x - 2.0).abs())?;
/// let saved = serde_json::to_string(&direct).unwrap();
/// let mut direct: Rival = serde_json::from_str(&saved).unwrap();
/// let [x, _] = spend(&mut direct, 60, |x| -(x - 2.0).abs())?.expect("evaluations were made");
/// assert!((x - 2.0).abs() < 1e-3);
/// # Ok::<(), autodidact_brownian::Error>(())
/// ```
#[derive(Debug, Deserialize)]
#[serde(try_from = "Record")]
pub struct Rival {
    record: Record,
    search: Planned<Box<dyn Plan>>,
    /// What was asked for before a save and not told.
    open: VecDeque<Query>,
    reason: Option<Reason>,
}

/// What is saved of a search: what it does follows from the values.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Record {
    lower: f64,
    upper: f64,
    goal: Goal,
    method: Method,
    most_evaluations: u64,
    /// Values by the number of their query.
    values: Vec<Option<f64>>,
}

impl Rival {
    /// A search between `lower` and `upper`.
    ///
    /// # Errors
    /// If the interval is empty or not finite, or a number of the method is out of its range.
    pub fn new(lower: f64, upper: f64, goal: Goal, method: Method, most_evaluations: u64) -> Result<Self> {
        Self::try_from(Record { lower, upper, goal, method, most_evaluations, values: Vec::new() })
    }

    /// The ends of the interval.
    pub fn interval(&self) -> [f64; 2] {
        [self.record.lower, self.record.upper]
    }

    /// What is looked for.
    pub fn goal(&self) -> Goal {
        self.record.goal
    }

    /// Evaluations at most.
    pub fn most_evaluations(&self) -> u64 {
        self.record.most_evaluations
    }

    /// Goes on to another number of evaluations; a search that had spent its evaluations is over no more.
    ///
    /// # Errors
    /// If it is none, or if the method had to know the number in advance.
    pub fn set_most_evaluations(&mut self, most: u64) -> Result<()> {
        let planned = self.record.most_evaluations;
        if matches!(self.record.method, Method::Sequool | Method::Stosoo) && most != planned {
            return Err(Error::Planned { planned });
        }
        if most == 0 {
            return Err(Error::Setting { name: "most-evaluations", value: 0.0, expected: "one or more" });
        }
        self.record.most_evaluations = most;
        if self.reason == Some(Reason::Evaluations) {
            self.reason = None;
        }
        Ok(())
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.record.method
    }

    /// Points and values so far, in the order in which they were asked for.
    pub fn points(&self) -> Vec<[f64; 2]> {
        // The points follow from the values as the search does.
        let Ok(mut again) = Planned::try_from(&self.record) else { return Vec::new() };
        let mut points = Vec::new();
        for (id, value) in (0..).zip(&self.record.values) {
            let Next::Evaluate(query) = again.ask() else { break };
            if let Some(value) = value
                && again.tell(id, *value).is_ok()
            {
                points.push([query.x, *value]);
            }
        }
        points
    }

    /// Whether a method that has nothing more to ask for is where it wanted to be, and has not run out of numbers.
    fn is_reached(&self) -> bool {
        match self.record.method {
            Method::PiyavskiiShubert { epsilon, .. } => {
                let bound = self.record.goal.turn(self.search.plan().bound());
                self.search.best().is_some_and(|[_, value]| (bound - value).abs() <= epsilon)
            }
            Method::Sequool | Method::Brent { .. } => true,
            Method::Grid | Method::Direct | Method::Soo | Method::Stosoo => false,
        }
    }

    /// The best point so far and what is promised about it, or none before there is a value.
    pub fn answer(&self) -> Option<Answer> {
        let Record { goal, method, values, .. } = &self.record;
        let [x, value] = self.search.best()?;
        let bound = goal.turn(self.search.plan().bound());
        let guarantee = match *method {
            Method::PiyavskiiShubert { lipschitz, epsilon } if self.reason == Some(Reason::Stop) => {
                Guarantee::Lipschitz { within: epsilon, constant: lipschitz }
            }
            _ => Guarantee::None,
        };
        let evaluations = values.iter().flatten().count() as u64;
        Some(Answer { x, value, evaluations, bound, reason: self.reason, guarantee })
    }
}

impl Search for Rival {
    fn ask(&mut self) -> Next {
        if let Some(reason) = self.reason {
            return Next::Done(reason);
        }
        if let Some(query) = self.open.pop_front() {
            return Next::Evaluate(query);
        }
        let Record { most_evaluations, values, .. } = &mut self.record;
        if values.len() as u64 >= *most_evaluations {
            if values.contains(&None) {
                return Next::Wait;
            }
            self.reason = Some(Reason::Evaluations);
            return Next::Done(Reason::Evaluations);
        }
        let next = self.search.ask();
        match next {
            Next::Evaluate(_) => values.push(None),
            Next::Done(_) => {
                let reason = if self.is_reached() { Reason::Stop } else { Reason::Exhausted };
                self.reason = Some(reason);
                return Next::Done(reason);
            }
            Next::Wait => {}
        }
        next
    }

    fn tell(&mut self, id: u64, value: f64) -> Result<()> {
        if self.open.iter().any(|query| query.id == id) {
            return Err(Error::UnknownQuery { id });
        }
        self.search.tell(id, value)?;
        self.record.values[id as usize] = Some(value);
        Ok(())
    }

    fn best(&self) -> Option<[f64; 2]> {
        self.search.best()
    }
}

impl TryFrom<&Record> for Planned<Box<dyn Plan>> {
    type Error = Error;

    fn try_from(record: &Record) -> Result<Self> {
        let Record { lower, upper, goal, method, most_evaluations, .. } = *record;
        method.check()?;
        Planned::new(lower, upper, goal, method.plan(upper - lower, most_evaluations as usize))
    }
}

impl TryFrom<Record> for Rival {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        if record.most_evaluations == 0 {
            return Err(Error::Setting { name: "most-evaluations", value: 0.0, expected: "one or more" });
        }
        let mut search = Planned::try_from(&record)?;
        let mut open = VecDeque::new();
        for value in &record.values {
            let Next::Evaluate(query) = search.ask() else { return Err(Error::State) };
            match value {
                Some(value) => search.tell(query.id, *value)?,
                None => open.push_back(query),
            }
        }
        Ok(Self { record, search, open, reason: None })
    }
}

impl Serialize for Rival {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.record.serialize(serializer)
    }
}
