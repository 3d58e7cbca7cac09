//! What is run: a way to search, on drawn paths, at many accuracies.

use autodidact_brownian::{BrownianPath, Next, Optimizer, Reason, Rule, Settings, Stop};
use autodidact_experiment::interrupt;
use autodidact_experiment::reproduction::{Interrupted, Job, JobContext, JobError, Scale};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::found::{AtAccuracy, Found};
use super::grid;

/// Paths of a seed at ε ≥ 2⁻¹², and at the rest.
const PATHS: [u64; 2] = [100, 25];
/// Accuracies are two to the minus these.
pub(super) const HALVINGS: std::ops::RangeInclusive<i32> = 3..=20;
/// The last of them that all paths of a seed see.
const HALVINGS_OF_ALL: i32 = 12;

/// A way to search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Arm {
    /// A rule until its stop is reached.
    Search { rule: Rule, stop: Stop },
    /// Evenly spaced points.
    Grid {
        /// Halvings of the finest one.
        halvings: u32,
    },
}

const fn search(rule: Rule, stop: Stop) -> Arm {
    Arm::Search { rule, stop }
}

const fn optimistic(exponent: f64) -> Rule {
    Rule::Optimistic { exponent }
}

/// All arms by name.
pub(super) const ARMS: [(&str, Arm); 7] = [
    ("optimistic", search(optimistic(5.0), Stop::Width)),
    ("gap", search(optimistic(5.0), Stop::Gap)),
    ("exponent-2", search(optimistic(2.0), Stop::Width)),
    ("posterior", search(Rule::Posterior, Stop::Posterior)),
    ("chh-1", search(Rule::CalvinHefterHerzwurm { lambda: 1.0 }, Stop::Posterior)),
    ("chh-0.1", search(Rule::CalvinHefterHerzwurm { lambda: 0.1 }, Stop::Posterior)),
    ("grid", Arm::Grid { halvings: 15 }),
];

/// All that a result depends on beside the seed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Description {
    arm: Arm,
    paths: [u64; 2],
    /// The first, the last that all paths see, and the last.
    halvings: [i32; 3],
}

impl Arm {
    pub fn job(self, paper: &str, scale: Scale, name: &str, seed: u64) -> Job {
        let description = serde_json::to_value(Description {
            arm: self,
            paths: PATHS,
            halvings: [*HALVINGS.start(), HALVINGS_OF_ALL, *HALVINGS.end()],
        });
        Job::new(paper, scale, name, seed, description.expect("a description is plain data"))
    }

    pub fn of(job: &Job) -> Result<Self, JobError> {
        let Description { arm, .. } = serde_json::from_value(job.description.clone())?;
        Ok(arm)
    }

    pub fn run(self, seed: u64, context: &JobContext<'_>) -> Result<Value, JobError> {
        // All arms see the same paths.
        let path = |index| BrownianPath::new(seed << 32 | index);
        let mut found = Found::default();
        for index in 0..PATHS[0] {
            if interrupt::requested() {
                return Err(Interrupted.into());
            }
            match self {
                Self::Grid { halvings } => found.grid.push(grid::regrets(path(index), halvings)),
                Self::Search { rule, stop } => {
                    for halvings in
                        HALVINGS.filter(|&halvings| halvings <= HALVINGS_OF_ALL || index < PATHS[1])
                    {
                        let epsilon = 0.5f64.powi(halvings);
                        let settings = Settings { rule, stop, ..Settings::optimistic(epsilon) };
                        let Run { evaluations, failed, unfinished } = run(path(index), settings)?;
                        let at = found.searches.entry(halvings).or_insert_with(|| AtAccuracy::new(epsilon));
                        at.evaluations.push(evaluations);
                        at.failures += u64::from(failed);
                        at.unfinished += u64::from(unfinished);
                    }
                }
            }
            context.progress(index + 1, PATHS[0], &[]);
        }
        Ok(serde_json::to_value(found)?)
    }
}

/// A search of one path.
struct Run {
    evaluations: u64,
    /// Whether the supremum is more than ε above the answer.
    failed: bool,
    /// Whether it ended before its stop was reached.
    unfinished: bool,
}

fn run(path: BrownianPath, settings: Settings) -> Result<Run, JobError> {
    let mut optimizer = Optimizer::new(0.0, 1.0, settings)?;
    while let Next::Evaluate(query) = optimizer.ask() {
        optimizer.tell(query.id, path.at(query.x))?;
    }
    let answer = optimizer.answer().ok_or("a search ended without an answer")?;
    let limit = answer.value + settings.epsilon;
    Ok(Run {
        evaluations: answer.evaluations,
        failed: optimizer.leaves().iter().any(|leaf| path.supremum(leaf) > limit),
        unfinished: answer.reason != Some(Reason::Stop),
    })
}
