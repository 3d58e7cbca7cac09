//! Trees of messages: what they count, what they make certain, and where they are cut. Objects that languages share.

use autodidact_communicate::game::ProductSpace;
use autodidact_communicate::measures::{Prefix, message_tree, of_shared_objects};
use autodidact_communicate::{END, Error, Language, Messages, Objects};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn language(objects: &[[u32; 2]], messages: &[[u32; 3]]) -> Language {
    let objects = Objects::from_rows(objects).expect("objects");
    Language::new(objects, Messages::from_rows(messages).expect("messages")).expect("as many")
}

#[test]
fn a_message_that_others_continue_ends_in_a_branch_of_its_own() {
    let language = language(&[[0, 5], [0, 6], [0, 7], [1, 5]], &[[1, 0, 0], [1, 2, 0], [1, 2, 0], [3, 3, 3]]);
    let tree = message_tree(&language, 10);
    assert_eq!((tree.symbol, tree.objects, tree.messages), (None, 4, 3));
    let [one, three] = &tree.further[..] else { panic!("{tree:?}") };
    assert_eq!((one.symbol, one.objects, &one.certain[..]), (Some(1), 3, &[(0, 0)][..]));
    assert_eq!((three.symbol, three.objects, three.further.len()), (Some(3), 1, 0));
    assert_eq!(three.certain, [(0, 1), (1, 5)], "the object itself");
    let [two, end] = &one.further[..] else { panic!("{one:?}") };
    assert_eq!((two.symbol, two.objects, &two.certain[..]), (Some(2), 2, &[][..]));
    assert_eq!((end.symbol, end.objects, &end.certain[..]), (Some(END), 1, &[(1, 5)][..]));
    assert!(!two.is_cut(), "its one message is told");
}

fn check(prefix: &Prefix, language: &Language, beginning: &mut Vec<u32>) -> usize {
    let rows: Vec<usize> =
        (0..language.count()).filter(|&row| language.messages().get(row).starts_with(beginning)).collect();
    assert_eq!(prefix.objects, rows.len(), "{beginning:?}");
    for &(attribute, value) in &prefix.certain {
        assert!(rows.iter().all(|&row| language.objects().get(row)[attribute] == value));
    }
    let mut objects = prefix.left_out.map_or(0, |(_, objects)| objects);
    let mut edge = usize::from(prefix.left_out.is_some());
    for further in &prefix.further {
        assert!(further.certain.iter().all(|one| !prefix.certain.iter().any(|other| one.0 == other.0)));
        objects += further.objects;
        beginning.push(further.symbol.expect("all but the first have one"));
        edge += check(further, language, beginning);
        beginning.pop();
    }
    if prefix.further.is_empty() {
        return 1;
    }
    assert_eq!(objects, prefix.objects);
    assert!(prefix.further.is_sorted_by(|one, other| one.objects >= other.objects));
    edge
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn branches_hold_the_objects_of_their_prefix(seed: u64, rows in 1_usize..60, vocab_size in 2_u32..30) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let objects = ProductSpace::uniform(3, 4).expect("a space").objects(64).expect("few");
        let symbols = (0..64 * 4).map(|_| rng.random_range(0..vocab_size)).collect();
        let language = Language::new(objects, Messages::new(symbols, 4).expect("messages")).expect("as many");
        let edge = check(&message_tree(&language, rows), &language, &mut Vec::new());
        prop_assert!(edge <= rows.max(1), "{edge} places, {rows} were asked for");
    }
}

#[test]
fn languages_are_compared_on_the_objects_that_they_share() {
    let one = language(&[[0, 0], [0, 1], [1, 0], [0, 0]], &[[1, 0, 0], [2, 0, 0], [3, 0, 0], [4, 0, 0]]);
    let other = language(&[[1, 0], [5, 5], [0, 0]], &[[7, 0, 0], [8, 0, 0], [9, 0, 0]]);
    let shared = of_shared_objects(&[one.clone(), other]).expect("two objects");
    let symbols = |messages: &Messages| messages.position(0).collect::<Vec<_>>();
    assert_eq!(symbols(&shared[0]), [1, 3], "the first message of an object");
    assert_eq!(symbols(&shared[1]), [9, 7]);
    let far = language(&[[9, 9]], &[[1, 0, 0]]);
    assert!(matches!(of_shared_objects(&[one, far]), Err(Error::NothingShared { languages: 2 })));
    assert!(matches!(of_shared_objects(&[]), Err(Error::Languages { found: 0 })));
}
