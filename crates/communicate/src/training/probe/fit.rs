//! A listener that learns until its loss is on a plateau.

use autodidact_experiment::interrupt;
use serde::{Deserialize, Serialize};

use super::config::ProbeConfig;
use crate::agents::Listener;
use crate::training::adam::Adam;
use crate::training::step::{check, mean};
use crate::{Error, Messages, Objects, Result};

/// What a plateau does to the rate.
const DECAY: f64 = 0.1;
/// Points of a curve for each window.
const POINTS: usize = 10;

/// What a probe says of the information loss, beside what is known. Losses are in nats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// N, the number of objects.
    pub objects: usize,
    /// The converged probe's loss: its estimate of `L_info`.
    pub information: f64,
    /// `L_info`, exact for the messages on which the probe's loss was measured.
    pub exact: f64,
    /// The loss of the best listener with a softmax for each attribute, for the same messages: where a recurrent probe converges to.
    pub factorised: f64,
    /// Steps that the probe made.
    pub steps: u64,
    /// Whether its loss came to rest; if not, `information` is too large.
    pub converged: bool,
    /// Its losses on the way.
    pub curve: Vec<CurvePoint>,
}

/// A mean of losses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Steps made.
    pub step: u64,
    /// The mean loss of the steps since the point before, in nats.
    pub loss: f64,
}

/// How a listener learnt.
pub(super) struct Fit {
    pub losses: Vec<f64>,
    pub converged: bool,
}

impl Fit {
    /// Means of the losses of a few steps each.
    pub fn curve(&self, config: &ProbeConfig) -> Vec<CurvePoint> {
        let every = config.window.div_ceil(POINTS);
        let ends = self.losses.chunks(every).scan(0, |end, losses| {
            *end += losses.len() as u64;
            Some((*end, losses))
        });
        ends.map(|(step, losses)| CurvePoint { step, loss: losses.iter().sum::<f64>() / losses.len() as f64 })
            .collect()
    }
}

/// Cross-entropy on what is drawn for each step, until the loss is on a plateau.
pub(super) fn fit<L: Listener>(
    listener: &mut L,
    config: &ProbeConfig,
    draw: &mut dyn FnMut(u64) -> (Objects, Messages),
    tell: &mut dyn FnMut(u64, f64),
) -> Result<Fit> {
    let mut adam = Adam::new(listener.parameters().values().len());
    let mut rate = config.learning_rate;
    let mut plateaus = 0;
    let mut lowest = f64::INFINITY;
    let mut losses = Vec::new();
    while losses.len() < config.max_steps {
        let loss = learn(listener, &mut adam, rate, losses.len() as u64, draw)?;
        losses.push(loss);
        tell(losses.len() as u64, loss);
        if !losses.len().is_multiple_of(config.window) {
            continue;
        }
        let of_window = losses[losses.len() - config.window..].iter().sum::<f64>() / config.window as f64;
        if of_window >= lowest - config.tolerance {
            if plateaus == config.decays {
                return Ok(Fit { losses, converged: true });
            }
            plateaus += 1;
            rate *= DECAY;
        }
        lowest = lowest.min(of_window);
    }
    Ok(Fit { losses, converged: false })
}

/// A step; the loss before it.
pub(super) fn learn<L: Listener>(
    listener: &mut L,
    adam: &mut Adam,
    rate: f64,
    step: u64,
    draw: &mut dyn FnMut(u64) -> (Objects, Messages),
) -> Result<f64> {
    if interrupt::requested() {
        return Err(Error::Experiment(autodidact_experiment::Error::Interrupted));
    }
    let (objects, messages) = draw(step);
    let (likelihoods, gradient) = listener.gradient(&objects, &messages, None);
    check(step, "probe", &gradient)?;
    listener.change(&mut |weights| adam.update(rate, 0.0, weights, &gradient));
    Ok(-mean(likelihoods))
}
