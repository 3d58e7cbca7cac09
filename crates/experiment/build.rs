//! Records the compiler and the target, so that a run can say what it was built with.

use std::env;
use std::process::Command;

fn main() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned());
    println!("cargo::rustc-env=AUTODIDACT_RUSTC={version}");
    println!("cargo::rustc-env=AUTODIDACT_TARGET={}", env::var("TARGET").unwrap_or_default());
    println!("cargo::rustc-env=AUTODIDACT_PROFILE={}", env::var("PROFILE").unwrap_or_default());
    println!("cargo::rerun-if-changed=build.rs");
}
