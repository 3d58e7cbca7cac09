//! What holds for every language, and what measures give where they are not defined.

use autodidact_communicate::measures::topographic::{
    FeatureDistance, MessageDistance, edit_distance, spearman, topographic_similarity_by,
    topographic_similarity_of_features,
};
use autodidact_communicate::measures::{
    Summary, bosdis, context_independence, entropy, information, language_similarity, posdis,
    topographic_similarity, uniqueness, usage,
};
use autodidact_communicate::{Error, Features, Language, Messages, Objects};
use proptest::prelude::*;

const DISTANCES: [MessageDistance; 4] = [
    MessageDistance::Edit,
    MessageDistance::Words,
    MessageDistance::NormalizedWords,
    MessageDistance::Hamming,
];

fn of<const K: usize, const T: usize>(objects: &[[u32; K]], messages: &[[u32; T]]) -> Language {
    let objects = Objects::from_rows(objects).expect("objects");
    Language::new(objects, Messages::from_rows(messages).expect("messages")).expect("as many")
}

/// Objects of 1 to 4 attributes and messages of up to 70 positions, so that both ways to compute edit distances run.
fn languages() -> impl Strategy<Value = Language> {
    (2..30_usize, 1..5_usize, prop_oneof![1..8_usize, 60..70_usize], 1..6_u32).prop_flat_map(
        |(count, attributes, length, largest)| {
            let objects = prop::collection::vec(0..4_u32, count * attributes);
            let symbols = prop::collection::vec(0..=largest, count * length);
            (objects, symbols).prop_map(move |(objects, symbols)| {
                let objects = Objects::new(objects, attributes).expect("a table");
                Language::new(objects, Messages::new(symbols, length).expect("a table")).expect("as many")
            })
        },
    )
}

/// All distances, kept and ranked: what the counting must equal.
fn topographic_similarity_by_lists(language: &Language, distance: MessageDistance) -> Option<f64> {
    let (objects, messages) = (language.objects(), language.messages());
    let differ = |one: &[u32], other: &[u32]| one.iter().zip(other).filter(|(x, y)| x != y).count() as f64;
    let (mut of_objects, mut of_messages) = (Vec::new(), Vec::new());
    for one in 0..language.count() {
        for other in one + 1..language.count() {
            of_objects.push(differ(objects.get(one), objects.get(other)));
            let (word, other_word) = (messages.word(one), messages.word(other));
            of_messages.push(match distance {
                MessageDistance::Edit => edit_distance(messages.get(one), messages.get(other)) as f64,
                MessageDistance::Words => edit_distance(word, other_word) as f64,
                MessageDistance::NormalizedWords => {
                    edit_distance(word, other_word) as f64 / word.len().max(other_word.len()).max(1) as f64
                }
                _ => differ(messages.get(one), messages.get(other)),
            });
        }
    }
    spearman(&of_objects, &of_messages).expect("as long")
}

