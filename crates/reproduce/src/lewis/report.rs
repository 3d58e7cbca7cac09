//! Tables and figures.

use autodidact_communicate::training::Evaluation;
use autodidact_experiment::figure::{BandPoint, Figure, IntervalChart, LineChart};
use autodidact_experiment::reproduction::Findings;
use autodidact_experiment::statistics::Bootstrap;
use autodidact_experiment::table::Table;

use super::arm::Arm;
use super::results::{
    Results, Value, adaptation_gap, information_gap, similarity, test_accuracy, train_accuracy,
};
use crate::judge::with_interval;

/// Adds what people look at.
pub(super) fn illustrate(findings: Findings, results: &Results) -> Findings {
    let findings =
        findings.with_table(languages(results)).with_table(losses(results)).with_table(exact(results));
    let figures = [
        (
            intervals(results, "Objects that are told, test", "accuracy", test_accuracy),
            "Test accuracy at the end: each seed, the mean and its 95 % interval.",
        ),
        (
            intervals(results, "Topographic similarity, test", "Spearman correlation", similarity),
            "Topographic similarity of the most likely messages of test objects.",
        ),
        (
            intervals(results, "Overfitting by co-adaptation", "nats, test minus train", adaptation_gap),
            "What L_adapt of test has above that of train.",
        ),
        (
            curves(results, "Test accuracy over training", "accuracy", test_accuracy),
            "Means over seeds with 95 % intervals.",
        ),
        (
            curves(results, "Co-adaptation gap over training", "nats, test minus train", adaptation_gap),
            "Means over seeds with 95 % intervals.",
        ),
        (
            curves(results, "Information gap over training", "nats, test minus train", information_gap),
            "Means over seeds with 95 % intervals.",
        ),
    ];
    figures.into_iter().fold(findings, |findings, (figure, caption)| match figure {
        Ok(figure) => findings.with_figure(figure, caption),
        Err(error) => findings.with_note(format!("A figure could not be drawn: {error}.")),
    })
}

/// The arms that were run.
fn shown(results: &Results) -> impl Iterator<Item = Arm> {
    Arm::ALL.into_iter().filter(|&arm| results.runs(arm).next().is_some())
}

/// A figure, or why there is none.
type Drawn = autodidact_experiment::Result<Figure>;

fn intervals(results: &Results, title: &str, axis: &str, value: Value) -> Drawn {
    let chart = shown(results).fold(IntervalChart::new(title, axis), |chart, arm| {
        let values = results.values(arm, value);
        let interval = (values.len() > 1).then(|| Bootstrap::default().mean(&values));
        chart.with_arm(arm.label(), &values, interval)
    });
    chart.draw()
}

fn curves(results: &Results, title: &str, axis: &str, value: Value) -> Drawn {
    let arms = shown(results).filter(|arm| !matches!(arm, Arm::AllContinuous | Arm::AllEarlyStopped));
    let chart = arms.fold(LineChart::new(title, "update of the speaker", axis), |chart, arm| {
        let runs: Vec<&[Evaluation]> = results.runs(arm).map(|played| &played.evaluations[..]).collect();
        let count = runs.iter().map(|run| run.len()).min().unwrap_or(0);
        let points = (0..count).map(|at| {
            let values: Vec<f64> = runs.iter().map(|run| value(&run[at])).collect();
            let interval = Bootstrap::default().mean(&values);
            BandPoint {
                x: runs[0][at].update as f64,
                y: interval.estimate,
                low: interval.low,
                high: interval.high,
            }
        });
        chart.with_band(arm.label(), points.collect::<Vec<_>>())
    });
    chart.draw()
}

/// Columns with means and intervals of a number.
fn table(results: &Results, caption: &str, columns: &[(&str, usize, Value)]) -> Table {
    let names = ["arm"].into_iter().chain(columns.iter().map(|(name, ..)| *name));
    let mut table = Table::new(names.collect::<Vec<_>>()).with_caption(caption);
    for arm in shown(results) {
        let cells =
            columns.iter().map(|(_, decimals, value)| with_interval(&results.values(arm, *value), *decimals));
        table.push([arm.label().to_owned()].into_iter().chain(cells).collect());
    }
    table
}

fn languages(results: &Results) -> Table {
    let mut table = table(
        results,
        "Languages and accuracies at the end, mean [95 % interval] over seeds; most likely messages.",
        &[
            ("accuracy, train", 3, train_accuracy),
            ("accuracy, test", 3, test_accuracy),
            ("attributes, test", 3, |evaluation| evaluation.test.attribute_accuracy.unwrap_or(0.0)),
            ("topographic similarity, test", 3, similarity),
            ("posdis, test", 3, |evaluation| evaluation.test.posdis.unwrap_or(0.0)),
            ("bosdis, test", 3, |evaluation| evaluation.test.bosdis.unwrap_or(0.0)),
            ("distinct messages, test", 0, |evaluation| evaluation.test.distinct_messages as f64),
        ],
    );
    table.columns.push("listener's steps per update".to_owned());
    table.columns.push("seeds".to_owned());
    for (arm, row) in shown(results).zip(&mut table.rows) {
        let steps: Vec<f64> = results.runs(arm).map(super::play::Played::steps_per_update).collect();
        row.push(with_interval(&steps, 1));
        row.push(steps.len().to_string());
    }
    table
}

fn losses(results: &Results) -> Table {
    table(
        results,
        "Losses at the end in nats, on as many objects of both parts, of messages that are drawn.",
        &[
            ("L, train", 3, |evaluation| evaluation.train.loss),
            ("L, test", 3, |evaluation| evaluation.test.loss),
            ("L_info, train", 3, |evaluation| evaluation.train.information),
            ("L_info, test", 3, |evaluation| evaluation.test.information),
            ("L_adapt, train", 3, |evaluation| evaluation.train.adaptation),
            ("L_adapt, test", 3, |evaluation| evaluation.test.adaptation),
            ("best factorised, test", 3, |evaluation| evaluation.test.factorised.unwrap_or(0.0)),
        ],
    )
}

fn exact(results: &Results) -> Table {
    let exact = &results.exact;
    let mut table =
        Table::new(["of random tables", "value"]).with_caption("E0: 27 objects, all 40 messages counted.");
    let rows = [
        ("largest |L − L_info − L_adapt|", exact.identity),
        ("largest |L − L_info| of the Bayes listener", exact.bayes),
        ("largest error of the gradient of L_info, beside differences", exact.gradient),
        ("largest |L_adapt − total correlation| of the best factorised listener", exact.factorised),
        ("total correlation in the mean, nats", exact.total_correlation),
    ];
    for (name, value) in rows {
        table.push(vec![name.to_owned(), format!("{value:.2e}")]);
    }
    table
}
