//! Which configurations can be trained.

use autodidact_nn::{MlpConfig, NormConfig};
use autodidact_optim::OptimizerConfig;

use super::{Method, RepresentConfig};
use crate::{Error, Result};

impl RepresentConfig {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Setting`] names the field, its value and the allowed range.
    pub fn validate(&self) -> Result<()> {
        self.check_batches()?;
        self.check_numbers()?;
        self.check_networks()?;
        self.check_affine_start()?;
        check_optimizer(&self.optimizer)?;
        self.check_tuner()?;
        self.check_views()
    }

    fn check_batches(&self) -> Result<()> {
        require(self.batch_size >= 2, "batch_size", self.batch_size, "at least 2")?;
        let divides = self.batch_size.is_multiple_of(self.micro_batch());
        let expected = format!("0 or a divisor of `batch_size` ({})", self.batch_size);
        require(divides, "micro_batch_size", self.micro_batch_size, &expected)?;
        let has_statistics = !self.uses_batch_statistics() || self.micro_batch() >= 2;
        require(has_statistics, "micro_batch_size", self.micro_batch_size, "at least 2 with batch norm")?;
        require(self.log_every >= 1, "log_every", self.log_every, "at least 1")
    }

    fn check_numbers(&self) -> Result<()> {
        let trains = !matches!(self.method, Method::Random | Method::Imported);
        let expected = "at least 1 (or `method = \"random\"`)";
        require(self.epochs >= 1 || !trains, "epochs", self.epochs, expected)?;
        positive("base_learning_rate", self.base_learning_rate)?;
        let expected = format!("between 0 and `epochs` ({})", self.epochs);
        let warms_up = (0.0..=self.epochs as f64).contains(&self.warmup_epochs);
        require(warms_up, "warmup_epochs", self.warmup_epochs, &expected)?;
        not_negative("clip_norm", self.clip_norm)?;
        not_negative("predictor_multiplier", self.predictor_multiplier)?;
        positive("temperature", self.temperature)?;
        let tau = self.target.tau_base;
        require((0.0..=1.0).contains(&tau), "target.tau_base", tau, "between 0 and 1")
    }

    fn check_tuner(&self) -> Result<()> {
        match self.optim.tuner.validate() {
            Err(autodidact_optim::Error::Constant { name, value, expected }) => {
                require(false, &format!("optim.tuner.{name}"), value, expected)
            }
            other => Ok(other?),
        }
    }

    fn check_networks(&self) -> Result<()> {
        let encoder = &self.encoder;
        let least = least_width(encoder.weight_standardisation);
        require(
            encoder.base_width() >= least,
            "encoder.width",
            encoder.base_width(),
            &at_least(least, encoder.weight_standardisation),
        )?;
        check_norm("encoder.norm", &encoder.norm)?;
        for (name, head) in [("projector", &self.projector), ("predictor", &self.predictor)] {
            check_head(name, head)?;
        }
        // The predictor's first layer sees the projection.
        let standardised = self.use_predictor && self.predictor.weight_standardisation;
        let (least, size) = (least_width(standardised), self.projector.output_size);
        require(size >= least, "projector.output_size", size, &at_least(least, standardised))?;
        let fits = self.method != Method::Byol || self.predictor.output_size == size;
        let expected = format!("`projector.output_size` ({size})");
        require(fits, "predictor.output_size", self.predictor.output_size, &expected)
    }

    fn check_affine_start(&self) -> Result<()> {
        if !self.initialise_as_batch_norm {
            return Ok(());
        }
        let refuse = |expected| require(false, "initialise_as_batch_norm", true, expected);
        let standardised = [&self.projector, &self.predictor].iter().any(|head| head.weight_standardisation)
            || self.encoder.weight_standardisation;
        if !matches!(self.method, Method::Byol | Method::Random) {
            refuse("`method` to be `byol`")
        } else if !self.norms().iter().all(NormConfig::uses_batch_statistics) {
            refuse("all norms to be `batch`")
        } else if standardised {
            refuse("no `weight_standardisation`")
        } else {
            Ok(())
        }
    }

    fn check_views(&self) -> Result<()> {
        let (first, second) = (&self.views.first, &self.views.second);
        let expected = format!("`views.first.size` ({})", first.size);
        require(first.size == second.size, "views.second.size", second.size, &expected)?;
        first.validate()?;
        second.validate()?;
        Ok(())
    }
}

