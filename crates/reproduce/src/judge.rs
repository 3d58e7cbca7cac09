//! What the claims about image representations share when they are judged and reported.

use std::collections::BTreeMap;

use autodidact_experiment::figure::{IntervalChart, LineChart};
use autodidact_experiment::reproduction::{Findings, JobResult};
use autodidact_experiment::statistics::{self, Bootstrap};
use autodidact_experiment::table::Table;

use crate::image_arm::Measured;

/// Results of one arm, by seed.
pub(crate) type BySeed = BTreeMap<u64, Measured>;

/// Results by arm.
pub(crate) struct Arms(BTreeMap<String, BySeed>);

impl Arms {
    pub fn new<'a>(results: impl IntoIterator<Item = &'a JobResult>) -> Self {
        let mut arms: BTreeMap<String, BySeed> = BTreeMap::new();
        for result in results {
            arms.entry(result.job.arm.clone()).or_default().insert(result.job.seed, Measured::of(result));
        }
        Self(arms)
    }

    /// An arm that the claim's own jobs contain.
    pub fn arm(&self, name: &str) -> &BySeed {
        self.0.get(name).unwrap_or_else(|| panic!("the claim has no results of its arm `{name}`"))
    }

    pub fn get(&self, name: &str) -> Option<&BySeed> {
        self.0.get(name)
    }

    /// Values of an arm in the order of seeds.
    pub fn values(&self, name: &str, value: fn(&Measured) -> Option<f64>) -> Vec<f64> {
        self.get(name).map_or_else(Vec::new, |arm| arm.values().filter_map(value).collect())
    }

    /// Seed and probes of two arms, for the seeds in which both have one.
    pub fn pairs(&self, a: &str, b: &str) -> Vec<(u64, f64, f64)> {
        let (Some(a), Some(b)) = (self.get(a), self.get(b)) else { return Vec::new() };
        a.iter().filter_map(|(seed, left)| Some((*seed, left.linear?, b.get(seed)?.linear?))).collect()
    }

    /// Number of seeds for which `holds` of the two arms' results.
    pub fn count_pairs(&self, a: &str, b: &str, holds: impl Fn(&Measured, &Measured) -> bool) -> usize {
        let b = self.arm(b);
        self.arm(a).iter().filter(|(seed, left)| b.get(seed).is_some_and(|right| holds(left, right))).count()
    }
}

pub(crate) fn linear(measured: &Measured) -> Option<f64> {
    measured.linear
}

pub(crate) fn spread(measured: &Measured) -> Option<f64> {
    measured.spread
}

/// Not a number where there are no values: every run of an arm diverged.
pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { f64::NAN } else { statistics::mean(values) }
}

/// `mean [low, high]` with a percentile bootstrap over seeds.
pub(crate) fn with_interval(values: &[f64], decimals: usize) -> String {
    if values.is_empty() {
        return "–".to_owned();
    }
    Bootstrap::default().mean(values).display(decimals)
}

/// Probe of `a` minus probe of `b`, for every seed in which neither diverged.
pub(crate) fn differences(arms: &Arms, a: &str, b: &str) -> Vec<f64> {
    arms.pairs(a, b).iter().map(|(_, a, b)| a - b).collect()
}

/// [`differences`] as `mean [low, high]`.
pub(crate) fn difference(arms: &Arms, a: &str, b: &str) -> String {
    with_interval(&differences(arms, a, b), 1)
}

/// What to say of runs that diverged, if there are any.
pub(crate) fn divergences(arms: &Arms, shown: &[ShownArm<'_>]) -> Option<String> {
    let told: Vec<String> = shown
        .iter()
        .filter_map(|&(name, label, _)| Some((label, arms.get(name)?)))
        .flat_map(|(label, arm)| arm.iter().map(move |(seed, measured)| (label, seed, measured)))
        .filter(|(_, _, measured)| measured.diverged)
        .map(|(label, seed, measured)| format!("{label}, seed {seed}, at step {}", measured.steps))
        .collect();
    let listed = told.join("; ");
    (!told.is_empty()).then(|| {
        format!("Training diverged: {listed}. These runs count neither as collapsed nor as alive and are in no mean.")
    })
}

/// `1 seed`, `5 seeds`.
pub(crate) fn seeds(count: usize) -> String {
    format!("{count} seed{}", if count == 1 { "" } else { "s" })
}

/// An arm as the report shows it: name in jobs, label, what the paper has.
pub(crate) type ShownArm<'a> = (&'a str, &'a str, &'a str);

/// The table of all arms.
pub(crate) fn table(arms: &Arms, shown: &[ShownArm<'_>], caption: &str) -> Table {
    let columns = [
        "arm",
        "linear probe, %",
        "k-NN (k=20, T=0.07), %",
        "spread of z",
        "effective rank",
        "seeds",
        "paper",
    ];
    let mut table = Table::new(columns).with_caption(caption);
    for &(name, label, paper) in shown {
        let Some(arm) = arms.get(name) else { continue };
        table.push(vec![
            label.to_owned(),
            with_interval(&arms.values(name, linear), 1),
            with_interval(&arms.values(name, |measured| measured.knn), 1),
            with_interval(&arms.values(name, spread), 2),
            with_interval(&arms.values(name, |measured| measured.effective_rank), 1),
            arm.values().filter(|measured| !measured.diverged).count().to_string(),
            paper.to_owned(),
        ]);
    }
    table
}

/// Adds the probe-accuracy chart and the curves of spread over training.
pub(crate) fn with_figures(
    mut findings: Findings,
    arms: &Arms,
    shown: &[ShownArm<'_>],
    floor: (&str, &str),
    captions: [&str; 2],
) -> Findings {
    let mut chart = IntervalChart::new("Linear probe on the representation", "top-1 accuracy, %");
    let mut curves = LineChart::new("Spread of the projections over training", "optimizer step", "spread");
    for &(name, label, _) in shown {
        let values = arms.values(name, linear);
        let interval = (values.len() > 1).then(|| Bootstrap::default().mean(&values));
        chart = chart.with_arm(label, &values, interval);
        let points = mean_curve(arms.arm(name));
        curves = if points.is_empty() {
            curves.with_colour_passed_over()
        } else {
            curves.with_line(label, points)
        };
    }
    if let Some(note) = divergences(arms, shown) {
        findings = findings.with_note(note);
    }
    chart = chart.with_reference(floor.1, mean(&arms.values(floor.0, linear)));
    for (figure, caption) in [(chart.draw(), captions[0]), (curves.draw(), captions[1])] {
        match figure {
            Ok(figure) => findings = findings.with_figure(figure, caption),
            Err(error) => findings = findings.with_note(format!("A figure could not be drawn: {error}.")),
        }
    }
    findings
}

/// Mean over the seeds that did not diverge, at each step that all of them have.
fn mean_curve(arm: &BySeed) -> Vec<(f64, f64)> {
    let whole: Vec<&Measured> = arm.values().filter(|measured| !measured.diverged).collect();
    let mut at: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for point in whole.iter().flat_map(|measured| &measured.curve) {
        at.entry(point.step).or_default().push(point.spread);
    }
    at.into_iter()
        .filter(|(_, values)| values.len() == whole.len())
        .map(|(step, values)| (step as f64, mean(&values)))
        .collect()
}
