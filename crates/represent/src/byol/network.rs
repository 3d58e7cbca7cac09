//! The online and the target network.

use autodidact_experiment::rng::Seeds;
use autodidact_nn::{Linear, Mlp, Mode, NormConfig, ResNet};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::RepresentConfig;

/// What the online network makes of one view.
#[derive(Clone, Debug)]
pub struct OnlineOutput {
    /// Representation y = f(v), `[N, D]`: the product of training.
    pub representation: Tensor<2>,
    /// Projection z = g(y).
    pub projection: Tensor<2>,
    /// Prediction p = q(z); equal to z without a predictor.
    pub prediction: Tensor<2>,
}

/// Encoder f, projector g, predictor q, and the monitoring classifier. θ in the paper.
#[derive(Module, Debug)]
pub struct OnlineNetwork {
    /// Encoder f.
    pub encoder: ResNet,
    /// Projector g.
    pub projector: Mlp,
    /// Predictor q.
    pub predictor: Option<Mlp>,
    /// Linear classifier on the detached representation, for monitoring.
    pub classifier: Option<Linear>,
}

impl OnlineNetwork {
    /// Draws the weights from the seed's stream `online`. `num_classes` of 0 leaves the classifier out.
    pub fn new(config: &RepresentConfig, num_classes: usize, device: &Device) -> Self {
        let mut rng = Seeds::new(config.seed).stream("weights/online");
        let features = config.encoder.output_size();
        let encoder = config.encoder.init(&mut rng, device);
        let projector = config.projector.init(features, &mut rng, device);
        let predictor = config
            .use_predictor
            .then(|| config.predictor.init(config.projector.output_size, &mut rng, device));
        let classifier =
            (num_classes > 0).then(|| Linear::new([features, num_classes], true, false, &mut rng, device));
        Self { encoder, projector, predictor, classifier }
    }

    /// One view `[N, 3, H, W]` through f, g and q. Each view is a forward pass of its own, so batch norm sees
    /// one view at a time.
    pub fn forward(&self, view: Tensor<4>, mode: Mode) -> OnlineOutput {
        let representation = self.encoder.forward(view, mode);
        let projection = self.projector.forward(representation.clone(), mode);
        let prediction = match &self.predictor {
            Some(predictor) => predictor.forward(projection.clone(), mode),
            None => projection.clone(),
        };
        OnlineOutput { representation, projection, prediction }
    }

    /// Replaces every batch norm by its affine map.
    #[must_use]
    fn into_affine(self) -> Self {
        Self {
            encoder: self.encoder.into_affine(),
            projector: self.projector.into_affine(),
            predictor: self.predictor.map(Mlp::into_affine),
            classifier: self.classifier,
        }
    }
}

/// Encoder f′ and projector g′, moved only by the average of the online weights. ξ in the paper.
#[derive(Module, Debug)]
pub struct TargetNetwork {
    /// Encoder f′.
    pub encoder: ResNet,
    /// Projector g′.
    pub projector: Mlp,
}

impl TargetNetwork {
    /// Draws the weights from the seed's stream `target`, another one than the online network's, as in the
    /// official code. `device` must be without autodiff.
    pub fn new(config: &RepresentConfig, device: &Device) -> Self {
        let mut rng = Seeds::new(config.seed).stream("weights/target");
        let encoder = config.encoder.init(&mut rng, device);
        let projector = config.projector.init(config.encoder.output_size(), &mut rng, device);
        Self { encoder, projector }
    }

    /// Target projection z′ `[N, D]` of a view.
    ///
    /// The target trains its batch norm too (its own batch statistics, its own running ones), as in the
    /// official code.
    pub fn forward(&self, view: Tensor<4>) -> Tensor<2> {
        self.projector.forward(self.encoder.forward(view, Mode::Train), Mode::Train)
    }
}

/// Both networks with every batch norm replaced by the affine map that equals it on `view`
/// (Richemond et al. 2020, "initialise as if BN").
///
/// Statistics are taken layer by layer, each layer seeing inputs that are already normalised. The target
/// starts as a copy of the online network, since the maps fit only the weights they were measured on.
pub(super) fn initialise_as_batch_norm(
    config: &RepresentConfig,
    num_classes: usize,
    view: Tensor<4>,
    device: &Device,
) -> (OnlineNetwork, TargetNetwork) {
    // Momentum 1: the running statistics are those of this one batch.
    let measuring = config.clone().with_norm(NormConfig::Batch { momentum: 1.0, epsilon: 1e-5 });
    let online = OnlineNetwork::new(&measuring, num_classes, device);
    let _ = online.forward(view, Mode::Train);
    let online = online.into_affine();
    let target = TargetNetwork { encoder: online.encoder.clone(), projector: online.projector.clone() };
    (online, target.valid())
}
