//! Networks as files that say what they are of.

use std::path::Path;

use autodidact_arena::Playable;
use autodidact_experiment::file;
use autodidact_nn::{TensorMap, safetensors, state};
use burn::tensor::Device;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use crate::alpha_zero::{Network, NetworkConfig};
use crate::{Error, Result};

/// The entry of the file's metadata that holds the [`Description`].
const ENTRY: &str = "autodidact.selfplay";

const VERSION: u32 = 1;

/// What a network is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Version of this description.
    pub version: u32,
    /// The game.
    pub game: String,
    /// Channels, height and width of what it sees.
    pub observation: [usize; 3],
    /// Moves.
    pub num_actions: usize,
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
    /// A network for the game that begins at `start`.
    pub fn new<G: Playable>(start: &G, config: NetworkConfig, network: Network) -> Self {
        Self { description: describe(start, config), network }
    }

    /// The bytes of a safetensors file, weights as f32.
    pub fn encode(&self) -> Vec<u8> {
        let text = serde_json::to_string(&self.description).expect("a description is plain data");
        safetensors::encode_with(&state::all_tensors(&self.network), &[(ENTRY, text)])
    }

    /// Writes the file.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&self, path: &Path) -> Result<()> {
        Ok(file::write(path, &self.encode())?)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Those of reading; [`Error::NetworkFile`] if it holds no network.
    pub fn read(path: &Path, device: &Device) -> Result<Self> {
        Self::decode(&file::read(path)?, device)
            .map_err(|reason| Error::NetworkFile { path: path.to_owned(), reason })
    }

    /// A network from the bytes of a file.
    ///
    /// # Errors
    /// Why it is none.
    pub fn decode(bytes: &[u8], device: &Device) -> std::result::Result<Self, String> {
        let description = Description::decode(bytes)?;
        if description.version != VERSION {
            return Err(format!("its description has version {}, expected {VERSION}", description.version));
        }
        let tensors = safetensors::decode(bytes, device).map_err(|error| error.to_string())?;
        let network = description.init(&tensors, device)?;
        Ok(Self { description, network })
    }

    /// That the network is of this game and board.
    ///
    /// # Errors
    /// [`Error::OtherGame`].
    pub fn check<G: Playable>(&self, start: &G) -> Result<()> {
        self.description.check(start)
    }
}

impl Description {
    /// What the bytes of a file say that it is of.
    ///
    /// # Errors
    /// Why they say nothing.
    pub fn decode(bytes: &[u8]) -> std::result::Result<Self, String> {
        let metadata = safetensors::metadata(bytes).map_err(|error| error.to_string())?;
        let text = metadata.get(ENTRY).ok_or("it does not say of which game")?;
        serde_json::from_str(text).map_err(|error| format!("its description cannot be read: {error}"))
    }

    /// That it is of this game and board.
    ///
    /// # Errors
    /// [`Error::OtherGame`].
    pub fn check<G: Playable>(&self, start: &G) -> Result<()> {
        let given = describe(start, self.network);
        if given == *self {
            return Ok(());
        }
        Err(Error::OtherGame { trained: self.name(), given: given.name() })
    }

    fn name(&self) -> String {
        let [channels, height, width] = self.observation;
        format!("{} on {width}x{height} ({} moves, {channels} planes)", self.game, self.num_actions)
    }

    /// The network of these sizes with these weights. Files may say anything: sizes are compared with the weights before memory is taken.
    fn init(&self, tensors: &TensorMap, device: &Device) -> std::result::Result<Network, String> {
        let [channels, height, width] = self.observation;
        let NetworkConfig { width: tower, blocks, policy_channels, value_channels, value_hidden } =
            self.network;
        let fits =
            |name: &str, shape: &[usize]| tensors.get(name).is_some_and(|tensor| tensor.shape == shape);
        let cells = height.saturating_mul(width);
        let last_block = format!("tower.blocks.{}.branch.1.conv.weight", blocks.saturating_sub(1));
        let sizes = [channels, cells, self.num_actions, tower, policy_channels, value_channels, value_hidden];
        let is_consistent = sizes.iter().all(|size| *size > 0)
            && blocks <= tensors.len()
            && fits("policy_cells.weight", &[policy_channels, tower])
            && fits("value_cells.weight", &[value_channels, tower])
            && fits("tower.stem.conv.weight", &[tower, channels, 3, 3])
            && (blocks == 0 || fits(&last_block, &[tower, tower, 3, 3]))
            && fits("policy.weight", &[self.num_actions, policy_channels.saturating_mul(cells)])
            && fits("value_hidden.weight", &[value_hidden, value_channels.saturating_mul(cells)]);
        if !is_consistent {
            return Err("its weights have not the sizes that it says".to_owned());
        }
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
        let network = self.network.init(self.observation, self.num_actions, &mut rng, device);
        state::load(network, tensors).map_err(|error| error.to_string())
    }
}

fn describe<G: Playable>(start: &G, network: NetworkConfig) -> Description {
    Description {
        version: VERSION,
        game: G::NAME.name().to_owned(),
        observation: start.observation_shape(),
        num_actions: start.num_actions(),
        network,
    }
}
