//! The operations on Burn's CPU backend, by the kernels of `autodidact-kernels`.
//!
//! Parameters have kernels in f32 only, activations and their gradients in bfloat16 as well; other element types take the
//! composed path.

mod convolution;
mod normalise;

use autodidact_kernels as kernels;
use burn::backend::{DType, TensorMetadata, ops::FloatTensorOps, tensor::FloatTensor};
use burn::tensor::{Bytes, Shape};
use burn_flex::{Flex, FlexTensor, Layout};

use super::{
    Geometry, Over, Rule,
    backend::TrainingOps,
    composed,
    memory::{Stored, tensor},
};
use crate::Precision;
use normalise::Borrowed;
use std::marker::PhantomData;

fn is_f32(tensors: &[&FlexTensor]) -> bool {
    tensors.iter().all(|tensor| tensor.dtype() == DType::F32)
}

/// Whether the kernels take such activations with such parameters.
fn have_kernels<const A: usize, const P: usize>(
    activations: [&FlexTensor; A],
    parameters: [&FlexTensor; P],
) -> bool {
    is_f32(&parameters) && activations.iter().all(|tensor| matches!(tensor.dtype(), DType::F32 | DType::BF16))
}

/// The same for activations of either type: `by_type!(dtype, E => work)`, where `work` may name the type `E`.
macro_rules! by_type {
    ($dtype:expr, $element:ident => $work:expr) => {
        if $dtype == DType::BF16 {
            type $element = kernels::bf16;
            $work
        } else {
            type $element = f32;
            $work
        }
    };
}
use by_type;

/// A tensor of a few values per channel.
fn small(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(Shape::from(shape.to_vec())), DType::F32)
}

/// The values in row-major order: a borrow where the layout and the element type allow, a copy otherwise.
struct Values<E = f32> {
    tensor: FlexTensor,
    element: PhantomData<E>,
}

impl<E: Stored> Values<E> {
    fn of(tensor: &FlexTensor) -> Self {
        let tensor = if tensor.dtype() == E::dtype() {
            tensor.to_contiguous()
        } else {
            Flex::float_cast(tensor.to_contiguous(), E::dtype().into())
        };
        Self { tensor, element: PhantomData }
    }

    fn slice(&self) -> &[E] {
        let offsets = self.tensor.layout().contiguous_offsets();
        let (start, end) = offsets.expect("to_contiguous gives a dense layout");
        &self.tensor.storage::<E>()[start..end]
    }
}

/// The values in row-major order, to write: in place where nothing else holds them, in a copy otherwise.
fn values_mut(tensor: &mut FlexTensor) -> &mut [f32] {
    *tensor = tensor.to_contiguous();
    let (start, end) = tensor.layout().contiguous_offsets().expect("to_contiguous gives a dense layout");
    &mut tensor.storage_mut::<f32>()[start..end]
}

fn kernel_precision(precision: Precision) -> kernels::Precision {
    match precision {
        Precision::F32 => kernels::Precision::F32,
        Precision::Bf16 => kernels::Precision::Bf16,
    }
}

impl TrainingOps for Flex {
    fn nn_product(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        transposed: [bool; 2],
        precision: Precision,
    ) -> FloatTensor<Self> {
        if !is_f32(&[&a, &b]) {
            return composed::product::<Self>(a, b, transposed, precision);
        }
        let ([a_rows, a_columns], [b_rows, b_columns]): ([usize; 2], [usize; 2]) =
            (a.shape().dims(), b.shape().dims());
        let (m, k) = if transposed[0] { (a_columns, a_rows) } else { (a_rows, a_columns) };
        let n = if transposed[1] { b_rows } else { b_columns };
        let mut shape = kernels::MatMul::new(1, [m, k, n]);
        if transposed[0] {
            shape = shape.transpose_a();
        }
        if transposed[1] {
            shape = shape.transpose_b();
        }
        let mut out = kernels::Recycled::new(m * n);
        kernels::matmul(
            &shape,
            kernel_precision(precision),
            Values::of(&a).slice(),
            Values::of(&b).slice(),
            &kernels::Epilogue::default(),
            &mut out,
        );
        tensor(out, &[m, n])
    }

