//! The report is read back: as JSON, and as a page.

use std::fs;

use autodidact_experiment::reproduction::{Plan, Scale};
use resvg::usvg::roxmltree::Document;
use serde_json::Value;

use crate::coins::{Coins, reproduction};

const COINS: Coins = Coins { loaded: 0.8 };

fn collected() -> (tempfile::TempDir, String, Value) {
    let out = tempfile::tempdir().unwrap();
    let reproduction = reproduction(&COINS, out.path());
    for job in reproduction.jobs() {
        reproduction.run_job(&job.id).unwrap();
    }
    reproduction.collect().unwrap();
    let html = fs::read_to_string(out.path().join("report.html")).unwrap();
    let json = serde_json::from_slice(&fs::read(out.path().join("report.json")).unwrap()).unwrap();
    (out, html, json)
}

#[test]
fn json_has_verdict_criteria_and_jobs() {
    let (_out, _, json) = collected();
    assert_eq!(json["version"], 1);
    assert_eq!(json["command"], "autodidact reproduce coins --scale quick");
    assert_eq!(serde_json::from_value::<Plan>(json["plan"].clone()).unwrap(), Plan::new(Scale::Quick));
    let paper = &json["papers"][0];
    assert_eq!(paper["paper"], "coins");
    assert_eq!(paper["findings"]["verdict"], "supported");
    let met: Vec<&Value> =
        paper["findings"]["criteria"].as_array().unwrap().iter().map(|criterion| &criterion["met"]).collect();
    assert_eq!(met, [&Value::Bool(true), &Value::Bool(false), &Value::Null]);
    assert_eq!(paper["jobs"].as_array().unwrap().len(), 6);
    assert!(paper["data"].as_str().unwrap().contains("drawn by autodidact"));
}

/// Everything between the tags of an element of this class or name, as text.
fn texts(page: &Document<'_>, matches: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let wanted = |node: &resvg::usvg::roxmltree::Node<'_, '_>| {
        node.is_element() && matches(node.tag_name().name(), node.attribute("class").unwrap_or(""))
    };
    let text = |node: resvg::usvg::roxmltree::Node<'_, '_>| -> String {
        node.descendants().filter(|inner| inner.is_text()).filter_map(|inner| inner.text()).collect()
    };
    page.descendants().filter(wanted).map(text).collect()
}

/// The page's body is well-formed XML, which is more than HTML asks and lets a strict parser read it.
fn parse(html: &str) -> String {
    let body = html.split_once("<body>").unwrap().1.split_once("</body>").unwrap().0;
    format!("<body>{body}</body>")
}

#[test]
fn the_page_says_what_was_found() {
    let (_out, html, _) = collected();
    let body = parse(&html);
    let page = Document::parse(&body).unwrap();
    let badges = texts(&page, |_, class| class.starts_with("badge"));
    assert_eq!(badges, ["✓ supported", "✓ supported"], "one in the summary, one with the paper");
    assert_eq!(texts(&page, |name, _| name == "h2"), ["Verdicts", "On Loaded Coins & <Fair> Ones"]);
    let criteria =
        texts(&page, |name, class| name == "span" && ["met", "notmet", "notsaid"].contains(&class));
    assert_eq!(criteria, ["✓ met", "✗ not met", "? open"]);
    let codes = texts(&page, |name, _| name == "code");
    assert!(codes.contains(&"autodidact reproduce coins --scale quick".to_owned()), "{codes:?}");
    assert!(codes.contains(&"0.1".to_owned()), "backticks set code: {codes:?}");
    let cells = texts(&page, |name, _| name == "td");
    assert!(cells.iter().any(|cell| cell.contains('[') && cell.contains(']')), "intervals: {cells:?}");
    assert_eq!(cells.iter().filter(|cell| cell.starts_with("coins/quick/")).count(), 6);
    assert_eq!(texts(&page, |name, _| name == "svg").len(), 1);
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_has_a_dark_and_a_printed_look() {
    let (out, html, _) = collected();
    for outside in ["<script", "<link", "src=", "url(", "@import"] {
        assert!(!html.contains(outside), "{outside}");
    }
    for link in html.split("href=\"").skip(1) {
        assert!(link.starts_with('#'), "{}", &link[..30]);
    }
    for look in ["prefers-color-scheme:dark", "@media print"] {
        assert!(html.contains(look), "{look}");
    }
    assert!(out.path().join("figures/coins-1.svg").is_file());
    assert!(out.path().join("figures/coins-1.png").is_file());
}

#[test]
fn the_same_results_give_the_same_page() {
    let (out, html, _) = collected();
    reproduction(&COINS, out.path()).collect().unwrap();
    assert_eq!(fs::read_to_string(out.path().join("report.html")).unwrap(), html);
}
