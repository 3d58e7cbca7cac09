//! Figures: line charts with bands, intervals over seeds, bars, scatters, heat maps and trees, as SVG and PNG.
//!
//! An SVG is self-contained, has its colours as classes with a light palette, and turns dark with the reader's colour
//! scheme. A PNG is the light one, drawn with the font that this crate ships, so text shows on machines without fonts.
//!
//! Charts are plain data with a `draw`; layout is theirs. What a figure needs beyond these kinds is left out.

mod axis;
mod bar;
mod frame;
mod heat;
mod interval;
mod line;
mod png;
mod rows;
mod scatter;
mod svg;
mod text;
mod tree;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use bar::BarChart;
pub use heat::HeatMap;
pub use interval::IntervalChart;
pub use line::{BandPoint, LineChart};
pub use scatter::ScatterChart;
pub use tree::{TreeChart, TreeNode};

pub(crate) use svg::escape;

use crate::{Error, Result, file};

/// A drawn figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    title: String,
    #[serde(skip)]
    svg: String,
}

impl Figure {
    pub(crate) fn new(title: &str, svg: String) -> Self {
        Self { title: title.to_owned(), svg }
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The SVG document; can stand alone or inside HTML.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// A PNG of the light version, `scale` pixels per SVG unit.
    ///
    /// # Errors
    /// [`crate::Error::Figure`] if it cannot be drawn at this size.
    pub fn png(&self, scale: f32) -> Result<Vec<u8>> {
        png::encode(&self.svg, scale).map_err(|reason| Error::Figure { title: self.title.clone(), reason })
    }

    /// Writes `<folder>/<name>.svg` and `<folder>/<name>.png` (two pixels per unit).
    ///
    /// # Errors
    /// [`crate::Error::Figure`], [`crate::Error::Write`] or [`crate::Error::DiskFull`].
    pub fn save(&self, folder: &Path, name: &str) -> Result<[PathBuf; 2]> {
        file::create_folder(folder)?;
        let paths = [folder.join(format!("{name}.svg")), folder.join(format!("{name}.png"))];
        file::write(&paths[0], self.svg.as_bytes())?;
        file::write(&paths[1], &self.png(2.0)?)?;
        Ok(paths)
    }
}

/// What a chart fails with when there is nothing to draw.
fn nothing_to_draw(title: &str) -> Error {
    Error::Figure {
        title: title.to_owned(),
        reason: "it has no finite value that its axes can show".to_owned(),
    }
}
