//! From gradients to new weights: what every method does after its backward passes.

use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_nn::{TensorMap, profile, safetensors, state};
use autodidact_optim::{GradientAccumulator, Optimizer, ParameterGroup, clip_by_global_norm, global_norm};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::{Method, RepresentConfig, Result};

/// Accumulates the gradients of a step's micro-batches and applies them once.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    optimizer: Optimizer,
    accumulator: GradientAccumulator,
    clip_norm: f64,
    /// Whether the classifier only watches, as the online probe does: then it must not shorten the networks' gradient.
    is_probed: bool,
}

impl Update {
    pub fn new(config: &RepresentConfig) -> Self {
        let predictor =
            ParameterGroup { prefix: "predictor.".to_owned(), multiplier: config.predictor_multiplier };
        Self {
            optimizer: Optimizer::new(config.optimizer, vec![predictor]),
            accumulator: GradientAccumulator::default(),
            clip_norm: config.clip_norm,
            is_probed: config.method != Method::Supervised,
        }
    }

    /// Backward pass of one micro-batch's loss.
    pub fn accumulate<M: Module>(&mut self, module: &M, loss: &Tensor<1>) {
        let mut gradients = loss.backward();
        self.accumulator.add(state::gradients(module, &mut gradients));
    }

    /// One optimizer step; gives the module with its new weights, those weights by name, and the gradient norm
    /// without the online probe's.
    pub fn apply<M: Module>(&mut self, module: M, learning_rate: f64) -> (M, TensorMap, f64) {
        let _span = profile::phase("optimizer");
        let (mut watching, gradients): (TensorMap, TensorMap) =
            self.accumulator.take().into_iter().partition(|(name, _)| self.is_probed && is_classifier(name));
        let (mut gradients, norm) = if self.clip_norm > 0.0 {
            clip_by_global_norm(gradients, self.clip_norm)
        } else {
            let norm = global_norm(&gradients);
            (gradients, norm)
        };
        gradients.append(&mut watching);
        let weights = self.optimizer.step(learning_rate, &state::parameters(&module), &gradients);
        let module = state::replace(module, &weights).expect("weights come from this module");
        (module, weights, norm)
    }

    /// Adds the module, as section `online`, and the optimizer's state.
    pub fn save<M: Module>(&self, checkpoint: CheckpointBuilder, module: &M) -> Result<CheckpointBuilder> {
        let weights = safetensors::encode(&state::all_tensors(module));
        let moments = safetensors::encode(&self.optimizer.state());
        Ok(checkpoint
            .section("online", weights)
            .section("optimizer", moments)
            .json("optimizer_steps", &self.optimizer.steps())?)
    }

    /// The stored module; the optimizer continues from its stored state.
    pub fn restore<M: Module>(&mut self, checkpoint: &Checkpoint, module: M, device: &Device) -> Result<M> {
        let weights = safetensors::decode(checkpoint.section("online")?, device)?;
        let moments = safetensors::decode(checkpoint.section("optimizer")?, device)?;
        self.optimizer.load_state(&moments, checkpoint.json("optimizer_steps")?)?;
        Ok(state::load(module, &weights)?)
    }
}

fn is_classifier(name: &str) -> bool {
    name.starts_with("classifier.")
}
