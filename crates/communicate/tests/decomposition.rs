//! `L = L_info + L_adapt` over random tables, its gradients, and what a factorised listener cannot say.

use autodidact_communicate::decomposition::{
    Decomposition, FactorisedListener, Listener, Speaker, conditional_total_correlation,
    information_gradient, mixed_gradient, total_gradient,
};
use autodidact_communicate::game::{Channel, ProductSpace};
use autodidact_communicate::measures::information;
use autodidact_communicate::{Error, Language, Objects};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// 3 attributes of 3 values, and 4 symbols with up to 3 positions: 27 objects and 40 messages.
struct Game {
    objects: Objects,
    num_messages: usize,
}

fn game() -> Game {
    let space = ProductSpace::uniform(3, 3).expect("a space");
    let num_messages = Channel::new(4, 3).expect("a channel").num_messages().expect("few");
    Game { objects: space.objects(27).expect("few"), num_messages }
}

/// Logits from nearly even to nearly certain.
fn logits(count: usize, scale: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..count).map(|_| scale * (2.0 * rng.random::<f64>() - 1.0)).collect()
}

fn prior(count: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let weights: Vec<f64> = (0..count).map(|_| rng.random::<f64>() + 0.01).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_loss_is_the_sum_of_its_parts(seed: u64, speaker_scale in 0.0..30.0, listener_scale in 0.0..30.0) {
        let Game { objects, num_messages } = game();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let size = objects.count() * num_messages;
        let speaker = Speaker::from_logits(
            prior(objects.count(), &mut rng), logits(size, speaker_scale, &mut rng), num_messages,
        ).expect("a speaker");
        let listener =
            Listener::from_logits(logits(size, listener_scale, &mut rng), objects.count()).expect("a listener");
        let of = Decomposition::new(&speaker, &listener).expect("fits");
        prop_assert!((of.total - of.information - of.adaptation).abs() < 1e-10, "{of:?}");
        prop_assert!(of.information >= 0.0 && of.adaptation >= 0.0 && of.total >= of.information);

        // The information loss is the speaker's alone, and the Bayes listener reaches it.
        let best = Decomposition::new(&speaker, &speaker.bayes_listener()).expect("fits");
        prop_assert_eq!(best.information, of.information);
        prop_assert!(best.adaptation.abs() < 1e-10 && (best.total - of.information).abs() < 1e-10);
    }

    #[test]
    fn a_factorised_listener_misses_the_total_correlation(seed: u64, scale in 0.0..30.0, share in 0.1..1.0) {
        let Game { objects, num_messages } = game();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // A part of the space, as a split has it.
        let kept: Vec<usize> = (0..27).filter(|&object| object == 0 || rng.random::<f64>() < share).collect();
        let objects = objects.select(&kept).expect("the first is there");
        let logits = logits(objects.count() * num_messages, scale, &mut rng);
        let speaker =
            Speaker::from_logits(prior(objects.count(), &mut rng), logits, num_messages).expect("a speaker");
        let gap = conditional_total_correlation(&speaker, &objects).expect("fits");
        let best = FactorisedListener::best(&speaker, &objects).expect("fits").listener(&objects).expect("fits");
        let of = Decomposition::new(&speaker, &best).expect("fits");
        prop_assert!((of.adaptation - gap).abs() < 1e-10, "{of:?}, {gap}");
        prop_assert!((of.total - of.information - of.adaptation).abs() < 1e-10, "{of:?}");

        // Any other factorised listener is worse.
        let others = objects.num_values().into_iter().map(|values| {
            let logits = (0..num_messages * values as usize).map(|_| rng.random::<f64>()).collect();
            Listener::from_logits(logits, values as usize).expect("a listener")
        });
        let other = FactorisedListener::new(others.collect()).expect("attributes").listener(&objects).expect("fits");
        prop_assert!(Decomposition::new(&speaker, &other).expect("fits").adaptation >= gap - 1e-10);
    }

    #[test]
    fn gradients_equal_central_differences(seed: u64, scale in 0.1..4.0, alpha in 0.0..1.0) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (num_objects, num_messages) = (5, 7);
        let prior = prior(num_objects, &mut rng);
        let theta = logits(num_objects * num_messages, scale, &mut rng);
        let listener = Listener::from_logits(logits(num_objects * num_messages, scale, &mut rng), num_objects)
            .expect("a listener");
        let at = |theta: &[f64]| {
            Speaker::from_logits(prior.clone(), theta.to_vec(), num_messages).expect("a speaker")
        };
        let loss = |theta: &[f64]| Decomposition::new(&at(theta), &listener).expect("fits");
        let speaker = at(&theta);
        let information = information_gradient(&speaker);
        let total = total_gradient(&speaker, &listener).expect("fits");
        let mixed = mixed_gradient(&speaker, &listener, alpha).expect("fits");
        let step = 1e-5;
        for at in 0..theta.len() {
            let moved = |by: f64| {
                let mut theta = theta.clone();
                theta[at] += by;
                loss(&theta)
            };
            let (up, down) = (moved(step), moved(-step));
            let slope = |of: fn(&Decomposition) -> f64| (of(&up) - of(&down)) / (2.0 * step);
            let of_information = slope(|loss| loss.information);
            let of_adaptation = slope(|loss| loss.adaptation);
            // Central differences of losses of about 1 are good to 1e-16 / 1e-5 + (1e-5)².
            prop_assert!((information[at] - of_information).abs() < 1e-8);
            prop_assert!((total[at] - slope(|loss| loss.total)).abs() < 1e-8);
            prop_assert!((mixed[at] - (of_information + alpha * of_adaptation)).abs() < 1e-8);
        }
    }
}

