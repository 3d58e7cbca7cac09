//! A transformer body: blocks of attention over the symbols so far.
//!
//! ```text
//! x_0 = object + p_0, or e(s) + p_t          the first node of a speaker; a node of level t that reads the symbol s
//! y   = x_l + W_o Attention(LayerNorm(x_l))  over the node itself and those above it
//! x_l+1 = y + W_2 GELU(W_1 LayerNorm(y))     GELU in its tanh form
//! state = LayerNorm(x_L)
//! ```
//!
//! Blocks are pre-norm ones (Xiong et al. 2020); positions p are learnt. What nodes have in common above them is computed once, since
//! no node sees those below it: queries, keys and values stay with a node, and a further level asks for what is there.

use std::ops::Range;

use autodidact_kernels::{
    Epilogue, MatMul, Precision, Recycled, gelu_backward, gelu_forward, layer_norm_backward,
    layer_norm_forward, matmul,
};
use rand::Rng;

use super::attention::Attention;
use super::body::{OfInputs, OfLevel, at};
use super::config::{EPSILON, TransformerConfig};
use super::dense::{Dense, DensePlaces, add_outer};
use super::encoder::add;
use super::forest::Forest;
use super::parameters::Parameters;

/// How much wider a block is inside.
const WIDER: usize = 4;
/// Standard deviations of embeddings, which are as `PyTorch`'s, and of positions in the beginning. With larger ones a speaker's first
/// state is that of its position, and hardly that of the object.
const DEVIATIONS: [f64; 2] = [1.0, 0.02];

/// Embeddings, positions and blocks.
#[derive(Clone, Debug)]
pub(super) struct Transformer {
    attention: Attention,
    places: Places,
    parameters: Vec<f32>,
    blocks: Vec<Block>,
}

/// Where the numbers are; arrays of blocks are stacked. Together they are one range.
#[derive(Clone, Debug)]
struct Places {
    all: Range<usize>,
    embedding: Range<usize>,
    positions: Range<usize>,
    blocks: Vec<BlockPlaces>,
    norm: [Range<usize>; 2],
}

#[derive(Clone, Debug)]
struct BlockPlaces {
    /// γ and β, before attention and before the wider layers.
    norms: [[Range<usize>; 2]; 2],
    /// Queries, keys and values; what attention found; the wider layers.
    dense: [DensePlaces; 4],
}

#[derive(Clone, Debug)]
struct Block {
    ask: Dense,
    found: Dense,
    widen: Dense,
    narrow: Dense,
}

/// What the blocks make of the nodes.
#[derive(Debug)]
pub(super) struct TransformerStates {
    hidden: usize,
    blocks: Vec<BlockStates>,
    /// What goes into the last normalisation.
    last: Recycled,
    norm: NormStates,
}

#[derive(Debug)]
struct BlockStates {
    x: Recycled,
    norm_x: NormStates,
    /// Queries, keys and values, `[nodes, 3, H]`.
    asked: Recycled,
    found: Recycled,
    y: Recycled,
    norm_y: NormStates,
    /// Before and after GELU, `[nodes, 4 H]`.
    wide: Recycled,
    bent: Recycled,
}

/// A normalised array, with the mean and the variance of each row.
#[derive(Debug)]
struct NormStates {
    out: Recycled,
    mean: Recycled,
    variance: Recycled,
}

impl Places {
    fn new(
        parameters: &mut Parameters,
        TransformerConfig { layers, .. }: TransformerConfig,
        width: usize,
        [symbols, positions]: [usize; 2],
        rng: &mut impl Rng,
    ) -> Self {
        let embedding = parameters.normal("embedding", &[symbols, width], DEVIATIONS[0], rng);
        let positions = parameters.normal("positions", &[positions, width], DEVIATIONS[1], rng);
        let mut constant = |name, value| parameters.constant(name, &[layers, width], value);
        let norms = [
            [constant("blocks.norm_1.gamma", 1.0), constant("blocks.norm_1.beta", 0.0)],
            [constant("blocks.norm_2.gamma", 1.0), constant("blocks.norm_2.beta", 0.0)],
        ];
        let wide = WIDER * width;
        let mut dense = |names: [&'static str; 2], [inputs, outputs]: [usize; 2]| {
            let weights = parameters.uniform(names[0], &[layers, outputs, inputs], inputs, rng);
            let biases = parameters.uniform(names[1], &[layers, outputs], inputs, rng);
            (weights, biases, [inputs, outputs])
        };
        let dense = [
            dense(["blocks.attention.input_weight", "blocks.attention.input_bias"], [width, 3 * width]),
            dense(["blocks.attention.output_weight", "blocks.attention.output_bias"], [width, width]),
            dense(["blocks.wide.input_weight", "blocks.wide.input_bias"], [width, wide]),
            dense(["blocks.wide.output_weight", "blocks.wide.output_bias"], [wide, width]),
        ];
        let norm = [
            parameters.constant("norm.gamma", &[width], 1.0),
            parameters.constant("norm.beta", &[width], 0.0),
        ];
        let blocks = (0..layers).map(|layer| BlockPlaces {
            norms: norms.each_ref().map(|places| {
                places.each_ref().map(|stack| stack.start + layer * width..stack.start + (layer + 1) * width)
            }),
            dense: dense
                .each_ref()
                .map(|(weights, biases, size)| DensePlaces::of_stack(weights, biases, *size, layer)),
        });
        Self { all: embedding.start..norm[1].end, blocks: blocks.collect(), embedding, positions, norm }
    }

