//! What a run ran on: versions, processor and threads. Nothing that tells who or where: no host, user or address.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// What a run ran on, as `environment.json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Version of autodidact.
    pub version: String,
    /// Commit it was built from, if the build said so through the variable `AUTODIDACT_COMMIT`.
    pub commit: Option<String>,
    /// The compiler it was built with.
    pub rustc: String,
    /// The target it was built for.
    pub target: String,
    /// `release` or `debug`.
    pub profile: String,
    /// Operating system.
    pub system: String,
    /// Processor model.
    pub cpu: String,
    /// Processor features that kernels are chosen by.
    pub cpu_features: Vec<String>,
    /// Processors the system offers.
    pub cpus: usize,
    /// Threads the run used.
    pub threads: usize,
    /// Start, in seconds since 1970 (UTC).
    pub started: u64,
}

impl Environment {
    /// This machine, now, for a run that uses `threads` threads.
    pub fn capture(threads: usize) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("AUTODIDACT_COMMIT").filter(|commit| !commit.is_empty()).map(str::to_owned),
            rustc: env!("AUTODIDACT_RUSTC").to_owned(),
            target: env!("AUTODIDACT_TARGET").to_owned(),
            profile: env!("AUTODIDACT_PROFILE").to_owned(),
            system: std::env::consts::OS.to_owned(),
            cpu: cpu_model(),
            cpu_features: cpu_features(),
            cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads,
            started: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
        }
    }

    /// The machine in a line, for instance `AMD EPYC 9R14, 2 threads, x86_64-unknown-linux-gnu`.
    pub fn machine(&self) -> String {
        let plural = if self.threads == 1 { "" } else { "s" };
        format!("{}, {} thread{plural}, {}", self.cpu, self.threads, self.target)
    }
}

/// The command line of this process, quoted so that a shell reads it back; of the program only its name.
pub fn command_line() -> String {
    let mut words: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(program) = words.first_mut() {
        *program = Path::new(&*program)
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    }
    words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it: in quotes where it has to be.
pub fn quote(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn cpu_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_owned())
    });
    model.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<String> {
    let mut features = Vec::new();
    macro_rules! detect {
        ($($name:tt),*) => {
            $(if std::arch::is_x86_feature_detected!($name) { features.push($name.to_owned()); })*
        };
    }
    detect!(
        "sse4.2",
        "avx",
        "avx2",
        "fma",
        "f16c",
        "avx512f",
        "avx512bw",
        "avx512vl",
        "avx512vnni",
        "avx512bf16"
    );
    // AMX has no stable detection; the system says it on Linux.
    let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    for name in ["amx_tile", "amx_bf16", "amx_int8"] {
        if flags
            .lines()
            .any(|line| line.starts_with("flags") && line.split_whitespace().any(|flag| flag == name))
        {
            features.push(name.to_owned());
        }
    }
    features
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_features() -> Vec<String> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quote("--set=model.width=64"), "--set=model.width=64");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("$HOME"), "'$HOME'");
    }

    #[test]
    fn the_command_line_does_not_tell_where_the_program_lies() {
        assert!(!command_line().split(' ').next().unwrap().contains('/'));
    }
}
