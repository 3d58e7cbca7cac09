//! Which residual network a file's tensors belong to, from names and shapes alone.

use std::collections::BTreeMap;

use autodidact_nn::{Depth, StemKind};

/// What names and shapes say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Detected {
    /// What stands before the names, for instance `state_dict.module.`.
    pub(super) prefix: String,
    pub(super) depth: Depth,
    pub(super) stem: StemKind,
    pub(super) width: usize,
}

/// Finds the network among tensors of these names and shapes, or says what is missing.
pub(super) fn detect(shapes: &BTreeMap<&str, &[usize]>) -> Result<Detected, String> {
    let prefix = prefix(shapes)?;
    let first = shapes[format!("{prefix}conv1.weight").as_str()];
    let [width @ (1..), 3, kernel, _] = *first else {
        return Err(format!("`{prefix}conv1.weight` has shape {first:?}, expected [width, 3, k, k]"));
    };
    let stem = match kernel {
        3 => StemKind::Cifar,
        7 => StemKind::Imagenet,
        other => return Err(format!("its first convolution is {other}×{other}, expected 7×7 or 3×3")),
    };
    let blocks = blocks(shapes, &prefix);
    let bottleneck = shapes.contains_key(format!("{prefix}layer1.0.conv3.weight").as_str());
    let depth = match (blocks.as_slice(), bottleneck) {
        ([1, 1, 1], false) => Depth::D8,
        ([3, 3, 3], false) => Depth::D20,
        ([2, 2, 2, 2], false) => Depth::D18,
        ([3, 4, 6, 3], false) => Depth::D34,
        ([3, 4, 6, 3], true) => Depth::D50,
        (blocks, bottleneck) => {
            let kind = if bottleneck { "bottleneck" } else { "basic" };
            return Err(format!("its stages have {blocks:?} {kind} blocks, which is no known depth"));
        }
    };
    // Before a network of this width is made: the largest convolution, which bounds the rest by the file's size.
    let last = format!("{prefix}layer{}.0.conv2.weight", blocks.len());
    let channels = width << (blocks.len() - 1);
    let found = shapes.get(last.as_str()).copied().unwrap_or_default();
    if found != [channels, channels, 3, 3] {
        return Err(format!("`{last}` has shape {found:?}, expected {:?}", [channels, channels, 3, 3]));
    }
    Ok(Detected { prefix, depth, stem, width })
}

/// The prefix under which there is a first convolution of pictures and a first stage.
fn prefix(shapes: &BTreeMap<&str, &[usize]>) -> Result<String, String> {
    let mut found: Vec<&str> = shapes
        .keys()
        .filter_map(|name| name.strip_suffix("layer1.0.conv1.weight"))
        .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
        .filter(|prefix| shapes.contains_key(format!("{prefix}conv1.weight").as_str()))
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only.to_owned()),
        (None, _) => {
            let some: Vec<&str> = shapes.keys().copied().take(3).collect();
            let count = shapes.len();
            Err(format!(
                "there is no `conv1.weight` with a `layer1.0.conv1.weight` beside it among {count} tensors {some:?}"
            ))
        }
        (Some(last), false) => {
            found.push(last);
            Err(format!("it holds several, under {found:?}; save one of them alone"))
        }
    }
}

/// Blocks per stage: the numbers i of `layer{stage}.{i}.conv1.weight`, as long as there are any.
fn blocks(shapes: &BTreeMap<&str, &[usize]>, prefix: &str) -> Vec<usize> {
    let count = |stage: usize| {
        let exists =
            |i: &usize| shapes.contains_key(format!("{prefix}layer{stage}.{i}.conv1.weight").as_str());
        (0..shapes.len()).take_while(exists).count()
    };
    (1..=shapes.len()).map(count).take_while(|count| *count > 0).collect()
}
