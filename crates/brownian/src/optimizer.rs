//! The search, asked for points and told values.

use serde::{Deserialize, Serialize};

use crate::heap::{Entry, Heap};
use crate::roughness::Innovations;
use crate::rule::{Change, Context};
use crate::state::State;
use crate::{Answer, Doubt, Error, Estimate, Leaf, Reason, Result, Roughness, Rule, Scale, Settings, width};

/// The least estimate of a scale, in units of ε.
const LEAST_SCALE: f64 = 1e-3;

/// How often the whole is halved to come to a share, to the nearest whole number.
fn halvings(share: f64) -> usize {
    // The exponent of the number, after half a halving for rounding.
    let exponent = (share * std::f64::consts::SQRT_2).to_bits() >> 52;
    1023u64.saturating_sub(exponent) as usize
}

/// A search of the maximum, or the minimum, of a function on an interval.
///
/// [`ask`](Self::ask) for a point, [`tell`](Self::tell) the value there; several points may be asked for before the first value
/// is told, then those of the next best intervals are given. Upper bounds do not depend on the order of evaluations, so the
/// guarantee holds for any number at a time.
///
/// The search can be saved (`serde`) and goes on exactly as if it had not been; points that were asked for and not told are
/// asked for again.
///
/// ```
/// use autodidact_brownian::{Next, Optimizer, Settings};
///
/// let f = |x: f64| -(x - 2.0).abs().sqrt();
/// let mut optimizer = Optimizer::new(0.0, 10.0, Settings::posterior(0.05, 0.01))?;
/// while let Next::Evaluate(query) = optimizer.ask() {
///     optimizer.tell(query.id, f(query.x))?;
/// }
/// let answer = optimizer.answer().expect("both ends were told");
/// assert!((answer.x - 2.0).abs() < 0.01);
/// # Ok::<(), autodidact_brownian::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "State", into = "State")]
pub struct Optimizer {
    pub(crate) state: State,
    /// The leaves that can be split, by score.
    heap: Heap,
    /// Whether the first leaf of the heap is the one that was asked for, alone: its parts take its place cheaply.
    first_is_asked: bool,
    /// The scale of the whole interval, infinite before there is one.
    whole_scale: f64,
    /// What was asked for and not told.
    pub(crate) asked: Vec<Asked>,
    next_id: u64,
    /// `Σ ln(1 − p)` over all leaves, if the posterior decides when to stop: each exceeds the best value by ε with probability p.
    pub(crate) log_within: f64,
    /// The share of the smallest leaf.
    smallest: f64,
}

/// A point where a value is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Query {
    /// Its number, to tell the value by.
    pub id: u64,
    /// The point.
    pub x: f64,
}

/// What a search wants next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// A value.
    Evaluate(Query),
    /// Values that were asked for before.
    Wait,
    /// Nothing: it is over.
    Done(Reason),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    id: u64,
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    End(usize),
    Inside { leaf: u32, at: f64 },
}

impl Optimizer {
    /// A search between `lower` and `upper`.
    ///
    /// # Errors
    /// If the interval is empty or not finite, a setting is out of its range, or the stop does not go with the rule.
    pub fn new(lower: f64, upper: f64, settings: Settings) -> Result<Self> {
        let state = State {
            lower,
            upper,
            settings,
            ends: [None; 2],
            leaves: Vec::new(),
            innovations: Vec::new(),
            given_up: Vec::new(),
            missed: Vec::new(),
            best: None,
            evaluations: 0,
            estimate: None,
            estimates: 0,
            reason: None,
        };
        Self::try_from(state)
    }

