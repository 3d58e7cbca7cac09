//! Batches of points as a search.

use std::collections::VecDeque;

use super::Search;
use crate::{Error, Goal, Next, Query, Reason, Result};

/// A method that wants some points at a time, in shares of the interval, and is told all their values at once, turned so that
/// more is better.
pub trait Plan: std::fmt::Debug + Send + Sync {
    /// The next points; none when it is over.
    fn next(&mut self) -> Vec<f64>;

    /// Their values, in the same order.
    fn take(&mut self, values: &[f64]);

    /// The point to go with and its turned value, where that is not the one of the best value, as under noise.
    fn recommended(&self) -> Option<[f64; 2]> {
        None
    }

    /// What the function does not exceed (turned), infinite for methods that do not know.
    fn bound(&self) -> f64 {
        f64::INFINITY
    }
}

impl Plan for Box<dyn Plan> {
    fn next(&mut self) -> Vec<f64> {
        (**self).next()
    }

    fn take(&mut self, values: &[f64]) {
        (**self).take(values);
    }

    fn recommended(&self) -> Option<[f64; 2]> {
        (**self).recommended()
    }

    fn bound(&self) -> f64 {
        (**self).bound()
    }
}

/// A [`Plan`] on an interval, for a goal.
#[derive(Clone, Debug)]
pub struct Planned<P> {
    ends: [f64; 2],
    goal: Goal,
    plan: P,
    /// Points of the present batch that were not asked for yet, by their place in it.
    open: VecDeque<usize>,
    points: Vec<f64>,
    /// Turned values of the batch.
    values: Vec<Option<f64>>,
    /// Number of the batch's first point.
    first_id: u64,
    best: Option<[f64; 2]>,
}

impl<P: Plan> Planned<P> {
    /// A search between `lower` and `upper`.
    ///
    /// # Errors
    /// If the interval is empty or not finite.
    pub fn new(lower: f64, upper: f64, goal: Goal, plan: P) -> Result<Self> {
        if !(lower < upper && (upper - lower).is_finite()) {
            return Err(Error::Interval { lower, upper });
        }
        Ok(Self {
            ends: [lower, upper],
            goal,
            plan,
            open: VecDeque::new(),
            points: Vec::new(),
            values: Vec::new(),
            first_id: 0,
            best: None,
        })
    }

    /// The method.
    pub fn plan(&self) -> &P {
        &self.plan
    }

    fn x(&self, share: f64) -> f64 {
        let [lower, upper] = self.ends;
        // At the upper end the sum may round to something else.
        if share == 1.0 { upper } else { lower + share * (upper - lower) }
    }
}

impl<P: Plan> Search for Planned<P> {
    fn ask(&mut self) -> Next {
        if self.values.iter().all(Option::is_some) {
            let values: Vec<f64> = self.values.drain(..).flatten().collect();
            if !values.is_empty() {
                self.plan.take(&values);
            }
            self.first_id += values.len() as u64;
            self.points = self.plan.next();
            self.values = vec![None; self.points.len()];
            self.open = (0..self.points.len()).collect();
            if self.points.is_empty() {
                return Next::Done(Reason::Stop);
            }
        }
        match self.open.pop_front() {
            Some(at) => Next::Evaluate(Query { id: self.first_id + at as u64, x: self.x(self.points[at]) }),
            None => Next::Wait,
        }
    }

    fn tell(&mut self, id: u64, value: f64) -> Result<()> {
        let at = id.checked_sub(self.first_id).map(|at| at as usize);
        let asked = at.filter(|at| !self.open.contains(at) && self.values.get(*at) == Some(&None));
        let at = asked.ok_or(Error::UnknownQuery { id })?;
        let x = self.x(self.points[at]);
        if !value.is_finite() {
            return Err(Error::NotFinite { x, value });
        }
        let turned = self.goal.turn(value);
        self.values[at] = Some(turned);
        if self.best.is_none_or(|[_, best]| turned > self.goal.turn(best)) {
            self.best = Some([x, value]);
        }
        Ok(())
    }

    fn best(&self) -> Option<[f64; 2]> {
        let recommended = self.plan.recommended();
        recommended.map(|[share, value]| [self.x(share), self.goal.turn(value)]).or(self.best)
    }
}
