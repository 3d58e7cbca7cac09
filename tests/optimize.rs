//! `autodidact optimize`: commands that work, that fail in every way, and searches that are interrupted.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// `optimize VERB ARGUMENTS --json --quiet -- sh -c SCRIPT`, in which `{x}` is the number.
fn search(folder: &Path, verb: &str, arguments: &[&str], script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autodidact"));
    command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.args(["optimize", verb]).args(arguments).args(["--json", "--quiet"]);
    if !script.is_empty() {
        command.args(["--", "sh", "-c", script]);
    }
    command
}

fn output(command: &mut Command) -> Output {
    command.output().expect("the program starts")
}

fn json(output: &Output) -> serde_json::Value {
    let told = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Points and values of all evaluations, in the order in which they were made; failures are `None`.
fn evaluations(folder: &Path, out: &str) -> Vec<(f64, Option<f64>)> {
    let text =
        fs::read_to_string(folder.join(out).join("evaluations.jsonl")).expect("evaluations are written");
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON"));
    lines
        .map(|line: serde_json::Value| (line["x"].as_f64().expect("a point"), line["value"].as_f64()))
        .collect()
}

const UNIT: [&str; 8] = ["--lower", "0", "--upper", "1", "--epsilon", "0.05", "--scale", "1"];
const PARABOLA: &str = "awk 'BEGIN { print \"training\"; print -({x} - 0.3) ^ 2 }'";

#[test]
fn the_best_value_of_a_command_is_found() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let found = output(&mut search(folder.path(), "maximize", &UNIT, PARABOLA));
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    let found = json(&found);
    assert!((found["x"].as_f64().unwrap() - 0.3).abs() < 0.2, "{found}");
    assert!(found["value"].as_f64().unwrap() > -0.05, "{found}");
    assert_eq!(found["guarantee"]["kind"], "posterior");
    assert!(found["upper_bound"].as_f64() >= found["value"].as_f64(), "{found}");
    assert_eq!(found["scale"], found["roughness"]["scale"]);
    assert_eq!(found["hurst"], found["roughness"]["hurst"]["exponent"]);
    let made = evaluations(folder.path(), "search");
    assert_eq!(made.len() as u64, found["evaluations"].as_u64().unwrap());
    assert!(folder.path().join("search/figures/search.png").is_file());
    assert!(folder.path().join("search/summary.json").is_file());
}

#[test]
fn minimizing_is_maximizing_the_opposite() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let largest = json(&output(&mut search(folder.path(), "maximize", &UNIT, PARABOLA)));
    let arguments: Vec<&str> = UNIT.into_iter().chain(["--out", "smallest", "--jobs", "1"]).collect();
    let opposite = "awk 'BEGIN { print ({x} - 0.3) ^ 2 }'";
    let smallest = json(&output(&mut search(folder.path(), "minimize", &arguments, opposite)));
    assert_eq!(smallest["x"], largest["x"]);
    assert_eq!(smallest["evaluations"], largest["evaluations"]);
}

#[test]
fn a_failed_evaluation_is_told_and_never_counted() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let script = "case {x} in 0.5) echo nan;; *) echo {x};; esac";
    let arguments: Vec<&str> = UNIT.into_iter().chain(["--evaluations", "9"]).collect();
    let found = output(&mut search(folder.path(), "maximize", &arguments, script));
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    assert!(stderr(&found).contains("at 0.5 failed") && stderr(&found).contains("no finite number"));
    // The interval was divided at another point.
    let found = json(&found);
    assert_eq!((found["evaluations"].as_u64(), found["failed"].as_u64()), (Some(9), Some(1)));
    assert_eq!((found["given_up"].as_u64(), found["reason"].as_str()), (Some(0), Some("evaluations")));
    let evaluations = evaluations(folder.path(), "search");
    assert_eq!(evaluations[..4], [(0.0, Some(0.0)), (1.0, Some(1.0)), (0.5, None), (0.375, Some(0.375))]);
    assert!(evaluations[4..].iter().all(|(x, value)| *value == Some(*x)), "{evaluations:?}");
}

