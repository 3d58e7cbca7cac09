//! The decision rule.

use autodidact_experiment::reproduction::{Findings, Verdict};
use autodidact_experiment::statistics::mean;

use super::arm::{Arm, Kind};
use super::decision::{Decision, Gains};
use super::results::{Results, test_accuracy};

/// Largest error of the identity.
const EXACT: f64 = 1e-10;
/// Differences within this are none, where nothing can be overfitted.
const MARGIN: f64 = 0.05;

pub(super) fn judge(results: &Results) -> Findings {
    let attributes = results.of(Kind::Attributes);
    let (of_attributes, of_pictures) = (Decision::of(attributes), Decision::of(results.of(Kind::Pictures)));
    let alike = Gains::of(attributes, Arm::AllEarlyStopped, Arm::AllContinuous);
    let is_alike = alike.both(|gain| gain.is_within(MARGIN));
    let differs = !alike.both(|gain| !gain.differs(MARGIN));
    let exact = &results.exact;
    let is_exact = exact.identity < EXACT;

    let verdict = if of_attributes.holds() && is_alike && is_exact && !of_pictures.is_refuted() {
        Verdict::Supported
    } else if of_attributes.is_refuted() {
        Verdict::Refuted
    } else {
        Verdict::Inconclusive
    };
    let findings = Findings::new(verdict).with_reason(reason(verdict, &of_attributes, is_alike)).with_criterion(
        "L = L_info + L_adapt for all tables, to 1e-10",
        format!(
            "largest error {:.1e}; the Bayes listener's loss is L_info to {:.1e}, its gradient that of differences to {:.1e}",
            exact.identity, exact.bayes, exact.gradient
        ),
        Some(is_exact),
    );
    let findings = of_attributes.criteria(findings, "reconstruction");
    let findings = findings.with_criterion(
        "negative control: on all objects both are alike, within 0.05",
        format!(
            "{}; accuracies {:.3} and {:.3}",
            alike.display(),
            mean(&attributes.values(Arm::AllEarlyStopped, test_accuracy)),
            mean(&attributes.values(Arm::AllContinuous, test_accuracy))
        ),
        if is_alike { Some(true) } else { differs.then_some(false) },
    );
    of_pictures.criteria(findings, "discrimination")
}

fn reason(verdict: Verdict, decision: &Decision, is_alike: bool) -> &'static str {
    match verdict {
        Verdict::Supported => {
            "An early-stopped listener gives languages that are more compositional and generalise better, and neither as many steps nor a \
             fresh listener does the same."
        }
        Verdict::Refuted if decision.is_better() => {
            "What early stopping gains comes with more steps, with a fresh listener or with better training as well."
        }
        Verdict::Refuted => {
            "Less co-adaptation made languages neither more compositional nor better at generalising."
        }
        _ if !decision.is_better() => {
            "Early stopping is not clearly better in both accuracy and topographic similarity."
        }
        _ if !is_alike => "It is not shown that the arms are alike where nothing can be overfitted.",
        _ if !decision.is_adaptation() => "What early stopping gains is not co-adaptation for the most part.",
        _ if !decision.is_beyond_controls() => "Early stopping is not clearly better than its controls.",
        _ if decision.holds() => {
            "What holds in reconstruction is refuted in discrimination, or the identity fails."
        }
        _ => "Test accuracy is not clearly better at the same train accuracy.",
    }
}
