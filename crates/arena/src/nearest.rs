//! Finding what was meant.

use crate::{Error, Result};

/// The element of that name, in any case and with or without hyphens.
pub(crate) fn named<T: Copy>(what: &'static str, name: &str, all: &[(&'static str, T)]) -> Result<T> {
    let plain = |name: &str| name.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(name);
    if let Some((_, found)) = all.iter().find(|(other, _)| plain(other) == wanted) {
        return Ok(*found);
    }
    let nearest = all
        .iter()
        .map(|(other, _)| (strsim::normalized_damerau_levenshtein(&wanted, &plain(other)), *other))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    Err(Error::Unknown {
        what,
        name: name.to_owned(),
        nearest: nearest.map(|(_, other)| format!(" (did you mean `{other}`?)")).unwrap_or_default(),
        all: all.iter().map(|(other, _)| *other).collect::<Vec<_>>().join(", "),
    })
}
