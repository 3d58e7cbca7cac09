//! The best values that searches find with equal numbers of evaluations; read by `benchmarks/search.py`.
//!
//! `cargo run --release -p autodidact-brownian --example searches BUDGET…` prints `method function shift budget regret
//! microseconds`, one search a line; microseconds are the search's own, for each evaluation.

use std::time::Instant;

use autodidact_brownian::rivals::{Direct, Grid, Plan, Planned, Search, Sequool, Soo, spend};
use autodidact_brownian::{Estimate, Goal, Optimizer, Rule, Scale, Settings, Stop, TestFunction};

/// Shifts of the interval by up to a tenth of its length either way.
const SHIFTS: u32 = 20;

fn plan<P: Plan + 'static>([lower, upper]: [f64; 2], plan: P) -> Box<dyn Search> {
    Box::new(Planned::new(lower, upper, Goal::Maximum, plan).expect("an interval"))
}

/// A rule that is told nothing of the function.
fn rule([lower, upper]: [f64; 2], rule: Rule, budget: usize) -> Box<dyn Search> {
    let settings = Settings {
        rule,
        stop: Stop::Never,
        scale: Scale::Estimated(Estimate { least: 8, ..Estimate::default() }),
        most_evaluations: Some(budget as u64),
        ..Settings::optimistic(1e-6)
    };
    Box::new(Optimizer::new(lower, upper, settings).expect("the settings are right"))
}

fn main() {
    let budgets: Vec<usize> = std::env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    for function in TestFunction::ALL {
        let ([lower, upper], [_, maximum]) = (function.domain(), function.maximum());
        for shift in 0..SHIFTS {
            let moved = (upper - lower) * 0.1 * (2.0 * f64::from(shift) / f64::from(SHIFTS - 1) - 1.0);
            let ends = [lower + moved, upper + moved];
            for &budget in &budgets {
                let calvin = |lambda| rule(ends, Rule::CalvinHefterHerzwurm { lambda }, budget);
                let searches = [
                    ("grid", plan(ends, Grid::new())),
                    ("DIRECT", plan(ends, Direct::new())),
                    ("SOO", plan(ends, Soo::new())),
                    ("SequOOL", plan(ends, Sequool::new(budget))),
                    ("CHH, λ=0.1", calvin(0.1)),
                    ("CHH, λ=1", calvin(1.0)),
                    ("expected improvement", rule(ends, Rule::ExpectedImprovement, budget)),
                    ("optimistic, c=2", rule(ends, Rule::Optimistic { exponent: 2.0 }, budget)),
                ];
                for (method, mut search) in searches {
                    let mut evaluating = 0.0;
                    let begun = Instant::now();
                    let best = spend(&mut *search, budget, |x| {
                        let begun = Instant::now();
                        let value = function.at(x);
                        evaluating += begun.elapsed().as_secs_f64();
                        value
                    });
                    let own = 1e6 * (begun.elapsed().as_secs_f64() - evaluating) / budget as f64;
                    let [_, value] = best.expect("finite values").expect("evaluated");
                    let method = method.replace(' ', "_");
                    println!("{method} {function} {shift} {budget} {:e} {own:.3}", maximum - value);
                }
            }
        }
    }
}
