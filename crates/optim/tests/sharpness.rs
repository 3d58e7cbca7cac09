//! Curvature and sharpness against closed forms on quadratics and a cubic.

use autodidact_nn::state::to_vec;
use autodidact_nn::{NamedTensor, TensorMap};
use autodidact_optim::sharpness::{
    Edge, PowerIteration, alignment, lanczos_extremes, loss_along, preconditioned, spectral_density,
};
use autodidact_optim::{Curvature, Differences, Result};
use burn::tensor::{DType, Device, Tensor};

fn vector(values: &[f32], dtype: DType) -> TensorMap {
    let values = Tensor::<1>::from_floats(values, &Device::flex()).cast(dtype);
    TensorMap::from([("w".to_owned(), NamedTensor { shape: values.dims().to_vec(), values })])
}

fn with(values: Tensor<1>) -> TensorMap {
    TensorMap::from([("w".to_owned(), NamedTensor { shape: values.dims().to_vec(), values })])
}

/// `H v` with a diagonal H.
fn diagonal(entries: &[f32]) -> impl FnMut(&TensorMap) -> Result<TensorMap> {
    let entries = Tensor::<1>::from_floats(entries, &Device::flex()).cast(DType::F64);
    move |v| Ok(with(v["w"].values.clone() * entries.clone()))
}

/// `Σ w³ / 3`: gradient `w²`, Hessian `2 diag(w)`.
fn cubic(w: &TensorMap) -> (f64, TensorMap) {
    let w = w["w"].values.clone();
    let sum =
        w.clone().powi_scalar(3).sum().into_data().convert::<f64>().try_to_vec::<f64>().expect("converted")
            [0];
    (sum / 3.0, with(w.square()))
}

#[test]
fn differences_are_exact_on_a_cubic_and_say_how_exact() {
    for (dtype, tolerance) in [(DType::F32, 1e-2), (DType::F64, 1e-8)] {
        let (w, u) = (vector(&[1.0, 2.0, -0.5], dtype), vector(&[0.5, -1.0, 3.0], dtype));
        let along = Differences::new(|w: &TensorMap| Ok(cubic(w))).along(&w, &u).expect("a gradient");
        // g·u = 0.5 − 4 + 0.75, u·Hu = 2 (0.25 + 2 − 4.5).
        println!("{dtype:?}: {along:?}");
        assert!((along.value - 8.875 / 3.0).abs() < 1e-5);
        assert!((along.slope + 2.75).abs() < 1e-5);
        let apart = (along.curvature + 4.5).abs();
        assert!(apart < tolerance * 4.5 && apart <= along.error && along.error < tolerance * 45.0);
        let product = Differences::new(|w: &TensorMap| Ok(cubic(w))).product(&w, &u).expect("a gradient");
        let off = to_vec(product["w"].values.clone()).into_iter().zip([1.0, -4.0, -3.0]);
        assert!(off.map(|(a, b): (f32, f32)| (a - b).abs()).fold(0.0, f32::max) < 1e-2);
    }
}

#[test]
fn power_iteration_finds_the_largest_size_and_starts_warm() {
    let start = vector(&[1.0, 1.0, 1.0], DType::F64);
    let cold = PowerIteration { tolerance: 1e-9, ..Default::default() };
    let found = cold.run(&start, diagonal(&[1.0, -5.0, 3.0])).expect("a product");
    assert!(found.converged && (found.value - 5.0).abs() < 1e-6, "{}", found.value);
    assert!((alignment(&found.vector, &vector(&[0.0, -2.0, 0.0], DType::F64)) - 1.0).abs() < 1e-6);
    let warm = cold.run(&found.vector, diagonal(&[1.0, -5.0, 3.0])).expect("a product");
    assert!(warm.iterations <= 3 && found.iterations > 10, "{} {}", warm.iterations, found.iterations);
}

#[test]
fn lanczos_finds_both_ends_and_the_density_has_the_traces_moments() {
    let entries = [1.0, -5.0, 3.0, 0.5];
    // Independent signs: the mean of v·Hᵏv / v·v is the mean eigenvalue to the k on a diagonal H, with no variance.
    let probe = vector(&[1.0, -1.0, 1.0, 1.0], DType::F64);
    let ends = lanczos_extremes(&probe, 10, diagonal(&entries)).expect("a product");
    assert!((ends.smallest + 5.0).abs() < 1e-9 && (ends.largest - 3.0).abs() < 1e-9, "{ends:?}");
    let density = spectral_density(&[probe], 10, diagonal(&entries)).expect("a product");
    for (power, expected) in [(0, 1.0), (1, -0.125), (2, 35.25 / 4.0), (3, -96.875 / 4.0)] {
        assert!((density.moment(power) - expected).abs() < 1e-9, "moment {power}: {}", density.moment(power));
    }
    // A quarter of a normal density's height at each eigenvalue.
    assert!((density.at(-5.0, 0.01) - 0.25 * 39.894_228).abs() < 1e-4);
}

#[test]
fn preconditioning_divides_a_diagonal_hessian() {
    let p = vector(&[1.0, 10.0, 0.5], DType::F64);
    let start = vector(&[1.0, 1.0, 1.0], DType::F64);
    let ends =
        lanczos_extremes(&start, 10, preconditioned(&p, diagonal(&[1.0, 5.0, 3.0]))).expect("a product");
    assert!((ends.smallest - 0.5).abs() < 1e-9 && (ends.largest - 6.0).abs() < 1e-9, "{ends:?}");
}

/// Largest entry of w after 400 steps of heavy ball on `½ λ w²`.
fn heavy_ball(sharpness: f64, momentum: f64, rate: f64) -> f64 {
    let (mut w, mut m) = (1.0_f64, 0.0);
    for _ in 0..400 {
        m = sharpness * w + momentum * m;
        w -= rate * m;
    }
    w.abs()
}

#[test]
fn a_quadratic_diverges_just_above_the_edge_only() {
    for momentum in [0.0, 0.5, 0.9] {
        let edge = Edge::HeavyBall { momentum }.at(0.1);
        assert!(heavy_ball(0.97 * edge, momentum, 0.1) < 1.0);
        assert!(heavy_ball(1.03 * edge, momentum, 0.1) > 1.0);
    }
    assert_eq!(Edge::GradientDescent.at(0.1), Edge::HeavyBall { momentum: 0.0 }.at(0.1));
}

#[test]
fn loss_along_follows_the_cubic() {
    let (w, u) = (vector(&[1.0], DType::F64), vector(&[2.0], DType::F64));
    let found = loss_along(&w, &u, &[0.0, 0.5, -1.0], |w| Ok(cubic(w).0)).expect("a loss");
    let expected = [1.0 / 3.0, 8.0 / 3.0, -1.0 / 3.0];
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
}
