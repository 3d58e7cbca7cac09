//! What the pictures of a class have in common.

use super::shape::Shape;
use super::texture::Texture;

/// Hues of objects, evenly around the colour wheel from red.
pub(super) const HUES: usize = 5;
/// Probability that a picture gets its class's hue, and its class's ground; else it gets any, the class's own among them.
pub(super) const USUAL: f32 = 0.6;

/// What is behind the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    Plain,
    Rows,
    Columns,
    Checks,
    Clouds,
}

impl Ground {
    pub(super) const ALL: [Self; 5] = [Self::Plain, Self::Rows, Self::Columns, Self::Checks, Self::Clouds];
}

/// What the pictures of a class have in common.
pub(super) struct Class {
    pub shape: Shape,
    pub texture: Texture,
    pub hue: usize,
    pub ground: Ground,
}

const fn class_of(shape: Shape, texture: Texture, hue: usize, ground: Ground) -> Class {
    Class { shape, texture, hue, ground }
}

/// The ten classes; each value of each property occurs in two of them.
pub(super) const CLASSES: [Class; 10] = [
    class_of(Shape::Disc, Texture::Plain, 0, Ground::Plain),
    class_of(Shape::Disc, Texture::Striped, 1, Ground::Rows),
    class_of(Shape::Triangle, Texture::Striped, 2, Ground::Columns),
    class_of(Shape::Triangle, Texture::Checked, 3, Ground::Plain),
    class_of(Shape::Cross, Texture::Checked, 4, Ground::Rows),
    class_of(Shape::Cross, Texture::Rimmed, 0, Ground::Checks),
    class_of(Shape::Ring, Texture::Rimmed, 1, Ground::Clouds),
    class_of(Shape::Ring, Texture::Halved, 2, Ground::Checks),
    class_of(Shape::Bar, Texture::Halved, 3, Ground::Columns),
    class_of(Shape::Bar, Texture::Plain, 4, Ground::Clouds),
];
