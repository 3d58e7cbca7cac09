//! Hand-written gradients: the extension on an autodiff backend.
//!
//! Each operation records one step that keeps its inputs (never its output, except where the output
//! is the mask) and calls the matching `*_gradient` of the backend below.

use autodidact_kernels::{AdamW, Lars, Sgd};
use burn::backend::{DType, TensorMetadata, tensor::FloatTensor};
use burn::tensor::Shape;
use burn_autodiff::{
    Autodiff, NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};

use super::{Geometry, Over, Rule, backend::TrainingOps};
use crate::Precision;

/// Hands each parent that wants one its gradient.
fn register<B: TrainingOps, const N: usize>(
    gradients: &mut Gradients,
    parents: [Option<NodeId>; N],
    values: [FloatTensor<B>; N],
) {
    for (node, gradient) in parents.into_iter().zip(values) {
        if let Some(node) = node {
            gradients.register::<B>(node, gradient);
        }
    }
}

#[derive(Debug)]
struct Product;

impl<B: TrainingOps> Backward<B, 2> for Product {
    type State = (FloatTensor<B>, FloatTensor<B>, [bool; 2], Precision);

    /// With `A` and `B` the factors after transposition and `G` the output gradient, theirs are `G·Bᵀ` and `Aᵀ·G`; those of
    /// a transposed operand are the transposes of these.
    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [a_node, b_node] = ops.parents;
        let (a, b, [a_turned, b_turned], precision) = ops.state;
        let output_gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = a_node {
            let (b, output_gradient) = (b.clone(), output_gradient.clone());
            let gradient = if a_turned {
                B::nn_product(b, output_gradient, [b_turned, true], precision)
            } else {
                B::nn_product(output_gradient, b, [false, !b_turned], precision)
            };
            gradients.register::<B>(node.id, gradient);
        }
        if let Some(node) = b_node {
            let gradient = if b_turned {
                B::nn_product(output_gradient, a, [true, a_turned], precision)
            } else {
                B::nn_product(a, output_gradient, [!a_turned, false], precision)
            };
            gradients.register::<B>(node.id, gradient);
        }
    }
}

#[derive(Debug)]
struct Convolution;

impl<B: TrainingOps> Backward<B, 2> for Convolution {
    type State = (FloatTensor<B>, FloatTensor<B>, Geometry<3>, Precision);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [x_node, weight_node] = ops.parents;
        let (x, weight, geometry, precision) = ops.state;
        let output_gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = weight_node {
            let (x, weight, gradient) = (x.clone(), weight.clone(), output_gradient.clone());
            let gradient = B::nn_convolution_weight_gradient(x, weight, gradient, geometry, precision);
            gradients.register::<B>(node.id, gradient);
        }
        // The pictures themselves want no gradient, so the first layer skips this half.
        if let Some(node) = x_node {
            let gradient = B::nn_convolution_input_gradient(x, weight, output_gradient, geometry, precision);
            gradients.register::<B>(node.id, gradient);
        }
    }
}

/// A normalisation: its input, parameters and statistics.
#[derive(Clone, Debug)]
struct NormState<B: TrainingOps> {
    x: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    rule: Rule,
}

impl<B: TrainingOps> NormState<B> {
    /// The gradients of `x`, `gamma` and `beta`, with `x` taken as `[N, spatial, C]`, from that of the normalised `x`.
    fn gradients(self, output_gradient: FloatTensor<B>) -> [FloatTensor<B>; 3] {
        let Self { x, gamma, beta, mean, variance, rule } = self;
        let (x, gamma, beta) =
            B::nn_normalise_gradient(x, gamma, beta, mean, variance, rule, output_gradient);
        [x, gamma, beta]
    }
}

#[derive(Debug)]
struct Normalise;

impl<B: TrainingOps> Backward<B, 3> for Normalise {
    type State = NormState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let output_gradient = gradients.consume::<B>(&ops.node);
        let values = ops.state.gradients(output_gradient);
        register::<B, 3>(gradients, ops.parents.map(|parent| Some(parent?.id)), values);
    }
}

/// Keeps its output: the mask of the ReLU.
#[derive(Debug)]
struct NormaliseJoin;

impl<B: TrainingOps> Backward<B, 4> for NormaliseJoin {
    type State = (NormState<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (NormState { x, gamma, beta, mean, variance, rule }, out) = ops.state;
        let output_gradient = gradients.consume::<B>(&ops.node);
        let (x, gamma, beta, residual) =
            B::nn_normalise_join_gradient(x, gamma, beta, mean, variance, out, rule, output_gradient);
        register::<B, 4>(gradients, ops.parents.map(|parent| Some(parent?.id)), [x, gamma, beta, residual]);
    }
}

/// Keeps the input of the normalisation, not what is convolved.
#[derive(Debug)]
struct NormalisedConvolution;