    /// What is wanted next.
    pub fn ask(&mut self) -> Next {
        if let Some(reason) = self.state.reason {
            return Next::Done(reason);
        }
        let is_asked = |end| self.asked.iter().any(|asked| asked.place == Place::End(end));
        if let Some(end) = (0..2).find(|&end| self.state.ends[end].is_none() && !is_asked(end)) {
            return self.evaluate(Place::End(end));
        }
        if self.state.ends.iter().any(Option::is_none) {
            return Next::Wait;
        }
        self.take_asked();
        let selected = self.select();
        let begun = self.state.evaluations + self.asked.len() as u64;
        let may_stop = begun >= self.state.settings.least_evaluations && !self.is_measuring();
        let is_waiting_to_stop = may_stop && self.is_waiting_to_stop(selected);
        if may_stop && let Some(reason) = self.reached(selected) {
            return self.done(reason);
        }
        let spent = self.state.settings.most_evaluations.is_some_and(|most| begun >= most);
        let point = selected.and_then(|entry| Some((entry.item, self.point(entry.item)?)));
        match point {
            Some((leaf, at)) if !spent && !is_waiting_to_stop => {
                self.first_is_asked = self.asked.is_empty();
                if !self.first_is_asked {
                    self.heap.pop();
                }
                self.evaluate(Place::Inside { leaf, at })
            }
            _ if !self.asked.is_empty() => Next::Wait,
            _ if spent => self.done(Reason::Evaluations),
            _ => self.done(Reason::Exhausted),
        }
    }

    /// Takes the leaf that was asked for out of the heap if it is still there.
    fn take_asked(&mut self) {
        if std::mem::take(&mut self.first_is_asked) {
            self.heap.pop();
        }
    }

    fn evaluate(&mut self, place: Place) -> Next {
        let id = self.next_id;
        self.next_id += 1;
        self.asked.push(Asked { id, place });
        let share = match place {
            Place::End(end) => end as f64,
            Place::Inside { at, .. } => at,
        };
        Next::Evaluate(Query { id, x: self.state.x(share) })
    }

    /// Where a leaf is split: in the middle, and where that has no value, beside it.
    fn point(&self, item: u32) -> Option<f64> {
        let leaf = &self.state.leaves[item as usize];
        if self.state.missed.contains(&item) { leaf.beside_middle() } else { leaf.middle() }
    }

    fn done(&mut self, reason: Reason) -> Next {
        self.state.reason = Some(reason);
        Next::Done(reason)
    }

    /// Takes in the value of a point that was asked for.
    ///
    /// # Errors
    /// If it is no finite number; the point is then still waited for. If nothing of this number is waited for.
    pub fn tell(&mut self, id: u64, value: f64) -> Result<()> {
        let place = self.asked.iter().position(|asked| asked.id == id).ok_or(Error::UnknownQuery { id })?;
        if !value.is_finite() {
            let share = match self.asked[place].place {
                Place::End(end) => end as f64,
                Place::Inside { at, .. } => at,
            };
            return Err(Error::NotFinite { x: self.state.x(share), value });
        }
        let turned = self.state.settings.goal.turn(value);
        self.state.evaluations += 1;
        // What was waited for when the search ended may have more to say.
        self.state.reason = None;
        match self.asked.swap_remove(place).place {
            Place::End(end) => self.tell_end(end, turned),
            Place::Inside { leaf, at } => self.tell_inside(leaf, at, turned),
        }
        Ok(())
    }

    fn tell_end(&mut self, end: usize, value: f64) {
        self.state.ends[end] = Some(value);
        self.improve(end as f64, value);
        if let [Some(x), Some(y)] = self.state.ends {
            self.state.leaves.push(Leaf { ends: [0.0, 1.0], values: [x, y] });
            self.rebuild();
        }
    }

