//! Mean and variance of each channel.
//!
//! The squared deviations of some rows are taken from the mean of those rows, in single precision while they are in
//! the cache, and merged in double precision with the update of Chan, Golub and `LeVeque` (1979). So a mean that is
//! large against the deviation costs no accuracy: the relative error of the variance is a few units of 2⁻²⁴ whatever
//! the mean.

use super::{BLOCK, Layout, SUM_ROWS};
use crate::element::Element;
use crate::simd::{dispatch, vector_array_mut};
use pulp::{Simd, WithSimd};

/// Count, mean and summed squared deviation of each column of a matrix.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    pub count: usize,
    pub mean: Vec<f64>,
    pub squares: Vec<f64>,
}

impl Moments {
    pub fn new(columns: usize) -> Self {
        Self { count: 0, mean: vec![0.0; columns], squares: vec![0.0; columns] }
    }

    /// Takes in other rows of the same columns.
    pub fn merge(&mut self, other: &Self) {
        self.merge_columns(0, other.count, &other.mean, &other.squares);
        self.count += other.count;
    }

    /// Merges columns from `first` on, without counting the rows.
    #[inline(always)]
    fn merge_columns(&mut self, first: usize, count: usize, mean: &[f64], squares: &[f64]) {
        let share = count as f64 / (self.count + count).max(1) as f64;
        let weight = share * self.count as f64;
        let len = mean.len();
        let into_mean = &mut self.mean[first..first + len];
        let into_squares = &mut self.squares[first..first + len];
        let squares = &squares[..len];
        for column in 0..len {
            let delta = mean[column] - into_mean[column];
            into_mean[column] += delta * share;
            into_squares[column] += squares[column] + delta * delta * weight;
        }
    }
}

/// The moments of each channel over all rows of `x`.
pub(crate) fn channel_moments<E: Element>(layout: Layout, x: &[E]) -> Moments {
    let channels = layout.channels;
    let (body, tail) = x.split_at(layout.whole(x.len()));
    let long = dispatch(LongMoments { width: layout.width(), x: body });
    let mut moments = Moments::new(channels);
    for (mean, squares) in long.mean.chunks_exact(channels).zip(long.squares.chunks_exact(channels)) {
        moments.merge_columns(0, long.count, mean, squares);
        moments.count += long.count;
    }
    let zeros = vec![0.0; channels];
    for row in tail.chunks_exact(channels) {
        let mean: Vec<f64> = row.iter().map(|&x| f64::from(x.to_f32())).collect();
        moments.merge_columns(0, 1, &mean, &zeros);
        moments.count += 1;
    }
    moments
}

/// The moments of each column of a long row.
pub(super) struct LongMoments<'a, E> {
    pub(super) width: usize,
    pub(super) x: &'a [E],
}

impl<E: Element> WithSimd for LongMoments<'_, E> {
    type Output = Moments;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Moments {
        match S::F32_LANES {
            16 => self.run::<S, 4>(simd),
            8 => self.run::<S, 8>(simd),
            4 => self.run::<S, 16>(simd),
            _ => self.run::<S, 64>(simd),
        }
    }
}

impl<E: Element> LongMoments<'_, E> {
    #[inline(always)]
    fn run<S: Simd, const V: usize>(self, simd: S) -> Moments {
        let Self { width, x } = self;
        let mut moments = Moments::new(width);
        for start in (0..x.len()).step_by(SUM_ROWS * width) {
            let end = x.len().min(start + SUM_ROWS * width);
            let count = (end - start) / width;
            let share = simd.splat_f32s(1.0 / count as f32);
            for block in (0..width).step_by(BLOCK) {
                let mut mean = [simd.splat_f32s(0.0); V];
                for row in (start..end).step_by(width) {
                    let x = E::load::<S, V>(&x[row + block..]);
                    for v in 0..V {
                        mean[v] = simd.add_f32s(mean[v], x[v]);
                    }
                }
                for v in 0..V {
                    mean[v] = simd.mul_f32s(mean[v], share);
                }
                let mut squares = [simd.splat_f32s(0.0); V];
                // The mean was rounded; the mean deviation from it says by how much.
                let mut rest = [simd.splat_f32s(0.0); V];
                for row in (start..end).step_by(width) {
                    let x = E::load::<S, V>(&x[row + block..]);
                    for v in 0..V {
                        let deviation = simd.sub_f32s(x[v], mean[v]);
                        rest[v] = simd.add_f32s(rest[v], deviation);
                        squares[v] = simd.mul_add_e_f32s(deviation, deviation, squares[v]);
                    }
                }
                let mut totals = [[0.0; BLOCK]; 3];
                let [to_mean, to_squares, to_rest] = totals.each_mut();
                *vector_array_mut::<S, V>(to_mean) = mean;
                *vector_array_mut::<S, V>(to_squares) = squares;
                *vector_array_mut::<S, V>(to_rest) = rest;
                let (mut means, mut sums) = ([0.0; BLOCK], [0.0; BLOCK]);
                for column in 0..BLOCK {
                    let rest = f64::from(totals[2][column]);
                    let correction = rest / count as f64;
                    means[column] = f64::from(totals[0][column]) + correction;
                    sums[column] = f64::from(totals[1][column]) - correction * rest;
                }
                moments.merge_columns(block, count, &means, &sums);
            }
            moments.count += count;
        }
        moments
    }
}
