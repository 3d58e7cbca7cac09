//! A network as an evaluator, and as a file.

use autodidact_games::{ConnectFour, Hex, Observe};
use autodidact_mcts::{Batch, Evaluator};
use autodidact_nn::Precision;
use autodidact_selfplay::burn::tensor::Device;
use autodidact_selfplay::{NetworkConfig, NetworkEvaluator, TrainedNetwork};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

const CONFIG: NetworkConfig =
    NetworkConfig { width: 8, blocks: 2, policy_channels: 3, value_channels: 2, value_hidden: 8 };

fn network() -> TrainedNetwork {
    let start = ConnectFour::default();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let network = CONFIG.init(start.observation_shape(), 7, &mut rng, &Device::flex());
    TrainedNetwork::new(&start, CONFIG, network)
}

fn evaluated(evaluator: &NetworkEvaluator, games: &[&str]) -> Vec<(f32, Vec<f32>)> {
    let mut batch = Batch::of(games.iter().map(|moves| moves.parse::<ConnectFour>().expect("a game")));
    evaluator.evaluate(&mut batch).expect("an evaluation");
    (0..games.len()).map(|index| (batch.value(index), batch.policy(index).to_vec())).collect()
}

#[test]
fn what_is_said_of_a_position_does_not_depend_on_the_others_or_on_what_was_asked_before() {
    let fresh = || NetworkEvaluator::new(network().network, &Device::flex(), Precision::F32);
    let (evaluator, games) = (fresh(), ["44", "4", "4444443", "44"]);
    let together = evaluated(&evaluator, &games);
    assert_eq!(evaluator.counts(), [4, 3]);
    assert_eq!(together[0], together[3]);
    assert_eq!(evaluated(&evaluator, &games), together);
    assert_eq!(evaluator.counts(), [8, 3]);
    for (game, expected) in games.iter().zip(&together) {
        assert_eq!(&evaluated(&fresh(), &[game])[0], expected);
    }
    // The fourth column is full.
    assert_eq!(together[2].1.len(), 6);
    for (value, policy) in &together {
        assert!(value.abs() < 1.0 && (policy.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}

#[test]
fn a_file_says_what_it_is_of() {
    let written = network();
    let device = Device::flex();
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("network.safetensors");
    written.write(&path).expect("written");
    let read = TrainedNetwork::read(&path, &device).expect("a network");
    assert_eq!(read.description, written.description);
    assert!(read.encode() == written.encode());
    read.check(&ConnectFour::default()).expect("its game");
    let told = read.check(&ConnectFour::new(6, 6).expect("a board")).expect_err("another board").to_string();
    assert!(told.contains("connect4 on 7x6") && told.contains("connect4 on 6x6"), "{told}");
    assert!(read.check(&Hex::new(7, false).expect("a board")).is_err());
    let missing = TrainedNetwork::read(&folder.path().join("nothing"), &device).expect_err("no file");
    assert!(missing.to_string().contains("nothing"), "{missing}");
}

/// Sizes that a file claims are compared with its weights before memory is taken for them.
#[test]
fn a_file_that_claims_other_sizes_is_refused() {
    let bytes = network().encode();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    for (old, new) in [
        ("\\\"width\\\":8", "\\\"width\\\":9"),
        ("\\\"blocks\\\":2", "\\\"blocks\\\":3"),
        ("[2,6,7]", "[2,6,9]"),
    ] {
        assert!(text.contains(old), "{old}");
        let place =
            bytes.windows(old.len()).position(|window| window == old.as_bytes()).expect("it is there");
        let mut changed = bytes.clone();
        changed[place..place + old.len()].copy_from_slice(new.as_bytes());
        let told = TrainedNetwork::decode(&changed, &Device::flex()).expect_err(new);
        assert!(told.contains("sizes"), "{told}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_are_worth_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(TrainedNetwork::decode(&bytes, &Device::flex()).is_err());
    }

    #[test]
    fn a_damaged_file_is_refused_or_read(place in 0_usize..4000, byte in any::<u8>(), length in 0_usize..20_000) {
        let mut bytes = network().encode();
        let place = place.min(bytes.len() - 1);
        bytes[place] = byte;
        let _ = TrainedNetwork::decode(&bytes, &Device::flex());
        bytes.truncate(length);
        prop_assert!(TrainedNetwork::decode(&bytes, &Device::flex()).is_err() || length >= network().encode().len());
    }
}