    fn nn_convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: Geometry<3>,
        precision: Precision,
        over: Over,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        if !have_kernels([&x], [&weight]) {
            return composed::convolution::<Self>(x, weight, geometry, precision, over);
        }
        convolution::forward(&x, None, &weight, geometry, kernel_precision(precision), over)
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
        if !have_kernels([&x], [&gamma, &beta, &mean, &variance, &weight]) {
            let tensors = [x, gamma, beta, mean, variance];
            return composed::normalised_convolution::<Self>(
                tensors, weight, rule, geometry, precision, over,
            );
        }
        let before = Borrowed::new([&gamma, &beta, &mean, &variance], rule);
        let precision = kernel_precision(precision);
        convolution::forward(&x, Some(before.on_load()), &weight, geometry, precision, over)
    }

    fn nn_normalised_convolution_weight_gradient(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        rule: Rule,
        geometry: Geometry<3>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        if !have_kernels([&x, &output_gradient], [&gamma, &beta, &mean, &variance, &weight]) {
            return composed::normalised_convolution_weight_gradient::<Self>(
                [x, gamma, beta, mean, variance],
                weight,
                output_gradient,
                rule,
                geometry,
                precision,
            );
        }
        let before = Borrowed::new([&gamma, &beta, &mean, &variance], rule);
        let (on_load, precision) = (Some(before.on_load()), kernel_precision(precision));
        convolution::weight_gradient(&x, on_load, &weight, &output_gradient, geometry, precision)
    }

    fn nn_convolution_input_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        geometry: Geometry<3>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        if !have_kernels([&x, &output_gradient], [&weight]) {
            return composed::convolution_input_gradient::<Self>(
                x,
                weight,
                output_gradient,
                geometry,
                precision,
            );
        }
        convolution::input_gradient(&x, &weight, &output_gradient, geometry, kernel_precision(precision))
    }

    fn nn_convolution_weight_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
        geometry: Geometry<3>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        if !have_kernels([&x, &output_gradient], [&weight]) {
            return composed::convolution_weight_gradient::<Self>(
                x,
                weight,
                output_gradient,
                geometry,
                precision,
            );
        }
        let precision = kernel_precision(precision);
        convolution::weight_gradient(&x, None, &weight, &output_gradient, geometry, precision)
    }

    fn nn_statistics(x: FloatTensor<Self>, over: Over) -> (FloatTensor<Self>, FloatTensor<Self>) {
        if have_kernels([&x], []) {
            normalise::statistics(&x, over)
        } else {
            composed::statistics::<Self>(x, over)
        }
    }

    fn nn_normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        rule: Rule,
    ) -> FloatTensor<Self> {
        if !have_kernels([&x], [&gamma, &beta, &mean, &variance]) {
            return composed::normalise::<Self>([x, gamma, beta, mean, variance], rule);
        }
        let normalisation = Borrowed::new([&gamma, &beta, &mean, &variance], rule);
        by_type!(x.dtype(), E => normalise::forward::<E>(&x, &normalisation, kernels::After::relu(rule.relu)))
    }

    fn nn_normalise_gradient(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        rule: Rule,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        if !have_kernels([&x, &output_gradient], [&gamma, &beta, &mean, &variance]) {
            let tensors = [x, gamma, beta, mean, variance];
            return composed::normalise_gradient::<Self>(tensors, rule, output_gradient);
        }
        let normalisation = Borrowed::new([&gamma, &beta, &mean, &variance], rule);
        by_type!(x.dtype(), E => {
            let after = kernels::AfterGradient::relu(rule.relu);
            normalise::backward::<E>(&x, &normalisation, after, &output_gradient)
        })
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
        if !have_kernels([&x, &residual], [&gamma, &beta, &mean, &variance]) {
            return composed::normalise_join::<Self>([x, gamma, beta, mean, variance], residual, rule);
        }
        let normalisation = Borrowed::new([&gamma, &beta, &mean, &variance], rule);
        by_type!(x.dtype(), E => {
            let residual = Values::<E>::of(&residual);
            normalise::forward(&x, &normalisation, kernels::After::Join(residual.slice()))
        })
    }

    fn nn_normalise_join_gradient(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        out: FloatTensor<Self>,
        rule: Rule,
        output_gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        if !have_kernels([&x, &out, &output_gradient], [&gamma, &beta, &mean, &variance]) {
            let tensors = [x, gamma, beta, mean, variance];
            return composed::normalise_join_gradient::<Self>(tensors, out, rule, output_gradient);
        }
        let normalisation = Borrowed::new([&gamma, &beta, &mean, &variance], rule);
        by_type!(x.dtype(), E => {
            let mut grad_residual = kernels::Recycled::<E>::new(x.shape().num_elements());
            let out = Values::of(&out);
            let after = kernels::AfterGradient::Join { out: out.slice(), grad_residual: &mut grad_residual };
            let (x_gradient, gamma, beta) = normalise::backward(&x, &normalisation, after, &output_gradient);
            (x_gradient, gamma, beta, tensor(grad_residual, &x.shape().to_vec()))
        })
    }

    fn nn_average_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        if !have_kernels([&x], []) {
            return composed::average_pool::<Self>(x);
        }
        let [batch, spatial, channels] = x.shape().dims();
        let mut out = kernels::Recycled::new(batch * channels);
        by_type!(x.dtype(), E => {
            let x = Values::<E>::of(&x);
            kernels::global_average_pool_forward(batch, spatial, channels, x.slice(), &mut out);
        });
        tensor(out, &[batch, channels])
    }

    fn nn_average_pool_gradient(
        output_gradient: FloatTensor<Self>,
        spatial: usize,
        dtype: DType,
    ) -> FloatTensor<Self> {
        if !is_f32(&[&output_gradient]) || !matches!(dtype, DType::F32 | DType::BF16) {
            return composed::average_pool_gradient::<Self>(output_gradient, spatial, dtype);
        }
        let [batch, channels] = output_gradient.shape().dims();
        let output_gradient = Values::of(&output_gradient);
        by_type!(dtype, E => {
            let mut gradient = kernels::Recycled::<E>::new(batch * spatial * channels);
            let output_gradient = output_gradient.slice();
            kernels::global_average_pool_backward(batch, spatial, channels, output_gradient, &mut gradient);
            tensor(gradient, &[batch, spatial, channels])
        })
    }

    fn nn_standardise_rows(weight: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        if !is_f32(&[&weight]) {
            return composed::standardise_rows::<Self>(weight, epsilon);
        }
        let [units, fan_in] = weight.shape().dims();
        let mut out = kernels::Recycled::new(units * fan_in);
        let epsilon = epsilon as f32;
        kernels::standardise_weight_forward(units, fan_in, Values::of(&weight).slice(), epsilon, &mut out);
        tensor(out, &[units, fan_in])
    }

    fn nn_standardise_rows_gradient(
        weight: FloatTensor<Self>,
        epsilon: f64,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        if !is_f32(&[&weight, &output_gradient]) {
            return composed::standardise_rows_gradient::<Self>(weight, epsilon, output_gradient);
        }
        let [units, fan_in] = weight.shape().dims();
        let mut gradient = kernels::Recycled::new(units * fan_in);
        kernels::standardise_weight_backward(
            units,
            fan_in,
            Values::of(&weight).slice(),
            epsilon as f32,
            Values::of(&output_gradient).slice(),
            &mut gradient,
        );
        tensor(gradient, &[units, fan_in])
    }

    fn nn_regression_loss(
        prediction: FloatTensor<Self>,
        target_projection: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        if !is_f32(&[&prediction, &target_projection]) {
            return composed::regression_loss::<Self>(prediction, target_projection);
        }
        let [rows, features] = prediction.shape().dims();
        let [p, z] = [prediction, target_projection].map(|values| Values::of(&values));
        small(vec![kernels::byol_loss_forward(rows, features, p.slice(), z.slice())], &[1])
    }

    fn nn_regression_loss_gradient(
        prediction: FloatTensor<Self>,
        target_projection: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        if !is_f32(&[&prediction, &target_projection, &output_gradient]) {
            return composed::regression_loss_gradient::<Self>(
                prediction,
                target_projection,
                output_gradient,
            );
        }
        let [rows, features] = prediction.shape().dims();
        let [p, z] = [prediction, target_projection].map(|values| Values::of(&values));
        let grad_loss = Values::of(&output_gradient).slice()[0];
        let mut gradient = kernels::Recycled::new(rows * features);
        kernels::byol_loss_backward(rows, features, p.slice(), z.slice(), grad_loss, &mut gradient);
        tensor(gradient, &[rows, features])
    }

    fn nn_norm(values: FloatTensor<Self>) -> FloatTensor<Self> {
        if !is_f32(&[&values]) {
            return composed::norm::<Self>(values);
        }
        small(vec![kernels::squared_norm(Values::of(&values).slice()).sqrt() as f32], &[1])
    }

    fn nn_norms(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        weight_decay: f64,
    ) -> FloatTensor<Self> {
        if !is_f32(&[&weight, &gradient]) {
            return composed::norms::<Self>(weight, gradient, weight_decay);
        }
        let (weight, gradient) = (Values::of(&weight), Values::of(&gradient));
        let squares = kernels::squared_norms(weight_decay, weight.slice(), gradient.slice());
        let norms =
            [squares.weight, squares.gradient, squares.decayed_gradient].map(|square| square.sqrt() as f32);
        small(norms.to_vec(), &[3])
    }

    fn nn_sgd(
        mut weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mut momentum: FloatTensor<Self>,
        sgd: kernels::Sgd,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        if !is_f32(&[&weight, &gradient, &momentum]) {
            return composed::sgd::<Self>(weight, gradient, momentum, sgd);
        }
        let gradient = Values::of(&gradient);
        kernels::sgd_update(&sgd, values_mut(&mut weight), gradient.slice(), values_mut(&mut momentum));
        (weight, momentum)
    }

    fn nn_lars(
        mut weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mut momentum: FloatTensor<Self>,
        lars: kernels::Lars,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        if !is_f32(&[&weight, &gradient, &momentum]) {
            return composed::lars::<Self>(weight, gradient, momentum, lars);
        }
        let gradient = Values::of(&gradient);
        kernels::lars_update(&lars, values_mut(&mut weight), gradient.slice(), values_mut(&mut momentum));
        (weight, momentum)
    }

    fn nn_adamw(
        mut weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mut first: FloatTensor<Self>,
        mut second: FloatTensor<Self>,
        adamw: kernels::AdamW,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        if !is_f32(&[&weight, &gradient, &first, &second]) {
            return composed::adamw::<Self>(weight, gradient, first, second, adamw);
        }
        kernels::adamw_update(
            &adamw,
            values_mut(&mut weight),
            Values::of(&gradient).slice(),
            values_mut(&mut first),
            values_mut(&mut second),
        );
        (weight, first, second)
    }

    fn nn_moving_average(
        mut target: FloatTensor<Self>,
        online: FloatTensor<Self>,
        tau: f64,
    ) -> FloatTensor<Self> {
        if !is_f32(&[&target, &online]) {
            return composed::moving_average::<Self>(target, online, tau);
        }
        kernels::ema_update(tau, values_mut(&mut target), Values::of(&online).slice());
        target
    }

    fn nn_add_relu(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        if !have_kernels([&a, &b], []) {
            return composed::add_relu::<Self>(a, b);
        }
        by_type!(a.dtype(), E => {
            let mut out = kernels::Recycled::<E>::new(a.shape().num_elements());
            kernels::add_relu_forward(Values::of(&a).slice(), Values::of(&b).slice(), &mut out);
            tensor(out, &a.shape().to_vec())
        })
    }

    fn nn_relu_gradient(out: FloatTensor<Self>, output_gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        if !have_kernels([&out, &output_gradient], []) {
            return composed::relu_gradient::<Self>(out, output_gradient);
        }
        by_type!(out.dtype(), E => {
            let mut gradient = kernels::Recycled::<E>::new(out.shape().num_elements());
            let (mask, output_gradient) = (Values::of(&out), Values::of(&output_gradient));
            kernels::add_relu_backward(mask.slice(), output_gradient.slice(), &mut gradient);
            tensor(gradient, &out.shape().to_vec())
        })
    }
}
