//! What the comparisons with PyTorch share: drawn numbers and relative differences.

#![allow(dead_code, reason = "every test program uses its own part")]

use std::collections::BTreeMap;

use autodidact_nn::state::{self, to_vec};
use autodidact_nn::{NamedTensor, NormConfig, TensorMap};
use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData};

/// Largest difference from PyTorch's double precision, relative to the tensor's largest entry.
pub const TOLERANCE: f64 = 1e-4;

/// Smallest scale that differences are relative to: some gradients are zero but for rounding, such as that of a bias
/// before batch norm.
const SMALLEST_SCALE: f64 = 1e-2;

/// `count` numbers in [-1, 1), a pure function of `name`; the twin of `reference/formula.py`.
pub fn values(name: &str, count: usize) -> Vec<f32> {
    let seed = name
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |code, byte| (code ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3));
    (1..=count as u64)
        .map(|index| {
            let z = seed.wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 40) as f32 / 8_388_608.0 - 1.0
        })
        .collect()
}

/// A tensor of [`values`].
pub fn drawn<const D: usize>(name: &str, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values(name, shape.iter().product()), shape), device)
}

/// The value of a parameter: uniform weights with He's deviation, scales around one, shifts around zero.
pub fn parameter(name: &str, shape: &[usize]) -> Vec<f32> {
    let count: usize = shape.iter().product();
    let values = values(name, count);
    if shape.len() > 1 {
        let bound = (6.0 / (count as f64 / shape[0] as f64)).sqrt() as f32;
        return values.into_iter().map(|value| value * bound).collect();
    }
    let middle = if name.ends_with("gamma") { 1.0 } else { 0.0 };
    values.into_iter().map(|value| value * 0.25 + middle).collect()
}

/// Gives every parameter of `module` the value drawn for `prefix` and its name.
pub fn fill<M: Module>(module: M, prefix: &str) -> M {
    fill_in(DType::F32, module, prefix)
}

/// As [`fill`], with parameters and running statistics in the given precision.
pub fn fill_in<M: Module>(precision: DType, module: M, prefix: &str) -> M {
    let mut drawn = state::buffers(&module);
    for (name, tensor) in state::parameters(&module) {
        let values = parameter(&format!("{prefix}{name}"), &tensor.shape);
        let values = Tensor::from_floats(values.as_slice(), &Device::flex());
        drawn.insert(name, NamedTensor { shape: tensor.shape, values });
    }
    let drawn: TensorMap = drawn
        .into_iter()
        .map(|(name, tensor)| (name, NamedTensor { values: tensor.values.cast(precision), ..tensor }))
        .collect();
    state::replace(module, &drawn).expect("names and shapes are the module's own")
}

/// Host values by name.
pub fn host(tensors: &TensorMap) -> BTreeMap<String, Vec<f32>> {
    tensors.iter().map(|(name, tensor)| (name.clone(), to_vec(tensor.values.clone()))).collect()
}

/// The norm of the reference's name.
pub fn norm_config(kind: &str, groups: usize) -> NormConfig {
    match kind {
        "batch" => NormConfig::BATCH,
        "group" => NormConfig::Group { groups, epsilon: 1e-5 },
        "layer" => NormConfig::LAYER,
        "none" => NormConfig::None,
        other => panic!("no norm `{other}`"),
    }
}

/// Collects differences, prints each, and fails once at the end.
#[derive(Default)]
pub struct Differences {
    largest: f64,
    failed: Vec<String>,
}

impl Differences {
    /// Compares entry by entry, relative to the largest entry of `theirs`.
    pub fn compare(&mut self, what: &str, ours: &[f32], theirs: &[f64]) {
        assert_eq!(ours.len(), theirs.len(), "{what}: number of values");
        let scale = theirs.iter().fold(SMALLEST_SCALE, |most, value| most.max(value.abs()));
        let apart = ours.iter().zip(theirs).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
        self.note(what, apart / scale);
    }

    /// Compares with the digest that `reference/formula.py` makes of a tensor called `name`.
    pub fn compare_digest(&mut self, what: &str, name: &str, ours: &[f32], digest: &[f64]) {
        let [largest, norm, first, second, third, fourth, entries @ ..] = digest else {
            panic!("{what}: a digest has six numbers and some entries");
        };
        let projections = [*first, *second, *third, *fourth];
        let (scale, length) = (largest.max(SMALLEST_SCALE), norm.max(SMALLEST_SCALE));
        let kept = ours.len().min(16);
        assert_eq!(entries.len(), kept, "{what}: number of stored entries");
        let norm_of_ours = ours.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        let mut worst = (norm_of_ours - norm).abs() / length;
        for (index, expected) in projections.into_iter().enumerate() {
            let direction = values(&format!("projection {index} {name}"), ours.len());
            let found: f64 = ours.iter().zip(&direction).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            worst = worst.max((found - expected).abs() / length);
        }
        for (index, expected) in entries.iter().enumerate() {
            let found = f64::from(ours[index * ours.len() / kept]);
            worst = worst.max((found - expected).abs() / scale);
        }
        self.note(what, worst);
    }

    fn note(&mut self, what: &str, difference: f64) {
        println!("{difference:9.2e}  {what}");
        self.largest = self.largest.max(difference);
        if difference.is_nan() || difference > TOLERANCE {
            self.failed.push(format!("{what}: {difference:.2e}"));
        }
    }

    /// Fails if some difference was above [`TOLERANCE`].
    pub fn finish(self, title: &str) {
        println!("{:9.2e}  largest of {title}", self.largest);
        assert!(self.failed.is_empty(), "{title}: above {TOLERANCE:.0e}: {:#?}", self.failed);
    }
}
