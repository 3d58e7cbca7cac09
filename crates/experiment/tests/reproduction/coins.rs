//! The toy claim: a loaded coin shows heads more often than a fair one.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use autodidact_experiment::checkpoint::{CheckpointBuilder, Checkpoints};
use autodidact_experiment::figure::IntervalChart;
use autodidact_experiment::progress::Display;
use autodidact_experiment::reproduction::{
    Claim, Findings, Interrupted, Job, JobContext, JobError, JobResult, Plan, Reproduction, Scale, Verdict,
};
use autodidact_experiment::rng::{Seeds, Stream, StreamState};
use autodidact_experiment::statistics::Bootstrap;
use autodidact_experiment::table::Table;
use autodidact_experiment::{Error, interrupt};
use rand::RngExt;
use serde_json::{Value, json};

/// Tells a child process which job to run, and below which folder.
const JOB: &str = "COINS_JOB";
const OUT: &str = "COINS_OUT";
/// Milliseconds that a round takes: time for a test to step in. Not part of what a result depends on.
const PAUSE: &str = "COINS_PAUSE";
/// The arm whose process dies.
const CRASH: &str = "COINS_CRASH";

pub const ROUNDS: u64 = 40;

pub struct Coins {
    /// Chance of heads of the loaded coin.
    pub loaded: f64,
}

impl Claim for Coins {
    fn paper(&self) -> &'static str {
        "coins"
    }
    fn title(&self) -> &'static str {
        "On Loaded Coins & <Fair> Ones"
    }
    fn citation(&self) -> &'static str {
        "Bernoulli 1713, Ars Conjectandi"
    }
    fn claim(&self) -> &'static str {
        "A loaded coin shows heads more often than a fair one."
    }
    fn rule(&self) -> &'static str {
        "Supported if the 95 % interval of the paired difference lies above `0.1`, refuted if it lies below zero."
    }

    fn jobs(&self, plan: &Plan) -> Vec<Job> {
        let arms = [("fair", 0.5), ("loaded", self.loaded)];
        let job = |arm, chance, seed| {
            Job::new("coins", plan.scale, arm, seed, json!({ "chance": chance, "rounds": ROUNDS }))
        };
        arms.iter().flat_map(|(arm, chance)| plan.seeds(3).map(move |seed| job(arm, *chance, seed))).collect()
    }

    fn run(&self, job: &Job, context: &JobContext<'_>) -> Result<Value, JobError> {
        if std::env::var(CRASH).is_ok_and(|arm| arm == job.arm) {
            eprintln!("the coin rolled off the table");
            std::process::abort();
        }
        let chance = job.description["chance"].as_f64().ok_or("no chance")?;
        let rounds = job.description["rounds"].as_u64().ok_or("no rounds")?;
        let pause: u64 = std::env::var(PAUSE).map_or(0, |text| text.parse().unwrap_or(0));
        let checkpoints = Checkpoints::new(context.scratch);
        let (mut round, mut heads, mut coin) = match checkpoints.latest()? {
            Some(latest) => {
                let checkpoint = latest.checkpoint;
                eprintln!("continues after round {}", checkpoint.step());
                let coin = Stream::from_state(&checkpoint.json::<StreamState>("coin")?);
                (checkpoint.step(), checkpoint.json("heads")?, coin)
            }
            None => (0, 0_u64, Seeds::new(job.seed).stream("coin")),
        };
        while round < rounds {
            heads += (0..50).filter(|_| coin.random_bool(chance)).count() as u64;
            round += 1;
            let state = CheckpointBuilder::new().json("heads", &heads)?.json("coin", &coin.state())?;
            checkpoints.save(round, &state)?;
            context.progress(round, rounds, &[("coin/heads", heads as f64 / (round * 50) as f64)]);
            if interrupt::requested() {
                return Err(Interrupted.into());
            }
            std::thread::sleep(Duration::from_millis(pause));
        }
        Ok(json!({ "heads": heads as f64 / (rounds * 50) as f64 }))
    }

    fn judge(&self, plan: &Plan, results: &[JobResult]) -> Findings {
        let heads = |arm: &str| -> Vec<f64> {
            let of_arm = results.iter().filter(|result| result.job.arm == arm);
            of_arm.map(|result| result.result["heads"].as_f64().unwrap()).collect()
        };
        let (fair, loaded) = (heads("fair"), heads("loaded"));
        assert_eq!(fair.len(), plan.seeds(3).count());
        let bootstrap = Bootstrap::default();
        let gain = bootstrap.paired_difference(&loaded, &fair);
        let verdict = if gain.is_above(0.1) {
            Verdict::Supported
        } else if gain.is_below(0.0) {
            Verdict::Refuted
        } else {
            Verdict::Inconclusive
        };
        let mut table = Table::new(["coin", "heads"]).with_caption("Share of heads, mean with 95 % interval");
        let mut chart = IntervalChart::new("Share of heads, every seed", "share of heads");
        for (arm, values) in [("fair", &fair), ("loaded", &loaded)] {
            let interval = bootstrap.mean(values);
            table.push(vec![arm.to_owned(), interval.display(3)]);
            chart = chart.with_arm(arm, values, Some(interval));
        }
        let figure = chart.with_reference("one half", 0.5).draw().unwrap();
        Findings::new(verdict)
            .with_reason("The paired difference says so.")
            .with_criterion("The difference lies above `0.1`", gain.display(3), Some(gain.is_above(0.1)))
            .with_criterion("The difference lies below zero", gain.display(3), Some(gain.is_below(0.0)))
            .with_criterion("The coin never stands on its edge", "not measured", None)
            .with_table(table)
            .with_figure(figure, "Every seed of both coins; redraws no figure of the book.")
            .with_note("The coins are generators; the paper's were silver.")
    }
}

pub fn plan() -> Plan {
    Plan::new(Scale::Quick)
}

pub fn reproduction<'a>(claim: &'a Coins, out: &Path) -> Reproduction<'a> {
    Reproduction::new(vec![claim], plan(), out)
        .with_display(Display::Quiet)
        .with_command("autodidact reproduce coins --scale quick")
}

/// The command that runs one job in a process of its own.
pub fn spawn(job: &Job, out: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = again("coins::child_process");
    command.env(JOB, &job.id).env(OUT, out).envs(settings.iter().copied());
    command
}

/// The command that runs one test function of this program in a process of its own.
pub fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    command
}

pub fn slow() -> [(&'static str, &'static str); 1] {
    [(PAUSE, "50")]
}

pub fn crashing(arm: &'static str) -> [(&'static str, &'static str); 1] {
    [(CRASH, arm)]
}

/// Waits for something that must happen soon; the limit only ends a test that hangs.
pub fn wait_until(what: &str, mut happens: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happens() {
        assert!(start.elapsed() < Duration::from_mins(2), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether the job has saved at least once, but has no result.
pub fn is_on_its_way(out: &Path, job: &Job) -> bool {
    let scratch = out.join("scratch").join(&job.id);
    Checkpoints::new(scratch).steps().unwrap_or_default().iter().any(|step| *step >= 2)
}

/// Not a test of its own: what [`spawn`] starts.
#[test]
fn child_process() {
    let (Ok(id), Some(out)) = (std::env::var(JOB), std::env::var_os(OUT)) else { return };
    interrupt::install().unwrap();
    let code = match reproduction(&Coins { loaded: 0.8 }, Path::new(&out)).run_job(&id) {
        Ok(_) => 0,
        Err(Error::Interrupted) => interrupt::EXIT_CODE,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    };
    std::process::exit(code);
}
