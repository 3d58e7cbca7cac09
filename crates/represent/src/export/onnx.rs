//! Encoders as ONNX graphs, opset 17.
//!
//! The graph has one input `pictures` `[batch, 3, size, size]` (prepared as `config.json` says) and one output
//! `features` `[batch, D]`; `batch` is free. Batch norm is folded into the convolutions:
//! `Ŵ = W γ/√(σ² + ε)`, `b̂ = β − μ γ/√(σ² + ε)`. Group and layer norm, which look at the picture, become
//! `InstanceNormalization` over `[batch, groups, …]`, then scale and shift: ONNX has its own operator only from opset 18
//! on, and with the parameters per channel from 21.
//!
//! Burn imports ONNX but does not write it (0.22.1 has no exporter), hence the few messages that are written here.
//!
//! Source: `onnx.proto` of the ONNX specification, IR version 8.

use autodidact_nn::state::to_vec;
use autodidact_nn::{ConvNorm, Norm, NormConfig, ResNet, StemKind};

use super::protobuf::Message;
use super::torchvision::{Array, running};
use super::{ExportConfig, Layer, layers};

/// The operator set the graph is written for.
pub const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;

/// Tensor element types.
const FLOAT: i64 = 1;
const INT64: i64 = 7;

/// The encoder as the bytes of an ONNX file. `config` gives the input's size and what goes into the file's metadata.
pub fn encode(encoder: &ResNet, config: &ExportConfig) -> Vec<u8> {
    let mut graph = Graph::default();
    let mut layers = layers(encoder).into_iter();
    let mut next = |graph: &mut Graph, x: &str, stride: usize| {
        let layer = layers.next().expect("names and layers come from the same encoder");
        graph.conv_norm(&layer, x, stride)
    };

    let has_pool = config.stem == StemKind::Imagenet;
    let stem = next(&mut graph, "pictures", if has_pool { 2 } else { 1 });
    let mut x = graph.node("Relu", &[&stem], &[]);
    if has_pool {
        let attributes = [ints("kernel_shape", &[3; 2]), ints("strides", &[2; 2]), ints("pads", &[1; 4])];
        x = graph.node("MaxPool", &[&x], &attributes);
    }

    for (stage, blocks) in encoder.stages.iter().enumerate() {
        for (index, block) in blocks.iter().enumerate() {
            let block_stride = if stage > 0 && index == 0 { 2 } else { 1 };
            // The stride is on the first 3×3 convolution.
            let strided = block.branch.iter().position(|layer| kernel(layer) == 3);
            let last = block.branch.len() - 1;
            let mut residual = x.clone();
            for position in 0..=last {
                let stride = if Some(position) == strided { block_stride } else { 1 };
                residual = next(&mut graph, &residual, stride);
                if position < last {
                    residual = graph.node("Relu", &[&residual], &[]);
                }
            }
            if block.shortcut.is_some() {
                x = next(&mut graph, &x, block_stride);
            }
            let sum = graph.node("Add", &[&residual, &x], &[]);
            x = graph.node("Relu", &[&sum], &[]);
        }
    }

    let pooled = graph.node("GlobalAveragePool", &[&x], &[]);
    graph.named_node("Flatten", &[&pooled], "features", &[int("axis", 1)]);
    graph.finish(config)
}

/// A graph under construction: nodes in an order in which each comes after what it needs.
#[derive(Default)]
struct Graph {
    nodes: Vec<Message>,
    initializers: Vec<Message>,
}

impl Graph {
    /// Convolution and normalisation; returns the name of the result.
    fn conv_norm(&mut self, layer: &Layer<'_>, x: &str, stride: usize) -> String {
        let Layer { conv, norm, pair, .. } = layer;
        let mut weight = Array::new(pair.conv.effective_weight());
        let bias = per_channel_map(&pair.norm, weight.shape[0]).map(|(scale, shift)| {
            let fan_in = weight.values.len() / scale.len();
            for (row, scale) in weight.values.chunks_exact_mut(fan_in).zip(&scale) {
                for value in row {
                    *value = (f64::from(*value) * scale) as f32;
                }
            }
            shift.into_iter().map(|shift| shift as f32).collect::<Vec<f32>>()
        });

        let kernel = kernel(pair) as i64;
        let attributes = [
            ints("kernel_shape", &[kernel; 2]),
            ints("strides", &[stride as i64; 2]),
            ints("pads", &[kernel / 2; 4]),
        ];
        let weight = self.floats(&format!("{conv}.weight"), &weight.shape, &weight.values);
        if let Some(bias) = bias {
            let bias = self.floats(&format!("{conv}.bias"), &[bias.len()], &bias);
            self.node("Conv", &[x, &weight, &bias], &attributes)
        } else {
            let y = self.node("Conv", &[x, &weight], &attributes);
            self.group_norm(&pair.norm, norm, &y)
        }
    }