/// A speaker who says exactly what a language has written down loses what the language's own measure says, there in bits.
#[test]
fn the_information_loss_of_a_language_is_its_conditional_entropy() {
    let objects = ProductSpace::uniform(2, 3).expect("a space").objects(9).expect("few");
    let messages = Channel::new(4, 1).expect("a channel").messages(4).expect("few");
    // The first attribute alone is told.
    let said: Vec<usize> = objects.attribute(0).map(|value| value as usize + 1).collect();
    let table = said
        .iter()
        .flat_map(|&said| (0..4).map(move |message| f64::from(u8::from(message == said))))
        .collect();
    let speaker = Speaker::uniform_prior(table, 4).expect("a speaker");
    let of = Decomposition::new(&speaker, &speaker.bayes_listener()).expect("fits");
    assert!((of.information - 3_f64.ln()).abs() < 1e-12);
    let symbols = said.iter().map(|&said| messages.get(said)[0]).collect();
    let written = autodidact_communicate::Messages::new(symbols, 1).expect("a table");
    let language = Language::new(objects, written).expect("as many");
    assert!((information::lost(&language) * 2_f64.ln() - of.information).abs() < 1e-12);
    // A message that is never said tells what was known before.
    assert_eq!(speaker.bayes_listener().probability(0, 4), 1.0 / 9.0);
}

/// Two objects that differ in both attributes share a message: each attribute is even, both are one coin. `L_info` is log 2 and the
/// best factorised listener has 2 log 2.
#[test]
fn dependent_attributes_cost_a_factorised_listener_one_coin() {
    let objects = Objects::from_rows(&[[0, 0], [1, 1]]).expect("a table");
    let speaker = Speaker::uniform_prior(vec![1.0, 1.0], 1).expect("a speaker");
    let best = FactorisedListener::best(&speaker, &objects).expect("fits").listener(&objects).expect("fits");
    let of = Decomposition::new(&speaker, &best).expect("fits");
    let coin = 2_f64.ln();
    assert!((of.information - coin).abs() < 1e-12 && (of.total - 2.0 * coin).abs() < 1e-12);
    assert!((conditional_total_correlation(&speaker, &objects).expect("fits") - coin).abs() < 1e-12);
}

/// Steps of a probe; their size is a little below 4, where steps of a softmax begin to diverge.
const STEPS: usize = 20_000;

/// The gradient of the cross-entropy with respect to logits of a softmax is p(m) (ρ − ρ*), message by message.
fn train(mut logits: Vec<f64>, targets: &[f64], of_message: &[f64], columns: usize) -> Listener {
    for _ in 0..STEPS {
        let listener = Listener::from_logits(logits.clone(), columns).expect("a listener");
        for (at, logit) in logits.iter_mut().enumerate() {
            let (message, column) = (at / columns, at % columns);
            // Divided by p(m), so that rare messages learn as fast.
            if of_message[message] > 0.0 {
                *logit -= 3.5 * (listener.probability(message, column) - targets[at]);
            }
        }
    }
    Listener::from_logits(logits, columns).expect("a listener")
}

