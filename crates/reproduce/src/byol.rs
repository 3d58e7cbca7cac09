//! BYOL: the predictor and the moving-average target keep the representation from collapsing.

use autodidact_experiment::reproduction::{
    Claim, Findings, Job, JobContext, JobError, JobResult, Plan, Verdict,
};
use autodidact_nn::EmaSchedule;
use serde_json::Value;

use crate::image_arm::{ImageArm, Measured};
use crate::judge::{
    Arms, ShownArm, difference, differences, linear, mean, seeds, spread, table, with_figures, with_interval,
};
use crate::setting::{baseline, default_seeds};

/// Points by which BYOL's probe has to beat the random encoder's.
const GAIN: f64 = 5.0;
/// Gain below which the claim counts as refuted.
const NO_GAIN: f64 = 2.0;
/// Spread from which a representation counts as alive.
const ALIVE: f64 = 0.3;
/// Spread up to which it counts as collapsed.
const COLLAPSED: f64 = 0.1;
/// Points by which a collapsed encoder's probe may lie above the random encoder's.
const SLACK: f64 = 1.0;

/// Job name, label, and the paper's ImageNet linear top-1 after 300 epochs (ResNet-50, tables 5 and 19–22).
const ARMS: &[ShownArm<'static>] = &[
    ("byol", "BYOL", "72.5"),
    ("random", "random encoder", "1.4"),
    ("no-predictor", "no predictor", "0.2"),
    ("no-predictor-no-ema", "no predictor, no EMA", "0.1"),
    ("fixed-target", "fixed random target (τ = 1)", "18.8"),
    ("no-ema", "predictor, no EMA (τ = 0)", "0.3 to 5.5"),
    ("no-ema-fast-predictor", "no EMA, predictor rate ×10", "66.7"),
];

/// Grill et al. 2020.
#[derive(Clone, Copy, Debug)]
pub struct Byol;

impl Claim for Byol {
    fn paper(&self) -> &'static str {
        "byol"
    }

    fn title(&self) -> &'static str {
        "Bootstrap your own latent: a new approach to self-supervised learning"
    }

    fn citation(&self) -> &'static str {
        "Grill et al. 2020, arXiv 2006.07733"
    }

    fn claim(&self) -> &'static str {
        "Without negative pairs, predicting a slowly moving average of oneself learns a useful representation; take \
         away the predictor and it collapses. A fixed random target already teaches something, a moving one more."
    }

    fn rule(&self) -> &'static str {
        "Supported if, in at least four fifths of the seeds, BYOL's linear probe beats the random encoder's by at least \
         5 points with a spread of at least 0.3; and in at least four fifths of the seeds, both arms without a predictor \
         have a spread of at most 0.1 and a probe at most 1 point above the random encoder's; and the fixed random \
         target's mean probe lies between the random encoder's and BYOL's. Refuted at this scale if BYOL gains less than \
         2 points on average or the arm without a predictor keeps a spread of at least 0.3 on average. Otherwise \
         inconclusive. Runs that diverge are in no mean and count neither as collapsed nor as alive; where half of \
         BYOL's do, nothing is refuted. The arm `predictor, no EMA` is reported only: the paper gives 0.3, 3.2 and 5.5 for it."
    }

    fn jobs(&self, plan: &Plan) -> Vec<Job> {
        let byol = baseline(plan);
        plan.seeds(default_seeds(plan.scale))
            .flat_map(|seed| ARMS.iter().map(move |(name, _, _)| (seed, *name)))
            .map(|(seed, name)| arm(&byol, name).job(self.paper(), plan.scale, name, seed))
            .collect()
    }

    fn run(&self, job: &Job, context: &JobContext<'_>) -> Result<Value, JobError> {
        ImageArm::of(job)?.run(context)
    }

    fn judge(&self, _plan: &Plan, results: &[JobResult]) -> Findings {
        let arms = Arms::new(results);
        let judged = Judged::new(&arms);
        let mut findings = Findings::new(judged.verdict());
        for (text, measured, met) in judged.criteria(&arms) {
            findings = findings.with_criterion(text, measured, Some(met));
        }
        let gain = difference(&arms, "byol", "random");
        findings = findings
            .with_reason(format!(
                "BYOL's probe minus the random encoder's: {} points (paired over {}).",
                gain,
                seeds(judged.compared)
            ))
            .with_table(table(&arms, ARMS, "Mean over seeds with 95 % bootstrap interval; last column: the paper's ImageNet linear top-1, ResNet-50, 300 epochs"));
        let captions = [
            "Each dot is a seed; redraws the paper's table 5 with this data.",
            "Mean over seeds of the standard deviation of the l2-normalised projections, times √d: near 1 for a \
             spread-out representation, 0 for a collapsed one.",
        ];
        with_figures(findings, &arms, ARMS, ("random", "random encoder"), captions)
            .with_note("A collapsed small encoder does not probe at chance: it keeps what random convolutions give. Collapse shows in the spread and in no gain over the random encoder.")
            .with_note("The spread is that of the projections z of the online network on augmented training views, averaged over the last readings.")
    }
}

