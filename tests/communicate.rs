//! `autodidact communicate`: languages made elsewhere, files that are none, and agents that learn a game.

use std::path::Path;
use std::process::{Command, Output};

use autodidact::data::arrays::{NamedArray, write_npz};

fn measure(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_autodidact"))
        .args(["communicate", "measure"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> serde_json::Value {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).expect("stdout is one JSON object")
}

fn integers(name: &str, rows: &[&[i64]]) -> NamedArray {
    NamedArray::i64(name, &[rows.len(), rows[0].len()], rows.concat()).expect("an array")
}

/// A language of two attributes whose symbols are their own: `m.npz` and `o.npz`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    write(folder.path(), "o.npz", &integers("objects", &[&[0, 0], &[0, 1], &[1, 0], &[1, 1]]));
    write(folder.path(), "m.npz", &integers("messages", &[&[1, 3, 0], &[1, 4, 0], &[2, 3, 0], &[2, 4, 0]]));
    folder
}

fn write(folder: &Path, name: &str, array: &NamedArray) {
    write_npz(&folder.join(name), std::slice::from_ref(array)).expect("a file");
}

const FILES: [&str; 4] = ["--messages", "m.npz", "--objects", "o.npz"];

#[test]
fn a_compositional_language_has_the_largest_measures() {
    let folder = folder();
    let told = json(&measure(folder.path(), &[&FILES[..], &["--json"]].concat()));
    assert_eq!(told["version"], 1);
    for name in
        ["topographic_similarity", "posdis", "bosdis", "context_independence", "uniqueness", "best_accuracy"]
    {
        assert_eq!(told[name], 1.0, "{name}: {told}");
    }
    for name in ["message_entropy", "object_entropy", "mutual_information"] {
        assert_eq!(told[name], 2.0, "{name}: {told}");
    }
    assert_eq!(told["position_entropies"], serde_json::json!([1.0, 1.0, 0.0]));
    assert_eq!(told["position_information"], serde_json::json!([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]));
    assert_eq!(told["message_length"], serde_json::json!({ "min": 3, "mean": 3.0, "max": 3 }));
    assert_eq!(told["distinct_messages"], 4);
    assert!(told.get("language_similarity").is_none(), "only where it was asked for");
}

#[test]
fn the_table_is_for_people() {
    let folder = folder();
    let output = measure(folder.path(), &FILES);
    let text = String::from_utf8(output.stdout).expect("text");
    let row = |name: &str| {
        text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"))
    };
    assert!(row("topographic similarity").contains("1.0000"), "{text}");
    assert!(row("I(objects; messages)").contains("2.0000"), "{text}");
    assert!(row("position").contains("tells of attribute 1"), "{text}");
}

#[test]
fn measures_that_are_not_defined_are_null() {
    let folder = folder();
    write(folder.path(), "m.npz", &integers("messages", &[&[5, 5], &[5, 5], &[5, 5], &[5, 5]]));
    let told = json(&measure(folder.path(), &[&FILES[..], &["--json"]].concat()));
    for name in ["topographic_similarity", "posdis", "bosdis"] {
        assert!(told[name].is_null(), "{name}: {told}");
    }
    let text = measure(folder.path(), &FILES);
    assert!(String::from_utf8_lossy(&text.stdout).contains("undefined"));
}

#[test]
fn features_and_another_language_are_measured_beside() {
    let folder = folder();
    let vectors = vec![0.0, 0.5, 0.0, 1.5, 1.0, 0.5, 1.0, 1.5];
    write(folder.path(), "f.npz", &NamedArray::f32("embeddings", &[4, 2], vectors).expect("an array"));
    write(folder.path(), "other.npz", &integers("messages", &[&[1, 3], &[1, 4], &[2, 3], &[9, 9]]));
    let arguments =
        ["--messages", "m.npz", "--features", "f.npz", "--feature-distance", "euclidean", "--json"];
    let told = json(&measure(folder.path(), &[&arguments[..], &["--other-messages", "other.npz"]].concat()));
    // The diagonals of the square are longer than its sides, and more symbols of their messages differ.
    assert_eq!(told["feature_topographic_similarity"], 1.0, "{told}");
    assert_eq!(told["language_similarity"], 0.75);
    assert_eq!(told["distinct_messages"], 4);
    assert!(told.get("posdis").is_none(), "vectors have no attributes");
}

#[test]
fn other_distances_of_messages_can_be_chosen() {
    let folder = folder();
    write(
        folder.path(),
        "m.npz",
        &integers("messages", &[&[1, 2, 3, 0], &[2, 3, 0, 0], &[1, 1, 0, 0], &[1, 0, 0, 0]]),
    );
    let similarity = |distance: &str| {
        let arguments = [&FILES[..], &["--message-distance", distance, "--json"]].concat();
        json(&measure(folder.path(), &arguments))["topographic_similarity"].as_f64().expect("a number")
    };
    let found = ["edit", "words", "normalized-words", "hamming"].map(similarity);
    for (at, one) in found.iter().enumerate() {
        assert!(found[..at].iter().all(|other| other != one), "{found:?}");
    }
}

#[test]
fn mistakes_are_told_with_the_row_and_a_hint() {
    let folder = folder();
    let refused = |arguments: &[&str], code: i32, expected: &str| {
        let output = measure(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    };
    refused(&["--messages", "m.npz"], 2, "--objects");
    refused(&["--messages", "nowhere.npz", "--objects", "o.npz"], 1, "cannot read `nowhere.npz`");
    refused(&["--messages", "o.npz", "--objects", "o.npz"], 2, "no array `messages`, only `objects`");
    refused(&[&FILES[..], &["--vocab-size", "4"]].concat(), 2, "row 1 has the symbol 4 at position 1");
    refused(&[&FILES[..], &["--vocab-size", "0"]].concat(), 2, "--vocab-size");
    refused(&[&FILES[..], &["--features", "o.npz"]].concat(), 2, "no array `embeddings`");

    let with = |name: &str, array: &NamedArray| write(folder.path(), name, array);
    with("x.npz", &integers("messages", &[&[1, 2], &[-3, 1]]));
    refused(&["--messages", "x.npz", "--objects", "o.npz"], 2, "-3 in row 1, column 0");
    with("x.npz", &integers("messages", &[&[1, 2], &[3, 1]]));
    refused(&["--messages", "x.npz", "--objects", "o.npz"], 2, "4 objects and 2 messages");
    with("x.npz", &NamedArray::f32("messages", &[1, 2], vec![1.0, 2.0]).expect("an array"));
    refused(&["--messages", "x.npz", "--objects", "o.npz"], 2, "hint: x.astype(int)");
    with("x.npz", &integers("messages", &[&[1, 2]]));
    with("one.npz", &integers("objects", &[&[1, 2]]));
    refused(
        &["--messages", "x.npz", "--objects", "one.npz"],
        2,
        "there are 1 objects with messages, at least 2",
    );
    let nan = NamedArray::f32("embeddings", &[4, 2], vec![0.0, 1.0, 2.0, f32::NAN, 1.0, 0.5, 1.0, 1.5]);
    with("x.npz", &nan.expect("an array"));
    refused(&[&FILES[..], &["--features", "x.npz"]].concat(), 2, "row 1 of the features has NaN in column 1");
    std::fs::write(folder.path().join("x.npz"), "no archive").expect("a file");
    refused(&["--messages", "x.npz", "--objects", "o.npz"], 1, "cannot read `x.npz`");
}

/// A program that may be asked a question on its input.
fn communicate(folder: &Path, arguments: &[&str], input: &str) -> Output {
    use std::io::Write;
    use std::process::Stdio;

    let mut child = Command::new(env!("CARGO_BIN_EXE_autodidact"))
        .arg("communicate")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

/// Settings of a game that takes a moment.
const TINY: [&str; 12] = [
    "--set",
    "game.attributes=2",
    "--set",
    "game.values=3",
    "--set",
    "channel.max_length=2",
    "--set",
    "updates=40",
    "--set",
    "speaker.hidden=16",
    "--set",
    "listener.hidden=16",
];

#[test]
fn a_run_is_trained_talked_to_and_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = [&["train", "--out", "run", "--json", "--threads", "1"][..], &TINY].concat();
    let told = json(&communicate(folder.path(), &train, ""));
    assert_eq!((&told["updates"], &told["objects"]), (&40.into(), &serde_json::json!([9, 9])));
    let test = &told["test"];
    let parts = test["information"].as_f64().expect("nats") + test["adaptation"].as_f64().expect("nats");
    assert!((test["loss"].as_f64().expect("nats") - parts).abs() < 1e-9, "{test}");
    for file in ["config.toml", "metrics.jsonl", "summary.json", "evaluations.json", "language.npz"] {
        assert!(folder.path().join("run").join(file).exists(), "{file}");
    }

    // A run that is done has nothing left to do, and says the same.
    let again = json(&communicate(folder.path(), &["train", "--out", "run", "--resume", "--json"], ""));
    assert_eq!(again["test"], told["test"]);

    let measured = ["measure", "--messages", "run/language.npz", "--objects", "run/language.npz", "--json"];
    assert_eq!(json(&communicate(folder.path(), &measured, ""))["objects"], 9);

    let input = "0\n5 5\none\n0 1\n\n1 1\nquit\n";
    let output = communicate(folder.path(), &["talk", "--run", "run", "--json"], input);
    let asked = stderr(&output);
    for said in ["The agent says: ", "`one` is no list of numbers", "It meant "] {
        assert!(asked.contains(said), "{said}: {asked}");
    }
    assert_eq!(json(&output)["games"], 2);
    let output = communicate(
        folder.path(),
        &["talk", "--run", "run", "--as", "speaker", "--json"],
        "1 1 1\n99\n1 2\n",
    );
    assert!(stderr(&output).contains("The agent understands "), "{}", stderr(&output));
    assert_eq!(json(&output)["values"], 2);

    let shown =
        json(&communicate(folder.path(), &["show", "--run", "run", "--out", "language.html", "--json"], ""));
    assert_eq!(shown["objects"], 9);
    let page = std::fs::read_to_string(folder.path().join("language.html")).expect("a page");
    assert!(
        page.contains("<svg")
            && page.contains("What symbols name")
            && page.contains("Beginnings of messages")
    );
    for picture in ["language.png", "language-tree.svg", "language-tree.png"] {
        assert!(folder.path().join(picture).exists(), "{picture}");
    }
}

/// Settings of probes that take a moment.
const HASTY: [&str; 6] =
    ["--set", "probe.max_steps=50", "--set", "ease.max_steps=20", "--set", "overfitting.steps=10"];

#[test]
fn a_run_is_probed() {
    let folder = tempfile::tempdir().expect("a folder");
    let split =
        ["--set", "game.split=random", "--set", "game.split.train=4", "--set", "game.split.validation=2"];
    let train =
        [&["train", "--out", "run", "--json"][..], &TINY, &split, &["--set", "game.split.test=3"]].concat();
    json(&communicate(folder.path(), &train, ""));
    let probe = |more: &[&str]| {
        communicate(folder.path(), &[&["probe", "--run", "run"][..], more, &HASTY].concat(), "")
    };
    let told = json(&probe(&["--ease", "--overfitting", "--json"]));
    let parts = told["parts"].as_array().expect("parts");
    assert_eq!(parts.len(), 3);
    for (part, name) in parts.iter().zip(["train", "validation", "test"]) {
        assert_eq!((&part["part"], &part["objects"], &part["steps"]), (&name.into(), &2.into(), &50.into()));
        assert_eq!(part["converged"], false);
        let value = |name: &str| part[name].as_f64().unwrap_or_else(|| panic!("{name}: {part}"));
        assert!((value("loss") - value("information") - value("adaptation")).abs() < 1e-9);
        assert!(value("exact") <= value("factorised") + 1e-9, "{part}");
    }
    assert_eq!(told["ease"]["curve"].as_array().map(Vec::len), Some(3));
    assert_eq!(told["overfitting"]["speaker"]["curve"][1]["step"], 10);
    for name in ["probes.svg", "probes.png", "ease.svg", "overfitting.svg", "probe.json"] {
        assert!(folder.path().join("run/probe").join(name).exists(), "{name}");
    }

    let output = probe(&["--part", "test", "--listener", "table", "--out", "elsewhere"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("test ")), "{text}");
    assert!(text.contains("raise `probe.max_steps`"), "{text}");
    let output = probe(&["--out", "elsewhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`elsewhere` exists"), "{}", stderr(&output));
    for (setting, said) in
        [("probe.window=0", "`window` is 0"), ("probe.windows=1", "did you mean `window`?")]
    {
        let output = probe(&["--set", setting]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
}

#[test]
fn written_messages_are_probed_and_compared() {
    let folder = folder();
    let files = ["--messages", "m.npz", "--objects", "o.npz"];
    let told =
        json(&communicate(folder.path(), &[&["probe", "--json", "--ease"][..], &files, &HASTY].concat(), ""));
    assert_eq!((&told["language"]["exact"], &told["language"]["objects"]), (&0.0.into(), &4.into()));
    assert_eq!(told["ease"]["best_accuracy"], 1.0);

    write(folder.path(), "other.npz", &integers("messages", &[&[1, 3], &[1, 4], &[2, 3], &[9, 9]]));
    write(folder.path(), "short.npz", &integers("messages", &[&[1, 3], &[1, 4]]));
    let compare = |arguments: &[&str]| {
        communicate(folder.path(), &[&["compare", "--messages"][..], arguments].concat(), "")
    };
    let told = json(&compare(&["m.npz", "other.npz", "m.npz", "--out", "similarity.svg", "--json"]));
    assert_eq!(told["matrix"], serde_json::json!([[1.0, 0.75, 1.0], [0.75, 1.0, 0.75], [1.0, 0.75, 1.0]]));
    assert!(folder.path().join("similarity.png").exists());
    let text = compare(&["m.npz", "other.npz"]);
    assert!(
        String::from_utf8_lossy(&text.stdout).contains("0.7500 in the mean of two languages over 4 objects")
    );
    for (arguments, code, said) in [
        (&["m.npz"][..], 2, "compare at least two"),
        (&["m.npz", "other.npz", "--by-objects"], 2, "no array `objects`"),
        (&["m.npz", "short.npz"], 2, "`m.npz` has 4 messages and `short.npz` has 2"),
        (&["m.npz", "other.npz", "--out", "similarity.svg"], 2, "`similarity.svg` exists"),
    ] {
        let output = compare(arguments);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains(said), "{said}: {}", stderr(&output));
    }

    // The same objects in another order, and one more.
    let both = |name: &str, objects: &[&[i64]], messages: &[&[i64]]| {
        let arrays = [integers("objects", objects), integers("messages", messages)];
        write_npz(&folder.path().join(name), &arrays).expect("a file");
    };
    both("a.npz", &[&[0, 0], &[0, 1]], &[&[1, 1], &[1, 2]]);
    both("b.npz", &[&[5, 5], &[0, 1], &[0, 0]], &[&[9, 9], &[1, 2], &[1, 1]]);
    let told = json(&compare(&["a.npz", "b.npz", "--by-objects", "--json"]));
    assert_eq!((&told["mean"], &told["objects"], &told["by_chance"]), (&1.0.into(), &2.into(), &0.75.into()));
}

#[test]
fn games_that_cannot_be_are_wrong_use() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, said) in [
        (&["--set", "channel.vocab_size=1"][..], "`channel.vocab_size` is 1"),
        (&["--set", "regime=sometimes"], "sometimes"),
        (&["--set", "game.split=random", "--set", "game.split.train=2000"], "different objects"),
        (&["--preset", "smal"], "did you mean `small`?"),
        (&["--set", "learning.entrop=1"], "did you mean `entropy`?"),
        (&["--device", "cuda"], "--device cpu"),
    ] {
        let output = communicate(folder.path(), &[&["train", "--out", "run"], arguments].concat(), "");
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(said), "{said}: {}", stderr(&output));
        assert!(!folder.path().join("run").exists(), "nothing was begun");
    }
    let output = communicate(folder.path(), &["talk", "--run", "nowhere"], "");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

/// Settings of a discrimination game that takes a moment.
const TINY_FEATURES: [&str; 18] = [
    "--preset",
    "images",
    "--set",
    "game.features=pictures.npz",
    "--set",
    "game.split.train=40",
    "--set",
    "game.split.validation=10",
    "--set",
    "game.split.test=20",
    "--set",
    "updates=40",
    "--set",
    "channel.max_length=3",
    "--set",
    "speaker.hidden=16",
    "--set",
    "listener.hidden=16",
];

/// `pictures.npz`, by an encoder that has seen a few of these pictures.
fn embed(folder: &Path, pictures: &Path) {
    let train = ["represent", "train", "--limit", "128", "--set", "epochs=1", "--out", "byol", "--quiet"];
    let embed = ["represent", "embed", "--run", "byol", "--out", "pictures.npz", "--quiet"];
    for arguments in [&train[..], &embed] {
        let output = Command::new(env!("CARGO_BIN_EXE_autodidact"))
            .args(arguments)
            .args(["--split", "train", "--data"])
            .arg(pictures)
            .current_dir(folder)
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
}

/// A run of features in `pictures.npz`: trained, continued from another folder, measured.
fn played(folder: &Path) {
    let train = [&["train", "--out", "run", "--json", "--threads", "1"][..], &TINY_FEATURES].concat();
    let told = json(&communicate(folder, &train, ""));
    assert_eq!((&told["updates"], &told["objects"]), (&40.into(), &serde_json::json!([40, 20])));
    let test = &told["test"];
    assert_eq!((&test["objects"], &test["candidates"]), (&20.into(), &20.into()));
    let parts = test["information"].as_f64().expect("nats") + test["adaptation"].as_f64().expect("nats");
    assert!((test["loss"].as_f64().expect("nats") - parts).abs() < 1e-9, "{test}");
    assert!(test["attribute_accuracy"].is_null() && test["posdis"].is_null());

    let elsewhere = folder.join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a folder");
    let resume = ["train", "--out", "../run", "--resume", "--json"];
    assert_eq!(json(&communicate(&elsewhere, &resume, ""))["test"], told["test"]);

    let language = "run/language.npz";
    let measured = json(&communicate(
        folder,
        &["measure", "--messages", language, "--features", language, "--json"],
        "",
    ));
    assert!(measured["feature_topographic_similarity"].is_number(), "{measured}");
    for verb in [&["talk", "--run", "run"][..], &["show", "--run", "run", "--out", "page.html"]] {
        let output = communicate(folder, verb, "");
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains("vectors of features"), "{}", stderr(&output));
    }
}

#[test]
fn a_run_of_features_is_trained_and_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut state = 1_u32;
    let values = (0..80 * 12).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8e6 - 1.0
    });
    let features = NamedArray::f32("embeddings", &[80, 12], values.collect()).expect("an array");
    write(folder.path(), "pictures.npz", &features);
    played(folder.path());
    let text = communicate(folder.path(), &[&["train", "--out", "text"][..], &TINY_FEATURES].concat(), "");
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("targets that are found") && !text.contains("posdis"), "{text}");
    assert!(text.contains("--features text/language.npz"), "{text}");
}

