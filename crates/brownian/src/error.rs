//! What can go wrong in a search: one enum for the crate.

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in a search. Each message says what happened, what was expected and what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The interval is empty or not finite.
    #[error(
        "there is nothing between {lower} and {upper}; the lower end must be a number less than the upper one"
    )]
    Interval {
        /// The lower end.
        lower: f64,
        /// The upper end.
        upper: f64,
    },

    /// A setting is out of its range.
    #[error("`{name}` is {value}, expected {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The values that it may have.
        expected: &'static str,
    },

    /// A rule and a stop that do not go together.
    #[error(
        "the stop `{stop}` needs the widths of the optimistic rule\nhint: stop by the posterior or by the number of evaluations"
    )]
    StopWithoutWidths {
        /// The stop.
        stop: &'static str,
    },

    /// A search that nothing ends.
    #[error(
        "the stop is `never` and there is no limit on evaluations, so nothing ends the search\nhint: set `most-evaluations`, or stop by the posterior"
    )]
    Endless,

    /// A function value is no finite number. It is not counted; the point can be evaluated again or given up.
    #[error("the value at {x} is {value}, expected a finite number; evaluate it again or give the point up")]
    NotFinite {
        /// The point.
        x: f64,
        /// The value.
        value: f64,
    },

    /// An answer to a question that was not asked, or was answered before.
    #[error("no evaluation with the number {id} is waited for")]
    UnknownQuery {
        /// Its number.
        id: u64,
    },

    /// An end of the interval could not be evaluated, and without both there is no search.
    #[error(
        "the end {x} of the interval has no value, and the search needs both ends\nhint: choose an interval inside the function's domain"
    )]
    NoEnd {
        /// The end.
        x: f64,
    },

    /// A method that plans all its evaluations before the first.
    #[error(
        "the search was planned for {planned} evaluations and cannot go on to another number\nhint: start another one"
    )]
    Planned {
        /// That many.
        planned: u64,
    },

    /// A saved search that is none: its intervals do not make up the whole one, or a value is no number.
    #[error("the saved search is damaged: its intervals do not make up the whole one\nhint: start it anew")]
    State,
}
