//! One step of a recurrent network: an LSTM or a GRU, with or without layer normalisation of its states, forward and backward.
//!
//! The product of the state with its weights, the gates and the normalisation are one call on the rows of one thread, whose
//! numbers stay in its caches from step to step. What the input adds to the gates is read from a table: for symbols, the
//! product of their embedding with the input's weights is made once for each symbol and not for each row and step. Who has other
//! inputs gives a table with a line for each row.
//!
//! What is not here: the loop over steps, the products that make the table and the gradient of what made it, threads.

mod gru;
mod lanes;
mod lstm;
mod norm;
mod squash;

use crate::check::check_len;
use crate::matmul::{Epilogue, PackedMatrix};
use crate::profile;
use crate::scratch::with_scratch;
use crate::simd::dispatch;

/// The recurrence of a [`RecurrentCell`]. Blocks of weights are in `PyTorch`'s order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recurrence {
    /// With x the input's row of the table and `U` the weights of the state, in the blocks i, f, g, o of `a = x + U h`:
    /// `c' = σ(f) ⊙ c + σ(i) ⊙ tanh(g)`, `h' = σ(o) ⊙ tanh(c')`.
    Lstm,
    /// In the blocks r, z, n of x and of `u = U h`, with a bias b of the last one that the table cannot hold:
    /// `r = σ(x_r + u_r)`, `z = σ(x_z + u_z)`, `n = tanh(x_n + r ⊙ (u_n + b))`, `h' = (1 − z) ⊙ n + z ⊙ h`.
    Gru,
}

impl Recurrence {
    /// Blocks of `hidden` rows in the weights.
    pub fn gates(self) -> usize {
        match self {
            Self::Lstm => lstm::GATES,
            Self::Gru => gru::GATES,
        }
    }

    /// Floats of a row's kept numbers per unit of the state, and its further ones.
    fn kept(self) -> [usize; 2] {
        match self {
            Self::Lstm => [lstm::KEPT, 4],
            Self::Gru => [gru::KEPT, 2],
        }
    }

    fn has_cell(self) -> bool {
        self == Self::Lstm
    }
}

/// What a step computes, and its sizes.
///
/// With `epsilon`, the new states are normalised before they are handed on, `h ← LN(h')` and `c ← LN(c')`, each with its own
/// scale and shift; h' is of the c' that is not normalised.
///
/// ```
/// use autodidact_kernels::{CellWeights, PackedMatrix, Recurrence, RecurrentCell};
///
/// // A GRU of one unit without weights keeps half of its state.
/// let cell = RecurrentCell { recurrence: Recurrence::Gru, hidden: 1, epsilon: None };
/// let state_weight = PackedMatrix::transposed([1, 3], &[0.0; 3]);
/// let weights = CellWeights { table: &[0.0; 3], state: &state_weight, candidate_bias: &[0.0], norms: None };
/// let (mut next, mut kept) = ([0.0; 2], [0.0; 14]);
/// assert_eq!(cell.kept_len(2), kept.len());
/// cell.forward(&weights, &[0, 0], [&[1.0, -3.0], &[]], [&mut next, &mut []], &mut kept);
/// assert_eq!(next, [0.5, -1.5]);
/// ```
///
/// Hochreiter, Schmidhuber, *Long short-term memory*, 1997; Cho et al., *Learning phrase representations using RNN
/// encoder–decoder*, 2014, both in the form of `PyTorch`'s cells; Ba, Kiros, Hinton, *Layer normalization*, 2016, equation (4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecurrentCell {
    /// The recurrence.
    pub recurrence: Recurrence,
    /// H, the units of the state.
    pub hidden: usize,
    /// ε of the layer normalisation, nothing for none.
    pub epsilon: Option<f32>,
}

/// Scale γ and shift β of a normalised state, `[H]` each.
#[derive(Clone, Copy, Debug)]
pub struct CellNorm<'a> {
    /// γ.
    pub gamma: &'a [f32],
    /// β.
    pub beta: &'a [f32],
}

