//! A module's tensors by name: the one form in which parameters, gradients, optimizer state and
//! checkpoints travel.
//!
//! A name is the path of fields inside the module, joined by dots: `encoder.stem.layer.conv.weight`.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

use crate::{Error, Result};

/// A tensor without its rank: flat values and the shape they had. No gradient is attached.
#[derive(Clone, Debug)]
pub struct NamedTensor {
    /// The original shape; its length is the rank.
    pub shape: Vec<usize>,
    /// All values in row-major order.
    pub values: Tensor<1>,
}

impl NamedTensor {
    fn new<const D: usize>(tensor: Tensor<D>) -> Self {
        let shape = tensor.dims().to_vec();
        let length: usize = shape.iter().product();
        Self { shape, values: tensor.reshape([length]) }
    }

    /// Number of axes. Tensors of rank at most one are biases and normalisation parameters.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }
}

/// Tensors by name, in the order of their names.
pub type TensorMap = BTreeMap<String, NamedTensor>;

/// Copies a tensor's values to the host in row-major order.
pub fn to_vec<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().expect("converted to f32 just before")
}

/// The trainable parameters of `module`, without its running statistics.
pub fn parameters<M: Module>(module: &M) -> TensorMap {
    collect(module, |name| !is_buffer(name))
}

/// The running statistics of `module`: tensors that forward passes change and no optimizer does.
pub fn buffers<M: Module>(module: &M) -> TensorMap {
    collect(module, is_buffer)
}

/// The gradients that a backward pass left for the parameters of `module`; parameters that the loss
/// does not reach are absent.
pub fn gradients<M: Module>(module: &M, gradients: &mut Gradients) -> TensorMap {
    let mut collector = GradientCollector { path: Path::default(), gradients, found: TensorMap::new() };
    module.visit(&mut collector);
    collector.found
}

/// Replaces the tensors of `module` that `tensors` names; others keep their values.
///
/// # Errors
/// [`Error::Shape`] if a tensor of that name has another shape.
pub fn replace<M: Module>(module: M, tensors: &TensorMap) -> Result<M> {
    let mut replacer = Replacer { path: Path::default(), tensors, error: None };
    let module = module.map(&mut replacer);
    match replacer.error {
        Some(error) => Err(error),
        None => Ok(module),
    }
}

/// Replaces every tensor of `module`, running statistics included.
///
/// # Errors
/// [`Error::MissingTensor`] or [`Error::Shape`] if `tensors` does not fit the module.
pub fn load<M: Module>(module: M, tensors: &TensorMap) -> Result<M> {
    let names = collect(&module, |_| true);
    if let Some(name) = names.keys().find(|name| !tensors.contains_key(*name)) {
        return Err(Error::MissingTensor { name: name.clone() });
    }
    replace(module, tensors)
}

/// Every tensor of `module`, running statistics included: what a checkpoint stores.
pub fn all_tensors<M: Module>(module: &M) -> TensorMap {
    collect(module, |_| true)
}

/// Running statistics are told by name; the names are those of [`crate::Norm`]'s fields.
fn is_buffer(name: &str) -> bool {
    name.ends_with("running_mean") || name.ends_with("running_var")
}

fn collect<M: Module>(module: &M, wanted: fn(&str) -> bool) -> TensorMap {
    let mut collector = Collector { path: Path::default(), wanted, found: TensorMap::new() };
    module.visit(&mut collector);
    collector.found
}

#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    fn exit(&mut self) {
        self.0.pop();
    }

    fn name(&self) -> String {
        self.0.join(".")
    }
}

struct Collector {
    path: Path,
    wanted: fn(&str) -> bool,
    found: TensorMap,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.name();
        if (self.wanted)(&name) {
            self.found.insert(name, NamedTensor::new(param.val().without_autodiff()));
        }
    }
}

struct GradientCollector<'a> {
    path: Path,
    gradients: &'a mut Gradients,
    found: TensorMap,
}

impl ModuleVisitor for GradientCollector<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad_remove(self.gradients) {
            self.found.insert(self.path.name(), NamedTensor::new(gradient));
        }
    }
}

struct Replacer<'a> {
    path: Path,
    tensors: &'a TensorMap,
    error: Option<Error>,
}

impl ModuleMapper for Replacer<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let Some(tensor) = self.tensors.get(&name) else { return param };
        let (id, old, mapper) = param.consume();
        let expected = old.dims();
        if tensor.shape != expected {
            self.error.get_or_insert(Error::Shape {
                name,
                found: tensor.shape.clone(),
                expected: expected.to_vec(),
            });
            return Param::from_mapped_value(id, old, mapper);
        }
        let device = old.device();
        let value = tensor.values.clone().to_device(&device.clone().without_autodiff()).reshape(expected);
        let value = if device.is_autodiff() {
            Tensor::from_inner(value).set_require_grad(old.is_require_grad())
        } else {
            value
        };
        Param::from_mapped_value(id, value, mapper)
    }
}
