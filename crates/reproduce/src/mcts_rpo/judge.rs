//! The decision rule.

use std::collections::BTreeMap;

use autodidact_experiment::figure::{BandPoint, LineChart};
use autodidact_experiment::reproduction::{Findings, JobResult, Verdict};
use autodidact_experiment::statistics::{Bootstrap, Interval, mean};
use autodidact_experiment::table::Table;

use super::TUNING_SEEDS;
use super::method::Method;
use super::task::{Scored, Task};

/// A difference that is as good as none.
const SMALL: f64 = 0.02;
/// Tasks that have to speak for the claim, and against it.
const FOR: usize = 5;
const AGAINST: usize = 3;

/// Scores of the judged seeds with the setting that was best on the others, by method and budget.
type Tuned = BTreeMap<(Method, u32), TunedScores>;

#[derive(Clone, Debug)]
struct TunedScores {
    exploration: f32,
    noise: bool,
    /// By seed, in their order.
    scores: Vec<f64>,
}

pub(super) fn judge(results: &[JobResult]) -> Findings {
    let tasks: Vec<(Task, Tuned)> = Task::ALL.into_iter().map(|task| (task, tuned(results, task))).collect();
    let gains: Vec<(Task, [Interval; 2])> = tasks
        .iter()
        .map(|(task, tuned)| {
            let [least, _, most] = task.budgets();
            (*task, [least, most].map(|budget| gain(tuned, Method::All, budget)))
        })
        .collect();
    let speaks_for = |[least, most]: &[Interval; 2]| {
        least.is_bounded() && least.is_above(0.0) && most.estimate < 0.5 * least.estimate
    };
    let speaks_against = |[least, _]: &[Interval; 2]| !least.is_above(0.0) && least.is_below(SMALL);
    let count =
        |speaks: &dyn Fn(&[Interval; 2]) -> bool| gains.iter().filter(|(_, gain)| speaks(gain)).count();
    let (supporting, opposing) = (count(&speaks_for), count(&speaks_against));
    let verdict = if supporting >= FOR && opposing == 0 {
        Verdict::Supported
    } else if opposing >= AGAINST {
        Verdict::Refuted
    } else {
        Verdict::Inconclusive
    };
    let mut findings = Findings::new(verdict).with_reason(format!(
        "Of {} tasks {supporting} speak for the claim and {opposing} against it.",
        gains.len()
    ));
    for (task, gain) in &gains {
        let [least, most] = gain;
        let [few, _, many] = task.budgets();
        let met = if speaks_for(gain) {
            Some(true)
        } else if speaks_against(gain) {
            Some(false)
        } else {
            None
        };
        findings = findings.with_criterion(
            format!(
                "{}: ALL above AlphaZero with {few} simulations, by less than half as much with {many}",
                task.name()
            ),
            format!("{} with {few}, {} with {many}", least.display(3), most.display(3)),
            met,
        );
    }
    for (task, tuned) in &tasks {
        findings = findings.with_table(table(*task, tuned));
    }
    for (task, tuned) in &tasks {
        findings = match chart(*task, tuned).draw() {
            Ok(figure) => findings.with_figure(figure, "Means over seeds, with 95 % intervals."),
            Err(error) => findings.with_note(format!("A figure could not be drawn: {error}.")),
        };
    }
    findings.with_note(
        "Gumbel searches are printed beside the others. Search and learning are iterated on tables: what a single search's policy is worth \
         says little, since visit counts are sharper than π̄. Positions are given, so that ACT, \
         which plays by π̄, would be AlphaZero. Self-play is not part of this.",
    )
}

/// ALL's or another method's gain over AlphaZero, paired by seed.
fn gain(tuned: &Tuned, method: Method, budget: u32) -> Interval {
    let [ours, theirs] = [method, Method::AlphaZero].map(|method| &tuned[&(method, budget)].scores);
    Bootstrap::default().paired_difference(ours, theirs)
}

