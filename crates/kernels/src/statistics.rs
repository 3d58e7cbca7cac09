//! Means and variances of an activation, from its parts in order.

use crate::check::check_len;
use crate::columns::{Layout, Moments, channel_moments};
use crate::element::Element;
use crate::over::Over;
use crate::profile;
use rayon::prelude::*;
use std::ops::Range;

/// Mean and biased variance (divided by the count, not by the count less one) of each normalised set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// The means: `[channels]` over the batch, `[batch · groups]` over groups, none over nothing.
    pub mean: Vec<f32>,
    /// The biased variances, of the same shape.
    pub variance: Vec<f32>,
}

/// The statistics of `x`, which is `[batch, spatial, channels]`.
///
/// Sums are kept in double precision, and a large mean costs the variance no accuracy. The result does not depend on the
/// number of threads.
///
/// ```
/// use autodidact_kernels::{Over, statistics};
///
/// let found = statistics([2, 1, 1], Over::Batch, &[1.0, 3.0]);
/// assert_eq!((found.mean[0], found.variance[0]), (2.0, 1.0));
/// ```
///
/// # Panics
/// If the slice's length differs from the shape, a set is empty, or the groups are not equal.
pub fn statistics<E: Element>(shape: [usize; 3], over: Over, x: &[E]) -> Statistics {
    let _span = profile::activations::<E>("statistics", &shape, 1);
    check_len("x", x.len(), &shape);
    over.check(shape);
    let [_, spatial, channels] = shape;
    let observer = Observer::new(over, channels, spatial * channels);
    let part = match over {
        Over::Batch => observer.layout.floats_per_task(),
        Over::Groups(_) => spatial * channels,
        Over::Nothing => return Statistics::default(),
    };
    let parts: Vec<_> = x.par_chunks(part).flat_map_iter(|x| observer.look(x)).collect();
    observer.conclude(&parts, 1)
}

/// Takes the moments of an activation where it is at hand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observer {
    over: Over,
    layout: Layout,
    /// Floats of a slice: an image, or one of several that an image has.
    slice: usize,
}

impl Observer {
    pub fn new(over: Over, channels: usize, slice: usize) -> Self {
        Self { over, layout: Layout::new(channels), slice }
    }

    /// The moments of some whole slices, or, over the batch, of some rows: of all of them, or of each slice.
    pub fn look<E: Element>(self, values: &[E]) -> Vec<Moments> {
        match self.over {
            Over::Batch => vec![channel_moments(self.layout, values)],
            Over::Groups(_) => {
                values.chunks_exact(self.slice).map(|slice| channel_moments(self.layout, slice)).collect()
            }
            Over::Nothing => Vec::new(),
        }
    }

    /// The statistics of an activation whose images have so many slices, from the moments of all its parts in order.
    pub fn conclude(self, parts: &[Moments], slices: usize) -> Statistics {
        let found: Vec<(f64, f64)> = match self.over {
            Over::Batch => {
                let all = self.merge(parts);
                let count = all.count as f64;
                all.mean.into_iter().zip(all.squares.into_iter().map(|squares| squares / count)).collect()
            }
            Over::Groups(groups) => {
                parts.chunks(slices).flat_map(|parts| groups_of(&self.merge(parts), groups)).collect()
            }
            Over::Nothing => return Statistics::default(),
        };
        let (mean, variance) =
            found.into_iter().map(|(mean, variance)| (mean as f32, variance as f32)).unzip();
        Statistics { mean, variance }
    }

    fn merge(self, parts: &[Moments]) -> Moments {
        let mut all = Moments::new(self.layout.channels());
        for part in parts {
            all.merge(part);
        }
        all
    }
}

/// The mean and the biased variance of each of so many groups of channels.
pub(crate) fn groups_of(moments: &Moments, groups: usize) -> Vec<(f64, f64)> {
    let size = moments.mean.len() / groups;
    (0..groups).map(|group| group_of(moments, group * size..(group + 1) * size)).collect()
}

fn group_of(moments: &Moments, group: Range<usize>) -> (f64, f64) {
    let (count, size) = (moments.count as f64, group.len() as f64);
    let mean = moments.mean[group.clone()].iter().sum::<f64>() / size;
    let within: f64 = moments.squares[group.clone()].iter().sum();
    let between: f64 = moments.mean[group].iter().map(|channel| (channel - mean).powi(2)).sum();
    (mean, (within / count + between) / size)
}