#[test]
fn an_interval_without_values_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let script = "case {x} in 0|1) echo {x};; *) exit 1;; esac";
    let arguments: Vec<&str> = UNIT.into_iter().chain(["--evaluations", "9"]).collect();
    let found = output(&mut search(folder.path(), "maximize", &arguments, script));
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    let found = json(&found);
    assert_eq!((found["evaluations"].as_u64(), found["failed"].as_u64()), (Some(2), Some(2)));
    assert_eq!((found["given_up"].as_u64(), found["reason"].as_str()), (Some(1), Some("exhausted")));
    assert_eq!(found["guarantee"]["kind"], "none", "{found}");
}

#[test]
fn what_was_found_is_kept_while_something_slow_runs() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let script = "case {x} in 0|1) echo {x};; *) sleep 5;; esac";
    let arguments: Vec<&str> = UNIT.into_iter().chain(["--jobs", "2"]).collect();
    let mut child = search(folder.path(), "maximize", &arguments, script).spawn().expect("it starts");
    let saved = || {
        let text = fs::read_to_string(folder.path().join("search/search.json")).unwrap_or_default();
        let state: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        state["ends"] == serde_json::json!([0.0, 1.0])
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while !saved() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Without any time to save.
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(saved(), "both values are in the search");
}

#[test]
fn every_way_to_fail_is_named() {
    for (script, reason) in [
        ("exit 3", "exit status: 3"),
        ("echo nonsense", "no number: `nonsense`"),
        ("true", "printed nothing"),
        ("sleep 60", "longer than 0.3 s"),
        // Somebody else keeps the output open.
        ("sleep 60 & true", "longer than 0.3 s"),
        ("kill -9 $$", "signal: 9"),
    ] {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let script = format!("case {{x}} in 0.25) {script};; *) echo {{x}};; esac");
        let arguments: Vec<&str> =
            UNIT.into_iter().chain(["--timeout", "0.3", "--evaluations", "6", "--rule", "gap"]).collect();
        let started = Instant::now();
        let found = output(&mut search(folder.path(), "minimize", &arguments, &script));
        assert_eq!(found.status.code(), Some(0), "{script}: {}", stderr(&found));
        assert!(stderr(&found).contains(reason), "{script}: {}", stderr(&found));
        assert_eq!(json(&found)["failed"], 1, "{script}");
        assert!(started.elapsed() < Duration::from_secs(20), "nobody waits for what was stopped");
    }
}

#[test]
fn values_that_are_rougher_than_was_assumed_have_no_promise() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let script =
        "awk 'BEGIN { s = 0; for (k = 0; k < 20; k++) s += cos(2 ^ k * 6.28 * ({x} + 0.1)); print s }'";
    let arguments =
        ["--lower", "0", "--upper", "1", "--epsilon", "0.1", "--scale", "1", "--evaluations", "80"];
    let mut command = search(folder.path(), "maximize", &arguments, script);
    let found = json(&output(&mut command));
    assert!(found["doubt"]["kind"].is_string(), "{found}");
    assert!(found["roughness"]["scale"].as_f64().unwrap() > 1.0, "{found}");
    let smooth = json(&output(&mut search(
        folder.path(),
        "maximize",
        &[&UNIT[..], &["--out", "smooth"]].concat(),
        PARABOLA,
    )));
    assert_eq!(smooth["doubt"], serde_json::Value::Null, "{smooth}");
}

#[test]
fn a_failed_evaluation_is_tried_again() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let script = "case {x} in 0.5) test -e again || { touch again; exit 1; };; esac; echo {x}";
    let arguments: Vec<&str> = UNIT.into_iter().chain(["--evaluations", "3", "--retries", "1"]).collect();
    let found = output(&mut search(folder.path(), "maximize", &arguments, script));
    assert!(stderr(&found).contains("trying again"), "{}", stderr(&found));
    let found = json(&found);
    assert_eq!((found["evaluations"].as_u64(), found["given_up"].as_u64()), (Some(3), Some(0)));
}

#[test]
fn an_end_without_a_value_ends_the_search() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let found = output(&mut search(folder.path(), "maximize", &UNIT, "test {x} != 1 && echo {x}"));
    assert_eq!(found.status.code(), Some(1));
    assert!(stderr(&found).contains("both ends"), "{}", stderr(&found));
}

fn interrupt(child: &Child) {
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("`kill` starts").success());
}

