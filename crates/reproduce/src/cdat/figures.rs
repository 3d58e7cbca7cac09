//! The figures: loss, η λ and sharpness over training, and the paper's simplified model.

use autodidact_experiment::figure::LineChart;
use autodidact_optim::simplified::{Model, Rate, State};

use super::family::Family;
use super::measured::Run;
use super::results::{Results, Which};
use super::tables::Row;
use super::task::Task;

/// The lines of all charts of a task, in the order of colours.
const LINES: [Row; 8] = [
    ("constant rate", Family::Constant, Which::Best),
    ("line search", Family::LineSearch, Which::Best),
    ("CDAT σ = 1", Family::Cdat, Which::Sigma(1.0)),
    ("CDAT σ = 2", Family::Cdat, Which::Sigma(2.0)),
    ("CDAT σ = 2.0625", Family::Cdat, Which::Sigma(2.0625)),
    ("warm-up", Family::Warmup, Which::Best),
    ("Polyak", Family::Polyak, Which::Best),
    ("hypergradient", Family::Hypergradient, Which::Best),
];
/// How many of them the charts of the sharpness show.
const OF_SHARPNESS: usize = 5;
/// Charts of the loss leave out what is above so many times the first loss, those of η λ what is above this.
const MOST: [f64; 2] = [2.0, 20.0];
/// Steps of the simplified model.
const MODEL_STEPS: usize = 20_000;

/// A chart with what is below it.
pub(super) type Drawn = (LineChart, String);

/// The three charts of a task's first seed.
pub(super) fn of_task(results: &Results, task: Task) -> Vec<Drawn> {
    let Some(&seed) = results.seeds(task).first() else { return Vec::new() };
    let title = |what: &str| format!("{what}: task {}", task.title());
    let chart = |what: &str, y: &str, count: usize, points: fn(&Run) -> Vec<(f64, f64)>| {
        let chart = LineChart::new(&title(what), "step", y).with_log_y();
        LINES[..count].iter().fold(chart, |chart, (label, family, which)| {
            match results.run(task, *family, *which, seed) {
                Some(run) => chart.with_line(label, points(run)),
                None => chart.with_colour_passed_over(),
            }
        })
    };
    let loss = chart("Loss", "loss", LINES.len(), |run| {
        let first = run.curve.first().map_or(0.0, |point| point.loss);
        let shown = |loss| if loss > MOST[0] * first { f64::NAN } else { loss };
        run.curve.iter().map(|point| (point.step as f64, shown(point.loss))).collect()
    });
    let product = chart("η λ", "η λ", OF_SHARPNESS, |run| {
        let shown = |product| if product > MOST[1] { f64::NAN } else { product };
        run.sharpness.iter().map(|reading| (reading.step as f64, shown(reading.product))).collect()
    });
    let sharpness = chart("Sharpness", "largest eigenvalue λ of the Hessian", OF_SHARPNESS, |run| {
        run.sharpness.iter().map(|reading| (reading.step as f64, reading.sharpness)).collect()
    });
    let best = format!(
        "Seed {seed}; of constant rate, warm-up, line search, Polyak and hypergradient the best setting."
    );
    vec![
        (
            loss,
            format!(
                "{best} Above twice the first loss there are gaps. Redraws the paper's figures 1 and 5 with this data."
            ),
        ),
        (
            product.with_reference("edge of stability", 2.0),
            format!(
                "{best} λ times the mean rate until the next reading, gaps above 20; redraws figures 3 and 6."
            ),
        ),
        (sharpness, best),
    ]
}

/// Sharpness and η λ of the simplified model under three rules.
pub(super) fn simplified() -> Vec<Drawn> {
    let model = Model { sharpening: 5e-2, feedback: 1e-1, second: 0.1 };
    let rules = [
        ("CDAT σ = 2", Rate::Cdat { sigma: 2.0 }, 0.05),
        ("CDAT σ = 1.9", Rate::Cdat { sigma: 1.9 }, 0.05),
        ("classical rule, 1.9 / λ", Rate::Classical, 1.9 / 18.0),
    ];
    let chart = |title: &str, y: &str, value: fn(&State) -> f64| {
        rules.iter().fold(LineChart::new(title, "step", y).with_log_x(), |chart, (label, rate, first)| {
            let mut state = State::new(*first, 18.0, 4.0, 4.0);
            let points = (1..=MODEL_STEPS).map(|step| {
                state = model.next(state, *rate);
                (step as f64, value(&state))
            });
            // On a logarithmic axis late steps lie close together.
            let shown = points.filter(|(step, _)| *step <= 200.0 || step % 100.0 == 0.0);
            chart.with_line(label, shown.collect::<Vec<_>>())
        })
    };
    let constants = "a = 0.05, b = 0.1, ν = 0.1, λ = 18 and p = g = 4 at first; CDAT starts from η = 0.05, the classical rule \
                     from 1.9 / λ.";
    vec![
        (
            chart("Simplified model: sharpness", "λ", State::sharpness),
            format!("The paper's equations 5, 6 and 10; {constants} Redraws figures 4 and 9."),
        ),
        (
            chart("Simplified model: η λ", "η λ", |state| state.y + 2.0)
                .with_reference("edge of stability", 2.0),
            format!("The same runs; {constants}"),
        ),
    ]
}