fn tuned(results: &[JobResult], task: Task) -> Tuned {
    let mut of_task: Vec<(u64, Vec<Scored>)> = results
        .iter()
        .filter(|result| result.job.arm == task.name())
        .map(|result| {
            let scores = serde_json::from_value(result.result.clone()).expect("a result of this claim");
            (result.job.seed, scores)
        })
        .collect();
    of_task.sort_by_key(|(seed, _)| *seed);
    let (tuning, judged) = of_task.split_at(TUNING_SEEDS.min(of_task.len() - 1));
    let mut tuned = Tuned::new();
    for method in Method::ALL {
        for budget in task.budgets() {
            let score = |scores: &[Scored], exploration: f32, noise: bool| {
                let found = scores.iter().find(|score| {
                    (score.method, score.budget, score.exploration, score.noise)
                        == (method, budget, exploration, noise)
                });
                found.map_or(f64::NAN, |score| score.score)
            };
            let best = method.settings().into_iter().max_by(|a, b| {
                let on = |setting: &super::method::Setting| {
                    mean(
                        &tuning
                            .iter()
                            .map(|(_, scores)| score(scores, setting.exploration, setting.noise))
                            .collect::<Vec<f64>>(),
                    )
                };
                on(a).total_cmp(&on(b))
            });
            let best = best.expect("a method has a setting");
            let scores =
                judged.iter().map(|(_, scores)| score(scores, best.exploration, best.noise)).collect();
            tuned.insert(
                (method, budget),
                TunedScores { exploration: best.exploration, noise: best.noise, scores },
            );
        }
    }
    tuned
}

fn table(task: Task, tuned: &Tuned) -> Table {
    let columns =
        ["simulations".to_owned()].into_iter().chain(Method::ALL.map(|method| method.label().to_owned()));
    let mut table = Table::new(columns).with_caption(format!(
        "{}: mean score over seeds, the exploration constant that was chosen and `n` for noise at the root; in brackets the gain over \
         AlphaZero with its interval",
        task.name()
    ));
    for budget in task.budgets() {
        let mut row = vec![budget.to_string()];
        for method in Method::ALL {
            let TunedScores { exploration, noise, scores } = &tuned[&(method, budget)];
            let noise = if *noise { " n" } else { "" };
            let gained = match method {
                Method::AlphaZero => String::new(),
                _ => format!(" ({})", gain(tuned, method, budget).display(3)),
            };
            row.push(format!("{:.3}, {exploration}{noise}{gained}", mean(scores)));
        }
        table.push(row);
    }
    table
}

fn chart(task: Task, tuned: &Tuned) -> LineChart {
    Method::ALL.into_iter().fold(
        LineChart::new(
            &format!("{}: after iterated search and learning", task.name()),
            "simulations",
            "score",
        )
        .with_log_x(),
        |chart, method| {
            let points = task.budgets().map(|budget| {
                let interval = Bootstrap::default().mean(&tuned[&(method, budget)].scores);
                BandPoint {
                    x: f64::from(budget),
                    y: interval.estimate,
                    low: interval.low,
                    high: interval.high,
                }
            });
            chart.with_band(method.label(), points)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodidact_experiment::reproduction::{Claim, Plan, Scale};
    use autodidact_experiment::run::Environment;

    /// Findings where each method scores so much at each of the three budgets.
    fn judged(score: impl Fn(Method, usize) -> f64) -> Findings {
        let jobs = crate::MctsRpo.jobs(&Plan::new(Scale::Quick));
        let results: Vec<JobResult> = jobs
            .into_iter()
            .map(|job| {
                let task = Task::ALL.into_iter().find(|task| task.name() == job.arm).expect("a task");
                let mut scores = Vec::new();
                for method in Method::ALL {
                    for setting in method.settings() {
                        for (place, budget) in task.budgets().into_iter().enumerate() {
                            // Seeds differ, and a large constant is worse.
                            let score =
                                score(method, place) + 0.001 * (job.seed as f64 * 0.7 + place as f64).sin();
                            let score = score - 0.01 * f64::from(setting.exploration);
                            let (exploration, noise) = (setting.exploration, setting.noise);
                            scores.push(Scored { method, budget, exploration, noise, score });
                        }
                    }
                }
                JobResult {
                    version: 1,
                    hash: job.hash(),
                    job,
                    result: serde_json::to_value(scores).expect("plain data"),
                    seconds: 1.0,
                    environment: Environment::capture(1),
                    command: "test".to_owned(),
                }
            })
            .collect();
        judge(&results)
    }

    #[test]
    fn a_gain_that_shrinks_with_the_budget_is_supported() {
        let findings = judged(|method, place| match method {
            Method::All => 0.9,
            _ => [0.7, 0.8, 0.88][place],
        });
        assert_eq!(findings.verdict, Verdict::Supported, "{:?}", findings.criteria);
        assert_eq!((findings.tables.len(), findings.figures.len()), (6, 6));
    }

    #[test]
    fn no_gain_is_refuted_and_a_gain_that_stays_decides_nothing() {
        assert_eq!(judged(|_, _| 0.8).verdict, Verdict::Refuted);
        assert_eq!(
            judged(|method, _| if method == Method::All { 0.9 } else { 0.8 }).verdict,
            Verdict::Inconclusive
        );
    }
}
