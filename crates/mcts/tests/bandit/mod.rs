//! A choice between actions of known values: a model of one step.

use autodidact_mcts::{Model, Prediction, Predictions, Result};

#[derive(Clone, Debug)]
pub struct Bandit {
    pub logits: Vec<f32>,
    pub values: Vec<f32>,
}

impl Bandit {
    pub fn root(&self) -> Prediction<()> {
        let actions = (0..self.values.len() as u32).collect();
        Prediction { state: (), value: 0.0, actions, logits: self.logits.clone() }
    }

    pub fn prior(&self) -> Vec<f32> {
        let exps: Vec<f64> = self.logits.iter().map(|&logit| f64::from(logit).exp()).collect();
        let sum: f64 = exps.iter().sum();
        exps.iter().map(|exp| (exp / sum) as f32).collect()
    }
}

impl Model for Bandit {
    type State = ();

    fn num_actions(&self) -> usize {
        self.values.len()
    }

    /// What an action earns; nothing comes after it.
    fn recurrent(&self, steps: &[(&(), u32)], predictions: &mut Predictions<()>) -> Result<()> {
        for ((), action) in steps {
            predictions.states.push(());
            predictions.rewards.push(self.values[*action as usize]);
            predictions.discounts.push(0.0);
            predictions.values.push(0.0);
            predictions.logits.extend(&self.logits);
        }
        Ok(())
    }
}
