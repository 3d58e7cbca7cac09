//! Probes: they converge to what their listeners can represent, say so when they do not, and tell easy languages from hard ones.

use std::sync::Mutex;

use autodidact_communicate::agents::{
    AgentConfig, Listener, RecurrentListener, RecurrentSpeaker, Speaker, TabularListener,
};
use autodidact_communicate::decomposition::{self, conditional_total_correlation};
use autodidact_communicate::game::{Channel, ProductSpace, Sizes, Split};
use autodidact_communicate::training::probe::{
    EaseConfig, OverfittingConfig, Part, ProbeConfig, Verdict, ease_of_learning, overfitting, probe,
    probe_language, probe_parts,
};
use autodidact_communicate::training::{
    DiscriminationConfig, GameConfig, Learner, RandomSplit, SplitConfig, TrainConfig,
};
use autodidact_communicate::{Features, Language, Messages, Objects};
use autodidact_experiment::rng::Seeds;
use rand::RngExt;
use rand::seq::SliceRandom;

const AGENT: AgentConfig = AgentConfig {
    hidden: 32,
    embedding: 16,
    layer_norm: true,
    cell: autodidact_communicate::agents::CellKind::Lstm,
};

/// 27 objects, 40 messages, and a speaker whose messages depend on the objects although it has not learnt.
struct Game {
    space: ProductSpace,
    channel: Channel,
    objects: Objects,
    speaker: RecurrentSpeaker,
}

fn game() -> Game {
    let (space, channel) =
        (ProductSpace::uniform(3, 3).expect("a space"), Channel::new(4, 3).expect("a channel"));
    let mut speaker = RecurrentSpeaker::new(&AGENT, &space, channel, &mut Seeds::new(3).stream("speaker"));
    speaker.change(&mut |weights| weights.iter_mut().for_each(|weight| *weight *= 5.0));
    Game { objects: space.objects(27).expect("few"), space, channel, speaker }
}

impl Game {
    /// π(m|x) of all messages.
    fn table(&self) -> decomposition::Speaker {
        let messages = self.channel.messages(40).expect("few");
        let table = Mutex::new(vec![0.0; 27 * 40]);
        self.speaker.score(&self.objects, &messages, &|range, scores| {
            let mut table = table.lock().expect("no thread panicked");
            for (cell, score) in table[range.start * 40..].iter_mut().zip(scores) {
                *cell = score.exp();
            }
        });
        let mut table = table.into_inner().expect("no thread panicked");
        // f32 adds up to 1 within 1e-6.
        for row in table.chunks_exact_mut(40) {
            let sum: f64 = row.iter().sum();
            for probability in row.iter_mut() {
                *probability /= sum;
            }
        }
        decomposition::Speaker::uniform_prior(table, 40).expect("a speaker")
    }

    /// −log ρ(x|m) of a listener, summed over all objects and all messages with π(m|x) p(x).
    fn loss(&self, listener: &RecurrentListener) -> f64 {
        let messages = self.channel.messages(40).expect("few");
        let sums = Mutex::new(vec![0.0; 27]);
        self.speaker.score(&self.objects, &messages, &|range, scores| {
            for (object, scores) in range.zip(scores.chunks_exact(40)) {
                let repeated = self.objects.select(&[object; 40]).expect("objects");
                let likelihoods = listener.log_likelihood(&repeated, &messages);
                let terms = scores.iter().zip(likelihoods);
                let sum: f64 = terms.map(|(score, likelihood)| -score.exp() * f64::from(likelihood)).sum();
                sums.lock().expect("no thread panicked")[object] = sum;
            }
        });
        sums.into_inner().expect("no thread panicked").iter().sum::<f64>() / 27.0
    }

    fn listener(&self, seed: u64) -> RecurrentListener {
        RecurrentListener::new(&AGENT, &self.space, self.channel, &mut Seeds::new(seed).stream("listener"))
    }
}

