//! The gated linear unit with GELU.

use crate::check::check_len;
use crate::gelu::gelu;
use crate::profile;
use crate::simd::{dispatch, update_vectors};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Floats in one task.
const TASK: usize = 1 << 14;

/// `up = gelu(gate) · up`, elementwise, with the tanh form of GELU ([`gelu_forward`](crate::gelu_forward)).
///
/// ```
/// let mut up = [3.0, 5.0];
/// autodidact_kernels::gated_gelu_forward(&[0.0, 100.0], &mut up);
/// assert_eq!(up, [0.0, 500.0]);
/// ```
///
/// # Panics
/// If the lengths differ.
///
/// Shazeer, *GLU variants improve transformer*, 2020, equation (5), between its products.
pub fn gated_gelu_forward(gate: &[f32], up: &mut [f32]) {
    let _span = profile::element_wise("gated GELU, forward", &[up.len()], 3);
    check_len("gate", gate.len(), &[up.len()]);
    gate.par_chunks(TASK).zip(up.par_chunks_mut(TASK)).for_each(|(gate, up)| dispatch(Part { gate, up }));
}

struct Part<'a> {
    gate: &'a [f32],
    up: &'a mut [f32],
}

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        update_vectors(
            simd,
            [self.gate],
            [self.up],
            #[inline(always)]
            |[gate], [up]| [simd.mul_f32s(gelu(simd, gate), up)],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gelu_forward;
    use crate::tests::noise;

    #[test]
    fn it_is_gelu_times_what_is_gated() {
        for len in [0, 1, 15, 64, TASK + 3] {
            let (gate, old) = (noise(1, len), noise(2, len));
            let (mut up, mut activated) = (old.clone(), vec![0.0; len]);
            gated_gelu_forward(&gate, &mut up);
            gelu_forward(&gate, &mut activated);
            for at in 0..len {
                assert_eq!(up[at], activated[at] * old[at], "at {at} of {len}");
            }
        }
    }
}
