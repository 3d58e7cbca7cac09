//! The decision rule.

use std::collections::BTreeMap;

use autodidact_experiment::figure::LineChart;
use autodidact_experiment::proportion::clopper_pearson;
use autodidact_experiment::reproduction::{Findings, JobResult, Verdict};
use autodidact_experiment::statistics::{Bootstrap, Interval, quantile};
use autodidact_experiment::table::Table;

use super::arm::{ARMS, Arm};
use super::found::{AtAccuracy, Found};
use super::{fit, grid};

/// Labels of the arms by their names.
const LABELS: [(&str, &str); 7] = [
    ("optimistic", "the paper's, c = 5"),
    ("gap", "the same, stopped at the gap"),
    ("exponent-2", "c = 2"),
    ("posterior", "posterior (ours)"),
    ("chh-1", "Calvin, Hefter, Herzwurm, λ = 1"),
    ("chh-0.1", "the same, λ = 0.1"),
    ("grid", "even grid"),
];
/// Halvings from which the exponent of the logarithm is fitted: the last decade and a half of ε.
const FITTED_FROM: i32 = 15;
/// Where the exponent has to lie.
const EXPONENT: [f64; 2] = [1.8, 2.2];
/// Halvings from which the ratio N/L² has to be constant: ε ≤ 0.1.
const RATIO_FROM: i32 = 4;
/// The constants that it may be, and how far it may be from one of them, and how far refutes.
const RATIO: [f64; 2] = [29.0, 33.0];
const DRIFT: [f64; 2] = [0.15, 0.3];
/// Halvings up to which both laws are fitted; they are compared on the rest.
const SEEN: i32 = 14;
/// A power of 1/ε below which it is as good as none.
const POWER: f64 = 0.1;
/// Halvings at which failures are frequent enough to be judged.
const JUDGED_FAILURES: std::ops::RangeInclusive<i32> = 3..=6;
/// The grid's exponent in 1/ε.
const GRID_EXPONENT: f64 = 1.9;