/// The exact numbers are those of all messages, and one probe reaches each of them.
#[test]
fn a_probe_converges_to_what_its_listener_can_represent() {
    let game = game();
    let table = game.table();
    let information =
        decomposition::Decomposition::new(&table, &table.bayes_listener()).expect("fits").information;
    let gap = conditional_total_correlation(&table, &game.objects).expect("fits");
    assert!(gap > 0.1, "attributes depend on each other: {gap}");
    let loss = game.loss(&game.listener(1));

    let config = ProbeConfig { learning_rate: 0.02, decays: 3, samples: 400, ..ProbeConfig::default() };
    let agents = (&game.speaker, &game.listener(1));
    let free = TabularListener::new(&game.objects, game.channel).expect("small");
    let free = probe(agents, free, &game.objects, &config, &mut |_, _| {}).expect("it learns");
    let factorised =
        probe(agents, game.listener(2), &game.objects, &config, &mut |_, _| {}).expect("it learns");
    for probed in [&free, &factorised] {
        assert_eq!(probed.verdict, Verdict::Converged);
        // 27 · 400 messages whose losses differ by about 1: a standard error of 0.01.
        assert!(
            (probed.estimate.exact - information).abs() < 0.03,
            "{}, {information}",
            probed.estimate.exact
        );
        assert!((probed.estimate.factorised - information - gap).abs() < 0.03);
        // Of all messages, the listener of the game loses this, and the rest of it is adaptation.
        assert!((probed.loss - loss).abs() < 0.03, "{}, {loss}", probed.loss);
        assert!((probed.exact_adaptation - (loss - information)).abs() < 0.03);
    }
    assert!((free.adaptation - (loss - information)).abs() < 0.03, "{}", free.adaptation);
    let of_factorised = loss - information - gap;
    assert!((factorised.adaptation - of_factorised).abs() < 0.06, "{}", factorised.adaptation);
    // The same messages for both sides: what is left is what 1040 logits learnt of noise.
    assert!(
        (free.estimate.information - free.estimate.exact).abs() < 5e-3,
        "{:?}",
        free.estimate.information
    );
    let of_factorised = &factorised.estimate;
    assert!(
        (of_factorised.information - of_factorised.factorised).abs() < 0.03,
        "{}, {}",
        of_factorised.information,
        of_factorised.factorised
    );
    assert!(of_factorised.information > of_factorised.exact + 0.5 * gap, "not to the information loss");
}

/// 2 attributes of 5 values.
fn small() -> TrainConfig {
    let mut config = TrainConfig::default();
    let split = SplitConfig::Random(RandomSplit { train: 13, validation: 6, test: 6 });
    config.game = GameConfig { attributes: 2, values: 5, objects: 0, split }.into();
    (config.channel.vocab_size, config.channel.max_length) = (6, 3);
    (config.speaker, config.listener) = (AGENT, AGENT);
    (config.learning.speaker_rate, config.learning.listener_rate) = (5e-3, 5e-3);
    config.updates = 300;
    config
}

fn trained(config: &TrainConfig) -> Learner<RecurrentSpeaker, RecurrentListener> {
    let (_, split) = config.objects().expect("objects");
    let mut learner = Learner::recurrent(config).expect("agents");
    for _ in 0..config.updates {
        learner.step(&split).expect("a step");
    }
    learner
}