fn wait_for(happened: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !happened() {
        assert!(Instant::now() < deadline, "nothing happened for half a minute");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How many evaluations there are already.
fn evaluations_if_begun(folder: &Path, out: &str) -> usize {
    let is_begun = folder.join(out).join("evaluations.jsonl").is_file();
    if is_begun { evaluations(folder, out).len() } else { 0 }
}

#[test]
fn an_interrupted_search_goes_on_as_if_nothing_had_been() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    // One interval is given up, before the interrupt.
    let script = format!("sleep 0.1; case {{x}} in 0.25|0.1875) exit 1;; esac; {PARABOLA}");
    let arguments = |out| -> Vec<&str> {
        UNIT.into_iter().chain(["--evaluations", "20", "--rule", "gap", "--out", out]).collect()
    };
    let whole = json(&output(&mut search(folder.path(), "maximize", &arguments("whole"), &script)));
    let child = search(folder.path(), "maximize", &arguments("parts"), &script).spawn().expect("it starts");
    wait_for(|| evaluations_if_begun(folder.path(), "parts") > 5);
    interrupt(&child);
    let first = child.wait_with_output().expect("it ends");
    assert_eq!(first.status.code(), Some(130), "{}", stderr(&first));
    let rest = output(&mut search(folder.path(), "maximize", &["--resume", "--out", "parts"], ""));
    assert_eq!(rest.status.code(), Some(0), "{}", stderr(&rest));
    let mut rest = json(&rest);
    rest["out"] = whole["out"].clone();
    assert_eq!(rest, whole);
    assert_eq!((whole["failed"].as_u64(), whole["given_up"].as_u64()), (Some(2), Some(1)), "{whole}");
    assert_eq!(evaluations(folder.path(), "parts"), evaluations(folder.path(), "whole"));
}

/// A rule that promises nothing goes on like ours, and to more evaluations than it was begun with.
#[test]
fn an_interrupted_rival_goes_on_as_if_nothing_had_been() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let script = format!("sleep 0.05; {PARABOLA}");
    let arguments = |out, most| -> Vec<&str> {
        [
            "--lower",
            "0",
            "--upper",
            "1",
            "--rule",
            "direct",
            "--jobs",
            "2",
            "--evaluations",
            most,
            "--out",
            out,
        ]
        .to_vec()
    };
    let whole = json(&output(&mut search(folder.path(), "maximize", &arguments("whole", "24"), PARABOLA)));
    let child =
        search(folder.path(), "maximize", &arguments("parts", "15"), &script).spawn().expect("it starts");
    wait_for(|| evaluations_if_begun(folder.path(), "parts") > 4);
    interrupt(&child);
    let first = child.wait_with_output().expect("it ends");
    assert_eq!(first.status.code(), Some(130), "{}", stderr(&first));
    let rest = |most: &[&str]| {
        let arguments: Vec<&str> = ["--resume", "--out", "parts"].iter().chain(most).copied().collect();
        let rest = output(&mut search(folder.path(), "maximize", &arguments, ""));
        assert_eq!(rest.status.code(), Some(0), "{}", stderr(&rest));
        json(&rest)
    };
    assert_eq!(rest(&[])["evaluations"], 15);
    let mut more = rest(&["--evaluations", "24"]);
    more["out"] = whole["out"].clone();
    assert_eq!(more, whole);
    assert_eq!(
        (&whole["guarantee"]["kind"], &whole["upper_bound"]),
        (&"none".into(), &serde_json::Value::Null)
    );
}

/// Who cannot wait interrupts twice; nothing that was started is left running.
#[test]
fn a_second_interrupt_stops_what_runs() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    // The first interrupt lets what runs be; it is stopped and asked for again later.
    let script = "echo $$ > running; sleep 60 & echo $! >> running; wait; echo {x}";
    let child = search(folder.path(), "maximize", &UNIT, script).spawn().expect("it starts");
    let running = folder.path().join("running");
    let lines = || fs::read_to_string(&running).map_or(0, |text| text.lines().count());
    wait_for(|| lines() == 2);
    interrupt(&child);
    interrupt(&child);
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(130), "{}", stderr(&ended));
    for id in fs::read_to_string(&running).expect("two numbers").lines() {
        wait_for(|| {
            let state = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            // Gone, or dead and not yet collected.
            state.is_empty() || state.contains(") Z ")
        });
    }
}