fn close(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-9,
        _ => one == other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn counted_pairs_are_all_pairs(language in languages()) {
        for distance in DISTANCES {
            let counted = topographic_similarity_by(&language, distance);
            let listed = topographic_similarity_by_lists(&language, distance);
            prop_assert!(close(counted, listed), "{distance:?}: {counted:?} {listed:?}");
        }
    }

    /// The Hamming distance of attributes is the square of the Euclidean one of one-hot vectors.
    #[test]
    fn features_that_are_attributes_give_the_same(language in languages()) {
        let one_hot: Vec<f64> = language
            .objects()
            .iter()
            .flatten()
            .flat_map(|&value| (0..4).map(move |other| f64::from(u8::from(other == value))))
            .collect();
        let features = Features::new(one_hot, 4 * language.objects().num_attributes()).expect("a table");
        for distance in DISTANCES {
            let of_objects = topographic_similarity_by(&language, distance);
            let of_features = topographic_similarity_of_features(
                &features, language.messages(), FeatureDistance::Euclidean, distance,
            ).expect("as many");
            prop_assert!(close(of_objects, of_features), "{of_objects:?} {of_features:?}");
        }
    }

    #[test]
    fn measures_stay_in_their_ranges(language in languages()) {
        let summary = Summary::new(&language, MessageDistance::Edit);
        for share in [summary.posdis, summary.bosdis, summary.context_independence] {
            prop_assert!(share.is_none_or(|share| (-1e-12..=1.0 + 1e-12).contains(&share)), "{summary:?}");
        }
        prop_assert!(summary.topographic_similarity.is_none_or(|rho| rho.abs() <= 1.0));
        let most = (language.count() as f64).log2() + 1e-9;
        prop_assert!(summary.messages.message_entropy <= most && summary.object_entropy <= most);
        // I = H(X) − H(X|M) = H(M) − H(M|X).
        let lost = summary.object_entropy - summary.mutual_information;
        prop_assert!((lost - summary.information_lost).abs() < 1e-9);
        let synonymy = summary.messages.message_entropy - summary.mutual_information;
        prop_assert!((synonymy - summary.synonymy).abs() < 1e-9);
        prop_assert!(summary.uniqueness <= summary.best_accuracy && summary.best_accuracy > 0.0);
        prop_assert_eq!(summary.uniqueness == 1.0, summary.best_accuracy == 1.0);
    }

    /// Neither the order of rows nor the names of values and of symbols matter, as long as the end stays the end.
    #[test]
    fn names_and_order_do_not_matter(language in languages(), turn in 0..30_usize) {
        let (objects, messages) = (language.objects(), language.messages());
        let order: Vec<usize> = (0..language.count()).map(|row| (row + turn) % language.count()).collect();
        let renamed: Vec<u32> = order
            .iter()
            .flat_map(|&row| messages.get(row))
            .map(|&symbol| if symbol == 0 { 0 } else { 1000 - symbol })
            .collect();
        let values = order.iter().flat_map(|&row| objects.get(row)).map(|value| 7 * (9 - value)).collect();
        let other = Language::new(
            Objects::new(values, objects.num_attributes()).expect("a table"),
            Messages::new(renamed, messages.max_length()).expect("a table"),
        ).expect("as many");
        let (one, other) = (
            Summary::new(&language, MessageDistance::Words),
            Summary::new(&other, MessageDistance::Words),
        );
        for (one, other) in [
            (one.topographic_similarity, other.topographic_similarity),
            (one.posdis, other.posdis),
            (one.bosdis, other.bosdis),
            (one.context_independence, other.context_independence),
            (Some(one.mutual_information), Some(other.mutual_information)),
            (Some(one.messages.symbol_entropy), Some(other.messages.symbol_entropy)),
            (Some(one.uniqueness), Some(other.uniqueness)),
        ] {
            prop_assert!(close(one, other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn what_follows_the_end_does_not_count(language in languages(), noise in 1..9_u32) {
        let messages = language.messages();
        let noisy: Vec<u32> = messages
            .iter()
            .zip(messages.words())
            .flat_map(|(message, word)| {
                let end = word.len();
                message.iter().enumerate().map(move |(at, &symbol)| if at > end { noise } else { symbol })
            })
            .collect();
        prop_assert_eq!(&Messages::new(noisy, messages.max_length()).expect("a table"), messages);
    }

    #[test]
    fn edit_distance_is_a_metric(
        a in prop::collection::vec(0..4_u32, 0..9), b in prop::collection::vec(0..4_u32, 0..9),
        c in prop::collection::vec(0..4_u32, 0..9),
    ) {
        let between = edit_distance(&a, &b);
        prop_assert_eq!(between, edit_distance(&b, &a));
        prop_assert_eq!(between == 0, a == b);
        prop_assert!(between <= edit_distance(&a, &c) + edit_distance(&c, &b));
        prop_assert!(between >= a.len().abs_diff(b.len()) && between <= a.len().max(b.len()));
    }
}

#[test]
fn one_row_has_entropies_but_no_similarity() {
    let language = of(&[[0, 1]], &[[1, 2]]);
    assert!(matches!(language.require(2), Err(Error::Rows { found: 1, needed: 2 })));
    let summary = Summary::new(&language, MessageDistance::Edit);
    assert_eq!(summary.topographic_similarity, None);
    assert_eq!((summary.posdis, summary.bosdis, summary.context_independence), (None, None, None));
    assert_eq!(
        (summary.messages.message_entropy, summary.mutual_information, summary.information_lost),
        (0.0, 0.0, 0.0)
    );
    assert_eq!(
        (summary.uniqueness, summary.best_accuracy, summary.messages.distinct_messages),
        (1.0, 1.0, 1)
    );
}

#[test]
fn one_message_for_everything_has_no_structure_to_measure() {
    let language = of(&[[0, 0], [0, 1], [1, 0], [1, 1]], &[[3, 1]; 4]);
    for distance in DISTANCES {
        assert_eq!(topographic_similarity_by(&language, distance), None);
    }
    assert_eq!((posdis(&language), bosdis(&language)), (None, None));
    // Each of the four values is meant by half of the messages with its symbol, and all its messages have it.
    assert_eq!(context_independence(&language), Some(0.5));
    assert_eq!(information::of_messages(&language), 0.0);
    assert_eq!(information::lost(&language), 2.0);
    assert_eq!((uniqueness(&language), usage::best_accuracy(&language)), (0.0, 0.25));
}

#[test]
fn objects_that_are_all_as_far_apart_have_no_topography() {
    // One attribute of different values: every distance is 1.
    let language = of(&[[0], [1], [2]], &[[1, 0], [1, 2], [3, 3]]);
    assert_eq!(topographic_similarity(&language), None);
    assert_eq!((posdis(&language), bosdis(&language)), (None, None), "there is no second attribute");
    let same = of(&[[4, 4]; 3], &[[1, 0], [1, 2], [3, 3]]);
    assert_eq!(context_independence(&same), None);
    assert_eq!(posdis(&same), Some(0.0));
}

#[test]
fn empty_messages_say_nothing() {
    let language = of(&[[0, 0], [1, 1]], &[[0, 5], [0, 6]]);
    assert_eq!(entropy::of_symbols(language.messages()), 0.0);
    assert_eq!(bosdis(&language), None);
    assert_eq!(context_independence(&language), Some(0.0));
    assert_eq!(language.messages().lengths().collect::<Vec<_>>(), [1, 1]);
    assert_eq!(language_similarity(language.messages(), language.messages()).expect("as many"), 1.0);
}

/// The little language with symbols of their own in Chaabouni et al. 2020, by hand: every position of two symbols tells of both attributes
/// alike.
#[test]
fn a_position_that_tells_of_both_attributes_alike_has_no_gap() {
    let language = of(&[[0, 0], [0, 1], [1, 0], [1, 1]], &[[1], [2], [3], [4]]);
    assert_eq!(information::of_positions(&language), [[1.0, 1.0]]);
    assert_eq!(posdis(&language), Some(0.0));
}

#[test]
fn bad_tables_name_the_row() {
    let message = |error: Error| error.to_string();
    let rows: [&[u32]; 3] = [&[1, 2], &[1, 2], &[1]];
    assert!(
        message(Messages::from_rows(&rows).unwrap_err()).starts_with("row 2 of the messages has 1 values")
    );
    assert!(message(Objects::new(vec![1, 2, 3], 2).unwrap_err()).contains("3 values of objects"));
    assert!(matches!(Objects::new(vec![], 2), Err(Error::Empty { rows: 0, columns: 2, .. })));
    assert!(matches!(Messages::new(vec![], 0), Err(Error::Empty { rows: 0, columns: 0, .. })));
    assert!(matches!(Objects::from_rows(&[[0_u32; 0]; 3]), Err(Error::Empty { rows: 3, columns: 0, .. })));
    let messages = Messages::from_rows(&[[1, 2], [1, 9], [0, 9]]).expect("a table");
    let outside = message(messages.check_vocabulary(9).unwrap_err());
    assert!(
        outside.contains("row 1 has the symbol 9 at position 1, outside of the vocabulary 0 to 8"),
        "{outside}"
    );
    messages.check_vocabulary(10).expect("what follows the end does not count");
    let objects = Objects::from_rows(&[[0, 3], [1, 0]]).expect("a table");
    let outside = message(objects.check_values(&[2, 3]).unwrap_err());
    assert!(
        outside.contains("row 0 has the value 3 of attribute 1, which has the values 0 to 2"),
        "{outside}"
    );
    assert!(matches!(Language::new(objects, messages), Err(Error::Unequal { objects: 2, messages: 3 })));
    let nan = Features::new(vec![0.0, 1.0, f64::NAN, 1.0], 2).unwrap_err();
    assert!(message(nan).starts_with("row 1 of the features has NaN in column 0"));
    let zero = Features::new(vec![1.0, 0.0], 1).expect("finite");
    let messages = Messages::from_rows(&[[1], [2]]).expect("a table");
    let similarity =
        |distance| topographic_similarity_of_features(&zero, &messages, distance, MessageDistance::Edit);
    assert!(matches!(similarity(FeatureDistance::Cosine), Err(Error::NoDirection { row: 1 })));
    assert_eq!(similarity(FeatureDistance::Euclidean).expect("fits"), None, "one pair has no correlation");
    assert!(matches!(spearman(&[1.0], &[1.0, 2.0]), Err(Error::Lengths { first: 1, second: 2 })));
    assert!(matches!(
        spearman(&[1.0, 2.0], &[1.0, f64::NAN]),
        Err(Error::NotFinite { row: 1, column: 1, .. })
    ));
    assert_eq!(spearman(&[], &[]).expect("as long"), None);
}
