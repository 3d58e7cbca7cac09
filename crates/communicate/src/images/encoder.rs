//! A residual network in front of an agent.

use std::ops::Range;

use autodidact_experiment::rng::Stream;
use autodidact_nn::state::{self, NamedTensor, TensorMap, to_vec};
use autodidact_nn::{Depth, Mode, NormConfig, ResNet, ResNetConfig, StemKind};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;

use super::CHANNELS;
use crate::Features;
use crate::agents::ObservationEncoder;

/// Pictures that go through the network at once. Sums of gradients are in the order of these parts.
const PICTURES: usize = 256;

/// The residual network of depth 8 with group norm: 3 stages of `width`, 2 · `width` and 4 · `width` channels, then the mean over positions.
///
/// Observations are rows of [`read`](super::read). Group norm, since no feature of a picture may depend on the others of a batch.
///
/// ```
/// use autodidact_communicate::Features;
/// use autodidact_communicate::agents::ObservationEncoder;
/// use autodidact_communicate::images::ImageEncoder;
/// use rand::SeedableRng;
///
/// let encoder = ImageEncoder::new([8, 4], &mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
/// let pictures = Features::new(vec![0.5; 2 * 3 * 8 * 8], 3 * 8 * 8)?;
/// assert_eq!((encoder.width(), encoder.encode(&pictures).len()), (16, 32));
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ImageEncoder {
    /// Side of a picture, and channels of the first stage.
    size: [usize; 2],
    network: ResNet,
    /// The network's numbers, in the order of their names.
    values: Vec<f32>,
}

impl ImageEncoder {
    /// For pictures of so many pixels a side, with so many channels in the first stage (`size` is `[side, width]`).
    pub fn new(size: [usize; 2], rng: &mut impl Rng) -> Self {
        let network = config(size[1]).init(rng, &Device::flex().autodiff());
        let values = flat(&state::parameters(&network));
        Self { size, network, values }
    }

    /// Names and places of the network's arrays among its [`values`](ObservationEncoder::values).
    pub fn places(&self) -> Vec<(String, Range<usize>)> {
        places(&state::parameters(&self.network)).collect()
    }

    /// The pictures of some rows, `[rows, 3, side, side]`.
    fn pictures(&self, observations: &Features, rows: Range<usize>, device: &Device) -> Tensor<4> {
        let [side, _] = self.size;
        let shape = [rows.len(), CHANNELS, side, side];
        Tensor::from_data(TensorData::new(observations.floats(rows), shape), device)
    }
}

fn config(width: usize) -> ResNetConfig {
    ResNetConfig {
        width: Some(width),
        norm: NormConfig::GROUP,
        ..ResNetConfig::new(Depth::D8, StemKind::Cifar)
    }
}

fn flat(tensors: &TensorMap) -> Vec<f32> {
    tensors.values().flat_map(|tensor| to_vec(tensor.values.clone())).collect()
}

/// Where the arrays are in a flat one.
fn places(tensors: &TensorMap) -> impl Iterator<Item = (String, Range<usize>)> {
    tensors.iter().scan(0, |end, (name, tensor)| {
        let start = *end;
        *end += tensor.shape.iter().product::<usize>();
        Some((name.clone(), start..*end))
    })
}

/// Rows in parts of [`PICTURES`].
fn parts(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(PICTURES).map(move |start| start..rows.min(start + PICTURES))
}

impl ObservationEncoder for ImageEncoder {
    fn width(&self) -> usize {
        config(self.size[1]).output_size()
    }

    fn values(&self) -> &[f32] {
        &self.values
    }

    fn set(&mut self, values: &[f32]) {
        self.values.copy_from_slice(values);
        let mut tensors = state::parameters(&self.network);
        let ranges: Vec<(String, Range<usize>)> = places(&tensors).collect();
        for ((_, range), tensor) in ranges.into_iter().zip(tensors.values_mut()) {
            let values = Tensor::from_floats(&values[range], &Device::flex());
            *tensor = NamedTensor { shape: tensor.shape.clone(), values };
        }
        self.network =
            state::replace(self.network.clone(), &tensors).expect("names and shapes are the network's own");
    }

    fn encode(&self, observations: &Features) -> Vec<f32> {
        let (network, device) = (self.network.valid(), Device::flex());
        let encode =
            |rows| to_vec(network.forward(self.pictures(observations, rows, &device), Mode::Evaluate));
        parts(observations.count()).flat_map(encode).collect()
    }

    fn gradient(&self, observations: &Features, of_features: &[f32]) -> Vec<f32> {
        let (width, device) = (self.width(), Device::flex().autodiff());
        let mut sum = vec![0.0; self.values.len()];
        for rows in parts(observations.count()) {
            let shape = [rows.len(), width];
            let upstream = of_features[rows.start * width..rows.end * width].to_vec();
            let upstream = Tensor::<2>::from_data(TensorData::new(upstream, shape), &device);
            let features = self.network.forward(self.pictures(observations, rows, &device), Mode::Train);
            // The slope of this sum by the features is the gradient that came in.
            let mut gradients = (features * upstream).sum().backward();
            let of_part = flat(&state::gradients(&self.network, &mut gradients));
            sum.iter_mut().zip(of_part).for_each(|(sum, value)| *sum += value);
        }
        sum
    }

    fn renew(&mut self, rng: &mut Stream) {
        *self = Self::new(self.size, rng);
    }
}
