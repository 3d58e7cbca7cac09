//! How large a reproduction is to be, and on what.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How large the experiments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// All papers within minutes: shows that everything works, decides little.
    Quick,
    /// About two hours a paper on two cores.
    Standard,
    /// The paper's size, for GPUs.
    Full,
}

impl Scale {
    /// All scales, smallest first.
    pub const ALL: [Self; 3] = [Self::Quick, Self::Standard, Self::Full];

    /// `quick`, `standard` or `full`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Standard => "standard",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A text that names no [`Scale`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scale `{0}`, expected `quick`, `standard` or `full`")]
pub struct ParseScaleError(pub String);

impl FromStr for Scale {
    type Err = ParseScaleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|scale| scale.name() == text)
            .ok_or_else(|| ParseScaleError(text.to_owned()))
    }
}

/// What is asked of all claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// How large.
    pub scale: Scale,
    /// Real data to use; without it claims draw their own, from seeds.
    pub data: Option<PathBuf>,
    /// How many seeds per arm, where the claim's own number is not wanted.
    pub seeds: Option<usize>,
    /// The first seed.
    pub first_seed: u64,
    /// `cpu`, `cuda` or `wgpu`.
    pub device: String,
    /// What training multiplies, by the name the trainers have for it: `auto`, `f32` or `bf16`. Claims that train panic at
    /// another name.
    pub precision: String,
    /// Threads per job; none leaves it to the job.
    pub threads: Option<usize>,
}

impl Plan {
    /// A plan of this scale on the CPU, without data, with each claim's own number of seeds, from seed 1.
    pub fn new(scale: Scale) -> Self {
        Self {
            scale,
            data: None,
            seeds: None,
            first_seed: 1,
            device: "cpu".to_owned(),
            precision: "auto".to_owned(),
            threads: None,
        }
    }

    /// The seeds of an arm: as many as the plan asks for, else `default`; at least one.
    pub fn seeds(&self, default: usize) -> Range<u64> {
        let count = self.seeds.unwrap_or(default).max(1) as u64;
        self.first_seed..self.first_seed + count
    }
}
