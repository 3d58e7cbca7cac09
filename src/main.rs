//! The command line. It parses, calls and prints; algorithms are in the crates.

mod cli;

use std::process::ExitCode;

/// Training frees and asks for the same large blocks every step; this allocator keeps them instead of giving them
/// back to the system each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
