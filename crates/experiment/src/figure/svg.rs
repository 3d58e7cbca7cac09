//! Writing SVG: shapes and text with classes, and the two palettes that colour them.
//!
//! An own writer of a hundred lines and not `plotters`: that one writes colours into every element, so a figure could
//! not follow the reader's colour scheme; and it asks the system for fonts to lay text out.

use std::fmt::Write as _;

use super::text::FONT_FAMILY;

/// Colours that people with any colour vision tell apart (after Okabe and Ito 2008), darkened where text is set in them.
const LIGHT: [&str; COLOURS] = ["#0064a6", "#c44e00", "#00805c", "#a8518a", "#8c6900", "#2b2f36"];
/// The same hues for a dark ground.
const DARK: [&str; COLOURS] = ["#62b0ea", "#f59256", "#40c79d", "#e79bca", "#e6b93f", "#d5d9e0"];
/// How many colours there are before they repeat with another dash and marker.
pub(super) const COLOURS: usize = 6;

/// Size of ordinary text.
pub(super) const TEXT: f64 = 13.0;
/// Size of the title.
pub(super) const TITLE: f64 = 16.0;

/// Where text is anchored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// An SVG being written.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    body: String,
}

impl Canvas {
    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.body,
            r#"<line class="{class}" x1="{}" y1="{}" x2="{}" y2="{}"/>"#,
            short(x1),
            short(y1),
            short(x2),
            short(y2)
        );
    }

    pub(super) fn rect(&mut self, class: &str, corner: (f64, f64), size: (f64, f64)) {
        let _ = writeln!(
            self.body,
            r#"<rect class="{class}" x="{}" y="{}" width="{}" height="{}"/>"#,
            short(corner.0),
            short(corner.1),
            short(size.0),
            short(size.1)
        );
    }

    /// A rectangle of which the ground shows through, but for this share from 0 to 1.
    pub(super) fn shade(&mut self, class: &str, corner: (f64, f64), size: (f64, f64), opacity: f64) {
        let _ = writeln!(
            self.body,
            r#"<rect class="{class}" style="stroke:none;fill-opacity:{}" x="{}" y="{}" width="{}" height="{}"/>"#,
            short(opacity),
            short(corner.0),
            short(corner.1),
            short(size.0),
            short(size.1)
        );
    }

    pub(super) fn circle(&mut self, class: &str, centre: (f64, f64), radius: f64) {
        let _ = writeln!(
            self.body,
            r#"<circle class="{class}" cx="{}" cy="{}" r="{}"/>"#,
            short(centre.0),
            short(centre.1),
            short(radius)
        );
    }

    /// Straight lines from point to point; closed makes an area.
    pub(super) fn path(&mut self, class: &str, points: &[(f64, f64)], is_closed: bool) {
        let mut data = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let _ = write!(data, "{}{} {}", if index == 0 { 'M' } else { 'L' }, short(*x), short(*y));
        }
        if is_closed {
            data.push('Z');
        }
        let _ = writeln!(self.body, r#"<path class="{class}" d="{data}"/>"#);
    }

    /// Text with its middle height at `at`, whatever its size.
    pub(super) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let size = if class.contains("ad-title") { TITLE } else { TEXT };
        let _ = writeln!(
            self.body,
            r#"<text class="{class}" x="{}" y="{}" text-anchor="{anchor}">{}</text>"#,
            short(at.0),
            // `dominant-baseline` is drawn differently everywhere; a third of the size is the same everywhere.
            short(at.1 + size * 0.35),
            escape(text)
        );
    }

    /// The sign of a group of points: another shape for each of the first six groups.
    pub(super) fn marker(&mut self, index: usize, centre: (f64, f64), radius: f64) {
        let (x, y) = centre;
        let class = format!("ad-marker {}", colour(index));
        let r = radius;
        match index % COLOURS {
            0 => self.circle(&class, centre, r),
            1 => self.path(&class, &[(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)], true),
            2 => self.path(
                &class,
                &[(x, y - r * 1.2), (x + r * 1.1, y + r * 0.8), (x - r * 1.1, y + r * 0.8)],
                true,
            ),
            3 => self.path(
                &class,
                &[(x, y - r * 1.3), (x + r * 1.3, y), (x, y + r * 1.3), (x - r * 1.3, y)],
                true,
            ),
            4 => self.path(
                &class,
                &[(x, y + r * 1.2), (x + r * 1.1, y - r * 0.8), (x - r * 1.1, y - r * 0.8)],
                true,
            ),
            _ => {
                let (thin, long) = (r * 0.4, r * 1.2);
                self.path(
                    &class,
                    &[(x - long, y - thin), (x + long, y - thin), (x + long, y + thin), (x - long, y + thin)],
                    true,
                );
                self.path(
                    &class,
                    &[(x - thin, y - long), (x + thin, y - long), (x + thin, y + long), (x - thin, y + long)],
                    true,
                );
            }
        }
    }

    /// The finished document.
    pub(super) fn finish(self, title: &str, width: f64, height: f64) -> String {
        let (width, height) = (short(width), short(height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" class=\"ad-figure\">\n<title>{}</title>\n<style>{}{}</style>\n\
             <rect class=\"ad-ground\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
            escape(title),
            light_style(),
            dark_style(),
            self.body
        )
    }
}