pub(super) fn judge(results: &[JobResult]) -> Findings {
    let by_seed = Found::by_seed(results, "optimistic");
    let arms: BTreeMap<&str, Found> =
        ARMS.iter().map(|(name, _)| (*name, Found::together(&Found::by_seed(results, name)))).collect();
    let searches = &arms["optimistic"].searches;

    let exponent = exponent_over_seeds(&by_seed);
    let (constant, drift) = largest_drift(searches);
    let [logarithm, power] = held_out(searches);
    let failures: Vec<(f64, Interval)> = searches
        .iter()
        .filter(|(halvings, _)| JUDGED_FAILURES.contains(*halvings))
        .map(|(_, at)| (at.epsilon, clopper_pearson(at.failures, at.evaluations.len() as u64, 0.95)))
        .collect();
    let grid = grid_exponent(&arms["grid"]);

    let criteria = [
        Condition {
            text: format!("exponent q of N ~ L^q over ε ≤ 2^-{FITTED_FROM} in {EXPONENT:?}"),
            measured: exponent.to_string(),
            met: inside(&exponent, EXPONENT),
            refutes: false,
        },
        Condition {
            text: format!("N/L² within {:.0} % of a constant in {RATIO:?} for ε ≤ 0.1", 100.0 * DRIFT[0]),
            measured: format!("within {:.1} % of {constant:.1}", 100.0 * drift),
            met: Some(drift <= DRIFT[0]),
            refutes: drift > DRIFT[1],
        },
        Condition {
            text: format!("L^q fitted to ε ≥ 2^-{SEEN} comes closer to the rest than ε^-r"),
            measured: format!(
                "off by {:.1} % with q = {:.2}, by {:.1} % with r = {:.2}",
                100.0 * logarithm.off,
                logarithm.exponent,
                100.0 * power.off,
                power.exponent
            ),
            met: Some(logarithm.off < power.off),
            refutes: power.off < logarithm.off && power.exponent > POWER,
        },
        Condition {
            text: "upper bound of the failure rate at most ε for ε = 2^-3 to 2^-6".to_owned(),
            measured: failures
                .iter()
                .map(|(epsilon, rate)| format!("{:.4} at {epsilon}", rate.high))
                .collect::<Vec<_>>()
                .join(", "),
            met: Some(failures.iter().all(|(epsilon, rate)| rate.high <= *epsilon)),
            refutes: failures.iter().any(|(epsilon, rate)| rate.low > *epsilon),
        },
        Condition {
            text: format!("exponent of the grid in 1/ε at least {GRID_EXPONENT}"),
            measured: grid.map_or_else(|| "too few paths".to_owned(), |exponent| format!("{exponent:.2}")),
            met: grid.map(|exponent| exponent >= GRID_EXPONENT),
            refutes: false,
        },
    ];
    let verdict = if criteria.iter().any(|criterion| criterion.refutes) {
        Verdict::Refuted
    } else if criteria.iter().all(|criterion| criterion.met == Some(true)) {
        Verdict::Supported
    } else {
        Verdict::Inconclusive
    };
    let mut findings = Findings::new(verdict).with_reason(format!(
        "N grows like ln(1/ε) to the power {exponent}; N/ln² stays within {:.0} % of {constant:.1} down to ε = 2^-{}.",
        100.0 * drift,
        searches.keys().max().copied().unwrap_or_default()
    ));
    for Condition { text, measured, met, .. } in criteria {
        findings = findings.with_criterion(text, measured, met);
    }
    findings = findings
        .with_table(evaluations(&arms))
        .with_table(failure_rates(&arms))
        .with_note(
            "The algorithm is taken from a reconstruction checked against the paper's abstract and introduction; the full \
             text was not at hand. The posterior rule and its stop are ours.",
        )
        .with_note(
            "The grid's cells are those at which all but a share ε of the paths are within ε, by interpolation; they can be \
             counted where five paths or more may fail.",
        );
    let drawn = [
        (ratio_chart(&arms), "Flat where evaluations grow like the squared logarithm."),
        (growth_chart(&arms), "On logarithmic axes a power of 1/ε, as the grid's, is a straight line."),
    ];
    for (chart, caption) in drawn {
        findings = match chart.draw() {
            Ok(figure) => findings.with_figure(figure, caption),
            Err(error) => findings.with_note(format!("A figure could not be drawn: {error}.")),
        };
    }
    findings
}

/// A condition of the rule.
struct Condition {
    text: String,
    measured: String,
    met: Option<bool>,
    refutes: bool,
}

/// Whether the whole interval lies in the range, or outside of it; nothing in between, or if there is no interval.
fn inside(interval: &Interval, [low, high]: [f64; 2]) -> Option<bool> {
    if interval.is_above(low) && interval.is_below(high) {
        Some(true)
    } else if interval.is_below(low) || interval.is_above(high) {
        Some(false)
    } else {
        None
    }
}

type Searches = BTreeMap<i32, AtAccuracy>;

/// `(ln L, ln N)` for some accuracies.
fn in_logarithm(searches: &Searches, halvings: impl Fn(i32) -> bool) -> Vec<(f64, f64)> {
    let chosen = searches.iter().filter(|(at, _)| halvings(**at));
    chosen.map(|(_, at)| (at.log().ln(), at.mean().ln())).collect()
}

/// `(ln(1/ε), ln N)` for some accuracies.
fn in_power(searches: &Searches, halvings: impl Fn(i32) -> bool) -> Vec<(f64, f64)> {
    let chosen = searches.iter().filter(|(at, _)| halvings(**at));
    chosen.map(|(_, at)| (at.log(), at.mean().ln())).collect()
}

/// The exponent of L in N, each seed for itself.
fn exponent_over_seeds(by_seed: &[Found]) -> Interval {
    let exponents: Vec<f64> = by_seed
        .iter()
        .map(|found| fit::line(&in_logarithm(&found.searches, |halvings| halvings >= FITTED_FROM)).0)
        .collect();
    Bootstrap::default().mean(&exponents)
}

