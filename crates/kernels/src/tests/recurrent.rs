//! Recurrent cells against plain loops in double precision, and their gradients against central differences of those.

use super::{assert_close, central_differences, noise, to_f64};
use crate::{CellGradients, CellNorm, CellWeights, Epilogue, MatMul, PackedMatrix, Precision, matmul};
use crate::{Recurrence, RecurrentCell};

const STEPS: usize = 3;
const ROWS: usize = 5;
const INPUTS: usize = 4;
/// Rounding of some dozens of sums of numbers of about 1.
const TOLERANCE: f64 = 2e-6;

/// Slices of the numbers in this order: table, U, bias, γ and β of h, γ and β of c, first h, first c.
fn parts<'a, T>(cell: &RecurrentCell, mut all: &'a [T]) -> [&'a [T]; 9] {
    lens(cell).map(|len| all.split_off(..len).expect("as many numbers as parts need"))
}

fn lens(cell: &RecurrentCell) -> [usize; 9] {
    let hidden = cell.hidden;
    let width = cell.recurrence.gates() * hidden;
    let (bias, of_c) = if cell.recurrence == Recurrence::Gru { (hidden, 0) } else { (0, hidden) };
    let norm = if cell.epsilon.is_some() { hidden } else { 0 };
    [INPUTS * width, width * hidden, bias, norm, norm, norm, norm, ROWS * hidden, ROWS * of_c]
}

/// The states after each step.
fn reference(cell: &RecurrentCell, inputs: &[[u32; ROWS]; STEPS], all: &[f64]) -> Vec<[Vec<f64>; 2]> {
    let [table, weight, bias, gamma_h, beta_h, gamma_c, beta_c, h, c] = parts(cell, all);
    let hidden = cell.hidden;
    let width = cell.recurrence.gates() * hidden;
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let normalise = |x: &mut [f64], gamma: &[f64], beta: &[f64]| {
        let Some(epsilon) = cell.epsilon else { return };
        let mean = x.iter().sum::<f64>() / hidden as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / hidden as f64;
        for (x, (gamma, beta)) in x.iter_mut().zip(gamma.iter().zip(beta)) {
            *x = gamma * (*x - mean) / (variance + f64::from(epsilon)).sqrt() + beta;
        }
    };
    let (mut h, mut c) = (h.to_vec(), c.to_vec());
    let mut states = Vec::new();
    for inputs in inputs {
        for (row, &input) in inputs.iter().enumerate() {
            let at = row * hidden..(row + 1) * hidden;
            let x = &table[input as usize * width..][..width];
            let u: Vec<f64> = (0..width)
                .map(|gate| (0..hidden).map(|k| weight[gate * hidden + k] * h[at.start + k]).sum())
                .collect();
            for k in 0..hidden {
                let block = |block: usize| (x[block * hidden + k], u[block * hidden + k]);
                let both = |index| block(index).0 + block(index).1;
                let place = at.start + k;
                match cell.recurrence {
                    Recurrence::Lstm => {
                        c[place] = sigmoid(both(1)) * c[place] + sigmoid(both(0)) * both(2).tanh();
                        h[place] = sigmoid(both(3)) * c[place].tanh();
                    }
                    Recurrence::Gru => {
                        let (r, z) = (sigmoid(both(0)), sigmoid(both(1)));
                        let n = (block(2).0 + r * (block(2).1 + bias[k])).tanh();
                        h[place] = (1.0 - z) * n + z * h[place];
                    }
                }
            }
            normalise(&mut h[at.clone()], gamma_h, beta_h);
            if cell.recurrence == Recurrence::Lstm {
                normalise(&mut c[at], gamma_c, beta_c);
            }
        }
        states.push([h.clone(), c.clone()]);
    }
    states
}

