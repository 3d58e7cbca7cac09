//! `--profile`: where the time of training went, beside what the machine could do.

use autodidact::experiment::run::RunDirectory;
use autodidact::experiment::table::Table;
use autodidact::nn::profile::{Profile, Row, Work};
use autodidact::nn::{Limits, profile};
use autodidact::represent::train::STEP;
use serde::Serialize;

use crate::cli::common::text_table;

/// Rows of the printed table; the run's file has all.
const SHOWN: usize = 30;

/// A recording of all steps but the first.
pub struct Recording {
    limits: Limits,
    is_on: bool,
}

/// The profile of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Steps that were recorded.
    steps: u64,
    /// Seconds that passed, and those of them in no row.
    seconds: f64,
    unaccounted_seconds: f64,
    threads: usize,
    /// Measured rates of all threads together: operations per second, bytes per second.
    limits: Rates,
    rows: Vec<Measured>,
}

#[derive(Debug, Serialize)]
struct Rates {
    f32_flops: f64,
    bf16_flops: f64,
    bandwidth: f64,
}

/// One kernel on one shape.
#[derive(Debug, Serialize)]
struct Measured {
    kernel: &'static str,
    on: String,
    calls: u64,
    seconds: f64,
    flops: u64,
    bytes: u64,
    /// The least time that the machine's rates allow, over the time taken.
    share_of_limit: Option<f64>,
}

impl Recording {
    /// Measures the machine.
    pub fn prepare() -> Self {
        Self { limits: Limits::measure(), is_on: false }
    }

    /// Starts to record after the first step that is told: that one is about fresh memory.
    pub fn after_step(&mut self) {
        if !self.is_on {
            self.is_on = true;
            profile::start();
        }
    }

    /// Ends it, and keeps the report in the run.
    pub fn finish(self, run: &RunDirectory) -> anyhow::Result<Report> {
        let profile =
            profile::finish().unwrap_or(Profile { time: std::time::Duration::ZERO, rows: Vec::new() });
        let report = Report::new(&profile, self.limits);
        run.write_json("profile.json", &report)?;
        Ok(report)
    }
}

impl Report {
    fn new(profile: &Profile, limits: Limits) -> Self {
        let accounted: f64 = profile.rows.iter().map(|row| row.time.as_secs_f64()).sum();
        let seconds = profile.time.as_secs_f64();
        let Limits { f32_flops, bf16_flops, bandwidth } = limits;
        Self {
            steps: profile.rows.iter().find(|row| row.name == STEP).map_or(0, |row| row.calls),
            seconds,
            unaccounted_seconds: seconds - accounted,
            threads: rayon::current_num_threads(),
            limits: Rates { f32_flops, bf16_flops, bandwidth },
            rows: profile.rows.iter().map(|row| Measured::new(row, limits)).collect(),
        }
    }

    /// The table that people read: milliseconds of a step and rates.
    pub fn text(&self) -> String {
        if self.steps == 0 {
            return "profile: no step was recorded; the first one of a call is left out".to_owned();
        }
        let Rates { f32_flops, bf16_flops, bandwidth } = self.limits;
        let steps = self.steps as f64;
        let mut table =
            Table::new(["kernel", "on", "calls", "ms", "% of time", "GFLOP/s", "GB/s", "% of limit"]);
        let cells = |name: &str, on: &str, calls: f64, seconds: f64| {
            vec![
                name.to_owned(),
                on.to_owned(),
                format!("{calls:.1}"),
                format!("{:.2}", 1e3 * seconds / steps),
                format!("{:.1}", 100.0 * seconds / self.seconds),
            ]
        };
        for row in self.rows.iter().take(SHOWN) {
            let rate = |amount: u64| {
                if amount == 0 { String::new() } else { format!("{:.1}", amount as f64 / row.seconds / 1e9) }
            };
            let mut cells = cells(row.kernel, &row.on, row.calls as f64 / steps, row.seconds);
            let share = row.share_of_limit.map_or_else(String::new, |share| format!("{:.0}", 100.0 * share));
            cells.extend([rate(row.flops), rate(row.bytes), share]);
            table.push(cells);
        }
        let (mut calls, mut seconds) = (0.0, self.unaccounted_seconds);
        for row in self.rows.iter().skip(SHOWN) {
            calls += row.calls as f64 / steps;
            seconds += row.seconds;
        }
        let mut rest = cells("everything else", "", calls, seconds);
        rest.resize(table.columns.len(), String::new());
        table.push(rest);
        format!(
            "{} steps in {:.1} s on {} threads. This machine at most: {:.0} GFLOP/s in f32, {:.0} in bf16, {:.1} GB/s. \
             Calls and milliseconds are those of a step.\n{}",
            self.steps,
            self.seconds,
            self.threads,
            f32_flops / 1e9,
            bf16_flops / 1e9,
            bandwidth / 1e9,
            text_table(&table)
        )
    }
}

impl Measured {
    fn new(row: &Row, limits: Limits) -> Self {
        let Work { flops, bytes, precision } = row.work;
        let seconds = row.time.as_secs_f64();
        let least = (flops as f64 / limits.flops(precision)).max(bytes as f64 / limits.bandwidth);
        Self {
            kernel: row.name,
            on: row.shape.clone(),
            calls: row.calls,
            seconds,
            flops,
            bytes,
            share_of_limit: (least > 0.0).then_some(least / seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use autodidact::nn::profile::Work;

    use super::*;

    fn row(name: &'static str, calls: u64, milliseconds: u64, work: Work) -> Row {
        Row { name, shape: "[8]".to_owned(), calls, time: Duration::from_millis(milliseconds), work }
    }

    #[test]
    fn shares_are_of_the_nearer_limit_and_the_rest_is_told() {
        let limits = Limits { f32_flops: 1e9, bf16_flops: 2e9, bandwidth: 1e9 };
        let product = Work { flops: 50_000_000, ..Work::on_floats(1_000_000) };
        let copy = Work::on_floats(5_000_000);
        let rows = vec![
            row("product", 4, 100, product),
            row("copy", 2, 40, copy),
            row(STEP, 2, 20, Work::default()),
        ];
        let report = Report::new(&Profile { time: Duration::from_millis(200), rows }, limits);
        assert_eq!(report.steps, 2);
        let shares: Vec<_> = report.rows.iter().map(|row| row.share_of_limit).collect();
        // 50 of 100 ms by arithmetic (4 by memory), 20 of 40 ms by memory.
        assert_eq!(shares, [Some(0.5), Some(0.5), None]);
        assert!((report.unaccounted_seconds - 0.04).abs() < 1e-12);
        let text = report.text();
        assert!(text.contains("product           [8]  2.0    50.00  50.0       0.5      0.0   50"), "{text}");
        assert!(text.contains("everything else        0.0    20.00  20.0"), "{text}");
        let nothing = Report::new(&Profile { time: Duration::ZERO, rows: Vec::new() }, limits);
        assert!(nothing.text().contains("no step was recorded"));
    }
}
