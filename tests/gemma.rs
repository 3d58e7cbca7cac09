//! `autodidact gemma`, on small random models of the repository.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use autodidact::data::arrays::read_array;
use serde_json::Value;

fn reference(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/gemma/tests/reference").join(name);
    path.to_str().expect("a path in UTF-8").to_owned()
}

fn gemma(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_autodidact"))
        .current_dir(folder)
        .arg("gemma")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that ends early does not read everything.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("the program ends")
}

#[track_caller]
fn text(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[track_caller]
fn json(output: &Output) -> Value {
    serde_json::from_str(&text(output)).expect("one JSON object")
}

#[track_caller]
fn refused(output: &Output, code: i32, told: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(told), "`{stderr}` has `{told}`");
}

/// The model of words with its tokenizer, as a folder of Hugging Face.
fn words(folder: &Path) -> String {
    let to = folder.join("of-words");
    fs::create_dir(&to).expect("writable");
    for name in ["config.json", "model.safetensors"] {
        fs::copy(reference(&format!("models/of-words/{name}")), to.join(name)).expect("copied");
    }
    fs::copy(reference("tokenizer.model"), to.join("tokenizer.model")).expect("copied");
    to.to_str().expect("a path in UTF-8").to_owned()
}

#[test]
fn lines_become_tokens_and_lines_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let tokenizer = reference("tokenizer.model");
    let run = |more: &[&str], input: &str| {
        gemma(folder.path(), &[&["tokenize", "--tokenizer", &tokenizer][..], more].concat(), input)
    };
    // As `sentencepiece` 0.2.3 has it.
    let line = "hello world <start_of_turn>";
    let ids = text(&run(&["--json"], &format!("{line}\n\n{line}")));
    assert_eq!(ids, "[933,924,437,926,324,282,653,923,5]\n[]\n[933,924,437,926,324,282,653,923,5]\n");
    let begun = text(&run(&["--json", "--bos"], line));
    assert_eq!(begun, "[2,933,924,437,926,324,282,653,923,5]\n");
    assert!(!text(&run(&["--json", "--plain"], line)).contains(",5]"));
    assert_eq!(text(&run(&["--decode"], &ids)), format!("{line}\n\n{line}\n"));
    assert_eq!(text(&run(&["--decode", "--json"], "[933,924]")), "\"he\"\n");
    let shown = text(&run(&[], "he"));
    assert!(shown.contains('"'), "{shown}");
    refused(&run(&["--decode"], "[1]\n[-1]\n"), 2, "line 2");
    refused(&run(&["--decode"], "[5000]\n"), 1, "5000");
    refused(&gemma(folder.path(), &["tokenize", "--tokenizer", "missing.model"], ""), 1, "missing.model");
}

#[test]
fn logits_are_written_for_given_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = reference("models/like-27b");
    let run = |tokens: &str, out: &str| {
        gemma(folder.path(), &["logits", "--model", &model, "--tokens", tokens, "--out", out, "--json"], "")
    };
    let told = json(&run("2,9,33,4,9", "x.npz"));
    assert_eq!((&told["tokens"], &told["vocab_size"]), (&5.into(), &64.into()));
    let logits = read_array(&folder.path().join("x.npz"), "logits").expect("the array");
    assert_eq!(logits.shape(), [5, 64]);
    refused(&run("2,9", "x.npz"), 2, "exists");
    refused(&run("2,64", "y.npz"), 2, "token 64");
    refused(&run("2,x", "y.npz"), 2, "invalid value");
}

