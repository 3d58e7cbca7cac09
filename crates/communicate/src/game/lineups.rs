//! Discrimination: which object is meant, among which.

use rand::Rng;
use rand::seq::index;
use serde::{Deserialize, Serialize};

use crate::rows::Rows;
use crate::{Error, Features, Result};

/// Where the objects come from that the listener has to tell the target from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Distractors {
    /// All other objects of the batch.
    #[default]
    InBatch,
    /// Drawn for each game.
    Sampled(Sampled),
}

/// So many for each game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampled {
    /// k, the distractors of a game.
    pub count: usize,
}

impl Default for Sampled {
    fn default() -> Self {
        Self { count: 9 }
    }
}

/// Games of discrimination: for each a target, which the speaker sees, and candidates, among which the listener looks for it.
///
/// ```
/// use autodidact_communicate::Features;
/// use autodidact_communicate::game::{Distractors, Lineups, Sampled};
/// use rand::SeedableRng;
///
/// let objects = Features::new((0..20).map(f64::from).collect(), 2)?;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let lineups = Lineups::new(&objects, &[3, 7], Distractors::Sampled(Sampled { count: 4 }), &mut rng)?;
/// assert_eq!((lineups.count(), lineups.num_candidates()), (2, 5));
/// assert_eq!(lineups.targets().get(1), objects.get(7));
/// assert_eq!(lineups.candidate(1, lineups.target(1)), objects.get(7));
/// # Ok::<(), autodidact_communicate::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Lineups {
    targets: Features,
    among: Among,
}

#[derive(Clone, Debug, PartialEq)]
enum Among {
    /// All targets are candidates of each game.
    Targets,
    /// Each game has its own candidates, the target first.
    Own {
        /// All objects that are candidates, each once.
        pool: Features,
        /// Their numbers in the pool, `[games, k + 1]`.
        candidates: Vec<usize>,
        num_candidates: usize,
    },
}

impl Lineups {
    /// A game for each object of these numbers. Distractors are drawn from all `objects`, without the target and without repeats;
    /// nothing is drawn if they are the other targets.
    ///
    /// # Errors
    /// [`Error::Empty`] without targets, [`Error::Distractors`] if there are fewer other objects than distractors.
    ///
    /// # Panics
    /// If there is no such object.
    pub fn new(
        objects: &Features,
        targets: &[usize],
        distractors: Distractors,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let Distractors::Sampled(Sampled { count }) = distractors else {
            return Ok(Self { targets: objects.select(targets)?, among: Among::Targets });
        };
        if count >= objects.count() {
            return Err(Error::Distractors { asked: count, objects: objects.count() });
        }
        let mut candidates = Vec::with_capacity(targets.len() * (count + 1));
        for &target in targets {
            candidates.push(target);
            let others = index::sample(rng, objects.count() - 1, count);
            candidates.extend(others.into_iter().map(|other| other + usize::from(other >= target)));
        }
        Self::of(objects, candidates, count + 1)
    }

    /// Games with candidates that are given: for each game the numbers of some of the `objects`, the target's first.
    ///
    /// # Errors
    /// [`Error::Empty`] without games or candidates, [`Error::Ragged`] if a game has more or fewer candidates than the first,
    /// [`Error::Candidate`] names a game with a candidate that is no object or is there twice.
    pub fn given(objects: &Features, candidates: &[impl AsRef<[usize]>]) -> Result<Self> {
        let rows = Rows::from_rows(candidates, "candidates")?;
        for (row, of_game) in rows.iter().enumerate() {
            let is_wrong = |&(place, object): &(usize, &usize)| {
                *object >= objects.count() || of_game[..place].contains(object)
            };
            if let Some((_, &candidate)) = of_game.iter().enumerate().find(is_wrong) {
                return Err(Error::Candidate { row, candidate, objects: objects.count() });
            }
        }
        Self::of(objects, rows.values().to_vec(), rows.columns())
    }

    /// From numbers of objects, so many for each game.
    fn of(objects: &Features, mut candidates: Vec<usize>, num_candidates: usize) -> Result<Self> {
        let targets: Vec<usize> = candidates.iter().copied().step_by(num_candidates).collect();
        let mut occurring = candidates.clone();
        occurring.sort_unstable();
        occurring.dedup();
        for candidate in &mut candidates {
            *candidate = occurring.binary_search(candidate).expect("it occurs");
        }
        let pool = objects.select(&occurring)?;
        Ok(Self {
            targets: objects.select(&targets)?,
            among: Among::Own { pool, candidates, num_candidates },
        })
    }

    /// The number of games.
    pub fn count(&self) -> usize {
        self.targets.count()
    }

    /// The target of each game.
    pub fn targets(&self) -> &Features {
        &self.targets
    }

    /// Candidates of a game, the target among them.
    pub fn num_candidates(&self) -> usize {
        match &self.among {
            Among::Targets => self.count(),
            Among::Own { num_candidates, .. } => *num_candidates,
        }
    }

    /// The place of the target among the candidates of a game.
    pub fn target(&self, game: usize) -> usize {
        match &self.among {
            Among::Targets => game,
            Among::Own { .. } => 0,
        }
    }

    /// A candidate of a game.
    ///
    /// # Panics
    /// If there is no such game or candidate.
    pub fn candidate(&self, game: usize, place: usize) -> &[f64] {
        self.pool().get(self.own(game).map_or(place, |own| own[place]))
    }

    /// The same games with other vectors for all candidates, made of [`Self::pool`].
    pub(crate) fn with_vectors(&self, make: impl FnOnce(&Features) -> Features) -> Self {
        match &self.among {
            Among::Targets => Self { targets: make(&self.targets), among: Among::Targets },
            Among::Own { pool, candidates, num_candidates } => {
                let pool = make(pool);
                let targets: Vec<usize> = candidates.iter().copied().step_by(*num_candidates).collect();
                let targets = pool.select(&targets).expect("there are games");
                let (candidates, num_candidates) = (candidates.clone(), *num_candidates);
                Self { targets, among: Among::Own { pool, candidates, num_candidates } }
            }
        }
    }

    /// The objects that are candidates, each once.
    pub(crate) fn pool(&self) -> &Features {
        match &self.among {
            Among::Targets => &self.targets,
            Among::Own { pool, .. } => pool,
        }
    }

    /// The numbers in the pool of a game's candidates; nothing if they are the whole pool.
    pub(crate) fn own(&self, game: usize) -> Option<&[usize]> {
        match &self.among {
            Among::Targets => None,
            Among::Own { candidates, num_candidates, .. } => {
                Some(&candidates[game * num_candidates..][..*num_candidates])
            }
        }
    }
}
