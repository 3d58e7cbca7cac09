//! Representations without labels: BYOL, SimCLR and their evaluation.
