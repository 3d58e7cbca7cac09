//! A job is a pure function of its description; its result is what came out, and on what.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::plan::Scale;
use crate::run::Environment;
use crate::{Error, Result};

/// One arm with one seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// `paper/scale/arm/seed-N`: names it on the command line and names its result's file.
    pub id: String,
    /// The paper, for instance `byol`.
    pub paper: String,
    /// The arm, for instance `byol` or `no-predictor`.
    pub arm: String,
    /// The seed. Arms that are compared in pairs share seeds.
    pub seed: u64,
    /// Everything the result depends on: configuration, data and its version, device. A result whose description
    /// differs is stale.
    pub description: Value,
}

impl Job {
    /// A job with the id `paper/scale/arm/seed-N`.
    pub fn new(paper: &str, scale: Scale, arm: &str, seed: u64, description: Value) -> Self {
        let id = format!("{paper}/{scale}/{arm}/seed-{seed}");
        Self { id, paper: paper.to_owned(), arm: arm.to_owned(), seed, description }
    }

    /// SHA-256 in hexadecimal of paper, arm, seed and description as JSON with sorted keys.
    pub fn hash(&self) -> String {
        let Self { id: _, paper, arm, seed, description } = self;
        let whole =
            serde_json::json!({ "paper": paper, "arm": arm, "seed": seed, "description": description });
        hex::encode(Sha256::digest(sorted(&whole).to_string()))
    }

    /// Ids are paths below the results, so they are kept to what every file system takes.
    pub(super) fn check(&self) -> Result<()> {
        let fail = |reason: &str| Err(Error::JobId { id: self.id.clone(), reason: reason.to_owned() });
        for part in self.id.split('/') {
            let is_plain = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
            };
            if part.is_empty() || part.starts_with('.') {
                return fail("a part of it is empty or starts with a dot");
            }
            if !part.bytes().all(is_plain) {
                return fail("it has other characters");
            }
        }
        Ok(())
    }
}

/// What a job came to, as its file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobResult {
    /// Layout of the file.
    pub version: u32,
    /// The job.
    pub job: Job,
    /// Its hash when it ran.
    pub hash: String,
    /// What the claim's `run` returned.
    pub result: Value,
    /// Seconds of wall clock, over all the times it was continued.
    pub seconds: f64,
    /// What it ran on.
    pub environment: Environment,
    /// The command line that ran it.
    pub command: String,
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Object(
                entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