/// The constant that N/L² is closest to all over, and how far it is from that, as a share, where it is furthest.
fn largest_drift(searches: &Searches) -> (f64, f64) {
    let ratios = searches
        .iter()
        .filter(|(halvings, _)| **halvings >= RATIO_FROM)
        .map(|(_, at)| at.mean() / at.log().powi(2));
    let (least, most) =
        ratios.fold((f64::INFINITY, 0.0f64), |(least, most), ratio| (least.min(ratio), most.max(ratio)));
    let constant = (0.5 * (least + most)).clamp(RATIO[0], RATIO[1]);
    (constant, (most / constant - 1.0).max(1.0 - least / constant))
}

/// A law that was fitted to the coarse accuracies.
struct Law {
    exponent: f64,
    /// How far off it is at the fine ones, as a logarithm.
    off: f64,
}

/// The points of a law for some accuracies, on logarithmic axes.
type Points = fn(&Searches, fn(i32) -> bool) -> Vec<(f64, f64)>;

/// The laws `L^q` and `ε^-r`.
fn held_out(searches: &Searches) -> [Law; 2] {
    [in_logarithm, in_power].map(|points: Points| {
        let line = fit::line(&points(searches, |halvings| halvings <= SEEN));
        Law { exponent: line.0, off: fit::distance(line, &points(searches, |halvings| halvings > SEEN)) }
    })
}

/// `(1/ε, cells)` where there are enough paths.
fn grid_cells(found: &Found) -> Vec<(f64, f64)> {
    (2..=8)
        .map(|halvings| 0.5f64.powi(halvings))
        .filter_map(|epsilon| Some((1.0 / epsilon, grid::cells_needed(&found.grid, epsilon)?)))
        .collect()
}

fn grid_exponent(found: &Found) -> Option<f64> {
    let points: Vec<(f64, f64)> = grid_cells(found).into_iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    (points.len() >= 3).then(|| fit::line(&points).0)
}

fn label(name: &str) -> &'static str {
    LABELS.iter().find(|(known, _)| *known == name).map_or("", |(_, label)| label)
}

/// The arms that search, and what they found.
fn searching<'a>(arms: &'a BTreeMap<&str, Found>) -> impl Iterator<Item = (&'static str, &'a Searches)> {
    ARMS.iter()
        .filter(|(_, arm)| matches!(arm, Arm::Search { .. }))
        .map(|(name, _)| (label(name), &arms[name].searches))
}

fn evaluations(arms: &BTreeMap<&str, Found>) -> Table {
    let columns = ["ε".to_owned()].into_iter().chain(searching(arms).map(|(label, _)| label.to_owned()));
    let mut table = Table::new(columns.chain(["grid cells".to_owned()]))
        .with_caption(
            "Evaluations: mean (median, 95th percentile) over paths, and on how many of them the search ended at an interval \
             that has no middle before its stop was reached",
        );
    let cells: BTreeMap<i32, f64> =
        grid_cells(&arms["grid"]).into_iter().map(|(x, cells)| (x.log2().round() as i32, cells)).collect();
    for halvings in arms["optimistic"].searches.keys() {
        let mut row = vec![format!("2^-{halvings}")];
        for (_, searches) in searching(arms) {
            row.push(searches.get(halvings).map_or_else(
                || "–".to_owned(),
                |at| {
                    let sorted = at.sorted();
                    let [median, high] = [0.5, 0.95].map(|level| quantile(&sorted, level));
                    let unfinished = match at.unfinished {
                        0 => String::new(),
                        some => format!(", {some} unfinished"),
                    };
                    format!("{:.0} ({median:.0}, {high:.0}){unfinished}", at.mean())
                },
            ));
        }
        row.push(cells.get(halvings).map_or_else(|| "–".to_owned(), |cells| format!("{cells:.0}")));
        table.push(row);
    }
    table
}

