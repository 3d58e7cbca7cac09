/// How far a checkpoint is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Tensors that are done.
    pub tensors: usize,
    /// All of them.
    pub num_tensors: usize,
    /// Numbers that are done.
    pub parameters: u64,
    /// All of them.
    pub num_parameters: u64,
}
