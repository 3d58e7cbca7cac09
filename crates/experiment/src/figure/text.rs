//! How wide text is, so that charts leave room for it.
//!
//! Widths are those of the font that PNGs are drawn with; browsers use the reader's own, hence the margin.

use std::sync::LazyLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// The font of PNGs (Ubuntu Font Licence 1.0).
pub(super) const FONT: &[u8] = epaint_default_fonts::UBUNTU_LIGHT;
/// Its name.
pub(super) const FONT_FAMILY: &str = "Ubuntu";
/// Signs that [`FONT`] lacks, such as arrows, come from here (MIT).
pub(super) const FALLBACK_FONT: &[u8] = epaint_default_fonts::HACK_REGULAR;

/// Readers' fonts may be this much wider.
const MARGIN: f64 = 1.1;

static PARSED: LazyLock<FontRef<'static>> =
    LazyLock::new(|| FontRef::new(FONT).expect("the font is shipped with the crate"));

/// Width of a text in SVG units at a font size, with the margin.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let characters = PARSED.charmap();
    let glyphs = PARSED.glyph_metrics(Size::new(size as f32), LocationRef::default());
    let advance = |character| characters.map(character).and_then(|glyph| glyphs.advance_width(glyph));
    text.chars().map(|character| f64::from(advance(character).unwrap_or(size as f32 * 0.6))).sum::<f64>()
        * MARGIN
}

/// The text in lines no wider than `limit`, broken between words.
pub(super) fn wrap(text: &str, size: f64, limit: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Moves labels apart: neighbours of these sizes do not overlap, their centres lie within `low..=high`, and each is as
/// near to where it wants to be as their order allows. Returns the centres in the order of `wanted`.
pub(super) fn spread(wanted: &[f64], sizes: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let gap = |a: usize, b: usize| f64::midpoint(sizes[a], sizes[b]);
    let needed: f64 = order.windows(2).map(|pair| gap(pair[0], pair[1])).sum();
    // A crowd that does not fit shares the room.
    let squeeze = if needed > high - low { (high - low) / needed } else { 1.0 };
    let mut places = vec![0.0; wanted.len()];
    for (rank, index) in order.iter().enumerate() {
        let least =
            if rank == 0 { low } else { places[order[rank - 1]] + squeeze * gap(order[rank - 1], *index) };
        places[*index] = wanted[*index].max(least);
    }
    for (rank, index) in order.iter().enumerate().rev() {
        let most = order.get(rank + 1).map_or(high, |next| places[*next] - squeeze * gap(*index, *next));
        places[*index] = places[*index].min(most);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_moved_apart_and_stay_inside() {
        let places = spread(&[10.0, 99.0, 11.0, 98.0], &[10.0; 4], 0.0, 100.0);
        assert_eq!(places, [10.0, 100.0, 20.0, 90.0]);
        assert_eq!(spread(&[5.0; 3], &[60.0; 3], 0.0, 100.0), [0.0, 50.0, 100.0]);
        assert_eq!(spread(&[0.0, 1.0], &[40.0, 20.0], 0.0, 100.0), [0.0, 30.0]);
    }

    #[test]
    fn wider_text_is_wider_and_lines_hold_the_limit() {
        assert!(width("mm", 12.0) > width("ii", 12.0));
        let lines = wrap("a title that is much too long for one line", 12.0, 100.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| width(line, 12.0) <= 100.0), "{lines:?}");
    }
}
