//! What an object's surface shows, as the share of the second colour.

/// The surface of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texture {
    Plain,
    Striped,
    Checked,
    Rimmed,
    Halved,
}

/// Width of a stripe and the next, in units of the object's radius.
const STRIPE_PERIOD: f32 = 0.7;
const CHECK_PERIOD: f32 = 0.9;
const RIM: f32 = 0.2;

impl Texture {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Striped => "striped",
            Self::Checked => "checked",
            Self::Rimmed => "rimmed",
            Self::Halved => "halved",
        }
    }

    /// The share of the second colour at a point of the object, antialiased over `blur` (the size of a pixel).
    /// `distance` is that of the shape there, `phase` on [0, 1) shifts the pattern.
    pub(super) fn share(self, [x, y]: [f32; 2], distance: f32, phase: f32, blur: f32) -> f32 {
        match self {
            Self::Plain => 0.0,
            Self::Striped => wave(y, STRIPE_PERIOD, phase, blur),
            Self::Checked => {
                let (a, b) = (wave(x, CHECK_PERIOD, phase, blur), wave(y, CHECK_PERIOD, phase, blur));
                a + b - 2.0 * a * b
            }
            Self::Rimmed => step(distance + RIM, blur),
            Self::Halved => step(y + 0.3 * (phase - 0.5), blur),
        }
    }
}

/// 0 below, 1 above, a ramp as wide as a pixel between.
pub(super) fn step(at: f32, blur: f32) -> f32 {
    (0.5 + at / blur).clamp(0.0, 1.0)
}

/// A square wave with antialiased edges.
pub(super) fn wave(at: f32, period: f32, phase: f32, blur: f32) -> f32 {
    let turn = at / period + phase;
    let triangle = (turn - turn.floor() - 0.5).abs(); // 0 to 0.5 and back
    step((triangle - 0.25) * period, blur)
}
