//! The one table of names: which convolution and normalisation of ours has which name in torchvision.

use autodidact_nn::{ConvNorm, ResNet};

/// A convolution and its normalisation under both names.
#[derive(Debug)]
pub(crate) struct Layer<'a> {
    /// Path inside our module, for instance `stages.0.1.branch.0`.
    pub(crate) ours: String,
    /// Torchvision's name of the convolution, for instance `layer1.1.conv1`.
    pub(crate) conv: String,
    /// Torchvision's name of the normalisation, for instance `layer1.1.bn1`.
    pub(crate) norm: String,
    /// The two together.
    pub(crate) pair: &'a ConvNorm,
}

/// Every layer of the encoder, in the order in which torchvision's `state_dict` has them.
pub(crate) fn layers(encoder: &ResNet) -> Vec<Layer<'_>> {
    let mut layers = vec![Layer {
        ours: "stem.layer".to_owned(),
        conv: "conv1".to_owned(),
        norm: "bn1".to_owned(),
        pair: &encoder.stem.layer,
    }];
    for (stage, blocks) in encoder.stages.iter().enumerate() {
        for (index, block) in blocks.iter().enumerate() {
            let ours = format!("stages.{stage}.{index}");
            let theirs = format!("layer{}.{index}", stage + 1);
            layers.extend(block.branch.iter().enumerate().map(|(position, pair)| Layer {
                ours: format!("{ours}.branch.{position}"),
                conv: format!("{theirs}.conv{}", position + 1),
                norm: format!("{theirs}.bn{}", position + 1),
                pair,
            }));
            layers.extend(block.shortcut.as_ref().map(|pair| Layer {
                ours: format!("{ours}.shortcut"),
                conv: format!("{theirs}.downsample.0"),
                norm: format!("{theirs}.downsample.1"),
                pair,
            }));
        }
    }
    layers
}
