//! The loss of a task as a function of the weights: value, gradient, curvature along an update, Hessian products.

use autodidact_nn::taylor::Jet;
use autodidact_nn::{TensorMap, state};
use autodidact_optim::{Curvature, Exact, Landscape, Point, Result, global_norm};
use burn::module::Module;
use burn::tensor::{DType, Int, Tensor, activation};

use super::network::Network;

/// Mean loss over samples plus `½ λ ‖w‖²`. Weights are f32, the loss is computed and summed in f64.
#[derive(Clone, Debug)]
pub(super) struct Objective {
    /// A network of the task, tracked for derivatives; its weights do not matter.
    network: Network,
    /// The same without a tape.
    plain: Network,
    inputs: Tensor<2>,
    targets: Targets,
    /// λ. In the loss, so that slope and curvature see the same function.
    weight_decay: f64,
}

/// What the network is to give.
#[derive(Clone, Debug)]
pub(super) enum Targets {
    /// Classes `[N]`: cross-entropy.
    Classes(Tensor<1, Int>),
    /// Vectors `[N, D]`: `½ ‖output − target‖²`.
    Vectors(Tensor<2>),
}

impl Objective {
    /// `network`, `inputs` (`[N, D]`) and targets without a tape.
    pub fn new(network: Network, inputs: Tensor<2>, targets: Targets, weight_decay: f64) -> Self {
        let tracked = network.clone().train();
        Self { network: tracked, plain: network, inputs, targets, weight_decay }
    }

    /// The same loss over some of the samples.
    pub fn on(&self, rows: Tensor<1, Int>) -> Self {
        let targets = match &self.targets {
            Targets::Classes(labels) => Targets::Classes(labels.clone().select(0, rows.clone())),
            Targets::Vectors(vectors) => Targets::Vectors(vectors.clone().select(0, rows.clone())),
        };
        Self { inputs: self.inputs.clone().select(0, rows), targets, ..self.clone() }
    }

    /// The weights that the network was drawn with.
    pub fn initial(&self) -> TensorMap {
        state::parameters(&self.plain)
    }

    /// Mean loss of outputs, without the decay.
    fn mean(&self, outputs: Tensor<2>) -> Tensor<1> {
        let outputs = outputs.cast(DType::F64);
        let [rows, _] = outputs.dims();
        match &self.targets {
            Targets::Classes(labels) => {
                let labels = labels.clone().reshape([rows, 1]);
                activation::log_softmax(outputs, 1).gather(1, labels).mean().neg()
            }
            Targets::Vectors(vectors) => {
                let error = outputs - vectors.clone().cast(DType::F64);
                error.square().sum().mul_scalar(0.5 / rows as f64)
            }
        }
    }

    /// The gradient of the mean loss in the outputs.
    fn output_gradient(&self, outputs: Tensor<2>) -> Tensor<2> {
        let outputs = outputs.cast(DType::F64);
        let [rows, classes] = outputs.dims();
        let error = match &self.targets {
            Targets::Classes(labels) => {
                activation::softmax(outputs, 1)
                    - labels.clone().one_hot::<2>(classes).float().cast(DType::F64)
            }
            Targets::Vectors(vectors) => outputs - vectors.clone().cast(DType::F64),
        };
        error.div_scalar(rows as f64)
    }
}

/// The network with these weights.
fn at(w: &TensorMap, network: &Network) -> Result<Network> {
    Ok(state::replace(network.clone(), w)?)
}

fn number(scalar: Tensor<1>) -> f64 {
    scalar.into_data().convert::<f64>().try_to_vec::<f64>().expect("converted just before")[0]
}

impl Landscape for Objective {
    fn gradient(&mut self, w: &TensorMap) -> Result<(f64, TensorMap)> {
        let network = at(w, &self.network)?;
        let decay = network.dot(&network).cast(DType::F64).mul_scalar(0.5 * self.weight_decay);
        let loss = self.mean(network.forward(self.inputs.clone())) + decay;
        let gradients = state::gradients(&network, &mut loss.backward());
        Ok((number(loss), gradients))
    }

    fn value(&mut self, w: &TensorMap) -> Result<f64> {
        let network = at(w, &self.plain)?;
        let decay = 0.5 * self.weight_decay * number(network.dot(&network));
        Ok(number(self.mean(network.forward(self.inputs.clone()))) + decay)
    }

    fn curvature(&mut self, point: &Point<'_>) -> Result<f64> {
        let mut exact = Exact::new(self.plain.clone(), |network: &Network, u: &Network| {
            let outputs = network.taylor(u, Jet::constant(self.inputs.clone()));
            match &self.targets {
                Targets::Classes(labels) => outputs.cross_entropy(labels.clone()),
                Targets::Vectors(vectors) => outputs.squared_error(vectors.clone()),
            }
        });
        let along = exact.along(point.w, point.u)?;
        Ok(along.curvature + self.weight_decay * global_norm(point.u).powi(2))
    }

