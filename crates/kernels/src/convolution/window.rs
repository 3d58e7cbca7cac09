//! A window: what one output pixel's sum runs over in a stack, and the weights that it meets there.

use super::axis::Axis;
use super::channels::Kind;
use super::pack::Pieces;
use super::stacks::Stacks;
use super::unit::Unit;

/// Runs of neighbouring floats: one for each kernel row where the pixels that it meets are neighbours, else one for each
/// pixel.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// Where the runs start, ascending, in floats from the start of the window.
    pub starts: Vec<usize>,
    pub run_len: usize,
    /// The weights of the first pixel of each run, as offsets into those of a channel.
    pub rows: Vec<usize>,
    /// Those of the pixels inside a run, relative to its first.
    pub columns: Vec<usize>,
}

impl Window {
    /// The window of these axes of rows and columns in these stacks. What is summed channel by channel has a run for each
    /// pixel always.
    pub fn new(stacks: &Stacks, [rows, columns]: [&Axis; 2], kernel: [usize; 3], kind: Kind) -> Self {
        let plane = &stacks.plane;
        let slices = &stacks.axis.taps;
        let are_neighbours = columns.apart == 1 || columns.taps.len() == 1;
        let (between, within) = if are_neighbours && kind != Kind::Depthwise {
            (&[0][..], &columns.taps[..])
        } else {
            (&columns.taps[..], &[0][..])
        };
        let (mut starts, mut weights) = (Vec::new(), Vec::new());
        for in_stack in 0..stacks.members * slices.len() {
            let (member, slice) = (in_stack / slices.len(), slices[in_stack % slices.len()]);
            for (y, row) in rows.taps.iter().enumerate() {
                for (x, column) in between.iter().enumerate() {
                    starts.push(
                        in_stack * plane.len()
                            + y * rows.apart * plane.row_len()
                            + x * columns.apart * plane.channels,
                    );
                    weights.push(((member * kernel[0] + slice) * kernel[1] + row) * kernel[2] + column);
                }
            }
        }
        Self { starts, run_len: within.len() * plane.channels, rows: weights, columns: within.to_vec() }
    }

    /// The runs in pieces, all counted in units.
    pub fn pieces(&self, unit: Unit) -> Pieces {
        let starts: Vec<usize> = self.starts.iter().map(|start| start / unit.len()).collect();
        Pieces::new(&starts, self.run_len / unit.len())
    }
}
