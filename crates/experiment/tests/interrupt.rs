//! The first signal asks, the second exits. Signals need a process of their own: this program starts itself again.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use autodidact_experiment::interrupt;
use rustix::process::{Pid, Signal, kill_process};

const CHILD: &str = "AUTODIDACT_TEST_INTERRUPT";

/// Not a test of its own: says on stdout how far it is, and works on until it is told to stop.
#[test]
fn child_process() {
    let Ok(mode) = std::env::var(CHILD) else { return };
    interrupt::install().unwrap();
    assert!(!interrupt::requested());
    println!("\nready");
    while !interrupt::requested() {
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("asked");
    if mode == "stubborn" {
        std::thread::sleep(Duration::from_mins(2));
    }
    std::process::exit(0);
}

fn signal_child(mode: &str, signals: &[(&str, Signal)]) -> Option<i32> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_process", "--nocapture"])
        .env(CHILD, mode)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for (awaited, signal) in signals {
        assert!(lines.any(|line| line.unwrap() == *awaited), "the child did not say `{awaited}`");
        kill_process(Pid::from_child(&child), *signal).unwrap();
    }
    child.wait().unwrap().code()
}

#[test]
fn the_first_signal_lets_the_work_end() {
    for signal in [Signal::INT, Signal::TERM] {
        assert_eq!(signal_child("willing", &[("ready", signal)]), Some(0));
    }
}

#[test]
fn the_second_signal_exits_at_once() {
    let code = signal_child("stubborn", &[("ready", Signal::INT), ("asked", Signal::INT)]);
    assert_eq!(code, Some(interrupt::EXIT_CODE));
}
