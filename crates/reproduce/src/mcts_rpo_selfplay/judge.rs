//! The decision rule.

use autodidact_experiment::reproduction::{Findings, JobResult, Plan, Scale, Verdict};
use autodidact_experiment::statistics::Interval;

use super::method::Method;
use super::results::Results;
use super::task::Task;
use super::{figures, tables};

/// An interval around 0 of this half-width leaves no room for a gain that matters, in Elo.
const SMALL: f64 = 35.0;

/// ALL's gain at the fewest and at the most simulations.
#[derive(Clone, Copy, Debug)]
struct Gain {
    least: Interval,
    most: Interval,
}

impl Gain {
    fn of(results: &Results, task: Task) -> Option<Self> {
        let budgets = results.budgets(task);
        let gain = |budget: Option<&u32>| results.gain(task, Method::All, *budget?);
        Some(Self { least: gain(budgets.first())?, most: gain(budgets.last())? })
    }

    fn supports(&self) -> bool {
        let Self { least, most } = self;
        least.is_bounded() && least.is_above(0.0) && most.estimate < 0.5 * least.estimate
    }

    fn refutes(&self) -> bool {
        let Interval { low, high, .. } = self.least;
        self.least.is_bounded() && (self.least.is_below(0.0) || (low <= 0.0 && 0.5 * (high - low) < SMALL))
    }
}

pub(super) fn judge(plan: &Plan, results: &[JobResult]) -> Findings {
    let results = Results::new(plan.scale, results);
    let gains = Task::ALL.map(|task| (task, Gain::of(&results, task)));
    let all = |holds: fn(&Gain) -> bool| gains.iter().all(|(_, gain)| gain.as_ref().is_some_and(holds));
    let verdict = if all(Gain::supports) {
        Verdict::Supported
    } else if all(Gain::refutes) {
        Verdict::Refuted
    } else {
        Verdict::Inconclusive
    };
    let mut findings = Findings::new(verdict);
    for (task, gain) in &gains {
        let budgets = results.budgets(*task);
        let (few, many) = (budgets[0], budgets[budgets.len() - 1]);
        let text = format!(
            "{}: ALL above AlphaZero with {few} simulations, by less than half as much with {many}",
            task.label()
        );
        let Some(gain) = gain else {
            findings = findings.with_criterion(text, "training diverged in every seed", None);
            continue;
        };
        let met = if gain.supports() {
            Some(true)
        } else if gain.refutes() {
            Some(false)
        } else {
            None
        };
        let Gain { least, most } = gain;
        findings = findings
            .with_reason(format!(
                "{}: ALL gains {} Elo over AlphaZero with {few} simulations and {} with {many}.",
                task.label(),
                least.display(0),
                most.display(0)
            ))
            .with_criterion(
                text,
                format!("{} Elo with {few}, {} with {many}", least.display(0), most.display(0)),
                met,
            );
    }
    for task in Task::ALL {
        findings = findings
            .with_table(tables::strength(&results, task))
            .with_table(tables::measured(&results, task));
    }
    for task in Task::ALL {
        for chart in [figures::gain(&results, task), figures::strength(&results, task)] {
            findings = match chart.draw() {
                Ok(figure) => findings.with_figure(figure, "Means over judged seeds, with 95 % intervals."),
                Err(error) => findings.with_note(format!("A figure could not be drawn: {error}.")),
            };
        }
    }
    notes(findings, plan, &results)
}

