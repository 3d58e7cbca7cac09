//! `optimize curvature`: the loss around a run's weights.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use autodidact::experiment::figure::{Figure, LineChart};
use autodidact::experiment::progress::Progress;
use autodidact::experiment::run::RunDirectory;
use autodidact::represent::{CurvatureReport, Look, RepresentConfig, curvature};
use clap::Args;
use serde::Serialize;

use crate::cli::common::{Machine, Output};
use crate::cli::exit::Exit;
use crate::cli::represent::own_pictures;

/// Flags of `optimize curvature`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  autodidact optimize curvature --run runs/photos
  autodidact represent train --data photos --set monitor.sharpness=25    read the sharpness while training

The loss is that of the batch that would come next. Figures and `curvature.json` go to the run's folder `curvature`.")]
pub struct Arguments {
    /// Run directory
    #[arg(long)]
    run: PathBuf,
    /// The run's pictures, if they have moved
    #[arg(long)]
    data: Option<PathBuf>,
    /// Hessian products for the extreme eigenvalues, and again for each probe of the spectrum
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    steps: u16,
    /// Random vectors for the spectrum's density
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    probes: u16,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    output: Output,
}

/// What is printed: the report and where its figures are.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    report: &'a CurvatureReport,
    figures: Vec<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Exit> {
    let path = &arguments.run;
    let run = RunDirectory::open(path)
        .with_context(|| format!("`{}` is no run; `autodidact represent train` makes one", path.display()))?;
    let config: RepresentConfig = toml::from_str(&run.config()?)
        .with_context(|| format!("`{}` is no run of `represent train`", path.display()))?;
    let device = arguments.machine.start(arguments.output)?;
    let dataset = own_pictures(&run, &config, arguments.data.as_deref(), arguments.output)?;
    let look =
        Look { lanczos_steps: arguments.steps.into(), probes: arguments.probes.into(), ..Look::default() };
    let mut progress: Option<Progress> = None;
    let mut tell = |done, total| {
        progress
            .get_or_insert_with(|| Progress::new("curvature", total, arguments.output.display()))
            .set(done, &[]);
    };
    let report = curvature(&config, dataset, &device, &run, look, &mut tell)?;
    if let Some(progress) = &progress {
        progress.finish();
    }
    let folder = run.path().join("curvature");
    let figures = save(&folder, &report)?;
    run.write_json("curvature/curvature.json", &report)?;
    arguments.output.result(&Told { report: &report, figures }, || text(&report, &folder))?;
    Ok(Exit::Done)
}

fn save(folder: &Path, report: &CurvatureReport) -> Result<Vec<PathBuf>> {
    let mut saved = Vec::new();
    let figures = [
        ("along", Some(along(report)?)),
        ("spectrum", Some(spectrum(report)?)),
        ("sharpness", history(report)?),
    ];
    for (name, figure) in figures {
        if let Some(figure) = figure {
            saved.extend(figure.save(folder, name)?);
        }
    }
    Ok(saved)
}

fn along(report: &CurvatureReport) -> Result<Figure> {
    let model = |rate: f64| report.loss + rate * report.slope + 0.5 * rate * rate * report.curvature;
    let chart = LineChart::new("Loss along the next update", "learning rate", "loss")
        .with_line("loss", report.along.iter().copied())
        .with_line("quadratic model", report.along.iter().map(|&(rate, _)| (rate, model(rate))))
        .with_reference("now", report.loss);
    Ok(chart.draw()?)
}

fn spectrum(report: &CurvatureReport) -> Result<Figure> {
    let (low, high) = (report.smallest, report.largest);
    let span = (high - low).max(f64::MIN_POSITIVE);
    let width = span / 60.0;
    let points = 240;
    let at = |index: usize| low - 0.05 * span + 1.1 * span * index as f64 / f64::from(points);
    let density = |value: f64| {
        let bump = |(centre, weight): &(f64, f64)| weight * (-0.5 * ((value - centre) / width).powi(2)).exp();
        report.spectrum.iter().map(bump).sum::<f64>() / (width * (2.0 * std::f64::consts::PI).sqrt())
    };
    // Most eigenvalues are near zero: without the logarithm the others do not show.
    let floor = 1e-6 / span;
    let chart = LineChart::new("Density of the Hessian's eigenvalues", "eigenvalue", "density")
        .with_line("density", (0..=points as usize).map(|index| (at(index), density(at(index)).max(floor))))
        .with_log_y();
    Ok(chart.draw()?)
}

/// Sharpness over the edge while training, if it was read.
fn history(report: &CurvatureReport) -> Result<Option<Figure>> {
    if report.history.len() < 2 {
        return Ok(None);
    }
    let over: Vec<(f64, f64)> =
        report.history.iter().filter_map(|&(step, _, over)| Some((step as f64, over?))).collect();
    let chart = if over.is_empty() {
        LineChart::new("Sharpness while training", "step", "largest eigenvalue").with_line(
            "sharpness",
            report.history.iter().map(|&(step, sharpness, _)| (step as f64, sharpness)),
        )
    } else {
        LineChart::new("Sharpness while training", "step", "sharpness over the edge of stability")
            .with_line("sharpness / edge", over)
            .with_reference("edge", 1.0)
    };
    Ok(Some(chart.draw()?))
}

fn text(report: &CurvatureReport, folder: &Path) -> String {
    let CurvatureReport { steps, loss, gradient_norm, largest, smallest, .. } = report;
    let mut lines = vec![
        format!("after {steps} steps: loss {loss:.4}, gradient norm {gradient_norm:.3e}"),
        format!("Hessian: largest eigenvalue {largest:.4e}, smallest {smallest:.4e}"),
    ];
    if let (Some(rate), Some(edge)) = (report.learning_rate, report.edge) {
        let of = if report.is_adaptive { " of the preconditioned Hessian" } else { "" };
        lines.push(format!("edge of stability{of} at the last learning rate {rate:.3e}: {edge:.4e}"));
    }
    lines.push(format!(
        "along the next update: slope {:.3e}, curvature {:.3e} ± {:.1e}; lowest at learning rate {:.3e}, the edge at twice that",
        report.slope, report.curvature, report.curvature_error, report.greedy_rate
    ));
    lines.push(format!("figures: {}", folder.display()));
    lines.join("\n")
}
