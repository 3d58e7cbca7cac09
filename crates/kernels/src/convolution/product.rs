//! The products of windows and packed weights, of either kind.

use super::channels::{Channels, Kind};
use super::depthwise::{Depthwise, pack};
use super::gather::{Gather, Pixel};
use super::pack::{Pieces, WeightView};
use super::phase::Phase;
use super::spaced::Spaced;
use super::unit::Unit;
use super::window::Window;
use crate::simd::dispatch;
use crate::values::ValuesMut;
use rayon::prelude::*;

/// What is packed once and multiplied by every task.
#[derive(Clone, Debug)]
pub(super) struct Product<'a> {
    channels: &'a Channels,
    window: &'a Window,
    pieces: Pieces,
    spaced: Option<Spaced>,
}

impl<'a> Product<'a> {
    pub fn new(channels: &'a Channels, phase: &'a Phase) -> Self {
        let unit = channels.unit();
        let spaced = match unit {
            Unit::Tile => Spaced::new(&phase.pixels, phase.per_slice, channels.written),
            Unit::Single | Unit::Pair => None,
        };
        Self { channels, window: &phase.window, pieces: phase.window.pieces(unit), spaced }
    }

    /// Floats of the packed weights of all groups.
    pub fn packed_len(&self) -> usize {
        self.channels.products * self.group_len()
    }

    fn group_len(&self) -> usize {
        match self.channels.kind {
            Kind::Dense(unit) => self.view(&[]).packed_len(unit),
            Kind::Depthwise => self.window.rows.len() * self.channels.written,
        }
    }

    /// Packs the weights of all groups.
    pub fn pack(&self, weight: &[f32], packed: &mut [f32]) {
        let [next_group, next_output, _] = self.channels.weight_strides;
        packed.par_chunks_exact_mut(self.group_len()).enumerate().for_each(|(group, packed)| {
            let weight = &weight[group * next_group..];
            match self.channels.kind {
                Kind::Dense(unit) => self.view(weight).pack(unit, packed),
                Kind::Depthwise => pack(weight, &self.window.rows, next_output, packed),
            }
        });
    }

    fn view<'w>(&'w self, weight: &'w [f32]) -> WeightView<'w> {
        let Channels { read, written, weight_strides: [_, next_output, next_channel], .. } = *self.channels;
        WeightView {
            weight,
            outputs: [written, next_output],
            channels: [read, next_channel],
            rows: &self.window.rows,
            columns: &self.window.columns,
        }
    }

    /// Writes the pixels of a group from its stacks, counted in units: in 16 bits by tiles alone. What is `ahead` is read next.
    pub fn multiply(
        &self,
        source: &[f32],
        ahead: &[u8],
        pixels: &[Pixel],
        packed: &[f32],
        group: usize,
        out: &mut ValuesMut<'_>,
    ) {
        let Channels { written, all: [_, pixel_len], .. } = *self.channels;
        let weight = &packed[group * self.group_len()..][..self.group_len()];
        let (pieces, spaced) = (&self.pieces, self.spaced.as_ref());
        let first = group * written;
        let rest = out.len() - first;
        match (self.channels.kind, out.part(first, rest)) {
            (Kind::Dense(unit), ValuesMut::F32(out)) => {
                let product = Gather { source, pixels, pieces, weight, outputs: written, pixel_len, out };
                unit.multiply(product, spaced, ahead);
            }
            #[cfg(target_arch = "x86_64")]
            (Kind::Dense(Unit::Tile), ValuesMut::Bf16(out)) => {
                let product = Gather { source, pixels, pieces, weight, outputs: written, pixel_len, out };
                super::gather_tiles::gather(product, spaced, ahead);
            }
            (_, ValuesMut::Bf16(_)) => unreachable!("others than tiles write 32 bits"),
            (Kind::Depthwise, ValuesMut::F32(out)) => dispatch(Depthwise {
                source,
                pixels,
                starts: &self.pieces.runs,
                weight,
                channels: written,
                out,
            }),
        }
    }
}