/// From pictures to a language, by the commands of the guide.
#[test]
fn embeddings_of_pictures_plug_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let pictures = folder.path().join("pictures");
    std::fs::create_dir(&pictures).expect("a folder");
    // Stripes of 128 widths and slopes, as MNIST's files hold pictures.
    let pixel = |picture: u32, at: u32| {
        let phase = (at / 28) * (picture % 8) + (at % 28) * (picture / 8 % 8);
        if phase / (2 + picture / 64) % 5 < 2 { 220 } else { 20 }
    };
    let images = (0..128).flat_map(|picture| (0..28 * 28).map(move |at| pixel(picture, at)));
    let header = |magic: u32, sizes: &[u32]| -> Vec<u8> {
        std::iter::once(&magic).chain(sizes).flat_map(|number| number.to_be_bytes()).collect()
    };
    let images: Vec<u8> = header(0x803, &[128, 28, 28]).into_iter().chain(images).collect();
    let labels: Vec<u8> =
        header(0x801, &[128]).into_iter().chain((0..128).map(|picture| picture % 8)).collect();
    std::fs::write(pictures.join("train-images-idx3-ubyte"), images).expect("a file");
    std::fs::write(pictures.join("train-labels-idx1-ubyte"), labels).expect("a file");
    embed(folder.path(), &pictures);
    played(folder.path());
}

