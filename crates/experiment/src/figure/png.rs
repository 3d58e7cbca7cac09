//! PNG from SVG, with the fonts that the crate ships.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use super::svg::dark_style;
use super::text::{FALLBACK_FONT, FONT, FONT_FAMILY};

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(FONT.to_vec());
    fonts.load_font_data(FALLBACK_FONT.to_vec());
    fonts.set_sans_serif_family(FONT_FAMILY);
    Arc::new(fonts)
});

/// The light version of a figure, `scale` pixels per unit; or why not.
pub(super) fn encode(svg: &str, scale: f32) -> Result<Vec<u8>, String> {
    let light = svg
        .replace(&dark_style(), "")
        // The font has one weight; a thin outline makes the title bold.
        .replace(
            "class=\"ad-title ad-ink\"",
            "style=\"stroke:#1d2127;stroke-width:0.5\" class=\"ad-title ad-ink\"",
        );
    let options =
        Options { fontdb: Arc::clone(&FONTS), font_family: FONT_FAMILY.to_owned(), ..Options::default() };
    let tree = Tree::from_str(&light, &options).map_err(|error| error.to_string())?;
    let size = tree.size().to_int_size().scale_by(scale).ok_or("it would have no pixels")?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or("it would have too many pixels")?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}
