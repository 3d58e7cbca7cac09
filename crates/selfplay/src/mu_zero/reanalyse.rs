//! Old positions in the light of the present network.

use autodidact_experiment::rng::Stream;
use autodidact_mcts::Config;
use rand::RngExt;

use super::model::NetworkModel;
use super::trajectory::Trajectory;
use crate::Result;
use crate::replay::Replay;

/// Searches `count` positions of the window again, `at_once` of them at the same time, and replaces their policies and values (Reanalyse;
/// Schrittwieser et al. 2020, appendix H).
///
/// # Errors
/// Those of the search.
pub fn reanalyse(
    replay: &mut Replay<Trajectory>,
    model: &NetworkModel,
    search: &Config,
    [count, at_once]: [usize; 2],
    rng: &mut Stream,
) -> Result<()> {
    let numbers: Vec<u64> = (0..count).map(|_| replay.draw_number(rng)).collect();
    for numbers in numbers.chunks(at_once) {
        let (mut observations, mut legal) = (Vec::new(), Vec::new());
        for number in numbers {
            let (episode, ply) = replay.at(*number);
            observations.extend_from_slice(episode.observation(ply));
            legal.push(episode.legal[ply].clone());
        }
        let outputs = model.search_seen(search, observations, legal, rng.random())?;
        for (number, output) in numbers.iter().zip(outputs) {
            let (episode, ply) = replay.at_mut(*number);
            episode.policies[ply] = output.target;
            episode.values[ply] = output.value;
        }
    }
    Ok(())
}