#[test]
fn embeddings_of_real_pictures_plug_in() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("AUTODIDACT_TEST_DATA").map_or_else(beside, Into::into);
    let pictures = data.join("fashion-mnist-mini");
    if !pictures.exists() {
        eprintln!(
            "skipped: `fashion-mnist-mini` is not there; set AUTODIDACT_TEST_DATA to the folder that holds it"
        );
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    embed(folder.path(), &pictures);
    played(folder.path());
}

#[test]
fn tables_of_features_that_cannot_be_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut values = vec![1.0; 80 * 2];
    let features =
        |values: &[f32]| NamedArray::f32("embeddings", &[80, 2], values.to_vec()).expect("an array");
    write(folder.path(), "pictures.npz", &features(&values));
    values[7] = f32::NAN;
    write(folder.path(), "nan.npz", &features(&values));
    for (arguments, code, said) in [
        (&["--set", "game.features=nan.npz"][..], 2, "row 3 of the features has NaN in column 1"),
        (&["--set", "game.features=nowhere.npz"], 1, "nowhere.npz"),
        (&["--set", "game.array=labels"], 2, "no array `labels`, only `embeddings`"),
        (&["--set", "game.split.train=60"], 2, "90 different objects were asked for"),
        (&["--set", "game.distractors=sampled", "--set", "game.distractors.count=10"], 2, "10 distractors"),
        (&["--set", "game.attributes=3"], 2, "`game.attributes` is a setting of a reconstruction game"),
        (&["--set", "game.features="], 2, "`game.features` is empty"),
    ] {
        let train = [&["train", "--out", "run"][..], &TINY_FEATURES, arguments].concat();
        let output = communicate(folder.path(), &train, "");
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains(said), "{said}: {}", stderr(&output));
        assert!(!folder.path().join("run").exists(), "nothing was begun");
    }
}

