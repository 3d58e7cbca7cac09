//! Whether a forward pass trains or evaluates.

/// How layers with batch statistics behave in a forward pass.
///
/// The mode is an argument, not a state of the module: the target network trains its batch norm
/// without recording gradients, and evaluation never depends on a flag left over from somewhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch norm uses the statistics of the batch and updates its running ones.
    Train,
    /// Batch norm uses its running statistics.
    Evaluate,
}
