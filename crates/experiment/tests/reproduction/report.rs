//! The report is read back: as JSON, and as a page.

use std::fs;
use std::path::Path;

use autodidact_experiment::figure::{BandPoint, IntervalChart, LineChart};
use autodidact_experiment::progress::Display;
use autodidact_experiment::reproduction::{
    Claim, Findings, Job, JobContext, JobError, JobResult, Plan, Reproduction, Scale, Verdict,
};
use autodidact_experiment::rng::Seeds;
use autodidact_experiment::statistics::Bootstrap;
use autodidact_experiment::table::Table;
use rand::RngExt;
use resvg::usvg::roxmltree::Document;
use serde_json::{Value, json};

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
        node.descendants().filter_map(|inner| inner.text().filter(|_| inner.is_text())).collect()
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

/// A claim of made-up numbers with a given verdict.
struct MadeUp {
    paper: &'static str,
    title: &'static str,
    citation: &'static str,
    claim: &'static str,
    verdict: Verdict,
}

const PAPERS: [MadeUp; 4] = [
    MadeUp {
        paper: "latent",
        title: "Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning",
        citation: "Grill et al. 2020, NeurIPS, arXiv:2006.07733",
        claim: "Predicting the target network's projection learns representations without negative pairs; without the \
                target network or the predictor they collapse.",
        verdict: Verdict::Supported,
    },
    MadeUp {
        paper: "latent-no-batch-stats",
        title: "BYOL works even without batch statistics",
        citation: "Richemond et al. 2020, arXiv:2010.10241",
        claim: "Group normalisation with weight standardisation reaches the accuracy of batch normalisation.",
        verdict: Verdict::Inconclusive,
    },
    MadeUp {
        paper: "edge",
        title: "A made-up paper on step sizes",
        citation: "Nobody 2024",
        claim: "A learning rate at the edge of stability beats one that is tuned by hand.",
        verdict: Verdict::Refuted,
    },
    MadeUp {
        paper: "search",
        title: "A made-up paper on search",
        citation: "Nobody 2025",
        claim: "Regularised search needs a tenth of the simulations.",
        verdict: Verdict::Incomplete,
    },
];