fn arm(byol: &ImageArm, name: &str) -> ImageArm {
    let target = |arm: ImageArm, tau: f64| {
        arm.with(|config| {
            config.target.tau_base = tau;
            config.target.schedule = EmaSchedule::Constant;
        })
    };
    match name {
        "byol" => byol.clone(),
        "random" => byol.untrained(),
        "no-predictor" => byol.with(|config| config.use_predictor = false),
        "no-predictor-no-ema" => target(byol.with(|config| config.use_predictor = false), 0.0),
        "fixed-target" => target(byol.clone(), 1.0),
        "no-ema" => target(byol.clone(), 0.0),
        "no-ema-fast-predictor" => target(byol.with(|config| config.predictor_multiplier = 10.0), 0.0),
        _ => unreachable!("arms come from ARMS"),
    }
}

/// Points by which an arm's probe lies above the random encoder's.
fn gain(arm: &Measured, random: &Measured) -> Option<f64> {
    Some(arm.linear? - random.linear?)
}

/// The rule's quantities.
struct Judged {
    seeds: usize,
    /// Seeds in which neither BYOL nor its random encoder diverged.
    compared: usize,
    /// Seeds in which BYOL gains enough and stays alive.
    wins: usize,
    /// Seeds in which the arms without a predictor collapse.
    collapses: [usize; 2],
    mean_gain: f64,
    mean_spread_without_predictor: f64,
    fixed_target_lies_between: bool,
}

const WITHOUT_PREDICTOR: [&str; 2] = ["no-predictor", "no-predictor-no-ema"];

impl Judged {
    fn new(arms: &Arms) -> Self {
        let collapses = WITHOUT_PREDICTOR.map(|name| {
            arms.count_pairs(name, "random", |arm, random| {
                arm.spread.is_some_and(|spread| spread <= COLLAPSED)
                    && gain(arm, random).is_some_and(|gain| gain <= SLACK)
            })
        });
        let gains = differences(arms, "byol", "random");
        let above = |a, b| mean(&differences(arms, a, b)) > 0.0;
        Self {
            seeds: arms.arm("byol").len(),
            compared: gains.len(),
            wins: arms.count_pairs("byol", "random", |byol, random| {
                gain(byol, random).is_some_and(|gain| gain >= GAIN)
                    && byol.spread.is_some_and(|spread| spread >= ALIVE)
            }),
            collapses,
            mean_gain: mean(&gains),
            mean_spread_without_predictor: mean(&arms.values("no-predictor", spread)),
            fixed_target_lies_between: above("fixed-target", "random") && above("byol", "fixed-target"),
        }
    }

    /// Four fifths of the seeds, rounded up.
    fn needed(&self) -> usize {
        (4 * self.seeds).div_ceil(5)
    }

    fn verdict(&self) -> Verdict {
        let needed = self.needed();
        let supported = self.wins >= needed
            && self.collapses.iter().all(|count| *count >= needed)
            && self.fixed_target_lies_between;
        if supported {
            Verdict::Supported
        } else if 2 * self.compared > self.seeds
            && (self.mean_gain < NO_GAIN || self.mean_spread_without_predictor >= ALIVE)
        {
            Verdict::Refuted
        } else {
            Verdict::Inconclusive
        }
    }

    fn criteria(&self, arms: &Arms) -> Vec<(String, String, bool)> {
        let (seeds, needed) = (self.seeds, self.needed());
        let mut criteria = vec![(
            format!(
                "BYOL − random ≥ {GAIN} points and spread ≥ {ALIVE}, in at least {needed} of {seeds} seeds"
            ),
            format!(
                "{} of {seeds}; gain {} points, spread {}",
                self.wins,
                difference(arms, "byol", "random"),
                with_interval(&arms.values("byol", spread), 2)
            ),
            self.wins >= needed,
        )];
        for (name, count) in WITHOUT_PREDICTOR.iter().zip(self.collapses) {
            criteria.push((
                format!("`{name}`: spread ≤ {COLLAPSED} and probe ≤ random + {SLACK}, in at least {needed} of {seeds} seeds"),
                format!(
                    "{count} of {seeds}; spread {}, probe − random {} points",
                    with_interval(&arms.values(name, spread), 3),
                    difference(arms, name, "random")
                ),
                count >= needed,
            ));
        }
        criteria.push((
            "random < fixed random target < BYOL, mean probes".to_owned(),
            ["random", "fixed-target", "byol"]
                .map(|name| format!("{:.1}", mean(&arms.values(name, linear))))
                .join(" < "),
            self.fixed_target_lies_between,
        ));
        criteria
    }
}