    fn tell_inside(&mut self, item: u32, at: f64, value: f64) {
        let parent = self.state.leaves[item as usize];
        let [left, right] = parent.split(at, value);
        self.note_innovation(&parent, at, value);
        let improves = self.improve(at, value);
        let next = self.state.leaves.len() as u32;
        if self.counts_posterior() && !improves {
            self.log_within += self.log_within(&left) + self.log_within(&right) - self.log_within(&parent);
        }
        self.state.leaves[item as usize] = left;
        self.state.leaves.push(right);
        self.state.missed.retain(|&missed| missed != item);
        if self.counts_posterior() && improves {
            self.log_within = self.total_log_within();
        }
        let smallest = left.share().min(right.share());
        if self.estimate() {
            self.rebuild();
            return;
        }
        if smallest < self.smallest && self.state.settings.rule.change() == Change::Rise {
            self.smallest = smallest;
            self.rebuild_heap();
            return;
        }
        self.smallest = self.smallest.min(smallest);
        let [own, others] = self.scores(&left, &right);
        let own = Entry { score: own, item };
        if self.first_is_asked {
            self.first_is_asked = false;
            self.heap.replace_first(own);
        } else {
            self.heap.push(own);
        }
        self.heap.push(Entry { score: others, item: next });
    }

    fn note_innovation(&mut self, parent: &Leaf, at: f64, value: f64) {
        let share = parent.share();
        let part = (at - parent.ends[0]) / share;
        let expected = (1.0 - part) * parent.values[0] + part * parent.values[1];
        let square = (value - expected).powi(2) / (part * (1.0 - part) * share);
        let depth = halvings(share);
        let depths = &mut self.state.innovations;
        if depths.len() <= depth {
            depths.resize(depth + 1, Innovations::default());
        }
        depths[depth].count += 1;
        // Values near the largest numbers have squares beyond them, and a save has no infinity.
        depths[depth].sum = (depths[depth].sum + square).min(f64::MAX);
        depths[depth].fourths = (depths[depth].fourths + square * square).min(f64::MAX);
    }

    /// How rough the function was found to be, or nothing after too few evaluations. It does not change the search.
    ///
    /// ```
    /// use autodidact_brownian::{BrownianPath, Next, Optimizer, Settings};
    ///
    /// let path = BrownianPath::new(3);
    /// let mut optimizer = Optimizer::new(0.0, 1.0, Settings::optimistic(0.05))?;
    /// while let Next::Evaluate(query) = optimizer.ask() {
    ///     optimizer.tell(query.id, 2.0 * path.at(query.x))?;
    /// }
    /// let roughness = optimizer.roughness().expect("enough evaluations");
    /// assert!(roughness.interval[0] > 1.5 && roughness.interval[1] < 2.5);
    /// println!("{}", roughness.doubt(1.0).expect("half the scale was assumed"));
    /// # Ok::<(), autodidact_brownian::Error>(())
    /// ```
    pub fn roughness(&self) -> Option<Roughness> {
        Roughness::new(&self.state.innovations, self.length())
    }

    /// What the values say against a promise about Brownian motions of the scale that the search goes by, or nothing. The
    /// guarantee of an answer is for Brownian motions, whatever the function is: whoever passes it on asks this too.
    pub fn doubt(&self) -> Option<Doubt> {
        self.roughness()?.doubt(self.scale()?)
    }

    /// Gives up a point that was asked for and has no value. Its interval is asked for at another point, once; without a value
    /// there it is not looked into any more, but its upper bound counts.
    ///
    /// # Errors
    /// If nothing of this number is waited for, or if the point is an end of the interval.
    pub fn give_up(&mut self, id: u64) -> Result<()> {
        let place = self.asked.iter().position(|asked| asked.id == id).ok_or(Error::UnknownQuery { id })?;
        match self.asked[place].place {
            Place::End(end) => Err(Error::NoEnd { x: self.state.x(end as f64) }),
            Place::Inside { leaf, .. } => {
                self.take_asked();
                self.asked.remove(place);
                if self.state.missed.contains(&leaf)
                    || self.state.leaves[leaf as usize].beside_middle().is_none()
                {
                    self.state.missed.retain(|&missed| missed != leaf);
                    self.state.given_up.push(leaf);
                } else {
                    self.state.missed.push(leaf);
                    self.push(leaf);
                }
                Ok(())
            }
        }
    }

