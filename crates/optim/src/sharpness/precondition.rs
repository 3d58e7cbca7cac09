//! The Hessian as an adaptive optimizer meets it.

use autodidact_nn::TensorMap;

use crate::{Result, vector};

/// `v ↦ P^-½ H P^-½ v` for a diagonal `P`, such as `√ν + ε` of Adam: its largest eigenvalue is the preconditioned
/// sharpness (Cohen et al. 2022). Weights that `p` does not name are not preconditioned.
pub fn preconditioned<'a>(
    p: &'a TensorMap,
    mut product: impl FnMut(&TensorMap) -> Result<TensorMap> + 'a,
) -> impl FnMut(&TensorMap) -> Result<TensorMap> + 'a {
    let divide = |v: &TensorMap| {
        vector::map(v, |name, values| match p.get(name) {
            Some(p) => values / p.values.clone().sqrt(),
            None => values,
        })
    };
    move |v| Ok(divide(&product(&divide(v))?))
}
