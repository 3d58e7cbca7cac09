//! Each paper's central claim as an experiment with a verdict.
