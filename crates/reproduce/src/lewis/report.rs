//! Tables and figures.

use autodidact_communicate::training::Evaluation;
use autodidact_experiment::figure::{BandPoint, Figure, IntervalChart, LineChart};
use autodidact_experiment::reproduction::Findings;
use autodidact_experiment::statistics::Bootstrap;
use autodidact_experiment::table::Table;

use super::arm::{Arm, Kind};
use super::results::{
    OfKind, Results, Value, adaptation_gap, information_gap, similarity, test_accuracy, train_accuracy,
};
use crate::judge::with_interval;

/// Adds what people look at.
pub(super) fn illustrate(findings: Findings, results: &Results) -> Findings {
    let (attributes, pictures) = (results.of(Kind::Attributes), results.of(Kind::Pictures));
    let findings = findings
        .with_table(languages(attributes))
        .with_table(losses(attributes))
        .with_table(found(pictures))
        .with_table(exact(results));
    let at_the_end = "At the end: each seed, the mean and its 95 % interval.";
    let means = "Means over seeds with 95 % intervals.";
    let figures = [
        (intervals(attributes, "Objects that are told, test", "accuracy", test_accuracy), at_the_end),
        (
            intervals(attributes, "Topographic similarity, test", "Spearman correlation", similarity),
            "The same of the most likely messages of test objects.",
        ),
        (
            intervals(attributes, "Overfitting by co-adaptation", "nats, test minus train", adaptation_gap),
            "What L_adapt of test has above that of train.",
        ),
        (curves(attributes, "Test accuracy over training", "accuracy", test_accuracy), means),
        (
            curves(attributes, "Co-adaptation gap over training", "nats, test minus train", adaptation_gap),
            means,
        ),
        (
            curves(attributes, "Information gap over training", "nats, test minus train", information_gap),
            means,
        ),
        (intervals(pictures, "Pictures that are found, test", "accuracy", test_accuracy), at_the_end),
        (
            intervals(
                pictures,
                "Topographic similarity of pictures, test",
                "Spearman correlation",
                similarity,
            ),
            "Cosine distance of embeddings beside the edit distance of messages.",
        ),
    ];
    figures.into_iter().fold(findings, |findings, (figure, caption)| match figure {
        Ok(figure) => findings.with_figure(figure, caption),
        Err(error) => findings.with_note(format!("A figure could not be drawn: {error}.")),
    })
}

/// A figure, or why there is none.
type Drawn = autodidact_experiment::Result<Figure>;

fn intervals(results: OfKind<'_>, title: &str, axis: &str, value: Value) -> Drawn {
    let chart = results.arms().fold(IntervalChart::new(title, axis), |chart, arm| {
        let values = results.values(arm, value);
        let interval = (values.len() > 1).then(|| Bootstrap::default().mean(&values));
        chart.with_arm(arm.label(), &values, interval)
    });
    chart.draw()
}

fn curves(results: OfKind<'_>, title: &str, axis: &str, value: Value) -> Drawn {
    let arms = results.arms().filter(|arm| !matches!(arm, Arm::AllContinuous | Arm::AllEarlyStopped));
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
fn table(results: OfKind<'_>, caption: &str, columns: &[(&str, usize, Value)]) -> Table {
    let names = ["arm"].into_iter().chain(columns.iter().map(|(name, ..)| *name));
    let mut table = Table::new(names.collect::<Vec<_>>()).with_caption(caption);
    for arm in results.arms() {
        let cells =
            columns.iter().map(|(_, decimals, value)| with_interval(&results.values(arm, *value), *decimals));
        table.push([arm.label().to_owned()].into_iter().chain(cells).collect());
    }
    table
}

fn languages(results: OfKind<'_>) -> Table {
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
    for (arm, row) in results.arms().zip(&mut table.rows) {
        let steps: Vec<f64> = results.runs(arm).map(super::play::Played::steps_per_update).collect();
        row.push(with_interval(&steps, 1));
        row.push(steps.len().to_string());
    }
    table
}

fn found(results: OfKind<'_>) -> Table {
    table(
        results,
        "Discrimination at the end: embeddings of pictures that the encoder was not trained on, each among all that are measured; losses in nats.",
        &[
            ("candidates", 0, |evaluation| evaluation.test.candidates.unwrap_or(0) as f64),
            ("accuracy, train", 3, train_accuracy),
            ("accuracy, test", 3, test_accuracy),
            ("topographic similarity, test", 3, similarity),
            ("L, train", 3, |evaluation| evaluation.train.loss),
            ("L, test", 3, |evaluation| evaluation.test.loss),
            ("L_info, test", 3, |evaluation| evaluation.test.information),
            ("L_adapt, test", 3, |evaluation| evaluation.test.adaptation),
        ],
    )
}

fn losses(results: OfKind<'_>) -> Table {
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