#[test]
fn a_probe_that_had_no_time_says_so() {
    let config = small();
    let learner = trained(&config);
    let (_, split) = config.objects().expect("objects");
    let agents = (learner.speaker(), learner.listener());
    let after = |max_steps| {
        let probing = ProbeConfig { max_steps, learning_rate: 1e-2, ..ProbeConfig::default() };
        let fresh = |_: &Objects, seeds: Seeds| {
            let (space, channel) = (config.space()?, config.channel()?);
            Ok(RecurrentListener::new(&AGENT, &space, channel, &mut seeds.stream("listener")))
        };
        let probes =
            probe_parts(agents, &fresh, &split, &Part::ALL, &probing, &mut |_, _, _| {}).expect("it learns");
        assert!(probes.iter().all(|of| of.probed.estimate.objects == 6), "parts have the same size");
        probes
    };
    let of_train = |max_steps| after(max_steps).remove(0).probed;
    let hasty = of_train(3);
    assert_eq!((hasty.verdict, hasty.estimate.converged, hasty.estimate.steps), (Verdict::Failed, false, 3));
    assert!(hasty.adaptation < 0.0, "worse than the agents' own listener");
    let short = of_train(199);
    assert_eq!(short.verdict, Verdict::NotConverged);

    let probes = after(20_000);
    assert_eq!(probes, after(20_000), "a probe depends on its seed alone");
    for probe in &probes {
        let probed = &probe.probed;
        assert_eq!(probed.verdict, Verdict::Converged, "{:?}", probe.part);
        let excess = probed.estimate.information - probed.estimate.factorised;
        assert!(excess.abs() < 0.02, "{:?}: {excess}", probe.part);
        let curve = &probed.estimate.curve;
        assert_eq!(curve.last().map(|point| point.step), Some(probed.estimate.steps));
        assert!(curve.len() >= 40 && curve[0].loss > curve[curve.len() - 1].loss);
    }
    // The listener has learnt the objects that train, and not the others.
    assert!(probes[2].probed.adaptation > 5.0 * probes[0].probed.adaptation);
}

/// Each object of 4 attributes says its values, or the words of these objects are given to others.
fn languages() -> [Language; 2] {
    let objects = ProductSpace::uniform(4, 4).expect("a space").objects(256).expect("few");
    let words: Vec<Vec<u32>> =
        objects.iter().map(|object| object.iter().map(|value| value + 1).collect()).collect();
    let mut shuffled = words.clone();
    shuffled.shuffle(&mut Seeds::new(5).stream("words"));
    [words, shuffled].map(|words| {
        Language::new(objects.clone(), Messages::from_rows(&words).expect("messages")).expect("as many")
    })
}

/// What is built of parts is learnt sooner than what has to be learnt by heart (Li and Bowling 2019).
#[test]
fn a_compositional_language_is_easier_than_a_shuffled_one() {
    let config = EaseConfig { learning_rate: 5e-3, ..EaseConfig::default() };
    let [built, shuffled] = languages()
        .map(|language| ease_of_learning(&language, &AGENT, &config, &mut |_| {}).expect("it learns"));
    let [easy, hard] = [&built, &shuffled].map(|ease| ease.steps.expect("it is learnt"));
    assert!(2 * easy < hard, "{easy}, {hard}");
    for ease in [built, shuffled] {
        assert_eq!(ease.best_accuracy, 1.0);
        let (first, last) = (ease.curve[0], ease.curve[ease.curve.len() - 1]);
        assert_eq!((first.step, Some(last.step)), (0, ease.steps));
        assert!(first.accuracy < 0.5 && last.accuracy >= 0.99 && last.attribute_accuracy >= last.accuracy);
        assert!(ease.curve[..ease.curve.len() - 1].iter().all(|point| point.accuracy < 0.99));
        // About as good as a guess: 4 log 4.
        assert!((first.loss - 4.0 * 4_f64.ln()).abs() < 1.0 && last.loss < first.loss);
    }
}

#[test]
fn an_accuracy_that_messages_do_not_allow_is_not_reached() {
    let objects = Objects::from_rows(&[[0, 0], [0, 1], [1, 0], [1, 1]]).expect("objects");
    let messages = Messages::from_rows(&[[1], [1], [2], [3]]).expect("messages");
    let language = Language::new(objects, messages).expect("as many");
    let config = EaseConfig { max_steps: 205, learning_rate: 1e-2, ..EaseConfig::default() };
    let ease = ease_of_learning(&language, &AGENT, &config, &mut |_| {}).expect("it learns");
    assert_eq!((ease.steps, ease.best_accuracy), (None, 0.75));
    let last = ease.curve[ease.curve.len() - 1];
    assert_eq!((last.step, last.accuracy, last.attribute_accuracy), (205, 0.75, 0.875));
    let config = EaseConfig { accuracy: 0.75, ..config };
    assert!(ease_of_learning(&language, &AGENT, &config, &mut |_| {}).expect("it learns").steps.is_some());
}

