//! The tokens that can still be drawn.

/// A token and its logit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub id: u32,
    pub logit: f32,
}

/// All of them. After [`fill`](Self::fill) they are in the order of their ids, after any step that leaves out some in the order of their
/// logits.
#[derive(Clone, Debug, Default)]
pub(super) struct Candidates {
    all: Vec<Candidate>,
    is_sorted: bool,
}

/// Candidates that are looked at first where it is not known how many are needed.
const FIRST_LOOK: usize = 256;

impl Candidates {
    /// Begins anew with the logits of all tokens. One that is not a number becomes −∞.
    pub fn fill(&mut self, logits: &[f32]) {
        self.all.clear();
        self.all.extend(logits.iter().enumerate().map(|(id, &logit)| Candidate {
            id: id as u32,
            logit: if logit.is_nan() { f32::NEG_INFINITY } else { logit },
        }));
        self.is_sorted = false;
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The logit of a token, while none are left out.
    pub fn logit_mut(&mut self, id: u32) -> Option<&mut f32> {
        debug_assert!(!self.is_sorted);
        self.all.get_mut(id as usize).map(|candidate| &mut candidate.logit)
    }

    pub fn divide(&mut self, temperature: f32) {
        // The largest becomes 0, so that no temperature makes it infinite.
        let largest = self.all.iter().map(|candidate| candidate.logit).fold(f32::NEG_INFINITY, f32::max);
        for candidate in &mut self.all {
            candidate.logit = (candidate.logit - largest) / temperature;
        }
    }

    /// The most likely, in their order; of equals the smaller id. Those behind them are in no order.
    pub fn best(&mut self, count: usize) -> &[Candidate] {
        let count = count.min(self.all.len());
        if !self.is_sorted {
            let order = |a: &Candidate, b: &Candidate| b.logit.total_cmp(&a.logit).then(a.id.cmp(&b.id));
            if count < self.all.len() {
                self.all.select_nth_unstable_by(count, order);
            }
            self.all[..count].sort_unstable_by(order);
        }
        &self.all[..count]
    }

    /// Leaves all but the most likely out.
    pub fn keep_best(&mut self, count: usize) {
        let kept = self.best(count).len();
        self.truncate(kept);
    }

    /// Leaves out what is not needed for a probability, the least likely first. One stays at least.
    pub fn keep_probability(&mut self, probability: f32) {
        let largest = self.best(1)[0].logit;
        let power = |candidate: &Candidate| f64::from((candidate.logit - largest).exp());
        let needed = f64::from(probability) * self.all.iter().map(power).sum::<f64>();
        let mut look = FIRST_LOOK;
        loop {
            let best = self.best(look);
            let mut sum = 0.0;
            let enough = best.iter().position(|candidate| {
                sum += power(candidate);
                sum >= needed
            });
            let is_all = best.len() < look;
            if let Some(last) = enough {
                return self.truncate(last + 1);
            }
            if is_all {
                let all = self.all.len();
                return self.truncate(all);
            }
            look *= 8;
        }
    }

    /// Leaves out what has less than this share of the probability of the most likely.
    pub fn keep_share(&mut self, share: f32) {
        let least = self.best(1)[0].logit + share.ln();
        self.all.retain(|candidate| candidate.logit >= least);
    }

    fn truncate(&mut self, kept: usize) {
        self.all.truncate(kept);
        self.is_sorted = true;
    }

    /// The token at a place in `[0, 1)` of all probability.
    pub fn draw(&self, place: f64) -> u32 {
        let largest = self.all.iter().map(|candidate| candidate.logit).fold(f32::NEG_INFINITY, f32::max);
        let power = |candidate: &Candidate| f64::from((candidate.logit - largest).exp());
        let total: f64 = self.all.iter().map(power).sum();
        let mut left = place * total;
        let mut last = self.all[0].id;
        for candidate in &self.all {
            let power = power(candidate);
            if power > 0.0 {
                last = candidate.id;
                if left < power {
                    break;
                }
            }
            left -= power;
        }
        last
    }
}
