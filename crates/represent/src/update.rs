//! From gradients to new weights: what every method does after its backward passes.

use autodidact_experiment::checkpoint::{Checkpoint, CheckpointBuilder};
use autodidact_nn::{TensorMap, profile, safetensors, state};
use autodidact_optim::sharpness::{Reading, Tracker};
use autodidact_optim::tuner::TunerState;
use autodidact_optim::{
    GradientAccumulator, Landscape, ParameterGroup, Tuned, TunerConfig, clip_by_global_norm, global_norm,
};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::train::{Clock, Scene, mean, scalar};
use crate::{Method, RepresentConfig, Result};

/// The section of a checkpoint that holds the module to use, where that is not the one that is trained.
pub(crate) const AVERAGED: &str = "averaged";

/// Accumulates the gradients of a step's micro-batches and applies them once.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    optimizer: Tuned,
    accumulator: GradientAccumulator,
    clip_norm: f64,
    /// Whether the classifier only watches, as the online probe does: then it must not shorten the networks' gradient.
    is_probed: bool,
    tracker: Tracker,
    /// Steps between readings of the sharpness; 0 for none.
    track_every: usize,
}

/// What one optimizer step gave.
pub(crate) struct Applied<M> {
    pub module: M,
    /// Its weights by name.
    pub weights: TensorMap,
    /// Global norm of the gradient before clipping, without the online probe's.
    pub gradient_norm: f64,
    pub learning_rate: f64,
    /// Whether the weights of a tuned step are numbers; what a schedule does shows in the next loss.
    pub has_sound_weights: bool,
    /// Whether a tuner chose the rate, and its cap held it back.
    pub capped: Option<bool>,
    pub sharpness: Option<Reading>,
}

/// The loss of a step's micro-batches, without the online probe's, at any weights: hands each to the callback. Batch and
/// targets are those of the step.
pub(crate) trait Objective<M>: FnMut(&M, &mut dyn FnMut(Tensor<1>)) {}

impl<M, F: FnMut(&M, &mut dyn FnMut(Tensor<1>))> Objective<M> for F {}

impl Update {
    pub fn new(config: &RepresentConfig) -> Self {
        let predictor =
            ParameterGroup { prefix: "predictor.".to_owned(), multiplier: config.predictor_multiplier };
        Self {
            optimizer: Tuned::new(config.optimizer, vec![predictor], config.optim.tuner),
            accumulator: GradientAccumulator::default(),
            clip_norm: config.clip_norm,
            is_probed: config.method != Method::Supervised,
            tracker: Tracker::default(),
            track_every: config.monitor.sharpness,
        }
    }

    /// Backward pass of one micro-batch's loss.
    pub fn accumulate<M: Module>(&mut self, module: &M, loss: &Tensor<1>) {
        let mut gradients = loss.backward();
        self.accumulator.add(state::gradients(module, &mut gradients));
    }

    /// One optimizer step from the accumulated gradients. `value` is the mean of the losses, without the online probe's.
    pub fn apply<M: Module>(
        &mut self,
        module: M,
        clock: Clock,
        value: f64,
        objective: impl Objective<M>,
    ) -> Result<Applied<M>> {
        let _span = profile::phase("optimizer");
        let (mut watching, gradients): (TensorMap, TensorMap) =
            self.accumulator.take().into_iter().partition(|(name, _)| self.is_probed && is_classifier(name));
        let (mut used, gradient_norm) = self.clipped(gradients.clone());
        used.append(&mut watching);

        let w = state::parameters(&module);
        // Looking elsewhere must not leave traces in the running statistics.
        let buffers = state::buffers(&module);
        let mut landscape = Batch { module: module.clone(), objective };
        let step =
            self.optimizer.step(clock.learning_rate, &w, (value, &gradients), &used, &mut landscape)?;
        let learning_rate = step.chosen.learning_rate;
        let sharpness = if self.track_every > 0 && (clock.step + 1).is_multiple_of(self.track_every) {
            let optimizer = self.optimizer.optimizer();
            Some(self.tracker.read(&w, &gradients, optimizer, learning_rate, &mut landscape)?)
        } else {
            None
        };
        let module = state::replace(module, &buffers).expect("statistics come from this module");
        let module = state::replace(module, &step.weights).expect("weights come from this module");
        let is_tuned = self.optimizer.tuner() != TunerConfig::Schedule;
        let has_sound_weights = !is_tuned || global_norm(&step.weights).is_finite();
        Ok(Applied {
            module,
            weights: step.weights,
            gradient_norm,
            learning_rate,
            has_sound_weights,
            capped: is_tuned.then_some(step.chosen.is_capped),
            sharpness,
        })
    }

