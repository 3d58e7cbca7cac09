//! The decision rule.

use autodidact_experiment::reproduction::{Findings, Verdict};
use autodidact_experiment::statistics::mean;

use super::arm::Arm;
use super::results::{Gain, Results, adaptation_gap, loss_gap, similarity, test_accuracy, train_accuracy};

/// Share of seeds in which the early-stopped listener has to be better.
const SHARE: f64 = 0.8;
/// A difference that is as good as none.
const SMALL: f64 = 0.02;
/// Largest error of the identity.
const EXACT: f64 = 1e-10;
/// Share of the lower of both train accuracies at which runs are compared.
const LEVEL: f64 = 0.9;

/// Gains in test accuracy and in topographic similarity.
type Gains = [Gain; 2];

fn gains(results: &Results, arm: Arm, other: Arm) -> Gains {
    [test_accuracy, similarity].map(|value| Gain::of(&results.differences(arm, other, value)))
}

fn both(gains: &Gains, holds: impl Fn(&Gain) -> bool) -> bool {
    gains.iter().all(holds)
}

fn shown([accuracy, similarity]: &Gains) -> String {
    format!("accuracy {}, topographic similarity {}", accuracy.display(), similarity.display())
}

pub(super) fn judge(results: &Results) -> Findings {
    let over = |arm, other| gains(results, arm, other);
    let effect = over(Arm::EarlyStopped, Arm::Continuous);
    let is_better = both(&effect, |gain| gain.is_clear() && gain.share >= SHARE);
    let is_none = both(&effect, |gain| gain.interval.is_below(SMALL));

    let narrowing = |value| Gain::of(&results.differences(Arm::Continuous, Arm::EarlyStopped, value));
    let (whole, adaptation) = (narrowing(loss_gap), narrowing(adaptation_gap));
    let share = adaptation.interval.estimate / whole.interval.estimate;
    let is_adaptation = whole.is_clear() && share >= 0.5;

    let controls = [Arm::Partial, Arm::Retrained].map(|control| {
        let beyond = over(Arm::EarlyStopped, control);
        let of_control = over(control, Arm::Continuous);
        let is_beaten = both(&beyond, Gain::is_clear);
        let is_equal = is_better && both(&of_control, Gain::is_clear) && !beyond.iter().any(Gain::is_clear);
        (control, beyond, is_beaten, is_equal)
    });
    let is_beyond_controls = controls.iter().all(|(.., is_beaten, _)| *is_beaten);
    let is_control = controls.iter().any(|(.., is_equal)| *is_equal);

    let at_level: Vec<f64> = results
        .pairs(Arm::EarlyStopped, Arm::Continuous)
        .map(|(ours, other)| {
            let level = LEVEL * train_accuracy(ours.last()).min(train_accuracy(other.last()));
            let [ours, other] = [ours, other].map(|run| test_accuracy(run.when_train_accuracy_is(level)));
            ours - other
        })
        .collect();
    let at_level = Gain::of(&at_level);
    let vanishes = is_better && at_level.interval.is_below(SMALL);

    let tie = Gain::of(&results.differences(Arm::AllEarlyStopped, Arm::AllContinuous, test_accuracy));
    let is_tied = !(tie.is_clear() || tie.interval.is_below(0.0)) || tie.interval.estimate.abs() < SMALL;

    let exact = &results.exact;
    let is_exact = exact.identity < EXACT;

    let verdict = if is_better && is_adaptation && is_beyond_controls && !vanishes && is_tied && is_exact {
        Verdict::Supported
    } else if is_control || vanishes || (adaptation.is_clear() && is_none) {
        Verdict::Refuted
    } else {
        Verdict::Inconclusive
    };
    let open = |met: bool, refuted: bool| if met { Some(true) } else { refuted.then_some(false) };
    let mut findings = Findings::new(verdict)
        .with_reason(reason(verdict, is_better, is_adaptation, is_beyond_controls, is_tied))
        .with_criterion(
            "E0: L = L_info + L_adapt for all tables, to 1e-10",
            format!(
                "largest error {:.1e}; the Bayes listener's loss is L_info to {:.1e}, its gradient that of differences to {:.1e}",
                exact.identity, exact.bayes, exact.gradient
            ),
            Some(is_exact),
        )
        .with_criterion(
            "early-stopped above continuous, in test accuracy and topographic similarity, in 80 % of seeds",
            shown(&effect),
            open(is_better, is_none),
        )
        .with_criterion(
            "half or more of what the gap of losses narrows by is co-adaptation",
            format!(
                "the gap narrows by {} nats, its co-adaptation part by {}",
                whole.interval.display(3),
                adaptation.interval.display(3)
            ),
            open(is_adaptation, whole.is_clear() && share < 0.5),
        );
    for (control, beyond, is_beaten, is_equal) in &controls {
        findings = findings.with_criterion(
            format!("early-stopped above `{}`", control.name()),
            shown(beyond),
            open(*is_beaten, *is_equal),
        );
    }
    findings
        .with_criterion(
            "early-stopped above continuous in test accuracy when as many objects that train are told",
            at_level.display(),
            open(at_level.is_clear(), vanishes),
        )
        .with_criterion(
            "negative control: on all objects both are alike in accuracy",
            format!(
                "{}; means {:.3} and {:.3}",
                tie.interval.display(3),
                mean(&results.values(Arm::AllEarlyStopped, test_accuracy)),
                mean(&results.values(Arm::AllContinuous, test_accuracy))
            ),
            Some(is_tied),
        )
}

fn reason(
    verdict: Verdict,
    is_better: bool,
    is_adaptation: bool,
    is_beyond_controls: bool,
    is_tied: bool,
) -> &'static str {
    match verdict {
        Verdict::Supported => {
            "An early-stopped listener gives languages that are more compositional and generalise better, and neither as many steps nor a \
             fresh listener does the same."
        }
        Verdict::Refuted if is_better => {
            "What early stopping gains comes with more steps, a fresh listener or better training as well."
        }
        Verdict::Refuted => {
            "Less co-adaptation made languages neither more compositional nor better at generalising."
        }
        _ if !is_better => {
            "Early stopping is not clearly better in both accuracy and topographic similarity."
        }
        _ if !is_tied => "The arms differ where nothing can be overfitted.",
        _ if !is_adaptation => "What early stopping gains is not co-adaptation for the most part.",
        _ if !is_beyond_controls => "Early stopping is not clearly better than its controls.",
        _ => "Not every condition is met.",
    }
}
