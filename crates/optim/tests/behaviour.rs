//! One table of optimizers, all through the same checks; and what happens to gradients before the update.

use autodidact_nn::state::to_vec;
use autodidact_nn::{NamedTensor, TensorMap};
use autodidact_optim::{
    Error, GradientAccumulator, Optimizer, OptimizerConfig, ParameterGroup, TrustRatio, WarmupCosine,
    clip_by_global_norm, global_norm,
};
use burn::tensor::{Device, Tensor};

/// Name, rule, and a learning rate at which it solves [`solves_a_bowl`].
fn table() -> Vec<(&'static str, OptimizerConfig, f64)> {
    let lars = |trust| OptimizerConfig::Lars { momentum: 0.9, weight_decay: 1e-6, eta: 0.02, trust };
    vec![
        ("sgd", OptimizerConfig::sgd(0.0), 0.05),
        ("sgd with decay", OptimizerConfig::sgd(1e-4), 0.05),
        ("nesterov", OptimizerConfig::Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.0 }, 0.05),
        ("lars", lars(TrustRatio::Official), 1.0),
        ("lars clipped", lars(TrustRatio::Clipped), 0.05),
        ("rmsprop", OptimizerConfig::RmsProp { decay: 0.9, epsilon: 1e-8, weight_decay: 1e-4 }, 0.05),
        ("adam", OptimizerConfig::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 1e-4 }, 0.05),
        ("adamw", OptimizerConfig::adamw(0.0), 0.05),
        ("adamw with decay", OptimizerConfig::adamw(1e-3), 0.05),
    ]
}

fn named(shape: &[usize], values: &[f32]) -> NamedTensor {
    NamedTensor { shape: shape.to_vec(), values: Tensor::from_floats(values, &Device::flex()) }
}

fn start() -> TensorMap {
    TensorMap::from([
        ("bias".to_owned(), named(&[2], &[0.5, -0.25])),
        ("weight".to_owned(), named(&[2, 2], &[1.0, -2.0, 0.5, 3.0])),
    ])
}

fn host(tensors: &TensorMap) -> Vec<(String, Vec<f32>)> {
    tensors.iter().map(|(name, tensor)| (name.clone(), to_vec(tensor.values.clone()))).collect()
}

/// Gradient of `Σ (w − 1)² / 2`.
fn bowl(weights: &TensorMap) -> TensorMap {
    weights
        .iter()
        .map(|(name, tensor)| {
            let values = tensor.values.clone().sub_scalar(1.0);
            (name.clone(), NamedTensor { shape: tensor.shape.clone(), values })
        })
        .collect()
}

#[test]
fn solves_a_bowl() {
    for (name, config, rate) in table() {
        let mut optimizer = Optimizer::new(config, vec![]);
        let mut weights = start();
        let steps = 300;
        for step in 0..steps {
            let rate = WarmupCosine::new(rate, 256, 10, steps).at(step);
            weights = optimizer.step(rate, &weights, &bowl(&weights));
        }
        let (before, after) = (global_norm(&bowl(&start())), global_norm(&bowl(&weights)));
        println!("{name}: distance {before:.3} to {after:.5}");
        assert!(after < 0.05 * before, "{name}: {before} to {after}");
    }
}

#[test]
fn resumed_steps_equal_uninterrupted_ones_to_the_bit() {
    for (name, config, rate) in table() {
        let groups = vec![ParameterGroup { prefix: "bias".to_owned(), multiplier: 3.0 }];
        let mut straight = Optimizer::new(config, groups.clone());
        let mut weights = start();
        let mut resumed = None;
        for step in 0..9 {
            if step == 4 {
                let mut fresh = Optimizer::new(config, groups.clone());
                fresh.load_state(&straight.state(), straight.steps()).expect("its own state");
                resumed = Some((fresh, weights.clone()));
            }
            if let Some((optimizer, weights)) = &mut resumed {
                *weights = optimizer.step(rate, weights, &bowl(weights));
            }
            weights = straight.step(rate, &weights, &bowl(&weights));
        }
        let (optimizer, resumed) = resumed.expect("resumed after step 4");
        assert_eq!(host(&weights), host(&resumed), "{name}");
        assert_eq!(host(&straight.state()), host(&optimizer.state()), "{name}");
        assert_eq!(optimizer.steps(), 9);
    }
}

