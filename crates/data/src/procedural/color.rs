//! Colours by brightness, hue and strength.

use super::random::Random;

/// Red, green and blue on [0, 1].
pub(super) type Color = [f32; 3];

/// Brightness as the eye weighs it (ITU-R BT.601).
fn luma([r, g, b]: Color) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// The colour with this brightness, hue (a turn is 1) and strength (0 grey, 1 as strong as the hue gets).
pub(super) fn color(brightness: f32, hue: f32, strength: f32) -> Color {
    // The pure hue: three ramps around the wheel.
    let ramp = |offset: f32| {
        let at = (hue + offset).fract() * 6.0;
        ((at - 3.0).abs() - 1.0).clamp(0.0, 1.0)
    };
    let pure = [ramp(0.0), ramp(2.0 / 3.0), ramp(1.0 / 3.0)];
    let grey = luma(pure);
    pure.map(|channel| (brightness + strength * (channel - grey)).clamp(0.0, 1.0))
}

/// `a` at 0, `b` at 1.
pub(super) fn mix(a: Color, b: Color, at: f32) -> Color {
    [0, 1, 2].map(|c| a[c] + (b[c] - a[c]) * at)
}

/// The colours of one picture.
pub(super) struct Palette {
    /// The two ends of the background.
    pub background: [Color; 2],
    /// The object and its texture.
    pub object: [Color; 2],
    /// Of what lies about.
    pub clutter: [Color; 3],
}

impl Palette {
    /// A ground that is nearly grey, an object of this hue. The object differs in brightness from the ground, its texture
    /// from it, each to either side, so that no brightness stands for a class.
    pub(super) fn new(random: &mut Random, hue: f32) -> Self {
        let ground = random.between(0.25, 0.75);
        let near =
            |random: &mut Random, brightness: f32| color(brightness, random.unit(), random.between(0.0, 0.1));
        let mark = away_from(ground, random);
        let background = [near(random, ground), near(random, ground + 0.35 * (mark - ground))];
        let fill = away_from(ground, random);
        let mark = away_from(fill, random);
        let object_hue = hue + random.between(-0.05, 0.05) + 1.0;
        let object = [
            color(fill, object_hue, random.between(0.35, 0.65)),
            color(mark, object_hue, random.between(0.2, 0.5)),
        ];
        let clutter = [(); 3].map(|()| {
            let brightness = random.between(0.15, 0.85);
            near(random, brightness)
        });
        Self { background, object, clutter }
    }
}

/// A brightness that differs from `other` by 0.28 to 0.5, to a side where there is room.
fn away_from(other: f32, random: &mut Random) -> f32 {
    let distance = random.between(0.28, 0.5);
    let up = random.chance(0.5);
    let [first, second] =
        if up { [other + distance, other - distance] } else { [other - distance, other + distance] };
    if (0.05..=0.95).contains(&first) { first } else { second.clamp(0.05, 0.95) }
}