fn failure_rates(arms: &BTreeMap<&str, Found>) -> Table {
    let columns = ["ε".to_owned()].into_iter().chain(searching(arms).map(|(label, _)| label.to_owned()));
    let mut table = Table::new(columns).with_caption(
        "Failures of all paths: suprema more than ε above the answer; in brackets the 95 % Clopper–Pearson interval of the rate",
    );
    for halvings in arms["optimistic"].searches.keys() {
        let mut row = vec![format!("2^-{halvings} = {:.2e}", 0.5f64.powi(*halvings))];
        for (_, searches) in searching(arms) {
            row.push(searches.get(halvings).map_or_else(
                || "–".to_owned(),
                |at| {
                    let paths = at.evaluations.len() as u64;
                    let rate = clopper_pearson(at.failures, paths, 0.95);
                    format!("{} of {paths} [{:.4}, {:.4}]", at.failures, rate.low, rate.high)
                },
            ));
        }
        table.push(row);
    }
    table
}

fn ratio_chart(arms: &BTreeMap<&str, Found>) -> LineChart {
    searching(arms).fold(
        LineChart::new("Evaluations over the squared logarithm", "ln(1/ε)", "N / ln²(1/ε)"),
        |chart, (label, searches)| {
            chart.with_line(label, searches.values().map(|at| (at.log(), at.mean() / at.log().powi(2))))
        },
    )
}

fn growth_chart(arms: &BTreeMap<&str, Found>) -> LineChart {
    let chart = searching(arms).fold(
        LineChart::new("Evaluations by accuracy", "1/ε", "evaluations"),
        |chart, (label, searches)| {
            chart.with_line(label, searches.values().map(|at| (1.0 / at.epsilon, at.mean())))
        },
    );
    chart.with_line(label("grid"), grid_cells(&arms["grid"])).with_log_x().with_log_y()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodidact_experiment::reproduction::{Claim, Plan, Scale};
    use autodidact_experiment::run::Environment;

    /// Results of four seeds with so many evaluations at each ε, and so many failures of each hundred paths.
    fn judged(evaluations: impl Fn(f64) -> f64, failures: u64) -> Findings {
        let plan = Plan::new(Scale::Quick);
        let jobs = crate::Brownian.jobs(&plan);
        let results: Vec<JobResult> = jobs
            .into_iter()
            .map(|job| {
                let mut found = Found::default();
                if job.arm == "grid" {
                    let path: Vec<f64> = (0..16).map(|level| 0.5f64.powf(f64::from(level) / 2.0)).collect();
                    found.grid = vec![path; 100];
                } else {
                    for halvings in super::super::arm::HALVINGS {
                        let epsilon = 0.5f64.powi(halvings);
                        // Seeds differ a little.
                        let count = evaluations(epsilon) * (1.0 + 0.002 * job.seed as f64);
                        let evaluations = vec![count.round() as u64; 100];
                        let at = AtAccuracy { epsilon, evaluations, failures, unfinished: 0 };
                        found.searches.insert(halvings, at);
                    }
                }
                JobResult {
                    version: 1,
                    hash: job.hash(),
                    job,
                    result: serde_json::to_value(found).expect("plain data"),
                    seconds: 1.0,
                    environment: Environment::capture(1),
                    command: "test".to_owned(),
                }
            })
            .collect();
        judge(&results)
    }

    fn squared(epsilon: f64) -> f64 {
        31.0 * epsilon.ln().powi(2)
    }

    #[test]
    fn the_squared_logarithm_without_failures_is_supported() {
        let findings = judged(squared, 0);
        assert_eq!(findings.verdict, Verdict::Supported, "{:?}", findings.criteria);
        assert_eq!((findings.tables.len(), findings.figures.len()), (2, 2));
    }

    #[test]
    fn a_power_of_the_accuracy_is_refuted() {
        assert_eq!(judged(|epsilon| 40.0 * epsilon.powf(-0.5), 0).verdict, Verdict::Refuted);
    }

    #[test]
    fn too_many_failures_refute() {
        assert_eq!(judged(squared, 20).verdict, Verdict::Refuted);
    }

    #[test]
    fn another_exponent_or_too_few_paths_without_failure_decide_nothing() {
        assert_eq!(judged(|epsilon| 24.0 * (-epsilon.ln()).powf(2.1), 0).verdict, Verdict::Supported);
        assert_eq!(judged(|epsilon| 20.0 * (-epsilon.ln()).powf(2.15), 0).verdict, Verdict::Inconclusive);
        assert_eq!(judged(squared, 1).verdict, Verdict::Inconclusive);
    }
}
