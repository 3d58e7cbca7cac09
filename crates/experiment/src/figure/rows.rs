//! The frame of charts with one row per name: names at the left, a value axis below, numbers at the right.

use super::axis::Axis;
use super::frame::{draw_lines, draw_title};
use super::svg::{Anchor, Canvas, TEXT};
use super::text::{spread, width, wrap};

const WIDTH: f64 = 720.0;
const MARGIN: f64 = 18.0;
/// Names wider than this are broken between words.
const NAME_WIDTH: f64 = 190.0;

/// A frame of rows, laid out and ready to be drawn into.
pub(super) struct Rows {
    axis: Axis,
    left: f64,
    right: f64,
    top: f64,
    row: f64,
    count: usize,
}

/// What goes around the rows.
pub(super) struct RowTexts<'a> {
    pub(super) title: &'a str,
    pub(super) value: &'a str,
    pub(super) names: Vec<&'a str>,
    /// One per row, at the right.
    pub(super) numbers: Vec<String>,
    pub(super) references: &'a [(String, f64)],
}

impl Rows {
    /// Lays out and draws title, names, numbers, grid, axis and reference lines; `row` is the height of a row.
    pub(super) fn draw(canvas: &mut Canvas, texts: &RowTexts<'_>, axis: Axis, row: f64) -> Self {
        let mut top = draw_title(canvas, texts.title, WIDTH);
        if !texts.references.is_empty() {
            top += 22.0;
        }
        let names: Vec<Vec<String>> = texts.names.iter().map(|name| wrap(name, TEXT, NAME_WIDTH)).collect();
        let widest = |texts: &mut dyn Iterator<Item = &String>| {
            texts.map(|text| width(text, TEXT)).fold(0.0, f64::max)
        };
        let name_room = widest(&mut names.iter().flatten());
        let numbers = widest(&mut texts.numbers.iter());
        let left = MARGIN + name_room + 14.0;
        let right = WIDTH - MARGIN - numbers - 16.0;
        let rows = Self { axis, left, right, top, row, count: texts.names.len() };

        let bottom = rows.bottom();
        for tick in rows.ticks() {
            let Some(place) = rows.x(tick.value) else { continue };
            canvas.line("ad-grid", (place, top), (place, bottom));
            canvas.text("ad-text ad-muted", (place, bottom + 14.0), Anchor::Middle, &tick.label);
        }
        canvas.text(
            "ad-text ad-muted",
            (f64::midpoint(left, right), bottom + 36.0),
            Anchor::Middle,
            texts.value,
        );
        rows.draw_references(canvas, texts.references);
        for (index, (name, number)) in names.iter().zip(&texts.numbers).enumerate() {
            let middle = rows.middle(index);
            draw_lines(canvas, "ad-text ad-ink", (left - 14.0, middle), Anchor::End, name);
            canvas.text("ad-text ad-ink", (right + 16.0, middle), Anchor::Start, number);
        }
        rows
    }

    /// Where a value is, if the axis can show it.
    pub(super) fn x(&self, value: f64) -> Option<f64> {
        self.axis.place(value).map(|place| self.left + place * (self.right - self.left))
    }

    /// The middle height of a row.
    pub(super) fn middle(&self, index: usize) -> f64 {
        self.top + (index as f64 + 0.5) * self.row
    }

    pub(super) fn top(&self) -> f64 {
        self.top
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.count as f64 * self.row
    }

    /// The finished document, with a remark below the axis.
    pub(super) fn finish(&self, mut canvas: Canvas, title: &str, remark: &str) -> String {
        let mut height = self.bottom() + 36.0;
        if !remark.is_empty() {
            height += 24.0;
            canvas.text("ad-text ad-muted", (MARGIN, height), Anchor::Start, remark);
        }
        canvas.finish(title, WIDTH, height + MARGIN)
    }

    fn draw_references(&self, canvas: &mut Canvas, references: &[(String, f64)]) {
        let shown: Vec<(&str, f64)> =
            references.iter().filter_map(|(name, value)| Some((name.as_str(), self.x(*value)?))).collect();
        // Texts stand side by side above their lines.
        let wanted: Vec<f64> = shown.iter().map(|(_, place)| *place).collect();
        let sizes: Vec<f64> = shown.iter().map(|(name, _)| width(name, TEXT) + 12.0).collect();
        let room = MARGIN + sizes.iter().copied().fold(0.0, f64::max) / 2.0;
        let places = spread(&wanted, &sizes, room, WIDTH - room);
        for ((name, place), text_place) in shown.iter().zip(places) {
            canvas.line("ad-reference", (*place, self.top - 4.0), (*place, self.bottom()));
            canvas.text("ad-text ad-muted", (text_place, self.top - 14.0), Anchor::Middle, name);
        }
    }

    /// As many ticks as have room for their texts.
    fn ticks(&self) -> Vec<super::axis::Tick> {
        for count in (2..=6).rev() {
            let ticks = self.axis.ticks(count);
            let room = (self.right - self.left) / ticks.len().max(1) as f64;
            if ticks.iter().all(|tick| width(&tick.label, TEXT) + 16.0 <= room) {
                return ticks;
            }
        }
        self.axis.ticks(1)
    }
}