impl<B: TrainingOps> Backward<B, 4> for NormalisedConvolution {
    type State = (NormState<B>, FloatTensor<B>, Geometry<3>, Precision);

    fn backward(self, ops: Ops<Self::State, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (norm, weight, geometry, precision) = ops.state;
        let [x_node, gamma_node, beta_node, weight_node] =
            ops.parents.map(|parent| parent.map(|parent| parent.id));
        let output_gradient = gradients.consume::<B>(&ops.node);
        if let Some(node) = weight_node {
            let NormState { x, gamma, beta, mean, variance, rule } = norm.clone();
            let gradient = B::nn_normalised_convolution_weight_gradient(
                x,
                gamma,
                beta,
                mean,
                variance,
                weight.clone(),
                output_gradient.clone(),
                rule,
                geometry,
                precision,
            );
            gradients.register::<B>(node, gradient);
        }
        let nodes = [x_node, gamma_node, beta_node];
        if nodes.iter().all(Option::is_none) {
            return;
        }
        let shape = norm.x.shape();
        let (batch, channels) = (shape[0], shape[shape.num_dims() - 1]);
        let spatial = shape.num_elements() / (batch * channels).max(1);
        let positions = |x| B::float_reshape(x, Shape::from(vec![batch, spatial, channels]));
        let gradient =
            B::nn_convolution_input_gradient(norm.x.clone(), weight, output_gradient, geometry, precision);
        let norm = NormState { x: positions(norm.x), ..norm };
        let [x, gamma, beta] = norm.gradients(positions(gradient));
        register::<B, 3>(gradients, nodes, [B::float_reshape(x, shape), gamma, beta]);
    }
}

#[derive(Debug)]
struct AveragePool;

impl<B: TrainingOps> Backward<B, 1> for AveragePool {
    type State = (usize, DType);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let output_gradient = gradients.consume::<B>(&ops.node);
        let (spatial, dtype) = ops.state;
        let gradient = B::nn_average_pool_gradient(output_gradient, spatial, dtype);
        for node in ops.parents.into_iter().flatten() {
            gradients.register::<B>(node.id, gradient.clone());
        }
    }
}

#[derive(Debug)]
struct StandardiseRows;

impl<B: TrainingOps> Backward<B, 1> for StandardiseRows {
    type State = (FloatTensor<B>, f64);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (weight, epsilon) = ops.state;
        let output_gradient = gradients.consume::<B>(&ops.node);
        let gradient = B::nn_standardise_rows_gradient(weight, epsilon, output_gradient);
        for node in ops.parents.into_iter().flatten() {
            gradients.register::<B>(node.id, gradient.clone());
        }
    }
}

#[derive(Debug)]
struct AddRelu;

impl<B: TrainingOps> Backward<B, 2> for AddRelu {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let output_gradient = gradients.consume::<B>(&ops.node);
        let gradient = B::nn_relu_gradient(ops.state, output_gradient);
        for node in ops.parents.into_iter().flatten() {
            gradients.register::<B>(node.id, gradient.clone());
        }
    }
}

/// The target's projection is a constant.
#[derive(Debug)]
struct RegressionLoss;

impl<B: TrainingOps> Backward<B, 1> for RegressionLoss {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (prediction, target_projection) = ops.state;
        let output_gradient = gradients.consume::<B>(&ops.node);
        for node in ops.parents.into_iter().flatten() {
            let (p, z) = (prediction.clone(), target_projection.clone());
            gradients.register::<B>(node.id, B::nn_regression_loss_gradient(p, z, output_gradient.clone()));
        }
    }
}

/// The values alone: an update ends a graph.
fn inner<B: TrainingOps, C: CheckpointStrategy>(tensor: FloatTensor<Autodiff<B, C>>) -> FloatTensor<B> {
    tensor.into_parts().0
}

