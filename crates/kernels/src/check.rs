//! Checks of slice lengths at the public edge; a failure is a bug of the caller.

/// Asserts that a slice holds a tensor of this shape.
pub(crate) fn check_len(name: &str, len: usize, shape: &[usize]) {
    let expected: usize = shape.iter().product();
    assert!(len == expected, "{name} has {len} floats, expected {expected} for the shape {shape:?}");
}

/// Asserts that slices hold one value per channel.
pub(crate) fn check_channels(channels: usize, slices: &[(&str, &[f32])]) {
    for (name, slice) in slices {
        check_len(name, slice.len(), &[channels]);
    }
}
