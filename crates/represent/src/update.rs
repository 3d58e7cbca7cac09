//! From gradients to new weights: what every method does after its backward passes.

use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_nn::{TensorMap, safetensors, state};
use autodidact_optim::{GradientAccumulator, Optimizer, ParameterGroup, clip_by_global_norm, global_norm};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::{RepresentConfig, Result};

/// Accumulates the gradients of a step's micro-batches and applies them once.
#[derive(Debug)]
pub(crate) struct Update {
    optimizer: Optimizer,
    accumulator: GradientAccumulator,
    clip_norm: f64,
}

impl Update {
    pub fn new(config: &RepresentConfig) -> Self {
        let predictor =
            ParameterGroup { prefix: "predictor.".to_owned(), multiplier: config.predictor_multiplier };
        Self {
            optimizer: Optimizer::new(config.optimizer, vec![predictor]),
            accumulator: GradientAccumulator::default(),
            clip_norm: config.clip_norm,
        }
    }

    /// Backward pass of one micro-batch's loss.
    pub fn accumulate<M: Module>(&mut self, module: &M, loss: &Tensor<1>) {
        let mut gradients = loss.backward();
        self.accumulator.add(state::gradients(module, &mut gradients));
    }

    /// One optimizer step; gives the module with its new weights, those weights by name, and the gradient norm.
    pub fn apply<M: Module>(&mut self, module: M, learning_rate: f64) -> (M, TensorMap, f64) {
        let gradients = self.accumulator.take();
        let (gradients, norm) = if self.clip_norm > 0.0 {
            clip_by_global_norm(gradients, self.clip_norm)
        } else {
            let norm = global_norm(&gradients);
            (gradients, norm)
        };
        let weights = self.optimizer.step(learning_rate, &state::parameters(&module), &gradients);
        let module = state::replace(module, &weights).expect("weights come from this module");
        (module, weights, norm)
    }

    pub fn save(&self, checkpoint: CheckpointBuilder) -> Result<CheckpointBuilder> {
        let tensors = safetensors::encode(&self.optimizer.state());
        Ok(checkpoint.section("optimizer", tensors).json("optimizer_steps", &self.optimizer.steps())?)
    }

    pub fn restore(&mut self, checkpoint: &Checkpoint, device: &Device) -> Result<()> {
        let tensors = safetensors::decode(checkpoint.section("optimizer")?, device)?;
        self.optimizer.load_state(&tensors, checkpoint.json("optimizer_steps")?)?;
        Ok(())
    }
}