/// Tables of pyarrow and polars, whose script is beside them.
#[test]
fn parquet_tables_are_measured_and_refused_by_row() {
    let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/data/tests/reference");
    let of = |table: &str, array: &str| {
        let arguments = ["--messages", "lists-gzip.parquet", "--features", table, "--features-array", array];
        measure(&tables, &[&arguments[..], &["--json"]].concat())
    };
    let told = json(&of("polars.parquet", "embeddings"));
    assert!(told["feature_topographic_similarity"].is_number(), "{told}");
    assert_eq!(told["distinct_messages"], 4, "{told}");
    for (array, said) in [
        ("null", "column `null` of `faults.parquet` has no value in row 1"),
        ("ragged", "has a list of 1 in row 3"),
        ("nan", "row 2 of the features has NaN in column 1"),
        ("embeddings", "hint: `*` stands for all columns of floats"),
    ] {
        let output = of("faults.parquet", array);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(said), "{said}: {}", stderr(&output));
    }
}

#[test]
fn agents_that_see_pictures_are_trained_continued_and_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let pixels = (0..60 * 8 * 8).map(|at| (at * 37 + at / 64 * 101) % 256).collect();
    let images = NamedArray::i64("images", &[60, 8, 8], pixels).expect("an array");
    write(folder.path(), "seen.npz", &images);
    let tiny: Vec<String> = [
        ("game.images.side", 8),
        ("game.images.width", 4),
        ("game.split.train", 40),
        ("game.split.validation", 10),
        ("game.split.test", 10),
        ("speaker.hidden", 16),
        ("listener.hidden", 16),
        ("batch_size", 8),
        ("updates", 4),
        ("evaluation.every", 0),
    ]
    .iter()
    .flat_map(|(name, value)| ["--set".to_owned(), format!("{name}={value}")])
    .collect();
    let tiny: Vec<&str> = tiny.iter().map(String::as_str).collect();
    let train = |arguments: &[&str]| {
        communicate(folder.path(), &[&["train", "--out", "run", "--json"][..], arguments, &tiny].concat(), "")
    };
    for (arguments, said) in [
        (&["--preset", "pictures"][..], "`game.images.path` is empty"),
        (&["--preset", "images", "--data", "seen.npz"], "begin with `--preset pictures`"),
        (&["--preset", "pictures", "--data", "seen.npz", "--set", "game.images.array=x"], "no array `x`"),
    ] {
        let output = train(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(said), "{said}: {}", stderr(&output));
        assert!(!folder.path().join("run").exists(), "nothing was begun");
    }
    let told = json(&train(&["--preset", "pictures", "--data", "seen.npz", "--threads", "1"]));
    assert_eq!((&told["updates"], &told["test"]["candidates"]), (&4.into(), &10.into()));

    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a folder");
    let resume = ["train", "--out", "../run", "--resume", "--json"];
    assert_eq!(json(&communicate(&elsewhere, &resume, ""))["test"], told["test"]);
    let language = "run/language.npz";
    let measured = ["measure", "--messages", language, "--features", language, "--json"];
    let measured = json(&communicate(folder.path(), &measured, ""));
    assert!(measured["distinct_messages"].is_number(), "{measured}");
    for verb in [
        &["talk", "--run", "run"][..],
        &["show", "--run", "run", "--out", "page.html"],
        &["probe", "--run", "run"],
    ] {
        let output = communicate(folder.path(), verb, "");
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains("vectors of features or pictures"), "{}", stderr(&output));
    }
}

