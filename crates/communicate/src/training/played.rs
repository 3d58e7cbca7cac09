//! What learning asks of a game: the same for objects of attributes, which are reconstructed, and for vectors of features, which are found
//! among others.

use autodidact_experiment::rng::Stream;

use crate::agents::Speaker;
use crate::decomposition::{Scored, bayes_among, bayes_scores};
use crate::game::{Distractors, Inputs, Lineups};
use crate::measures::topographic::{FeatureDistance, MessageDistance, topographic_similarity_of_features};
use crate::measures::{bosdis, posdis, topographic_similarity};
use crate::{Error, Features, Language, Messages, Objects, Result};

/// A table of objects that a game is played with.
pub trait Played: Inputs + Sync {
    /// What a listener is asked about some of them.
    type Question: Question<Self>;

    /// Asks about the objects of these numbers; distractors are other objects of the table, if the game has any.
    ///
    /// # Errors
    /// Those of [`Inputs::select`] and [`Lineups::new`].
    fn ask(&self, indices: &[usize], distractors: Distractors, rng: &mut Stream) -> Result<Self::Question>;

    /// Visits an object as the input of a linear function: places of weights, and numbers other than 0. The weights of an attribute's
    /// values begin at `first`.
    fn visit(&self, object: usize, first: &[usize], each: &mut dyn FnMut(usize, f64));

    /// What messages about all of them are like.
    ///
    /// # Errors
    /// [`Error::Unequal`] if there are not as many messages as objects.
    fn structure(&self, messages: &Messages) -> Result<Structure>;
}

/// What a listener is asked.
pub trait Question<X>: Sync {
    /// The objects that the speaker sees.
    fn objects(&self) -> &X;

    /// Objects that each of them is told from, where these are given.
    fn num_candidates(&self) -> Option<usize>;

    /// Attributes that are told of each object, where it has any.
    fn num_attributes(&self) -> Option<usize>;

    /// What the Bayes listener makes of a message about each object. Unless there are candidates, it may be any object of `part`, where
    /// `indices` are those that are meant.
    fn bayes<S: Speaker<X>>(&self, speaker: &S, part: &X, indices: &[usize], messages: &Messages) -> Scored;
}

/// How the distances and symbols of messages go with their objects.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Structure {
    /// Topographic similarity, by attributes that differ or by the cosine distance of features.
    pub topographic_similarity: Option<f64>,
    /// [`posdis`].
    pub posdis: Option<f64>,
    /// [`bosdis`].
    pub bosdis: Option<f64>,
}

impl Played for Objects {
    type Question = Self;

    fn ask(&self, indices: &[usize], _distractors: Distractors, _rng: &mut Stream) -> Result<Self> {
        self.select(indices)
    }

    fn visit(&self, object: usize, first: &[usize], each: &mut dyn FnMut(usize, f64)) {
        self.get(object).iter().zip(first).for_each(|(&value, &first)| each(first + value as usize, 1.0));
    }

    fn structure(&self, messages: &Messages) -> Result<Structure> {
        let language = Language::new(self.clone(), messages.clone())?;
        Ok(Structure {
            topographic_similarity: topographic_similarity(&language),
            posdis: posdis(&language),
            bosdis: bosdis(&language),
        })
    }
}

impl Question<Self> for Objects {
    fn objects(&self) -> &Self {
        self
    }

    fn num_candidates(&self) -> Option<usize> {
        None
    }

    fn num_attributes(&self) -> Option<usize> {
        Some(self.num_attributes())
    }

    fn bayes<S: Speaker>(&self, speaker: &S, part: &Self, indices: &[usize], messages: &Messages) -> Scored {
        bayes_scores(speaker, part, indices, messages)
    }
}

impl Played for Features {
    type Question = Lineups;

    fn ask(&self, indices: &[usize], distractors: Distractors, rng: &mut Stream) -> Result<Lineups> {
        Lineups::new(self, indices, distractors, rng)
    }

    fn visit(&self, object: usize, _first: &[usize], each: &mut dyn FnMut(usize, f64)) {
        self.get(object).iter().enumerate().for_each(|(place, &value)| each(place, value));
    }

    /// The similarity is not defined if a vector is all zeros, which has no cosine to others.
    fn structure(&self, messages: &Messages) -> Result<Structure> {
        let (distance, edit) = (FeatureDistance::Cosine, MessageDistance::Edit);
        match topographic_similarity_of_features(self, messages, distance, edit) {
            Ok(topographic_similarity) => Ok(Structure { topographic_similarity, ..Structure::default() }),
            Err(Error::NoDirection { .. }) => Ok(Structure::default()),
            Err(error) => Err(error),
        }
    }
}

impl Question<Features> for Lineups {
    fn objects(&self) -> &Features {
        self.targets()
    }

    fn num_candidates(&self) -> Option<usize> {
        Some(self.num_candidates())
    }

    fn num_attributes(&self) -> Option<usize> {
        None
    }

    fn bayes<S: Speaker<Features>>(
        &self,
        speaker: &S,
        _part: &Features,
        _indices: &[usize],
        messages: &Messages,
    ) -> Scored {
        Scored { log_likelihoods: bayes_among(speaker, self, messages), factorised: Vec::new() }
    }
}
