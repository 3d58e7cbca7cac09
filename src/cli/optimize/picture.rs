//! What a search looks like: the evaluations, the bound above them and the best point, on the terminal while it goes on and
//! as a figure at the end.

use autodidact::brownian::Goal;
use autodidact::experiment::figure::{Figure, ScatterChart};
use autodidact::experiment::sketch::Sketch;

use super::engine::Engine;

/// Size of the picture on a terminal, in characters.
const COLUMNS: usize = 64;
const ROWS: usize = 10;

/// Stretches of x for which one evaluation, the best, is drawn if there are more.
const STRETCHES: usize = 600;

/// A picture of characters: `·` is the bound, `o` an evaluation, `@` the best.
pub fn sketch(engine: &Engine) -> String {
    let Some(answer) = engine.answer() else { return String::new() };
    Sketch::new(COLUMNS, ROWS)
        .with_points('·', filled(&outline(engine)))
        .with_points('o', pairs(thinned(engine)))
        .with_points('@', [(answer.x, answer.value)])
        .draw()
}

/// The figure.
pub fn figure(engine: &Engine) -> autodidact::experiment::Result<Figure> {
    let bounds = outline(engine);
    let chart = ScatterChart::new("What was evaluated", "x", "value")
        .with_points("evaluations", pairs(thinned(engine)))
        .with_points("best", engine.answer().map(|answer| (answer.x, answer.value)));
    let above = if engine.goal() == Goal::Maximum { "upper bound" } else { "lower bound" };
    let chart = if bounds.is_empty() { chart } else { chart.with_line(above, pairs(bounds)) };
    chart.draw()
}

/// The bounds, the furthest of each stretch where there are many.
fn outline(engine: &Engine) -> Vec<[f64; 2]> {
    let bounds = engine.bounds();
    let together = (bounds.len() / 2).div_ceil(STRETCHES).max(1);
    let sign = if engine.goal() == Goal::Maximum { 1.0 } else { -1.0 };
    let merged = bounds.chunks(2 * together).filter_map(|stretch| {
        let furthest = stretch.iter().map(|[_, bound]| sign * bound).fold(f64::NEG_INFINITY, f64::max);
        Some([[stretch.first()?[0], sign * furthest], [stretch.last()?[0], sign * furthest]])
    });
    merged.flatten().collect()
}

/// Points along level stretches, close enough that no column of the sketch is left out.
fn filled(bounds: &[[f64; 2]]) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else { return Vec::new() };
    let step = (last[0] - first[0]) / COLUMNS as f64;
    let stretches = bounds.chunks_exact(2);
    stretches
        .flat_map(|ends| {
            let count = ((ends[1][0] - ends[0][0]) / step).ceil().max(1.0) as usize;
            (0..=count).map(move |index| {
                let part = index as f64 / count as f64;
                (ends[0][0] + part * (ends[1][0] - ends[0][0]), ends[0][1])
            })
        })
        .collect()
}

/// The best evaluation of each stretch, if there are many.
fn thinned(engine: &Engine) -> Vec<[f64; 2]> {
    let points = engine.points();
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return points };
    if points.len() <= STRETCHES {
        return points;
    }
    let sign = if engine.goal() == Goal::Maximum { 1.0 } else { -1.0 };
    let (low, high) =
        points.iter().fold((first[0], last[0]), |(low, high), [x, _]| (low.min(*x), high.max(*x)));
    let mut best: Vec<Option<[f64; 2]>> = vec![None; STRETCHES];
    for [x, value] in points {
        let stretch = (((x - low) / (high - low)) * STRETCHES as f64) as usize;
        let best = &mut best[stretch.min(STRETCHES - 1)];
        if best.is_none_or(|[_, other]| sign * value > sign * other) {
            *best = Some([x, value]);
        }
    }
    best.into_iter().flatten().collect()
}

fn pairs(points: Vec<[f64; 2]>) -> impl Iterator<Item = (f64, f64)> {
    points.into_iter().map(|[x, y]| (x, y))
}
