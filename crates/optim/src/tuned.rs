//! A base rule and a tuner as one optimizer.

use autodidact_nn::TensorMap;

use crate::tuner::{Decayed, TunerState};
use crate::{
    Chosen, Landscape, Optimizer, OptimizerConfig, ParameterGroup, Point, Result, Tuner, TunerConfig, vector,
};

/// An [`Optimizer`] whose learning rate a tuner finds.
///
/// ```
/// use autodidact_nn::{NamedTensor, TensorMap};
/// use autodidact_optim::{OptimizerConfig, Tuned, TunerConfig, tuner::CdatConfig};
/// use burn::tensor::{Device, Tensor};
///
/// let named = |values: Tensor<1>| TensorMap::from([("w".to_owned(), NamedTensor { shape: vec![2], values })]);
/// let curvatures = Tensor::<1>::from_floats([10.0, 1.0], &Device::flex());
/// // f(w) = ½ (10 w₁² + w₂²)
/// let mut loss = |w: &TensorMap| {
///     let gradient = w["w"].values.clone() * curvatures.clone();
///     let value = (gradient.clone() * w["w"].values.clone()).sum().into_scalar::<f32>() / 2.0;
///     Ok((f64::from(value), named(gradient)))
/// };
/// let edge = TunerConfig::Cdat(CdatConfig::full_batch(2.0));
/// let mut optimizer = Tuned::new(OptimizerConfig::GRADIENT_DESCENT, vec![], edge);
/// let w = named(Tensor::from_floats([1.0, 1.0], &Device::flex()));
/// let (value, gradient) = loss(&w)?;
/// let step = optimizer.step(0.0, &w, (value, &gradient), &gradient, &mut loss)?;
/// // n = 10² + 1², d = 10³ + 1³
/// assert!((step.chosen.learning_rate - 2.0 * 101.0 / 1001.0).abs() < 1e-4);
/// # Ok::<(), autodidact_optim::Error>(())
/// ```
#[derive(Debug)]
pub struct Tuned {
    optimizer: Optimizer,
    tuner: Option<Box<dyn Tuner>>,
    config: TunerConfig,
}

impl Clone for Tuned {
    fn clone(&self) -> Self {
        let mut tuner = self.config.init();
        if let Some(tuner) = &mut tuner {
            tuner.load(self.tuner_state()).expect("a tuner's own state");
        }
        Self { optimizer: self.optimizer.clone(), tuner, config: self.config }
    }
}

/// What a step gave.
#[derive(Clone, Debug)]
pub struct TunedStep {
    /// The weights after it.
    pub weights: TensorMap,
    /// Its learning rate.
    pub chosen: Chosen,
}

impl Tuned {
    /// An optimizer with no history.
    pub fn new(rule: OptimizerConfig, groups: Vec<ParameterGroup>, tuner: TunerConfig) -> Self {
        Self { optimizer: Optimizer::new(rule, groups), tuner: tuner.init(), config: tuner }
    }

    /// One update of `w`, where the loss has this value and gradient.
    ///
    /// Where the rule's weight decay is a part of its gradient (all but `AdamW`'s), the tuner sees it as a part of the loss, so that
    /// slope and curvature are of one function.
    ///
    /// `scheduled` is the rate of the trainer's schedule, taken where no tuner is set. `used` is the gradient that the rule
    /// gets; it may be clipped and may name weights that the loss does not know, which then move with the others.
    ///
    /// # Errors
    /// Those of the loss.
    ///
    /// # Panics
    /// If a gradient's shape is not its parameter's.
    pub fn step(
        &mut self,
        scheduled: f64,
        w: &TensorMap,
        (value, gradient): (f64, &TensorMap),
        used: &TensorMap,
        landscape: &mut dyn Landscape,
    ) -> Result<TunedStep> {
        let Some(tuner) = &mut self.tuner else {
            let weights = self.optimizer.step(scheduled, w, used);
            return Ok(TunedStep { weights, chosen: Chosen { learning_rate: scheduled, is_capped: false } });
        };
        let moves = self.optimizer.direction(w, used);
        // What the loss does not know has no say.
        let (u, seen) = (vector::shared(&moves, gradient), vector::shared(w, gradient));
        let mut landscape = Decayed { landscape, decay: self.optimizer.config().decay_of_the_loss() };
        let (value, gradient) = landscape.add(&seen, value, gradient.clone());
        let is_adaptive = self.optimizer.config().is_adaptive();
        let at = Point { w: &seen, value, gradient: &gradient, u: &u, is_adaptive };
        let chosen = tuner.learning_rate(&at, &mut landscape)?;
        let all = Point { w, u: &moves, ..at };
        Ok(TunedStep { weights: tuner.step(&all, chosen.learning_rate), chosen })
    }

    /// The base rule with its state.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// Which tuner.
    pub fn tuner(&self) -> TunerConfig {
        self.config
    }

    /// The weights to use while `w` is trained, where the tuner averages; `None` means `w` itself.
    pub fn averaged(&self, w: &TensorMap) -> Option<TensorMap> {
        self.tuner.as_ref().and_then(|tuner| tuner.averaged(w))
    }

    /// The tuner's state; the rule's is [`Optimizer::state`].
    pub fn tuner_state(&self) -> TunerState {
        self.tuner.as_ref().map(|tuner| tuner.state()).unwrap_or_default()
    }

    /// Continues from stored states.
    ///
    /// # Errors
    /// If they belong to another rule or another tuner.
    pub fn load(&mut self, state: &TensorMap, steps: u64, tuner: TunerState) -> Result<()> {
        self.optimizer.load_state(state, steps)?;
        match &mut self.tuner {
            Some(known) => known.load(tuner),
            None => tuner.finish(),
        }
    }
}
