//! The frame of charts with two value axes: title, axes with ticks, grid, and labels at the right edge.

use super::axis::Axis;
use super::svg::{Anchor, Canvas, TEXT, TITLE};
use super::text::{spread, width, wrap};

const WIDTH: f64 = 720.0;
const PLOT_HEIGHT: f64 = 300.0;
const MARGIN: f64 = 18.0;
const LINE_HEIGHT: f64 = 20.0;
const LINE_STEP: f64 = 15.0;
const SWATCH: f64 = 22.0;
/// Labels wider than this are broken between words.
const LABEL_WIDTH: f64 = 170.0;

/// A label at the right edge, with a swatch that shows the mark it names.
pub(super) struct EdgeLabel {
    pub(super) text: String,
    pub(super) class: String,
    /// Where on the vertical axis it wants to be, in SVG units.
    pub(super) wanted: f64,
    pub(super) swatch: Swatch,
}

/// What a label's swatch shows.
pub(super) enum Swatch {
    Line(String),
    Marker(usize),
}

/// The texts of a chart with two value axes.
pub(super) struct Titles<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
}

/// A frame, laid out and ready to be drawn into.
pub(super) struct Frame {
    x: Axis,
    y: Axis,
    left: f64,
    right: f64,
    top: f64,
}

impl Frame {
    /// Lays the frame out, leaving room for these labels, and draws it.
    pub(super) fn draw(canvas: &mut Canvas, titles: &Titles<'_>, x: Axis, y: Axis, labels: &[&str]) -> Self {
        let top = draw_title(canvas, titles.title, WIDTH);
        canvas.text("ad-text ad-muted", (MARGIN, top), Anchor::Start, titles.y);
        let top = top + LINE_HEIGHT;

        let y_ticks = y.ticks(6);
        let tick_room = y_ticks.iter().map(|tick| width(&tick.label, TEXT)).fold(0.0, f64::max);
        let lines = labels.iter().flat_map(|label| wrap(label, TEXT, LABEL_WIDTH));
        let label_room = lines.map(|line| width(&line, TEXT)).fold(0.0, f64::max);
        let label_room = if label_room > 0.0 { label_room + SWATCH + 16.0 } else { 0.0 };
        let left = MARGIN + tick_room + 8.0;
        // The last tick's text may reach half its width beyond the axis.
        let right = (WIDTH - MARGIN - label_room.max(16.0)).max(left + 160.0);
        let frame = Self { x, y, left, right, top };

        for tick in &y_ticks {
            let Some(height) = frame.y(tick.value) else { continue };
            canvas.line("ad-grid", (left, height), (right, height));
            canvas.text("ad-text ad-muted", (left - 8.0, height), Anchor::End, &tick.label);
        }
        let bottom = frame.bottom();
        canvas.line("ad-axis", (left, bottom), (right, bottom));
        for tick in frame.x_ticks() {
            let Some(place) = frame.x(tick.value) else { continue };
            canvas.line("ad-axis", (place, bottom), (place, bottom + 5.0));
            canvas.text("ad-text ad-muted", (place, bottom + 16.0), Anchor::Middle, &tick.label);
        }
        canvas.text(
            "ad-text ad-muted",
            (f64::midpoint(left, right), bottom + 38.0),
            Anchor::Middle,
            titles.x,
        );
        frame
    }

    /// Where a horizontal value is, if the axis can show it.
    pub(super) fn x(&self, value: f64) -> Option<f64> {
        self.x.place(value).map(|place| self.left + place * (self.right - self.left))
    }

    /// Where a vertical value is, if the axis can show it.
    pub(super) fn y(&self, value: f64) -> Option<f64> {
        self.y.place(value).map(|place| self.bottom() - place * PLOT_HEIGHT)
    }

    pub(super) fn left(&self) -> f64 {
        self.left
    }

    pub(super) fn right(&self) -> f64 {
        self.right
    }

    pub(super) fn top(&self) -> f64 {
        self.top
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + PLOT_HEIGHT
    }

    /// Draws the labels at the right edge, near to where they want to be and apart from each other.
    pub(super) fn draw_labels(&self, canvas: &mut Canvas, labels: &[EdgeLabel]) {
        let wanted: Vec<f64> = labels.iter().map(|label| label.wanted).collect();
        let texts: Vec<Vec<String>> =
            labels.iter().map(|label| wrap(&label.text, TEXT, LABEL_WIDTH)).collect();
        let sizes: Vec<f64> = texts.iter().map(|lines| text_height(lines.len())).collect();
        let places = spread(&wanted, &sizes, self.top, self.bottom() - 4.0);
        for ((label, lines), place) in labels.iter().zip(&texts).zip(places) {
            let start = self.right + 8.0;
            match &label.swatch {
                Swatch::Line(class) => canvas.line(class, (start, place), (start + SWATCH - 4.0, place)),
                Swatch::Marker(index) => canvas.marker(*index, (start + SWATCH / 2.0 - 2.0, place), 4.0),
            }
            let class = format!("ad-text {}", label.class);
            draw_lines(canvas, &class, (start + SWATCH + 2.0, place), Anchor::Start, lines);
        }
    }

    /// The finished document.
    pub(super) fn finish(&self, canvas: Canvas, title: &str) -> String {
        canvas.finish(title, WIDTH, self.bottom() + 38.0 + MARGIN)
    }

    /// As many ticks as have room for their texts.
    fn x_ticks(&self) -> Vec<super::axis::Tick> {
        for count in (2..=8).rev() {
            let ticks = self.x.ticks(count);
            let places: Vec<f64> = ticks.iter().filter_map(|tick| self.x(tick.value)).collect();
            let room = places.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
            if ticks.iter().all(|tick| width(&tick.label, TEXT) + 14.0 <= room) {
                return ticks;
            }
        }
        self.x.ticks(1)
    }
}

/// Height of so many lines of text with room around them.
fn text_height(lines: usize) -> f64 {
    LINE_HEIGHT + (lines.max(1) - 1) as f64 * LINE_STEP
}

/// Draws lines of text around a middle height.
pub(super) fn draw_lines(canvas: &mut Canvas, class: &str, at: (f64, f64), anchor: Anchor, lines: &[String]) {
    let first = at.1 - (lines.len().max(1) - 1) as f64 * LINE_STEP / 2.0;
    for (index, line) in lines.iter().enumerate() {
        canvas.text(class, (at.0, first + index as f64 * LINE_STEP), anchor, line);
    }
}

/// Draws the title and returns the middle height of the line below it.
pub(super) fn draw_title(canvas: &mut Canvas, title: &str, chart_width: f64) -> f64 {
    let mut height = MARGIN + TITLE / 2.0;
    for line in wrap(title, TITLE * 1.05, chart_width - 2.0 * MARGIN) {
        canvas.text("ad-title ad-ink", (MARGIN, height), Anchor::Start, &line);
        height += TITLE * 1.3;
    }
    height + 6.0
}
