//! Other searches along one axis, to compare with or where the function is no Brownian motion.
//!
//! None of them but [`PiyavskiiShubert`] promises anything. All have the shape of [`Optimizer`]: asked for points, told values.

mod brent;
mod cells;
mod direct;
mod grid;
mod piyavskii_shubert;
mod planned;
mod rival;
mod sequool;
mod soo;
mod stosoo;

pub use brent::Brent;
pub use direct::Direct;
pub use grid::Grid;
pub use piyavskii_shubert::PiyavskiiShubert;
pub use planned::{Plan, Planned};
pub use rival::{Method, Rival};
pub use sequool::Sequool;
pub use soo::Soo;
pub use stosoo::Stosoo;

use crate::{Next, Optimizer, Result};

/// A search that is asked for points and told values.
pub trait Search {
    /// What is wanted next.
    fn ask(&mut self) -> Next;

    /// Takes in the value of a point that was asked for.
    ///
    /// # Errors
    /// If it is no finite number, in which case the point is still waited for, or if nothing of this number is waited for.
    fn tell(&mut self, id: u64, value: f64) -> Result<()>;

    /// The best point so far and its value.
    fn best(&self) -> Option<[f64; 2]>;
}

impl Search for Optimizer {
    fn ask(&mut self) -> Next {
        self.ask()
    }

    fn tell(&mut self, id: u64, value: f64) -> Result<()> {
        self.tell(id, value)
    }

    fn best(&self) -> Option<[f64; 2]> {
        self.answer().map(|answer| [answer.x, answer.value])
    }
}

/// Evaluates `f` where a search wants it, `evaluations` times at most, and gives the best point and its value.
///
/// ```
/// use autodidact_brownian::Goal;
/// use autodidact_brownian::rivals::{Planned, Soo, spend};
///
/// let mut soo = Planned::new(0.0, 10.0, Goal::Maximum, Soo::new())?;
/// let best = spend(&mut soo, 100, |x| -(x - 2.0).abs())?.expect("evaluations were made");
/// assert!((best[0] - 2.0).abs() < 1e-3);
/// # Ok::<(), autodidact_brownian::Error>(())
/// ```
///
/// # Errors
/// If a value is no finite number.
pub fn spend(
    search: &mut dyn Search,
    evaluations: usize,
    mut f: impl FnMut(f64) -> f64,
) -> Result<Option<[f64; 2]>> {
    for _ in 0..evaluations {
        let Next::Evaluate(query) = search.ask() else { break };
        search.tell(query.id, f(query.x))?;
    }
    Ok(search.best())
}
