//! Results by game, method and budget, with the constant that was best on the seeds that are not judged.

use std::collections::{BTreeMap, BTreeSet};

use autodidact_experiment::reproduction::{JobResult, Scale};
use autodidact_experiment::statistics::{Bootstrap, Interval, mean};

use super::arm::{Arm, Measured, Outcome};
use super::method::Method;
use super::scale::{Sizes, budgets};
use super::task::Task;

type BySeed = BTreeMap<u64, Outcome>;
/// An exploration constant and what came of it.
type Setting = (f32, BySeed);

/// c₁ of AlphaZero: the constant where none is better on the seeds that are not judged.
const USUAL: f32 = 1.25;

/// What a method with its constant came to on the judged seeds.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub exploration: f32,
    by_seed: BySeed,
}

/// All that is judged.
pub(super) struct Results {
    scale: Scale,
    cells: BTreeMap<(Task, Method, u32), Cell>,
}

impl Cell {
    /// The seeds that did not diverge.
    pub fn measured(&self) -> impl Iterator<Item = (u64, &Measured)> {
        self.by_seed.iter().filter_map(|(seed, outcome)| match outcome {
            Outcome::Measured(measured) => Some((*seed, measured)),
            Outcome::Diverged { .. } => None,
        })
    }

    /// Seeds and updates at which training diverged.
    pub fn diverged(&self) -> impl Iterator<Item = (u64, u64)> {
        self.by_seed.iter().filter_map(|(seed, outcome)| match outcome {
            Outcome::Diverged { step } => Some((*seed, *step)),
            Outcome::Measured(_) => None,
        })
    }

    pub fn values(&self, value: impl Fn(&Measured) -> f64) -> Vec<f64> {
        self.measured().map(|(_, measured)| value(measured)).collect()
    }
}

impl Results {
    pub fn new(scale: Scale, results: &[JobResult]) -> Self {
        let mut settings: BTreeMap<(Task, Method, u32), Vec<Setting>> = BTreeMap::new();
        let mut seeds = BTreeSet::new();
        for result in results {
            let arm: Arm =
                serde_json::from_value(result.job.description.clone()).expect("a job of this claim");
            let outcome = serde_json::from_value(result.result.clone()).expect("a result of this claim");
            let of_arm = settings.entry((arm.task, arm.method, arm.search.num_simulations)).or_default();
            let place = of_arm.iter().position(|(known, _)| *known == arm.exploration).unwrap_or_else(|| {
                of_arm.push((arm.exploration, BTreeMap::new()));
                of_arm.len() - 1
            });
            of_arm[place].1.insert(result.job.seed, outcome);
            seeds.insert(result.job.seed);
        }
        let tuning = Sizes::of(scale).tuning_seeds.min(seeds.len().saturating_sub(1));
        let first_judged = seeds.into_iter().nth(tuning).unwrap_or_default();
        let cells = settings.into_iter().map(|(key, of_arm)| (key, chosen(of_arm, first_judged))).collect();
        Self { scale, cells }
    }

    pub fn methods(&self) -> impl Iterator<Item = Method> + use<> {
        Sizes::of(self.scale).methods.iter().copied()
    }

    /// Random games a move of both matches' opponents.
    pub fn opponents(&self) -> [u32; 2] {
        Sizes::of(self.scale).opponents
    }

    pub fn budgets(&self, task: Task) -> Vec<u32> {
        budgets(task, self.scale)
    }

    pub fn cell(&self, task: Task, method: Method, budget: u32) -> &Cell {
        &self.cells[&(task, method, budget)]
    }

    /// What a method gains over AlphaZero, paired by seed; none if they have no seed in common.
    pub fn gain(&self, task: Task, method: Method, budget: u32) -> Option<Interval> {
        let [ours, theirs] = [method, Method::AlphaZero]
            .map(|method| self.cell(task, method, budget).measured().collect::<BTreeMap<u64, &Measured>>());
        let differences: Vec<f64> = ours
            .iter()
            .filter_map(|(seed, measured)| Some(measured.strength() - theirs.get(seed)?.strength()))
            .collect();
        (!differences.is_empty()).then(|| Bootstrap::default().mean(&differences))
    }

    /// The mean strength; none if all seeds diverged.
    pub fn strength(&self, task: Task, method: Method, budget: u32) -> Option<Interval> {
        let values = self.cell(task, method, budget).values(Measured::strength);
        (!values.is_empty()).then(|| Bootstrap::default().mean(&values))
    }

    /// The runs of chosen constants that diverged.
    pub fn diverged(&self) -> Vec<String> {
        self.cells
            .iter()
            .flat_map(|((task, method, budget), cell)| {
                cell.diverged().map(move |(seed, step)| {
                    format!(
                        "{}, {} with {budget} simulations, seed {seed}, at step {step}",
                        task.label(),
                        method.label()
                    )
                })
            })
            .collect()
    }
}

/// The constant that is best on the seeds before `first_judged`, with the seeds from there on.
fn chosen(settings: Vec<Setting>, first_judged: u64) -> Cell {
    let of_tuning = |by_seed: &BySeed| {
        let strengths: Vec<f64> = by_seed
            .range(..first_judged)
            .map(|(_, outcome)| match outcome {
                Outcome::Measured(measured) => measured.strength(),
                Outcome::Diverged { .. } => f64::NEG_INFINITY,
            })
            .collect();
        if strengths.is_empty() { 0.0 } else { mean(&strengths) }
    };
    let best = settings.into_iter().max_by(|(a, of_a), (b, of_b)| {
        let far = |exploration: f32| (exploration / USUAL).ln().abs();
        of_tuning(of_a).total_cmp(&of_tuning(of_b)).then_with(|| far(*b).total_cmp(&far(*a)))
    });
    let (exploration, mut by_seed) = best.expect("an arm has a setting");
    Cell { exploration, by_seed: by_seed.split_off(&first_judged) }
}
