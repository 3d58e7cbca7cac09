//! Everything again as on processors that have fewer instructions, and with vectors that this one lacks.

use crate::instructions::Instructions;
use crate::simd::SIMULATE_WIDE_VECTORS;
use std::process::Command;

/// Runs this program's other tests with a limit on the instructions.
#[track_caller]
fn check_limited_to(instructions: Instructions) {
    if Instructions::used() <= instructions {
        eprintln!("skipped: no more than {} is in use anyway", instructions.name());
        return;
    }
    check_with(Instructions::VARIABLE, instructions.name());
}

/// Runs this program's other tests with a variable set.
#[track_caller]
fn check_with(variable: &str, value: &str) {
    let program = std::env::current_exe().expect("tests are a program");
    let output = Command::new(program)
        .args(["--skip", "fewer_instructions", "--test-threads", "1"])
        .env(variable, value)
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "with {value}: {told}");
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

/// The kernels that are written for vectors of any width, with the width of AVX-512.
#[test]
fn wide_vectors_lane_by_lane() {
    if Instructions::used() >= Instructions::Avx512 {
        eprintln!("skipped: such vectors are in use anyway");
        return;
    }
    check_with(SIMULATE_WIDE_VECTORS, "wide vectors");
}
