//! How much time a move may take.

use std::time::Duration;

/// The moves that are still expected where nobody says.
const EXPECTED: u32 = 25;
/// The share of the time of a period that is used, since an answer takes its own.
const SHARE: f64 = 0.9;

/// A player's clock, as GTP sets it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clock {
    /// Seconds and the moves that must be made in them, 0 for all; nothing where time has no limit.
    left: Option<(f64, u32)>,
}

impl Clock {
    /// `time_settings`: main time, then periods of so many moves.
    pub fn set(main: u32, period: u32, stones: u32) -> Self {
        let left = match (main, period, stones) {
            // As the protocol says, a period without moves means no limit.
            (_, 1.., 0) => None,
            (0, _, stones) => Some((period.into(), stones)),
            (main, ..) => Some((main.into(), 0)),
        };
        Self { left }
    }

    /// `time_left`.
    pub fn left(seconds: u32, stones: u32) -> Self {
        Self { left: Some((seconds.into(), stones)) }
    }

    /// What the next move may take.
    pub fn share(self) -> Option<Duration> {
        self.left.map(|(seconds, stones)| {
            let moves = if stones == 0 { EXPECTED } else { stones };
            Duration::from_secs_f64(SHARE * seconds.max(0.0) / f64::from(moves))
        })
    }

    /// Takes off what a move took.
    pub fn spend(&mut self, spent: Duration) {
        if let Some((seconds, _)) = &mut self.left {
            *seconds -= spent.as_secs_f64();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_shared_out() {
        assert_eq!(Clock::default().share(), None);
        assert_eq!(Clock::set(600, 30, 0).share(), None);
        assert_eq!(Clock::set(0, 100, 10).share(), Some(Duration::from_secs(9)));
        let mut clock = Clock::set(250, 0, 0);
        assert_eq!(clock.share(), Some(Duration::from_secs(9)));
        clock.spend(Duration::from_secs(125));
        assert_eq!(clock.share(), Some(Duration::from_millis(4500)));
        clock.spend(Duration::from_mins(15));
        assert_eq!(clock.share(), Some(Duration::ZERO));
        assert_eq!(Clock::left(10, 1).share(), Some(Duration::from_secs(9)));
    }
}
