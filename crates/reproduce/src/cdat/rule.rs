//! The decision rule, on results.

use autodidact_experiment::reproduction::Verdict;

use super::family::Family;
use super::measured::{EARLY, Run};
use super::results::{Results, Which};
use super::task::Task;

/// σ near the edge: 2 and its neighbours.
pub(super) const EDGE_SIGMAS: [f64; 3] = [1.9375, 2.0, 2.0625];
/// η λ below this is below the edge.
const BELOW: f64 = 1.9;
/// η λ in this range is at the edge.
const AT: [f64; 2] = [1.9, 2.3];
/// Sharpness rises if its mean over the last quarter is more than this times that over the third.
const RISE: f64 = 1.05;
/// Share of steps at which the greedy rate has to be ahead.
const AHEAD: f64 = 0.95;
/// A loss up to this times another one matches it.
const MATCH: f64 = 1.05;
/// A loss above this times another one has lost to it.
const LOSS: f64 = 1.2;
/// Steps of a run that tells the long run.
const LONG: usize = 6000;

/// The runs that the rule compares on one seed of a task.
pub(super) struct Seed<'a> {
    constant: Vec<&'a Run>,
    best_constant: &'a Run,
    search: Vec<&'a Run>,
    best_search: &'a Run,
    greedy: &'a Run,
    edge: &'a Run,
    two: &'a Run,
}

impl<'a> Seed<'a> {
    pub fn of(results: &'a Results, task: Task, seed: u64) -> Option<Self> {
        let run = |family, which| results.run(task, family, which, seed);
        let edge = EDGE_SIGMAS.iter().filter_map(|&sigma| run(Family::Cdat, Which::Sigma(sigma)));
        Some(Self {
            constant: results.runs(task, Family::Constant, seed).iter().collect(),
            best_constant: run(Family::Constant, Which::Best)?,
            search: results.runs(task, Family::LineSearch, seed).iter().collect(),
            best_search: run(Family::LineSearch, Which::Best)?,
            greedy: run(Family::Cdat, Which::Sigma(1.0))?,
            edge: edge.min_by(|a, b| a.loss().total_cmp(&b.loss()))?,
            two: run(Family::Cdat, Which::Sigma(2.0))?,
        })
    }

    /// The edge's loss over the best constant rate's.
    pub fn edge_over_constant(&self) -> f64 {
        self.edge.loss() / self.best_constant.loss()
    }

    /// Whether a greedy rule is as good as the best constant rate, both by one way to read a run's loss.
    fn greedy_matches(&self, loss: fn(&Run) -> f64) -> bool {
        let least = |runs: &[&Run]| runs.iter().map(|run| loss(run)).fold(f64::INFINITY, f64::min);
        let constant = least(&self.constant);
        constant.is_finite() && loss(self.greedy).min(least(&self.search)) <= MATCH * constant
    }
}

fn edge_holds_against_constant(seed: &Seed<'_>) -> bool {
    seed.edge.loss().is_finite() && seed.edge.loss() <= seed.best_constant.loss()
}

fn edge_beats_greedy_rules(seed: &Seed<'_>) -> bool {
    seed.edge.loss() < seed.greedy.loss() && seed.edge.loss() < seed.best_search.loss()
}

fn greedy_rules_fall_behind_the_edge(seed: &Seed<'_>) -> bool {
    [seed.greedy, seed.best_search].iter().all(|run| {
        run.product().is_some_and(|product| product < BELOW) && run.trend().is_some_and(|trend| trend > RISE)
    })
}

fn edge_is_kept(seed: &Seed<'_>) -> bool {
    let product = seed.two.product().is_some_and(|product| (AT[0]..=AT[1]).contains(&product));
    product && seed.two.trend().is_some_and(|trend| trend <= RISE)
}

fn greedy_is_ahead_at_once(seed: &Seed<'_>) -> bool {
    [seed.greedy, seed.two].iter().all(|run| run.greedy_ahead.is_some_and(|share| share > AHEAD))
}

fn greedy_is_not_worse(seed: &Seed<'_>) -> bool {
    seed.greedy.loss().is_finite() && seed.greedy.loss() <= seed.edge.loss()
}

/// Whether the best constant rate is neither the smallest nor the largest of its grid.
fn grid_is_wide_enough(seed: &Seed<'_>) -> bool {
    let ends = [seed.constant.first(), seed.constant.last()];
    ends.iter().flatten().all(|run| run.setting != seed.best_constant.setting)
}

