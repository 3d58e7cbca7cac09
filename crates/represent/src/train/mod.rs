//! The pre-training loop and what it asks of a method.

mod checkpoint;
mod learner;
mod report;
mod run;

pub use learner::{Clock, Learner, Scene};
pub use report::StepReport;
pub(crate) use report::{mean, scalar};
pub(crate) use run::resumed;
pub use run::{Outcome, STEP, Telling, Trained, train};