fn check_head(name: &str, head: &MlpConfig) -> Result<()> {
    let least = least_width(head.weight_standardisation);
    require(head.layers >= 1, &format!("{name}.layers"), head.layers, "at least 1")?;
    let expected = at_least(least, head.weight_standardisation);
    require(head.hidden_size >= least, &format!("{name}.hidden_size"), head.hidden_size, &expected)?;
    require(head.output_size >= 1, &format!("{name}.output_size"), head.output_size, "at least 1")?;
    check_norm(&format!("{name}.norm"), &head.norm)
}

fn check_norm(name: &str, norm: &NormConfig) -> Result<()> {
    if let NormConfig::Batch { momentum, .. } = norm {
        let moves = *momentum > 0.0 && *momentum <= 1.0;
        require(moves, &format!("{name}.momentum"), momentum, "above 0 and at most 1")?;
    }
    if let NormConfig::Group { groups, .. } = norm {
        require(*groups >= 1, &format!("{name}.groups"), groups, "at least 1")?;
    }
    match norm {
        NormConfig::Batch { epsilon, .. }
        | NormConfig::Group { epsilon, .. }
        | NormConfig::Layer { epsilon } => positive(&format!("{name}.epsilon"), *epsilon),
        NormConfig::Affine | NormConfig::None => Ok(()),
    }
}

fn check_optimizer(optimizer: &OptimizerConfig) -> Result<()> {
    let below_one = |field: &str, value: f64| {
        require((0.0..1.0).contains(&value), &format!("optimizer.{field}"), value, "at least 0 and below 1")
    };
    match *optimizer {
        OptimizerConfig::Sgd { momentum, weight_decay, .. } => {
            below_one("momentum", momentum)?;
            not_negative("optimizer.weight_decay", weight_decay)
        }
        OptimizerConfig::Lars { momentum, weight_decay, eta, .. } => {
            below_one("momentum", momentum)?;
            positive("optimizer.eta", eta)?;
            not_negative("optimizer.weight_decay", weight_decay)
        }
        OptimizerConfig::RmsProp { decay, epsilon, weight_decay } => {
            below_one("decay", decay)?;
            positive("optimizer.epsilon", epsilon)?;
            not_negative("optimizer.weight_decay", weight_decay)
        }
        OptimizerConfig::Adam { beta1, beta2, epsilon, weight_decay }
        | OptimizerConfig::AdamW { beta1, beta2, epsilon, weight_decay } => {
            below_one("beta1", beta1)?;
            below_one("beta2", beta2)?;
            positive("optimizer.epsilon", epsilon)?;
            not_negative("optimizer.weight_decay", weight_decay)
        }
    }
}

/// A standardised layer needs two weights per output: one alone has no deviation.
fn least_width(is_standardised: bool) -> usize {
    if is_standardised { 2 } else { 1 }
}

fn at_least(least: usize, is_standardised: bool) -> String {
    format!("at least {least}{}", if is_standardised { " with weight standardisation" } else { "" })
}

fn positive(field: &str, value: f64) -> Result<()> {
    require(value.is_finite() && value > 0.0, field, value, "a positive number")
}

fn not_negative(field: &str, value: f64) -> Result<()> {
    require(value.is_finite() && value >= 0.0, field, value, "0 or a positive number")
}

fn require(holds: bool, field: &str, value: impl std::fmt::Display, expected: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::Setting { field: field.to_owned(), value: value.to_string(), expected: expected.to_owned() })
}

#[cfg(test)]
mod tests {
    use autodidact_optim::TunerConfig;
    use autodidact_optim::tuner::CdatConfig;

