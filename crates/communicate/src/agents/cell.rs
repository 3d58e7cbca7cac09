//! What speaker and listener have in common: symbols that are embedded, and a recurrent cell.

use std::borrow::Cow;
use std::ops::Range;

use autodidact_kernels::{
    CellGradients, CellNorm, CellWeights, Epilogue, MatMul, PackedMatrix, Precision, Recurrence,
    RecurrentCell, matmul,
};
use rand::Rng;

use super::config::AgentConfig;
use super::dense::add_outer;
use super::encoder::add;
use super::parameters::Parameters;

/// Where the numbers of embedding and cell are.
#[derive(Clone, Debug)]
pub(super) struct CellPlaces {
    cell: RecurrentCell,
    symbols: usize,
    embedded: usize,
    embedding: Range<usize>,
    input_weight: Range<usize>,
    state_weight: Range<usize>,
    input_bias: Range<usize>,
    state_bias: Range<usize>,
    /// γ and β of h, then of c.
    norms: Vec<Range<usize>>,
}

impl CellPlaces {
    /// As `PyTorch`'s layers begin: normal embeddings, and a cell that is uniform. So many inputs are known.
    pub fn new(
        parameters: &mut Parameters,
        (cell, config): (RecurrentCell, &AgentConfig),
        symbols: usize,
        rng: &mut impl Rng,
    ) -> Self {
        let (hidden, embedded) = (config.hidden, config.embedding);
        let width = cell.recurrence.gates() * hidden;
        let embedding = parameters.normal("embedding", &[symbols, embedded], 1.0, rng);
        let mut uniform = |name, shape: &[usize]| parameters.uniform(name, shape, hidden, rng);
        let input_weight = uniform("cell.input_weight", &[width, embedded]);
        let state_weight = uniform("cell.state_weight", &[width, hidden]);
        let input_bias = uniform("cell.input_bias", &[width]);
        let state_bias = uniform("cell.state_bias", &[width]);
        let names =
            [("norm_h.gamma", 1.0), ("norm_h.beta", 0.0), ("norm_c.gamma", 1.0), ("norm_c.beta", 0.0)];
        let states = match (config.layer_norm, cell.recurrence) {
            (false, _) => 0,
            (true, Recurrence::Gru) => 1,
            (true, Recurrence::Lstm) => 2,
        };
        let norms = names[..2 * states]
            .iter()
            .map(|&(name, value)| parameters.constant(name, &[hidden], value))
            .collect();
        Self { cell, symbols, embedded, embedding, input_weight, state_weight, input_bias, state_bias, norms }
    }

    fn width(&self) -> usize {
        self.cell.recurrence.gates() * self.cell.hidden
    }

    /// The blocks of biases of the state's product that the table holds, as floats.
    fn folded(&self) -> usize {
        match self.cell.recurrence {
            Recurrence::Lstm => self.width(),
            Recurrence::Gru => self.width() - self.cell.hidden,
        }
    }

    /// The form in which steps read the numbers.
    pub fn fold(&self, parameters: &Parameters) -> EmbeddedCell {
        let (hidden, width) = (self.cell.hidden, self.width());
        let mut bias = parameters.at(&self.input_bias).to_vec();
        let (in_table, candidate) = parameters.at(&self.state_bias).split_at(self.folded());
        add(&mut bias[..self.folded()], in_table);
        let mut table = vec![0.0; self.symbols * width];
        let shape = MatMul::new(1, [self.symbols, self.embedded, width]).transpose_b();
        let (embedding, weight) = (parameters.at(&self.embedding), parameters.at(&self.input_weight));
        let epilogue = Epilogue { bias: Some(&bias), ..Epilogue::default() };
        matmul(&shape, Precision::F32, embedding, weight, &epilogue, &mut table);
        let state_weight = parameters.at(&self.state_weight);
        EmbeddedCell {
            cell: self.cell,
            table,
            forward: PackedMatrix::transposed([hidden, width], state_weight),
            backward: PackedMatrix::new([width, hidden], state_weight),
            candidate_bias: candidate.to_vec(),
            norms: self.norms.iter().map(|range| parameters.at(range).to_vec()).collect(),
        }
    }

    /// Lengths of the sums that steps add to: table, weight of the state, candidate's bias, γ and β of h and of c.
    pub fn sum_lens(&self) -> [usize; 7] {
        let candidate = self.width() - self.folded();
        let norm = |index| self.norms.get(index).map_or(0, Range::len);
        [self.symbols * self.width(), self.state_weight.len(), candidate, norm(0), norm(1), norm(2), norm(3)]
    }

    /// Turns the sums into the gradient of the numbers.
    pub fn unfold(&self, parameters: &Parameters, sums: [&[f32]; 7], gradient: &mut [f32]) {
        let [table, state_weight, candidate, norms @ ..] = sums;
        gradient[self.state_weight.clone()].copy_from_slice(state_weight);
        for (range, sum) in self.norms.iter().zip(norms) {
            gradient[range.clone()].copy_from_slice(sum);
        }
        let width = self.width();
        for row in table.chunks_exact(width) {
            add(&mut gradient[self.input_bias.clone()], row);
            add(&mut gradient[self.state_bias.clone()][..self.folded()], &row[..self.folded()]);
        }
        gradient[self.state_bias.clone()][self.folded()..].copy_from_slice(candidate);
        let embedding = parameters.at(&self.embedding);
        add_outer(self.symbols, table, embedding, &mut gradient[self.input_weight.clone()]);
        let shape = MatMul::new(1, [self.symbols, width, self.embedded]);
        let weight = parameters.at(&self.input_weight);
        let of_embedding = &mut gradient[self.embedding.clone()];
        matmul(&shape, Precision::F32, table, weight, &Epilogue::default(), of_embedding);
    }
}