#[test]
fn a_parameter_without_gradient_stays_and_keeps_no_state() {
    for (name, config, rate) in table() {
        let mut optimizer = Optimizer::new(config, vec![]);
        let mut gradients = bowl(&start());
        gradients.remove("weight");
        let after = optimizer.step(rate, &start(), &gradients);
        assert_eq!(
            to_vec(after["weight"].values.clone()),
            to_vec(start()["weight"].values.clone()),
            "{name}"
        );
        assert_ne!(to_vec(after["bias"].values.clone()), to_vec(start()["bias"].values.clone()), "{name}");
        assert!(optimizer.state().keys().all(|key| key.ends_with("/bias")), "{name}");
    }
}

#[test]
fn the_first_step_goes_against_the_gradient() {
    for (name, config, rate) in table() {
        let gradients = bowl(&start());
        let after = Optimizer::new(config, vec![]).step(rate, &start(), &gradients);
        let inner: f32 = host(&after)
            .iter()
            .zip(host(&start()))
            .zip(host(&gradients))
            .flat_map(|(((_, after), (_, before)), (_, gradient))| {
                let moved: Vec<f32> = after.iter().zip(before).map(|(a, b)| a - b).collect();
                moved.into_iter().zip(gradient).map(|(m, g)| m * g).collect::<Vec<_>>()
            })
            .sum();
        assert!(inner < 0.0, "{name}: {inner}");
    }
}

#[test]
fn decay_spares_tensors_of_rank_one() {
    let gradients: TensorMap = start()
        .into_iter()
        .map(|(name, tensor)| (name, NamedTensor { values: tensor.values.zeros_like(), ..tensor }))
        .collect();
    for config in [
        OptimizerConfig::sgd(0.5),
        OptimizerConfig::lars(0.5),
        OptimizerConfig::adamw(0.5),
        OptimizerConfig::Lars { momentum: 0.9, weight_decay: 0.5, eta: 1e-3, trust: TrustRatio::Clipped },
    ] {
        let after = Optimizer::new(config, vec![]).step(0.1, &start(), &gradients);
        assert_eq!(to_vec(after["bias"].values.clone()), [0.5, -0.25], "{config:?}");
        let weight = to_vec(after["weight"].values.clone());
        assert!(weight[0] < 1.0 && weight[1] > -2.0, "{config:?}: {weight:?}");
    }
}

/// The multiplier acts on the finished update: LARS does not undo it.
/// The update of learning rate 1, times the rate, is the step; the clipped trust ratio depends on the rate.
#[test]
fn a_direction_is_the_step_of_rate_one() {
    let groups = vec![ParameterGroup { prefix: "bias".to_owned(), multiplier: 3.0 }];
    for (name, rule, rate) in table().into_iter().filter(|(name, ..)| *name != "lars clipped") {
        let (mut steps, mut directions) =
            (Optimizer::new(rule, groups.clone()), Optimizer::new(rule, groups.clone()));
        let mut w = start();
        for _ in 0..5 {
            let stepped = steps.step(rate, &w, &bowl(&w));
            let u = directions.direction(&w, &bowl(&w));
            for ((_, stepped), ((_, w), (_, u))) in host(&stepped).iter().zip(host(&w).iter().zip(&host(&u)))
            {
                for ((stepped, w), u) in stepped.iter().zip(w).zip(u) {
                    assert!((stepped - (w + rate as f32 * u)).abs() < 2e-6, "{name}: {stepped}, {w} and {u}");
                }
            }
            w = stepped;
        }
        assert_eq!(steps.steps(), directions.steps());
    }
}

