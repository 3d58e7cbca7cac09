//! `autodidact reproduce`: runs the papers' claims as jobs, judges them, and writes the report.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, anyhow, bail};
use autodidact::experiment::progress::say;
use autodidact::experiment::reproduction::{Claim, Job, JobState, Plan, Report, Reproduction, Scale};
use autodidact::experiment::run::command_line;
use autodidact::experiment::settings::nearest;
use autodidact::experiment::{self, interrupt};
use autodidact::nn::PrecisionConfig;
use clap::Args;

use super::common::{Machine, Output};
use super::exit::{Exit, WrongUse};

/// Papers of the table in the README that have no claim to re-test yet.
const PLANNED: [&str; 4] = ["brave", "byol-explore", "ndigo", "gemma2"];

/// Flags of `autodidact reproduce`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  autodidact reproduce                                     every paper, quick, with drawn pictures
  autodidact reproduce byol --scale standard --data cifar10
  autodidact reproduce byol --list-jobs | parallel autodidact reproduce byol --job {}
  autodidact reproduce byol --collect                      judge what is there

Jobs are pure functions of their description and leave one JSON file each below OUT/results, so a stopped
reproduction continues where it was, and jobs can be spread over machines that share OUT.")]
pub struct Arguments {
    /// Claims by short name; each paper's central one if none is given
    papers: Vec<String>,
    /// How large: `quick` (minutes), `standard` (about two hours per paper on two cores), `full` (the paper's size)
    #[arg(long, default_value = "quick")]
    scale: Scale,
    /// Real data instead of drawn pictures: a collection with `train` and `test` splits
    #[arg(long)]
    data: Option<PathBuf>,
    /// Seeds per arm [default: each claim's own]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    seeds: Option<u16>,
    /// First seed
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Jobs at the same time [default: one per core, each with one thread]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Where results and the report go
    #[arg(long, default_value = "reproduction")]
    out: PathBuf,
    /// Print the jobs, one a line, and do nothing
    #[arg(long, conflicts_with_all = ["job", "collect"])]
    list_jobs: bool,
    /// Run one job
    #[arg(long, value_name = "ID", conflicts_with = "collect")]
    job: Option<String>,
    /// Judge the results there are and write the report, without running anything
    #[arg(long)]
    collect: bool,
    /// Where tensors live: `cpu`, or `cuda` in builds with that feature
    #[arg(long, default_value = "cpu")]
    device: String,
    /// What networks multiply in training: `f32`, `bf16`, or `auto`, which is f32 on the CPU and bf16 on GPUs
    #[arg(long, default_value_t)]
    precision: PrecisionConfig,
    /// Threads per job [default: 1 with `--jobs`, so that results do not depend on the number of cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    #[command(flatten)]
    output: Output,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let claims = chosen(&arguments.papers)?;
    if let Some(data) = arguments.data.as_ref().filter(|data| !data.is_dir()) {
        let data = data.display();
        bail!(WrongUse(format!(
            "`--data {data}` is no folder; jobs are known by their data, also to `--collect`"
        )));
    }
    let plan = Plan {
        data: arguments.data.clone(),
        seeds: arguments.seeds.map(usize::from),
        first_seed: arguments.first_seed,
        device: arguments.device.clone(),
        precision: arguments.precision.to_string(),
        threads: arguments.threads.map(usize::from),
        ..Plan::new(arguments.scale)
    };
    let reproduction = Reproduction::new(claims, plan, &arguments.out)
        // What only judges does not run it again.
        .with_command(command_line().replace(" --collect", ""))
        .with_display(arguments.output.display());

