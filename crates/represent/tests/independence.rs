//! Which networks look at the other pictures of a batch: the three-part test on generated pictures.

#[path = "../../nn/tests/common/mod.rs"]
mod drawn;
mod support;

use autodidact_data::loader::Batch;
use autodidact_nn::NormConfig;
use autodidact_represent::RepresentConfig;
use autodidact_represent::byol::{Independence, independence};
use burn::tensor::Device;
use support::small;

const SIDE: usize = 8;
const PICTURES: usize = 12;

fn batches() -> Vec<Batch> {
    (0..4)
        .map(|index| {
            let view =
                |view| drawn::values(&format!("batch {index} view {view}"), PICTURES * 3 * SIDE * SIDE);
            support::batch(view(1), view(2), SIDE, 0)
        })
        .collect()
}

fn measure(name: &str, config: &RepresentConfig) -> Independence {
    let found = independence(config, &batches(), &Device::flex()).expect("a valid configuration");
    println!(
        "{name}: outputs {:.1e}, gradients {:.1e}, training {:.1e}",
        found.output_difference,
        found.gradient_difference,
        found.training_difference.unwrap_or(f64::NAN)
    );
    found
}

#[test]
fn group_norm_with_standardised_weights_is_independent_of_the_batch() {
    let found = measure("group norm", &small(PICTURES).with_norm(NormConfig::GROUP));
    assert!(found.passes(), "{found:?}");
}

#[test]
fn layer_norm_is_independent_of_the_batch() {
    let found = measure("layer norm", &small(PICTURES).with_norm(NormConfig::LAYER));
    assert!(found.passes(), "{found:?}");
}

#[test]
fn no_norm_is_independent_of_the_batch() {
    let found = measure("none", &small(PICTURES).with_norm(NormConfig::None));
    assert!(found.passes(), "{found:?}");
}

#[test]
fn networks_initialised_as_batch_norm_are_independent_of_the_batch() {
    let config = RepresentConfig { initialise_as_batch_norm: true, ..small(PICTURES) };
    let found = measure("initialised as batch norm", &config);
    assert!(found.passes(), "{found:?}");
}

/// All three parts fail, each by far.
#[test]
fn batch_norm_depends_on_the_batch() {
    let found = measure("batch norm", &small(PICTURES));
    assert!(!found.passes());
    assert!(found.output_difference > 1e-2, "{found:?}");
    assert!(found.gradient_difference > 1e-2, "{found:?}");
    assert!(found.training_difference.is_none_or(|difference| difference > 1e-2), "{found:?}");
}

/// Batch norm in one place is enough to fail.
#[test]
fn batch_norm_in_the_predictor_alone_is_found() {
    let mut config = small(PICTURES).with_norm(NormConfig::GROUP);
    config.predictor.norm = NormConfig::BATCH;
    let found = measure("batch norm in the predictor", &config);
    assert!(!found.passes());
    assert!(found.output_difference > 1e-2 && found.gradient_difference > 1e-2, "{found:?}");
}
