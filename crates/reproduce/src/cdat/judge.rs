//! The findings: verdict, conditions, tables, figures, notes.

use autodidact_experiment::reproduction::{Findings, JobResult, Plan, Scale};

use super::arm::size;
use super::batch_judge::Batches;
use super::figures::{self, Drawn};
use super::results::Results;
use super::rule::{self, Condition, Seed};
use super::tables;
use super::task::Task;

pub(super) fn judge(plan: &Plan, results: &[JobResult]) -> Findings {
    let results = Results::new(results);
    let (_, steps) = size(plan.scale);
    let support = rule::support(&results);
    let refutation = rule::refutation(&results, steps);
    let batches = Batches::new(&results);

    let mut findings = Findings::new(rule::verdict(&support, &refutation));
    for task in Task::ALL {
        let seeds = results.seeds(task);
        if seeds.is_empty() {
            continue;
        }
        let ratios = seeds
            .iter()
            .filter_map(|&seed| Seed::of(&results, task, seed))
            .map(|seed| seed.edge_over_constant());
        findings = findings.with_reason(format!(
            "Task {}: loss of the best σ near 2 over that of the best constant rate after {steps} steps: {} (paired over {} seeds).",
            task.letter(),
            tables::ratio(ratios),
            seeds.len()
        ));
    }
    let beside = batches.iter().flat_map(Batches::conditions);
    for Condition { text, measured, met } in support.into_iter().chain(refutation).chain(beside) {
        findings = findings.with_criterion(text, measured, met);
    }
    for table in Task::ALL.iter().filter_map(|&task| tables::of_task(&results, task)) {
        findings = findings.with_table(table);
    }
    if let Some(batches) = &batches {
        findings = findings.with_table(batches.table());
    }
    let charts = Task::ALL
        .iter()
        .flat_map(|&task| figures::of_task(&results, task))
        .chain(batches.iter().flat_map(Batches::charts))
        .chain(figures::simplified());
    for drawn in charts {
        findings = with_figure(findings, drawn);
    }
    findings = findings
        .with_note(
            "The paper's networks are larger (residual networks, transformers) and its runs longer (8,192 to 16,384 steps); its \
             learning-rate statement is about training loss, not test accuracy.",
        )
        .with_note(
            "Time is that of training alone on one thread: gradient, tuner and step, without the readings of the sharpness.",
        );
    if plan.scale == Scale::Quick {
        findings = findings.with_note(
            "At the quick scale task C and mini-batches are not run, grids are thinned and runs have 200 steps: it shows that \
             everything works and decides nothing.",
        );
    }
    findings
}

fn with_figure(findings: Findings, (chart, caption): Drawn) -> Findings {
    match chart.draw() {
        Ok(figure) => findings.with_figure(figure, caption),
        Err(error) => findings.with_note(format!("A figure could not be drawn: {error}.")),
    }
}
