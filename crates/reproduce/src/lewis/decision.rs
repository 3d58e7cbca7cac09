//! What the rule says of one kind of game.

use autodidact_experiment::reproduction::Findings;

use super::arm::Arm;
use super::results::{Gain, OfKind, adaptation_gap, loss_gap, similarity, test_accuracy, train_accuracy};

/// Share of seeds in which the early-stopped listener has to be better.
const SHARE: f64 = 0.8;
/// A difference that is as good as none.
const SMALL: f64 = 0.02;
/// Share of the lower of both train accuracies at which runs are compared.
const LEVEL: f64 = 0.9;

/// Gains in test accuracy and in topographic similarity.
#[derive(Clone, Copy)]
pub(super) struct Gains([Gain; 2]);

impl Gains {
    pub fn of(results: OfKind<'_>, arm: Arm, other: Arm) -> Self {
        Self([test_accuracy, similarity].map(|value| Gain::of(&results.differences(arm, other, value))))
    }

    pub fn both(&self, holds: impl Fn(&Gain) -> bool) -> bool {
        self.0.iter().all(holds)
    }

    pub fn display(&self) -> String {
        let [accuracy, similarity] = self.0.map(|gain| gain.display());
        format!("accuracy {accuracy}, topographic similarity {similarity}")
    }
}

/// A control beside the early-stopped listener.
struct Control {
    arm: Arm,
    /// What early stopping has above it.
    beyond: Gains,
    /// Whether the control does the same.
    is_equal: bool,
}

/// The conditions for one kind of game.
pub(super) struct Decision {
    effect: Gains,
    /// What the gap of losses narrows by, and its part in co-adaptation.
    narrowing: [Gain; 2],
    controls: [Control; 3],
    /// Gain in test accuracy when train accuracy is the same.
    at_level: Gain,
}

impl Decision {
    pub fn of(results: OfKind<'_>) -> Self {
        let effect = Gains::of(results, Arm::EarlyStopped, Arm::Continuous);
        let narrowing = [loss_gap, adaptation_gap]
            .map(|value| Gain::of(&results.differences(Arm::Continuous, Arm::EarlyStopped, value)));
        let controls = [Arm::Partial, Arm::Retrained, Arm::Reset].map(|arm| {
            let beyond = Gains::of(results, Arm::EarlyStopped, arm);
            let is_equal = Gains::of(results, arm, Arm::Continuous).both(Gain::is_clear)
                && beyond.both(|gain| !gain.is_clear());
            Control { arm, beyond, is_equal }
        });
        let at_level: Vec<f64> = results
            .pairs(Arm::EarlyStopped, Arm::Continuous)
            .map(|(ours, other)| {
                let level = LEVEL * train_accuracy(ours.last()).min(train_accuracy(other.last()));
                let [ours, other] = [ours, other].map(|run| test_accuracy(run.when_train_accuracy_is(level)));
                ours - other
            })
            .collect();
        Self { effect, narrowing, controls, at_level: Gain::of(&at_level) }
    }

    pub fn is_better(&self) -> bool {
        self.effect.both(|gain| gain.is_clear() && gain.share >= SHARE)
    }

    fn is_none(&self) -> bool {
        self.effect.both(|gain| gain.interval.is_below(SMALL))
    }

    /// The gap narrows, by co-adaptation for the most part.
    pub fn is_adaptation(&self) -> bool {
        let [whole, adaptation] = &self.narrowing;
        whole.is_clear() && adaptation.interval.estimate >= 0.5 * whole.interval.estimate
    }

    pub fn is_beyond_controls(&self) -> bool {
        self.controls.iter().all(|control| control.beyond.both(Gain::is_clear))
    }

    fn vanishes(&self) -> bool {
        self.is_better() && self.at_level.interval.is_below(SMALL)
    }

    pub fn holds(&self) -> bool {
        self.is_better() && self.is_adaptation() && self.is_beyond_controls() && self.at_level.is_clear()
    }

    pub fn is_refuted(&self) -> bool {
        let [_, adaptation] = &self.narrowing;
        let is_control = self.is_better() && self.controls.iter().any(|control| control.is_equal);
        is_control || self.vanishes() || (adaptation.is_clear() && self.is_none())
    }

    /// Adds the conditions; `game` says which game they are of.
    pub fn criteria(&self, findings: Findings, game: &str) -> Findings {
        let open = |met: bool, refuted: bool| if met { Some(true) } else { refuted.then_some(false) };
        let [whole, adaptation] = &self.narrowing;
        let findings = findings
            .with_criterion(
                format!("{game}: early-stopped above continuous, in test accuracy and topographic similarity, in 80 % of seeds"),
                self.effect.display(),
                open(self.is_better(), self.is_none()),
            )
            .with_criterion(
                format!("{game}: half or more of what the gap of losses narrows by is co-adaptation"),
                format!(
                    "the gap narrows by {} nats, its co-adaptation part by {}",
                    whole.interval.display(3),
                    adaptation.interval.display(3)
                ),
                open(self.is_adaptation(), whole.is_clear() && !self.is_adaptation()),
            );
        let findings = self.controls.iter().fold(findings, |findings, control| {
            findings.with_criterion(
                format!("{game}: early-stopped above `{}`", control.arm.name()),
                control.beyond.display(),
                open(control.beyond.both(Gain::is_clear), control.is_equal),
            )
        });
        findings.with_criterion(
            format!(
                "{game}: early-stopped above continuous in test accuracy when as many objects that train are told"
            ),
            self.at_level.display(),
            open(self.at_level.is_clear(), self.vanishes()),
        )
    }
}
