//! Sequential halving: which actions of the root are looked at next.

/// For each simulation, how often an action that is looked at in it was visited before: of `considered` actions, all are visited
/// equally often, then the better half of them, and so on while there are two (Karnin, Koren, Somekh 2013; Danihelka et al. 2022,
/// algorithm 2).
///
/// ```
/// assert_eq!(autodidact_mcts::considered_visits(4, 9), [0, 0, 0, 0, 1, 1, 2, 2, 3]);
/// ```
pub fn considered_visits(considered: u32, num_simulations: u32) -> Vec<u32> {
    (0..num_simulations).map(|made| considered_visit(considered, num_simulations, made)).collect()
}

/// The entry of [`considered_visits`] after so many simulations.
pub(crate) fn considered_visit(considered: u32, num_simulations: u32, made: u32) -> u32 {
    if considered <= 1 {
        return made;
    }
    let phases = considered.next_power_of_two().trailing_zeros();
    let (mut remaining, mut round, mut begun) = (considered, 0, 0);
    loop {
        let rounds = (num_simulations / (phases * remaining)).max(1);
        // The last two are looked at by turns until the end.
        if remaining == 2 || made - begun < rounds * remaining {
            return round + (made - begun) / remaining;
        }
        begun += rounds * remaining;
        round += rounds;
        remaining = (remaining / 2).max(2);
    }
}

#[cfg(test)]
mod tests {
    use super::considered_visits;

    /// Sequences that `get_sequence_of_considered_visits` of mctx 0.0.71 gives.
    #[test]
    fn sequences_are_mctxs() {
        assert_eq!(considered_visits(1, 4), [0, 1, 2, 3]);
        assert_eq!(considered_visits(2, 5), [0, 0, 1, 1, 2]);
        assert_eq!(considered_visits(3, 16), [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
        assert_eq!(considered_visits(4, 16), [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
        assert_eq!(considered_visits(5, 20), [0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8]);
        let long: Vec<u32> = [0; 16].into_iter().chain([1; 8]).chain([2, 2, 2, 2, 3, 3, 3, 3]).collect();
        assert_eq!(considered_visits(16, 32), long);
    }
}
