//! The setting that both BYOL claims share at each scale: pictures, encoder, heads, optimizer.

use autodidact_data::augment::{AugmentConfig, Normalize};
use autodidact_experiment::reproduction::{Plan, Scale};
use autodidact_nn::{Depth, EmaSchedule, MlpConfig, NormConfig, ResNetConfig, StemKind};
use autodidact_optim::OptimizerConfig;
use autodidact_represent::{Method, RepresentConfig, TargetConfig, ViewsConfig};

use crate::data::Pictures;
use crate::image_arm::ImageArm;

/// Weight decay of SGD: small, as lightly's for CIFAR-10 (which is this number for a loss of a quarter).
const SGD_WEIGHT_DECAY: f64 = 5e-4;
/// Peak rate of SGD per 256 pictures: the best of 0.1, 0.4 and 1.6 on CIFAR-10, for batch norm as for group norm, in six
/// epochs of the pilot seed 0, which is never judged.
pub(crate) const LEARNING_RATE: f64 = 1.6;
/// The same with batch norm on the drawn pictures of the quick scale: the best of 0.4, 0.8 and 1.6 on the pilot seeds 0, 100
/// and 101. Group norm's best there is again 1.6, of 0.8 and 1.6.
const QUICK_BATCH_NORM_LEARNING_RATE: f64 = 0.8;
/// Largest gradient norm. The first gradients of a network without batch norm have a norm of up to 10, later ones of
/// less than 1; unclipped, ten of those steps throw it into the constant solution, from which SGD recovers late or never.
const CLIP_NORM: f64 = 0.2;

/// BYOL with batch norm at the plan's scale, the arm every other one is derived from.
pub(crate) fn baseline(plan: &Plan) -> ImageArm {
    // Pictures (train, test, side), encoder, head widths, epochs, τ_base.
    let (train, test, side, encoder, heads, epochs, tau_base) = match plan.scale {
        Scale::Quick => (1_500, 2_000, 16, resnet(Depth::D8), [256, 32], 16, 0.97),
        Scale::Standard => (10_000, 2_000, 24, resnet(Depth::D8), [512, 64], 20, 0.97),
        Scale::Full => (50_000, 10_000, 32, resnet(Depth::D18), [1024, 256], 200, 0.99),
    };
    let view = |view: AugmentConfig| view.without_blur().with_normalize(Some(Normalize::CIFAR10));
    let config = RepresentConfig {
        method: Method::Byol,
        precision: plan.precision.parse().expect("a plan names a precision that there is"),
        epochs,
        batch_size: 64,
        base_learning_rate: match plan.scale {
            Scale::Quick => QUICK_BATCH_NORM_LEARNING_RATE,
            Scale::Standard | Scale::Full => LEARNING_RATE,
        },
        clip_norm: CLIP_NORM,
        warmup_epochs: 0.0,
        checkpoint_every: 0,
        online_probe: false,
        encoder,
        projector: MlpConfig::new(heads[0], heads[1], NormConfig::BATCH),
        predictor: MlpConfig::new(heads[0], heads[1], NormConfig::BATCH),
        target: TargetConfig { tau_base, schedule: EmaSchedule::Cosine },
        optimizer: OptimizerConfig::sgd(SGD_WEIGHT_DECAY),
        views: ViewsConfig {
            first: view(AugmentConfig::byol_view1(side)),
            second: view(AugmentConfig::byol_view2(side)),
        },
        ..RepresentConfig::default()
    };
    ImageArm { config, pictures: Pictures::new(plan, train, test, side), device: plan.device.clone() }
}

fn resnet(depth: Depth) -> ResNetConfig {
    ResNetConfig::new(depth, StemKind::Cifar)
}

/// Seeds per arm where the plan does not say.
pub(crate) fn default_seeds(scale: Scale) -> usize {
    match scale {
        Scale::Quick => 2,
        Scale::Standard => 5,
        Scale::Full => 3,
    }
}

impl ImageArm {
    /// The arm with one change.
    pub(crate) fn with(&self, change: impl FnOnce(&mut RepresentConfig)) -> Self {
        let mut arm = self.clone();
        change(&mut arm.config);
        arm
    }

    /// The arm's encoder as it was drawn.
    pub(crate) fn untrained(&self) -> Self {
        self.with(|config| {
            config.method = Method::Random;
            config.epochs = 0;
        })
    }
}
