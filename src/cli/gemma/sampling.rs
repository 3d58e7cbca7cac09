//! The flags that say how tokens are chosen.

use autodidact::gemma::Result;
use autodidact::gemma::sampling::Sampling;
use clap::Args;

/// How tokens are chosen.
#[derive(Debug, Args)]
pub struct SamplingFlags {
    /// What logits are divided by; 0 takes the most likely token
    #[arg(long, default_value_t = 1.0)]
    temperature: f32,
    /// Only the K most likely tokens
    #[arg(long, value_name = "K")]
    top_k: Option<usize>,
    /// As few of the most likely as have this probability together
    #[arg(long, value_name = "P", default_value_t = 0.95)]
    top_p: f32,
    /// None less likely than this share of the most likely
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    min_p: f32,
    /// Divides the logits of tokens that are there already
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    repetition_penalty: f32,
    /// Subtracted from a token's logit for each time that it is there
    #[arg(long, value_name = "LOGIT", default_value_t = 0.0, allow_negative_numbers = true)]
    frequency_penalty: f32,
    /// Subtracted from the logits of tokens that are there
    #[arg(long, value_name = "LOGIT", default_value_t = 0.0, allow_negative_numbers = true)]
    presence_penalty: f32,
    /// Seed of all that is drawn
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl SamplingFlags {
    /// The numbers, if they are in their ranges.
    pub fn sampling(&self) -> Result<Sampling> {
        let sampling = Sampling {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
            repetition_penalty: self.repetition_penalty,
            frequency_penalty: self.frequency_penalty,
            presence_penalty: self.presence_penalty,
            seed: self.seed,
        };
        sampling.validate()?;
        Ok(sampling)
    }
}