    /// The gradient of `g·v`, exactly: reverse over forward.
    fn product(&mut self, w: &TensorMap, v: &TensorMap) -> Result<TensorMap> {
        let network = at(w, &self.network)?;
        let direction = at(v, &self.plain)?;
        let (outputs, moved) = network.tangent(&direction, self.inputs.clone());
        let decay = network.dot(&direction).cast(DType::F64).mul_scalar(self.weight_decay);
        let slope = (self.output_gradient(outputs) * moved.cast(DType::F64)).sum() + decay;
        Ok(state::gradients(&network, &mut slope.backward()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodidact_experiment::rng::Seeds;
    use autodidact_optim::Differences;
    use burn::tensor::Device;
    use rand::RngExt;

    /// Eleven random samples of five numbers in three classes.
    fn objective(is_smooth: bool, is_classified: bool) -> Objective {
        let device = Device::flex();
        let mut rng = Seeds::new(3).stream("test");
        let network = Network::new(&[5, 7, 6, 3], is_smooth, &mut rng, &device);
        let numbers: Vec<f32> = (0..55).map(|_| rng.random_range(-1.0..1.0f32)).collect();
        let inputs = Tensor::<1>::from_floats(numbers.as_slice(), &device).reshape([11, 5]);
        let labels: Vec<i32> = (0..11).map(|index| index % 3).collect();
        let labels = Tensor::<1, Int>::from_ints(labels.as_slice(), &device);
        let targets = if is_classified {
            Targets::Classes(labels)
        } else {
            Targets::Vectors(labels.one_hot::<2>(3).float())
        };
        Objective::new(network, inputs, targets, 0.01)
    }

    fn dot(a: &TensorMap, b: &TensorMap) -> f64 {
        a.iter().map(|(name, a)| number((a.values.clone() * b[name].values.clone()).sum())).sum()
    }

    /// Curvature and slope along a direction that is not the gradient.
    fn along(objective: &mut Objective) -> (f64, f64, f64) {
        let w = objective.initial();
        let (value, gradient) = objective.gradient(&w).expect("it fits");
        let mut other = objective.clone();
        other.inputs = other.inputs.clone() * 0.3 + 0.2;
        let (_, u) = other.gradient(&w).expect("it fits");
        assert!((objective.value(&w).expect("it fits") - value).abs() < 1e-6 * value);
        let point = Point { w: &w, value, gradient: &gradient, u: &u, is_adaptive: false };
        let exact = objective.curvature(&point).expect("it fits");
        let product = objective.product(&w, &u).expect("it fits");
        let differences =
            Differences::new(|w: &TensorMap| objective.gradient(w)).along(&w, &u).expect("it fits");
        assert!((dot(&gradient, &u) - differences.slope).abs() < 1e-5 * differences.slope.abs());
        (exact, dot(&product, &u), differences.curvature)
    }

    #[test]
    fn curvature_products_and_differences_agree_on_tanh() {
        for is_classified in [true, false] {
            let (exact, product, differences) = along(&mut objective(true, is_classified));
            assert!((exact - product).abs() < 1e-4 * exact.abs(), "{exact} {product}");
            assert!((exact - differences).abs() < 1e-2 * exact.abs(), "{exact} {differences}");
        }
    }

    /// Differences see kinks, so that they are no judge here.
    #[test]
    fn curvature_equals_products_on_relu() {
        for is_classified in [true, false] {
            let (exact, product, _) = along(&mut objective(false, is_classified));
            assert!((exact - product).abs() < 1e-4 * exact.abs(), "{exact} {product}");
        }
    }

    /// A linear model's squared loss has the Hessian `x xᵀ + λ`.
    #[test]
    fn a_linear_models_hessian_is_known() {
        let device = Device::flex();
        let network = Network::new(&[1, 1], false, &mut Seeds::new(1).stream("test"), &device);
        let inputs = Tensor::<2>::from_floats([[3.0]], &device);
        let targets = Targets::Vectors(Tensor::from_floats([[1.0]], &device));
        let mut objective = Objective::new(network, inputs, targets, 0.5);
        let w = objective.initial();
        let ones = state::parameters(&Network::new(&[1, 1], false, &mut Seeds::new(1).stream("x"), &device));
        let ones: TensorMap = ones
            .into_iter()
            .map(|(name, mut tensor)| {
                tensor.values = tensor.values.ones_like();
                (name, tensor)
            })
            .collect();
        // H = [[9, 3], [3, 1]] + ½ I
        let product = objective.product(&w, &ones).expect("it fits");
        let of = |name: &str| number(product[name].values.clone());
        assert!((of("layers.0.weight") - 12.5).abs() < 1e-4 && (of("layers.0.bias") - 4.5).abs() < 1e-4);
    }
}
