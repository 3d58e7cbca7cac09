//! A picture of what an encoder finds alike: queries, each with its nearest neighbours.
//!
//! ```text
//! query │ nearest  second  third …
//! ```
//!
//! Where classes are known, a neighbour of the query's class has a thick frame with a tick, another one a thin frame
//! with a cross.
//! Left out: text, which the caller has in [`NeighbourRow`].

use autodidact_data::{Dataset, Image};
use image::codecs::png::PngEncoder;
use image::imageops::{FilterType, resize};
use image::{ExtendedColorType, ImageEncoder, RgbImage};

use crate::evaluate::{EvaluateError, Features, neighbours};
use crate::{Embeddings, Result};

/// A query and its nearest neighbours, the nearest first.
#[derive(Debug, Clone)]
pub struct NeighbourRow {
    /// Index of the query in its collection.
    pub index: usize,
    /// The query.
    pub query: Image,
    /// Its neighbours.
    pub neighbours: Vec<Neighbour>,
}

/// One neighbour of a query.
#[derive(Debug, Clone)]
pub struct Neighbour {
    /// Index in the collection.
    pub index: usize,
    /// Cosine similarity of the representations.
    pub similarity: f32,
    /// Whether it has the query's class, where both classes are known.
    pub same_class: Option<bool>,
    /// The picture.
    pub image: Image,
}

/// The `k` nearest neighbours of some pictures within their own collection, each picture without itself.
///
/// `embeddings` are those of `dataset` ([`crate::embed`]); `queries` are rows of them.
///
/// # Errors
/// If `k` is 0 or not below the number of embeddings, or a picture can no longer be read.
///
/// # Panics
/// If a query is not a row of the embeddings.
pub fn nearest_rows(
    embeddings: &Embeddings,
    dataset: &dyn Dataset,
    queries: &[usize],
    k: usize,
) -> Result<Vec<NeighbourRow>> {
    let keys = Features::new(&embeddings.values, embeddings.width)?;
    let values = queries.iter().flat_map(|row| keys.row(*row)).copied().collect::<Vec<f32>>();
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let available = keys.num_rows() - 1;
    if !(1..=available).contains(&k) {
        return Err(EvaluateError::NeighbourCount { k, available }.into());
    }
    // One more, for the query itself.
    let found = neighbours(Features::new(&values, embeddings.width)?, keys, k + 1)?;
    // Pictures that could not be decoded have no row.
    let skipped = |index: &usize| embeddings.skipped.iter().any(|skipped| skipped.index == *index);
    let indices: Vec<usize> = (0..dataset.len()).filter(|index| !skipped(index)).collect();

    let mut rows = Vec::with_capacity(queries.len());
    for (position, &query) in queries.iter().enumerate() {
        let nearest = found.of(position).filter(|(row, _)| *row != query).take(k);
        let nearest = nearest.map(|(row, similarity)| {
            let same_class = embeddings.labels[query].zip(embeddings.labels[row]).map(|(a, b)| a == b);
            let index = indices[row];
            Ok(Neighbour { index, similarity, same_class, image: dataset.image(index)? })
        });
        rows.push(NeighbourRow {
            index: indices[query],
            query: dataset.image(indices[query])?,
            neighbours: nearest.collect::<Result<_>>()?,
        });
    }
    Ok(rows)
}

/// Side of a thumbnail in pixels, and the spaces around it.
const SIDE: usize = 128;
const GAP: usize = 20;
const MARGIN: usize = 24;
/// Between the query and its neighbours; a line runs in the middle.
const QUERY_GAP: usize = 48;
/// Thickness of a frame: the query's class stands out without its colour, too.
const SAME_FRAME: usize = 5;
const DIFFERENT_FRAME: usize = 2;

const PAPER: [u8; 3] = [255; 3];
const RULE: [u8; 3] = [178, 184, 194];
/// Okabe and Ito's blue and vermilion: told apart with every kind of colour vision.
const SAME: [u8; 3] = [0, 114, 178];
const DIFFERENT: [u8; 3] = [213, 94, 0];