    if arguments.list_jobs {
        let ids: Vec<String> = reproduction.jobs().into_iter().map(|job| job.id).collect();
        arguments.output.result(&serde_json::json!({ "jobs": ids }), || ids.join("\n"))?;
        return Ok(Exit::Done);
    }
    interrupt::install()?;
    if let Some(id) = &arguments.job {
        return run_one(arguments, &reproduction, id);
    }
    if !arguments.collect {
        let outcome = reproduction.run_all(parallel(arguments), &|job| child(arguments, job))?;
        for failure in &outcome.failed {
            say(&format!("failed: {}: {}", failure.id, failure.reason));
        }
        if outcome.is_interrupted {
            arguments.output.note("interrupted; the same command continues");
            return Ok(Exit::Interrupted);
        }
    }
    let report = reproduction.collect()?;
    print(arguments, &report)?;
    let unfinished = reproduction.status()?.iter().any(|status| status.state != JobState::Done);
    Ok(if unfinished { Exit::Failed } else { Exit::Done })
}

fn chosen(papers: &[String]) -> Result<Vec<&'static dyn Claim>> {
    let all = autodidact::reproduce::claims();
    if papers.is_empty() {
        return Ok(all.into_iter().filter(|claim| !claim.is_extension()).collect());
    }
    let known: Vec<&str> = all.iter().map(|claim| claim.paper()).collect();
    papers
        .iter()
        .map(|paper| {
            all.iter().find(|claim| claim.paper() == paper).copied().ok_or_else(|| {
                let known = known.join(", ");
                let reason = if PLANNED.contains(&paper.as_str()) {
                    format!("`{paper}` is planned, there is nothing to re-test yet; so far: {known}")
                } else {
                    format!("unknown paper `{paper}`{}; known: {known}", suggestion(paper))
                };
                WrongUse(reason).into()
            })
        })
        .collect()
}

fn suggestion(paper: &str) -> String {
    let claims = autodidact::reproduce::claims();
    let known: Vec<&str> = claims.iter().map(|claim| claim.paper()).collect();
    nearest(paper, &known).map_or_else(String::new, |near| format!(", did you mean `{near}`?"))
}

fn run_one(arguments: &Arguments, reproduction: &Reproduction<'_>, id: &str) -> Result<Exit> {
    let threads = arguments.threads.or(Some(1));
    Machine { device: arguments.device.clone(), threads }.start(arguments.output)?;
    match reproduction.run_job(id) {
        Ok(result) => {
            arguments.output.result(&result, || format!("{id} done in {:.0} s", result.seconds))?;
            Ok(Exit::Done)
        }
        Err(experiment::Error::Interrupted) => Ok(Exit::Interrupted),
        Err(error) => Err(anyhow!(error)),
    }
}

fn parallel(arguments: &Arguments) -> usize {
    arguments
        .jobs
        .map_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get), usize::from)
}

/// The command that runs one job in a process of its own.
fn child(arguments: &Arguments, job: &Job) -> Command {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("autodidact"));
    let mut command = Command::new(program);
    command.arg("reproduce").arg(&job.paper).args(["--job", &job.id, "--quiet"]);
    command.args(["--scale", arguments.scale.name(), "--device", &arguments.device]);
    command.args(["--precision", &arguments.precision.to_string()]);
    command.arg("--out").arg(&arguments.out);
    command.args(["--first-seed", &arguments.first_seed.to_string()]);
    if let Some(data) = &arguments.data {
        command.arg("--data").arg(data);
    }
    if let Some(seeds) = arguments.seeds {
        command.args(["--seeds", &seeds.to_string()]);
    }
    command.args(["--threads", &arguments.threads.unwrap_or(1).to_string()]);
    command
}

fn print(arguments: &Arguments, report: &Report) -> Result<()> {
    arguments.output.result(report, || {
        let mut lines = Vec::new();
        for paper in &report.papers {
            lines.push(format!("{:22} {}", paper.paper, paper.findings.verdict));
            lines.extend(paper.findings.reasons.iter().map(|reason| format!("    {reason}")));
        }
        lines.push(format!("report: {}", arguments.out.join("report.html").display()));
        lines.join("\n")
    })
}