/// A search goes on with what it searched: the same table, the same settings, and a last line that was cut off is no other.
#[test]
fn what_a_search_goes_on_with_is_what_it_was() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let run = |arguments: &[&str]| output(&mut search(folder.path(), "maximize", arguments, ""));
    let table = |slope: u32| {
        let rows: Vec<String> = (0..=20).map(|row| format!("{row},{}", slope * row)).collect();
        fs::write(folder.path().join("table.csv"), rows.join("\n")).expect("a table");
    };
    table(1);
    let arguments = ["--csv", "table.csv", "--rule", "soo", "--evaluations", "9"];
    let found = run(&arguments);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    let beyond = run(&["--csv", "table.csv", "--upper", "30", "--epsilon", "1", "--out", "beyond"]);
    assert!(beyond.status.code() == Some(2) && stderr(&beyond).contains("20"), "{}", stderr(&beyond));

    let more = ["--resume", "--evaluations", "13"];
    table(2);
    let changed = run(&more);
    assert!(
        changed.status.code() == Some(1) && stderr(&changed).contains("is 20 now"),
        "{}",
        stderr(&changed)
    );
    table(1);
    let config = folder.path().join("search/config.toml");
    let text = fs::read_to_string(&config).expect("a config");
    fs::write(&config, text.replace("upper = 20.0", "upper = 19.0")).expect("another");
    let other = run(&more);
    assert!(other.status.code() == Some(1) && stderr(&other).contains("config.toml"), "{}", stderr(&other));
    fs::write(&config, text).expect("the same again");

    let path = folder.path().join("search/evaluations.jsonl");
    let mut lines = fs::read_to_string(&path).expect("evaluations");
    lines.push_str("{\"x\":1");
    fs::write(&path, &lines).expect("a line that was cut off");
    let again = run(&more);
    assert_eq!(json(&again)["evaluations"], 13, "{}", stderr(&again));
    let now = fs::read_to_string(&path).expect("evaluations");
    assert_eq!(
        now.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_err()).count(),
        1
    );
    let planned = ["--csv", "table.csv", "--rule", "sequool", "--evaluations", "9", "--out", "planned"];
    assert_eq!(run(&planned).status.code(), Some(0));
    let refused = run(&["--resume", "--evaluations", "20", "--out", "planned"]);
    assert!(
        refused.status.code() == Some(2) && stderr(&refused).contains("planned for 9"),
        "{}",
        stderr(&refused)
    );
}

/// An empty folder that was there stays there.
#[test]
fn a_slip_takes_away_only_what_it_made() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::create_dir(folder.path().join("mine")).expect("a folder");
    for (out, stays) in [("mine", true), ("new", false)] {
        let mut command = search(folder.path(), "maximize", &UNIT, "");
        let slip = output(command.args(["--out", out, "--", "no-such-program", "{x}"]));
        assert_eq!(slip.status.code(), Some(2), "{}", stderr(&slip));
        let path = folder.path().join(out);
        assert_eq!(path.is_dir(), stays);
        assert!(!stays || fs::read_dir(&path).expect("a folder").next().is_none());
    }
}

#[test]
fn rules_have_what_they_need() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let run = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["--function", "garland"].iter().chain(arguments).copied().collect();
        output(&mut search(folder.path(), "maximize", &arguments, ""))
    };
    for (arguments, told) in [
        (&["--rule", "soo"][..], "--evaluations"),
        (&["--rule", "piyavskii-shubert", "--epsilon", "0.1"], "--lipschitz"),
        (&["--rule", "gap"], "--epsilon"),
        (&["--rule", "direct", "--evaluations", "9", "--scale", "2"], "--scale"),
        (&["--rule", "direct", "--evaluations", "9", "--lipschitz", "2"], "--lipschitz"),
        (&["--rule", "brend", "--evaluations", "9"], "brent"),
    ] {
        let refused = run(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {}", stderr(&refused));
        assert!(stderr(&refused).contains(told), "{arguments:?}: {}", stderr(&refused));
    }
    for rule in
        ["grid", "direct", "soo", "sequool", "stosoo", "expected-improvement", "calvin-hefter-herzwurm"]
    {
        let found = json(&run(&["--rule", rule, "--evaluations", "40", "--out", rule]));
        let [value, evaluations] =
            ["value", "evaluations"].map(|name| found[name].as_f64().expect("a number"));
        assert!(value > 0.7 && evaluations <= 40.0, "{rule}: {found}");
        let figure = folder.path().join(rule).join("figures/search.svg");
        let bounded = fs::read_to_string(figure).expect("a figure").contains("upper bound");
        assert_eq!(bounded, ["expected-improvement", "calvin-hefter-herzwurm"].contains(&rule), "{rule}");
    }
    let brent = json(&run(&["--rule", "brent", "--out", "brent"]));
    assert_eq!(brent["reason"], "stop");
    let steep = ["--rule", "piyavskii-shubert", "--lipschitz", "200", "--epsilon", "0.05", "--out", "steep"];
    let steep = json(&run(&steep));
    assert_eq!(steep["guarantee"]["kind"], "lipschitz", "{steep}");
    assert!(steep["value"].as_f64().unwrap() > 0.99777 - 0.05 - 1e-5, "{steep}");
}