    /// The best point so far, or none before both ends were told.
    pub fn answer(&self) -> Option<Answer> {
        let [share, value] = self.state.best.filter(|_| !self.state.leaves.is_empty())?;
        let goal = self.state.settings.goal;
        Some(Answer {
            x: self.state.x(share),
            value: goal.turn(value),
            evaluations: self.state.evaluations,
            bound: goal.turn(self.bound()),
            reason: self.state.reason,
            guarantee: self.guarantee(),
        })
    }

    /// The scale that the search goes by, over a distance of 1 in `x`: the known one, or the present estimate, or nothing before
    /// there is one.
    pub fn scale(&self) -> Option<f64> {
        match self.state.settings.scale {
            Scale::Known(scale) => Some(scale),
            Scale::Estimated(_) => self.state.estimate.map(|whole| whole / self.length().sqrt()),
        }
    }

    fn length(&self) -> f64 {
        self.state.upper - self.state.lower
    }

    /// Whether the scale is to be estimated and has not been yet.
    pub(crate) fn is_measuring(&self) -> bool {
        matches!(self.state.settings.scale, Scale::Estimated(_)) && self.state.estimate.is_none()
    }

    /// Makes the next estimate of the scale if it is due.
    fn estimate(&mut self) -> bool {
        let Settings { scale: Scale::Estimated(estimate), delta, epsilon, .. } = self.state.settings else {
            return false;
        };
        let State { innovations, estimates, .. } = &self.state;
        let count: u64 = innovations.iter().map(|depth| depth.count).sum();
        if count < estimate.due(*estimates) {
            return false;
        }
        let upper = estimate.upper(delta, *estimates, innovations);
        // Of a constant function it is zero; below this nothing is within reach of ε anyway.
        self.state.estimate = Some(upper.max(LEAST_SCALE * epsilon));
        self.state.estimates += 1;
        true
    }

    /// The intervals between neighbouring evaluations, in no order.
    pub fn leaves(&self) -> &[Leaf] {
        &self.state.leaves
    }

    /// Points and values, in the order of points.
    pub fn points(&self) -> Vec<[f64; 2]> {
        let goal = self.state.settings.goal;
        let mut shares: Vec<[f64; 2]> = self
            .state
            .leaves
            .iter()
            .flat_map(|leaf| leaf.ends.into_iter().zip(leaf.values).map(|(share, value)| [share, value]))
            .collect();
        shares.sort_by(|a, b| a[0].total_cmp(&b[0]));
        shares.dedup_by(|a, b| a[0] == b[0]);
        shares.into_iter().map(|[share, value]| [self.state.x(share), goal.turn(value)]).collect()
    }

    /// What the function does not go beyond in the interval of a leaf, with the probability of the guarantee for all of them
    /// together; infinite before there is a scale.
    pub fn leaf_bound(&self, leaf: &Leaf) -> f64 {
        let goal = self.state.settings.goal;
        if self.is_measuring() {
            return goal.turn(f64::INFINITY);
        }
        let Context { delta, scale, .. } = self.context();
        let exponent = match self.state.settings.rule {
            Rule::Optimistic { exponent } => exponent,
            _ => 5.0,
        };
        goal.turn(leaf.bridge(scale).higher_end() + width(exponent, delta, scale, leaf.share()))
    }

    /// Goes on to another number of evaluations, or without a limit; a search that had spent its evaluations is over no more.
    ///
    /// # Errors
    /// If it is less than two, or if nothing else ends the search.
    pub fn set_most_evaluations(&mut self, most: Option<u64>) -> Result<()> {
        let settings = Settings { most_evaluations: most, ..self.state.settings };
        settings.check()?;
        self.state.settings = settings;
        if self.state.reason == Some(Reason::Evaluations) {
            self.state.reason = None;
        }
        Ok(())
    }

    /// Intervals that were given up.
    pub fn given_up(&self) -> usize {
        self.state.given_up.len()
    }

    /// The ends of the interval.
    pub fn interval(&self) -> [f64; 2] {
        [self.state.lower, self.state.upper]
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.state.settings
    }

