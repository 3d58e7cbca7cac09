//! One picture: what is where, and how it becomes pixels.
//!
//! Coordinates are those of the square from -1 to 1, x to the right and y down.

use super::class::{Class, Ground, HUES, USUAL};
use super::color::{Color, Palette, mix};
use super::random::Random;
use super::shape::Shape;
use super::texture::{Texture, step, wave};
use crate::Image;

/// Purposes of the generators.
const LAYOUT: u64 = 0;
const NOISE: u64 = 1;

/// Cells of the background's clouds per side.
const CLOUDS: usize = 4;

/// A shape somewhere, turned and stretched.
struct Placed {
    shape: Shape,
    centre: [f32; 2],
    /// The direction of the shape's own x axis.
    axis: [f32; 2],
    /// Sizes along its own axes.
    size: [f32; 2],
}

impl Placed {
    /// A point in the shape's own units.
    fn local(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (x, y) = (x - self.centre[0], y - self.centre[1]);
        let [c, s] = self.axis;
        [(c * x + s * y) / self.size[0], (c * y - s * x) / self.size[1]]
    }

    /// The size of a pixel in the shape's own units.
    fn blur(&self, pixel: f32) -> f32 {
        pixel / self.size[0].min(self.size[1])
    }

    /// How much of a pixel it covers.
    fn cover(&self, at: [f32; 2], pixel: f32) -> f32 {
        step(-self.shape.distance(self.local(at)), self.blur(pixel))
    }
}

/// Everything about a picture but its size in pixels.
pub(super) struct Scene {
    palette: Palette,
    /// The direction along which the background changes from one colour to the other.
    slope: [f32; 2],
    clouds: [[f32; CLOUDS + 1]; CLOUDS + 1],
    ground: Ground,
    /// Period and phases of the ground's pattern.
    ground_wave: (f32, [f32; 2]),
    behind: Vec<(Placed, Color)>,
    object: Placed,
    texture: Texture,
    texture_axis: [f32; 2],
    phase: f32,
    light: [f32; 2],
    in_front: Option<(Placed, Color)>,
    gain: f32,
    offset: f32,
    noise: f32,
    noise_key: (u64, u64),
}

impl Scene {
    pub(super) fn new(seed: u64, index: u64, class: &Class) -> Self {
        let random = &mut Random::new(seed, index, LAYOUT);
        let Class { shape, texture, .. } = *class;
        let hue = usual(random, class.hue, HUES);
        let ground = Ground::ALL[usual(random, class.ground as usize, Ground::ALL.len())];
        let palette = Palette::new(random, hue as f32 / HUES as f32);
        let scale = random.between(0.54, 0.8);
        let stretch = random.between(0.88, 1.12);
        let room = 0.9 - scale;
        let object = Placed {
            shape,
            centre: [random.between(-room, room), random.between(-room, room)],
            axis: random.tilt(),
            size: [scale * stretch, scale / stretch],
        };
        let behind = (0..random.below(4))
            .map(|which| (small(random, [random_corner, anywhere][which % 2]), palette.clutter[which]))
            .collect();
        let in_front = random.chance(0.35).then(|| (small(random, anywhere), palette.clutter[2]));
        Self {
            slope: random.direction(),
            clouds: [(); CLOUDS + 1].map(|()| [(); CLOUDS + 1].map(|()| random.between(-0.5, 0.5))),
            ground,
            ground_wave: (random.between(0.5, 0.8), [random.unit(), random.unit()]),
            texture,
            texture_axis: random.direction(),
            phase: random.unit(),
            light: random.direction(),
            gain: random.between(0.55, 1.1),
            offset: random.between(-0.2, 0.2),
            noise: random.between(0.0, 0.045),
            noise_key: (seed, index),
            palette,
            behind,
            object,
            in_front,
        }
    }

