//! The memory allocator of the program: freed tensors are kept for the next step.

// One call of a C function that Rust cannot check.
#![allow(unsafe_code)]

use libmimalloc_sys::{mi_option_set, mi_option_t};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of `mimalloc.h`, in milliseconds; the bindings leave it out.
const PURGE_DELAY: mi_option_t = 15;

/// Keeps freed memory for good.
///
/// Every step of training frees and asks for the same large blocks. What went back to the system in between is filled
/// with zeros, page by page, when it is touched again: 20,000 page faults for a step of ResNet-18.
pub fn keep_freed_memory() {
    // SAFETY: sets a number in the allocator's table of options, whose place is checked by the test below. It must not
    // run beside another call of its kind, and is called once, first in `main`.
    unsafe { mi_option_set(PURGE_DELAY, -1) }
}

#[cfg(test)]
mod tests {
    use libmimalloc_sys::mi_option_get;

    use super::*;

    #[test]
    fn the_option_is_the_purge_delay() {
        // SAFETY: reads the table of options.
        let get = || unsafe { mi_option_get(PURGE_DELAY) };
        assert_eq!(get(), 1000, "the default delay, which no other option has");
        keep_freed_memory();
        assert_eq!(get(), -1);
    }
}