    pub(crate) fn context(&self) -> Context {
        let Settings { epsilon, delta, scale, .. } = self.state.settings;
        let delta = match scale {
            Scale::Known(_) => delta,
            Scale::Estimated(Estimate { share, .. }) => delta * (1.0 - share),
        };
        let scale = self.whole_scale;
        let best = self.state.best.map_or(f64::NEG_INFINITY, |[_, value]| value);
        Context { delta, epsilon, scale, best, smallest: self.smallest }
    }

    /// Whether a point is the best one now.
    fn improve(&mut self, share: f64, value: f64) -> bool {
        let improves = self.state.best.is_none_or(|[_, best]| value > best);
        if improves {
            self.state.best = Some([share, value]);
        }
        improves
    }

    /// The scores of both parts of a leaf; of halves the width is computed once.
    fn scores(&self, left: &Leaf, right: &Leaf) -> [f64; 2] {
        let leaves = [left, right];
        if self.is_measuring() {
            return leaves.map(Leaf::share);
        }
        let context = self.context();
        if let Rule::Optimistic { exponent } = self.state.settings.rule
            && left.share() == right.share()
        {
            let width = width(exponent, context.delta, context.scale, left.share());
            return leaves.map(|Leaf { values: [x, y], .. }| x.max(*y) + width);
        }
        leaves.map(|leaf| self.state.settings.rule.score(leaf, &context))
    }

    pub(crate) fn score(&self, item: u32) -> f64 {
        if self.is_measuring() {
            return self.state.leaves[item as usize].share();
        }
        self.state.settings.rule.score(&self.state.leaves[item as usize], &self.context())
    }

    fn push(&mut self, item: u32) {
        self.heap.push(Entry { score: self.score(item), item });
    }

    /// The leaf that comes first now. Scores that have fallen since they were computed are computed again when they are met.
    fn select(&mut self) -> Option<Entry> {
        loop {
            let first = self.heap.peek()?;
            if self.is_measuring() || self.state.settings.rule.change() == Change::Never {
                return Some(first);
            }
            let score = self.score(first.item);
            if score >= first.score {
                return Some(first);
            }
            self.heap.replace_first(Entry { score, ..first });
        }
    }

    /// Everything that follows from the state.
    fn rebuild(&mut self) {
        self.smallest = self.state.leaves.iter().map(Leaf::share).fold(1.0, f64::min);
        self.whole_scale = self.scale().unwrap_or(f64::INFINITY) * self.length().sqrt();
        if self.counts_posterior() {
            self.log_within = self.total_log_within();
        }
        self.rebuild_heap();
    }

    fn rebuild_heap(&mut self) {
        self.heap.clear();
        self.first_is_asked = false;
        let waiting = |item: u32| {
            self.state.given_up.contains(&item)
                || self
                    .asked
                    .iter()
                    .any(|asked| matches!(asked.place, Place::Inside { leaf, .. } if leaf == item))
        };
        let items: Vec<u32> = (0..self.state.leaves.len() as u32).filter(|&item| !waiting(item)).collect();
        for item in items {
            self.push(item);
        }
    }
}

impl TryFrom<State> for Optimizer {
    type Error = Error;

    fn try_from(state: State) -> Result<Self> {
        let State { lower, upper, .. } = state;
        if !(lower < upper && (upper - lower).is_finite()) {
            return Err(Error::Interval { lower, upper });
        }
        state.settings.check()?;
        state.check()?;
        let mut optimizer = Self {
            state,
            heap: Heap::default(),
            first_is_asked: false,
            whole_scale: f64::INFINITY,
            asked: Vec::new(),
            next_id: 0,
            log_within: 0.0,
            smallest: 1.0,
        };
        optimizer.rebuild();
        Ok(optimizer)
    }
}

impl From<Optimizer> for State {
    fn from(optimizer: Optimizer) -> Self {
        optimizer.state
    }
}