    /// The picture at this size: the same scene at any, but for the noise, which is per pixel.
    pub(super) fn render(&self, side: usize) -> Image {
        let mut noise = Random::new(self.noise_key.0, self.noise_key.1, NOISE);
        let pixel = 2.0 / side as f32;
        let mut pixels = Vec::with_capacity(side * side * 3);
        for row in 0..side {
            for column in 0..side {
                let at = [column, row].map(|i| (i as f32 + 0.5) * pixel - 1.0);
                for channel in self.color(at, pixel) {
                    let value = 0.5 + (channel - 0.5) * self.gain + self.offset + self.noise * noise.normal();
                    pixels.push((value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
                }
            }
        }
        Image::new(side, side, pixels)
    }

    fn color(&self, at: [f32; 2], pixel: f32) -> Color {
        let mut color = self.ground(at, pixel);
        for (placed, other) in &self.behind {
            color = mix(color, *other, placed.cover(at, pixel));
        }
        let (local, blur) = (self.object.local(at), self.object.blur(pixel));
        let distance = self.object.shape.distance(local);
        let cover = step(-distance, blur);
        if cover > 0.0 {
            color = mix(color, self.surface(local, distance, blur), cover);
        }
        if let Some((placed, other)) = &self.in_front {
            color = mix(color, *other, placed.cover(at, pixel));
        }
        color
    }

    /// The object's colour at a point in its own units.
    fn surface(&self, [x, y]: [f32; 2], distance: f32, blur: f32) -> Color {
        let [c, s] = self.texture_axis;
        let share = self.texture.share([c * x + s * y, c * y - s * x], distance, self.phase, blur);
        let shade = 1.0 + 0.14 * (self.light[0] * x + self.light[1] * y);
        mix(self.palette.object[0], self.palette.object[1], share).map(|channel| channel * shade)
    }

    fn ground(&self, [x, y]: [f32; 2], pixel: f32) -> Color {
        let along = 0.5 + 0.5 * (self.slope[0] * x + self.slope[1] * y);
        let (period, phase) = self.ground_wave;
        let rows = || wave(y, period, phase[0], pixel);
        let columns = || wave(x, period, phase[1], pixel);
        let share = match self.ground {
            Ground::Plain => 0.0,
            Ground::Rows => rows(),
            Ground::Columns => columns(),
            Ground::Checks => {
                let (a, b) = (rows(), columns());
                a + b - 2.0 * a * b
            }
            Ground::Clouds => 0.5 + 1.6 * self.cloud([x, y]),
        };
        let color = mix(self.palette.background[0], self.palette.background[1], share.clamp(0.0, 1.0));
        color.map(|channel| channel + 0.12 * (along - 0.5))
    }

    /// Smoothly interpolated random values, on [-0.5, 0.5].
    fn cloud(&self, at: [f32; 2]) -> f32 {
        let [x, y] = at.map(|v| ((v * 0.5 + 0.5) * CLOUDS as f32).clamp(0.0, CLOUDS as f32));
        let (column, row) = ((x as usize).min(CLOUDS - 1), (y as usize).min(CLOUDS - 1));
        let ease = |t: f32| t * t * (3.0 - 2.0 * t);
        let (u, v) = (ease(x - column as f32), ease(y - row as f32));
        let across = |row: usize| {
            let values = &self.clouds[row];
            values[column] + (values[column + 1] - values[column]) * u
        };
        across(row) + (across(row + 1) - across(row)) * v
    }
}

/// The usual value, or now and then any of `count`.
fn usual(random: &mut Random, value: usize, count: usize) -> usize {
    let (usual, other) = (random.chance(USUAL), random.below(count));
    if usual { value } else { other }
}

/// A small shape of any kind, where `place` says.
fn small(random: &mut Random, place: fn(&mut Random) -> [f32; 2]) -> Placed {
    let size = random.between(0.13, 0.26);
    Placed {
        shape: Shape::ALL[random.below(Shape::ALL.len())],
        centre: place(random),
        axis: random.direction(),
        size: [size, size],
    }
}

fn anywhere(random: &mut Random) -> [f32; 2] {
    [random.between(-0.95, 0.95), random.between(-0.95, 0.95)]
}

/// Near a corner, where the object seldom is.
fn random_corner(random: &mut Random) -> [f32; 2] {
    let side = |random: &mut Random| {
        let from_edge = random.between(0.6, 0.95);
        if random.chance(0.5) { from_edge } else { -from_edge }
    };
    [side(random), side(random)]
}