impl Claim for MadeUp {
    fn paper(&self) -> &'static str {
        self.paper
    }
    fn title(&self) -> &'static str {
        self.title
    }
    fn citation(&self) -> &'static str {
        self.citation
    }
    fn claim(&self) -> &'static str {
        self.claim
    }
    fn rule(&self) -> &'static str {
        "Supported if the 95 % bootstrap interval of the paired difference in top-1 accuracy over seeds lies above 5 \
         points and the arm without a predictor stays within 2 points of a random encoder; refuted if the interval \
         lies below zero; inconclusive otherwise."
    }
    fn jobs(&self, plan: &Plan) -> Vec<Job> {
        let job = |arm, seed| Job::new(self.paper, plan.scale, arm, seed, json!({ "steps": 30_000 }));
        ["full", "no-predictor"]
            .iter()
            .flat_map(|arm| plan.seeds(4).map(move |seed| job(arm, seed)))
            .collect()
    }
    fn run(&self, job: &Job, _: &JobContext<'_>) -> Result<Value, JobError> {
        let top = if job.arm == "full" { 62.0 } else { 19.5 };
        Ok(json!({ "top1": top + Seeds::new(job.seed).stream(&job.arm).random_range(-2.0..2.0) }))
    }
    fn judge(&self, _: &Plan, results: &[JobResult]) -> Findings {
        let bootstrap = Bootstrap::default();
        let top1 = |arm: &str| -> Vec<f64> {
            let of_arm = results.iter().filter(|result| result.job.arm == arm);
            of_arm.map(|result| result.result["top1"].as_f64().unwrap()).collect()
        };
        let (full, without) = (top1("full"), top1("no-predictor"));
        let gain = bootstrap.paired_difference(&full, &without);
        let mut table =
            Table::new(["arm", "seeds", "top-1 (%)", "95 % interval"]).with_caption("Linear evaluation");
        for (arm, values) in [("BYOL", &full), ("no predictor", &without)] {
            let interval = bootstrap.mean(values);
            let ends = format!("[{:.1}, {:.1}]", interval.low, interval.high);
            table.push(vec![
                arm.to_owned(),
                values.len().to_string(),
                format!("{:.1}", interval.estimate),
                ends,
            ]);
        }
        let arms = IntervalChart::new("Linear evaluation after 30 000 steps", "top-1 accuracy (%)")
            .with_arm("BYOL", &full, Some(bootstrap.mean(&full)))
            .with_arm("no predictor", &without, Some(bootstrap.mean(&without)))
            .with_reference("random encoder", 20.0)
            .draw()
            .unwrap();
        let curve = |top: f64| {
            (0..=60).map(move |index| {
                let y = 10.0 + (top - 10.0) * (1.0 - (-f64::from(index) / 10.0).exp());
                BandPoint { x: f64::from(index) * 500.0, y, low: y - 1.5, high: y + 1.5 }
            })
        };
        let curves = LineChart::new("Linear evaluation during training", "step", "top-1 accuracy (%)")
            .with_band("BYOL", curve(62.0))
            .with_band("no predictor", curve(19.5))
            .with_reference("chance", 10.0)
            .draw()
            .unwrap();
        Findings::new(self.verdict)
            .with_reason("The arm with a predictor is ahead by far more than the rule asks; the one without stays where a random encoder is.")
            .with_criterion("The interval of the difference lies above 5 points", gain.display(1), Some(gain.is_above(5.0)))
            .with_criterion("Without a predictor, within 2 points of a random encoder", bootstrap.mean(&without).display(1), None)
            .with_criterion("The target network's decay of `0.99` is no worse than `0.999`", "−1.2 [−2.0, −0.4]", Some(false))
            .with_table(table)
            .with_figure(arms, "Every seed and the mean with its bootstrap interval. Redraws Table 5b of the paper.")
            .with_figure(curves, "Mean over seeds with the 95 % interval. Redraws Figure 1 with this data.")
            .with_note("Images are 32 × 32 and drawn by a program; the paper's are photographs at 224 × 224.")
            .with_note("Batches hold 128 images, the paper's 4096.")
    }
}

#[test]
fn every_verdict_has_its_place_in_the_summary() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    let _ = fs::remove_dir_all(&out);
    let claims: Vec<&dyn Claim> = PAPERS.iter().map(|paper| paper as &dyn Claim).collect();
    let reproduction = Reproduction::new(claims, Plan::new(Scale::Standard), &out)
        .with_display(Display::Quiet)
        .with_command(
            "autodidact reproduce latent latent-no-batch-stats edge search --scale standard --jobs 2",
        );
    for job in reproduction.jobs() {
        if job.paper != "search" || job.seed > 2 {
            reproduction.run_job(&job.id).unwrap();
        }
    }
    reproduction.collect().unwrap();
    let body = parse(&fs::read_to_string(out.join("report.html")).unwrap());
    let page = Document::parse(&body).unwrap();
    let badges = texts(&page, |_, class| class.starts_with("badge"));
    let verdicts = ["✓ supported", "? inconclusive", "✗ refuted at this scale", "… incomplete"];
    assert_eq!(badges, [verdicts, verdicts].concat());
    let ids: Vec<&str> = page
        .descendants()
        .filter(|node| node.has_tag_name("section"))
        .filter_map(|node| node.attribute("id"))
        .collect();
    assert_eq!(ids, PAPERS.map(|paper| paper.paper));
    let missing = texts(&page, |name, _| name == "li");
    assert_eq!(missing.iter().filter(|line| line.ends_with(": no result")).count(), 4, "{missing:?}");
}
