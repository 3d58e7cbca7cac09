//! Figures are read back: as XML, for what they show and whether texts keep clear of each other; as PNG, for ink.

use autodidact_experiment::Error;
use autodidact_experiment::figure::{
    BandPoint, BarChart, Figure, IntervalChart, LineChart, ScatterChart, TreeChart, TreeNode,
};
use autodidact_experiment::statistics::{Bootstrap, Interval};
use proptest::prelude::*;
use resvg::usvg::roxmltree::{self, Document};

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

fn tree() -> Figure {
    let node = |label: &str, weight, note: &str, branches| TreeNode {
        label: label.to_owned(),
        weight,
        note: note.to_owned(),
        branches,
    };
    let leaves = |count: i32| {
        (0..count).map(|leaf| node(&leaf.to_string(), 1.0 + f64::from(leaf), "a0=3 a1=4", vec![]))
    };
    let third = node("3", 60.0, "", vec![node("4", 60.0, "a3=1", leaves(10).collect())]);
    let branches = vec![
        third,
        node("a branch with a long name", 30.0, "", leaves(3).collect()),
        node("2", 1.0, "a0=1", vec![]),
    ];
    TreeChart::new(
        "Beginnings of messages",
        "symbol, number of objects, and the values that are certain from there on, in a remark of two lines",
    )
    .draw(&node("all", 91.0, "", branches))
    .unwrap()
}

fn gallery() -> [(&'static str, Figure); 6] {
    [
        ("learning-curves", learning_curves()),
        ("arms", arms()),
        ("bars", bars()),
        ("points", points()),
        ("loss-curve", loss_curve()),
        ("tree", tree()),
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

/// A text with its box, by the widths of the font that PNGs are drawn with.
#[derive(Debug)]
struct Text {
    content: String,
    left: f64,
    right: f64,
    middle: f64,
    height: f64,
}

fn number(node: roxmltree::Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
}

/// Boxes of all texts as resvg lays them out.
fn texts(figure: &Figure) -> Vec<Text> {
    fn visit(group: &resvg::usvg::Group, found: &mut Vec<Text>) {
        for node in group.children() {
            match node {
                resvg::usvg::Node::Group(inner) => visit(inner, found),
                resvg::usvg::Node::Text(text) => {
                    let area = text.abs_bounding_box();
                    found.push(Text {
                        content: text.chunks().iter().map(resvg::usvg::TextChunk::text).collect(),
                        left: f64::from(area.left()),
                        right: f64::from(area.right()),
                        middle: f64::from(f32::midpoint(area.top(), area.bottom())),
                        height: f64::from(area.height()),
                    });
                }
                _ => {}
            }
        }
    }
    let mut options = resvg::usvg::Options::default();
    options.fontdb_mut().load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    let tree = resvg::usvg::Tree::from_str(figure.svg(), &options).unwrap();
    let mut found = Vec::new();
    visit(tree.root(), &mut found);
    found
}

#[test]
fn no_text_overlaps_another_or_leaves_the_picture() {
    for (name, figure) in gallery() {
        let document = Document::parse(figure.svg()).unwrap();
        let (width, height) =
            (number(document.root_element(), "width"), number(document.root_element(), "height"));
        let texts = texts(&figure);
        assert!(texts.len() > 8, "{name}: {texts:?}");
        for (index, text) in texts.iter().enumerate() {
            assert!(text.left >= 0.0 && text.right <= width, "{name}: {text:?}");
            assert!(text.middle > 0.0 && text.middle < height, "{name}: {text:?}");
            for other in &texts[..index] {
                let beside = text.left >= other.right || other.left >= text.right;
                // Boxes have the font's whole line height; letters of lines 0.85 apart do not touch.
                let below =
                    (text.middle - other.middle).abs() >= 0.85 * f64::midpoint(text.height, other.height);
                assert!(beside || below, "{name}: {text:?} overlaps {other:?}");
            }
        }
    }
}

#[test]
fn axis_titles_arms_and_references_are_there() {
    let shown: Vec<String> = texts(&learning_curves()).into_iter().map(|text| text.content).collect();
    for expected in
        ["Linear evaluation during training", "step", "top-1 accuracy (%)", "BYOL", "chance", "30k", "60"]
    {
        assert!(shown.iter().any(|text| text == expected), "{expected} in {shown:?}");
    }
}

#[test]
fn points_are_where_their_values_say() {
    let figure = ScatterChart::new("Places", "x", "y")
        .with_points(
            "corners",
            [(0.0, 0.0), (10.0, 100.0), (5.0, 25.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)],
        )
        .draw()
        .unwrap();
    let document = Document::parse(figure.svg()).unwrap();
    let circles: Vec<(f64, f64)> = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "circle")))
        .map(|node| (number(node, "cx"), number(node, "cy")))
        .collect();
    // The last one is the legend's.
    let [low, high, middle, _legend] = circles.as_slice() else { panic!("{circles:?}") };
    assert!((middle.0 - f64::midpoint(low.0, high.0)).abs() < 0.02, "{circles:?}");
    assert!((middle.1 - (low.1 + 0.25 * (high.1 - low.1))).abs() < 0.02, "{circles:?}");
    assert!(high.1 < low.1, "upwards is more");
}