#[test]
fn several_evaluations_at_a_time_find_the_same() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let arguments: Vec<&str> = UNIT.into_iter().chain(["--jobs", "4"]).collect();
    let found = json(&output(&mut search(folder.path(), "maximize", &arguments, PARABOLA)));
    assert!(found["value"].as_f64().unwrap() > -0.05, "{found}");
    assert_eq!(found["reason"], "stop");
}

#[test]
fn wrong_use_is_told() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path();
    let told = |arguments: &[&str], script: &str, expected: &str| {
        let output = output(&mut search(path, "maximize", arguments, script));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    };
    told(&UNIT, "echo 1", "{x}");
    told(&UNIT, "", "required");
    told(&["--lower", "0", "--upper", "1"], PARABOLA, "--epsilon");
    told(&["--lower", "1", "--upper", "0", "--epsilon", "1", "--scale", "1"], PARABOLA, "between 1 and 0");
    told(
        &["--lower", "nan", "--upper", "0", "--epsilon", "1", "--scale", "1"],
        PARABOLA,
        "between NaN and 0",
    );
    told(&["--lower", "0", "--upper", "1", "--epsilon", "0", "--scale", "1"], PARABOLA, "epsilon");
    told(&["--lower", "0", "--upper", "1", "--epsilon", "1", "--scale", "-1"], PARABOLA, "scale");
    let timeout: Vec<&str> = UNIT.into_iter().chain(["--timeout", "0"]).collect();
    told(&timeout, PARABOLA, "--timeout");
    told(&["--resume", "--rule", "gap"], "", "goes on");
    let mut missing = Command::new(env!("CARGO_BIN_EXE_autodidact"));
    missing.current_dir(path).args(["optimize", "maximize"]).args(UNIT).args([
        "--",
        "no-such-program",
        "{x}",
    ]);
    let missing = output(&mut missing);
    assert_eq!(missing.status.code(), Some(2), "{}", stderr(&missing));
    assert!(stderr(&missing).contains("no-such-program"), "{}", stderr(&missing));
    assert!(!path.join("search").exists(), "nothing was begun");
    let found = output(&mut search(path, "maximize", &UNIT, PARABOLA));
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    told(&UNIT, PARABOLA, "search");
    told(&["--resume", "--scale", "2"], "", "goes on");
    let other = output(&mut search(path, "minimize", &["--resume"], ""));
    assert_eq!(other.status.code(), Some(2));
    assert!(stderr(&other).contains("maximize"), "{}", stderr(&other));
}

/// Where no scale is given it is estimated, and the promise says so.
#[test]
fn a_scale_that_is_not_given_is_estimated() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let arguments = [
        "--lower",
        "0",
        "--upper",
        "1",
        "--epsilon",
        "0.05",
        "--command",
        "awk 'BEGIN { print -sqrt(({x} - 0.3) ^ 2) }'",
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_autodidact"));
    command.current_dir(folder.path()).args(["optimize", "maximize", "--json"]).args(arguments);
    let found = output(&mut command);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    let found = json(&found);
    assert!((found["x"].as_f64().unwrap() - 0.3).abs() < 0.06, "{found}");
    assert_eq!(found["scale_is_estimated"], true);
    let assumed = found["assumed_scale"].as_f64().expect("an estimate");
    assert!(assumed > found["scale"].as_f64().unwrap() && assumed < 1.0, "{found}");
    assert!(found["evaluations"].as_u64().unwrap() >= 34);
    if found["guarantee"]["kind"] != "none" {
        assert_eq!(found["guarantee"]["estimated_scale"].as_f64(), Some(assumed));
    }
}

