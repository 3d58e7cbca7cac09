//! The command line as a person meets it: results on stdout, words on stderr, exit codes, and what survives mistakes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn autodidact(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_autodidact"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a scratch folder")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("stdout is one JSON object")
}

/// A tiny run: `runs/tiny` on 64 drawn pictures.
const TRAIN: &[&str] = &[
    "represent",
    "train",
    "--out",
    "runs/tiny",
    "--limit",
    "64",
    "--threads",
    "1",
    "--quiet",
    "--set",
    "epochs=1",
    "--set",
    "batch_size=32",
    "--set",
    "views.first.size=8",
    "--set",
    "views.second.size=8",
    "--set",
    "encoder.width=4",
    "--set",
    "projector.hidden_size=8",
    "--set",
    "predictor.hidden_size=8",
];

fn trained() -> tempfile::TempDir {
    let folder = scratch();
    let output = autodidact(folder.path(), TRAIN);
    assert!(output.status.success(), "{}", stderr(&output));
    folder
}

#[test]
fn an_unknown_setting_is_wrong_use_and_suggests_the_known_one() {
    let folder = scratch();
    let output = autodidact(folder.path(), &["represent", "train", "--set", "epoch=3", "--out", "runs/x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("unknown setting `epoch`, did you mean `epochs`?"),
        "{}",
        stderr(&output)
    );
    assert!(output.stdout.is_empty());
    assert!(!folder.path().join("runs").exists(), "nothing is made before the settings are good");
}

#[test]
fn unknown_presets_papers_and_devices_are_wrong_use() {
    let folder = scratch();
    for (arguments, expected) in [
        (vec!["represent", "train", "--preset", "cpu-smal"], "did you mean `cpu-small`?"),
        (vec!["reproduce", "byoll"], "did you mean `byol`?"),
        (vec!["reproduce", "brave"], "`brave` is planned"),
        (vec!["reproduce", "byol", "--list-jobs", "--data", "nowhere"], "`--data nowhere` is no folder"),
        (vec!["represent", "train", "--device", "tpu"], "unknown device `tpu`"),
        (vec!["represent", "train", "--set", "batch_size=1"], "`batch_size` is 1, expected at least 2"),
        (vec!["represent", "train", "--set", "encoder.width=0"], "`encoder.width` is 0"),
        (vec!["represent", "train", "--set", "optimizer.momentum=5"], "`optimizer.momentum` is 5"),
        (vec!["represent", "train", "--limit", "0"], "--limit"),
        (vec!["data", "draw", "--out", "x", "--count", "0"], "--count"),
    ] {
        let output = autodidact(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_profile_says_where_the_time_of_training_went() {
    let folder = scratch();
    let output = autodidact(folder.path(), &[TRAIN, &["--profile", "--json", "--set", "epochs=2"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let profile = &json(&output)["profile"];
    assert_eq!(profile["steps"], 3, "all of four steps but the first");
    let rows = profile["rows"].as_array().expect("rows");
    let names: Vec<&str> = rows.iter().filter_map(|row| row["kernel"].as_str()).collect();
    for kernel in [
        "convolution, forward",
        "convolution, weight gradient",
        "batch norm, backward",
        "optimizer",
        "target network",
    ] {
        assert!(names.contains(&kernel), "{kernel} in {names:?}");
    }
    let spent: f64 = rows.iter().filter_map(|row| row["seconds"].as_f64()).sum();
    assert!(spent > 0.0 && spent <= profile["seconds"].as_f64().expect("seconds"));
    assert!(folder.path().join("runs/tiny/profile.json").exists());
}

#[test]
fn instructions_can_be_limited_and_misspelt_ones_are_wrong_use() {
    let train = |instructions: &str| {
        let folder = scratch();
        let output = Command::new(env!("CARGO_BIN_EXE_autodidact"))
            .args(TRAIN)
            .env("AUTODIDACT_INSTRUCTIONS", instructions)
            .current_dir(folder.path())
            .output();
        output.expect("the program starts")
    };
    let portable = train("portable");
    assert!(portable.status.success(), "{}", stderr(&portable));
    let misspelt = train("avx-512");
    assert_eq!(misspelt.status.code(), Some(2));
    assert!(stderr(&misspelt).contains("portable, avx2, avx512, bf16, amx"), "{}", stderr(&misspelt));
}

#[test]
fn a_run_is_never_overwritten_and_its_settings_can_be_fed_back() {
    let folder = trained();
    let config = folder.path().join("runs/tiny/config.toml");
    let before = fs::read(&config).expect("the run has its settings");
    let again = autodidact(folder.path(), TRAIN);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("`runs/tiny` already exists"), "{}", stderr(&again));
    assert_eq!(fs::read(&config).expect("still there"), before);

    let dry =
        autodidact(folder.path(), &["represent", "train", "--config", "runs/tiny/config.toml", "--dry-run"]);
    assert_eq!(dry.stdout, before, "settings, fed back, resolve to themselves");

    let bf16 = ["represent", "train", "--set", "precision=f32", "--precision", "bf16", "--dry-run"];
    let bf16 = String::from_utf8(autodidact(folder.path(), &bf16).stdout).expect("text");
    assert!(bf16.contains("precision = \"bf16\""), "the flag has the last word: {bf16}");
}

#[test]
fn results_never_replace_what_is_there() {
    let folder = trained();
    let draw = ["data", "draw", "--out", "pictures", "--count", "40", "--size", "16"];
    assert!(autodidact(folder.path(), &draw).status.success());
    fs::write(folder.path().join("mine.png"), "mine").expect("a file");
    let (run, data) = (["--run", "runs/tiny"], ["--data", "pictures"]);
    let neighbours = |out| [&["represent", "neighbours"][..], &run, &data, &["--out", out]].concat();
    for (arguments, expected) in [
        (neighbours("mine.png"), "`mine.png` exists"),
        (neighbours("mine.txt"), "`mine.txt` has to end in .png"),
        (neighbours("nowhere/mine.png"), "the folder `nowhere` does not exist"),
        (vec!["data", "inspect", "pictures", "--sheet", "mine.png"], "`mine.png` exists"),
        ([&["represent", "embed"][..], &run, &data, &["--out", "mine.png"]].concat(), ".npz or .csv"),
        (draw.to_vec(), "`pictures` exists"),
        ([&["represent", "export"][..], &run, &["--out", "pictures"]].concat(), "`pictures` already exists"),
    ] {
        let output = autodidact(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{arguments:?}: {}", stderr(&output));
    }
    assert_eq!(fs::read_to_string(folder.path().join("mine.png")).expect("still there"), "mine");

    // More than there is of pictures and neighbours is told, not refused.
    let output = autodidact(folder.path(), &[&neighbours("new.png")[..], &["--k", "100"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("100 neighbours asked for, there are 39"), "{}", stderr(&output));
}

#[test]
fn a_run_is_continued_on_its_own_data_and_on_no_other() {
    let folder = scratch();
    for (name, count) in [("one", "80"), ("two", "90")] {
        let draw = ["data", "draw", "--out", name, "--count", count, "--size", "16"];
        assert!(autodidact(folder.path(), &draw).status.success());
    }
    fs::write(folder.path().join("one/plain-disc/broken.png"), b"no picture").expect("a broken file");
    let first = autodidact(folder.path(), &[TRAIN, &["--data", "one", "--json"]].concat());
    assert!(first.status.success(), "{}", stderr(&first));
    let resume = ["represent", "train", "--out", "runs/tiny", "--resume", "--json", "--threads", "1"];
    let again = autodidact(folder.path(), &resume);
    assert!(again.status.success(), "{}", stderr(&again));
    let (first, again) = (json(&first), json(&again));
    assert!(first["metrics"]["loss/total"].is_number(), "{first}");
    assert_eq!(first["metrics"], again["metrics"], "what a finished run has to tell stays");
    assert!(first["skipped"][0]["path"].as_str().is_some_and(|path| path.ends_with("broken.png")), "{first}");

    let other = autodidact(folder.path(), &[&resume[..], &["--data", "two"]].concat());
    assert_eq!(other.status.code(), Some(1));
    assert!(stderr(&other).contains("as many pictures, but others"), "{}", stderr(&other));

    let few = autodidact(folder.path(), &["represent", "train", "--limit", "9", "--out", "runs/few"]);
    assert_eq!(few.status.code(), Some(2));
    assert!(stderr(&few).contains("9 pictures do not fill a batch of 64"), "{}", stderr(&few));
    assert!(!folder.path().join("runs/few").exists(), "nothing is made before the data is good");
}

/// Nobody reads, or the log's disk is full: work goes on.
#[test]
#[cfg(target_os = "linux")]
fn a_stderr_that_takes_nothing_stops_no_work() {
    let folder = scratch();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    let arguments: Vec<&str> = TRAIN.iter().copied().filter(|argument| *argument != "--quiet").collect();
    let status = Command::new(env!("CARGO_BIN_EXE_autodidact"))
        .args(arguments)
        .current_dir(folder.path())
        .stderr(full)
        .status()
        .expect("the program starts");
    assert!(status.success(), "{status}");
}

#[test]
fn a_truncated_checkpoint_and_one_of_another_version_are_told() {
    let folder = trained();
    let checkpoints = folder.path().join("runs/tiny/checkpoints");
    let path = fs::read_dir(&checkpoints)
        .expect("checkpoints")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .max()
        .expect("one checkpoint");
    let whole = fs::read(&path).expect("a checkpoint");
    let export = ["represent", "export", "--run", "runs/tiny", "--out", "exported"];

    fs::write(&path, &whole[..whole.len() / 2]).expect("a truncated copy");
    let output = autodidact(folder.path(), &export);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(path.file_name().unwrap().to_str().unwrap()), "{}", stderr(&output));
    assert!(!folder.path().join("exported").exists());

    let mut newer = whole.clone();
    newer[8..12].copy_from_slice(&99u32.to_le_bytes());
    fs::write(&path, newer).expect("another version");
    let output = autodidact(folder.path(), &export);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("99"), "{}", stderr(&output));

    fs::write(&path, whole).expect("the checkpoint again");
    assert!(autodidact(folder.path(), &export).status.success());
}

#[test]
fn truncated_weights_are_refused_and_leave_nothing_behind() {
    let folder = trained();
    assert!(
        autodidact(folder.path(), &["represent", "export", "--run", "runs/tiny", "--out", "exported"])
            .status
            .success()
    );
    let weights = fs::read(folder.path().join("exported/model.safetensors")).expect("weights");
    fs::write(folder.path().join("broken.safetensors"), &weights[..weights.len() - 9])
        .expect("a truncated copy");
    let output = autodidact(
        folder.path(),
        &["represent", "import", "--weights", "broken.safetensors", "--out", "runs/imported"],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("broken.safetensors"), "{}", stderr(&output));
    assert!(!folder.path().join("runs/imported").exists());
}

#[test]
fn broken_pictures_are_told_by_path_and_skipped() {
    let folder = scratch();
    let drawn =
        autodidact(folder.path(), &["data", "draw", "--out", "pictures", "--count", "40", "--size", "16"]);
    assert!(drawn.status.success(), "{}", stderr(&drawn));
    let class = fs::read_dir(folder.path().join("pictures"))
        .expect("classes")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .min()
        .expect("a class");
    fs::write(class.join("zero.png"), b"").expect("an empty file");
    fs::write(class.join("text.jpg"), b"not a picture").expect("a text file");

    let output = autodidact(folder.path(), &["data", "inspect", "pictures", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let told = json(&output);
    assert_eq!(told["version"], 1);
    let bad = told["bad_files"].as_array().expect("a list").len();
    assert_eq!(bad, 2, "{told}");
    assert!(folder.path().join("contact-sheet.png").exists());
}

#[test]
fn a_folder_without_pictures_is_a_clear_error() {
    let folder = scratch();
    fs::create_dir(folder.path().join("empty")).expect("a folder");
    fs::write(folder.path().join("empty/readme.txt"), "no pictures here").expect("a file");
    for (arguments, expected) in [
        (vec!["data", "inspect", "empty"], "no picture in `empty`"),
        (vec!["represent", "train", "--data", "empty", "--out", "runs/x"], "no picture in"),
        (vec!["data", "inspect", "nowhere"], "`nowhere`"),
    ] {
        let output = autodidact(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&output).contains(expected), "{arguments:?}: {}", stderr(&output));
        assert!(!folder.path().join("runs").exists());
    }
}

#[test]
fn evaluation_refuses_collections_whose_classes_differ() {
    let folder = trained();
    for (name, seed) in [("a", "1"), ("b", "2")] {
        let arguments = ["data", "draw", "--out", name, "--count", "40", "--size", "16", "--seed", seed];
        assert!(autodidact(folder.path(), &arguments).status.success());
    }
    let evaluate = [
        "represent",
        "evaluate",
        "knn",
        "--k",
        "5",
        "--run",
        "runs/tiny",
        "--train",
        "a",
        "--test",
        "b",
        "--json",
        "--quiet",
    ];
    let output = autodidact(folder.path(), &evaluate);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(json(&output)["accuracy"].as_f64().is_some());

    let class =
        fs::read_dir(folder.path().join("b")).expect("classes").next().expect("a class").expect("readable");
    fs::rename(class.path(), folder.path().join("b/other")).expect("another class name");
    let output = autodidact(folder.path(), &evaluate);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("the classes of the training and the test pictures differ, for instance `"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn jobs_are_listed_one_a_line_and_an_incomplete_report_says_so() {
    let folder = scratch();
    let output = autodidact(folder.path(), &["reproduce", "byol", "--list-jobs", "--seeds", "1"]);
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(listed.lines().any(|line| line == "byol/quick/byol/seed-1"), "{listed}");
    let output = autodidact(folder.path(), &["reproduce", "byol", "--list-jobs", "--precision", "half"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("`auto`, `f32` and `bf16`"), "{error}");
    let output = autodidact(folder.path(), &["reproduce", "byol", "--collect", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(json(&output)["papers"][0]["findings"]["verdict"], "incomplete");
    assert!(folder.path().join("reproduction/report.html").exists());
}