#[test]
fn a_gap_breaks_a_line_and_a_band() {
    let points = (0..10).map(|index| {
        let y = if index == 5 { f64::NAN } else { f64::from(index) };
        BandPoint { x: f64::from(index), y, low: y - 1.0, high: y + 1.0 }
    });
    let figure = LineChart::new("Gap", "x", "y").with_band("arm", points).draw().unwrap();
    let paths = |class: &str| figure.svg().matches(&format!("<path class=\"{class}")).count();
    assert_eq!((paths("ad-line"), paths("ad-band")), (2, 2));
}

#[test]
fn an_unbounded_interval_is_not_drawn() {
    let interval = Interval { estimate: 1.0, low: f64::NEG_INFINITY, high: f64::INFINITY, confidence: 0.95 };
    let figure =
        IntervalChart::new("One seed", "value").with_arm("arm", &[1.0], Some(interval)).draw().unwrap();
    assert!(!figure.svg().contains("class=\"ad-thick"));
    assert!(!figure.svg().contains("inf") && !figure.svg().contains("NaN"));
}

#[test]
fn nothing_finite_is_an_error() {
    let empty = LineChart::new("Nothing", "x", "y").draw().unwrap_err();
    assert!(matches!(&empty, Error::Figure { title, .. } if title == "Nothing"), "{empty}");
    assert!(IntervalChart::new("Nothing", "y").with_arm("a", &[f64::NAN], None).draw().is_err());
    assert!(BarChart::new("Nothing", "y").with_bar("a", f64::NAN, None).draw().is_err());
    assert!(
        ScatterChart::new("Nothing", "x", "y").with_points("a", [(0.0, 1.0)]).with_log_x().draw().is_err()
    );
}

#[test]
fn any_text_keeps_the_document_well_formed() {
    let strange = "a < b & \"c\" '\u{0}\u{1b}\u{ffff}]]> τ → 学习 \n<script>";
    let figure = LineChart::new(strange, strange, strange)
        .with_line(strange, [(0.0, 1.0), (1.0, 2.0)])
        .draw()
        .unwrap();
    let document = Document::parse(figure.svg()).unwrap();
    assert!(!document.descendants().any(|node| node.tag_name().name() == "script"));
    figure.png(1.0).unwrap();
}