#[test]
fn a_population_is_measured_and_all_its_languages_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let several =
        ["--set", "population.speakers=2", "--set", "imitation.every=30", "--set", "imitation.steps=5"];
    let train = [&["train", "--out", "run", "--json", "--threads", "1"][..], &TINY, &several].concat();
    let output = communicate(folder.path(), &train, "");
    let told = json(&output);
    let people = String::from_utf8(output.stderr).expect("text");
    assert!(people.contains("update 30: generation 1 has heard of 5 objects, says "), "{people}");
    assert!(people.contains("all pairs: accuracy"), "{people}");
    assert_eq!(told["generations"], 1);
    let across = &told["population"]["test"];
    assert!(across["similarity"].as_f64().expect("of two speakers") <= 1.0, "{across}");
    assert!(
        across["least_accuracy"].as_f64().expect("a share") <= across["accuracy"].as_f64().expect("a share")
    );
    let files = ["compare", "--messages", "run/language.npz", "run/language-2.npz", "--json"];
    let compared = json(&communicate(folder.path(), &files, ""));
    assert_eq!(compared["objects"], 9);
    for (setting, name) in [
        ("population.listeners=0", "`population.listeners` is 0, expected 1 to 1024"),
        ("imitation.share=2", "`imitation.share` is 2"),
        ("channel.noise=2", "`channel.noise` is 2"),
    ] {
        let output = communicate(folder.path(), &["train", "--out", "other", "--set", setting], "");
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr).expect("text");
        assert!(error.contains(name), "`{error}` has `{name}`");
    }
}
