//! Figures are read back: as XML, for what they show and whether texts keep clear of each other; as PNG, for ink.

use autodidact_experiment::Error;
use autodidact_experiment::figure::{BandPoint, BarChart, Figure, IntervalChart, LineChart, ScatterChart};
use autodidact_experiment::statistics::Bootstrap;
use resvg::usvg::roxmltree::{Document, Node};

fn learning_curves() -> Figure {
    let curve = |top: f64, rate: f64| {
        (0..=60).map(move |index| {
            let step = f64::from(index) * 500.0;
            let y = 10.0 + (top - 10.0) * (1.0 - (-step * rate).exp());
            let spread = 1.0 + 3.0 * (-step * rate).exp();
            BandPoint { x: step, y, low: y - spread, high: y + spread }
        })
    };
    LineChart::new("Linear evaluation during training", "step", "top-1 accuracy (%)")
        .with_band("BYOL", curve(62.0, 2e-4))
        .with_band("BYOL, group norm + weight standardisation", curve(61.0, 1.8e-4))
        .with_band("no predictor", curve(24.0, 3e-4))
        .with_band("no batch statistics", curve(21.5, 3e-4))
        .with_reference("random encoder", 20.0)
        .with_reference("chance", 10.0)
        .draw()
        .unwrap()
}

fn arms() -> Figure {
    let bootstrap = Bootstrap::default();
    let byol = [61.2, 63.5, 60.1, 62.8, 64.0];
    let group = [60.4, 62.0, 61.1, 59.0, 61.9];
    let collapsed = [17.0, 19.5, 22.1, 18.2, 18.0];
    IntervalChart::new("Accuracy after 30 000 steps, every seed", "top-1 accuracy (%)")
        .with_arm("BYOL", &byol, Some(bootstrap.mean(&byol)))
        .with_arm("group norm + weight standardisation", &group, Some(bootstrap.mean(&group)))
        .with_arm("no predictor", &collapsed, Some(bootstrap.mean(&collapsed)))
        .with_arm("one seed only", &[40.0], Some(bootstrap.mean(&[40.0])))
        .with_reference("random encoder", 20.0)
        .with_reference("supervised", 71.0)
        .draw()
        .unwrap()
}

fn bars() -> Figure {
    BarChart::new("Change of accuracy when a part is left out", "difference (percentage points)")
        .with_bar("predictor", -43.0, Some((-46.0, -40.1)))
        .with_bar("target network", -35.2, Some((-38.0, -31.0)))
        .with_bar("colour jitter", -9.4, Some((-11.0, -7.0)))
        .with_bar("solarisation", 0.6, Some((-0.8, 1.9)))
        .draw()
        .unwrap()
}

fn points() -> Figure {
    let cloud = |shift: f64| {
        (0..25).map(move |index| {
            let x = f64::from(index);
            (10_f64.powf(-4.0 + x / 8.0), 50.0 + shift + 12.0 * (x * 0.7 + shift).sin())
        })
    };
    let mut chart =
        ScatterChart::new("Learning rate and accuracy", "learning rate", "top-1 accuracy (%)").with_log_x();
    for (index, name) in ["LARS", "SGD", "AdamW", "CDAT", "Polyak", "Lion"].into_iter().enumerate() {
        chart = chart.with_points(name, cloud(index as f64 * 3.0));
    }
    chart.draw().unwrap()
}

fn loss_curve() -> Figure {
    let many = |index: usize| {
        (1..200).map(move |step| {
            let x = f64::from(step) * 5.0;
            let y = if (90..96).contains(&step) && index == 0 {
                f64::NAN
            } else {
                2.0 / (x * (1.0 + index as f64)).sqrt()
            };
            (x, y)
        })
    };
    let mut chart = LineChart::new(
        "Prediction loss with logarithmic axes and a title that is far too long to stand on a single line of the chart",
        "update",
        "loss (nats)",
    )
    .with_log_x()
    .with_log_y();
    for index in 0..8 {
        chart = chart.with_line(&format!("arm {index}"), many(index));
    }
    chart.draw().unwrap()
}

fn gallery() -> [(&'static str, Figure); 5] {
    [
        ("learning-curves", learning_curves()),
        ("arms", arms()),
        ("bars", bars()),
        ("points", points()),
        ("loss-curve", loss_curve()),
    ]
}

#[test]
fn every_kind_is_saved_as_svg_and_png() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("figures");
    for (name, figure) in gallery() {
        let [svg, png] = figure.save(&folder, name).unwrap();
        assert_eq!(std::fs::read_to_string(svg).unwrap(), figure.svg());
        assert!(std::fs::read(png).unwrap().starts_with(b"\x89PNG\r\n"));
    }
}