fn greedy_matches_early_and_late(seed: &Seed<'_>) -> bool {
    seed.greedy_matches(Run::early_loss) && seed.greedy_matches(Run::loss)
}

fn edge_loses(seed: &Seed<'_>) -> bool {
    seed.two.last.is_none() || seed.two.loss() > LOSS * seed.best_constant.loss()
}

/// A condition that is counted over seeds, task by task.
type Holds = fn(&Seed<'_>) -> bool;

/// In how many seeds of a task a condition holds; none if the task was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    task: Task,
    holds: usize,
    seeds: usize,
}

impl Count {
    fn new(results: &Results, task: Task, holds: Holds) -> Self {
        let seeds: Vec<Seed<'_>> =
            results.seeds(task).into_iter().filter_map(|seed| Seed::of(results, task, seed)).collect();
        Self { task, holds: seeds.iter().filter(|seed| holds(seed)).count(), seeds: seeds.len() }
    }

    /// Two thirds of the seeds, rounded up.
    fn is_met(self) -> bool {
        self.seeds > 0 && 3 * self.holds >= 2 * self.seeds
    }

    fn text(self) -> String {
        let task = self.task.letter();
        if self.seeds == 0 {
            format!("{task} not run")
        } else {
            format!("{task} {} of {}", self.holds, self.seeds)
        }
    }
}

/// A condition of the rule and whether it is met; none where a task it needs was not run.
pub(super) struct Condition {
    pub text: String,
    pub measured: String,
    pub met: Option<bool>,
}

/// On all of these tasks.
fn on_all(results: &Results, tasks: &[Task], text: &str, holds: Holds) -> Condition {
    let counts: Vec<Count> = tasks.iter().map(|&task| Count::new(results, task, holds)).collect();
    let fails = counts.iter().any(|count| count.seeds > 0 && !count.is_met());
    let is_complete = counts.iter().all(|count| count.seeds > 0);
    Condition {
        text: text.to_owned(),
        measured: counts.iter().map(|count| count.text()).collect::<Vec<_>>().join(", "),
        met: if fails { Some(false) } else { is_complete.then_some(true) },
    }
}

/// All conditions of support.
pub(super) fn support(results: &Results) -> Vec<Condition> {
    let deep: [(&str, Holds); 6] = [
        ("Best σ of 1.9375, 2, 2.0625 at most the best constant rate", edge_holds_against_constant),
        ("It is below σ = 1 and below the best line search", edge_beats_greedy_rules),
        (
            "σ = 1 and the best line search: mean η λ of the second half below 1.9, λ rising",
            greedy_rules_fall_behind_the_edge,
        ),
        ("σ = 2: mean η λ of the second half in [1.9, 2.3], λ flat or falling", edge_is_kept),
        (
            "f(w + η u) larger at the edge's rate than at the greedy one on more than 95 % of the steps of σ = 1 and σ = 2",
            greedy_is_ahead_at_once,
        ),
        ("The best constant rate is inside its grid", grid_is_wide_enough),
    ];
    let control: Holds = greedy_is_not_worse;
    deep.into_iter()
        .map(|(text, holds)| on_all(results, &Task::DEEP, text, holds))
        .chain([on_all(results, &[Task::D], "On the linear model σ = 1 at most the best σ near 2", control)])
        .collect()
}

/// Both ways to be refuted, where the runs are long enough to tell.
pub(super) fn refutation(results: &Results, steps: usize) -> Vec<Condition> {
    let on_two = |text: &str, holds: Holds, least: usize| {
        let counts = Task::DEEP.map(|task| Count::new(results, task, holds));
        let is_long_enough = steps >= least;
        Condition {
            text: format!("Refutes: {text}, on two of A–C"),
            measured: if is_long_enough {
                counts.map(Count::text).join(", ")
            } else {
                format!("not tested: {steps} steps of {least}")
            },
            met: is_long_enough.then(|| counts.iter().filter(|count| count.is_met()).count() >= 2),
        }
    };
    vec![
        on_two(
            "σ = 1 or the line search within 5 % of the best constant rate at 1500 and at 6000 steps",
            greedy_matches_early_and_late,
            LONG,
        ),
        on_two("σ = 2 diverges or ends more than 20 % above the best constant rate", edge_loses, EARLY),
    ]
}

pub(super) fn verdict(support: &[Condition], refutation: &[Condition]) -> Verdict {
    if refutation.iter().any(|condition| condition.met == Some(true)) {
        Verdict::Refuted
    } else if support.iter().all(|condition| condition.met == Some(true)) {
        Verdict::Supported
    } else {
        Verdict::Inconclusive
    }
}