    /// The gradient as the rule gets it.
    fn clipped(&self, gradients: TensorMap) -> (TensorMap, f64) {
        if self.clip_norm > 0.0 {
            clip_by_global_norm(gradients, self.clip_norm)
        } else {
            let norm = global_norm(&gradients);
            (gradients, norm)
        }
    }

    /// Shows `objective` around the weights of `module` to `at`.
    pub fn look<M: Module>(
        &self,
        module: &M,
        objective: impl Objective<M>,
        at: &mut dyn FnMut(Scene<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut w = state::parameters(module);
        w.retain(|name, _| !(self.is_probed && is_classifier(name)));
        let buffers = state::buffers(module);
        let mut landscape = Batch { module: module.clone(), objective };
        let optimizer = self.optimizer.optimizer();
        let clip = |gradients| self.clipped(gradients).0;
        let seen = at(Scene { w: &w, optimizer, clip: &clip, landscape: &mut landscape });
        // Looking must not leave traces in the running statistics, which the copies of a module share.
        state::replace(landscape.module, &buffers).expect("statistics come from this module");
        seen
    }

    /// The weights to use while `module` is trained, where the tuner averages them.
    fn averaged<M: Module>(&self, module: &M) -> Option<TensorMap> {
        self.optimizer.averaged(&state::parameters(module))
    }

    /// `part` of `module`, which is its field of this name, with the weights to use.
    pub fn part_to_use<M: Module, P: Module>(&self, module: &M, name: &str, part: P) -> P {
        match self.averaged(module) {
            Some(weights) => {
                let own = weights.into_iter().filter_map(|(path, tensor)| {
                    Some((path.strip_prefix(name)?.strip_prefix('.')?.to_owned(), tensor))
                });
                state::replace(part, &own.collect()).expect("weights come from this module")
            }
            None => part,
        }
    }

    /// Adds the module, as section `online`, and the optimizer's state.
    pub fn save<M: Module>(&self, checkpoint: CheckpointBuilder, module: &M) -> Result<CheckpointBuilder> {
        let tensors = state::all_tensors(module);
        let weights = safetensors::encode(&tensors);
        let optimizer = self.optimizer.optimizer();
        let moments = safetensors::encode(&optimizer.state());
        let tuner = self.optimizer.tuner_state();
        let checkpoint = checkpoint
            .section("online", weights)
            .section("optimizer", moments)
            .json("optimizer_steps", &optimizer.steps())?;
        let checkpoint = checkpoint
            .section("tuner", safetensors::encode(&tuner.vectors))
            .json("tuner_numbers", &tuner.numbers)?;
        let checkpoint = checkpoint.section("sharpness", safetensors::encode(self.tracker.eigenvector()));
        Ok(match self.averaged(module) {
            Some(weights) => {
                let tensors: TensorMap = tensors.into_iter().chain(weights).collect();
                checkpoint.section(AVERAGED, safetensors::encode(&tensors))
            }
            None => checkpoint,
        })
    }

    /// The stored module; the optimizer continues from its stored state.
    pub fn restore<M: Module>(&mut self, checkpoint: &Checkpoint, module: M, device: &Device) -> Result<M> {
        let vectors = |name| Ok::<_, crate::Error>(safetensors::decode(checkpoint.section(name)?, device)?);
        let weights = vectors("online")?;
        // Runs from before there were tuners followed the schedule.
        let has_tuner = checkpoint.names().any(|name| name == "tuner");
        let tuner = if has_tuner {
            self.tracker.load(vectors("sharpness")?);
            TunerState { numbers: checkpoint.json("tuner_numbers")?, vectors: vectors("tuner")? }
        } else {
            TunerState::default()
        };
        self.optimizer.load(&vectors("optimizer")?, checkpoint.json("optimizer_steps")?, tuner)?;
        Ok(state::load(module, &weights)?)
    }
}

fn is_classifier(name: &str) -> bool {
    name.starts_with("classifier.")
}

/// A batch's loss as a tuner sees it.
struct Batch<M, O> {
    module: M,
    objective: O,
}

impl<M: Module, O: Objective<M>> Landscape for Batch<M, O> {
    fn gradient(&mut self, w: &TensorMap) -> autodidact_optim::Result<(f64, TensorMap)> {
        let module = state::replace(self.module.clone(), w)?;
        let mut gradients = GradientAccumulator::default();
        let mut losses = Vec::new();
        (self.objective)(&module, &mut |loss| {
            losses.push(scalar(&loss));
            gradients.add(state::gradients(&module, &mut loss.backward()));
        });
        Ok((mean(&losses), gradients.take()))
    }

    fn value(&mut self, w: &TensorMap) -> autodidact_optim::Result<f64> {
        let module = state::replace(self.module.clone(), w)?;
        let mut losses = Vec::new();
        (self.objective)(&module, &mut |loss| losses.push(scalar(&loss)));
        Ok(mean(&losses))
    }
}