#[test]
fn a_multiplier_scales_the_finished_update() {
    for (name, config, rate) in table() {
        let step = |multiplier| {
            let groups = vec![ParameterGroup { prefix: "weight".to_owned(), multiplier }];
            to_vec(
                Optimizer::new(config, groups).step(rate, &start(), &bowl(&start()))["weight"].values.clone(),
            )
        };
        let before = to_vec(start()["weight"].values.clone());
        let (one, four, none) = (step(1.0), step(4.0), step(0.0));
        assert_eq!(none, before, "{name}");
        for index in 0..before.len() {
            let (single, fourfold) = (one[index] - before[index], four[index] - before[index]);
            assert!(
                (fourfold - 4.0 * single).abs() <= 1e-5 * before[index].abs(),
                "{name}: {single} {fourfold}"
            );
        }
    }
}

/// The point of LARS: the step of a weight does not depend on the gradient's scale.
#[test]
fn lars_steps_do_not_depend_on_the_gradients_scale() {
    let config = OptimizerConfig::lars(0.0);
    let step = |scale: f64| {
        let mut gradients = bowl(&start());
        for tensor in gradients.values_mut() {
            tensor.values = tensor.values.clone().mul_scalar(scale);
        }
        Optimizer::new(config, vec![]).step(10.0, &start(), &gradients)
    };
    let (small, large) = (step(1e-3), step(1e3));
    for (a, b) in to_vec(small["weight"].values.clone()).iter().zip(to_vec(large["weight"].values.clone())) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    assert_ne!(to_vec(small["bias"].values.clone()), to_vec(large["bias"].values.clone()));
}

#[test]
fn the_state_of_another_rule_is_refused() {
    let mut sgd = Optimizer::new(OptimizerConfig::sgd(0.0), vec![]);
    sgd.step(0.1, &start(), &bowl(&start()));
    let mut adamw = Optimizer::new(OptimizerConfig::adamw(0.0), vec![]);
    let error = adamw.load_state(&sgd.state(), 1).expect_err("momentum is not Adam's");
    assert!(matches!(&error, Error::ForeignState { name, .. } if name == "momentum/bias"), "{error}");
    assert_eq!(adamw.steps(), 0);
}

#[test]
fn accumulation_averages_and_starts_anew() {
    let mut accumulator = GradientAccumulator::default();
    let gradient = |values: &[f32]| TensorMap::from([("w".to_owned(), named(&[2], values))]);
    accumulator.add(gradient(&[1.0, 8.0]));
    accumulator.add(gradient(&[2.0, 0.0]));
    accumulator.add(gradient(&[6.0, 1.0]));
    assert_eq!(to_vec(accumulator.take()["w"].values.clone()), [3.0, 3.0]);
    accumulator.add(gradient(&[5.0, 7.0]));
    assert_eq!(to_vec(accumulator.take()["w"].values.clone()), [5.0, 7.0]);
}

/// A parameter that only some micro-batches reach counts as zero in the others.
#[test]
fn accumulation_divides_by_all_micro_batches() {
    let mut accumulator = GradientAccumulator::default();
    accumulator.add(TensorMap::from([("w".to_owned(), named(&[1], &[4.0]))]));
    accumulator.add(TensorMap::new());
    assert_eq!(to_vec(accumulator.take()["w"].values.clone()), [2.0]);
}

#[test]
fn clipping_keeps_the_direction_and_bounds_the_norm() {
    let gradients =
        TensorMap::from([("a".to_owned(), named(&[1], &[3.0])), ("b".to_owned(), named(&[2], &[0.0, -4.0]))]);
    let (clipped, norm) = clip_by_global_norm(gradients.clone(), 1.0);
    assert!((norm - 5.0).abs() < 1e-6);
    let values: Vec<f32> = host(&clipped).into_iter().flat_map(|(_, values)| values).collect();
    for (value, expected) in values.iter().zip([0.6, 0.0, -0.8]) {
        assert!((value - expected).abs() < 1e-6, "{values:?}");
    }
    let (untouched, norm) = clip_by_global_norm(gradients.clone(), 5.5);
    assert!((norm - 5.0).abs() < 1e-6);
    assert_eq!(host(&untouched), host(&gradients));
}
