//! Context independence: whether a value of an attribute has a symbol of its own, whatever else is said.

use std::collections::HashMap;

use super::entropy::attribute_labels;
use super::information::symbols;
use crate::Language;

/// Context independence of values and symbols.
///
/// A concept c is an attribute with a value, for attributes that vary. p(v|c) is the share of messages with symbol v among those of
/// objects with c, p(c|v) the share of objects with c among those whose message has v, and v^c the symbol with the largest p(c|v) (of
/// equals, the one with the largest p(v|c)):
///
/// ```text
/// CI = mean over c of p(v^c|c) · p(c|v^c)
/// ```
///
/// It is 1 if each concept has a symbol that is in all its messages and in no others. `None` if no attribute varies; 0 if all
/// messages are empty.
///
/// After Bogin, Geva and Berant, "Emergence of Communication in an Interactive World with Consistent Speakers", 2018, who propose a measure
/// based on an alignment of words and concepts. The difference: shares of messages are counted here, no alignment is fitted.
pub fn context_independence(language: &Language) -> Option<f64> {
    let messages = language.messages();
    let symbols = symbols(messages);
    let index: HashMap<u32, usize> = symbols.iter().enumerate().map(|(at, &symbol)| (symbol, at)).collect();
    // Which symbols each message has, each once.
    let present: Vec<Vec<usize>> = messages
        .words()
        .map(|word| {
            let mut present: Vec<usize> = word.iter().map(|symbol| index[symbol]).collect();
            present.sort_unstable();
            present.dedup();
            present
        })
        .collect();
    let mut messages_with = vec![0_u64; symbols.len()];
    for &symbol in present.iter().flatten() {
        messages_with[symbol] += 1;
    }

    let mut sum = 0.0;
    let mut concepts = 0;
    for attribute in attribute_labels(language.objects()).iter().filter(|labels| !labels.is_constant()) {
        let mut together = vec![0_u64; attribute.counts.len() * symbols.len()];
        for (&value, present) in attribute.of.iter().zip(&present) {
            for &symbol in present {
                together[value as usize * symbols.len() + symbol] += 1;
            }
        }
        concepts += attribute.counts.len();
        for (value, &objects_with) in attribute.counts.iter().enumerate() {
            let together = &together[value * symbols.len()..][..symbols.len()];
            let shares = together.iter().zip(&messages_with).map(|(&together, &messages_with)| {
                (together as f64 / messages_with as f64, together as f64 / objects_with as f64)
            });
            let best = shares.max_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
            sum += best.map_or(0.0, |(of_symbol, of_concept)| of_symbol * of_concept);
        }
    }
    (concepts > 0).then(|| sum / concepts as f64)
}
