//! CPU kernels for training: convolution, normalisation, pooling, recurrent cells, the residual join and losses, forward and
//! backward, dense matrix products, and updates of parameters.
//!
//! - Activations are channels last, `[batch, height, width, channels]` or with a depth before the height, contiguous; weights are as in `PyTorch`.
//! - The vector instructions (AMX for bfloat16, AVX-512, AVX2 with FMA, NEON, or none) are [chosen](Instructions) at run time.
//! - Work is shared through the current `rayon` pool in parts that depend on the shape alone, and sums are combined in
//!   a fixed order: the result is the same to the bit for any number of threads. It may differ in the last bits
//!   between instruction sets.
//! - A wrong slice length, or a label that is no class, is a bug of the caller and panics; no other data can cause a panic.
//! - Convolutions and products multiply in [`Precision::F32`] or [`Precision::Bf16`]. Activations and their gradients are
//!   [`Element`]s in memory, `f32` or [`bf16`], in whatever precision; weights and their gradients are `f32`.
//! - In tile registers (AMX) sums run past the end of a window against weights of zero, so that an infinite number beside it makes NaN.
//!
//! What is not here: tensors, autodiff, other types of numbers in memory but for weights in [blocks](quantised).

// A kernel that is not inlined into its dispatched caller loses the vector instructions it was written for.
#![allow(clippy::inline_always)]
// Register tiles are walked by index: the same index runs through several arrays of constant length.
#![allow(clippy::needless_range_loop)]

mod add_relu;
mod after;
mod amx;
mod average_pool;
mod batch_norm;
mod byol_loss;
mod causal_attention;
mod check;
mod columns;
mod convolution;
#[cfg(target_arch = "x86_64")]
mod dot;
mod element;
mod exp;
mod gated_gelu;
mod gelu;
mod group_norm;
mod instructions;
mod layer_norm;
mod limits;
mod mapped;
mod matmul;
mod max_pool;
mod normalisation;
mod over;
mod packed_weights;
mod pairs;
mod parts;
mod precision;
pub mod profile;
pub mod quantised;
mod recurrent;
mod recycled;
mod rms_norm;
mod scale_shift;
mod scratch;
mod simd;
mod soft_cap;
mod softmax_cross_entropy;
mod standardise_weight;
mod statistics;
mod stored_matrix;
mod sums;
#[cfg(test)]
mod tests;
mod transpose;
mod updates;
mod values;

pub use add_relu::{add_relu_backward, add_relu_forward};
pub use after::{After, AfterGradient};
pub use average_pool::{global_average_pool_backward, global_average_pool_forward};
pub use batch_norm::{batch_norm_backward, batch_norm_forward};
pub use byol_loss::{byol_loss_backward, byol_loss_forward};
pub use causal_attention::{CausalAttention, KeysAndValues};
pub use convolution::{
    Conv2d, Conv3d, conv2d_forward, conv2d_input_gradient, conv2d_normalised_forward,
    conv2d_normalised_weight_gradient, conv2d_weight_gradient, conv3d_forward, conv3d_input_gradient,
    conv3d_normalised_forward, conv3d_normalised_weight_gradient, conv3d_weight_gradient,
};
pub use element::Element;
pub use gated_gelu::gated_gelu_forward;
pub use gelu::{gelu_backward, gelu_forward};
pub use group_norm::{group_norm_backward, group_norm_forward};
/// A number of sixteen bits: those that [`Element`]s are, besides `f32`.
pub use half::bf16;
pub use instructions::Instructions;
pub use layer_norm::{layer_norm_backward, layer_norm_forward};
pub use limits::Limits;
pub use mapped::MappedFile;
pub use matmul::{Activation, Epilogue, MatMul, PackedMatrix, matmul};
pub use max_pool::{MaxPool2d, max_pool2d_backward, max_pool2d_forward};
pub use normalisation::{Normalisation, OnLoad, normalise};
pub use over::Over;
pub use packed_weights::PackedWeights;
pub use precision::Precision;
pub use recurrent::{CellGradients, CellNorm, CellWeights, Recurrence, RecurrentCell};
pub use recycled::Recycled;
pub use rms_norm::rms_norm_forward;
pub use scale_shift::{scale_shift_backward, scale_shift_forward};
pub use soft_cap::soft_cap;
pub use softmax_cross_entropy::{softmax_cross_entropy_backward, softmax_cross_entropy_forward};
pub use standardise_weight::{standardise_weight_backward, standardise_weight_forward};
pub use statistics::{Statistics, statistics};
pub use stored_matrix::{Format, StoredMatrix};
pub use updates::{
    AdamW, Lars, Sgd, SquaredNorms, adamw_update, ema_update, lars_update, sgd_update, squared_norm,
    squared_norms,
};
