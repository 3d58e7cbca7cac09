//! Writes procedural pictures for other programs: `cargo run --example procedural_records -- FILE COUNT SIDE [SEED]`.
//!
//! A record is one label byte, then the pixels, `[side, side, 3]`.

use std::io::{BufWriter, Write};

use autodidact_data::Dataset;
use autodidact_data::procedural::Procedural;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, count, side, seed @ ..] = arguments.as_slice() else {
        return Err("expected FILE COUNT SIDE [SEED]".into());
    };
    let seed = seed.first().map_or(Ok(0), |seed| seed.parse())?;
    let pictures = Procedural::new(seed, count.parse()?, side.parse()?);
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    for index in 0..pictures.len() {
        let label = pictures.label(index).ok_or("drawn pictures have labels")?;
        file.write_all(&[u8::try_from(label)?])?;
        file.write_all(pictures.image(index)?.pixels())?;
    }
    Ok(file.flush()?)
}
