//! Where the time of a training step goes: time, calls, arithmetic and memory traffic of each kernel and shape.
//!
//! Off by default, and then a span costs one relaxed load. A span's time is its own: what spans inside of it take is
//! theirs. Spans belong to the thread that opens them; kernels are called from one thread and share their work below.
//! What is not here: how a profile is shown, and what the machine [could do](crate::Limits).

use crate::element::Element;
use crate::precision::Precision;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

static IS_ON: AtomicBool = AtomicBool::new(false);
static RECORDING: Mutex<Option<Recording>> = Mutex::new(None);

thread_local! {
    /// Time of the spans inside the one that is open.
    static INNER: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

struct Recording {
    started: Instant,
    rows: BTreeMap<(&'static str, String), Row>,
}

fn recording() -> MutexGuard<'static, Option<Recording>> {
    RECORDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The least work that an operation can be done with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Multiplications and additions of products. Those of element-wise operations, which memory bounds, are not counted.
    pub flops: u64,
    /// Bytes of operands and results, each counted once.
    pub bytes: u64,
    /// What is multiplied.
    pub precision: Precision,
}

impl Work {
    /// An element-wise operation with that many floats of operands and results.
    pub fn on_floats(floats: usize) -> Self {
        Self { flops: 0, bytes: 4 * floats as u64, precision: Precision::F32 }
    }
}

/// All spans of one name and shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was done.
    pub name: &'static str,
    /// On what; may be empty.
    pub shape: String,
    /// How many times.
    pub calls: u64,
    /// Time in the spans and not in spans inside them.
    pub time: Duration,
    /// The work of all calls.
    pub work: Work,
}

/// What was recorded between [`start`] and [`finish`].
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The time that passed.
    pub time: Duration,
    /// The longest first.
    pub rows: Vec<Row>,
}

/// Starts to record, anew if a recording is going on.
pub fn start() {
    *recording() = Some(Recording { started: Instant::now(), rows: BTreeMap::new() });
    IS_ON.store(true, Ordering::Relaxed);
}

/// Ends the recording. Nothing if none was started.
pub fn finish() -> Option<Profile> {
    IS_ON.store(false, Ordering::Relaxed);
    let Recording { started, rows } = recording().take()?;
    let mut rows: Vec<Row> = rows.into_values().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.time));
    Some(Profile { time: started.elapsed(), rows })
}

/// Records the time until the guard is dropped. `describe` is called only while recording.
///
/// ```
/// use autodidact_kernels::profile::{self, Work};
///
/// profile::start();
/// {
///     let _span = profile::span("sum", || (String::from("[3]"), Work::on_floats(4)));
///     assert_eq!([1, 2, 3].iter().sum::<i32>(), 6);
/// }
/// let profile = profile::finish().expect("it was started");
/// assert_eq!((profile.rows[0].name, profile.rows[0].calls), ("sum", 1));
/// ```
#[must_use = "the span ends where the guard is dropped"]
pub fn span(name: &'static str, describe: impl FnOnce() -> (String, Work)) -> Span {
    if !IS_ON.load(Ordering::Relaxed) {
        return Span { open: None };
    }
    let (shape, work) = describe();
    let outer = INNER.replace(Duration::ZERO);
    Span { open: Some(Open { name, shape, work, outer, started: Instant::now() }) }
}

/// The span of an element-wise operation on arrays of this shape, so many as operands and results.
pub(crate) fn element_wise(name: &'static str, shape: &[usize], arrays: usize) -> Span {
    span(name, || (format!("{shape:?}"), Work::on_floats(arrays * shape.iter().product::<usize>())))
}

/// The span of an element-wise operation on activations.
pub(crate) fn activations<E: Element>(name: &'static str, shape: &[usize], arrays: usize) -> Span {
    span(name, || {
        let numbers = arrays * shape.iter().product::<usize>();
        (format!("{shape:?}"), Work { bytes: (E::BYTES * numbers) as u64, ..Work::default() })
    })
}

/// A span without arithmetic of its own: a phase of a step.
#[must_use = "the span ends where the guard is dropped"]
pub fn phase(name: &'static str) -> Span {
    span(name, Default::default)
}

/// Ends its span when it is dropped.
#[derive(Debug)]
pub struct Span {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    name: &'static str,
    shape: String,
    work: Work,
    /// Time of the spans before this one inside the one around it.
    outer: Duration,
    started: Instant,
}

impl Drop for Span {
    fn drop(&mut self) {
        let Some(Open { name, shape, work, outer, started }) = self.open.take() else { return };
        let elapsed = started.elapsed();
        let inner = INNER.replace(outer + elapsed);
        let mut recording = recording();
        // The recording may have ended meanwhile.
        let Some(recording) = recording.as_mut() else { return };
        let empty = Row {
            name,
            shape: shape.clone(),
            calls: 0,
            time: Duration::ZERO,
            work: Work { precision: work.precision, ..Work::default() },
        };
        let row = recording.rows.entry((name, shape)).or_insert(empty);
        row.calls += 1;
        row.time += elapsed.saturating_sub(inner);
        row.work.flops += work.flops;
        row.work.bytes += work.bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_its_own_time_and_the_sum_of_its_work() {
        start();
        for _ in 0..3 {
            let _outer = phase("profile test: outer");
            std::thread::sleep(Duration::from_millis(2));
            for shape in ["a", "a", "b"] {
                let _inner = span("profile test: inner", || {
                    (shape.to_owned(), Work { flops: 7, ..Work::on_floats(5) })
                });
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let profile = finish().expect("it was started");
        let row = |name, shape| {
            let found = profile.rows.iter().find(|row| row.name == name && row.shape == shape);
            found.expect("it was recorded").clone()
        };
        let (outer, a, b) = (
            row("profile test: outer", ""),
            row("profile test: inner", "a"),
            row("profile test: inner", "b"),
        );
        assert_eq!((outer.calls, a.calls, b.calls), (3, 6, 3));
        assert_eq!((a.work.flops, a.work.bytes), (42, 120));
        assert!(a.time >= Duration::from_millis(60) && b.time >= Duration::from_millis(30));
        // Without the time of the inner spans, which sleep 90 ms at least, sleeping 6 of its own.
        assert!(outer.time >= Duration::from_millis(6) && outer.time + a.time + b.time <= profile.time);
        assert_eq!(finish(), None);
    }
}
