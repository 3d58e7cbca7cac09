//! The figures: gain and strength against simulations.

use autodidact_experiment::figure::{BandPoint, LineChart};
use autodidact_experiment::statistics::Interval;

use super::method::Method;
use super::results::Results;
use super::task::Task;

/// What each method gains over AlphaZero.
pub(super) fn gain(results: &Results, task: Task) -> LineChart {
    let title = format!("{}: gain over AlphaZero after self-play", task.label());
    let chart = LineChart::new(&title, "simulations", "gain (Elo)").with_log_x();
    let chart = results.methods().fold(chart, |chart, method| match method {
        Method::AlphaZero => chart.with_colour_passed_over(),
        _ => chart
            .with_band(method.label(), points(results, task, |budget| results.gain(task, method, budget))),
    });
    chart.with_reference("AlphaZero", 0.0)
}

/// How strong each method's networks are.
pub(super) fn strength(results: &Results, task: Task) -> LineChart {
    let title = format!("{}: strength after self-play", task.label());
    let chart = LineChart::new(&title, "simulations", "Elo, mean of both matches").with_log_x();
    results.methods().fold(chart, |chart, method| {
        let of = |budget| results.strength(task, method, budget);
        chart.with_band(method.label(), points(results, task, of))
    })
}

fn points(results: &Results, task: Task, value: impl Fn(u32) -> Option<Interval>) -> Vec<BandPoint> {
    let point = |budget| {
        let Interval { estimate, low, high, .. } = value(budget)?;
        Some(BandPoint { x: f64::from(budget), y: estimate, low, high })
    };
    results.budgets(task).into_iter().filter_map(point).collect()
}
