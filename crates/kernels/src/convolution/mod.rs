//! Convolution (cross-correlation) and its two gradients, channels last, with stride, padding, dilation and groups.
//!
//! All three are matrix products in disguise and none builds the unrolled matrix. Two dimensions are three of which the
//! first has one position. The slices that an output slice reads are copied into a [stack](stacks) of
//! [padded planes](plane), in which the [window] of an output pixel is, for each kernel row, one contiguous run of
//! `kernel_w · channels` floats, or with dilation one for each kernel position; so padding, stride and groups are paid in
//! the copy and the inner loops have no edges.
//!
//! - [`gather`] multiplies such windows with packed weights: the forward pass, and the input gradient, both
//!   [correlations](correlation). With strides the input gradient splits into [phases](phase), each a dense correlation of
//!   the output gradient with its own taps of the flipped, transposed weights, so no multiplication by an inserted zero is
//!   made.
//! - [`outer`] sums outer products of windows and output gradients: the weight gradient. In tile registers `weight_tiles` does,
//!   over the positions of a [grid].
//! - [`depthwise`] does both where each input channel is a group, channel by channel.
//! - [`winograd`] computes all three for wide two-dimensional 3×3 kernels of stride 1, without dilation and groups, with
//!   fewer multiplications.
//!
//! Normalisation before and after costs no pass over memory: the copy into planes [normalises](source) what it copies, and
//! the statistics of the output are taken by each task from what it wrote.
//!
//! In bfloat16, `gather_dot` multiplies [pairs of channels](unit) and `outer_dot` [pairs of pixels](pixel_pairs) where the
//! processor can, `gather_tiles` and `weight_tiles` do it in tile registers; elsewhere operands are rounded first.
//!
//! Transposed convolution is left out.

mod axis;
mod channels;
mod conv2d;
mod conv3d;
mod correlation;
mod depthwise;
mod forward;
mod gather;
#[cfg(target_arch = "x86_64")]
mod gather_dot;
#[cfg(target_arch = "x86_64")]
mod gather_tiles;
#[cfg(target_arch = "x86_64")]
mod grid;
mod input_gradient;
mod outer;
#[cfg(target_arch = "x86_64")]
mod outer_dot;
mod pack;
mod parts;
mod phase;
mod pixel_pairs;
mod plane;
mod product;
mod shape;
mod source;
mod spaced;
mod stacks;
#[cfg(target_arch = "x86_64")]
mod strips;
#[cfg(test)]
mod twins;
mod unit;
mod weight_gradient;
#[cfg(target_arch = "x86_64")]
mod weight_tiles;
mod window;
mod winograd;

pub use conv2d::{
    Conv2d, conv2d_forward, conv2d_input_gradient, conv2d_normalised_forward,
    conv2d_normalised_weight_gradient, conv2d_weight_gradient,
};
pub use conv3d::{
    Conv3d, conv3d_forward, conv3d_input_gradient, conv3d_normalised_forward,
    conv3d_normalised_weight_gradient, conv3d_weight_gradient,
};
#[cfg(test)]
pub(crate) use shape::Convolution;
