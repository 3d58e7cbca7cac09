//! What a search costs by itself: seconds and bytes for each evaluation.
//!
//! `cargo run --release -p autodidact-brownian --example own_time [EVALUATIONS]`
//!
//! A first search of a drawn path notes the values; a second one is told them from the list, so that only the search is
//! timed. Bytes are those of the resident set that the second search adds at its peak, where the system tells.

use std::hint::black_box;
use std::time::Instant;

use autodidact_brownian::{BrownianPath, Next, Optimizer, Rule, Settings, Stop};

/// The fastest of so many counts: whatever else a machine does makes it slower.
const REPEATS: usize = 7;

fn search(settings: Settings, mut f: impl FnMut(f64) -> f64) -> Optimizer {
    let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("the settings are right");
    while let Next::Evaluate(query) = optimizer.ask() {
        optimizer.tell(query.id, f(query.x)).expect("a path is finite");
    }
    optimizer
}

fn main() {
    let evaluations: u64 = std::env::args().nth(1).map_or(1_000_000, |text| text.parse().expect("a number"));
    let never =
        Settings { stop: Stop::Never, most_evaluations: Some(evaluations), ..Settings::optimistic(1e-6) };
    // For a search that takes the path for that much rougher halves of halves do not run out.
    let wide = Settings { scale: 100.0.into(), ..never };
    let rules = [
        ("optimistic, c = 5", wide),
        ("optimistic, c = 2", Settings { rule: Rule::Optimistic { exponent: 2.0 }, ..wide }),
        ("posterior, ε = 0.01", Settings { epsilon: 0.01, rule: Rule::Posterior, ..never }),
        ("posterior stop, ε = 1e-6", Settings::posterior(1e-6, 1e-6)),
        ("paper's stop, ε = 1e-6", Settings::optimistic(1e-6)),
    ];
    println!("| rule | evaluations | own µs each | bytes each |\n|---|---|---|---|");
    for (name, settings) in rules {
        let path = BrownianPath::new(1);
        let mut values = Vec::new();
        search(settings, |x| {
            values.push(path.at(x));
            values[values.len() - 1]
        });
        let (mut seconds, mut bytes) = (f64::INFINITY, 0.0_f64);
        for _ in 0..REPEATS {
            let mut told = values.iter().copied();
            let before = resident();
            let begun = Instant::now();
            let optimizer = search(settings, |_| told.next().expect("the same search"));
            seconds = seconds.min(begun.elapsed().as_secs_f64());
            bytes = bytes.max((resident() - before) / values.len() as f64);
            black_box(&optimizer);
        }
        println!("| {name} | {} | {:.3} | {bytes:.0} |", values.len(), 1e6 * seconds / values.len() as f64);
    }
}

/// Resident memory in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| 1024.0 * kib)
}
