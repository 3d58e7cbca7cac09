//! One evaluation: a process that is given a number and prints its value, or a value that is known.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::learning_rate;
use super::settings::{Description, PLACE, POWER_PLACE};

/// Bytes that are kept of what a process prints.
const KEPT: usize = 1 << 16;

/// Processes that run now, by their number.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Stops every process that runs, on Unix with those that it started, for a program that ends at once.
pub fn stop_all() {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    running.iter().for_each(|&id| stop_group(id));
}

/// Ends a process and those that it started.
#[cfg(unix)]
fn stop_group(id: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // Fails if it has just ended by itself.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn stop_group(_id: u32) {}

/// An evaluation that was begun.
#[derive(Debug)]
pub enum Evaluation {
    /// A process that runs.
    Process(Process),
    /// The value is known.
    Known(f64),
}

impl Evaluation {
    /// One that has its value.
    pub fn known(value: f64) -> Self {
        Self::Known(value)
    }

    /// Starts the command at a number.
    ///
    /// # Errors
    /// What to say of a command that cannot be started.
    pub fn start(search: &Description, x: f64) -> Result<Self, String> {
        Process::start(search, x).map(Self::Process)
    }

    /// The value, or what went wrong, once it is there.
    pub fn poll(&mut self) -> Option<Result<f64, String>> {
        match self {
            Self::Process(process) => process.poll(),
            Self::Known(value) => Some(Ok(*value)),
        }
    }
}

/// A process that runs.
#[derive(Debug)]
pub struct Process {
    child: Child,
    printed: Option<JoinHandle<std::io::Result<Vec<u8>>>>,
    started: Instant,
    timeout: Option<Duration>,
    metric: Option<String>,
    /// Whether how it ended was told.
    ended: bool,
}

impl Drop for Process {
    /// Nobody waits for it any more.
    fn drop(&mut self) {
        if !self.ended {
            self.stop();
        }
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|id| *id != self.child.id());
    }
}

impl Process {
    fn start(search: &Description, x: f64) -> Result<Self, String> {
        let power = 10f64.powf(x).to_string();
        let fill = |word: &String| word.replace(POWER_PLACE, &power).replace(PLACE, &x.to_string());
        let mut words: Vec<String> = search.command.iter().map(fill).collect();
        if search.metric.is_some() {
            words = learning_rate::continued(words);
        }
        let mut words = words.into_iter();
        let program = words.next().unwrap_or_default();
        let mut command = Command::new(&program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped());
        // Ctrl-C is for the search, which then stops what it started.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| format!("`{program}` cannot be started: {error}"))?;
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(child.id());
        let printed = child.stdout.take().map(|stdout| std::thread::spawn(move || read_end(stdout)));
        let timeout = search.timeout.map(Duration::from_secs_f64);
        let metric = search.metric.clone();
        Ok(Self { child, printed, started: Instant::now(), timeout, metric, ended: false })
    }

    /// The value, or what went wrong, once the process has ended and nobody writes to its output any more.
    fn poll(&mut self) -> Option<Result<f64, String>> {
        let is_read = self.printed.as_ref().is_none_or(JoinHandle::is_finished);
        let outcome = match self.child.try_wait() {
            Ok(Some(status)) if !status.success() => {
                // What it started and left behind would run beside the next try.
                self.stop();
                Err(format!("it ended with {status}"))
            }
            Ok(Some(_)) if is_read => self.value(),
            Ok(_) => {
                let timeout = self.timeout.filter(|timeout| self.started.elapsed() >= *timeout)?;
                self.stop();
                Err(format!("it took longer than {} s and was stopped", timeout.as_secs_f64()))
            }
            Err(error) => Err(format!("it cannot be waited for: {error}")),
        };
        self.ended = true;
        Some(outcome)
    }

    /// Ends the process, and on Unix those that it started.
    fn stop(&mut self) {
        stop_group(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn value(&mut self) -> Result<f64, String> {
        let reader = self.printed.take().ok_or("its output was read before")?;
        let bytes = reader.join().map_err(|_| "its output could not be read")?;
        let text = bytes.map_err(|error| format!("its output could not be read: {error}"))?;
        let text = String::from_utf8_lossy(&text);
        match &self.metric {
            Some(metric) => metric_of(&text, metric),
            None => parse(&text),
        }
    }
}

/// The last of what a process prints, however much it is.
fn read_end(mut stdout: impl Read) -> std::io::Result<Vec<u8>> {
    let (mut kept, mut chunk) = (Vec::new(), vec![0; KEPT]);
    loop {
        match stdout.read(&mut chunk) {
            Ok(0) => return Ok(kept),
            Ok(read) => kept.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
}

/// A metric in the summary of a training run.
fn metric_of(text: &str, metric: &str) -> Result<f64, String> {
    let summary: serde_json::Value =
        serde_json::from_str(text).map_err(|error| format!("it printed no summary of a run: {error}"))?;
    let metrics = summary["metrics"].as_object().ok_or("its summary has no metrics")?;
    metrics.get(metric).and_then(serde_json::Value::as_f64).ok_or_else(|| {
        let known: Vec<&str> = metrics.keys().map(String::as_str).collect();
        format!("the run has no metric `{metric}` that is a number; it has {}", known.join(", "))
    })
}

/// The number on the last line that is not empty.
fn parse(text: &str) -> Result<f64, String> {
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).ok_or("it printed nothing")?;
    match line.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(value) => Err(format!("its value is {value}, which is no finite number")),
        Err(_) => {
            let shown: String = line.chars().take(60).collect();
            Err(format!("the last line it printed is no number: `{shown}`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, parse, read_end};

    #[test]
    fn the_end_of_a_long_output_is_kept() {
        let mut printed = b"epoch\n".repeat(KEPT);
        printed.extend_from_slice(b"0.5\n");
        let kept = read_end(&printed[..]).expect("a slice is read");
        assert_eq!((kept.len(), &kept[..]), (KEPT, &printed[printed.len() - KEPT..]));
        assert_eq!(parse(&String::from_utf8_lossy(&kept)), Ok(0.5));
    }

    #[test]
    fn the_last_line_is_the_value() {
        assert_eq!(parse("loading\nepoch 1\n 0.25 \n\n"), Ok(0.25));
        assert_eq!(parse("-1e-3"), Ok(-0.001));
    }

    #[test]
    fn what_is_no_finite_number_is_no_value() {
        for text in ["", "\n\n", "nan", "inf", "-inf", "0.5 accuracy", "accuracy=0.5"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