#[test]
fn a_table_is_searched_like_a_command() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let rows: Vec<String> =
        (0..=200).map(|row| format!("{row},{}", -(f64::from(row) - 77.0).abs())).collect();
    fs::write(folder.path().join("curve.csv"), format!("day,value\n{}\n", rows.join("\n"))).expect("a table");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_autodidact"));
        command.current_dir(folder.path()).args(["optimize", "maximize", "--json"]).args(arguments);
        output(&mut command)
    };
    let found = run(&["--csv", "curve.csv", "--epsilon", "3", "--out", "table"]);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    let found = json(&found);
    assert!((found["x"].as_f64().unwrap() - 77.0).abs() <= 3.0, "{found}");
    let again = run(&["--resume", "--out", "table"]);
    assert_eq!(json(&again)["x"], found["x"]);
    fs::write(folder.path().join("bad.csv"), "0,1\n1,two\n").expect("a table");
    let refused = run(&["--csv", "bad.csv", "--epsilon", "3", "--out", "bad"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("line 2"), "{}", stderr(&refused));
    assert!(!folder.path().join("bad").exists());
    let garland = json(&run(&["--function", "garland", "--epsilon", "0.1", "--out", "garland"]));
    assert!((garland["value"].as_f64().unwrap() - 0.99777).abs() < 0.1, "{garland}");
    let unknown = run(&["--function", "gerland", "--epsilon", "0.1"]);
    assert!(unknown.status.code() == Some(2) && stderr(&unknown).contains("garland"), "{}", stderr(&unknown));
    let patient = run(&["--csv", "curve.csv", "--epsilon", "3", "--timeout", "5", "--out", "patient"]);
    assert!(
        patient.status.code() == Some(2) && stderr(&patient).contains("--timeout"),
        "{}",
        stderr(&patient)
    );
    let both = run(&["--csv", "curve.csv", "--command", "echo {x}", "--epsilon", "3"]);
    assert_eq!(both.status.code(), Some(2));
}

/// Each evaluation is a training run; one that was begun is gone on with.
#[test]
fn a_learning_rate_is_searched_by_training() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let program = env!("CARGO_BIN_EXE_autodidact");
    let preset = output(Command::new(program).args(["represent", "train", "--dry-run"]));
    fs::write(folder.path().join("run.toml"), preset.stdout).expect("settings");
    let run = |arguments: &[&str]| {
        let small = [
            "--set",
            "epochs=1",
            "--set",
            "batch_size=16",
            "--set",
            "views.first.size=8",
            "--set",
            "views.second.size=8",
        ];
        let mut command = Command::new(program);
        command.current_dir(folder.path()).args(["optimize", "learning-rate", "--json", "--limit", "32"]);
        output(command.args(small).args(arguments))
    };
    let found =
        run(&["--config", "run.toml", "--evaluations", "3", "--metric", "loss/total", "--goal", "minimum"]);
    assert_eq!(found.status.code(), Some(0), "{}", stderr(&found));
    let found = json(&found);
    let rate = found["learning_rate"].as_f64().expect("a rate");
    assert!(
        (rate.log10() - found["x"].as_f64().unwrap()).abs() < 1e-9 && (0.01..=10.0).contains(&rate),
        "{found}"
    );
    assert_eq!(fs::read_dir(folder.path().join("search/runs")).expect("runs").count(), 3);

    let unknown = run(&["--config", "run.toml", "--metric", "loss/totle", "--out", "unknown"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("no metric `loss/totle`"), "{}", stderr(&unknown));
    // Mended by hand, the search goes on with the runs that are there.
    let config = folder.path().join("unknown/config.toml");
    let text = fs::read_to_string(&config).expect("a description").replace("loss/totle", "loss/total");
    fs::write(&config, text.replace("most-evaluations = 20", "most-evaluations = 2")).expect("writable");
    let mut command = Command::new(program);
    command.current_dir(folder.path()).args([
        "optimize",
        "learning-rate",
        "--resume",
        "--out",
        "unknown",
        "--json",
    ]);
    let mended = output(&mut command);
    assert_eq!(mended.status.code(), Some(0), "{}", stderr(&mended));

    let bad = run(&["--config", "run.toml", "--lower", "0", "--out", "bad"]);
    assert_eq!(bad.status.code(), Some(2));
    assert_eq!(run(&["--config", "missing.toml", "--out", "bad"]).status.code(), Some(1));
}
