//! The scalar twins of the column kernels against the vector kernels of this machine.

use super::gradient::{InputGradient, LongSums, Parameters};
use super::moments::LongMoments;
use super::normalise::Normalise;
use crate::after::After;
use crate::simd::dispatch;
use crate::tests::noise;
use pulp::{Scalar, WithSimd};

#[test]
fn column_twins_agree() {
    let width = 320;
    let (x, grad_out) = (noise(1, width * 70), noise(2, width * 70));
    let (x, grad_out) = (x.as_slice(), grad_out.as_slice());
    let close = |name: &str, a: f64, b: f64, tolerance: f64| {
        assert!((a - b).abs() <= tolerance * a.abs().max(1.0), "{name}: {a} with scalars, {b} with vectors");
    };
    let [scalar, vector] = [(); 2].map(|()| LongMoments { width, x });
    let (scalar, vector) = (scalar.with_simd(Scalar), dispatch(vector));
    assert_eq!(scalar.count, vector.count);
    for column in 0..width {
        close("mean", scalar.mean[column], vector.mean[column], 1e-7);
        close("squares", scalar.squares[column], vector.squares[column], 1e-6);
    }
    let [centre, scale, shift] = [&x[..width], &grad_out[..width], &x[width..2 * width]];
    let mut out = [vec![0.0; x.len()], vec![0.0; x.len()]];
    for after in [After::Nothing, After::Relu, After::Join(grad_out)] {
        let parameters = [centre, scale, shift];
        let [scalar, vector] = out.each_mut().map(|out| Normalise { width, x, parameters, after, out });
        scalar.with_simd(Scalar);
        dispatch(vector);
        for (scalar, vector) in out[0].iter().zip(&out[1]) {
            close("out", f64::from(*scalar), f64::from(*vector), 1e-6);
        }
    }
    for relu in [false, true] {
        // Which side of the kink a value is on may differ by rounding; with a shift of 8 all are on one side.
        let shift = vec![8.0; width];
        let parameters = Parameters { centre, scale, shift: &shift, relu };
        let [scalar, vector] = [(); 2].map(|()| LongSums { width, x, grad_out, parameters });
        let (scalar, vector) = (scalar.with_simd(Scalar), dispatch(vector));
        for column in 0..width {
            close("gradient", scalar.gradient[column], vector.gradient[column], 1e-5);
            close("product", scalar.product[column], vector.product[column], 1e-5);
        }
        let coefficients = [scale, centre, &shift];
        let [scalar, vector] = out.each_mut().map(|grad_x| InputGradient {
            width,
            x,
            grad_out,
            parameters,
            coefficients,
            grad_x,
        });
        scalar.with_simd(Scalar);
        dispatch(vector);
        for (scalar, vector) in out[0].iter().zip(&out[1]) {
            close("grad_x", f64::from(*scalar), f64::from(*vector), 1e-6);
        }
    }
}
