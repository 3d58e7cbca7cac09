//! Everything again as on processors that have fewer instructions.

use crate::instructions::Instructions;
use std::process::Command;

/// Runs this program's other tests with a limit on the instructions.
#[track_caller]
fn check_limited_to(instructions: Instructions) {
    if Instructions::used() <= instructions {
        eprintln!("skipped: no more than {} is in use anyway", instructions.name());
        return;
    }
    let program = std::env::current_exe().expect("tests are a program");
    let output = Command::new(program)
        .args(["--skip", "fewer_instructions", "--test-threads", "1"])
        .env(Instructions::VARIABLE, instructions.name())
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "with {}: {told}", instructions.name());
    assert!(!told.contains(" 0 passed"), "tests were run: {told}");
}

#[test]
fn portable() {
    check_limited_to(Instructions::Portable);
}

#[test]
fn avx2() {
    check_limited_to(Instructions::Avx2);
}

#[test]
fn avx512() {
    check_limited_to(Instructions::Avx512);
}

#[test]
fn bf16() {
    check_limited_to(Instructions::Bf16);
}
