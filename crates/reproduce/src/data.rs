//! The pictures of a job: real ones where the plan names a folder, drawn ones otherwise.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use autodidact_data::procedural::{PROCEDURAL_VERSION, Procedural};
use autodidact_data::source::{Memory, Options, Preload, Resize, Subset, open};
use autodidact_data::{Dataset, fingerprint};
use autodidact_experiment::reproduction::{JobError, Plan};
use serde::{Deserialize, Serialize};

/// Most memory for the pictures of a job.
const MAX_BYTES: u64 = 8 << 30;
/// Seed of the drawn pictures, the same for every arm and seed of a claim.
const DRAWING_SEED: u64 = 2020;
/// Index of the first drawn test picture, far behind every training picture.
const FIRST_TEST_PICTURE: u64 = 1 << 32;

/// Training and test pictures.
pub(crate) type Splits = (Arc<dyn Dataset>, Arc<dyn Dataset>);

/// Which pictures a job uses; part of its description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pictures {
    /// Last component of the folder's path, or `procedural-vN`.
    source: String,
    /// [`fingerprint`] of both splits; absent for drawn pictures and where the folder cannot be read.
    fingerprint: Option<String>,
    /// Training pictures, the same number of each class.
    train: usize,
    /// Test pictures.
    test: usize,
    /// Side in pixels after averaging down.
    pub side: usize,
}

impl Pictures {
    pub fn new(plan: &Plan, train: usize, test: usize, side: usize) -> Self {
        let source = match &plan.data {
            Some(path) => path
                .file_name()
                .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned()),
            None => format!("procedural-v{PROCEDURAL_VERSION}"),
        };
        let fingerprint = plan.data.as_deref().and_then(fingerprint_of);
        Self { source, fingerprint, train, test, side }
    }

    /// Training and test pictures, in memory.
    pub fn load(&self, plan: &Plan) -> Result<Splits, JobError> {
        let (train, test): Splits = if let Some(path) = &plan.data {
            (read(path, "train", self.train)?, read(path, "test", self.test)?)
        } else {
            let test = FIRST_TEST_PICTURE..FIRST_TEST_PICTURE + self.test as u64;
            (
                Arc::new(Procedural::new(DRAWING_SEED, self.train, self.side)),
                Arc::new(Procedural::range(DRAWING_SEED, test, self.side)),
            )
        };
        Ok((hold(&*train, self.side)?, hold(&*test, self.side)?))
    }
}

/// One for both splits. Jobs are listed again and again, so that folders are read once.
fn fingerprint_of(path: &Path) -> Option<String> {
    static KNOWN: LazyLock<Mutex<HashMap<PathBuf, Option<String>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let of = |split: &str| Some(fingerprint(&*open(path, &Options::default().with_split(split)).ok()?));
    known.entry(path.to_owned()).or_insert_with(|| Some(format!("{} {}", of("train")?, of("test")?))).clone()
}

fn read(path: &Path, split: &str, count: usize) -> Result<Arc<dyn Dataset>, JobError> {
    let all = open(path, &Options::default().with_split(split))?;
    let indices = balanced(&*all, count)?;
    Ok(Arc::new(Subset::new(all, indices)))
}

fn hold(dataset: &dyn Dataset, side: usize) -> Result<Arc<dyn Dataset>, JobError> {
    let preload = Preload { max_bytes: MAX_BYTES, resize: Some(Resize::Square(side)) };
    let memory = Memory::preload(dataset, &preload)?;
    // Arms and seeds are compared on the same pictures, all of them.
    if let Some(bad) = memory.bad_files().first() {
        return Err(format!("`{}` cannot be decoded: {}; restore the file", bad.path, bad.reason).into());
    }
    Ok(Arc::new(memory))
}

/// The first `count / classes` pictures of each class, in the collection's order.
fn balanced(dataset: &dyn Dataset, count: usize) -> Result<Vec<usize>, JobError> {
    let classes = dataset.class_names().len();
    if classes < 2 {
        return Err("the data has no classes; put the pictures of each class in a folder of its own".into());
    }
    let per_class = count.div_ceil(classes);
    let mut taken = vec![0; classes];
    let chosen: Vec<usize> = (0..dataset.len())
        .filter(|&index| {
            let Some(label) = dataset.label(index) else { return false };
            taken[label] += 1;
            taken[label] <= per_class
        })
        .collect();
    if chosen.len() < count {
        let found = chosen.len();
        return Err(format!(
            "{count} pictures are needed, {per_class} of each class, and only {found} of them are there"
        )
        .into());
    }
    Ok(chosen)
}