    /// Where an array is among the sums.
    fn sum(&self, place: &Range<usize>) -> Range<usize> {
        place.start - self.all.start..place.end - self.all.start
    }

    /// Two arrays among the sums.
    fn two<'a>(&self, [a, b]: [&Range<usize>; 2], sums: &'a mut [f32]) -> [&'a mut [f32]; 2] {
        sums.get_disjoint_mut([self.sum(a), self.sum(b)]).expect("arrays do not overlap")
    }

    /// A layer's arrays among the sums.
    fn of_dense<'a>(&self, dense: &DensePlaces, sums: &'a mut [f32]) -> [&'a mut [f32]; 2] {
        self.two([&dense.weight, &dense.bias], sums)
    }
}

impl Transformer {
    /// With weights as `PyTorch`'s linear layers begin, normal embeddings and positions; `tokens` is the number of symbols and the most
    /// that a message has of them.
    pub fn new(
        parameters: &mut Parameters,
        config: TransformerConfig,
        hidden: usize,
        tokens: [usize; 2],
        rng: &mut impl Rng,
    ) -> Self {
        let places = Places::new(parameters, config, hidden, tokens, rng);
        let attention = Attention { hidden, heads: config.heads };
        let mut transformer = Self { attention, places, parameters: Vec::new(), blocks: Vec::new() };
        transformer.refresh(parameters);
        transformer
    }

    pub fn hidden(&self) -> usize {
        self.attention.hidden
    }

    /// Symbols that it reads.
    pub fn symbols(&self) -> usize {
        self.places.embedding.len() / self.hidden()
    }

    pub fn refresh(&mut self, parameters: &Parameters) {
        self.parameters = parameters.at(&self.places.all).to_vec();
        let blocks = self.places.blocks.iter().map(|places| {
            let [ask, found, widen, narrow] = places.dense.each_ref().map(|dense| dense.pack(parameters));
            Block { ask, found, widen, narrow }
        });
        self.blocks = blocks.collect();
    }

    pub fn states(&self, nodes: usize) -> TransformerStates {
        let width = self.hidden();
        let new = |width| Recycled::new(nodes * width);
        let norm = || NormStates { out: new(width), mean: new(1), variance: new(1) };
        let blocks = self.blocks.iter().map(|_| BlockStates {
            x: new(width),
            norm_x: norm(),
            asked: new(3 * width),
            found: new(width),
            y: new(width),
            norm_y: norm(),
            wide: new(WIDER * width),
            bent: new(WIDER * width),
        });
        TransformerStates { hidden: width, blocks: blocks.collect(), last: new(width), norm: norm() }
    }

    pub fn run(
        &self,
        forest: &Forest,
        levels: Range<usize>,
        objects: Option<&[f32]>,
        states: &mut TransformerStates,
    ) {
        let width = self.hidden();
        let nodes = forest.levels[levels.start].start..forest.levels[levels.end - 1].end;
        let (rows, own, wide) = (nodes.len(), at(&nodes, width), at(&nodes, WIDER * width));
        let TransformerStates { blocks, last, norm, .. } = states;
        self.embed(forest, levels.clone(), objects, &mut blocks[0].x);
        for (layer, (block, places)) in self.blocks.iter().zip(&self.places.blocks).enumerate() {
            let (this, further) = blocks[layer..].split_first_mut().expect("a block's states");
            let next = further.first_mut().map_or(&mut *last, |next| &mut next.x);
            let BlockStates { x, norm_x, asked, found, y, norm_y, wide: widened, bent } = this;
            self.normalise(&places.norms[0], &nodes, x, norm_x);
            block.ask.forward(rows, &norm_x.out[own.clone()], &mut asked[at(&nodes, 3 * width)]);
            self.attention.forward(forest, levels.clone(), asked, &mut found[own.clone()]);
            block.found.forward_onto(rows, &x[own.clone()], &found[own.clone()], &mut y[own.clone()]);
            self.normalise(&places.norms[1], &nodes, y, norm_y);
            block.widen.forward(rows, &norm_y.out[own.clone()], &mut widened[wide.clone()]);
            gelu_forward(&widened[wide.clone()], &mut bent[wide.clone()]);
            block.narrow.forward_onto(rows, &y[own.clone()], &bent[wide.clone()], &mut next[own.clone()]);
        }
        self.normalise(&self.places.norm, &nodes, last, norm);
    }

