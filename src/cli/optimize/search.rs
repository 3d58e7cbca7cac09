//! `autodidact optimize maximize` and `minimize`: searches a command's best value, several evaluations at a time, and goes
//! on where it was stopped.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use autodidact::brownian::{
    Answer, Doubt, Goal, Guarantee, Hurst, Next, Query, Reason, Roughness, Scale, TestFunction,
};
use autodidact::experiment::interrupt;
use autodidact::experiment::progress::{Progress, say};
use autodidact::experiment::run::{Environment, RunDirectory, command_line};
use clap::Args;
use serde::Serialize;

use super::engine::Engine;
use super::evaluation::{self, Evaluation};
use super::picture;
use super::settings::{Description, Flags};
use super::table::Table;
use crate::cli::common::Output;
use crate::cli::exit::{Exit, WrongUse};

/// The file with one line for every evaluation.
const EVALUATIONS: &str = "evaluations.jsonl";
/// How often processes are looked at.
const POLL: Duration = Duration::from_millis(5);
/// Time between two savings of the search at least.
const SAVE: Duration = Duration::from_millis(500);

/// Time between two lines of progress at least.
const SHOW: Duration = Duration::from_millis(100);
/// How many times as long as it took to draw the last picture the next one is not drawn.
const PATIENCE: u32 = 20;

/// Flags of both verbs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  autodidact optimize maximize --lower 0 --upper 1 --epsilon 0.1 -- ./score.sh --rate {x}
  autodidact optimize maximize --lower 0 --upper 1 --epsilon 0.1 --command './score.sh {x} | tail -1'
  autodidact optimize maximize --csv measured.csv --epsilon 0.1
  autodidact optimize maximize --function garland --epsilon 0.05
  autodidact optimize maximize --rule direct --evaluations 50 --lower 0 --upper 1 -- ./score.sh --rate {x}
  autodidact optimize minimize --lower -5 --upper 0 --scale 0.2 --epsilon 0.05 --jobs 2 --retries 1 \\
      --timeout 600 --out searches/rate -- python train.py --log-rate {x}
  autodidact optimize minimize --resume --out searches/rate

The answer is within epsilon of the best value but for a probability of delta, if the values are those of a
Brownian motion: values at points that are d apart typically differ by scale * sqrt(d). The scale is estimated,
which takes 34 evaluations, or given. With an epsilon of a fifth of that over the whole interval a search takes
some 20 evaluations, of a tenth some 70, and of a hundredth thousands. Smoother functions cost more than they need, rougher ones break the
promise. A command that fails, takes too long or prints no number is told, tried again as asked,
and never counted as a value.")]
pub struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    place: Place,
}

/// Where a search is, and how it runs.
#[derive(Debug, Args)]
pub struct Place {
    /// Evaluations at the same time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// Folder of the search; it must not exist or be empty
    #[arg(long, default_value = "search")]
    pub out: PathBuf,
    /// Go on with the search in `--out`, as it was described then; `--evaluations` may set another limit
    #[arg(long)]
    pub resume: bool,
    /// Evaluations at most
    #[arg(long)]
    pub evaluations: Option<u64>,
    #[command(flatten)]
    pub output: Output,
}

pub fn run(arguments: &Arguments, goal: Goal) -> Result<Exit> {
    let Arguments { flags, place } = arguments;
    if place.resume && !flags.is_empty() {
        bail!(WrongUse("a search that goes on has its command, its interval and its settings; give `--resume`, `--out`, `--jobs` and `--evaluations` alone".to_owned()));
    }
    let verb = if goal == Goal::Maximum { "maximize" } else { "minimize" };
    conduct(
        place,
        verb,
        |found: &Description| found.settings.goal == goal,
        || flags.describe(goal, place.evaluations),
    )
}