#[test]
fn png_text_has_ink_without_fonts_of_the_system() {
    let figure = learning_curves();
    let png = figure.png(1.0).unwrap();
    let pixels = resvg::tiny_skia::Pixmap::decode_png(&png).unwrap();
    let title = texts(&figure).remove(0);
    let ink = (title.left as u32..title.right as u32)
        .flat_map(|x| ((title.middle - 8.0) as u32..(title.middle + 8.0) as u32).map(move |y| (x, y)))
        .filter(|(x, y)| pixels.pixel(*x, *y).is_some_and(|pixel| pixel.red() < 100))
        .count();
    assert!(ink > 300, "{ink} dark pixels where the title is");
    assert!(figure.png(f32::NAN).is_err() && figure.png(1e9).is_err());
}

#[test]
fn colours_follow_the_readers_scheme_and_stand_out_in_both() {
    let figure = learning_curves();
    let (light, dark) = figure.svg().split_once("prefers-color-scheme:dark").unwrap();
    for (style, ground) in [(light, "#ffffff"), (dark, "#16181d")] {
        assert!(style.contains(&format!(".ad-ground{{fill:{ground}}}")));
        for index in 0..6 {
            let rule = style.split_once(&format!(".ad-{index}{{fill:")).unwrap().1;
            let contrast = contrast(&rule[..7], ground);
            // What WCAG 2.2 asks of text.
            assert!(contrast >= 4.5, "colour {index} on {ground}: {contrast:.2}");
        }
    }
}

/// Contrast ratio of two colours, WCAG 2.2.
fn contrast(first: &str, second: &str) -> f64 {
    let luminance = |colour: &str| -> f64 {
        let channel = |place: usize| {
            let value = f64::from(u8::from_str_radix(&colour[place..place + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (a, b) = (luminance(first), luminance(second));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

proptest! {
    #[test]
    fn any_values_make_a_well_formed_document_or_an_error(
        points in prop::collection::vec((any::<f64>(), any::<f64>()), 0..6),
        is_log: bool,
    ) {
        let lines = LineChart::new("Any", "x", "y").with_line("line", points.clone()).with_reference("at", 1.0);
        let scatter = ScatterChart::new("Any", "x", "y").with_points("points", points.clone());
        let (lines, scatter) =
            if is_log { (lines.with_log_y().with_log_x(), scatter.with_log_x()) } else { (lines, scatter) };
        let values: Vec<f64> = points.iter().map(|point| point.0).collect();
        let mut bars = BarChart::new("Any", "y");
        for (value, end) in &points {
            bars = bars.with_bar("bar", *value, Some((*end, *value)));
        }
        let intervals = IntervalChart::new("Any", "y").with_arm("arm", &values, None);
        for figure in [lines.draw(), scatter.draw(), bars.draw(), intervals.draw()].into_iter().flatten() {
            let document = Document::parse(figure.svg()).unwrap();
            for node in document.descendants().filter(roxmltree::Node::is_element) {
                for attribute in node.attributes() {
                    prop_assert!(!attribute.value().contains("NaN") && !attribute.value().contains("inf"), "{:?}", node);
                }
            }
        }
    }
}

/// An arm has the same colour in every chart, also where another arm before it has nothing to show.
#[test]
fn a_colour_can_be_passed_over() {
    let line = |chart: LineChart| chart.with_line("arm", [(0.0, 0.0), (1.0, 1.0)]).draw().unwrap();
    let chart = || LineChart::new("Curves", "step", "spread");
    let (first, second) = (line(chart()), line(chart().with_colour_passed_over()));
    let expected = chart().with_line("before", [(0.0, 0.0), (1.0, 0.5)]);
    let colours = |svg: &str| -> Vec<bool> {
        (0..3).map(|index| svg.contains(&format!("ad-line ad-{index}\""))).collect()
    };
    let both = line(expected);
    assert_ne!(colours(first.svg()), colours(second.svg()), "{}", second.svg());
    let own: Vec<bool> =
        colours(both.svg()).iter().zip(colours(first.svg())).map(|(a, b)| *a && !b).collect();
    assert_eq!(colours(second.svg()), own);
}
