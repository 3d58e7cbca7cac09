//! Encoders under the names and layouts of torchvision's residual networks.
//!
//! | tensor | shape |
//! |---|---|
//! | `conv1.weight`, `layer{1..4}.{i}.conv{n}.weight`, `layer{2..4}.0.downsample.0.weight` | `[out, in, k, k]` |
//! | `bn1.…`, `layer{1..4}.{i}.bn{n}.…`, `layer{2..4}.0.downsample.1.…` with `weight`, `bias`, `running_mean`, `running_var` | `[out]` |
//! | `….num_batches_tracked` | scalar, always 0: momentum, not a count, weights our running statistics |
//!
//! There is no `fc`: in torchvision, replace it by an identity to read off the features.
//!
//! What torchvision has no layer for is folded so that the plain network gives the same features: standardised weights
//! are written as they are applied; affine maps and absent normalisation as batch norm with mean 0 and variance `1 − ε`;
//! batch norm of another ε than torchvision's 1e-5 by moving the difference into the variance. Group and layer norm have
//! `weight` and `bias` alone and load with a `norm_layer` that makes `torch.nn.GroupNorm`, described in `config.json`.

use autodidact_nn::state::to_vec;
use autodidact_nn::{Norm, NormConfig, ResNet};
use burn::tensor::Tensor;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::{Layer, layers};

/// ε of torchvision's batch norm.
pub const EPSILON: f64 = 1e-5;

/// A tensor's shape and values on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The shape.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub values: Vec<f32>,
}

impl Array {
    pub(super) fn new<const D: usize>(tensor: Tensor<D>) -> Self {
        Self { shape: tensor.dims().to_vec(), values: to_vec(tensor) }
    }
}

/// The encoder's float tensors by torchvision's names, in the order of its `state_dict`; `num_batches_tracked` apart.
///
/// ```
/// use autodidact_nn::{Depth, ResNetConfig, StemKind};
/// use autodidact_represent::export::torchvision;
/// use burn::tensor::Device;
/// use rand::SeedableRng;
///
/// let config = ResNetConfig { width: Some(4), ..ResNetConfig::new(Depth::D18, StemKind::Imagenet) };
/// let encoder = config.init(&mut rand_chacha::ChaCha8Rng::seed_from_u64(1), &Device::flex());
/// let tensors = torchvision::tensors(&encoder);
/// assert_eq!(tensors[0].0, "conv1.weight");
/// assert_eq!(tensors[0].1.shape, [4, 3, 7, 7]);
/// assert!(tensors.iter().any(|(name, _)| name == "layer4.0.downsample.1.running_var"));
/// ```
pub fn tensors(encoder: &ResNet) -> Vec<(String, Array)> {
    layers(encoder)
        .into_iter()
        .flat_map(|Layer { conv, norm, pair, .. }| {
            let weight = Array::new(pair.conv.effective_weight());
            let channels = weight.shape[0];
            let parameters = norm_tensors(&pair.norm, channels);
            let parameters = parameters.into_iter().map(move |(name, values)| {
                (format!("{norm}.{name}"), Array { shape: vec![channels], values })
            });
            std::iter::once((format!("{conv}.weight"), weight)).chain(parameters)
        })
        .collect()
}

/// The encoder as the bytes of a safetensors file that `torchvision` loads.
pub fn encode(encoder: &ResNet) -> Vec<u8> {
    let mut entries: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, array) in tensors(encoder) {
        let bytes = array.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let counter = name.strip_suffix(".running_var").map(|norm| format!("{norm}.num_batches_tracked"));
        entries.push((name, Dtype::F32, array.shape, bytes));
        entries.extend(counter.map(|name| (name, Dtype::I64, vec![], vec![0; 8])));
    }
    let views = entries.iter().map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).expect("the shape belongs to these values"))
    });
    // Python's loaders ask which framework's layout this is.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    safetensors::serialize(views, Some(metadata)).expect("views are consistent")
}

/// A normalisation's tensors under torch's names, with the channels that it has.
fn norm_tensors(norm: &Norm, channels: usize) -> Vec<(&'static str, Vec<f32>)> {
    let gamma = norm.gamma.as_ref().map_or_else(|| vec![1.0; channels], |gamma| to_vec(gamma.val()));
    let beta = norm.beta.as_ref().map_or_else(|| vec![0.0; channels], |beta| to_vec(beta.val()));
    let mut tensors = vec![("weight", gamma), ("bias", beta)];
    match norm.config() {
        NormConfig::Group { .. } | NormConfig::Layer { .. } => {}
        NormConfig::Batch { epsilon, .. } => {
            let (mean, variance) = running(norm);
            let variance = if epsilon == EPSILON {
                variance
            } else {
                variance.into_iter().map(|v| (f64::from(v) + epsilon - EPSILON) as f32).collect()
            };
            tensors.extend([("running_mean", mean), ("running_var", variance)]);
        }
        NormConfig::Affine | NormConfig::None => {
            let variance = vec![(1.0 - EPSILON) as f32; channels];
            tensors.extend([("running_mean", vec![0.0; channels]), ("running_var", variance)]);
        }
    }
    tensors
}

/// Running mean and variance of batch norm.
pub(super) fn running(norm: &Norm) -> (Vec<f32>, Vec<f32>) {
    let value = |state: &Option<burn::module::RunningState<Tensor<1>>>| {
        to_vec(state.as_ref().expect("batch norm has running statistics").value_sync())
    };
    (value(&norm.running_mean), value(&norm.running_var))
}