    /// Group norm of `x` `[batch, C, H, W]` with the parameters of `norm`, which is called `name`.
    fn group_norm(&mut self, norm: &Norm, name: &str, x: &str) -> String {
        let gamma = norm.gamma.as_ref().expect("group norm has a scale").val();
        let beta = norm.beta.as_ref().expect("group norm has a shift").val();
        let channels = gamma.dims()[0];
        let groups = norm.config().groups_for(channels);
        let (NormConfig::Group { epsilon, .. } | NormConfig::Layer { epsilon }) = norm.config() else {
            unreachable!("other normalisations are folded")
        };

        let shape = self.node("Shape", &[x], &[]);
        // 0 keeps an axis, -1 takes what is left.
        let grouped_shape = self.integers(&format!("{name}.grouped"), &[0, groups as i64, -1]);
        let grouped = self.node("Reshape", &[x, &grouped_shape], &[]);
        let ones = self.floats(&format!("{name}.ones"), &[groups], &vec![1.0; groups]);
        let zeros = self.floats(&format!("{name}.zeros"), &[groups], &vec![0.0; groups]);
        let normalised = self.node(
            "InstanceNormalization",
            &[&grouped, &ones, &zeros],
            &[float("epsilon", epsilon as f32)],
        );
        let restored = self.node("Reshape", &[&normalised, &shape], &[]);
        let gamma = self.floats(&format!("{name}.weight"), &[channels, 1, 1], &to_vec(gamma));
        let beta = self.floats(&format!("{name}.bias"), &[channels, 1, 1], &to_vec(beta));
        let scaled = self.node("Mul", &[&restored, &gamma], &[]);
        self.node("Add", &[&scaled, &beta], &[])
    }

    /// A node with one output, whose name is made from its place; returns it.
    fn node(&mut self, op_type: &str, inputs: &[&str], attributes: &[Message]) -> String {
        let output = format!("{op_type}_{}", self.nodes.len());
        self.named_node(op_type, inputs, &output, attributes);
        output
    }

    fn named_node(&mut self, op_type: &str, inputs: &[&str], output: &str, attributes: &[Message]) {
        let node = inputs.iter().fold(Message::new(), |node, input| node.text(1, input));
        let node = node.text(2, output).text(3, output).text(4, op_type).messages(5, attributes);
        self.nodes.push(node);
    }

    fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, shape, FLOAT, &raw)
    }

    fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, &[values.len()], INT64, &raw)
    }

    fn initializer(&mut self, name: &str, shape: &[usize], data_type: i64, raw: &[u8]) -> String {
        let dims: Vec<i64> = shape.iter().map(|side| *side as i64).collect();
        let tensor = Message::new().ints(1, &dims).int(2, data_type).text(8, name).bytes(9, raw);
        self.initializers.push(tensor);
        name.to_owned()
    }

    fn finish(self, config: &ExportConfig) -> Vec<u8> {
        let side = Dimension::Fixed(config.input.size);
        let input = value_info("pictures", &[Dimension::Batch, Dimension::Fixed(3), side, side]);
        let output = value_info("features", &[Dimension::Batch, Dimension::Fixed(config.num_features)]);
        let graph = Message::new()
            .messages(1, &self.nodes)
            .text(2, &config.architecture)
            .messages(5, &self.initializers)
            .message(11, &input)
            .message(12, &output);
        let metadata = [
            ("architecture", config.architecture.clone()),
            ("mean", format!("{:?}", config.input.mean)),
            ("std", format!("{:?}", config.input.std)),
            ("steps", config.steps.to_string()),
        ];
        let metadata = metadata.map(|(key, value)| Message::new().text(1, key).text(2, &value));
        Message::new()
            .int(1, IR_VERSION)
            .text(2, "autodidact")
            .text(3, &config.autodidact_version)
            .text(6, "RGB pictures in [0, 1], less `mean`, by `std`, to features")
            .message(7, &graph)
            .message(8, &Message::new().text(1, "").int(2, OPSET))
            .messages(14, &metadata)
            .into_bytes()
    }
}

fn kernel(layer: &ConvNorm) -> usize {
    layer.conv.weight.dims()[2]
}

/// The scale and shift per channel that the normalisation comes to, if it does not look at the picture.
fn per_channel_map(norm: &Norm, channels: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let values = |parameter: &Option<burn::module::Param<burn::tensor::Tensor<1>>>| -> Vec<f64> {
        let parameter = parameter.as_ref().expect("a normalisation other than `None` has parameters");
        to_vec(parameter.val()).into_iter().map(f64::from).collect()
    };
    match norm.config() {
        NormConfig::Group { .. } | NormConfig::Layer { .. } => None,
        NormConfig::Batch { epsilon, .. } => {
            let (mean, variance) = running(norm);
            let scale: Vec<f64> = values(&norm.gamma)
                .into_iter()
                .zip(variance)
                .map(|(gamma, variance)| gamma / (f64::from(variance) + epsilon).sqrt())
                .collect();
            let shift = values(&norm.beta)
                .into_iter()
                .zip(mean.iter().zip(&scale))
                .map(|(beta, (mean, scale))| beta - f64::from(*mean) * scale)
                .collect();
            Some((scale, shift))
        }
        NormConfig::Affine => Some((values(&norm.gamma), values(&norm.beta))),
        NormConfig::None => Some((vec![1.0; channels], vec![0.0; channels])),
    }
}

/// An axis of the graph's input or output.
#[derive(Clone, Copy)]
enum Dimension {
    Batch,
    Fixed(usize),
}

fn value_info(name: &str, shape: &[Dimension]) -> Message {
    let dimensions = shape.iter().map(|dimension| match dimension {
        Dimension::Batch => Message::new().text(2, "batch"),
        Dimension::Fixed(side) => Message::new().int(1, *side as i64),
    });
    let dimensions: Vec<Message> = dimensions.collect();
    let shape = Message::new().messages(1, &dimensions);
    let tensor = Message::new().int(1, FLOAT).message(2, &shape);
    Message::new().text(1, name).message(2, &Message::new().message(1, &tensor))
}

/// Attributes: a name, a value in the field of its kind, and the kind (field 20).
fn int(name: &str, value: i64) -> Message {
    Message::new().text(1, name).int(3, value).int(20, 2)
}

fn ints(name: &str, values: &[i64]) -> Message {
    Message::new().text(1, name).ints(8, values).int(20, 7)
}

fn float(name: &str, value: f32) -> Message {
    Message::new().text(1, name).float(2, value).int(20, 1)
}