/// What a step multiplies and adds.
#[derive(Clone, Copy, Debug)]
pub struct CellWeights<'a> {
    /// What each input adds, `[inputs, gates · H]`: `W x + b`, biases of the state's product included, but for
    /// [`Self::candidate_bias`].
    pub table: &'a [f32],
    /// `Uᵀ`, `[H, gates · H]`, of `U` `[gates · H, H]`; [`RecurrentCell::backward`] takes `U` itself in its place.
    pub state: &'a PackedMatrix,
    /// b of a GRU's candidate, `[H]`; empty for an LSTM.
    pub candidate_bias: &'a [f32],
    /// Of h, and of c for an LSTM, which a GRU does not look at. Given if there is an epsilon.
    pub norms: Option<[CellNorm<'a>; 2]>,
}

/// Gradients that a step adds to.
#[derive(Debug)]
pub struct CellGradients<'a> {
    /// Of the table.
    pub table: &'a mut [f32],
    /// Of the candidate's bias.
    pub candidate_bias: &'a mut [f32],
    /// Of γ and β of h, and of γ and β of c; not looked at where a state is not normalised.
    pub norms: [[&'a mut [f32]; 2]; 2],
}

impl RecurrentCell {
    /// Floats that a step of so many rows keeps for its backward pass.
    pub fn kept_len(&self, rows: usize) -> usize {
        let [units, others] = self.recurrence.kept();
        rows * (units * self.hidden + others)
    }

    /// Floats of the gates of so many rows, `rows · gates · H`.
    pub fn gates_len(&self, rows: usize) -> usize {
        rows * self.recurrence.gates() * self.hidden
    }

    /// One step of the rows: reads the states h and c, writes the next ones, and what [`Self::backward`] needs to `kept`
    /// ([`Self::kept_len`]).
    ///
    /// `inputs` are rows of the table. States are `[rows, H]`; for a GRU, those of c are empty. The thread that calls
    /// computes.
    ///
    /// # Panics
    /// If a slice has another length than its shape says, or an input is no row of the table.
    pub fn forward(
        &self,
        weights: &CellWeights<'_>,
        inputs: &[u32],
        states: [&[f32]; 2],
        next: [&mut [f32]; 2],
        kept: &mut [f32],
    ) {
        let rows = inputs.len();
        let _span = profile::element_wise("recurrent cell, forward", &[rows, self.hidden], 8);
        self.check(weights, rows, kept.len());
        for (name, [h, c]) in
            [("states", states.map(<[_]>::len)), ("next states", next.each_ref().map(|s| s.len()))]
        {
            self.check_states(name, rows, h, c);
        }
        with_scratch(self.gates_len(rows) + self.hidden, |scratch| {
            let (products, raw) = scratch.split_at_mut(self.gates_len(rows));
            weights.state.multiply(rows, states[0], &Epilogue::default(), products);
            let (kept, moments) = kept.split_at_mut(rows * self.recurrence.kept()[0] * self.hidden);
            let (cell, products) = (*self, &*products);
            match self.recurrence {
                Recurrence::Lstm => {
                    dispatch(lstm::Forward {
                        cell,
                        weights,
                        inputs,
                        products,
                        c: states[1],
                        next,
                        kept,
                        moments,
                        raw,
                    });
                }
                Recurrence::Gru => {
                    let [next, _] = next;
                    dispatch(gru::Forward {
                        cell,
                        weights,
                        inputs,
                        products,
                        h: states[0],
                        next,
                        kept,
                        moments,
                    });
                }
            }
        });
    }

    /// The gradients of [`Self::forward`].
    ///
    /// `gradients` are those of the next states, and become those of the states. `grad_products`, `[rows, gates · H]`, is
    /// written: the gradient of `U h`, so that the one of `U` is the sum over steps of `grad_productsᵀ · h`. `back` has `U`
    /// in the place of `Uᵀ` and is otherwise what the forward pass had, as `inputs`, `states` and `kept` are.
    ///
    /// # Panics
    /// As [`Self::forward`].
    #[expect(clippy::too_many_arguments, reason = "the formula's own symbols")]
    pub fn backward(
        &self,
        back: &CellWeights<'_>,
        inputs: &[u32],
        states: [&[f32]; 2],
        kept: &[f32],
        gradients: [&mut [f32]; 2],
        grad_products: &mut [f32],
        sums: &mut CellGradients<'_>,
    ) {
        let rows = inputs.len();
        let _span = profile::element_wise("recurrent cell, backward", &[rows, self.hidden], 12);
        self.check(back, rows, kept.len());
        for (name, [h, c]) in
            [("states", states.map(<[_]>::len)), ("gradients", gradients.each_ref().map(|s| s.len()))]
        {
            self.check_states(name, rows, h, c);
        }
        check_len("gradient of the table", sums.table.len(), &[back.table.len()]);
        check_len("gradient of the products", grad_products.len(), &[self.gates_len(rows)]);
        let (kept, moments) = kept.split_at(rows * self.recurrence.kept()[0] * self.hidden);
        let cell = *self;
        let [grad_h, grad_c] = gradients;
        let accumulate = match self.recurrence {
            Recurrence::Lstm => {
                let (c, grad_products) = (states[1], &mut *grad_products);
                with_scratch(self.hidden, |raw| {
                    dispatch(lstm::Backward {
                        cell,
                        back,
                        inputs,
                        c,
                        kept,
                        moments,
                        grad_h: &mut *grad_h,
                        grad_c,
                        grad_products,
                        sums,
                        raw,
                    });
                });
                false
            }
            Recurrence::Gru => {
                let h = states[0];
                let (grad_h, grad_products) = (&mut *grad_h, &mut *grad_products);
                dispatch(gru::Backward { cell, back, inputs, h, kept, moments, grad_h, grad_products, sums });
                true
            }
        };
        let epilogue = Epilogue { accumulate, ..Epilogue::default() };
        back.state.multiply(rows, grad_products, &epilogue, grad_h);
    }

    fn check(&self, weights: &CellWeights<'_>, rows: usize, kept: usize) {
        let bias = if self.recurrence == Recurrence::Gru { self.hidden } else { 0 };
        check_len("candidate_bias", weights.candidate_bias.len(), &[bias]);
        check_len("kept", kept, &[self.kept_len(rows)]);
        assert!(
            self.epsilon.is_some() == weights.norms.is_some(),
            "a cell that normalises has scales and shifts, and no other has"
        );
    }

    fn check_states(&self, name: &str, rows: usize, h: usize, c: usize) {
        check_len(name, h, &[rows, self.hidden]);
        check_len(name, c, &[rows, if self.recurrence.has_cell() { self.hidden } else { 0 }]);
    }

    /// Scale and shift of a state, if it is normalised, with ε.
    #[inline(always)]
    fn norm<'a>(&self, weights: &CellWeights<'a>, state: usize) -> Option<(CellNorm<'a>, f32)> {
        Some((weights.norms?[state], self.epsilon?))
    }
}

/// The blocks of a row. Loops over arrays of slices, as the library's functions write them, are not inlined into a kernel.
#[inline(always)]
fn blocks<const BLOCKS: usize>(row: &[f32]) -> [&[f32]; BLOCKS] {
    let len = row.len() / BLOCKS;
    let mut blocks = [row; BLOCKS];
    for block in 0..BLOCKS {
        blocks[block] = &row[block * len..(block + 1) * len];
    }
    blocks
}

/// The blocks of a row, to write.
#[inline(always)]
fn blocks_mut<'a, const BLOCKS: usize>(row: &'a mut [f32]) -> [&'a mut [f32]; BLOCKS]
where
    [&'a mut [f32]; BLOCKS]: Default,
{
    let len = row.len() / BLOCKS;
    let mut blocks: [&mut [f32]; BLOCKS] = Default::default();
    let mut rest = row;
    for block in &mut blocks {
        (*block, rest) = rest.split_at_mut(len);
    }
    blocks
}
