//! Working memory that a thread keeps between calls, so that a training step does not allocate.
//!
//! Buffers form a stack: a kernel may ask for another one while it holds one, also when the thread pool runs a
//! second task on a thread that waits for its first. What is not here: memory shared between threads.

use std::cell::RefCell;

thread_local! {
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Gives `work` a slice of `len` floats with arbitrary (but initialised) contents.
pub(crate) fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut buffer = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    let result = work(&mut buffer[..len]);
    FREE.with_borrow_mut(|free| free.push(buffer));
    result
}