/// Goes on with the search in a place if it is one of this verb, or begins the one that is described.
pub fn conduct(
    arguments: &Place,
    verb: &str,
    is_own: impl Fn(&Description) -> bool,
    describe: impl FnOnce() -> Result<Description>,
) -> Result<Exit> {
    let mut search = if arguments.resume {
        Search::open(&arguments.out, verb, is_own, arguments.evaluations)?
    } else {
        Search::create(&arguments.out, describe()?)?
    };
    interrupt::install()?;
    interrupt::before_exit(evaluation::stop_all);
    let ended = search.go_on(usize::from(arguments.jobs), arguments.output);
    if ended.is_err() && !arguments.resume && search.is_unbegun() {
        // A command with a slip is no reason to look for another folder.
        search.discard();
        return ended.map(|_| Exit::Failed);
    }
    search.save()?;
    let ended = ended?;
    let Some(answer) = search.engine.answer() else {
        arguments.output.note(&format!(
            "interrupted before both ends were evaluated; `--resume --out {}` goes on",
            arguments.out.display()
        ));
        return Ok(Exit::Interrupted);
    };
    if !ended {
        arguments.output.note(&format!(
            "interrupted after {} evaluations; `--resume --out {}` goes on",
            answer.evaluations,
            arguments.out.display()
        ));
        return Ok(Exit::Interrupted);
    }
    let roughness = search.engine.roughness();
    let assumed_scale = search.engine.scale();
    let doubt = search.engine.doubt();
    let Answer { x, value, evaluations, bound, reason, guarantee } = answer;
    let found = Found {
        x,
        value,
        learning_rate: search.description.metric.is_some().then(|| 10f64.powf(x)),
        evaluations,
        upper_bound: bound,
        reason,
        guarantee: if doubt.is_some() { Guarantee::None } else { guarantee },
        scale: roughness.map(|roughness| roughness.scale),
        assumed_scale,
        scale_is_estimated: search.description.method.is_none()
            && matches!(search.description.settings.scale, Scale::Estimated(_)),
        hurst: roughness.and_then(|roughness| roughness.hurst).map(|hurst| hurst.exponent),
        roughness,
        doubt,
        failed: search.failed,
        given_up: search.engine.given_up(),
        out: arguments.out.clone(),
    };
    search.run.write_summary(&found)?;
    draw(&search, arguments.output);
    arguments.output.result(&found, || found.to_string())?;
    Ok(Exit::Done)
}

/// What is printed at the end.
#[derive(Debug, Serialize)]
struct Found {
    /// The best point, and the value there.
    x: f64,
    value: f64,
    /// Of a search of a learning rate, whose logarithm x is.
    #[serde(skip_serializing_if = "Option::is_none")]
    learning_rate: Option<f64>,
    evaluations: u64,
    /// What the function does not go beyond; of a minimum, what it does not go below. Infinite, in JSON `null`, for rules that
    /// know none.
    upper_bound: f64,
    reason: Option<Reason>,
    /// What is promised, nothing if there is a doubt.
    guarantee: Guarantee,
    /// Why nothing is promised, if the values are the reason.
    doubt: Option<Doubt>,
    /// The scale and the exponent of Hurst that the values have, after enough of them.
    scale: Option<f64>,
    hurst: Option<f64>,
    /// The scale that the search went by: what was given, or an upper bound of what the values have.
    assumed_scale: Option<f64>,
    scale_is_estimated: bool,
    roughness: Option<Roughness>,
    /// Evaluations that gave no value, each try counted.
    failed: u64,
    /// Intervals that are left as they are, since two points inside have none.
    given_up: usize,
    out: PathBuf,
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { x, value, evaluations, reason, guarantee, .. } = self;
        let (at, what) = match self.learning_rate {
            Some(rate) => (format!("learning rate {}", short(rate)), "runs"),
            None => (x.to_string(), "evaluations"),
        };
        writeln!(f, "best value {value} at {at}, after {evaluations} {what}")?;
        match reason {
            Some(Reason::Evaluations) => writeln!(
                f,
                "stopped: that was the limit on evaluations; `--resume --evaluations` with a higher one goes on"
            )?,
            Some(Reason::Exhausted) if self.given_up > 0 => {
                writeln!(f, "stopped: what is left to look at are intervals in which evaluations failed")?;
            }
            Some(Reason::Exhausted) => writeln!(f, "stopped: no interval is left that can be halved")?,
            Some(Reason::Stop) | None => {}
        }
        match &self.doubt {
            Some(doubt) => writeln!(f, "nothing is promised: {doubt}")?,
            None => writeln!(f, "{guarantee}")?,
        }
        if let Some(Roughness { scale, interval: [low, high], hurst, .. }) = self.roughness {
            let [scale, low, high] = [scale, low, high].map(short);
            write!(f, "roughness of the values: scale {scale} (90 %: {low} to {high})")?;
            match hurst {
                Some(Hurst { exponent, error }) => {
                    writeln!(f, ", exponent of Hurst {exponent:.2} ± {error:.2}")?;
                }
                None => writeln!(f)?,
            }
        }
        if self.failed > 0 {
            let [failed, given_up] =
                [(self.failed, "evaluation"), (self.given_up as u64, "interval")].map(|(count, what)| {
                    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
                });
            writeln!(f, "{failed} failed, {given_up} left as they are")?;
        }
        write!(f, "search: {}", self.out.display())
    }
}

/// Three digits, of very small and very large numbers with their power of ten.
fn short(number: f64) -> String {
    if number == 0.0 || (0.01..10_000.0).contains(&number.abs()) {
        format!("{number:.3}")
    } else {
        format!("{number:.2e}")
    }
}

