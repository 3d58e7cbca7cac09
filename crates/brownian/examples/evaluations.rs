//! How many evaluations each rule takes on drawn Brownian motions, and how often its promise fails.
//!
//! `cargo run --release -p autodidact-brownian --example evaluations`

use autodidact_brownian::{BrownianPath, Next, Optimizer, Rule, Settings, Stop};

const PATHS: u64 = 1000;

/// Evaluations, and whether the supremum is more than ε above the answer.
fn run(seed: u64, settings: Settings) -> (u64, bool) {
    let path = BrownianPath::new(seed);
    let mut optimizer = Optimizer::new(0.0, 1.0, settings).expect("the settings are right");
    while let Next::Evaluate(query) = optimizer.ask() {
        optimizer.tell(query.id, path.at(query.x)).expect("a path is finite");
    }
    let answer = optimizer.answer().expect("both ends were told");
    let limit = answer.value + settings.epsilon;
    (answer.evaluations, optimizer.leaves().iter().any(|leaf| path.supremum(leaf) > limit))
}

fn main() {
    println!("| ε = δ | paper, c = 5 | stop at the gap | c = 2 | posterior | mean ÷ ln²(1/ε), c = 5 |");
    println!("|---|---|---|---|---|---|");
    for epsilon in [0.1, 0.03, 0.01, 0.003, 0.001] {
        let paper = Settings::optimistic(epsilon);
        let arms = [
            paper,
            Settings { stop: Stop::Gap, ..paper },
            Settings { rule: Rule::Optimistic { exponent: 2.0 }, ..paper },
            Settings::posterior(epsilon, epsilon),
        ];
        let mut row = vec![epsilon.to_string()];
        let mut first = None;
        for settings in arms {
            let runs: Vec<(u64, bool)> = (0..PATHS).map(|seed| run(seed, settings)).collect();
            let mean = runs.iter().map(|(evaluations, _)| *evaluations as f64).sum::<f64>() / PATHS as f64;
            let failures = runs.iter().filter(|(_, failed)| *failed).count();
            row.push(format!("{mean:.1} ({failures})"));
            first.get_or_insert(mean);
        }
        let squared = f64::ln(epsilon).powi(2);
        row.push(format!("{:.1}", first.expect("there are arms") / squared));
        println!("| {} |", row.join(" | "));
    }
}
