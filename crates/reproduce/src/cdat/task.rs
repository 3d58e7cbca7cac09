//! What is learnt: pictures, network and loss of each task.

use std::path::PathBuf;

use autodidact_data::Dataset;
use autodidact_experiment::reproduction::{JobError, Plan};
use autodidact_experiment::rng::Seeds;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::network::Network;
use super::objective::{Objective, Targets};
use crate::data::Pictures;

/// λ of every task's loss: the paper's.
pub(super) const WEIGHT_DECAY: f64 = 1e-5;
/// Width of the hidden layers.
const WIDTH: usize = 64;
/// Pictures that a seed draws its samples from, for each of them.
const POOL: usize = 2;

/// A task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Task {
    /// Coloured pictures, ReLU, cross-entropy.
    A,
    /// The same pictures, tanh, squared error.
    B,
    /// Digits, ReLU, cross-entropy.
    C,
    /// The pictures of A, a linear model, cross-entropy: the control.
    D,
}

impl Task {
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];
    /// Those that the claim is about.
    pub const DEEP: [Self; 3] = [Self::A, Self::B, Self::C];

    pub fn letter(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::A => "A, ReLU and cross-entropy",
            Self::B => "B, tanh and squared error",
            Self::C => "C, grey pictures, ReLU and cross-entropy",
            Self::D => "D, linear control",
        }
    }

    fn side(self) -> usize {
        if self == Self::C { 28 } else { 16 }
    }

    /// The plan with the folder that this task reads: `--data` itself, for C MNIST beside or in it.
    fn plan(self, plan: &Plan) -> Plan {
        let data = if self == Self::C { digits(plan) } else { plan.data.clone() };
        Plan { data, ..plan.clone() }
    }

    /// The pictures that `samples` are drawn from.
    pub fn pictures(self, plan: &Plan, samples: usize) -> Pictures {
        Pictures::new(&self.plan(plan), POOL * samples, 0, self.side())
    }

    /// Loss and first weights of a seed, which decides both which samples and which weights.
    pub fn objective(
        self,
        pictures: &Pictures,
        plan: &Plan,
        (samples, seed): (usize, u64),
        device: &Device,
    ) -> Result<Objective, JobError> {
        let (pool, _) = pictures.load(&self.plan(plan))?;
        let seeds = Seeds::new(seed);
        let mut chosen: Vec<usize> = (0..pool.len()).collect();
        chosen.shuffle(&mut seeds.stream("samples"));
        chosen.truncate(samples);

        let (mut inputs, mut labels) = (Vec::new(), Vec::new());
        for &index in &chosen {
            let image = pool.image(index)?;
            let level = |sum: u32, channels: u32| sum as f32 / (255 * channels) as f32;
            if self == Self::C {
                let grey = |pixel: &[u8]| level(pixel.iter().map(|&value| u32::from(value)).sum(), 3);
                inputs.extend(image.pixels().chunks_exact(3).map(grey));
            } else {
                inputs.extend(image.pixels().iter().map(|&value| level(u32::from(value), 1)));
            }
            labels.push(pool.label(index).ok_or("a picture has no class")? as i32);
        }
        let classes = pool.class_names().len();
        let features = inputs.len() / samples;
        let hidden: &[usize] = if self == Self::D { &[] } else { &[WIDTH, WIDTH] };
        let widths: Vec<usize> = [&[features], hidden, &[classes]].concat();
        let network = Network::new(&widths, self == Self::B, &mut seeds.stream("initialisation"), device);
        let inputs = Tensor::from_data(TensorData::new(inputs, [samples, features]), device);
        let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [samples]), device);
        let targets = if self == Self::B {
            Targets::Vectors(labels.one_hot::<2>(classes).float())
        } else {
            Targets::Classes(labels)
        };
        Ok(Objective::new(network, inputs, targets, WEIGHT_DECAY))
    }
}

/// The folder `mnist` with IDX files in the folder of `--data`, else beside it.
pub(super) fn digits(plan: &Plan) -> Option<PathBuf> {
    let data = plan.data.as_ref()?;
    // A link has a neighbour where it lies; a path such as `.` has its parent only once it is resolved.
    let beside_link = std::path::absolute(data).ok().and_then(|path| Some(path.parent()?.join("mnist")));
    let beside = data.canonicalize().ok().and_then(|path| Some(path.parent()?.join("mnist")));
    let is_idx = |folder: &PathBuf| {
        let names = ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-images.idx3-ubyte"];
        names.iter().any(|name| folder.join(name).is_file())
    };
    [Some(data.join("mnist")), beside, beside_link].into_iter().flatten().find(is_idx)
}
