//! Spaces, samples and splits of reconstruction games.

use std::collections::HashSet;

use autodidact_communicate::game::{Channel, HeldOut, ProductSpace, Sizes, Split};
use autodidact_communicate::{Error, Messages, Objects};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn set(objects: &Objects) -> HashSet<Vec<u32>> {
    objects.iter().map(<[u32]>::to_vec).collect()
}

#[test]
fn a_space_has_every_combination_once_and_in_order() {
    let space = ProductSpace::new(&[2, 1, 3]).expect("a space");
    let objects = space.objects(6).expect("few");
    let rows: Vec<&[u32]> = objects.iter().collect();
    assert_eq!(rows, [[0, 0, 0], [0, 0, 1], [0, 0, 2], [1, 0, 0], [1, 0, 1], [1, 0, 2]]);
    for (index, object) in objects.iter().enumerate() {
        assert_eq!(space.index(object), Some(index));
        assert_eq!(space.object(index), object);
    }
    assert_eq!((space.index(&[0, 1, 0]), space.index(&[0, 0])), (None, None));
}

#[test]
fn samples_of_a_large_space_do_not_repeat_and_follow_the_seed() {
    let space = ProductSpace::uniform(6, 10).expect("a space");
    let sample = space.sample(5000, &mut rng(1)).expect("enough");
    assert_eq!(set(&sample).len(), 5000);
    assert_eq!(sample, space.sample(5000, &mut rng(1)).expect("enough"));
    assert_ne!(sample, space.sample(5000, &mut rng(2)).expect("enough"));
    // Every value of every attribute is drawn about as often: 500 times, with a standard deviation of 21.
    for attribute in 0..6 {
        for value in 0..10 {
            let count = sample.attribute(attribute).filter(|&other| other == value).count();
            assert!((350..650).contains(&count), "{count}");
        }
    }
    let small = ProductSpace::uniform(2, 3).expect("a space");
    assert_eq!(set(&small.sample(9, &mut rng(3)).expect("all")).len(), 9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn random_parts_have_nothing_in_common(seed: u64, train in 1..40_usize, validation in 1..20_usize, test in 1..20_usize) {
        let objects = ProductSpace::uniform(4, 3).expect("a space").objects(81).expect("few");
        let split = Split::random(&objects, Sizes { train, validation, test }, &mut rng(seed)).expect("enough");
        prop_assert_eq!(split.train.count(), train);
        prop_assert_eq!(split.validation.count(), validation);
        prop_assert_eq!(split.test.count(), test);
        let all: HashSet<_> = [&split.train, &split.validation, &split.test].into_iter().flat_map(set).collect();
        prop_assert_eq!(all.len(), train + validation + test);
    }

    #[test]
    fn held_out_pairs_are_never_trained_on_and_their_values_are(
        seed: u64, share in 0.05..0.6, count in 60..200_usize, validation in 1..10_usize,
    ) {
        let objects =
            ProductSpace::new(&[4, 5, 3, 4]).expect("a space").sample(count, &mut rng(seed)).expect("enough");
        let held_out = HeldOut { attributes: [2, 1], share, validation };
        let split = Split::held_out(&objects, held_out, &mut rng(seed)).expect("enough");
        let pairs = |objects: &Objects| -> HashSet<[u32; 2]> {
            objects.iter().map(|object| [object[2], object[1]]).collect()
        };
        let trained = pairs(&split.train);
        prop_assert!(trained.is_disjoint(&pairs(&split.test)));
        prop_assert!(pairs(&split.validation).is_disjoint(&pairs(&split.test)));
        prop_assert_eq!(split.validation.count(), validation);
        prop_assert_eq!(split.train.count() + split.validation.count() + split.test.count(), count);
        let rest: HashSet<Vec<u32>> = set(&split.train).union(&set(&split.validation)).cloned().collect();
        for attribute in 0..4 {
            let values = |objects: Vec<u32>| objects.into_iter().collect::<HashSet<u32>>();
            let seen = values(rest.iter().map(|object| object[attribute]).collect());
            prop_assert_eq!(seen, values(objects.attribute(attribute).collect()));
        }
    }
}

#[test]
fn as_many_pairs_are_held_out_as_asked_for_where_there_is_room() {
    let objects = ProductSpace::uniform(4, 6).expect("a space").objects(1296).expect("few");
    let held_out = HeldOut { attributes: [0, 1], share: 0.25, validation: 100 };
    let split = Split::held_out(&objects, held_out, &mut rng(5)).expect("enough");
    // 9 of 36 pairs with 36 objects each.
    assert_eq!((split.test.count(), split.validation.count(), split.train.count()), (324, 100, 872));
    assert_eq!(split, Split::held_out(&objects, held_out, &mut rng(5)).expect("enough"));
    let full = Split::full(&objects);
    assert_eq!((&full.train, &full.validation, &full.test), (&objects, &objects, &objects));
}

#[test]
fn what_cannot_be_is_refused() {
    let message = |error: Error| error.to_string();
    assert!(
        message(ProductSpace::uniform(0, 3).unwrap_err()).contains("`attributes` is 0, expected at least 1")
    );
    assert!(message(ProductSpace::new(&[2, 0]).unwrap_err()).contains("`values` is 0"));
    assert!(message(ProductSpace::uniform(100, 10).unwrap_err()).contains("64 bits"));
    let space = ProductSpace::uniform(2, 3).expect("a space");
    assert!(message(space.objects(8).unwrap_err()).contains("these are 9; draw a sample"));
    assert!(matches!(space.sample(10, &mut rng(0)), Err(Error::TooFew { asked: 10, available: 9 })));
    assert!(matches!(space.sample(0, &mut rng(0)), Err(Error::Empty { .. })));
    let objects = space.objects(9).expect("few");
    let split =
        |train, validation, test| Split::random(&objects, Sizes { train, validation, test }, &mut rng(0));
    assert!(matches!(split(5, 3, 2), Err(Error::TooFew { asked: 10, available: 9 })));
    assert!(matches!(split(5, 0, 2), Err(Error::EmptyPart { part: "validation", .. })));
    assert!(matches!(split(usize::MAX, 1, 1), Err(Error::TooFew { .. })));
    let held_out = |objects: &Objects, attributes, share, validation| {
        Split::held_out(objects, HeldOut { attributes, share, validation }, &mut rng(0))
    };
    assert!(message(held_out(&objects, [0, 0], 0.2, 1).unwrap_err()).contains("two different ones below 2"));
    assert!(message(held_out(&objects, [0, 2], 0.2, 1).unwrap_err()).contains("0 and 2"));
    for share in [0.0, 1.0, f64::NAN] {
        assert!(matches!(held_out(&objects, [0, 1], share, 1), Err(Error::Setting { name: "share", .. })));
    }
    assert!(matches!(held_out(&objects, [0, 1], 0.2, 8), Err(Error::TooFew { asked: 8, available: 7 })));
    // Every value occurs once, so that no pair can go.
    let diagonal = Objects::from_rows(&[[0, 0], [1, 1], [2, 2]]).expect("a table");
    assert!(matches!(held_out(&diagonal, [0, 1], 0.5, 1), Err(Error::EmptyPart { part: "test", .. })));
    assert!(Channel::new(0, 3).is_err() && Channel::new(3, 0).is_err());
    let messages = Messages::from_rows(&[[1, 0, 0], [1, 2, 0]]).expect("a table");
    Channel::new(3, 2).expect("a channel").check(&messages).expect("no word is longer");
    let longer = message(Channel::new(3, 1).expect("a channel").check(&messages).unwrap_err());
    assert!(longer.contains("at least 2, the length of the message in row 1"), "{longer}");
    assert!(matches!(
        Channel::new(2, 3).expect("a channel").check(&messages),
        Err(Error::Symbol { row: 1, .. })
    ));
}
