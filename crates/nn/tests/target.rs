//! The target network's average and the state by name.

mod common;

use autodidact_nn::state::{self, to_vec};
use autodidact_nn::{Error, Mlp, MlpConfig, Mode, NormConfig, safetensors, update_target};
use burn::tensor::Device;
use common::{drawn, host};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

fn head(seed: u64, device: &Device) -> Mlp {
    MlpConfig::new(6, 3, NormConfig::BATCH).init(4, &mut ChaCha8Rng::seed_from_u64(seed), device)
}

#[test]
fn the_average_moves_parameters_and_leaves_running_statistics_alone() {
    let (device, training) = (Device::flex(), Device::flex().autodiff());
    let (online, target) = (head(1, &training), head(2, &device));
    let x = drawn("x", [5, 4], &device);
    let _ = online.forward(drawn::<2>("x", [5, 4], &training) * 9.0, Mode::Train);
    let _ = target.forward(x, Mode::Train);

    let online_weights = state::parameters(&online);
    let (theta, xi) = (host(&online_weights), host(&state::parameters(&target)));
    let statistics = host(&state::buffers(&target));
    let target = update_target(target, &online_weights, 0.75);

    let moved = host(&state::parameters(&target));
    assert!(moved.keys().eq(xi.keys()));
    for (name, values) in &moved {
        for (index, value) in values.iter().enumerate() {
            let expected = 0.75 * xi[name][index] + 0.25 * theta[name][index];
            assert!((value - expected).abs() <= 1e-6, "{name}[{index}]: {value}, expected {expected}");
        }
    }
    assert_eq!(host(&state::buffers(&target)), statistics);
    assert_ne!(host(&state::buffers(&online)), statistics);
}

#[test]
fn a_decay_of_one_keeps_the_target_and_of_zero_copies_the_online_network() {
    let device = Device::flex();
    let online = state::parameters(&head(1, &device));
    let before = host(&state::parameters(&head(2, &device)));
    assert_eq!(host(&state::parameters(&update_target(head(2, &device), &online, 1.0))), before);
    assert_eq!(host(&state::parameters(&update_target(head(2, &device), &online, 0.0))), host(&online));
}

#[test]
fn a_state_goes_through_a_file_to_the_bit() {
    let device = Device::flex();
    let head = head(1, &device);
    let _ = head.forward(drawn("x", [5, 4], &device), Mode::Train);
    let tensors = state::all_tensors(&head);
    let read = safetensors::decode(&safetensors::encode(&tensors), &device).expect("own bytes");
    assert_eq!(host(&read), host(&tensors));
    for (name, tensor) in &read {
        assert_eq!(tensor.shape, tensors[name].shape, "{name}");
    }
    let loaded = state::load(self::head(2, &device), &read).expect("same architecture");
    assert_eq!(host(&state::all_tensors(&loaded)), host(&tensors));
}

#[test]
fn weights_of_another_architecture_are_refused_by_name() {
    let device = Device::flex();
    let mut tensors = state::all_tensors(&head(1, &device));
    let removed = tensors.remove("norms.0.running_var").expect("batch norm has one");
    let error = state::load(head(1, &device), &tensors).expect_err("a tensor is missing");
    assert!(matches!(&error, Error::MissingTensor { name } if name == "norms.0.running_var"), "{error}");

    tensors.insert("norms.0.running_var".to_owned(), removed);
    let wider = MlpConfig::new(7, 3, NormConfig::BATCH).init(4, &mut ChaCha8Rng::seed_from_u64(1), &device);
    let error = state::load(wider, &tensors).expect_err("shapes differ");
    assert!(matches!(error, Error::Shape { .. }), "{error}");
}

#[test]
fn half_precision_files_are_read_and_damaged_ones_refused() {
    use ::safetensors::{Dtype, serialize, tensor::TensorView};
    let device = Device::flex();
    // 1.5, -2 and 0.333251953125 as IEEE half precision; 1.5 and -2 as bfloat16.
    let half: Vec<u8> = [0x3E00u16, 0xC000, 0x3555].iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let brain: Vec<u8> = [0x3FC0u16, 0xC000].iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let double = 1.0f64.to_le_bytes();
    let view = |dtype, length, bytes| TensorView::new(dtype, vec![length], bytes).expect("consistent");
    let bytes =
        serialize([("half", view(Dtype::F16, 3, &half)), ("brain", view(Dtype::BF16, 2, &brain))], None)
            .expect("consistent");
    let read = safetensors::decode(&bytes, &device).expect("a whole file");
    assert_eq!(to_vec(read["half"].values.clone()), [1.5, -2.0, 0.333_251_95]);
    assert_eq!(to_vec(read["brain"].values.clone()), [1.5, -2.0]);

    for length in 0..bytes.len() {
        assert!(safetensors::decode(&bytes[..length], &device).is_err(), "{length} of {} bytes", bytes.len());
    }
    let bytes = serialize([("double", view(Dtype::F64, 1, &double))], None).expect("consistent");
    let error = safetensors::decode(&bytes, &device).expect_err("double precision");
    assert!(matches!(&error, Error::ElementType { name, .. } if name == "double"), "{error}");
}