/// The class that gives group `index` its colour.
pub(super) fn colour(index: usize) -> String {
    format!("ad-{}", index % COLOURS)
}

/// The class of a line of group `index`: its colour, and a dash pattern where colours repeat.
pub(super) fn stroke(index: usize) -> String {
    let dash = ["", " ad-dash-1", " ad-dash-2"][(index / COLOURS) % 3];
    format!("ad-line {}{dash}", colour(index))
}

/// The part of the style that a PNG is drawn without.
pub(super) fn dark_style() -> String {
    let mut rules = palette_rules(&DARK);
    rules.push_str(&ground_rules("#16181d", "#e6e8ec", "#a3a9b5", "#2c3038", "#737a87"));
    format!("@media screen and (prefers-color-scheme:dark){{{rules}}}")
}

fn light_style() -> String {
    let mut style = format!(
        ".ad-text{{font:{TEXT}px {FONT_FAMILY},system-ui,sans-serif;stroke:none}}\
         .ad-title{{font:600 {TITLE}px {FONT_FAMILY},system-ui,sans-serif;stroke:none}}\
         .ad-line{{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}}\
         .ad-thick{{fill:none;stroke-width:3;stroke-linecap:round}}\
         .ad-dash-1{{stroke-dasharray:7 5}}.ad-dash-2{{stroke-dasharray:1 5}}\
         .ad-band{{stroke:none;fill-opacity:.18}}\
         .ad-bar{{stroke:none;fill-opacity:.75}}\
         .ad-dot{{stroke:none;fill-opacity:.55}}\
         .ad-marker{{stroke-width:1}}\
         .ad-reference{{fill:none;stroke-width:1.5;stroke-dasharray:4 4}}"
    );
    style.push_str(&palette_rules(&LIGHT));
    style.push_str(&ground_rules("#ffffff", "#1d2127", "#5b6370", "#e3e6ea", "#8a919c"));
    style
}

fn palette_rules(colours: &[&str; COLOURS]) -> String {
    let mut rules = String::new();
    for (index, colour) in colours.iter().enumerate() {
        // Lines are stroked and not filled: `ad-line` and `ad-thick` come again with more weight.
        let _ = write!(
            rules,
            ".ad-{index}{{fill:{colour};stroke:{colour}}}.ad-line.ad-{index},.ad-thick.ad-{index}{{fill:none}}\
             .ad-text.ad-{index},.ad-band.ad-{index},.ad-bar.ad-{index},.ad-dot.ad-{index}{{stroke:none}}"
        );
    }
    rules
}

fn ground_rules(ground: &str, text: &str, muted: &str, grid: &str, axis: &str) -> String {
    format!(
        ".ad-ground{{fill:{ground}}}.ad-ink{{fill:{text}}}.ad-muted{{fill:{muted}}}\
         .ad-grid{{stroke:{grid};stroke-width:1}}.ad-axis{{stroke:{axis};stroke-width:1}}\
         .ad-reference{{stroke:{muted}}}.ad-whisker{{stroke:{text};stroke-width:1.5}}"
    )
}

/// A coordinate with at most two decimals.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text that is safe inside elements and attributes. What XML cannot hold is dropped.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' => escaped.push(' '),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => {}
            other => escaped.push(other),
        }
    }
    escaped
}
