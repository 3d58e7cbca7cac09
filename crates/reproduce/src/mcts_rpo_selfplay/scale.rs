//! How much is done at each scale.

use autodidact_experiment::reproduction::Scale;

use super::method::{EXPLORATIONS, Method};
use super::task::Task;

/// What the scales differ in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Seeds on which exploration constants are chosen; they are not judged.
    pub tuning_seeds: usize,
    pub judged_seeds: usize,
    pub methods: &'static [Method],
    pub explorations: &'static [f32],
    /// Evaluations that a training may ask for.
    pub evaluations: u64,
    /// Games of a match.
    pub games: u32,
    /// Random games a move of UCT, whom a network meets alone and with a search: about as strong as the networks of the scale.
    pub opponents: [u32; 2],
    /// Positions of the exam.
    pub positions: usize,
}

impl Sizes {
    pub fn of(scale: Scale) -> Self {
        let standard = Self {
            tuning_seeds: 1,
            judged_seeds: 4,
            methods: &Method::ALL,
            explorations: &EXPLORATIONS,
            evaluations: 500_000,
            games: 60,
            opponents: [20, 200],
            positions: 200,
        };
        match scale {
            Scale::Quick => Self {
                tuning_seeds: 0,
                judged_seeds: 3,
                methods: &[Method::AlphaZero, Method::All, Method::Gumbel],
                explorations: &[1.25],
                evaluations: 60_000,
                games: 30,
                opponents: [10, 50],
                ..standard
            },
            Scale::Standard => standard,
            Scale::Full => Self {
                tuning_seeds: 3,
                judged_seeds: 8,
                evaluations: 10 * standard.evaluations,
                opponents: [100, 1000],
                ..standard
            },
        }
    }
}

/// The budgets of a game: at the quick scale the first and the last.
pub(super) fn budgets(task: Task, scale: Scale) -> Vec<u32> {
    let [least, middle, most] = task.budgets();
    if scale == Scale::Quick { vec![least, most] } else { vec![least, middle, most] }
}
