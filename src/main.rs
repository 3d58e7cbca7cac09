//! The command line. It parses, calls and prints; algorithms are in the crates.

mod allocator;
mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    allocator::keep_freed_memory();
    cli::main()
}
