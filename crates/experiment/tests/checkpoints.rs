//! Checkpoints survive truncation, damage, a full disk and a kill: what is loaded is what was saved, or an error.

use std::fs;
use std::sync::LazyLock;

use autodidact_experiment::Error;
use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder, Checkpoints, FORMAT_VERSION};
use proptest::prelude::*;

fn state(step: u64) -> CheckpointBuilder {
    CheckpointBuilder::new()
        .section("model", (0..500).map(|index| (index + step) as u8).collect())
        .section("empty", Vec::new())
        .json("counters", &(step, 0.1 + step as f64))
        .unwrap()
}

fn saved(steps: &[u64]) -> (tempfile::TempDir, Checkpoints) {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path().join("checkpoints"));
    for step in steps {
        checkpoints.save(*step, &state(*step)).unwrap();
    }
    (folder, checkpoints)
}

#[test]
fn what_is_loaded_is_what_was_saved() {
    let (_folder, checkpoints) = saved(&[7]);
    let checkpoint = checkpoints.load(7).unwrap();
    assert_eq!(checkpoint.step(), 7);
    assert_eq!(checkpoint.crate_version(), env!("CARGO_PKG_VERSION"));
    assert_eq!(checkpoint.names().collect::<Vec<_>>(), ["model", "empty", "counters"]);
    assert_eq!(checkpoint.section("model").unwrap().len(), 500);
    assert_eq!(checkpoint.section("empty").unwrap(), b"");
    assert_eq!(checkpoint.json::<(u64, f64)>("counters").unwrap(), (7, 7.1));

    let missing = checkpoint.section("optimizer").unwrap_err();
    assert!(matches!(&missing, Error::MissingSection { name, .. } if name == "optimizer"), "{missing}");
    assert!(missing.to_string().contains("`model`, `empty`, `counters`"));
    assert!(matches!(checkpoint.json::<u8>("counters").unwrap_err(), Error::Section { .. }));
}

#[test]
fn the_same_state_has_the_same_bytes() {
    let (_first, a) = saved(&[3]);
    let (_second, b) = saved(&[3]);
    assert_eq!(fs::read(a.path(3)).unwrap(), fs::read(b.path(3)).unwrap());
}

#[test]
fn the_last_two_are_kept_and_later_ones_are_left_alone() {
    let (_folder, checkpoints) = saved(&[10, 20, 30, 40]);
    assert_eq!(checkpoints.steps().unwrap(), [30, 40]);
    // Somebody went back to 30 and continues from there.
    checkpoints.save(35, &state(35)).unwrap();
    assert_eq!(checkpoints.steps().unwrap(), [30, 35, 40]);
    checkpoints.clone().with_keep(0).save(36, &state(36)).unwrap();
    assert_eq!(checkpoints.steps().unwrap(), [36, 40]);
}

#[test]
fn there_is_no_latest_of_none() {
    let (_folder, checkpoints) = saved(&[]);
    assert!(checkpoints.latest().unwrap().is_none());
    let error = checkpoints.load(5).unwrap_err();
    assert!(matches!(&error, Error::NoCheckpoint { step: 5, present, .. } if present == "none"), "{error}");
}

#[test]
fn latest_falls_back_behind_a_damaged_one_and_tells() {
    let (_folder, checkpoints) = saved(&[1, 2]);
    let mut bytes = fs::read(checkpoints.path(2)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(checkpoints.path(2), &bytes).unwrap();
    let latest = checkpoints.latest().unwrap().unwrap();
    assert_eq!(latest.checkpoint.step(), 1);
    let [Error::CheckpointChecksum { part, .. }] = latest.skipped.as_slice() else {
        panic!("{:?}", latest.skipped);
    };
    assert_eq!(part, "section `counters`");

    fs::write(checkpoints.path(1), b"").unwrap();
    assert!(matches!(checkpoints.latest().unwrap_err(), Error::CheckpointChecksum { .. }));
}

#[test]
fn another_format_is_told_and_not_gone_behind() {
    let (_folder, checkpoints) = saved(&[1, 2]);
    let mut bytes = fs::read(checkpoints.path(2)).unwrap();
    bytes[8..12].copy_from_slice(&(FORMAT_VERSION + 1).to_le_bytes());
    fs::write(checkpoints.path(2), &bytes).unwrap();
    for error in [checkpoints.load(2).unwrap_err(), checkpoints.latest().unwrap_err()] {
        let Error::CheckpointVersion { found, expected, .. } = error else { panic!("{error}") };
        assert_eq!((found, expected), (FORMAT_VERSION + 1, FORMAT_VERSION));
    }
}

#[test]
fn a_renamed_checkpoint_is_found_out() {
    let (_folder, checkpoints) = saved(&[1]);
    fs::rename(checkpoints.path(1), checkpoints.path(9)).unwrap();
    assert!(matches!(checkpoints.load(9).unwrap_err(), Error::NotACheckpoint { .. }));
}

#[test]
fn partial_files_of_a_killed_save_are_not_loaded_and_are_cleared() {
    let (_folder, checkpoints) = saved(&[1]);
    let partial = checkpoints.folder().join("step-000000000002.ckpt.123.partial");
    fs::write(&partial, b"half").unwrap();
    assert_eq!(checkpoints.steps().unwrap(), [1]);
    checkpoints.save(2, &state(2)).unwrap();
    assert!(!partial.exists());
}

/// The bytes of a checkpoint of step 4.
static INTACT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (_folder, checkpoints) = saved(&[4]);
    fs::read(checkpoints.path(4)).unwrap()
});