/// Draws the rows as one PNG: the queries in a column of their own, then the neighbours.
///
/// Pictures keep their aspect; small ones are enlarged.
///
/// ```
/// use autodidact_data::Image;
/// use autodidact_represent::{Neighbour, NeighbourRow, neighbours_picture};
///
/// let image = Image::new(2, 2, vec![90; 12]);
/// let neighbour = Neighbour { index: 1, similarity: 0.9, same_class: Some(true), image: image.clone() };
/// let png = neighbours_picture(&[NeighbourRow { index: 0, query: image, neighbours: vec![neighbour] }]);
/// assert!(png.starts_with(b"\x89PNG"));
/// ```
///
/// # Panics
/// If there are no rows.
pub fn neighbours_picture(rows: &[NeighbourRow]) -> Vec<u8> {
    assert!(!rows.is_empty(), "a picture of neighbours has at least one row");
    let columns = rows.iter().map(|row| row.neighbours.len()).max().unwrap_or(0);
    let left = |column: usize| MARGIN + SIDE + QUERY_GAP + column * (SIDE + GAP);
    let top = |row: usize| MARGIN + row * (SIDE + GAP);
    let width = if columns == 0 { MARGIN + SIDE } else { left(columns) - GAP };
    let mut canvas = Canvas::new(width + MARGIN, top(rows.len()) - GAP + MARGIN);

    if columns > 0 {
        let x = MARGIN + SIDE + QUERY_GAP / 2;
        canvas.fill([x - 1, MARGIN], [2, canvas.height - 2 * MARGIN], RULE);
    }
    for (position, row) in rows.iter().enumerate() {
        canvas.thumbnail([MARGIN, top(position)], &row.query);
        for (column, neighbour) in row.neighbours.iter().enumerate() {
            let corner = [left(column), top(position)];
            if let Some(same) = neighbour.same_class {
                let (thickness, color) = if same { (SAME_FRAME, SAME) } else { (DIFFERENT_FRAME, DIFFERENT) };
                canvas.fill(corner.map(|at| at - thickness), [SIDE + 2 * thickness; 2], color);
            }
            canvas.thumbnail(corner, &neighbour.image);
            if let Some(same) = neighbour.same_class {
                canvas.badge(corner.map(|at| at as f32 + SIDE as f32 - 10.0), same);
            }
        }
    }
    canvas.into_png()
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: PAPER.repeat(width * height) }
    }

    fn fill(&mut self, [left, top]: [usize; 2], [width, height]: [usize; 2], color: [u8; 3]) {
        for y in top..top + height {
            for x in left..left + width {
                self.blend([x, y], color, 1.0);
            }
        }
    }

    /// The picture in a square of [`SIDE`], centred, in its own aspect.
    fn thumbnail(&mut self, [left, top]: [usize; 2], image: &Image) {
        self.fill([left, top], [SIDE; 2], PAPER);
        let longest = image.width().max(image.height());
        let fit = |side: usize| (side * SIDE).div_ceil(longest).clamp(1, SIDE);
        let (width, height) = (fit(image.width()), fit(image.height()));
        let image = scale(image, width, height);
        let (left, top) = (left + (SIDE - width) / 2, top + (SIDE - height) / 2);
        for y in 0..height {
            for x in 0..width {
                self.blend([left + x, top + y], image.pixel(x, y), 1.0);
            }
        }
    }

    /// A disc with a tick or a cross.
    fn badge(&mut self, center: [f32; 2], tick: bool) {
        const RADIUS: f32 = 13.0;
        let strokes: &[[[f32; 2]; 2]] = if tick {
            &[[[-6.0, 0.5], [-2.0, 5.0]], [[-2.0, 5.0], [6.0, -4.5]]]
        } else {
            &[[[-4.5, -4.5], [4.5, 4.5]], [[-4.5, 4.5], [4.5, -4.5]]]
        };
        let color = if tick { SAME } else { DIFFERENT };
        let [low, high] = [-RADIUS - 3.0, RADIUS + 3.0];
        for y in (center[1] + low) as usize..=(center[1] + high) as usize {
            for x in (center[0] + low) as usize..=(center[0] + high) as usize {
                let point = [x as f32 + 0.5 - center[0], y as f32 + 0.5 - center[1]];
                let from_center = point[0].hypot(point[1]);
                // Coverage of a pixel falls from 1 to 0 across an edge.
                let cover = |distance: f32| (0.5 - distance).clamp(0.0, 1.0);
                self.blend([x, y], PAPER, cover(from_center - RADIUS - 2.0));
                self.blend([x, y], color, cover(from_center - RADIUS));
                for stroke in strokes {
                    self.blend([x, y], PAPER, cover(distance(point, *stroke) - 1.75));
                }
            }
        }
    }

    fn blend(&mut self, [x, y]: [usize; 2], color: [u8; 3], alpha: f32) {
        if x < self.width && y < self.height {
            let at = (y * self.width + x) * 3;
            for (value, color) in self.pixels[at..at + 3].iter_mut().zip(color) {
                *value = (f32::from(*value) * (1.0 - alpha) + f32::from(color) * alpha).round() as u8;
            }
        }
    }

    fn into_png(self) -> Vec<u8> {
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(&self.pixels, self.width as u32, self.height as u32, ExtendedColorType::Rgb8)
            .expect("the canvas is a valid picture and memory does not refuse writes");
        png
    }
}

/// Averages areas where the picture shrinks and interpolates smoothly where it grows.
fn scale(image: &Image, width: usize, height: usize) -> Image {
    if width <= image.width() {
        return image.resize_area(width, height);
    }
    let pixels = RgbImage::from_raw(image.width() as u32, image.height() as u32, image.pixels().to_vec());
    let pixels = pixels.expect("a picture has all its pixels");
    let pixels = resize(&pixels, width as u32, height as u32, FilterType::CatmullRom);
    Image::new(width, height, pixels.into_raw())
}

/// Distance from a point to a line segment.
fn distance(point: [f32; 2], [start, end]: [[f32; 2]; 2]) -> f32 {
    let along = [end[0] - start[0], end[1] - start[1]];
    let from = [point[0] - start[0], point[1] - start[1]];
    let share = (from[0] * along[0] + from[1] * along[1]) / (along[0] * along[0] + along[1] * along[1]);
    let share = share.clamp(0.0, 1.0);
    (from[0] - share * along[0]).hypot(from[1] - share * along[1])
}
