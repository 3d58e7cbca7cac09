//! `communicate probe`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use autodidact::communicate::agents::{
    AgentConfig, AgentNames, Choice, RecurrentListener, Speaker, TabularListener,
};
use autodidact::communicate::training::probe::{
    Ease, EaseConfig, Estimate, Overfitting, OverfittingConfig, Part, PartProbe, ProbeConfig, Verdict,
    ease_of_learning, overfitting, probe_language, probe_parts,
};
use autodidact::communicate::training::{Game, SplitConfig, TrainConfig, restore};
use autodidact::communicate::{Language, Objects, files};
use autodidact::experiment::figure::{Figure, LineChart};
use autodidact::experiment::file;
use autodidact::experiment::progress::Progress;
use autodidact::experiment::rng::Seeds;
use autodidact::experiment::run::RunDirectory;
use autodidact::experiment::table::Table;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::cli::common::{Machine, Output, fresh, layered, shell, text_table};
use crate::cli::exit::{Exit, WrongUse};
use crate::cli::training::settings_of;

/// The learning rate of tables: each number is that of one message, and is learnt only when that is said.
const TABLE_RATE: f64 = 0.2;

/// Flags of `communicate probe`.
#[derive(Debug, Args)]
#[command(
    after_help = "A probe is a fresh listener that learns what a frozen speaker says, on one part of the objects, until its loss is on a plateau.
That loss estimates the information loss L_info; what the agents' own loss is above it is their adaptation loss. Both are told
beside the exact numbers. A recurrent listener takes each attribute by itself and converges to the number called `factorised`, which
is above the exact one where attributes depend on each other given the message; `--listener table` has no such limit.

Of a population, the first speaker and the first listener are probed.

Verdicts: converged; not-converged, information is too large, raise `probe.max_steps`; failed, the agents' own listener is better than
the probe, so that it is not the best listener there is.

Examples:
  autodidact communicate probe --run runs/lewis
  autodidact communicate probe --run runs/lewis --part train --part test --listener table
  autodidact communicate probe --run runs/lewis --ease --overfitting --json
  autodidact communicate probe --run runs/lewis --set listener.hidden=128 --set probe.learning_rate=0.005
  autodidact communicate probe --messages m.npz --objects o.npz --ease

Settings: those of the run's listener and defaults < --config FILE < --set key=value; `--dry-run` prints them. Figures and
`probe.json` go to the run's folder `probe`, or to `--out`."
)]
pub struct Arguments {
    /// Run of `communicate train`
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["messages", "objects"], required_unless_present = "messages")]
    run: Option<PathBuf>,
    /// File with the array `messages` of a language made elsewhere
    #[arg(long, value_name = "FILE", requires = "objects")]
    messages: Option<PathBuf>,
    /// File with the array `objects`
    #[arg(long, value_name = "FILE", requires = "messages")]
    objects: Option<PathBuf>,
    /// A part of the run's objects; may be repeated [default: all three, or `train` where they are the same]
    #[arg(long = "part", value_enum, conflicts_with = "messages")]
    parts: Vec<OfPart>,
    /// Which kind of listener is the probe
    #[arg(long, value_enum, default_value_t, conflicts_with = "messages")]
    listener: Kind,
    /// Also tell how many steps a fresh listener needs until it understands the language, of the objects that train in a run
    #[arg(long)]
    ease: bool,
    /// Also let copies of both agents learn on, each alone, and tell which one overfits
    #[arg(long, conflicts_with = "messages")]
    overfitting: bool,
    /// TOML file with the settings that differ
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, for instance `--set probe.max_steps=50000`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Seed of fresh listeners and messages [default: 0]
    #[arg(long)]
    seed: Option<u64>,
    /// New folder for figures and `probe.json`
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Print the resolved settings and stop
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OfPart {
    /// Objects that train
    Train,
    /// Objects to stop by
    Validation,
    /// Objects that test
    Test,
}

