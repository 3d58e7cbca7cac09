//! Run directories, metrics, checkpoints, progress, figures, statistics and the reproduction engine.
