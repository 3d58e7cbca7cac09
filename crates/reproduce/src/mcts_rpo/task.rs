//! What is iterated on, with every method, setting and budget.

use autodidact_experiment::interrupt;
use autodidact_experiment::reproduction::{Interrupted, Job, JobContext, JobError, Scale};
use autodidact_games::{ConnectFour, Game, Hex, TicTacToe};
use autodidact_mcts::{Batch, Result as SearchResult};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bandit::Bandit;
use super::improve::{Prior, improve, softmax};
use super::method::{EXPLORATIONS, Method, Setting};
use super::solved::{Position, Values, positions, solve};

/// Iterations of search and learning.
const ITERATIONS: u32 = 100;
/// The same on solved games, for each position.
const ITERATIONS_OF_GAMES: u32 = 30;
/// Positions of a solved game.
const POSITIONS: usize = 24;
/// Standard deviation of a bandit's returns, whose means lie between 0 and 1.
const RETURN_NOISE: f32 = 0.2;
/// Standard deviation of a position's fixed error of value, beside exact results of −1, 0 and 1.
const VALUE_NOISE: f32 = 0.5;
/// Standard deviation of the first logits, which are partly wrong.
const LOGIT_NOISE: f32 = 1.0;

/// A task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Task {
    Bandit4,
    Bandit18,
    Bandit81,
    TicTacToe,
    ConnectFour,
    Hex,
}

/// All that a result depends on beside the seed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Description {
    task: Task,
    budgets: [u32; 3],
    iterations: u32,
    positions: usize,
    noise: [f32; 3],
    methods: Vec<Method>,
    explorations: Vec<f32>,
}

/// What a method with a setting scored at a budget.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Scored {
    pub method: Method,
    pub budget: u32,
    pub exploration: f32,
    pub noise: bool,
    pub score: f64,
}

impl Task {
    pub const ALL: [Self; 6] =
        [Self::Bandit4, Self::Bandit18, Self::Bandit81, Self::TicTacToe, Self::ConnectFour, Self::Hex];

    pub fn name(self) -> &'static str {
        match self {
            Self::Bandit4 => "bandit-4",
            Self::Bandit18 => "bandit-18",
            Self::Bandit81 => "bandit-81",
            Self::TicTacToe => "tic-tac-toe",
            Self::ConnectFour => "connect-four-5x4",
            Self::Hex => "hex-4x4",
        }
    }

    /// Simulations of a search, from few to many.
    pub fn budgets(self) -> [u32; 3] {
        match self {
            Self::Bandit4 => [2, 4, 16],
            Self::Bandit18 | Self::Bandit81 => [2, 5, 50],
            Self::TicTacToe | Self::ConnectFour | Self::Hex => [2, 8, 32],
        }
    }

    fn is_game(self) -> bool {
        matches!(self, Self::TicTacToe | Self::ConnectFour | Self::Hex)
    }

    pub fn job(self, paper: &str, scale: Scale, seed: u64) -> Job {
        let description = Description {
            task: self,
            budgets: self.budgets(),
            iterations: if self.is_game() { ITERATIONS_OF_GAMES } else { ITERATIONS },
            positions: POSITIONS,
            noise: [RETURN_NOISE, VALUE_NOISE, LOGIT_NOISE],
            methods: Method::ALL.to_vec(),
            explorations: EXPLORATIONS.to_vec(),
        };
        let description = serde_json::to_value(description).expect("a description is plain data");
        Job::new(paper, scale, self.name(), seed, description)
    }

    pub fn of(job: &Job) -> Result<Self, JobError> {
        let Description { task, .. } = serde_json::from_value(job.description.clone())?;
        Ok(task)
    }

    pub fn run(self, seed: u64, context: &JobContext<'_>) -> Result<Value, JobError> {
        let scores = match self {
            Self::Bandit4 => self.scores(context, |run| Ok(bandit(4, seed, run)?)),
            Self::Bandit18 => self.scores(context, |run| Ok(bandit(18, seed, run)?)),
            Self::Bandit81 => self.scores(context, |run| Ok(bandit(81, seed, run)?)),
            Self::TicTacToe => self.game(&TicTacToe::new(), 0..=6, seed, context),
            Self::ConnectFour => self.game(&ConnectFour::new(5, 4)?, 6..=14, seed, context),
            Self::Hex => self.game(&Hex::new(4, false)?, 4..=10, seed, context),
        }?;
        Ok(serde_json::to_value(scores)?)
    }

    fn game<G: Game>(
        self,
        start: &G,
        plies: std::ops::RangeInclusive<usize>,
        seed: u64,
        context: &JobContext<'_>,
    ) -> Result<Vec<Scored>, JobError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut values = Values::new();
        let positions = positions(start, plies, POSITIONS, &mut values, &mut rng);
        for position in &positions {
            solve(&position.game, &mut values);
        }
        self.scores(context, |run| Ok(solved(&positions, &values, seed, run)?))
    }

    /// The scores of all methods, settings and budgets.
    fn scores(
        self,
        context: &JobContext<'_>,
        score: impl Fn(Run) -> Result<f64, JobError>,
    ) -> Result<Vec<Scored>, JobError> {
        let runs: Vec<Run> = Method::ALL
            .into_iter()
            .flat_map(|method| method.settings().into_iter().map(move |setting| (method, setting)))
            .flat_map(|(method, setting)| self.budgets().map(|budget| Run { method, setting, budget }))
            .collect();
        let total = runs.len() as u64;
        let mut scores = Vec::with_capacity(runs.len());
        for (done, run) in (1..).zip(runs) {
            if interrupt::requested() {
                return Err(Interrupted.into());
            }
            let Run { method, setting: Setting { exploration, noise }, budget } = run;
            scores.push(Scored { method, budget, exploration, noise, score: score(run)? });
            context.progress(done, total, &[]);
        }
        Ok(scores)
    }
}