impl From<OfPart> for Part {
    fn from(part: OfPart) -> Self {
        match part {
            OfPart::Train => Self::Train,
            OfPart::Validation => Self::Validation,
            OfPart::Test => Self::Test,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// As the run's listener, or as `listener` in the settings
    #[default]
    Recurrent,
    /// A number for each pair of an object and a message, which can be the Bayes listener; for small channels, and slow
    Table,
}

/// All that may be set.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    listener: AgentConfig,
    probe: ProbeConfig,
    ease: EaseConfig,
    overfitting: OverfittingConfig,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
struct Found {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartProbe>,
    /// Of messages made elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<Estimate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ease: Option<Ease>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overfitting: Option<Overfitting>,
}

/// What is printed and written.
#[derive(Debug, Serialize)]
struct Told<'a> {
    settings: &'a Settings,
    #[serde(flatten)]
    found: &'a Found,
    figures: Vec<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let run = arguments.run.as_ref().map(RunDirectory::open).transpose()?;
    let config: Option<TrainConfig> = run.as_ref().map(settings_of).transpose()?;
    if let (Some(run), Some(Game::Discrimination(_))) =
        (&arguments.run, config.as_ref().map(|config| &config.game))
    {
        bail!(WrongUse(format!(
            "probes tell the values of attributes, and the objects of `{}` are vectors of features or pictures; its `evaluations.json` has the exact \
             information of its messages",
            run.display()
        )));
    }
    let settings = settings(arguments, config.as_ref())?;
    if arguments.dry_run {
        let text = toml::to_string(&settings)?;
        arguments.output.result(&settings, || text)?;
        return Ok(Exit::Done);
    }
    settings.probe.validate().map_err(|error| WrongUse(format!("probe: {error}")))?;
    settings.listener.validate(&AgentNames::LISTENER).map_err(|error| WrongUse(error.to_string()))?;
    settings.ease.validate().map_err(|error| WrongUse(format!("ease: {error}")))?;
    settings.overfitting.validate().map_err(|error| WrongUse(format!("overfitting: {error}")))?;
    if let Some(out) = arguments.out.as_ref().filter(|out| out.exists()) {
        bail!(WrongUse(format!("`{}` exists; give another name or remove it", out.display())));
    }
    arguments.machine.require_cpu("agents learn")?;
    arguments.machine.start(arguments.output)?;
    let found = match (&run, &config) {
        (Some(run), Some(config)) => of_run(arguments, &settings, run, config)?,
        _ => of_messages(arguments, &settings)?,
    };
    let folder = arguments.out.clone().or_else(|| run.as_ref().map(|run| fresh(run.path(), "probe", "")));
    let mut told = Told { settings: &settings, found: &found, figures: Vec::new() };
    if let Some(folder) = &folder {
        // What took long is written before anything else can go wrong.
        file::create_folder(folder)?;
        file::write(&folder.join("probe.json"), &serde_json::to_vec_pretty(&told)?)?;
        for (name, figure) in figures(&found) {
            match figure.and_then(|figure| Ok(figure.save(folder, name)?)) {
                Ok(saved) => told.figures.extend(saved),
                Err(error) => arguments.output.note(&format!("the figure `{name}` is left out: {error:#}")),
            }
        }
    }
    arguments.output.result(&told, || describe(&found, folder.as_deref()))?;
    Ok(Exit::Done)
}

/// Those of the run's listener, then file, pairs and `--seed`.
fn settings(arguments: &Arguments, config: Option<&TrainConfig>) -> Result<Settings> {
    let mut base = Settings::default();
    if let Some(config) = config {
        base.listener = config.listener;
    }
    if let Kind::Table = arguments.listener {
        base.probe.learning_rate = TABLE_RATE;
    }
    let mut pairs = arguments.set.clone();
    if let Some(seed) = arguments.seed {
        pairs.extend(["probe", "ease", "overfitting"].map(|of| format!("{of}.seed={seed}")));
    }
    layered(&base, arguments.config.as_deref(), &pairs)
}

fn of_run(
    arguments: &Arguments,
    settings: &Settings,
    run: &RunDirectory,
    config: &TrainConfig,
) -> Result<Found> {
    let learner = restore(config, run)?;
    let (_, split) = config.objects()?;
    let display = arguments.output.display();
    let is_full = matches!(config.reconstruction()?.split, SplitConfig::Full);
    let parts: Vec<Part> = match arguments.parts[..] {
        [] if is_full => vec![Part::Train],
        [] => Part::ALL.to_vec(),
        ref parts => parts.iter().map(|&part| part.into()).collect(),
    };
    let channel = config.channel()?;
    let agents = (learner.speaker(), learner.listener());
    let mut progress: Option<(Part, Progress)> = None;
    let mut tell = |part: Part, step, loss| {
        if progress.as_ref().is_none_or(|(of, _)| *of != part) {
            finish(progress.as_ref().map(|(_, progress)| progress));
            let label = format!("probe of {}", part.name());
            progress = Some((part, Progress::open_ended(&label, display)));
        }
        if let Some((_, progress)) = &mut progress {
            progress.set(step, &[("loss", loss)]);
        }
    };
    let probes = match arguments.listener {
        Kind::Recurrent => {
            let space = config.space()?;
            let make = |_: &Objects, seeds: Seeds| {
                Ok(RecurrentListener::new(&settings.listener, &space, channel, &mut seeds.stream("listener")))
            };
            probe_parts(agents, &make, &split, &parts, &settings.probe, &mut tell)?
        }
        Kind::Table => {
            let make = |objects: &Objects, _: Seeds| TabularListener::new(objects, channel);
            probe_parts(agents, &make, &split, &parts, &settings.probe, &mut tell)?
        }
    };
    finish(progress.as_ref().map(|(_, progress)| progress));
    let mut found = Found { parts: probes, ..Found::default() };
    if arguments.ease {
        let messages = learner.speaker().speak(&split.train, Choice::Greedy).messages;
        found.ease = Some(ease(arguments, settings, &Language::new(split.train.clone(), messages)?)?);
    }
    if arguments.overfitting {
        if is_full {
            arguments.output.note("all objects train and validate in this run: there is nothing to overfit");
        }
        let steps = settings.overfitting.steps as u64;
        let mut progress: Option<(&str, Progress)> = None;
        found.overfitting =
            Some(overfitting(&learner, &split, &settings.overfitting, &mut |agent, point| {
                if progress.as_ref().is_none_or(|(of, _)| *of != agent) {
                    finish(progress.as_ref().map(|(_, progress)| progress));
                    progress = Some((agent, Progress::new(&format!("{agent} alone"), steps, display)));
                }
                if let Some((_, progress)) = &mut progress {
                    progress.set(point.step, &[("train", point.train), ("validation", point.validation)]);
                }
            })?);
        finish(progress.as_ref().map(|(_, progress)| progress));
    }
    Ok(found)
}

fn of_messages(arguments: &Arguments, settings: &Settings) -> Result<Found> {
    let path = |file: &Option<PathBuf>| file.clone().expect("the parser asks for it");
    let messages = files::read_messages(&path(&arguments.messages))?;
    let language = Language::new(files::read_objects(&path(&arguments.objects))?, messages)?;
    let mut progress = Progress::open_ended("probe", arguments.output.display());
    let mut tell = |step, loss| progress.set(step, &[("loss", loss)]);
    let estimate = probe_language(&language, &settings.listener, &settings.probe, &mut tell)?;
    progress.finish();
    let ease = arguments.ease.then(|| ease(arguments, settings, &language)).transpose()?;
    Ok(Found { language: Some(estimate), ease, ..Found::default() })
}

fn ease(arguments: &Arguments, settings: &Settings, language: &Language) -> Result<Ease> {
    let mut progress = Progress::new("ease", settings.ease.max_steps as u64, arguments.output.display());
    let found = ease_of_learning(language, &settings.listener, &settings.ease, &mut |point| {
        progress.set(point.step, &[("loss", point.loss), ("accuracy", point.accuracy)]);
    })?;
    progress.finish();
    Ok(found)
}

fn finish(progress: Option<&Progress>) {
    if let Some(progress) = progress {
        progress.finish();
    }
}

/// Figures by their names, where they can be drawn.
fn figures(found: &Found) -> Vec<(&'static str, Result<Figure>)> {
    let mut figures = vec![("probes", probes(found))];
    figures.extend(found.ease.as_ref().map(|ease| ("ease", ease_figure(ease))));
    figures.extend(found.overfitting.as_ref().map(|found| ("overfitting", overfitting_figure(found))));
    figures
}

fn ease_figure(ease: &Ease) -> Result<Figure> {
    let line = |value: fn(&_) -> f64| ease.curve.iter().map(move |point| (point.step as f64, value(point)));
    let chart = LineChart::new("A fresh listener learns the language", "step", "share that is told")
        .with_line("objects", line(|point| point.accuracy))
        .with_line("attributes", line(|point| point.attribute_accuracy))
        .with_reference("asked for", ease.accuracy);
    Ok(chart.draw()?)
}

fn overfitting_figure(found: &Overfitting) -> Result<Figure> {
    let title = "One agent learns on, the other one is fixed";
    let mut chart = LineChart::new(title, "step", "loss (nats)").with_log_y();
    for (agent, side) in [("listener", &found.listener), ("speaker", &found.speaker)] {
        let line =
            |value: fn(&_) -> f64| side.curve.iter().map(move |point| (point.step as f64, value(point)));
        chart = chart
            .with_line(&format!("{agent}, train"), line(|point| point.train))
            .with_line(&format!("{agent}, validation"), line(|point| point.validation));
    }
    Ok(chart.draw()?)
}

fn probes(found: &Found) -> Result<Figure> {
    let mut chart = LineChart::new("Probes learn", "step", "loss (nats)").with_log_y();
    let curves = found.parts.iter().map(|of| (of.part.name(), &of.probed.estimate));
    for (name, estimate) in curves.chain(found.language.iter().map(|estimate| ("probe", estimate))) {
        chart = chart.with_line(name, estimate.curve.iter().map(|point| (point.step as f64, point.loss)));
    }
    Ok(chart.draw()?)
}

fn describe(found: &Found, folder: Option<&Path>) -> String {
    let mut told = Vec::new();
    if !found.parts.is_empty() {
        told.push(text_table(&table(&found.parts)));
        told.extend(found.parts.iter().filter_map(remark));
    }
    if let Some(estimate) = &found.language {
        let mut table = Table::new(["measure", "value", "of"]);
        let mut row =
            |name: &str, value: String, of: &str| table.push(vec![name.to_owned(), value, of.to_owned()]);
        row("objects", estimate.objects.to_string(), "");
        row("H(objects | messages)", number(estimate.exact), "nats, exact");
        row("factorised", number(estimate.factorised), "nats, attribute by attribute");
        row("probe", number(estimate.information), "nats, of a fresh listener that has learnt");
        row(
            "steps",
            estimate.steps.to_string(),
            if estimate.converged { "converged" } else { "not converged" },
        );
        told.push(text_table(&table));
    }
    if let Some(ease) = &found.ease {
        let share = 100.0 * ease.accuracy;
        let last = ease.curve.last().map_or(0.0, |point| 100.0 * point.accuracy);
        told.push(match ease.steps {
            Some(steps) => format!("a fresh listener needs {steps} steps to tell {share} % of the objects"),
            None if ease.best_accuracy < ease.accuracy => format!(
                "no listener can tell {share} % of the objects: messages tell {:.1} % of them apart; after the last step it was {last:.1} %",
                100.0 * ease.best_accuracy
            ),
            None => format!("a fresh listener tells {last:.1} % of the objects after the last step, not {share} %"),
        });
    }
    if let Some(found) = &found.overfitting {
        let mut table = Table::new([
            "learns on alone",
            "train",
            "",
            "validation",
            "",
            "gap grows by",
            "validation rises by",
        ]);
        for (agent, side) in [("listener", &found.listener), ("speaker", &found.speaker)] {
            let (first, last) = (side.curve[0], side.curve[side.curve.len() - 1]);
            let losses = [first.train, last.train, first.validation, last.validation];
            let cells = losses.into_iter().chain([side.gap_growth, side.validation_rise]).map(number);
            table.push(std::iter::once(agent.to_owned()).chain(cells).collect());
        }
        told.push(text_table(&table));
    }
    if let Some(folder) = folder {
        told.push(format!("figures and all numbers are in {}", shell(folder)));
    }
    told.join("\n\n")
}

/// A row for each part.
fn table(parts: &[PartProbe]) -> Table {
    let mut table = Table::new([
        "part",
        "objects",
        "loss",
        "information",
        "factorised",
        "probe",
        "adaptation",
        "by the probe",
        "steps",
        "verdict",
    ]);
    for PartProbe { part, probed } in parts {
        let estimate = &probed.estimate;
        let verdict = match probed.verdict {
            Verdict::Converged => "converged",
            Verdict::NotConverged => "not converged",
            Verdict::Failed => "failed",
        };
        table.push(vec![
            part.name().to_owned(),
            estimate.objects.to_string(),
            number(probed.loss),
            number(estimate.exact),
            number(estimate.factorised),
            number(estimate.information),
            number(probed.exact_adaptation),
            format!("{} ± {:.4}", number(probed.adaptation), probed.standard_error),
            estimate.steps.to_string(),
            verdict.to_owned(),
        ]);
    }
    table
}

/// What is to be known of a probe that is no estimate.
fn remark(PartProbe { part, probed }: &PartProbe) -> Option<String> {
    let name = part.name();
    match probed.verdict {
        Verdict::Converged => None,
        Verdict::NotConverged => Some(format!(
            "the probe of {name} made {} steps and had not converged: its information is too large; raise `probe.max_steps`",
            probed.estimate.steps
        )),
        Verdict::Failed => Some(format!(
            "the probe of {name} failed: its adaptation is below 0, as the agents' own listener is better than the probe; raise \
             `probe.max_steps`, lower `probe.tolerance` or change `probe.learning_rate`"
        )),
    }
}

fn number(value: f64) -> String {
    format!("{value:.4}")
}
