//! Where the shared test data lie, if they are there.

use std::path::PathBuf;

/// The path of `name` in the folder named by `AUTODIDACT_TEST_DATA`, or in `shared/data` beside the workspace.
/// Says so and returns `None` if it is missing, so that a test can pass over it.
pub fn test_data(name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = std::env::var_os("AUTODIDACT_TEST_DATA").map_or_else(beside, PathBuf::from).join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: `{name}` is not there; set AUTODIDACT_TEST_DATA to the folder that holds it");
    None
}