/// Forward and backward through all steps; the loss is the sum of all states times `slopes`.
fn check(cell: &RecurrentCell, seed: u64) {
    let all = noise(seed, lens(cell).iter().sum());
    let drawn = noise(seed + 1, STEPS * ROWS);
    let inputs: [[u32; ROWS]; STEPS] = std::array::from_fn(|step| {
        std::array::from_fn(|row| (f32::midpoint(drawn[step * ROWS + row], 1.0) * INPUTS as f32) as u32)
    });
    let slopes: [[Vec<f32>; 2]; STEPS] = std::array::from_fn(|step| {
        [0, 1].map(|state| noise(seed + 2 + (2 * step + state) as u64, lens(cell)[7 + state]))
    });
    let expected = reference(cell, &inputs, &to_f64(&all));

    let hidden = cell.hidden;
    let width = cell.recurrence.gates() * hidden;
    let [table, weight, candidate_bias, gamma_h, beta_h, gamma_c, beta_c, h, c] = parts(cell, &all);
    let forward_weight = PackedMatrix::transposed([hidden, width], weight);
    let backward_weight = PackedMatrix::new([width, hidden], weight);
    let norms = cell
        .epsilon
        .map(|_| [CellNorm { gamma: gamma_h, beta: beta_h }, CellNorm { gamma: gamma_c, beta: beta_c }]);
    let weights = CellWeights { table, state: &forward_weight, candidate_bias, norms };
    let mut states = vec![[h.to_vec(), c.to_vec()]];
    let mut kept = Vec::new();
    for (step, inputs) in inputs.iter().enumerate() {
        let mut next = states[step].each_ref().map(|state| vec![f32::NAN; state.len()]);
        let mut of_step = vec![f32::NAN; cell.kept_len(ROWS)];
        let [h, c] = next.each_mut();
        cell.forward(&weights, inputs, states[step].each_ref().map(|state| &state[..]), [h, c], &mut of_step);
        for state in 0..2 {
            assert_close("state", &next[state], &expected[step][state], TOLERANCE);
        }
        states.push(next);
        kept.push(of_step);
    }

    let mut sums: Vec<Vec<f32>> = lens(cell).iter().map(|&len| vec![0.0; len]).collect();
    {
        let back = CellWeights { state: &backward_weight, ..weights };
        let [of_table, of_weight, of_bias, of_gamma_h, of_beta_h, of_gamma_c, of_beta_c, of_h, of_c] =
            sums.get_disjoint_mut([0, 1, 2, 3, 4, 5, 6, 7, 8]).expect("nine parts");
        let norms = [[&mut of_gamma_h[..], &mut of_beta_h[..]], [&mut of_gamma_c[..], &mut of_beta_c[..]]];
        let mut sums = CellGradients { table: of_table, candidate_bias: of_bias, norms };
        for step in (0..STEPS).rev() {
            for (sum, slope) in of_h.iter_mut().zip(&slopes[step][0]) {
                *sum += slope;
            }
            for (sum, slope) in of_c.iter_mut().zip(&slopes[step][1]) {
                *sum += slope;
            }
            let mut products = vec![f32::NAN; ROWS * width];
            let before = states[step].each_ref().map(|state| &state[..]);
            cell.backward(&back, &inputs[step], before, &kept[step], [of_h, of_c], &mut products, &mut sums);
            let shape = MatMul::new(1, [width, ROWS, hidden]).transpose_a();
            let epilogue = Epilogue { accumulate: true, ..Epilogue::default() };
            matmul(&shape, Precision::F32, &products, before[0], &epilogue, of_weight);
        }
    }
    let loss = |all: &[f64]| {
        let states = reference(cell, &inputs, all);
        let terms = states.iter().flatten().flatten().zip(slopes.iter().flatten().flatten());
        terms.map(|(state, &slope)| state * f64::from(slope)).sum()
    };
    let gradient = central_differences(&to_f64(&all), loss);
    let largest = gradient.iter().fold(1.0f64, |largest, value| largest.max(value.abs()));
    let names = ["table", "weight", "bias", "gamma h", "beta h", "gamma c", "beta c", "h", "c"];
    for (name, (got, expected)) in names.iter().zip(sums.iter().zip(parts(cell, &gradient))) {
        assert_close(name, got, expected, TOLERANCE * largest);
    }
}

#[test]
fn cells_and_gradients_agree_with_double_precision() {
    for recurrence in [Recurrence::Lstm, Recurrence::Gru] {
        for (seed, hidden) in [(1, 1), (20, 5), (40, 16), (60, 21)] {
            for epsilon in [None, Some(1e-3)] {
                // A single unit that is normalised is constant.
                if hidden > 1 || epsilon.is_none() {
                    check(&RecurrentCell { recurrence, hidden, epsilon }, seed);
                }
            }
        }
    }
}

/// NaN in a row stays there, and large numbers saturate.
#[test]
fn gates_saturate_and_let_nan_through() {
    for recurrence in [Recurrence::Lstm, Recurrence::Gru] {
        let cell = RecurrentCell { recurrence, hidden: 1, epsilon: None };
        let gates = recurrence.gates();
        let state = PackedMatrix::transposed([1, gates], &vec![0.0; gates]);
        let table: Vec<f32> = [vec![f32::NAN; gates], vec![1e30; gates], vec![-1e30; gates]].concat();
        let bias = [0.0];
        let candidate_bias = if recurrence == Recurrence::Gru { &bias[..] } else { &[] };
        let weights = CellWeights { table: &table, state: &state, candidate_bias, norms: None };
        let mut next = [[0.0; 3], [0.0; 3]];
        let mut kept = vec![0.0; cell.kept_len(3)];
        let states = [0.5; 3];
        let of_c = if recurrence == Recurrence::Lstm { 3 } else { 0 };
        let [h, c] = next.each_mut();
        cell.forward(&weights, &[0, 1, 2], [&states, &states[..of_c]], [h, &mut c[..of_c]], &mut kept);
        assert!(next[0][0].is_nan());
        let expected = match recurrence {
            Recurrence::Lstm => [1.5f32.tanh(), 0.0],
            Recurrence::Gru => [0.5, -1.0],
        };
        for (got, expected) in next[0][1..].iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{recurrence:?}: {got}, expected {expected}");
        }
    }
}

/// Products of a packed matrix, against those that pack it each time.
#[test]
fn packed_products_are_products() {
    for [rows, depth, columns] in
        [[1, 3, 2], [13, 64, 256], [48, 130, 40], [7, 0, 5], [0, 4, 4], [30, 33, 129]]
    {
        let (a, b) = (noise(1, rows * depth), noise(2, depth * columns));
        let (bias, residual) = (noise(3, columns), noise(4, rows * columns));
        let turned: Vec<f32> = (0..columns * depth).map(|at| b[at % depth * columns + at / depth]).collect();
        let epilogue = Epilogue {
            scale: 0.5,
            bias: Some(&bias),
            residual: Some(&residual),
            accumulate: true,
            ..Epilogue::default()
        };
        let mut expected = vec![0.25; rows * columns];
        matmul(&MatMul::new(1, [rows, depth, columns]), Precision::F32, &a, &b, &epilogue, &mut expected);
        for packed in
            [PackedMatrix::new([depth, columns], &b), PackedMatrix::transposed([depth, columns], &turned)]
        {
            assert_eq!([packed.depth(), packed.columns()], [depth, columns]);
            let mut got = vec![0.25; rows * columns];
            packed.multiply(rows, &a, &epilogue, &mut got);
            assert_close("c", &got, &to_f64(&expected), super::sum_tolerance(depth + 3));
        }
    }
}
