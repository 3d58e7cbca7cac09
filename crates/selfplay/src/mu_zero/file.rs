//! Networks as files that say what they are of.

use std::path::Path;

use autodidact_experiment::file;
use autodidact_games::Observe;
use autodidact_nn::{Precision, TensorMap, safetensors, state};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use super::model::NetworkModel;
use super::network::{Network, NetworkConfig};
use super::task::Task;
use crate::{Error, Result};

/// The entry of the file's metadata that holds the [`Description`].
const ENTRY: &str = "autodidact.mu-zero";

/// The version of descriptions.
const VERSION: u32 = 1;

/// What a network is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Version of this description.
    pub version: u32,
    /// The task.
    pub task: String,
    /// Channels, height and width of what it sees.
    pub observation: [usize; 3],
    /// Moves.
    pub num_actions: usize,
    /// γ, or −γ for a game for two.
    pub discount: f32,
    /// Sizes.
    pub network: NetworkConfig,
}

/// A network and what it is of.
#[derive(Clone, Debug)]
pub struct TrainedNetwork {
    /// What it is of.
    pub description: Description,
    /// The weights.
    pub network: Network,
}

impl TrainedNetwork {
    /// A network for a task, trained with this discount γ.
    pub fn new<G: Observe>(task: &Task<G>, discount: f32, config: NetworkConfig, network: Network) -> Self {
        let description = Description {
            version: VERSION,
            task: task.name.clone(),
            observation: task.start.observation_shape(),
            num_actions: task.start.num_actions(),
            discount: task.signed_discount(discount),
            network: config,
        };
        Self { description, network }
    }

    /// Writes a safetensors file, weights as f32.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string(&self.description).expect("a description is plain data");
        let bytes = safetensors::encode_with(&state::all_tensors(&self.network), &[(ENTRY, text)]);
        Ok(file::write(path, &bytes)?)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Those of reading; [`Error::NetworkFile`] if it holds no network.
    pub fn read(path: &Path, device: &Device) -> Result<Self> {
        decode(&file::read(path)?, device)
            .map_err(|reason| Error::NetworkFile { path: path.to_owned(), reason })
    }

    /// The model to search in, for a task that is the one it was trained on.
    ///
    /// # Errors
    /// [`Error::OtherGame`].
    pub fn model<G: Observe>(
        self,
        task: &Task<G>,
        device: &Device,
        precision: Precision,
    ) -> Result<NetworkModel> {
        let Description { observation, num_actions, discount, network, .. } = self.description;
        let is_same = self.description.task == task.name
            && (observation, num_actions) == (task.start.observation_shape(), task.start.num_actions());
        if !is_same {
            let trained = format!("{} {observation:?}", self.description.task);
            return Err(Error::OtherGame { trained, given: task.full_name() });
        }
        Ok(NetworkModel::new(self.network, network, &task.start, discount, (device, precision)))
    }
}

fn decode(bytes: &[u8], device: &Device) -> std::result::Result<TrainedNetwork, String> {
    let metadata = safetensors::metadata(bytes).map_err(|error| error.to_string())?;
    let text = metadata.get(ENTRY).ok_or("it does not say of which task")?;
    let description: Description =
        serde_json::from_str(text).map_err(|error| format!("its description cannot be read: {error}"))?;
    if description.version != VERSION {
        return Err(format!("its description has version {}, expected {VERSION}", description.version));
    }
    let tensors = safetensors::decode(bytes, device).map_err(|error| error.to_string())?;
    if !is_consistent(&description, &tensors) {
        return Err("its weights have not the sizes that it says".to_owned());
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let Description { observation, num_actions, network, .. } = description;
    let network = network.init(observation, num_actions, &mut rng, device);
    let network = state::load(network, &tensors).map_err(|error| error.to_string())?;
    Ok(TrainedNetwork { description, network })
}

/// Files may say anything: sizes are compared with the weights before memory is taken.
fn is_consistent(description: &Description, tensors: &TensorMap) -> bool {
    let Description { observation: [channels, height, width], num_actions, network: config, .. } =
        *description;
    let cells = height.saturating_mul(width);
    let fits = |name: &str, shape: &[usize]| tensors.get(name).is_some_and(|tensor| tensor.shape == shape);
    let head = |name: &str, outputs: usize| {
        let channels = if cells > 1 { config.head_channels } else { config.width };
        fits(&format!("{name}.cells.weight"), &[channels, config.width])
            && fits(&format!("{name}.hidden.weight"), &[config.head_hidden, channels.saturating_mul(cells)])
            && fits(&format!("{name}.output.weight"), &[outputs, config.head_hidden])
    };
    // The first and the last layer of each trunk tell its width and its depth.
    let trunk = |name: &str, inputs: usize, blocks: usize| {
        let kind = if cells > 1 { "Tower" } else { "Mlp" };
        let has = |part: &str, shape: &[usize]| fits(&format!("{name}.{kind}.{part}"), shape);
        if cells > 1 {
            let last = format!("blocks.{}.branch.1.conv.weight", blocks.saturating_sub(1));
            has("stem.conv.weight", &[config.width, inputs, 3, 3])
                && (blocks == 0 || has(&last, &[config.width, config.width, 3, 3]))
        } else {
            let last = format!("hidden.{}.weight", blocks.saturating_sub(1));
            let last_inputs = if blocks == 1 { inputs } else { config.width };
            (blocks == 0 && has("output.weight", &[config.width, inputs]))
                || (has(&last, &[config.width, last_inputs])
                    && has("output.weight", &[config.width, config.width]))
        }
    };
    let supports = [config.value_support, config.reward_support];
    let sizes = [channels, cells, num_actions, config.width, config.action_channels];
    let hidden = [config.head_channels, config.head_hidden];
    sizes.iter().chain(&hidden).all(|size| *size > 0)
        && config.blocks.max(config.dynamics_blocks) <= tensors.len()
        && supports.iter().all(|support| support.check("support").is_ok())
        && trunk("representation", channels, config.blocks)
        && trunk("dynamics", config.width.saturating_add(config.action_channels), config.dynamics_blocks)
        && fits("actions.weight", &[config.action_channels.saturating_mul(cells), num_actions])
        && head("policy", num_actions)
        && head("value", config.value_support.size())
        && head("reward", config.reward_support.size())
}
