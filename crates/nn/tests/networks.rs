//! What holds for every network: gradients against central differences, batch norm turned into an affine map,
//! running statistics as part of the state, and what depends on other pictures.

mod common;

use autodidact_nn::state::{self, to_vec};
use autodidact_nn::{Depth, Mode, NormConfig, ResNet, ResNetConfig, StemKind, TensorMap};
use burn::tensor::{Device, Tensor};
use common::{drawn, fill, host};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

fn resnet8(norm: NormConfig, stem: StemKind, device: &Device) -> ResNet {
    let standardise = matches!(norm, NormConfig::Group { .. });
    let config = ResNetConfig {
        width: Some(8),
        norm,
        weight_standardisation: standardise,
        ..ResNetConfig::new(Depth::D8, stem)
    };
    fill(config.init(&mut ChaCha8Rng::seed_from_u64(1), device), "")
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

const EVERY_NORM: [NormConfig; 5] =
    [NormConfig::BATCH, NormConfig::GROUP, NormConfig::LAYER, NormConfig::Affine, NormConfig::None];

#[test]
fn stems_have_the_documented_sides() {
    let device = Device::flex();
    for (stem, weight) in [(StemKind::Cifar, [8, 3, 3, 3]), (StemKind::Imagenet, [8, 3, 7, 7])] {
        let network = resnet8(NormConfig::BATCH, stem, &device);
        assert_eq!(network.stem.layer.conv.weight.val().dims(), weight);
        assert_eq!(network.forward(drawn("x", [2, 3, 32, 32], &device), Mode::Train).dims(), [2, 32]);
    }
}

/// The slope of the loss along the gradient is the gradient's squared length.
#[test]
fn gradients_are_the_slopes_of_the_loss() {
    let device = Device::flex().autodiff();
    for norm in EVERY_NORM {
        let network = resnet8(norm, StemKind::Cifar, &device);
        let pictures = drawn("pictures", [4, 3, 8, 8], &device);
        let upstream = drawn("upstream", [4, 32], &device);
        let loss =
            |network: &ResNet| (network.forward(pictures.clone(), Mode::Train) * upstream.clone()).sum();
        let gradients = state::gradients(&network, &mut loss(&network).backward());
        let length: f64 =
            host(&gradients).values().flatten().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();

        let moved = |distance: f64| -> f64 {
            let weights: TensorMap = state::parameters(&network)
                .into_iter()
                .map(|(name, mut tensor)| {
                    let gradient = gradients[&name].values.clone();
                    tensor.values = tensor.values + gradient.mul_scalar(distance / length);
                    (name, tensor)
                })
                .collect();
            let network = state::replace(network.clone(), &weights).expect("own names");
            f64::from(loss(&network).into_scalar::<f32>())
        };
        let step = 2e-3;
        let slope = (moved(step) - moved(-step)) / (2.0 * step);
        println!("{norm:?}: slope {slope:.4}, length of the gradient {length:.4}");
        assert!((slope / length - 1.0).abs() < 1e-2, "{norm:?}: slope {slope}, gradient {length}");
    }
}

#[test]
fn the_affine_map_equals_batch_norm_on_the_batch_it_was_measured_on() {
    let device = Device::flex().autodiff();
    for (stem, side) in [(StemKind::Cifar, 12), (StemKind::Imagenet, 40)] {
        // Running statistics hold the unbiased variance: over n positions a layer's scale is off by 1 / 2n, and the
        // last stage of ten layers has 144 positions.
        let measuring = NormConfig::Batch { momentum: 1.0, epsilon: 1e-5 };
        let network = resnet8(measuring, stem, &device);
        let pictures = drawn("pictures", [16, 3, side, side], &device);
        let trained = to_vec(network.forward(pictures.clone(), Mode::Train).detach());
        let evaluated = to_vec(network.forward(pictures.clone(), Mode::Evaluate).detach());
        let affine = network.into_affine();
        let mapped = to_vec(affine.forward(pictures.clone(), Mode::Train).detach());
        let scale = trained.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        println!(
            "{stem:?}: {:.1e} {:.1e}",
            largest_difference(&mapped, &evaluated) / scale,
            largest_difference(&mapped, &trained) / scale
        );
        assert!(largest_difference(&mapped, &evaluated) <= 1e-5 * scale);
        assert!(largest_difference(&mapped, &trained) <= 2e-2 * scale);

        assert!(state::buffers(&affine).is_empty());
        let alone = affine.forward(pictures.narrow(0, 0, 1), Mode::Train).detach();
        assert!(largest_difference(&to_vec(alone), &mapped[..32]) <= 1e-5 * scale);
    }
}

#[test]
fn only_batch_norm_looks_at_the_other_pictures() {
    let device = Device::flex();
    for norm in EVERY_NORM {
        let network = resnet8(norm, StemKind::Cifar, &device);
        let pictures: Tensor<4> = drawn("pictures", [4, 3, 8, 8], &device);
        let together = to_vec(network.forward(pictures.clone(), Mode::Train));
        let alone = to_vec(network.forward(pictures.narrow(0, 0, 1), Mode::Train));
        let difference = largest_difference(&together[..32], &alone);
        let scale = together.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        if norm.uses_batch_statistics() {
            assert!(difference > 1e-2 * scale, "{norm:?}: {difference}");
        } else {
            assert!(difference <= 1e-6 * scale, "{norm:?}: {difference}");
        }
    }
}

#[test]
fn running_statistics_in_the_state_include_the_last_forward_pass() {
    let device = Device::flex();
    let norm = NormConfig::Batch { momentum: 0.25, epsilon: 1e-5 }.init(1, &device);
    let x = Tensor::<2>::from_floats([[1.0], [3.0]], &device); // mean 2, unbiased variance 2
    for (mean, variance) in [(0.5, 1.25), (0.875, 1.4375)] {
        let _ = norm.forward_features(x.clone(), Mode::Train, false);
        let buffers = host(&state::buffers(&norm));
        assert_eq!(buffers["running_mean"], [mean]);
        assert_eq!(buffers["running_var"], [variance]);
    }
}

#[test]
fn a_loaded_state_is_not_undone_by_an_earlier_forward_pass() {
    let device = Device::flex();
    let used = resnet8(NormConfig::BATCH, StemKind::Cifar, &device);
    let pictures: Tensor<4> = drawn("pictures", [4, 3, 8, 8], &device);
    let _ = used.forward(pictures.clone(), Mode::Train);
    let stored = state::all_tensors(&resnet8(NormConfig::BATCH, StemKind::Cifar, &device));
    let loaded = state::load(used, &stored).expect("the same architecture");
    let fresh = resnet8(NormConfig::BATCH, StemKind::Cifar, &device);
    assert_eq!(
        to_vec(loaded.forward(pictures.clone(), Mode::Evaluate)),
        to_vec(fresh.forward(pictures, Mode::Evaluate))
    );
}

#[test]
fn running_statistics_read_the_same_from_another_thread() {
    let device = Device::flex();
    let network = resnet8(NormConfig::BATCH, StemKind::Cifar, &device);
    let pictures: Tensor<4> = drawn("pictures", [4, 3, 8, 8], &device);
    let _ = network.forward(pictures.clone(), Mode::Train);
    let here = to_vec(network.forward(pictures.clone(), Mode::Evaluate));
    let there = std::thread::scope(|scope| {
        scope.spawn(|| to_vec(network.forward(pictures, Mode::Evaluate))).join().expect("no panic")
    });
    assert_eq!(here, there);
}

#[test]
fn the_same_seed_draws_the_same_weights() {
    let device = Device::flex();
    let draw = |seed| {
        let config = ResNetConfig::new(Depth::D8, StemKind::Cifar);
        host(&state::all_tensors(&config.init(&mut ChaCha8Rng::seed_from_u64(seed), &device)))
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

/// He et al. 2015 as torchvision applies it: deviation `√(2 / (Co kh kw))`; scales 1, shifts 0.
#[test]
fn drawn_weights_have_the_published_deviation() {
    let device = Device::flex();
    let config = ResNetConfig::new(Depth::D20, StemKind::Cifar);
    let weights = state::parameters(&config.init(&mut ChaCha8Rng::seed_from_u64(3), &device));
    for (name, tensor) in weights {
        let values = to_vec(tensor.values);
        if tensor.shape.len() == 4 {
            let fan_out = (tensor.shape[0] * tensor.shape[2] * tensor.shape[3]) as f64;
            let count = values.len() as f64;
            let variance = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / count;
            // The relative deviation of a variance from n normal numbers is √(2 / n); five of them.
            let expected = 2.0 / fan_out;
            assert!(
                (variance / expected - 1.0).abs() < 5.0 * (2.0 / count).sqrt(),
                "{name}: {variance} {expected}"
            );
        } else {
            let expected = if name.ends_with("gamma") { 1.0 } else { 0.0 };
            assert!(values.iter().all(|value| *value == expected), "{name}");
        }
    }
}

#[test]
fn zero_initialised_residuals_start_as_the_identity_path() {
    let device = Device::flex();
    let config = ResNetConfig { zero_init_residual: true, ..ResNetConfig::new(Depth::D8, StemKind::Cifar) };
    let network = config.init(&mut ChaCha8Rng::seed_from_u64(1), &device);
    for block in network.stages.iter().flatten() {
        let gammas: Vec<Vec<f32>> = block
            .branch
            .iter()
            .map(|layer| to_vec(layer.norm.gamma.as_ref().expect("batch norm").val()))
            .collect();
        assert!(gammas[0].iter().all(|value| *value == 1.0));
        assert!(gammas[1].iter().all(|value| *value == 0.0));
    }
}