/// What loading these bytes as the checkpoint of step 4 gives.
fn load(bytes: &[u8]) -> autodidact_experiment::Result<Checkpoint> {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    fs::write(checkpoints.path(4), bytes).unwrap();
    checkpoints.load(4)
}

#[test]
fn intact_bytes_are_loaded() {
    assert_eq!(load(&INTACT).unwrap().step(), 4);
}

proptest! {
    #[test]
    fn any_truncation_is_an_error(cut: prop::sample::Index) {
        let length = cut.index(INTACT.len());
        let error = load(&INTACT[..length]).unwrap_err();
        prop_assert!(matches!(&error, Error::CheckpointTruncated { found, .. } if *found == length as u64), "{}", error);
    }

    #[test]
    fn any_flipped_bit_is_an_error(position: prop::sample::Index) {
        let bit = position.index(INTACT.len() * 8);
        let mut bytes = INTACT.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(load(&bytes).is_err());
    }

    #[test]
    fn any_appended_bytes_are_an_error(tail in prop::collection::vec(any::<u8>(), 1..50)) {
        let mut bytes = INTACT.clone();
        bytes.extend(tail);
        prop_assert!(load(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_an_error(tail: Vec<u8>, start in prop::sample::select(vec![0, 8, 12, 20, 24])) {
        let mut bytes = INTACT[..start].to_vec();
        bytes.extend(tail);
        prop_assert!(load(&bytes).is_err());
    }
}

/// Needs the right to mount; then the test runs again inside a mount namespace with a disk of 64 KiB.
#[cfg(target_os = "linux")]
mod full_disk {
    use super::*;

    const DISK: &str = "AUTODIDACT_TEST_DISK";

    #[test]
    fn a_full_disk_keeps_the_previous_checkpoint() {
        if let Some(disk) = std::env::var_os(DISK) {
            let checkpoints = Checkpoints::new(disk);
            checkpoints.save(1, &state(1)).unwrap();
            let large = CheckpointBuilder::new().section("model", vec![1; 200_000]);
            let error = checkpoints.save(2, &large).unwrap_err();
            assert!(matches!(&error, Error::DiskFull { needed, .. } if *needed > 200_000), "{error}");
            assert_eq!(fs::read_dir(checkpoints.folder()).unwrap().count(), 1, "the partial file is removed");
            assert_eq!(checkpoints.latest().unwrap().unwrap().checkpoint.step(), 1);
            // The space is free again.
            checkpoints.save(2, &state(2)).unwrap();
            return;
        }
        let disk = tempfile::tempdir().unwrap();
        let script = "mount -t tmpfs -o size=64k none \"$1\" || exit 77; exec \"$2\" --exact \"$3\"";
        let status = std::process::Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .arg(disk.path())
            .arg(std::env::current_exe().unwrap())
            .arg("full_disk::a_full_disk_keeps_the_previous_checkpoint")
            .env(DISK, disk.path())
            .status();
        match status.map(|status| status.code()) {
            Ok(Some(0)) => {}
            Ok(Some(1 | 77)) | Err(_) => eprintln!("not tested: no right to mount a small disk here"),
            other => panic!("inside the small disk: {other:?}"),
        }
    }
}
