//! The tables: losses at equal steps and at equal time, sharpness, cost.

use autodidact_experiment::statistics::Bootstrap;
use autodidact_experiment::table::{Table, number};

use super::family::Family;
use super::measured::Run;
use super::results::{Results, Which};
use super::task::Task;

/// A row: its label and which run of which family.
pub(super) type Row = (&'static str, Family, Which);

/// All rows of a task's table.
const ROWS: [Row; 13] = [
    ("constant rate, best", Family::Constant, Which::Best),
    ("warm-up, then constant, best", Family::Warmup, Which::Best),
    ("line search, best", Family::LineSearch, Which::Best),
    ("CDAT σ = 1 (greedy)", Family::Cdat, Which::Sigma(1.0)),
    ("CDAT σ = 1.5", Family::Cdat, Which::Sigma(1.5)),
    ("CDAT σ = 1.9375", Family::Cdat, Which::Sigma(1.9375)),
    ("CDAT σ = 2", Family::Cdat, Which::Sigma(2.0)),
    ("CDAT σ = 2.0625", Family::Cdat, Which::Sigma(2.0625)),
    ("CDAT σ = 2.5", Family::Cdat, Which::Sigma(2.5)),
    ("Polyak, best cap", Family::Polyak, Which::Best),
    ("hypergradient, best β", Family::Hypergradient, Which::Best),
    ("exact sharpness, σ = 2", Family::Sharpness, Which::Sigma(2.0)),
    ("exact sharpness, σ = 3", Family::Sharpness, Which::Sigma(3.0)),
];

/// One seed's run and that of the best constant rate.
struct Pair<'a> {
    run: &'a Run,
    constant: &'a Run,
}

/// The table of a task; none if it was not run.
pub(super) fn of_task(results: &Results, task: Task) -> Option<Table> {
    let seeds = results.seeds(task);
    if seeds.is_empty() {
        return None;
    }
    let columns = [
        "arm",
        "setting",
        "loss",
        "loss ÷ constant's",
        "the same at equal time",
        "η λ, second half",
        "λ, last quarter ÷ third",
        "time per step ÷ constant's",
        "diverged",
    ];
    let mut table = Table::new(columns).with_caption(format!(
        "Task {}: mean loss of the last five iterates; ratios to the best constant rate of the same seed with 95 % bootstrap \
         interval over {} seeds; equal time is that of the constant rate's whole run",
        task.title(),
        seeds.len()
    ));
    for (label, family, which) in ROWS {
        let pairs: Vec<Pair<'_>> = seeds
            .iter()
            .filter_map(|&seed| {
                let constant = results.run(task, Family::Constant, Which::Best, seed)?;
                Some(Pair { run: results.run(task, family, which, seed)?, constant })
            })
            .collect();
        if pairs.is_empty() {
            continue;
        }
        let of_runs = |value: fn(&Run) -> Option<f64>| mean(pairs.iter().filter_map(|pair| value(pair.run)));
        let diverged = pairs.iter().filter(|pair| pair.run.last.is_none()).count();
        table.push(vec![
            label.to_owned(),
            settings(&pairs),
            of_runs(|run| run.last),
            ratio(pairs.iter().map(|pair| pair.run.loss() / pair.constant.loss())),
            ratio(pairs.iter().map(|pair| pair.run.loss_after(pair.constant.seconds) / pair.constant.loss())),
            of_runs(Run::product),
            of_runs(Run::trend),
            mean(pairs.iter().map(|pair| per_step(pair.run) / per_step(pair.constant))),
            if diverged == 0 { "–".to_owned() } else { format!("{diverged} of {}", pairs.len()) },
        ]);
    }
    Some(table)
}

/// The settings that were best, each once.
fn settings(pairs: &[Pair<'_>]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for pair in pairs {
        if !names.contains(&pair.run.setting.as_str()) {
            names.push(&pair.run.setting);
        }
    }
    names.join("; ")
}

fn per_step(run: &Run) -> f64 {
    run.seconds / run.steps.max(1) as f64
}

fn mean(values: impl Iterator<Item = f64>) -> String {
    let values: Vec<f64> = values.collect();
    if values.is_empty() {
        "–".to_owned()
    } else {
        number(values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// The geometric mean of ratios with its interval, over the seeds that did not diverge.
pub(super) fn ratio(ratios: impl Iterator<Item = f64>) -> String {
    let logarithms: Vec<f64> = ratios.map(f64::ln).filter(|value| value.is_finite()).collect();
    match logarithms.len() {
        0 => "–".to_owned(),
        1 => format!("{:.3}", logarithms[0].exp()),
        _ => {
            let interval = Bootstrap::default().mean(&logarithms);
            let [estimate, low, high] = [interval.estimate, interval.low, interval.high].map(f64::exp);
            format!("{estimate:.3} [{low:.3}, {high:.3}]")
        }
    }
}
