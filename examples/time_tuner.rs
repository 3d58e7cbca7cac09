//! Seconds per step of gradient descent with a constant learning rate and with CDAT, and the peak memory; read by
//! `benchmarks/tuner.py`.
//!
//!     time_tuner mlp|conv plain|exact|differences STEPS

use std::time::Instant;

use autodidact::experiment::rng::Seeds;
use autodidact::nn::taylor::{Jet, LossJet};
use autodidact::nn::{
    Depth, Linear, Mlp, MlpConfig, Mode, NormConfig, ResNet, ResNetConfig, StemKind, TensorMap, state,
};
use autodidact::optim::tuner::{CdatConfig, WithCurvature};
use autodidact::optim::{Exact, Landscape, OptimizerConfig, Result, Tuned, TunerConfig};
use autodidact::represent::burn;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData, activation::log_softmax};

// As in the program.
#[path = "../src/allocator.rs"]
mod allocator;
mod common;

/// Steps before the clock starts.
const WARM: usize = 3;
/// A rate at which nothing diverges.
const RATE: f64 = 1e-3;

/// A network with jets that classifies.
trait Task: Module {
    const INPUTS: &'static [usize];

    /// Parts of the batch that jets go through one after the other.
    const PARTS: usize;

    fn logits(&self, inputs: Tensor<1>) -> Tensor<2>;
    fn jet(&self, direction: &Self, inputs: Tensor<1>) -> Jet<2>;
}

/// Task A of the claim: 1024 pictures of 16×16×3, two hidden layers of 64.
impl Task for Mlp {
    const INPUTS: &'static [usize] = &[1024, 768];
    const PARTS: usize = 1;

    fn logits(&self, inputs: Tensor<1>) -> Tensor<2> {
        self.forward(inputs.reshape([1024, 768]), Mode::Train)
    }

    fn jet(&self, direction: &Self, inputs: Tensor<1>) -> Jet<2> {
        self.taylor(direction, Jet::constant(inputs.reshape([-1, 768])), Mode::Train)
    }
}

/// A ResNet-8 without normalisation on 256 pictures of 32×32×3.
#[derive(Module, Debug)]
struct Convolutional {
    encoder: ResNet,
    classifier: Linear,
}

impl Task for Convolutional {
    const INPUTS: &'static [usize] = &[256, 3, 32, 32];
    const PARTS: usize = 8;

    fn logits(&self, inputs: Tensor<1>) -> Tensor<2> {
        self.classifier.forward(self.encoder.forward(inputs.reshape([256, 3, 32, 32]), Mode::Train))
    }

    fn jet(&self, direction: &Self, inputs: Tensor<1>) -> Jet<2> {
        let features = self.encoder.taylor(&direction.encoder, inputs.reshape([-1, 3, 32, 32]), Mode::Train);
        self.classifier.taylor(&direction.classifier, features)
    }
}

fn time<T: Task>(network: &T, mode: &str, steps: usize) {
    let device = Device::flex();
    let count: usize = T::INPUTS.iter().product();
    let values: Vec<f32> = (0..count).map(|index| (index as f32 * 0.37).sin().abs()).collect();
    let inputs = Tensor::<1>::from_floats(values.as_slice(), &device);
    let labels: Vec<i64> = (0..T::INPUTS[0] as i64).map(|index| index * 7 % 10).collect();
    let rows = labels.len();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [rows]), &device);

    let gradient = |w: &TensorMap| -> Result<(f64, TensorMap)> {
        let network = state::replace(network.clone(), w)?;
        let inputs = Tensor::from_inner(inputs.clone());
        let labels = Tensor::from_inner(labels.clone()).reshape([rows, 1]);
        let loss = log_softmax(network.logits(inputs), 1).gather(1, labels).mean().neg();
        let value = f64::from(loss.clone().into_scalar::<f32>());
        Ok((value, state::gradients(&network, &mut loss.backward())))
    };
    let jets = |network: &T, direction: &T| -> LossJet {
        let (rows, width) = (rows / T::PARTS, count / T::PARTS);
        LossJet::over(T::PARTS, |part| {
            let labels = labels.clone().narrow(0, part * rows, rows);
            network.jet(direction, inputs.clone().narrow(0, part * width, width)).cross_entropy(labels)
        })
    };
    let mut exact = WithCurvature { gradient, curvature: Exact::new(network.clone().valid(), jets) };
    let mut differences = gradient;
    let landscape: &mut dyn Landscape = if mode == "exact" { &mut exact } else { &mut differences };
    let tuner = match mode {
        "plain" => TunerConfig::Constant { learning_rate: RATE },
        _ => TunerConfig::Cdat(CdatConfig::full_batch(1.0)),
    };

    let mut optimizer = Tuned::new(OptimizerConfig::GRADIENT_DESCENT, vec![], tuner);
    let mut w = state::parameters(network);
    let mut seconds = Vec::new();
    for _ in 0..WARM + steps {
        let begun = Instant::now();
        let (value, gradient) = landscape.gradient(&w).expect("the weights fit");
        let step = optimizer.step(RATE, &w, (value, &gradient), &gradient, landscape).expect("a step");
        w = step.weights;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    let mut seconds = seconds.split_off(WARM);
    seconds.sort_by(f64::total_cmp);
    println!("{} {}", seconds[steps / 2], common::peak_mebibytes());
}

fn main() {
    allocator::keep_freed_memory();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, mode, steps] = arguments.as_slice() else {
        eprintln!("usage: time_tuner mlp|conv plain|exact|differences STEPS");
        std::process::exit(2);
    };
    let number = |text: &str| text.parse::<usize>().expect("a number");
    // As in the program: this thread is one of the pool's workers. `RAYON_NUM_THREADS` says how many there are.
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global().expect("the first pool");
    let training = Device::flex().autodiff();
    let mut rng = Seeds::new(1).stream("weights");
    match task.as_str() {
        "mlp" => {
            let config = MlpConfig { layers: 3, ..MlpConfig::new(64, 10, NormConfig::None) };
            time(&config.init(768, &mut rng, &training), mode, number(steps));
        }
        _ => {
            let config = ResNetConfig {
                norm: NormConfig::None,
                width: Some(16),
                ..ResNetConfig::new(Depth::D8, StemKind::Cifar)
            };
            let encoder = config.init(&mut rng, &training);
            let classifier = Linear::new([config.output_size(), 10], true, false, &mut rng, &training);
            time(&Convolutional { encoder, classifier }, mode, number(steps));
        }
    }
}
