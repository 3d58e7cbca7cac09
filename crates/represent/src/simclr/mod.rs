//! `SimCLR` (Chen et al. 2020, arXiv 2002.05709), the contrastive baseline in the same harness: same encoder,
//! projector, augmentations and optimizer as BYOL; no predictor, no target network.

mod loss;
mod step;

pub use loss::nt_xent;
pub use step::Simclr;