    use super::*;
    use crate::preset;

    #[test]
    fn every_preset_is_valid() {
        for (name, _) in preset::all() {
            preset::named(name).unwrap().validate().unwrap();
        }
    }

    #[test]
    fn a_bad_field_is_named() {
        type Change = fn(&mut RepresentConfig);
        let cases: &[(&str, Change)] = &[
            ("batch_size", |c| c.batch_size = 1),
            ("micro_batch_size", |c| c.micro_batch_size = 7),
            ("micro_batch_size", |c| c.micro_batch_size = 1),
            ("log_every", |c| c.log_every = 0),
            ("epochs", |c| c.epochs = 0),
            ("base_learning_rate", |c| c.base_learning_rate = f64::NAN),
            ("warmup_epochs", |c| c.warmup_epochs = 1e9),
            ("clip_norm", |c| c.clip_norm = -1.0),
            ("predictor_multiplier", |c| c.predictor_multiplier = f64::INFINITY),
            ("temperature", |c| c.temperature = 0.0),
            ("target.tau_base", |c| c.target.tau_base = 1.5),
            ("encoder.width", |c| c.encoder.width = Some(0)),
            ("encoder.norm.epsilon", |c| c.encoder.norm = NormConfig::Layer { epsilon: 0.0 }),
            ("encoder.norm.momentum", |c| {
                c.encoder.norm = NormConfig::Batch { momentum: 0.0, epsilon: 1e-5 };
            }),
            ("encoder.norm.groups", |c| c.encoder.norm = NormConfig::Group { groups: 0, epsilon: 1e-5 }),
            ("projector.layers", |c| c.projector.layers = 0),
            ("predictor.hidden_size", |c| c.predictor.hidden_size = 0),
            ("predictor.output_size", |c| c.predictor.output_size += 1),
            ("optimizer.momentum", |c| {
                c.optimizer = OptimizerConfig::Sgd { momentum: 5.0, nesterov: false, weight_decay: 0.0 };
            }),
            ("optimizer.weight_decay", |c| c.optimizer = OptimizerConfig::lars(f64::NAN)),
            ("optimizer.beta2", |c| {
                c.optimizer =
                    OptimizerConfig::AdamW { beta1: 0.9, beta2: 1.0, epsilon: 1e-8, weight_decay: 0.0 };
            }),
            ("optimizer.decay", |c| {
                c.optimizer = OptimizerConfig::RmsProp { decay: 1.0, epsilon: 1e-8, weight_decay: 0.0 };
            }),
            ("optim.tuner.sigma", |c| {
                let cdat = CdatConfig { sigma: -1.0, ..CdatConfig::default() };
                c.optim.tuner = TunerConfig::Cdat(cdat);
            }),
            ("views.second.size", |c| c.views.second.size += 1),
            ("initialise_as_batch_norm", |c| {
                c.initialise_as_batch_norm = true;
                c.method = Method::Simclr;
            }),
            ("initialise_as_batch_norm", |c| {
                *c = c.clone().with_norm(NormConfig::GROUP);
                c.initialise_as_batch_norm = true;
            }),
            ("initialise_as_batch_norm", |c| {
                c.initialise_as_batch_norm = true;
                c.projector.weight_standardisation = true;
            }),
            // One weight has no deviation to be standardised by.
            ("encoder.width", |c| {
                *c = c.clone().with_norm(NormConfig::GROUP);
                c.encoder.width = Some(1);
            }),
            ("projector.output_size", |c| {
                *c = c.clone().with_norm(NormConfig::GROUP);
                c.projector.output_size = 1;
                c.predictor.output_size = 1;
            }),
        ];
        for (field, change) in cases {
            let mut config = preset::named("cpu-small").unwrap();
            change(&mut config);
            let error = config.validate().expect_err(field);
            assert!(
                matches!(&error, Error::Setting { field: named, .. } if named == field),
                "{field}: {error}"
            );
        }
    }
}
