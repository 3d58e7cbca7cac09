//! An update rule with its state, over named tensors.

use std::collections::BTreeMap;

use autodidact_nn::{NamedTensor, TensorMap};
use burn::tensor::Tensor;

use crate::rule::{self, Setting};
use crate::{Error, OptimizerConfig, Result};

/// Parameters whose finished updates are scaled: `w ← w − lr · multiplier · step`.
///
/// The multiplier applies after LARS, so that adaptation does not undo it. BYOL's "predictor learning
/// rate × λ" (Grill et al. 2020, App. I) is `ParameterGroup { prefix: "predictor", multiplier: λ }`.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterGroup {
    /// First components of the parameters' names.
    pub prefix: String,
    /// Factor on the update.
    pub multiplier: f64,
}

/// [`rule::update`] or [`rule::direction`].
type RuleFunction = fn(OptimizerConfig, Setting, Tensor<1>, Tensor<1>, &mut Vec<Tensor<1>>) -> Tensor<1>;

/// An optimizer: gives new parameters for old ones and their gradients.
///
/// ```
/// use autodidact_nn::{NamedTensor, TensorMap};
/// use autodidact_optim::{Optimizer, OptimizerConfig};
/// use burn::tensor::{Device, Tensor};
///
/// let named = |values: [f32; 2]| {
///     let values = Tensor::<1>::from_floats(values, &Device::flex());
///     TensorMap::from([("w".to_owned(), NamedTensor { shape: vec![2, 1], values })])
/// };
/// let mut sgd = Optimizer::new(OptimizerConfig::sgd(0.0), vec![]);
/// let updated = sgd.step(0.1, &named([1.0, 2.0]), &named([1.0, -1.0]));
/// let w = updated["w"].values.to_data().to_vec::<f32>().unwrap();
/// assert!((w[0] - 0.9).abs() < 1e-6 && (w[1] - 2.1).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
pub struct Optimizer {
    config: OptimizerConfig,
    groups: Vec<ParameterGroup>,
    /// Slots by parameter name, in the order of `rule::slots`.
    state: BTreeMap<String, (Vec<usize>, Vec<Tensor<1>>)>,
    steps: u64,
}

impl Optimizer {
    /// An optimizer with zero state.
    pub fn new(config: OptimizerConfig, groups: Vec<ParameterGroup>) -> Self {
        Self { config, groups, state: BTreeMap::new(), steps: 0 }
    }

    /// One update. Parameters without a gradient are returned as they are.
    ///
    /// # Panics
    /// If a gradient's shape is not its parameter's.
    pub fn step(&mut self, learning_rate: f64, parameters: &TensorMap, gradients: &TensorMap) -> TensorMap {
        self.steps += 1;
        parameters
            .iter()
            .map(|(name, parameter)| {
                let Some(gradient) = gradients.get(name) else { return (name.clone(), parameter.clone()) };
                assert_eq!(parameter.shape, gradient.shape, "gradient of `{name}`");
                (name.clone(), self.apply(rule::update, learning_rate, name, parameter, gradient))
            })
            .collect()
    }

    /// The update u of learning rate 1, which the rule would make next: `w + lr u` is what [`Optimizer::step`] gives.
    /// The state moves as in a step. Parameters without a gradient are absent.
    ///
    /// With LARS's clipped trust ratio, which depends on the learning rate, it is that of learning rate 1.
    ///
    /// # Panics
    /// If a gradient's shape is not its parameter's.
    pub fn direction(&mut self, parameters: &TensorMap, gradients: &TensorMap) -> TensorMap {
        self.steps += 1;
        gradients
            .iter()
            .filter_map(|(name, gradient)| Some((name, parameters.get(name)?, gradient)))
            .map(|(name, parameter, gradient)| {
                assert_eq!(parameter.shape, gradient.shape, "gradient of `{name}`");
                (name.clone(), self.apply(rule::direction, 1.0, name, parameter, gradient))
            })
            .collect()
    }

    fn apply(
        &mut self,
        rule: RuleFunction,
        learning_rate: f64,
        name: &str,
        parameter: &NamedTensor,
        gradient: &NamedTensor,
    ) -> NamedTensor {
        let setting = Setting {
            learning_rate,
            multiplier: self.multiplier(name),
            step: self.steps,
            is_excluded: parameter.rank() <= 1,
        };
        let slots = rule::slots(self.config).len();
        let (_, state) = self.state.entry(name.to_owned()).or_insert_with(|| {
            let zeros = parameter.values.zeros_like();
            (parameter.shape.clone(), vec![zeros; slots])
        });
        let values = rule(self.config, setting, parameter.values.clone(), gradient.values.clone(), state);
        NamedTensor { shape: parameter.shape.clone(), values }
    }

    fn multiplier(&self, name: &str) -> f64 {
        self.groups
            .iter()
            .filter(|group| name.starts_with(group.prefix.as_str()))
            .map(|group| group.multiplier)
            .product()
    }

    /// The diagonal P by which an adaptive rule divides the gradient, from its present state; `None` for other rules and
    /// before the first step.
    pub fn preconditioner(&self) -> Option<TensorMap> {
        let of = |(name, (shape, slots)): (&String, &(Vec<usize>, Vec<Tensor<1>>))| {
            let values = rule::preconditioner(self.config, self.steps, slots)?;
            Some((name.clone(), NamedTensor { shape: shape.clone(), values }))
        };
        let p: TensorMap = self.state.iter().filter_map(of).collect();
        (!p.is_empty()).then_some(p)
    }

    /// The rule and its constants.
    pub fn config(&self) -> OptimizerConfig {
        self.config
    }

    /// Updates made so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The state as named tensors, `momentum/<parameter>` and so on; what a checkpoint stores beside
    /// [`Optimizer::steps`].
    pub fn state(&self) -> TensorMap {
        let slots = rule::slots(self.config);
        self.state
            .iter()
            .flat_map(|(name, (shape, tensors))| {
                slots.iter().zip(tensors).map(move |(slot, values)| {
                    let tensor = NamedTensor { shape: shape.clone(), values: values.clone() };
                    (format!("{slot}/{name}"), tensor)
                })
            })
            .collect()
    }

    /// Continues from a stored state.
    ///
    /// # Errors
    /// [`Error::ForeignState`] if a tensor is none of this rule's.
    pub fn load_state(&mut self, state: &TensorMap, steps: u64) -> Result<()> {
        let slots = rule::slots(self.config);
        let mut loaded: BTreeMap<String, (Vec<usize>, Vec<Tensor<1>>)> = BTreeMap::new();
        for (key, tensor) in state {
            let (slot, name) = key.split_once('/').unwrap_or((key, ""));
            let foreign = || Error::ForeignState { name: key.clone(), expected: slots.join(", ") };
            let position = slots.iter().position(|known| *known == slot).ok_or_else(foreign)?;
            let (_, tensors) = loaded
                .entry(name.to_owned())
                .or_insert_with(|| (tensor.shape.clone(), vec![tensor.values.zeros_like(); slots.len()]));
            tensors[position] = tensor.values.clone();
        }
        self.state = loaded;
        self.steps = steps;
        Ok(())
    }
}