#[test]
fn a_model_is_quantised_and_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = words(folder.path());
    let run = |arguments: &[&str]| gemma(folder.path(), arguments, "");
    let told =
        json(&run(&["quantize", "--model", &model, "--type", "q8_0", "--out", "small.gguf", "--json"]));
    assert_eq!(told["type"], "Q8_0");
    assert_eq!(fs::metadata(folder.path().join("small.gguf")).expect("a file").len(), told["bytes"]);
    let seen = json(&run(&["inspect", "small.gguf", "--context", "64", "--json"]));
    assert_eq!((&seen["num_hidden_layers"], &seen["vocab_size"]), (&2.into(), &1100.into()));
    assert_eq!(seen["memory"]["full_cache"], 2 * 2 * 16 * 64 * 4);
    assert!(text(&run(&["inspect", "small.gguf"])).contains("Q8_0"));

    let prompt = ["--prompt", "the cat", "--temperature", "0", "--max-tokens", "12", "--json"];
    let generated = |model: &str, more: &[&str]| {
        json(&run(&[&["generate", "--model", model], &prompt[..], more].concat()))
    };
    let first = generated(&model, &["--precision", "f32", "--top-logprobs", "3"]);
    assert!(first["completion_tokens"].as_u64().is_some_and(|tokens| tokens > 0), "{first}");
    let token = &first["tokens"][0];
    assert_eq!(token["top_logprobs"].as_array().map(Vec::len), Some(3));
    assert_eq!(token["logprob"], token["top_logprobs"][0]["logprob"]);
    // Weights of eight bits and numbers of eight bits: the most likely token stays, as it is far from the next.
    let small = generated("small.gguf", &[]);
    assert_eq!(small["tokens"][0]["id"], token["id"]);
    let same = generated("small.gguf", &[]);
    assert_eq!(small["text"], same["text"]);
    let stopped = generated(
        &model,
        &["--precision", "f32", "--stop", first["tokens"][1]["piece"].as_str().expect("a piece")],
    );
    assert!(stopped["completion_tokens"].as_u64().is_some_and(|tokens| tokens <= 2), "{stopped}");

    let back = json(&run(&["quantize", "--model", "small.gguf", "--type", "F32", "--out", "back", "--json"]));
    assert!(back["bytes"].as_u64() > told["bytes"].as_u64());
    assert!(back["notes"].as_array().is_some_and(|notes| notes.len() == 1), "{back}");
    json(&run(&["quantize", "--model", &model, "--type", "BF16", "--out", "copy", "--json"]));
    assert_eq!(generated("copy", &["--precision", "f32"])["text"], first["text"]);
    refused(&run(&["quantize", "--model", "small.gguf", "--type", "Q4_0", "--out", "other"]), 2, ".gguf");
    refused(&run(&["quantize", "--model", "small.gguf", "--type", "Q9", "--out", "x.gguf"]), 2, "Q9");
    refused(&run(&["generate", "--model", "back", "--prompt", "x"]), 2, "--tokenizer");
    refused(&run(&["generate", "--model", "small.gguf", "--prompt", "x", "--top-p", "0"]), 2, "`top_p` is 0");
    refused(
        &run(&["generate", "--model", "small.gguf", "--prompt", "the cat sat", "--context", "2"]),
        2,
        "raise `--context`",
    );
    refused(&run(&["generate", "--model", "nowhere", "--prompt", "x"]), 2, "does not exist");
    fs::write(
        folder.path().join("cut.gguf"),
        &fs::read(folder.path().join("small.gguf")).expect("a file")[..3000],
    )
    .expect("writable");
    refused(&run(&["inspect", "cut.gguf"]), 1, "cut.gguf");
}

#[test]
fn a_text_is_foretold() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = words(folder.path());
    fs::write(folder.path().join("text.txt"), "the cat sat on the mat and looked at the moon. ".repeat(20))
        .expect("writable");
    let run = |more: &[&str]| {
        gemma(folder.path(), &[&["perplexity", "--model", &model, "--text", "text.txt"], more].concat(), "")
    };
    let told = json(&run(&["--context", "32", "--pieces", "3", "--json"]));
    assert_eq!(told["tokens"], 3 * 15);
    let (perplexity, entropy) = (told["perplexity"].as_f64(), told["cross_entropy"].as_f64());
    assert!(perplexity.zip(entropy).is_some_and(|(p, h)| (p.ln() - h).abs() < 1e-9 && h > 1.0), "{told}");
    refused(&run(&["--context", "100000"]), 2, "smaller `--context`");
}

#[test]
fn a_talk_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = words(folder.path());
    let talk = |input: &str| {
        let arguments = [
            "chat",
            "--model",
            &model,
            "--max-tokens",
            "5",
            "--temperature",
            "0",
            "--precision",
            "f32",
            "--system",
            "be brief",
        ];
        gemma(folder.path(), &arguments, input)
    };
    let output = talk("hello\\\nthere\n/undo\nhello\\\nthere\n/what\n/clear\n/quit\nnever read\n");
    let answers = text(&output);
    let lines: Vec<&str> = answers.split_inclusive('\n').collect();
    // The same question after it was taken back has the same answer.
    assert!(answers.len() > 2 && answers.len().is_multiple_of(2), "{answers:?}");
    assert_eq!(answers[..answers.len() / 2], answers[answers.len() / 2..], "{lines:?}");
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(notes.contains("/what is unknown"), "{notes}");
    // What was read before is not read again.
    let long = talk("hello there\nand now\n");
    let notes = String::from_utf8_lossy(&long.stderr);
    let read: Vec<u32> = notes
        .lines()
        .filter_map(|line| line.split_once(" tokens read")?.0.rsplit(' ').next()?.parse().ok())
        .collect();
    assert_eq!(read.len(), 2, "{notes}");
    // Both questions have about as many tokens, and the second stands behind the first and its answer.
    assert!(read[1] < read[0] + 6, "{read:?}");
    let too_long = talk(&"word ".repeat(600));
    assert!(String::from_utf8_lossy(&too_long.stderr).contains("make room"));
}