    pub fn sums_len(&self) -> usize {
        self.places.all.len()
    }

    /// All levels at once, or, as far as a level's mixtures were said by the one before it, one after the other.
    pub fn back(
        &self,
        forest: &Forest,
        states: &TransformerStates,
        has_objects: bool,
        of_level: &mut OfLevel<'_>,
        sums: &mut [f32],
    ) -> OfInputs {
        let (width, levels) = (self.hidden(), forest.levels.len());
        let mut of_mixtures = vec![0.0; forest.mixtures.len()];
        let mut of_asked: Vec<Vec<f32>> =
            self.blocks.iter().map(|_| vec![0.0; forest.count() * 3 * width]).collect();
        let mut of_states = vec![0.0; forest.count() * width];
        let mut part = levels;
        loop {
            let first = if forest.mixtures.is_empty() { 0 } else { part - 1 };
            for level in (first..part).rev() {
                of_level(level, &mut of_states[at(&forest.levels[level], width)], &of_mixtures);
            }
            let nodes = forest.levels[first].start..forest.levels[part - 1].end;
            let of_part = &of_states[at(&nodes, width)];
            let gradient = self.part_back(forest, first..part, states, of_part, &mut of_asked, sums);
            self.embed_back(forest, first..part, has_objects, &gradient, (&mut of_mixtures, sums));
            part = first;
            if first == 0 {
                let objects = gradient[..forest.levels[0].len() * width].to_vec();
                return OfInputs { objects, mixtures: of_mixtures };
            }
        }
    }

    /// The gradient of what the nodes of some levels begin with. `of_asked` holds, block by block, what further levels hand back.
    fn part_back(
        &self,
        forest: &Forest,
        levels: Range<usize>,
        states: &TransformerStates,
        of_states: &[f32],
        of_asked: &mut [Vec<f32>],
        sums: &mut [f32],
    ) -> Vec<f32> {
        let width = self.hidden();
        let nodes = forest.levels[levels.start].start..forest.levels[levels.end - 1].end;
        let (count, own, wide) = (nodes.len(), at(&nodes, width), at(&nodes, WIDER * width));
        let zeros = |width| vec![0.0; count * width];
        let places = &self.places;
        let mut gradient = zeros(width);
        self.normalise_back(
            &places.norm,
            &nodes,
            (&states.last, &states.norm),
            of_states,
            &mut gradient,
            sums,
        );
        let blocks = self.blocks.iter().zip(&places.blocks).zip(&states.blocks).zip(of_asked);
        for (((block, at_block), states), of_asked) in blocks.rev() {
            let [ask, found, widen, narrow] = &at_block.dense;
            let mut of_wide = zeros(WIDER * width);
            block.narrow.backward(count, &gradient, &mut of_wide);
            block.narrow.sum(count, &gradient, &states.bent[wide.clone()], places.of_dense(narrow, sums));
            gelu_backward(&states.wide[wide.clone()], &mut of_wide);
            let mut of_norm = zeros(width);
            block.widen.backward(count, &of_wide, &mut of_norm);
            block.widen.sum(count, &of_wide, &states.norm_y.out[own.clone()], places.of_dense(widen, sums));
            let y = (&*states.y, &states.norm_y);
            self.normalise_back(&at_block.norms[1], &nodes, y, &of_norm, &mut gradient, sums);

            let mut of_found = zeros(width);
            block.found.backward(count, &gradient, &mut of_found);
            block.found.sum(count, &gradient, &states.found[own.clone()], places.of_dense(found, sums));
            self.attention.backward(forest, levels.clone(), &states.asked, &of_found, of_asked);
            let of_asked = &of_asked[at(&nodes, 3 * width)];
            of_norm.fill(0.0);
            block.ask.backward(count, of_asked, &mut of_norm);
            block.ask.sum(count, of_asked, &states.norm_x.out[own.clone()], places.of_dense(ask, sums));
            let x = (&*states.x, &states.norm_x);
            self.normalise_back(&at_block.norms[0], &nodes, x, &of_norm, &mut gradient, sums);
        }
        gradient
    }

    pub fn unfold(&self, sums: &[f32], gradient: &mut [f32]) {
        gradient[self.places.all.clone()].copy_from_slice(sums);
    }

