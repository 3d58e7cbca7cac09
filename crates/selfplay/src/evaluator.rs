//! A network that says what positions are worth.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use autodidact_games::Observe;
use autodidact_mcts::{Batch, Evaluator};
use autodidact_nn::{Mode, Precision, state};
use burn::tensor::{Device, Tensor, TensorData};

use crate::alpha_zero::Network;
use crate::samples::observe_cells_last;

/// Bytes of what is remembered, at most about.
const REMEMBERED: usize = 128 << 20;
/// Bytes that a position takes beside its numbers.
const ENTRY: usize = 48;

/// A network as the [`Evaluator`] of a search. Positions that it has seen before are not evaluated again.
#[derive(Debug)]
pub struct NetworkEvaluator {
    network: Network,
    device: Device,
    precision: Precision,
    known: Mutex<Known>,
}

/// What was said of positions, by their key: the logits of all moves, then the value.
#[derive(Debug, Default)]
struct Known {
    rows: HashMap<u64, Box<[f32]>>,
    asked: u64,
    evaluated: u64,
}

/// Where the row of a position of a batch is.
enum Place {
    Known(Box<[f32]>),
    /// In the batch that the network evaluates.
    New(usize),
}

impl NetworkEvaluator {
    /// An evaluator without a memory yet. The network is not one that is trained: see `burn`'s `Module::valid`.
    pub fn new(network: Network, device: &Device, precision: Precision) -> Self {
        Self { network, device: device.clone(), precision, known: Mutex::default() }
    }

    /// Positions that searches asked for, and those of them that the network evaluated.
    pub fn counts(&self) -> [u64; 2] {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        [known.asked, known.evaluated]
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Logits of all moves, then the value, of boards `[B, H, W, C]`, row by row.
    fn forward(&self, boards: Vec<f32>, shape: [usize; 4]) -> Vec<Box<[f32]>> {
        let boards = Tensor::<4>::from_data(TensorData::new(boards, shape), &self.device);
        let (logits, value) = self.precision.scope(|| self.network.forward(boards, Mode::Evaluate));
        let num_actions = logits.dims()[1];
        let (logits, values) = (state::to_vec(logits), state::to_vec(Network::expected_value(value)));
        logits
            .chunks_exact(num_actions)
            .zip(values)
            .map(|(logits, value)| logits.iter().copied().chain([value]).collect())
            .collect()
    }
}

impl<G: Observe> Evaluator<G> for NetworkEvaluator {
    fn evaluate(&self, batch: &mut Batch<G>) -> autodidact_mcts::Result<()> {
        let [channels, height, width] = batch.game(0).observation_shape();
        let length = channels * height * width;
        let mut boards = Vec::new();
        let mut planes = vec![0.0; length];
        let mut keys: HashMap<u64, usize> = HashMap::new();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let places: Vec<Place> = (0..batch.len())
            .map(|index| {
                let game = batch.game(index);
                let key = game.key();
                if let Some(row) = known.rows.get(&key) {
                    return Place::Known(row.clone());
                }
                let next = keys.len();
                match keys.entry(key) {
                    Entry::Occupied(entry) => Place::New(*entry.get()),
                    Entry::Vacant(entry) => {
                        entry.insert(next);
                        boards.resize((next + 1) * length, 0.0);
                        observe_cells_last(game, 0, &mut planes, &mut boards[next * length..]);
                        Place::New(next)
                    }
                }
            })
            .collect();
        // Other searches go on while the network computes.
        drop(known);
        let rows = match keys.len() {
            0 => Vec::new(),
            count => self.forward(boards, [count, height, width, channels]),
        };
        for (index, place) in places.iter().enumerate() {
            let row = match place {
                Place::Known(row) => row,
                Place::New(new) => &rows[*new],
            };
            let (value, logits) = row.split_last().expect("a row ends with the value");
            batch.set_logits(index, *value, logits);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.asked += places.len() as u64;
        known.evaluated += rows.len() as u64;
        let bytes_each = ENTRY + rows.first().map_or(0, |row| size_of_val(&**row));
        if (known.rows.len() + rows.len()) * bytes_each <= REMEMBERED {
            let mut rows: Vec<Option<Box<[f32]>>> = rows.into_iter().map(Some).collect();
            let new = keys.into_iter().filter_map(|(key, index)| Some((key, rows[index].take()?)));
            known.rows.extend(new);
        }
        Ok(())
    }
}