/// A method with its numbers.
#[derive(Clone, Copy, Debug)]
struct Run {
    method: Method,
    setting: Setting,
    budget: u32,
}

/// Random numbers of a purpose.
fn generator(seed: u64, purpose: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose);
    rng
}

fn normal(rng: &mut ChaCha8Rng) -> f32 {
    StandardNormal.sample(rng)
}

/// The value of the last policy as a share of the best.
fn bandit(actions: usize, seed: u64, run: Run) -> SearchResult<f64> {
    // The same bandits for all methods.
    let mut rng = generator(seed, 1);
    let means: Vec<f32> = (0..actions).map(|_| rng.random::<f32>()).collect();
    let mut prior: Prior =
        softmax(&(0..actions).map(|_| LOGIT_NOISE * normal(&mut rng)).collect::<Vec<f32>>());
    let evaluate = |batch: &mut Batch<Bandit>, root: &[f32]| {
        for index in 0..batch.len() {
            match batch.game(index).chosen() {
                None => {
                    let value = root.iter().zip(&means).map(|(p, mean)| p * mean).sum();
                    batch.set(index, value, root);
                }
                Some(action) => {
                    let noise = normal(&mut ChaCha8Rng::seed_from_u64(batch.seed(index)));
                    batch.set(index, means[action as usize] + RETURN_NOISE * noise, &[1.0]);
                }
            }
        }
        Ok(())
    };
    let config = run.method.config(run.setting, run.budget, actions);
    let mut seeds = generator(seed, 2);
    for _ in 0..ITERATIONS {
        improve(config, Bandit::new(actions), &mut prior, seeds.random(), &evaluate)?;
    }
    let value: f64 = prior.iter().zip(&means).map(|(p, mean)| f64::from(*p) * f64::from(*mean)).sum();
    Ok(value / f64::from(means.iter().copied().fold(f32::MIN, f32::max)))
}

/// The probability of optimal moves, in the mean over positions.
fn solved<G: Game>(positions: &[Position<G>], values: &Values, seed: u64, run: Run) -> SearchResult<f64> {
    let noise = |key: u64, purpose: u64| generator(seed ^ key.rotate_left(17), purpose);
    let logits = |key: u64, count: usize| {
        let mut rng = noise(key, 3);
        softmax(&(0..count).map(|_| LOGIT_NOISE * normal(&mut rng)).collect::<Vec<f32>>())
    };
    let mut sum = 0.0;
    let mut seeds = generator(seed, 2);
    for position in positions {
        let root_key = position.game.key();
        let mut prior = logits(root_key, position.optimal.len());
        let evaluate = |batch: &mut Batch<G>, root: &[f32]| {
            for index in 0..batch.len() {
                let key = batch.game(index).key();
                let exact = values.get(&key).copied().unwrap_or_default();
                let value = (f32::from(exact) + VALUE_NOISE * normal(&mut noise(key, 4))).clamp(-1.0, 1.0);
                if key == root_key {
                    batch.set(index, value, root);
                } else {
                    let policy = logits(key, batch.actions(index).len());
                    batch.set(index, value, &policy);
                }
            }
            Ok(())
        };
        let config = run.method.config(run.setting, run.budget, position.optimal.len());
        for _ in 0..ITERATIONS_OF_GAMES {
            improve(config, position.game.clone(), &mut prior, seeds.random(), &evaluate)?;
        }
        let right = prior.iter().zip(&position.optimal).filter(|(_, optimal)| **optimal);
        sum += right.map(|(p, _)| f64::from(*p)).sum::<f64>();
    }
    Ok(sum / positions.len() as f64)
}
