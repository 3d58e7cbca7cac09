//! Working memory that a thread keeps between calls, so that a training step does not allocate.
//!
//! Buffers form a stack: a kernel may ask for another one while it holds one, also when the thread pool runs a
//! second task on a thread that waits for its first. What is not here: memory shared between threads.

use std::cell::RefCell;

thread_local! {
    static FREE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Floats in a cache line.
const LINE: usize = 16;

/// Gives `work` a slice of `len` floats with arbitrary (but initialised) contents, at the start of a cache line: a
/// vector that straddles two lines takes two reads.
pub(crate) fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut buffer = FREE.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < len + LINE {
        buffer.resize(len + LINE, 0.0);
    }
    let start = buffer.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
    let result = work(&mut buffer[start..start + len]);
    FREE.with_borrow_mut(|free| free.push(buffer));
    result
}