impl<B: TrainingOps, C: CheckpointStrategy> TrainingOps for Autodiff<B, C> {
    fn nn_product(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        transposed: [bool; 2],
        precision: Precision,
    ) -> FloatTensor<Self> {
        let (a, a_node) = a.into_parts();
        let (b, b_node) = b.into_parts();
        let out = B::nn_product(a.clone(), b.clone(), transposed, precision);
        match Product.prepare::<C>([a_node, b_node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((a, b, transposed, precision), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }

    fn nn_convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: Geometry<3>,
        precision: Precision,
        over: Over,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (x, x_node) = x.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (out, mean, variance) = B::nn_convolution(x.clone(), weight.clone(), geometry, precision, over);
        let out = match Convolution.prepare::<C>([x_node, weight_node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, weight, geometry, precision), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        };
        (out, FloatTensor::<Self>::new(mean), FloatTensor::<Self>::new(variance))
    }

    fn nn_normalised_convolution(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        rule: Rule,
        geometry: Geometry<3>,
        precision: Precision,
        over: Over,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (x, x_node) = x.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (mean, variance) = (inner::<B, C>(mean), inner::<B, C>(variance));
        let norm = NormState { x, gamma, beta, mean, variance, rule };
        let NormState { x, gamma, beta, mean, variance, rule } = norm.clone();
        let (out, mean, variance) = B::nn_normalised_convolution(
            x,
            gamma,
            beta,
            mean,
            variance,
            weight.clone(),
            rule,
            geometry,
            precision,
            over,
        );
        let parents = [x_node, gamma_node, beta_node, weight_node];
        let out = match NormalisedConvolution.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((norm, weight, geometry, precision), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        };
        (out, FloatTensor::<Self>::new(mean), FloatTensor::<Self>::new(variance))
    }

    fn nn_statistics(x: FloatTensor<Self>, over: Over) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (mean, variance) = B::nn_statistics(inner::<B, C>(x), over);
        (FloatTensor::<Self>::new(mean), FloatTensor::<Self>::new(variance))
    }

    fn nn_normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        rule: Rule,
    ) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let (mean, variance) = (inner::<B, C>(mean), inner::<B, C>(variance));
        let norm = NormState { x, gamma, beta, mean, variance, rule };
        let NormState { x, gamma, beta, mean, variance, rule } = norm.clone();
        let out = B::nn_normalise(x, gamma, beta, mean, variance, rule);
        match Normalise.prepare::<C>([x_node, gamma_node, beta_node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(norm, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }

    fn nn_normalise_join(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        rule: Rule,
    ) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let (residual, residual_node) = residual.into_parts();
        let (mean, variance) = (inner::<B, C>(mean), inner::<B, C>(variance));
        let norm = NormState { x, gamma, beta, mean, variance, rule };
        let NormState { x, gamma, beta, mean, variance, rule } = norm.clone();
        let out = B::nn_normalise_join(x, gamma, beta, mean, variance, residual, rule);
        let parents = [x_node, gamma_node, beta_node, residual_node];
        match NormaliseJoin.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((norm, out.clone()), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }

    fn nn_average_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let state = (x.shape()[1], x.dtype());
        let out = B::nn_average_pool(x);
        match AveragePool.prepare::<C>([x_node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(state, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }

    fn nn_standardise_rows(weight: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        let (weight, weight_node) = weight.into_parts();
        let out = B::nn_standardise_rows(weight.clone(), epsilon);
        match StandardiseRows.prepare::<C>([weight_node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((weight, epsilon), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }

    fn nn_regression_loss(
        prediction: FloatTensor<Self>,
        target_projection: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (p, p_node) = prediction.into_parts();
        let z = inner::<B, C>(target_projection);
        let out = B::nn_regression_loss(p.clone(), z.clone());
        match RegressionLoss.prepare::<C>([p_node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((p, z), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }

    fn nn_norm(values: FloatTensor<Self>) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::nn_norm(inner::<B, C>(values)))
    }

    fn nn_norms(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        weight_decay: f64,
    ) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::nn_norms(inner::<B, C>(weight), inner::<B, C>(gradient), weight_decay))
    }

    fn nn_sgd(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        momentum: FloatTensor<Self>,
        sgd: Sgd,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (weight, momentum) =
            B::nn_sgd(inner::<B, C>(weight), inner::<B, C>(gradient), inner::<B, C>(momentum), sgd);
        (FloatTensor::<Self>::new(weight), FloatTensor::<Self>::new(momentum))
    }

    fn nn_lars(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        momentum: FloatTensor<Self>,
        lars: Lars,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (weight, momentum) =
            B::nn_lars(inner::<B, C>(weight), inner::<B, C>(gradient), inner::<B, C>(momentum), lars);
        (FloatTensor::<Self>::new(weight), FloatTensor::<Self>::new(momentum))
    }

    fn nn_adamw(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        adamw: AdamW,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (weight, first, second) = B::nn_adamw(
            inner::<B, C>(weight),
            inner::<B, C>(gradient),
            inner::<B, C>(first),
            inner::<B, C>(second),
            adamw,
        );
        (FloatTensor::<Self>::new(weight), FloatTensor::<Self>::new(first), FloatTensor::<Self>::new(second))
    }

    fn nn_moving_average(
        target: FloatTensor<Self>,
        online: FloatTensor<Self>,
        tau: f64,
    ) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::nn_moving_average(inner::<B, C>(target), inner::<B, C>(online), tau))
    }

    fn nn_add_relu(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let (a, a_node) = a.into_parts();
        let (b, b_node) = b.into_parts();
        let out = B::nn_add_relu(a, b);
        match AddRelu.prepare::<C>([a_node, b_node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(out.clone(), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}