/// A search on disk.
struct Search {
    run: RunDirectory,
    description: Description,
    /// What is searched, where it is no command.
    known: Option<Known>,
    engine: Engine,
    evaluations: File,
    saved: Instant,
    /// When the progress was told last.
    shown: Instant,
    /// When the next picture may be drawn.
    picture_due: Instant,
    /// Whether something was told since.
    has_news: bool,
    /// Evaluations that gave no value, also before the search was interrupted.
    failed: u64,
    /// Whether the folder was made for it.
    is_folder_new: bool,
    /// Held while the search goes on.
    _lock: File,
}

/// A function that is evaluated without a command.
enum Known {
    Table(Table),
    Function(TestFunction),
}

impl Known {
    fn of(description: &Description) -> Result<Option<Self>> {
        Ok(match (&description.csv, &description.function) {
            (Some(path), _) => Some(Self::Table(Table::open(path)?)),
            (None, Some(name)) => Some(Self::Function(name.parse()?)),
            (None, None) => None,
        })
    }

    fn at(&self, x: f64) -> f64 {
        match self {
            Self::Table(table) => table.at(x),
            Self::Function(function) => function.at(x),
        }
    }
}

/// An evaluation that is waited for.
struct Running {
    query: Query,
    evaluation: Evaluation,
    /// Tries so far.
    tries: u32,
}

/// One line of the evaluations.
#[derive(Serialize)]
struct Line<'a> {
    x: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
}

impl Search {
    fn create(out: &Path, description: Description) -> Result<Self> {
        let engine = Engine::new(&description)?;
        let config = toml::to_string(&description).context("a search cannot be written as TOML")?;
        let is_folder_new = !out.exists();
        let run = RunDirectory::create(out)?;
        run.describe(&config, &command_line(), &Environment::capture(1))?;
        let lock = run.lock()?;
        Ok(Self { is_folder_new, ..Self::begin(run, lock, description, engine)? })
    }

    fn open(
        out: &Path,
        verb: &str,
        is_own: impl Fn(&Description) -> bool,
        most_evaluations: Option<u64>,
    ) -> Result<Self> {
        let run = RunDirectory::open(out)?;
        // Before anything is read: another process may be writing it.
        let lock = run.lock()?;
        let mut description: Description =
            toml::from_str(&run.config()?).with_context(|| format!("`{}` is no search", out.display()))?;
        if !is_own(&description) {
            let verbs = match (&description.metric, description.settings.goal) {
                (Some(_), _) => "learning-rate",
                (None, Goal::Maximum) => "maximize",
                (None, Goal::Minimum) => "minimize",
            };
            bail!(WrongUse(format!(
                "the search in `{}` goes on with `{verbs}`, not `{verb}`",
                out.display()
            )));
        }
        let mut engine = Engine::open(&run, &description)?;
        if !engine.is(&description) {
            bail!(
                "`{0}` has a `config.toml` that is not the one of its `search.json`; a search goes on as it was begun\nhint: put the settings back, or begin another search with them",
                out.display()
            );
        }
        if let Some(most) = most_evaluations {
            engine.set_most_evaluations(most).map_err(|error| WrongUse(error.to_string()))?;
            engine.save(&run)?;
        }
        description.settings.most_evaluations = engine.most_evaluations();
        let search = Self::begin(run, lock, description, engine)?;
        search.check_values()?;
        Ok(search)
    }

    /// That a table or a function has the values that it had before.
    fn check_values(&self) -> Result<()> {
        let Some(known) = &self.known else { return Ok(()) };
        let changed = self.engine.points().into_iter().find(|[x, value]| known.at(*x) != *value);
        if let Some([x, value]) = changed {
            let now = known.at(x);
            bail!(
                "the value at {x} was {value} when the search stopped, and is {now} now; a search goes on with what it has searched\nhint: put the table back, or begin another search"
            );
        }
        Ok(())
    }