    fn at(&self, place: &Range<usize>) -> &[f32] {
        &self.parameters[self.places.sum(place)]
    }

    /// Writes what some nodes begin with.
    fn embed(&self, forest: &Forest, levels: Range<usize>, objects: Option<&[f32]>, x: &mut [f32]) {
        let width = self.hidden();
        let (embedding, positions) = (self.at(&self.places.embedding), self.at(&self.places.positions));
        for level in levels {
            let nodes = &forest.levels[level];
            let x = &mut x[at(nodes, width)];
            match (objects, forest.mixtures_of(nodes)) {
                (Some(objects), _) if level == 0 => x.copy_from_slice(objects),
                (_, Some(mixtures)) => {
                    let shape = MatMul::new(1, [nodes.len(), self.symbols(), width]);
                    matmul(&shape, Precision::F32, mixtures, embedding, &Epilogue::default(), x);
                }
                _ => {
                    for (x, &symbol) in x.chunks_exact_mut(width).zip(&forest.inputs[nodes.clone()]) {
                        x.copy_from_slice(&embedding[symbol as usize * width..][..width]);
                    }
                }
            }
            let position = &positions[level * width..][..width];
            x.chunks_exact_mut(width).for_each(|x| add(x, position));
        }
    }

    /// Hands the gradient of what some nodes begin with to embeddings, positions and mixtures.
    fn embed_back(
        &self,
        forest: &Forest,
        levels: Range<usize>,
        has_objects: bool,
        gradient: &[f32],
        (of_mixtures, sums): (&mut [f32], &mut [f32]),
    ) {
        let width = self.hidden();
        let mut gradient = gradient;
        let [of_embedding, positions] =
            self.places.two([&self.places.embedding, &self.places.positions], sums);
        for level in levels {
            let nodes = &forest.levels[level];
            let gradient = gradient.split_off(..nodes.len() * width).expect("a row for each node");
            let position = &mut positions[level * width..][..width];
            gradient.chunks_exact(width).for_each(|gradient| add(position, gradient));
            if level == 0 && has_objects {
                continue;
            }
            if let Some(mixtures) = forest.mixtures_of(nodes) {
                add_outer(nodes.len(), mixtures, gradient, of_embedding);
                let shape = MatMul::new(1, [nodes.len(), width, self.symbols()]).transpose_b();
                let (embedding, to) = (self.at(&self.places.embedding), at(nodes, self.symbols()));
                matmul(
                    &shape,
                    Precision::F32,
                    gradient,
                    embedding,
                    &Epilogue::default(),
                    &mut of_mixtures[to],
                );
                continue;
            }
            for (gradient, &symbol) in gradient.chunks_exact(width).zip(&forest.inputs[nodes.clone()]) {
                add(&mut of_embedding[symbol as usize * width..][..width], gradient);
            }
        }
    }

    /// Normalises the rows of some nodes.
    fn normalise(&self, places: &[Range<usize>; 2], nodes: &Range<usize>, x: &[f32], to: &mut NormStates) {
        let (width, [gamma, beta]) = (self.hidden(), places.each_ref().map(|place| self.at(place)));
        let own = at(nodes, width);
        let NormStates { out, mean, variance } = to;
        layer_norm_forward(
            nodes.len(),
            width,
            &x[own.clone()],
            gamma,
            beta,
            EPSILON,
            &mut out[own],
            &mut mean[nodes.clone()],
            &mut variance[nodes.clone()],
        );
    }

    /// Adds the gradient of a normalisation's input to `gradient`, and those of γ and β to the sums.
    fn normalise_back(
        &self,
        places: &[Range<usize>; 2],
        nodes: &Range<usize>,
        (x, states): (&[f32], &NormStates),
        grad_out: &[f32],
        gradient: &mut [f32],
        sums: &mut [f32],
    ) {
        let width = self.hidden();
        let mut of_x = vec![0.0; grad_out.len()];
        let (mut of_gamma, mut of_beta) = (vec![0.0; width], vec![0.0; width]);
        layer_norm_backward(
            nodes.len(),
            width,
            &x[at(nodes, width)],
            self.at(&places[0]),
            EPSILON,
            &states.mean[nodes.clone()],
            &states.variance[nodes.clone()],
            grad_out,
            &mut of_x,
            &mut of_gamma,
            &mut of_beta,
        );
        let [gamma, beta] = self.places.two(places.each_ref(), sums);
        add(gamma, &of_gamma);
        add(beta, &of_beta);
        add(gradient, &of_x);
    }
}

impl TransformerStates {
    pub fn of(&self, nodes: &Range<usize>) -> &[f32] {
        &self.norm.out[at(nodes, self.hidden)]
    }
}