/// Two objects of one message that differ in both attributes: `H(X|M)` is one coin for half of the rows, `Σ H(X_k|M)` two.
#[test]
fn a_probe_of_written_messages_converges_to_the_factorised_entropy() {
    let objects = Objects::from_rows(&[[0, 0], [1, 1], [2, 0], [2, 1]]).expect("objects");
    let messages = Messages::from_rows(&[[1, 0], [1, 0], [2, 1], [2, 2]]).expect("messages");
    let language = Language::new(objects, messages).expect("as many");
    let config = ProbeConfig { learning_rate: 1e-2, ..ProbeConfig::default() };
    let estimate = probe_language(&language, &AGENT, &config, &mut |_, _| {}).expect("it learns");
    let coin = 2_f64.ln();
    assert!((estimate.exact - 0.5 * coin).abs() < 1e-12 && (estimate.factorised - coin).abs() < 1e-12);
    assert!(estimate.converged && (estimate.information - coin).abs() < 5e-3, "{}", estimate.information);
}

#[test]
fn the_agent_that_learns_on_alone_is_told_to_overfit() {
    let mut config = TrainConfig { updates: 100, ..small() };
    (config.learning.entropy, config.learning.final_entropy) = (0.2, 0.02);
    let (_, split) = config.objects().expect("objects");
    let learner = trained(&config);
    let before = [learner.speaker().parameters(), learner.listener().parameters()].map(Clone::clone);
    let further = OverfittingConfig { steps: 305, every: 20, ..OverfittingConfig::default() };
    let mut told = Vec::new();
    let found = overfitting(&learner, &split, &further, &mut |agent, point| told.push((agent, point.step)))
        .expect("it learns");
    // The same beginning, as both are copies of the same agents.
    let [listener, speaker] = [&found.listener.curve, &found.speaker.curve];
    assert_eq!(listener[0], speaker[0]);
    let steps: Vec<u64> = listener.iter().map(|point| point.step).collect();
    assert_eq!(steps, (0..=15).map(|point| 20 * point).chain([305]).collect::<Vec<u64>>());
    assert_eq!(told.len(), 34);
    assert!(told[..17].iter().all(|&(agent, _)| agent == "listener"));
    for side in [&found.listener, &found.speaker] {
        let (first, last) = (side.curve[0], side.curve[side.curve.len() - 1]);
        assert!(last.train < first.train - 0.05, "it learns: {first:?} to {last:?}");
    }
    // 13 objects are learnt by heart by a listener that hears the same speaker all the time.
    assert!(found.listener.gap_growth > 0.2 && found.listener.validation_rise > 0.2, "{:?}", found.listener);
    let after = [learner.speaker().parameters(), learner.listener().parameters()].map(Clone::clone);
    assert_eq!(before, after, "the agents themselves do not change");
}

#[test]
fn agents_that_find_features_learn_on_alone_too() {
    let game = DiscriminationConfig {
        features: "none.npz".into(),
        projection: 8,
        ..DiscriminationConfig::default()
    };
    let config = TrainConfig { game: game.into(), batch_size: 8, ..small() };
    let mut rng = Seeds::new(9).stream("features");
    let features = Features::new((0..36 * 4).map(|_| rng.random::<f64>()).collect(), 4).expect("features");
    let split =
        Split::random(&features, Sizes { train: 16, validation: 10, test: 10 }, &mut rng).expect("a split");
    let learner = Learner::discriminating(&config, 4).expect("agents");
    let further = OverfittingConfig { steps: 400, every: 200, ..OverfittingConfig::default() };
    let found = overfitting(&learner, &split, &further, &mut |_, _| {}).expect("it learns");
    let [first, _, last] = found.listener.curve[..] else { panic!("{found:?}") };
    // A guess among 16, and better than one afterwards.
    assert!(
        (first.train - 16_f64.ln()).abs() < 0.5 && last.train < first.train - 0.1,
        "{first:?} to {last:?}"
    );
}