fn notes(mut findings: Findings, plan: &Plan, results: &Results) -> Findings {
    let ahead: Vec<String> = Task::ALL
        .into_iter()
        .flat_map(|task| results.budgets(task).into_iter().map(move |budget| (task, budget)))
        .filter(|(task, budget)| {
            let strength = |method| {
                results.strength(*task, method, *budget).map_or(f64::NAN, |strength| strength.estimate)
            };
            strength(Method::Gumbel) > strength(Method::All)
        })
        .map(|(task, budget)| format!("{} with {budget} simulations", task.label()))
        .collect();
    if !ahead.is_empty() {
        findings = findings
            .with_note(format!("Gumbel ends above ALL at equal evaluations on: {}.", ahead.join("; ")));
    }
    let diverged = results.diverged();
    if !diverged.is_empty() {
        findings = findings.with_note(format!(
            "Training diverged, which is left out of means and pairs: {}.",
            diverged.join("; ")
        ));
    }
    findings = findings.with_note(
        "The paper trains on Atari and control tasks with learned models; here the rules are known and the games small. Opponents stay the \
         same, while a pool with all trained networks would let these meet each other. Intervals cover seeds, of which there are few.",
    );
    if plan.scale == Scale::Quick {
        findings = findings.with_note(
            "At the quick scale training is so short, and with so few seeds, that a verdict says little: it shows that everything works.",
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcts_rpo_selfplay::arm::{Arm, Measured, Outcome};
    use autodidact_arena::Tally;
    use autodidact_experiment::reproduction::Claim;
    use autodidact_experiment::run::Environment;

    /// Findings where each method has so many points of 60 at the least and the other budgets, on each seed.
    fn judged(plan: &Plan, points: impl Fn(&Arm, bool, u64) -> Option<u32>) -> Findings {
        let results: Vec<JobResult> = crate::MctsRpoSelfplay
            .jobs(plan)
            .into_iter()
            .map(|job| {
                let arm: Arm = serde_json::from_value(job.description.clone()).expect("an arm");
                let is_least = arm.search.num_simulations == arm.task.budgets()[0];
                let outcome = match points(&arm, is_least, job.seed) {
                    None => Outcome::Diverged { step: 7 },
                    Some(wins) => {
                        let tally = Tally { wins, losses: 60 - wins, ..Tally::default() };
                        Outcome::Measured(Measured {
                            raw: tally,
                            searched: tally,
                            right_moves: arm.exam.map(|_| 0.5),
                            positions: 1000,
                            games: 50,
                            updates: 60,
                            evaluations: 3000,
                            seconds: 1.0,
                        })
                    }
                };
                JobResult {
                    version: 1,
                    hash: job.hash(),
                    job,
                    result: serde_json::to_value(outcome).expect("plain data"),
                    seconds: 1.0,
                    environment: Environment::capture(1),
                    command: "test".to_owned(),
                }
            })
            .collect();
        crate::MctsRpoSelfplay.judge(plan, &results)
    }

    /// A point more or less from seed to seed.
    fn wobble(seed: u64) -> u32 {
        (seed % 3) as u32
    }

    #[test]
    fn a_gain_that_shrinks_with_the_budget_is_supported() {
        for scale in Scale::ALL {
            let findings = judged(&Plan::new(scale), |arm, is_least, seed| {
                let gains = arm.method == Method::All && is_least;
                Some(30 + wobble(seed) + if gains { 10 + wobble(seed + 1) } else { 0 })
            });
            assert_eq!(findings.verdict, Verdict::Supported, "{:?}", findings.criteria);
            assert_eq!((findings.tables.len(), findings.figures.len()), (4, 4), "{:?}", findings.notes);
            assert!(findings.criteria.iter().all(|criterion| criterion.met == Some(true)));
        }
    }

    #[test]
    fn no_gain_or_a_loss_is_refuted() {
        let plan = Plan::new(Scale::Standard);
        let none = judged(&plan, |_, _, seed| Some(30 + wobble(seed)));
        assert_eq!(none.verdict, Verdict::Refuted, "{:?}", none.criteria);
        let loss = judged(&plan, |arm, _, seed| {
            Some(if arm.method == Method::All { 15 } else { 30 } + wobble(seed))
        });
        assert_eq!(loss.verdict, Verdict::Refuted, "{:?}", loss.criteria);
    }

    #[test]
    fn what_is_in_between_is_inconclusive() {
        let plan = Plan::new(Scale::Standard);
        let stays = judged(&plan, |arm, _, seed| {
            Some(if arm.method == Method::All { 40 } else { 30 } + wobble(seed))
        });
        assert_eq!(stays.verdict, Verdict::Inconclusive, "a gain that stays with many simulations");
        let one_game = judged(&plan, |arm, is_least, seed| {
            let gains = arm.method == Method::All && is_least && arm.task == Task::Hex;
            Some(if gains { 40 } else { 30 } + wobble(seed))
        });
        assert_eq!(one_game.verdict, Verdict::Inconclusive, "{:?}", one_game.criteria);
        // As often far above as far below.
        let wide = judged(&plan, |arm, _, seed| {
            Some(match (arm.method, seed % 2) {
                (Method::All, 0) => 45,
                (Method::All, _) => 15,
                _ => 30,
            })
        });
        assert_eq!(wide.verdict, Verdict::Inconclusive, "{:?}", wide.criteria);
        let one_seed = Plan { seeds: Some(1), ..plan };
        let alone = judged(&one_seed, |arm, is_least, _| {
            Some(if arm.method == Method::All && is_least { 50 } else { 20 })
        });
        assert_eq!(alone.verdict, Verdict::Inconclusive);
        // Nothing was tuned.
        assert!(
            alone.tables[0].rows[0].iter().skip(1).all(|cell| cell.contains(", 1.25")),
            "{:?}",
            alone.tables[0]
        );
    }

    /// The constant is the one that is best on the first seed, whatever the others say.
    #[test]
    fn constants_are_chosen_on_seeds_that_are_not_judged() {
        let plan = Plan::new(Scale::Standard);
        let findings = judged(&plan, |arm, _, seed| {
            let is_favoured = arm.exploration == if seed == 1 { 0.3 } else { 4.0 };
            Some(if is_favoured { 50 } else { 10 + wobble(seed) })
        });
        let row = findings.tables[0].rows.concat().concat();
        assert!(row.contains(", 0.3 (") && !row.contains(", 4 ("), "{row}");
        // Gumbel is no better than ALL.
        assert!(!findings.notes.iter().any(|note| note.contains("Gumbel")), "{:?}", findings.notes);
    }

    #[test]
    fn divergence_and_gumbel_ahead_are_told() {
        let plan = Plan::new(Scale::Standard);
        let findings = judged(&plan, |arm, _, seed| match arm.method {
            Method::All if seed == 2 => None,
            Method::Gumbel => Some(45),
            _ => Some(30 + wobble(seed)),
        });
        let told = |text: &str| findings.notes.iter().any(|note| note.contains(text));
        assert!(told("Gumbel ends above ALL"), "{:?}", findings.notes);
        assert!(told("ALL with 2 simulations, seed 2, at step 7"), "{:?}", findings.notes);
        let all = judged(&plan, |arm, _, seed| (arm.method != Method::All).then(|| 30 + wobble(seed)));
        assert_eq!(all.verdict, Verdict::Inconclusive);
    }
}
