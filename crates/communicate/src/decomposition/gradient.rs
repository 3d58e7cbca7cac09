//! Gradients of the losses with respect to the speaker's logits, in closed form.
//!
//! With a reward r(x, m) that is held fixed, −E r has the gradient of the score function,
//!
//! ```text
//! ∂/∂θ(x, m) = −p(x) π(m|x) ( r(x, m) − Σ_m' π(m'|x) r(x, m') )
//! ```
//!
//! for logits θ. For r = log ρ(x|m) that is the gradient of L; for r = log ρ*(x|m) it is that of `L_info`, although ρ* moves with the
//! speaker: what that adds is `Σ_m p(m) Σ_x ∂ρ*(x|m) = 0`.

use super::listener::Listener;
use super::loss::check;
use super::speaker::Speaker;
use crate::Result;

/// `∂L_info/∂θ`, [N, messages] row by row.
pub fn information_gradient(speaker: &Speaker) -> Vec<f64> {
    gradient(speaker, &[(1.0, &speaker.bayes_listener())])
}

/// ∂L/∂θ for a listener that is held fixed, [N, messages] row by row.
///
/// # Errors
/// [`crate::Error::Mismatch`] if speaker and listener are not of the same objects and messages.
pub fn total_gradient(speaker: &Speaker, listener: &Listener) -> Result<Vec<f64>> {
    mixed_gradient(speaker, listener, 1.0)
}

/// The gradient of `L_info + α L_adapt` for a listener that is held fixed: the reward is α log ρ + (1 − α) log ρ*.
///
/// # Errors
/// [`crate::Error::Mismatch`] if speaker and listener are not of the same objects and messages.
pub fn mixed_gradient(speaker: &Speaker, listener: &Listener, alpha: f64) -> Result<Vec<f64>> {
    check(speaker, listener)?;
    Ok(gradient(speaker, &[(alpha, listener), (1.0 - alpha, &speaker.bayes_listener())]))
}

fn gradient(speaker: &Speaker, rewards: &[(f64, &Listener)]) -> Vec<f64> {
    let num_messages = speaker.num_messages();
    let mut gradient = Vec::with_capacity(speaker.num_objects() * num_messages);
    for object in 0..speaker.num_objects() {
        // π r, which is 0 where π is.
        let weighted: Vec<f64> = (0..num_messages)
            .map(|message| {
                let pi = speaker.probability(object, message);
                let parts = rewards.iter().filter(|&&(weight, _)| weight != 0.0 && pi > 0.0);
                parts.map(|(weight, listener)| pi * weight * listener.probability(message, object).ln()).sum()
            })
            .collect();
        let mean: f64 = weighted.iter().sum();
        gradient.extend(weighted.iter().enumerate().map(|(message, weighted)| {
            -speaker.prior(object) * (weighted - speaker.probability(object, message) * mean)
        }));
    }
    gradient
}