    fn begin(run: RunDirectory, lock: File, description: Description, engine: Engine) -> Result<Self> {
        let path = run.path().join(EVALUATIONS);
        let failed = count_failures(&path);
        let mut evaluations = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("`{}` cannot be written", path.display()))?;
        if std::fs::read(&path)?.last().is_some_and(|byte| *byte != b'\n') {
            // A line that was cut off stays one of its own.
            evaluations.write_all(b"\n")?;
        }
        let saved = Instant::now();
        let known = Known::of(&description)?;
        Ok(Self {
            run,
            description,
            known,
            engine,
            evaluations,
            saved,
            shown: saved,
            picture_due: saved,
            has_news: false,
            failed,
            is_folder_new: false,
            _lock: lock,
        })
    }

    /// Evaluates until the search is over, which is true, or somebody interrupts it.
    fn go_on(&mut self, jobs: usize, output: Output) -> Result<bool> {
        let mut progress = match self.description.settings.most_evaluations {
            Some(most) => Progress::new("search", most, output.display()),
            None => Progress::open_ended("search", output.display()),
        };
        let mut running: Vec<Running> = Vec::new();
        let ended = loop {
            if interrupt::requested() {
                break false;
            }
            if self.has_news && self.saved.elapsed() >= SAVE {
                self.save()?;
            }
            let next = if running.len() < jobs { self.engine.ask() } else { Next::Wait };
            match next {
                Next::Evaluate(query) => {
                    let evaluation = self.start(query.x)?;
                    running.push(Running { query, evaluation, tries: 1 });
                    continue;
                }
                Next::Done(_) if running.is_empty() => break true,
                Next::Done(_) | Next::Wait => {}
            }
            let Some((place, outcome)) =
                running.iter_mut().enumerate().find_map(|(at, one)| Some((at, one.evaluation.poll()?)))
            else {
                std::thread::sleep(POLL);
                continue;
            };
            self.take(&mut running, place, outcome)?;
            // The bound looks at every interval.
            if self.shown.elapsed() >= SHOW
                && let Some(answer) = self.engine.answer()
            {
                self.shown = Instant::now();
                let shown = [("best", answer.value), ("bound", answer.bound)];
                // Before the scale is known nothing is bounded.
                let shown = if answer.bound.is_finite() { &shown[..] } else { &shown[..1] };
                if progress.has_picture() && Instant::now() >= self.picture_due {
                    let begun = Instant::now();
                    progress.picture(&picture::sketch(&self.engine));
                    self.picture_due = Instant::now() + PATIENCE * begun.elapsed();
                }
                progress.set(answer.evaluations, shown);
            }
        };
        progress.finish();
        Ok(ended)
    }

    fn start(&self, x: f64) -> Result<Evaluation> {
        match &self.known {
            Some(known) => Ok(Evaluation::known(known.at(x))),
            None => Evaluation::start(&self.description, x)
                .map_err(|reason| if self.is_unbegun() { WrongUse(reason).into() } else { anyhow!(reason) }),
        }
    }

    /// Takes in how an evaluation ended.
    fn take(&mut self, running: &mut Vec<Running>, place: usize, outcome: Result<f64, String>) -> Result<()> {
        let Query { id, x } = running[place].query;
        match outcome {
            Ok(value) => {
                self.write(&Line { x, value: Some(value), failure: None })?;
                self.engine.tell(id, value)?;
                running.swap_remove(place);
            }
            Err(reason) => {
                self.failed += 1;
                self.write(&Line { x, value: None, failure: Some(&reason) })?;
                let tries = running[place].tries;
                if tries <= self.description.retries {
                    say(&format!("the evaluation at {x} failed: {reason}; trying again"));
                    running[place].evaluation = self.start(x)?;
                    running[place].tries += 1;
                } else {
                    running.swap_remove(place);
                    if !self.engine.give_up(id) {
                        let needs = match self.engine {
                            Engine::Brownian(_) => "the search needs a value at both ends of its interval",
                            Engine::Rival(_) => "this rule needs the value of every point",
                        };
                        bail!(
                            "the evaluation at {x} failed: {reason}\n{needs}; mend the command and go on with `--resume`, or begin another search"
                        );
                    }
                    say(&format!(
                        "the evaluation at {x} failed: {reason}; another point of its interval is tried, or it is left as it is"
                    ));
                }
            }
        }
        self.has_news = true;
        Ok(())
    }

    fn write(&mut self, line: &Line<'_>) -> Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.evaluations.write_all(text.as_bytes()).context("an evaluation cannot be written down")
    }

    fn save(&mut self) -> Result<()> {
        self.saved = Instant::now();
        self.has_news = false;
        self.engine.save(&self.run)
    }

    /// Whether nothing was found out yet.
    fn is_unbegun(&self) -> bool {
        self.evaluations.metadata().is_ok_and(|metadata| metadata.len() == 0)
    }

    /// Takes the folder away that was made for it.
    fn discard(self) {
        let Self { run, is_folder_new, _lock: lock, .. } = self;
        drop(lock);
        // Best effort: what stays says nothing.
        if is_folder_new {
            let _ = std::fs::remove_dir_all(run.path());
            return;
        }
        // It was there before, and empty.
        for entry in std::fs::read_dir(run.path()).into_iter().flatten().flatten() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Lines of failures in the evaluations that were made before.
fn count_failures(evaluations: &Path) -> u64 {
    let text = std::fs::read_to_string(evaluations).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter(|line| line.get("failure").is_some()).count() as u64
}

/// Draws what was evaluated.
fn draw(search: &Search, output: Output) {
    let figure = picture::figure(&search.engine);
    match figure.and_then(|figure| figure.save(&search.run.figures()?, "search")) {
        Ok([_, png]) => output.note(&format!("figure: {}", png.display())),
        Err(error) => output.note(&format!("the figure could not be drawn: {error}")),
    }
}