/// A probe, a fresh listener trained on what the frozen speaker says, measures `L_info` if it can say what the Bayes listener says, and more by
/// the total correlation if it has a softmax for each attribute.
#[test]
fn probes_converge_to_what_they_can_represent() {
    let Game { objects, num_messages } = game();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let count = objects.count();
    let theta = logits(count * num_messages, 3.0, &mut rng);
    let speaker = Speaker::from_logits(prior(count, &mut rng), theta, num_messages).expect("a speaker");
    let of_message: Vec<f64> =
        (0..num_messages).map(|message| speaker.message_probability(message)).collect();
    let bayes = speaker.bayes_listener();
    let targets: Vec<f64> = (0..num_messages)
        .flat_map(|message| (0..count).map(move |object| (message, object)))
        .map(|(message, object)| bayes.probability(message, object))
        .collect();
    let start = logits(targets.len(), 1.0, &mut rng);
    let probe = train(start, &targets, &of_message, count);
    let of_probe = Decomposition::new(&speaker, &probe).expect("fits");
    // What is left after so many steps; the rate slows down where probabilities go to 0.
    assert!(of_probe.adaptation < 1e-6, "{of_probe:?}");

    let attributes = (0..3).map(|attribute| {
        let mut targets = vec![0.0; num_messages * 3];
        for message in 0..num_messages {
            for (object, value) in objects.attribute(attribute).enumerate() {
                targets[message * 3 + value as usize] += bayes.probability(message, object);
            }
        }
        let start = logits(targets.len(), 1.0, &mut rng);
        train(start, &targets, &of_message, 3)
    });
    let factorised = FactorisedListener::new(attributes.collect()).expect("attributes");
    let of_probe = Decomposition::new(&speaker, &factorised.listener(&objects).expect("fits")).expect("fits");
    let gap = conditional_total_correlation(&speaker, &objects).expect("fits");
    assert!(gap > 0.1, "attributes depend on each other: {gap}");
    assert!((of_probe.adaptation - gap).abs() < 1e-6, "{of_probe:?}, {gap}");
}

#[test]
fn a_listener_that_excludes_what_is_meant_has_infinite_loss() {
    let speaker = Speaker::uniform_prior(vec![1.0, 0.0, 0.5, 0.5], 2).expect("a speaker");
    let listener = Listener::new(vec![0.0, 1.0, 0.0, 1.0], 2).expect("a listener");
    let of = Decomposition::new(&speaker, &listener).expect("fits");
    assert_eq!((of.total, of.adaptation), (f64::INFINITY, f64::INFINITY));
    assert!(of.information.is_finite());
    // Excluding what is never meant costs nothing.
    let listener = Listener::new(vec![0.7, 0.3, 0.0, 1.0], 2).expect("a listener");
    assert!(Decomposition::new(&speaker, &listener).expect("fits").total.is_finite());
}

#[test]
fn tables_that_are_no_distributions_name_the_row() {
    let message = |error: Error| error.to_string();
    let sum = message(Speaker::uniform_prior(vec![0.5, 0.5, 0.5, 0.6], 2).unwrap_err());
    assert!(sum.contains("row 1 of the speaker's probabilities is no distribution: its sum is 1.1"), "{sum}");
    let negative = message(Listener::new(vec![1.5, -0.5], 2).unwrap_err());
    assert!(
        negative.contains("row 0 of the listener's probabilities") && negative.contains("number 1 is -0.5")
    );
    assert!(Listener::from_logits(vec![0.0, f64::NAN], 2).is_err());
    assert!(Listener::from_logits(vec![f64::NEG_INFINITY; 2], 2).is_err());
    let certain = Listener::from_logits(vec![f64::NEG_INFINITY, 3.0], 2).expect("a probability of 0");
    assert_eq!((certain.probability(0, 0), certain.probability(0, 1)), (0.0, 1.0));
    assert!(matches!(Speaker::new(vec![1.0], vec![0.5; 4], 2), Err(Error::Lengths { first: 1, second: 2 })));
    assert!(
        message(Speaker::new(vec![0.5, 0.6], vec![0.5; 4], 2).unwrap_err())
            .contains("objects' probabilities")
    );
    let speaker = Speaker::uniform_prior(vec![0.5; 4], 2).expect("a speaker");
    let other = Listener::new(vec![0.5; 6], 2).expect("a listener");
    let mismatch = message(Decomposition::new(&speaker, &other).unwrap_err());
    assert!(mismatch.contains("the listener knows 3 messages, the speaker 2"), "{mismatch}");
    assert!(total_gradient(&speaker, &other).is_err());
    let objects = Objects::from_rows(&[[0], [1], [2]]).expect("a table");
    assert!(matches!(conditional_total_correlation(&speaker, &objects), Err(Error::Mismatch { .. })));
    assert!(matches!(FactorisedListener::new(vec![]), Err(Error::Empty { .. })));
    let one =
        FactorisedListener::new(vec![Listener::new(vec![0.5; 4], 2).expect("a listener")]).expect("one");
    assert!(matches!(one.listener(&objects), Err(Error::Attribute { row: 2, value: 2, .. })));
}
