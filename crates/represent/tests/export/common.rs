//! Encoders whose every parameter matters, and the program that other implementations answer through.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use autodidact_data::arrays::{NamedArray, Values, read_npz, write_npz};
use autodidact_data::augment::{AugmentConfig, Normalize};
use autodidact_nn::state::{self, to_vec};
use autodidact_nn::{Depth, Mode, NormConfig, ResNet, ResNetConfig, StemKind};
use autodidact_represent::{RepresentConfig, TrainedEncoder, preset};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Batch norm whose running statistics are those of the last batch.
pub const BATCH: NormConfig = NormConfig::Batch { momentum: 1.0, epsilon: 1e-5 };

/// Pictures `[count, 3, side, side]` of standard normal-like values.
pub fn pictures(count: usize, side: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // A sum of twelve uniform numbers has variance 1.
    let mut value = || (0..12).map(|_| rng.random_range(-0.5..0.5_f32)).sum::<f32>();
    (0..count * 3 * side * side).map(|_| value()).collect()
}

pub fn features(encoder: &ResNet, pictures: &[f32], side: usize) -> Vec<f32> {
    let shape = [pictures.len() / (3 * side * side), 3, side, side];
    let pictures = Tensor::<4>::from_data(TensorData::new(pictures.to_vec(), shape), &Device::flex());
    to_vec(encoder.forward(pictures, Mode::Evaluate))
}

pub fn config(depth: Depth, stem: StemKind, width: Option<usize>, norm: NormConfig) -> ResNetConfig {
    ResNetConfig { width, norm, ..ResNetConfig::new(depth, stem) }
}

/// An encoder whose norms have parameters of their own and the running statistics of a batch, moved a little. Scales
/// around a half keep the features near 1, as those of trained networks are.
pub fn trained(network: ResNetConfig, side: usize) -> TrainedEncoder {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let device = Device::flex();
    let encoder = network.init(&mut rng, &device);
    let encoder = moved(encoder, &mut rng, [("gamma", 0.3..0.7), ("beta", -0.2..0.2)]);
    let batch = TensorData::new(pictures(8, side, 8), [8, 3, side, side]);
    let _ = encoder.forward(Tensor::from_data(batch, &device), Mode::Train);
    let encoder = moved(encoder, &mut rng, [("running_var", 0.9..1.1), ("running_mean", -0.1..0.1)]);
    let mut config: RepresentConfig = preset::named("cpu-small").expect("a preset");
    let normalize = Some(Normalize { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] });
    config.views.first = AugmentConfig::byol_view1(side).with_normalize(normalize);
    config.views.second = AugmentConfig::byol_view2(side).with_normalize(normalize);
    config.encoder = network;
    TrainedEncoder { config, encoder, steps: 120, passed_over: Vec::new() }
}

/// Multiplies the tensors of the first name by numbers of its range, and adds numbers of its range to those of the second.
fn moved(encoder: ResNet, rng: &mut ChaCha8Rng, [factor, offset]: [(&str, Range<f32>); 2]) -> ResNet {
    let mut tensors = state::all_tensors(&encoder);
    for (name, tensor) in &mut tensors {
        let length = tensor.shape[0];
        let mut draw = |range: &Range<f32>| {
            let values: Vec<f32> = (0..length).map(|_| rng.random_range(range.clone())).collect();
            Tensor::<1>::from_data(TensorData::new(values, [length]), &Device::flex())
        };
        let values = tensor.values.clone();
        if name.ends_with(factor.0) {
            tensor.values = values * draw(&factor.1);
        } else if name.ends_with(offset.0) {
            tensor.values = values + draw(&offset.1);
        }
    }
    state::load(encoder, &tensors).expect("its own tensors")
}

pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "as many features");
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// A reference file.
pub fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)
}

/// Pictures and features, `pictures` and `features` of an archive.
pub fn write_features(path: &Path, pictures: &[f32], side: usize, features: &[f32]) {
    let count = pictures.len() / (3 * side * side);
    let arrays = [
        NamedArray::f32("pictures", &[count, 3, side, side], pictures.to_vec()).unwrap(),
        NamedArray::f32("features", &[count, features.len() / count], features.to_vec()).unwrap(),
    ];
    write_npz(path, &arrays).unwrap();
}

/// Pictures, their side and their features as [`write_features`] writes them.
pub fn read_features(path: &Path) -> (Vec<f32>, usize, Vec<f32>) {
    let arrays = read_npz(path).unwrap();
    let find = |name: &str| arrays.iter().find(|array| array.name() == name).expect("an array of this name");
    let values = |name: &str| match find(name).values() {
        Values::F32(values) => values.clone(),
        other => panic!("expected 32-bit floats, got {other:?}"),
    };
    (values("pictures"), find("pictures").shape()[3], values("features"))
}

/// Runs `export_torchvision.py` with the interpreter that the environment variable `PYTHON` names, and returns what it
/// prints; without one, or where it lacks torchvision, says so and returns none.
pub fn python(arguments: &[&str]) -> Option<String> {
    let Some(program) = std::env::var_os("PYTHON") else {
        eprintln!("skipped: set PYTHON to an interpreter with torchvision and onnxruntime");
        return None;
    };
    let can = Command::new(&program).args(["-c", "import torchvision, onnxruntime, safetensors"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {} has no torchvision, onnxruntime or safetensors", program.display());
        return None;
    }
    let script = reference("export_torchvision.py");
    let output = Command::new(program).arg(script).args(arguments).output().expect("the interpreter starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("plain text"))
}
