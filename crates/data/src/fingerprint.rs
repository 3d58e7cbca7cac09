//! Telling whether two collections are the same one.

use sha2::{Digest, Sha256};

use crate::Dataset;

/// SHA-256, in hexadecimal, of the class names and of each picture's class and file name, in order.
///
/// Folders above a file do not count, so a collection may be moved. Nor do pixels, which would have to be read: pictures
/// that were changed under the same names go unnoticed.
///
/// ```
/// use autodidact_data::{fingerprint, procedural::Procedural};
/// let [hundred, more] = [100, 110].map(|count| fingerprint(&Procedural::new(7, count, 16)));
/// assert_eq!(hundred.len(), 64);
/// assert_ne!(hundred, more);
/// assert_ne!(hundred, fingerprint(&Procedural::new(8, 100, 16)), "drawn from another seed");
/// ```
pub fn fingerprint<D: Dataset + ?Sized>(dataset: &D) -> String {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        // Lengths keep ("a", "bc") apart from ("ab", "c").
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for name in dataset.class_names() {
        add(name);
    }
    for index in 0..dataset.len() {
        add(&dataset.label(index).map_or_else(String::new, |label| label.to_string()));
        let path = dataset.path(index);
        add(path.rsplit(['/', '\\']).next().unwrap_or(&path));
    }
    hex::encode(hasher.finalize())
}
