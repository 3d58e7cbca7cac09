//! A run killed at a random moment and resumed ends with the weights of an uninterrupted one, bit for bit.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Optimizer steps of the run: 256 pictures, 4 epochs, batches of 16.
const STEPS: usize = 64;
/// Times the run is killed before it is let through.
const KILLS: u64 = 3;

fn train(folder: &Path, out: &str, resume: bool) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autodidact"));
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped());
    command.args(["represent", "train", "--out", out, "--limit", "256", "--threads", "1", "--quiet"]);
    if resume {
        command.arg("--resume");
    } else {
        let settings = [
            "epochs=4",
            "batch_size=16",
            "checkpoint_every=1",
            "views.first.size=16",
            "views.second.size=16",
            "encoder.width=8",
            "projector.hidden_size=32",
            "predictor.hidden_size=32",
        ];
        command.args(settings.iter().flat_map(|setting| ["--set", setting]));
    }
    command
}

fn newest_checkpoint(folder: &Path, out: &str) -> Option<PathBuf> {
    fs::read_dir(folder.join(out).join("checkpoints"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .max()
}

#[test]
fn a_killed_run_resumes_to_the_same_bits() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let folder = folder.path();
    let whole = train(folder, "whole", false).output().expect("the program starts");
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));

    let mut kills = 0;
    for attempt in 0..100 {
        // A run that was killed before its settings were written starts anew.
        let resume = folder.join("killed/config.toml").exists();
        if !resume {
            let _ = fs::remove_dir_all(folder.join("killed"));
        }
        let mut child = train(folder, "killed", resume).spawn().expect("the program starts");
        if kills < KILLS {
            let random = RandomState::new().hash_one(attempt);
            std::thread::sleep(Duration::from_millis(30 + random % 400));
            child.kill().expect("a signal can be sent");
        }
        let output = child.wait_with_output().expect("the program ends");
        match output.status.code() {
            Some(0) => break,
            None => kills += 1,
            Some(code) => {
                panic!("attempt {attempt} ended with {code}: {}", String::from_utf8_lossy(&output.stderr))
            }
        }
    }

    let (expected, found) = (newest_checkpoint(folder, "whole"), newest_checkpoint(folder, "killed"));
    let (expected, found) = (expected.expect("a checkpoint"), found.expect("a checkpoint"));
    assert!(expected.to_string_lossy().contains(&STEPS.to_string()), "{}", expected.display());
    assert_eq!(expected.file_name(), found.file_name());
    assert_eq!(
        fs::read(&expected).expect("readable"),
        fs::read(&found).expect("readable"),
        "after {kills} kills the final checkpoints differ"
    );
    let metrics = |out: &str| fs::read_to_string(folder.join(out).join("metrics.jsonl")).expect("metrics");
    assert_eq!(metrics("whole"), metrics("killed"), "after {kills} kills the metrics differ");
}
