//! Which objects train, which validate and which test.

use std::collections::HashMap;

use rand::Rng;
use rand::seq::SliceRandom;

use super::inputs::Inputs;
use crate::{Error, Objects, Result};

/// Numbers of objects of the parts of a random split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Objects to train on.
    pub train: usize,
    /// Objects to choose or stop by.
    pub validation: usize,
    /// Objects to report.
    pub test: usize,
}

/// Which combinations are held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut {
    /// The two attributes whose combinations of values are held out.
    pub attributes: [usize; 2],
    /// The share of the combinations that occur, above 0 and below 1.
    pub share: f64,
    /// Objects to validate with; they are taken from those to train on.
    pub validation: usize,
}

/// Objects to train on, to validate with and to test with. What is stopped or chosen by the validation part must not be
/// reported on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split<X = Objects> {
    /// To train on.
    pub train: X,
    /// To choose or stop by.
    pub validation: X,
    /// To report.
    pub test: X,
}

impl<X: Inputs> Split<X> {
    /// Parts drawn at random, without objects in common if the objects differ. A test object has combinations of values that were
    /// trained on in part; see [`Self::held_out`] for a harder test.
    ///
    /// # Errors
    /// [`Error::TooFew`] if the sizes are more than the objects, [`Error::EmptyPart`] if one is 0.
    pub fn random(objects: &X, sizes: Sizes, rng: &mut impl Rng) -> Result<Self> {
        let Sizes { train, validation, test } = sizes;
        let asked = train.saturating_add(validation).saturating_add(test);
        if asked > objects.count() {
            return Err(Error::TooFew { asked, available: objects.count() });
        }
        let order = shuffled(0..objects.count(), rng);
        let (in_train, rest) = order.split_at(train);
        let (in_validation, rest) = rest.split_at(validation);
        Self::of(objects, in_train, in_validation, &rest[..test], "its size is 0")
    }

    /// Everything trains, validates and tests: nothing can be learnt by heart that is not asked for. The negative control of an
    /// experiment on overfitting.
    pub fn full(objects: &X) -> Self {
        Self { train: objects.clone(), validation: objects.clone(), test: objects.clone() }
    }

    fn of(
        objects: &X,
        train: &[usize],
        validation: &[usize],
        test: &[usize],
        reason: &'static str,
    ) -> Result<Self> {
        let select = |part: &'static str, indices: &[usize]| {
            objects.select(indices).map_err(|_| Error::EmptyPart { part, reason })
        };
        Ok(Self {
            train: select("train", train)?,
            validation: select("validation", validation)?,
            test: select("test", test)?,
        })
    }
}

impl Split {
    /// All objects with certain pairs of values test, and none of them trains: combinations that were never heard, of values that all
    /// were. Pairs are drawn one after the other; one is passed over if some value of any attribute would be left to the
    /// test alone.
    ///
    /// # Errors
    /// [`Error::Setting`] if the attributes are not two of the objects' or the share is not between 0 and 1, [`Error::TooFew`] if more
    /// objects are to validate than train, [`Error::EmptyPart`] if no pair can be held out or nothing is left to train on.
    pub fn held_out(objects: &Objects, held_out: HeldOut, rng: &mut impl Rng) -> Result<Self> {
        let HeldOut { attributes: [first, second], share, validation } = held_out;
        if first == second || first.max(second) >= objects.num_attributes() {
            return Err(Error::Setting {
                name: "attributes",
                value: format!("{first} and {second}"),
                expected: format!("two different ones below {}", objects.num_attributes()),
            });
        }
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::Setting {
                name: "share",
                value: share.to_string(),
                expected: "a number between 0 and 1, both left out".to_owned(),
            });
        }
        // Objects of each pair of values, in the order of the pairs.
        let mut of_pair: HashMap<(u32, u32), Vec<usize>> = HashMap::new();
        for (index, object) in objects.iter().enumerate() {
            of_pair.entry((object[first], object[second])).or_default().push(index);
        }
        let mut pairs: Vec<(u32, u32)> = of_pair.keys().copied().collect();
        pairs.sort_unstable();
        let wanted = ((share * pairs.len() as f64).round() as usize).max(1);

        let mut trained: Vec<HashMap<u32, usize>> = vec![HashMap::new(); objects.num_attributes()];
        for object in objects.iter() {
            trained
                .iter_mut()
                .zip(object)
                .for_each(|(counts, &value)| *counts.entry(value).or_default() += 1);
        }
        let mut tested = vec![false; objects.count()];
        let mut num_held_out = 0;
        for pair in shuffled(pairs, rng) {
            if num_held_out == wanted {
                break;
            }
            let mut without = trained.clone();
            for &index in &of_pair[&pair] {
                for (counts, value) in without.iter_mut().zip(objects.get(index)) {
                    *counts.get_mut(value).expect("every value was counted") -= 1;
                }
            }
            if without.iter().all(|counts| counts.values().all(|&count| count > 0)) {
                trained = without;
                of_pair[&pair].iter().for_each(|&index| tested[index] = true);
                num_held_out += 1;
            }
        }
        let (test, rest): (Vec<usize>, Vec<usize>) = (0..objects.count()).partition(|&index| tested[index]);
        if validation > rest.len() {
            return Err(Error::TooFew { asked: validation, available: rest.len() });
        }
        let rest = shuffled(rest, rng);
        let (in_validation, train) = rest.split_at(validation);
        Self::of(objects, train, in_validation, &test, "too few objects or values are left for it")
    }
}

fn shuffled<T>(items: impl IntoIterator<Item = T>, rng: &mut impl Rng) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.shuffle(rng);
    items
}
