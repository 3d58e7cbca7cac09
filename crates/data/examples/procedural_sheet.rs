//! Draws a contact sheet of the procedural classes: `cargo run --example procedural_sheet -- sheet.png [side]`.

use autodidact_data::inspect::{ContactSheet, contact_sheet, save_png};
use autodidact_data::procedural::Procedural;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "procedural.png".into());
    let side = arguments.next().map_or(Ok(Procedural::DEFAULT_SIDE), |side| side.parse())?;
    let pictures = Procedural::new(0, 120, side);
    save_png(
        &contact_sheet(&pictures, &ContactSheet { thumbnail: 2 * side, ..ContactSheet::default() }),
        &path,
    )?;
    println!("{path}");
    Ok(())
}
