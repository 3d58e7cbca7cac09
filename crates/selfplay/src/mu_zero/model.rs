//! The network as the model that a search plans in.

use std::sync::atomic::{AtomicU64, Ordering};

use autodidact_games::{Action, Observe};
use autodidact_mcts::{Config, Model, PolicyOutput, Prediction, Predictions, search_model};
use autodidact_nn::{Mode, Precision, state};
use burn::tensor::{Device, Tensor, TensorData};

use super::network::{Network, NetworkConfig};
use crate::Result;
use crate::samples::observe_cells_last;

/// A hidden state, `[H · W · C]`.
pub type Hidden = Box<[f32]>;

/// A network in which positions are searched. It is told what is legal at the root, and nothing of what follows.
#[derive(Debug)]
pub struct NetworkModel {
    network: Network,
    config: NetworkConfig,
    device: Device,
    precision: Precision,
    shape: [usize; 3],
    num_actions: usize,
    discount: f32,
    evaluations: AtomicU64,
}

impl NetworkModel {
    /// A model of the game that begins at `start`. The network is not one that is trained: see `burn`'s `Module::valid`.
    ///
    /// `discount` is what values after a move count before it: γ, or −γ in a game for two.
    pub fn new<G: Observe>(
        network: Network,
        config: NetworkConfig,
        start: &G,
        discount: f32,
        (device, precision): (&Device, Precision),
    ) -> Self {
        let (shape, num_actions) = (start.observation_shape(), start.num_actions());
        let device = device.clone();
        Self {
            network,
            config,
            device,
            precision,
            shape,
            num_actions,
            discount,
            evaluations: AtomicU64::new(0),
        }
    }

    /// Hidden states that were made so far.
    pub fn evaluations(&self) -> u64 {
        self.evaluations.load(Ordering::Relaxed)
    }

    /// Searches positions, a tree for each.
    ///
    /// # Errors
    /// Those of the search.
    pub fn search<G: Observe>(&self, config: &Config, games: &[G], seed: u64) -> Result<Vec<PolicyOutput>> {
        let (observations, legal) = seen(games.iter());
        self.search_seen(config, observations, legal, seed)
    }

    /// The same of what was seen, `[B, H · W · channels]`, and was legal.
    pub(super) fn search_seen(
        &self,
        config: &Config,
        observations: Vec<f32>,
        legal: Vec<Vec<Action>>,
        seed: u64,
    ) -> Result<Vec<PolicyOutput>> {
        if legal.is_empty() {
            return Ok(Vec::new());
        }
        let roots = self.roots(observations, legal);
        Ok(search_model(config, self, roots, seed, 1)?)
    }

    fn roots(&self, observations: Vec<f32>, legal: Vec<Vec<Action>>) -> Vec<Prediction<Hidden>> {
        let [channels, height, width] = self.shape;
        let shape = [legal.len(), height, width, channels];
        let seen = Tensor::<4>::from_data(TensorData::new(observations, shape), &self.device);
        let (hidden, (policy, value)) = self.precision.scope(|| {
            let hidden = self.network.represent(seen, Mode::Evaluate);
            (hidden.clone(), self.network.predict(hidden))
        });
        self.evaluations.fetch_add(legal.len() as u64, Ordering::Relaxed);
        let values = self.config.value_support.decode(value);
        let logits = state::to_vec(policy);
        let rows = legal.into_iter().zip(rows(hidden)).zip(values).zip(logits.chunks_exact(self.num_actions));
        rows.map(|(((actions, state), value), logits)| {
            let logits = actions.iter().map(|action| logits[*action as usize]).collect();
            Prediction { state, value, actions, logits }
        })
        .collect()
    }
}

impl Model for NetworkModel {
    type State = Hidden;

    fn num_actions(&self) -> usize {
        self.num_actions
    }

    fn recurrent(
        &self,
        steps: &[(&Hidden, Action)],
        predictions: &mut Predictions<Hidden>,
    ) -> autodidact_mcts::Result<()> {
        let [_, height, width] = self.shape;
        let count = steps.len();
        let mut states = Vec::with_capacity(count * steps.first().map_or(0, |step| step.0.len()));
        for (state, _) in steps {
            states.extend_from_slice(state);
        }
        let shape = [count, height, width, self.config.width];
        let states = Tensor::<4>::from_data(TensorData::new(states, shape), &self.device);
        let actions = one_hot(steps.iter().map(|step| step.1), self.num_actions, &self.device);
        let (hidden, reward, (policy, value)) = self.precision.scope(|| {
            let (hidden, reward) = self.network.advance(states, actions, Mode::Evaluate);
            (hidden.clone(), reward, self.network.predict(hidden))
        });
        self.evaluations.fetch_add(count as u64, Ordering::Relaxed);
        predictions.states.extend(rows(hidden));
        predictions.rewards.extend(self.config.reward_support.decode(reward));
        predictions.discounts.resize(count, self.discount);
        predictions.values.extend(self.config.value_support.decode(value));
        predictions.logits.extend(state::to_vec(policy));
        Ok(())
    }
}

/// What is seen of positions, `[B, H · W · channels]`, and their legal moves.
pub(super) fn seen<'a, G: Observe + 'a>(
    games: impl ExactSizeIterator<Item = &'a G>,
) -> (Vec<f32>, Vec<Vec<Action>>) {
    let (mut observations, mut planes, mut legal) = (Vec::new(), Vec::new(), Vec::with_capacity(games.len()));
    for game in games {
        let length = game.observation_shape().iter().product();
        planes.resize(length, 0.0);
        let begin = observations.len();
        observations.resize(begin + length, 0.0);
        observe_cells_last(game, 0, &mut planes, &mut observations[begin..]);
        let mut actions = Vec::new();
        game.legal_actions(&mut actions);
        legal.push(actions);
    }
    (observations, legal)
}

/// Moves as rows with a 1, `[B, A]`.
pub(super) fn one_hot(
    actions: impl ExactSizeIterator<Item = Action>,
    num_actions: usize,
    device: &Device,
) -> Tensor<2> {
    let shape = [actions.len(), num_actions];
    let mut values = vec![0.0; shape[0] * num_actions];
    for (row, action) in actions.enumerate() {
        values[row * num_actions + action as usize] = 1.0;
    }
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// States `[B, H, W, C]`, one by one.
fn rows(states: Tensor<4>) -> Vec<Hidden> {
    let length: usize = states.dims()[1..].iter().product();
    state::to_vec(states).chunks_exact(length).map(Into::into).collect()
}