/// Embedding and cell in the form in which steps read them.
#[derive(Clone, Debug)]
pub(super) struct EmbeddedCell {
    pub cell: RecurrentCell,
    table: Vec<f32>,
    forward: PackedMatrix,
    backward: PackedMatrix,
    candidate_bias: Vec<f32>,
    norms: Vec<Vec<f32>>,
}

impl EmbeddedCell {
    pub fn hidden(&self) -> usize {
        self.cell.hidden
    }

    /// Units of c: none for a GRU.
    pub fn cell_units(&self) -> usize {
        if self.cell.recurrence == Recurrence::Lstm { self.cell.hidden } else { 0 }
    }

    /// Floats of the gates of a row.
    pub fn width(&self) -> usize {
        self.cell.gates_len(1)
    }

    fn weights<'a>(&'a self, state: &'a PackedMatrix, table: &'a [f32]) -> CellWeights<'a> {
        // A GRU has no c to normalise; its place holds h's.
        let norm = |state: usize| {
            let [gamma, beta] = self.norms[2 * state..].first_chunk().expect("γ and β");
            CellNorm { gamma, beta }
        };
        let norms = self.cell.epsilon.map(|_| [norm(0), norm(self.norms.len() / 4)]);
        CellWeights { table, state, candidate_bias: &self.candidate_bias, norms }
    }

    pub fn step(&self, inputs: &Inputs<'_>, states: [&[f32]; 2], next: [&mut [f32]; 2], kept: &mut [f32]) {
        self.cell.forward(&self.weights(&self.forward, &inputs.table), &inputs.rows, states, next, kept);
    }

    /// What adds to the gates: the rows of symbols, or mixtures of rows.
    pub fn inputs<'a>(&'a self, symbols: &'a [u32], mixtures: Option<&[f32]>) -> Inputs<'a> {
        let Some(mixtures) = mixtures else {
            return Inputs { table: Cow::Borrowed(&self.table), rows: Cow::Borrowed(symbols) };
        };
        let (rows, width) = (symbols.len(), self.width());
        let mut table = vec![0.0; rows * width];
        let shape = MatMul::new(1, [rows, self.symbols(), width]);
        matmul(&shape, Precision::F32, mixtures, &self.table, &Epilogue::default(), &mut table);
        Inputs { table: Cow::Owned(table), rows: Cow::Owned((0..rows as u32).collect()) }
    }

    /// [`Self::step_back`] of mixtures; writes their gradient.
    pub fn mixed_step_back(
        &self,
        (inputs, mixtures, of_mixtures): (&Inputs<'_>, &[f32], &mut [f32]),
        states: [&[f32]; 2],
        kept: &[f32],
        gradients: [&mut [f32]; 2],
        grad_products: &mut [f32],
        sums: &mut CellGradients<'_>,
    ) {
        let (rows, width) = (inputs.rows.len(), self.width());
        let mut of_table = vec![0.0; rows * width];
        // The rows of the table are this step's own.
        let CellGradients { table, candidate_bias, norms } = sums;
        let norms = norms.each_mut().map(|norm| norm.each_mut().map(|values| &mut **values));
        let mut own = CellGradients { table: &mut of_table, candidate_bias, norms };
        self.step_back(inputs, states, kept, gradients, grad_products, &mut own);
        add_outer(rows, mixtures, &of_table, table);
        let shape = MatMul::new(1, [rows, width, self.symbols()]).transpose_b();
        matmul(&shape, Precision::F32, &of_table, &self.table, &Epilogue::default(), of_mixtures);
    }

    /// Rows of the table.
    pub fn symbols(&self) -> usize {
        self.table.len() / self.width()
    }

    pub fn step_back(
        &self,
        inputs: &Inputs<'_>,
        states: [&[f32]; 2],
        kept: &[f32],
        gradients: [&mut [f32]; 2],
        grad_products: &mut [f32],
        sums: &mut CellGradients<'_>,
    ) {
        self.cell.backward(
            &self.weights(&self.backward, &inputs.table),
            &inputs.rows,
            states,
            kept,
            gradients,
            grad_products,
            sums,
        );
    }
}

/// What a step adds to the gates: rows of a table.
pub(super) struct Inputs<'a> {
    table: Cow<'a, [f32]>,
    rows: Cow<'a, [u32]>,
}

/// The sums that steps add to.
pub(super) struct CellSums<'a> {
    pub cell: CellGradients<'a>,
    pub state_weight: &'a mut [f32],
}

impl<'a> CellSums<'a> {
    pub fn new(sums: [&'a mut [f32]; 7]) -> Self {
        let [table, state_weight, candidate_bias, gamma_h, beta_h, gamma_c, beta_c] = sums;
        let cell = CellGradients { table, candidate_bias, norms: [[gamma_h, beta_h], [gamma_c, beta_c]] };
        Self { cell, state_weight }
    }
}
