//! Searches of functions that are called at once.

use crate::{Answer, Error, Goal, Next, Optimizer, Result, Settings};

/// The maximum of `f` between `lower` and `upper`, both of which are evaluated.
///
/// # Errors
/// If the interval is empty, a setting is out of its range, or a value is no finite number.
pub fn maximize(f: impl FnMut(f64) -> f64, lower: f64, upper: f64, settings: Settings) -> Result<Answer> {
    search(f, lower, upper, Settings { goal: Goal::Maximum, ..settings })
}

/// The minimum of `f` between `lower` and `upper`, both of which are evaluated.
///
/// ```
/// use autodidact_brownian::{Settings, minimize};
///
/// let answer = minimize(|x| (x - 0.3).abs().sqrt(), 0.0, 1.0, Settings::posterior(0.01, 0.01))?;
/// assert!((answer.x - 0.3).abs() < 1e-3);
/// # Ok::<(), autodidact_brownian::Error>(())
/// ```
///
/// # Errors
/// If the interval is empty, a setting is out of its range, or a value is no finite number.
pub fn minimize(f: impl FnMut(f64) -> f64, lower: f64, upper: f64, settings: Settings) -> Result<Answer> {
    search(f, lower, upper, Settings { goal: Goal::Minimum, ..settings })
}

fn search(mut f: impl FnMut(f64) -> f64, lower: f64, upper: f64, settings: Settings) -> Result<Answer> {
    let mut optimizer = Optimizer::new(lower, upper, settings)?;
    while let Next::Evaluate(query) = optimizer.ask() {
        optimizer.tell(query.id, f(query.x))?;
    }
    optimizer.answer().ok_or(Error::NoEnd { x: lower })
}
