//! Ctrl-C once saves and stops, twice stops now.
//!
//! [`install`] listens for the terminal's interrupt and for termination and hang-up signals. Loops ask
//! [`requested`] once a step; what to save is theirs to know.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::progress::say;
use crate::{Error, Result};

/// The exit code after an interrupt, as shells know it (128 + SIGINT).
pub const EXIT_CODE: i32 = 130;

static REQUESTED: AtomicBool = AtomicBool::new(false);
static BEFORE_EXIT: OnceLock<fn()> = OnceLock::new();

/// Listens from now on: the first signal makes [`requested`] true, a second one exits with code 130 at once.
///
/// # Errors
/// [`Error::Interrupt`] if the system refuses, or if called twice.
pub fn install() -> Result<()> {
    ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            if let Some(action) = BEFORE_EXIT.get() {
                action();
            }
            std::process::exit(EXIT_CODE);
        }
        say("interrupted: saving and stopping; interrupt again to stop now and lose the last steps");
    })
    .map_err(|source| Error::Interrupt { source })
}

/// What a second signal does before it exits, for instance stop the programs that were started. The first call counts.
pub fn before_exit(action: fn()) {
    // Set already: by the same work, begun again.
    let _ = BEFORE_EXIT.set(action);
}

/// Whether the work should save and stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Asks the work to save and stop, as a signal would.
pub fn request() {
    REQUESTED.store(true, Ordering::SeqCst);
}
