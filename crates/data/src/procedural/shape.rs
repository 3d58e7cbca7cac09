//! Shapes as signed distances: negative inside, in the shape's own units, where its radius is about 1.
//!
//! Distances are exact near the outline, which is all that drawing needs.

/// The outline of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Disc,
    Triangle,
    Cross,
    Ring,
    Bar,
}

impl Shape {
    pub(super) const ALL: [Self; 5] = [Self::Disc, Self::Triangle, Self::Cross, Self::Ring, Self::Bar];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Disc => "disc",
            Self::Triangle => "triangle",
            Self::Cross => "cross",
            Self::Ring => "ring",
            Self::Bar => "bar",
        }
    }

    /// The signed distance of a point to the outline.
    pub(super) fn distance(self, [x, y]: [f32; 2]) -> f32 {
        let length = || (x * x + y * y).sqrt();
        let rectangle = |width: f32, height: f32| (x.abs() - width).max(y.abs() - height);
        match self {
            Self::Disc => length() - 0.92,
            Self::Triangle => {
                const HALF_ROOT_3: f32 = 0.866_025_4;
                const INNER_RADIUS: f32 = 0.6;
                (HALF_ROOT_3 * x.abs() + 0.5 * y).max(-y) - INNER_RADIUS
            }
            Self::Cross => rectangle(1.05, 0.36).min(rectangle(0.36, 1.05)),
            Self::Ring => (length() - 0.73).abs() - 0.29,
            Self::Bar => rectangle(1.15, 0.46),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_right_at_known_points() {
        let inside = |shape: Shape, x: f32, y: f32| shape.distance([x, y]) < 0.0;
        assert!(inside(Shape::Disc, 0.0, 0.9) && !inside(Shape::Disc, 0.7, 0.7));
        assert!(inside(Shape::Triangle, 0.0, 1.1) && !inside(Shape::Triangle, 0.0, -0.7));
        assert!(
            inside(Shape::Cross, 1.0, 0.0)
                && inside(Shape::Cross, 0.0, -1.0)
                && !inside(Shape::Cross, 0.5, 0.5)
        );
        assert!(
            !inside(Shape::Ring, 0.0, 0.0) && inside(Shape::Ring, 0.7, 0.0) && !inside(Shape::Ring, 1.1, 0.0)
        );
        assert!(inside(Shape::Bar, 1.1, 0.4) && !inside(Shape::Bar, 0.0, 0.5));
    }

    #[test]
    fn distances_change_by_no_more_than_the_way_walked() {
        for shape in Shape::ALL {
            for step in 0..400 {
                let (x, y) = ((step % 20) as f32 / 8.0 - 1.25, (step / 20) as f32 / 8.0 - 1.25);
                let here = shape.distance([x, y]);
                for (dx, dy) in [(0.01, 0.0), (0.0, 0.01)] {
                    let there = shape.distance([x + dx, y + dy]);
                    assert!((there - here).abs() <= 0.01001, "{shape:?} at {x}, {y}");
                }
            }
        }
    }
}
