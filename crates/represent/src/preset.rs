//! Named configurations: the paper's, other libraries' small-data recipes, and ours for a CPU.

use autodidact_data::augment::{AugmentConfig, Normalize};
use autodidact_nn::{Depth, EmaSchedule, MlpConfig, NormConfig, PrecisionConfig, ResNetConfig, StemKind};
use autodidact_optim::OptimizerConfig;

use crate::config::{Method, MonitorConfig, OptimConfig, RepresentConfig, TargetConfig, ViewsConfig};

/// A preset: name, one line on it, and its configuration.
type Entry = (&'static str, &'static str, fn() -> RepresentConfig);

/// Every preset.
const PRESETS: &[Entry] = &[
    ("cpu-small", "ResNet-8 at 32 px for a laptop: minutes for ten thousand pictures", cpu_small),
    (
        "small-batch",
        "cpu-small with group norm and weight standardisation: any batch size, even 4",
        small_batch,
    ),
    ("cifar", "ResNet-18 at 32 px, 200 epochs, SGD: the recipe of lightly's CIFAR-10 benchmark", cifar),
    ("imagenette", "ResNet-18 at 128 px, 1000 epochs, LARS: the official code's small recipe", imagenette),
    ("imagenet-40", "ResNet-50 at 224 px, batch 4096, 40 epochs (official code)", || imagenet(40)),
    ("imagenet-100", "the same, 100 epochs", || imagenet(100)),
    ("imagenet-300", "the same, 300 epochs: the setting of all ablations", || imagenet(300)),
    ("imagenet-1000", "the same, 1000 epochs: the headline result", || imagenet(1000)),
];

/// The preset of this name.
///
/// ```
/// let config = autodidact_represent::preset::named("imagenet-300").unwrap();
/// assert_eq!(config.target.tau_base, 0.99);
/// assert!(autodidact_represent::preset::named("imagenet-301").is_none());
/// ```
pub fn named(name: &str) -> Option<RepresentConfig> {
    PRESETS.iter().find(|(known, _, _)| *known == name).map(|(_, _, build)| build())
}

/// Names and descriptions of all presets.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    PRESETS.iter().map(|(name, description, _)| (*name, *description))
}

/// The official code's ImageNet settings for a run of `epochs` epochs: 40, 100, 300 or 1000; other lengths take
/// those of the nearest longer one.
pub fn imagenet(epochs: usize) -> RepresentConfig {
    let (base_learning_rate, weight_decay, tau_base) = match epochs {
        0..=40 => (0.45, 1e-6, 0.97),
        41..=100 => (0.45, 1e-6, 0.99),
        101..=300 => (0.3, 1e-6, 0.99),
        _ => (0.2, 1.5e-6, 0.996),
    };
    RepresentConfig {
        method: Method::Byol,
        seed: 1,
        epochs,
        batch_size: 4096,
        micro_batch_size: 0,
        base_learning_rate,
        warmup_epochs: 10.0,
        clip_norm: 0.0,
        predictor_multiplier: 1.0,
        use_predictor: true,
        initialise_as_batch_norm: false,
        temperature: 0.1,
        online_probe: true,
        log_every: 10,
        checkpoint_every: 0,
        precision: PrecisionConfig::Auto,
        resize: 0,
        encoder: ResNetConfig::new(Depth::D50, StemKind::Imagenet),
        projector: MlpConfig::new(4096, 256, NormConfig::BATCH),
        predictor: MlpConfig::new(4096, 256, NormConfig::BATCH),
        target: TargetConfig { tau_base, schedule: EmaSchedule::Cosine },
        optimizer: OptimizerConfig::lars(weight_decay),
        optim: OptimConfig::default(),
        monitor: MonitorConfig::default(),
        views: ViewsConfig { first: AugmentConfig::byol_view1(224), second: AugmentConfig::byol_view2(224) },
    }
}

/// BYOL on Imagenette as in the official code's README.
fn imagenette() -> RepresentConfig {
    RepresentConfig {
        epochs: 1000,
        batch_size: 256,
        base_learning_rate: 2.0,
        encoder: ResNetConfig::new(Depth::D18, StemKind::Imagenet),
        optimizer: OptimizerConfig::lars(1e-6),
        views: ViewsConfig { first: AugmentConfig::byol_view1(128), second: AugmentConfig::byol_view2(128) },
        ..imagenet(1000)
    }
}

/// T and T′ for pictures of CIFAR's size: no blur, CIFAR's own statistics.
fn small_views(size: usize) -> ViewsConfig {
    let small = |view: AugmentConfig| view.without_blur().with_normalize(Some(Normalize::CIFAR10));
    ViewsConfig {
        first: small(AugmentConfig::byol_view1(size)),
        second: small(AugmentConfig::byol_view2(size)),
    }
}

/// lightly's CIFAR-10 benchmark recipe (k-NN 86.9 % there). Its loss is a quarter of ours (a mean of two negative
/// cosines instead of a sum of two `2 − 2 cos`), hence a quarter of its learning rate 0.06 · 256 / 128, and four times its
/// weight decay 5e-4, which that rate multiplies too.
fn cifar() -> RepresentConfig {
    RepresentConfig {
        epochs: 200,
        batch_size: 128,
        base_learning_rate: 0.03,
        warmup_epochs: 0.0,
        encoder: ResNetConfig::new(Depth::D18, StemKind::Cifar),
        projector: MlpConfig::new(1024, 256, NormConfig::BATCH),
        predictor: MlpConfig::new(1024, 256, NormConfig::BATCH),
        target: TargetConfig { tau_base: 0.99, schedule: EmaSchedule::Constant },
        optimizer: OptimizerConfig::sgd(2e-3),
        views: small_views(32),
        ..imagenet(1000)
    }
}

/// A network that trains on two CPU cores.
/// Rate, batch and clipping are the best of short runs on 10 000 CIFAR-10 pictures. Clipping matters without batch
/// norm, where the first gradients are large enough to throw the network into the constant solution.
fn cpu_small() -> RepresentConfig {
    RepresentConfig {
        epochs: 30,
        batch_size: 64,
        base_learning_rate: 1.6,
        clip_norm: 0.2,
        encoder: ResNetConfig::new(Depth::D8, StemKind::Cifar),
        projector: MlpConfig::new(512, 64, NormConfig::BATCH),
        predictor: MlpConfig::new(512, 64, NormConfig::BATCH),
        target: TargetConfig { tau_base: 0.97, schedule: EmaSchedule::Cosine },
        optimizer: OptimizerConfig::sgd(5e-4),
        ..cifar()
    }
}

/// [`cpu_small`] without batch statistics.
fn small_batch() -> RepresentConfig {
    RepresentConfig { batch_size: 32, ..cpu_small().with_norm(NormConfig::GROUP) }
}
