//! The Gumbel-softmax: a whole step against `PyTorch`'s in double precision (`reference/gumbel.py` makes the values), messages that are
//! certain against those of symbols, learning, runs that go on, settings that have no meaning with it.

#[expect(dead_code, reason = "the speaker has no rewards here")]
mod parity;

use std::collections::BTreeSet;

use autodidact_communicate::agents::{
    AgentConfig, CellKind, Listener, NetworkDiscriminator, NetworkListener, NetworkSpeaker, Relaxation,
    RelaxedHearing, RelaxedListener, RelaxedMessages, RelaxedSpeaker, Speaker, TransformerConfig,
    gumbel_noise,
};
use autodidact_communicate::game::{Channel, Distractors, Lineups, ProductSpace, Sampled};
use autodidact_communicate::training::{
    BaselineKind, Estimator, GameConfig, Learner, Outcome, RandomSplit, Regime, SplitConfig, TrainConfig,
    evaluate, relaxed_loss, restore, train,
};
use autodidact_communicate::{Error, Features, Messages, Objects};
use autodidact_experiment::run::RunDirectory;
use autodidact_experiment::settings::layer;
use parity::{TOLERANCE, agent, assert_close, check_gradient, load, numbers, rows, singles, size};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("reference/gumbel.json")).expect("the reference is JSON")
}

#[test]
fn a_whole_step_equals_pytorch() {
    for case in cases() {
        let space =
            ProductSpace::uniform(size(&case, "attributes"), size(&case, "values") as u32).expect("a space");
        let channel =
            Channel::new(size(&case, "vocab_size") as u32, size(&case, "max_length")).expect("a channel");
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut speaker = NetworkSpeaker::new(&agent(&case, 0), &space, channel, &mut rng);
        let mut listener = NetworkListener::new(&agent(&case, 1), &space, channel, &mut rng);
        let weights = load(speaker.parameters(), &case["speaker"]["values"]);
        speaker.change(&mut |values| values.copy_from_slice(&weights));
        let weights = load(listener.parameters(), &case["listener"]["values"]);
        listener.change(&mut |values| values.copy_from_slice(&weights));
        let objects = Objects::from_rows(&rows(&case["objects"])).expect("objects");
        let number = |name: &str| case[name].as_f64().expect("a number");
        let relaxation = Relaxation {
            temperature: number("temperature"),
            straight_through: case["straight_through"].as_bool().expect("a flag"),
        };

        let mut hear = |messages: &RelaxedMessages| {
            assert_close("what is said", messages.values(), &numbers(&case["said"]));
            assert_close("weights", &messages.weights(), &numbers(&case["weights"]));
            let heard = listener.relaxed_gradient(&objects, messages, None);
            assert_close("losses", &heard.losses, &numbers(&case["losses"]));
            check_gradient("listener", listener.parameters(), &heard.gradient, &case["listener"]["gradient"]);
            let loss = relaxed_loss(messages, &heard, number("length_cost"));
            assert!((loss.loss / number("loss") - 1.0).abs() < TOLERANCE, "the loss");
            assert!((loss.length / number("length") - 1.0).abs() < TOLERANCE, "the length");
            loss.of_symbols
        };
        let learning = (relaxation, number("entropy_weight"));
        let said = speaker.relaxed_gradient(&objects, &singles(&case["noise"]), learning, &mut hear);
        assert!((said.entropy / number("entropy") - 1.0).abs() < TOLERANCE, "the entropy");
        check_gradient("speaker", speaker.parameters(), &said.gradient, &case["speaker"]["gradient"]);
    }
}

fn agents() -> [AgentConfig; 3] {
    let config = |cell| AgentConfig { cell, hidden: 16, embedding: 16, layer_norm: true };
    let sizes = TransformerConfig { layers: 2, heads: 2 };
    [config(CellKind::Lstm), config(CellKind::Gru), config(CellKind::Transformer(sizes))]
}

/// Mixtures that are certain.
fn certain(messages: &Messages, vocab_size: usize) -> RelaxedMessages {
    let symbols = messages.iter().flatten();
    let values =
        symbols.flat_map(|&own| (0..vocab_size).map(move |s| f32::from(u8::from(s == own as usize))));
    RelaxedMessages::new(values.collect(), [messages.max_length(), vocab_size])
}

fn random_messages(count: usize, channel: Channel, rng: &mut ChaCha8Rng) -> Messages {
    let length = channel.max_length();
    let symbols = (0..count * length).map(|_| rng.random_range(0..channel.vocab_size())).collect();
    Messages::new(symbols, length).expect("messages")
}

/// What a listener makes of mixtures that are certain is what it makes of the symbols.
fn check_certain(likelihoods: &[f32], gradient: &[f32], heard: &RelaxedHearing, messages: &RelaxedMessages) {
    let weighted: Vec<f32> =
        messages.weights().iter().zip(&heard.losses).map(|(weight, loss)| weight * loss).collect();
    let losses: Vec<f32> = weighted.chunks_exact(messages.max_length()).map(|row| row.iter().sum()).collect();
    let double = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
    let negative: Vec<f32> = likelihoods.iter().map(|value| -value).collect();
    assert_close("losses", &losses, &double(&negative));
    assert_close("the gradient", &heard.gradient, &double(gradient));
}

#[test]
fn certain_mixtures_are_heard_as_symbols() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let channel = Channel::new(4, 3).expect("a channel");
    let space = ProductSpace::uniform(3, 4).expect("a space");
    let objects = space.objects(64).expect("few");
    let rows: Vec<Vec<f64>> = (0..60).map(|_| (0..5).map(|_| rng.random::<f64>() - 0.5).collect()).collect();
    let features = Features::from_rows(&rows).expect("features");
    for config in agents() {
        let messages = random_messages(64, channel, &mut rng);
        let relaxed = certain(&messages, 4);
        let listener = NetworkListener::new(&config, &space, channel, &mut rng);
        let mask: Vec<f32> = (0..64 * 16).map(|_| rng.random_range(0..2) as f32 * 2.0).collect();
        for mask in [None, Some(&mask[..])] {
            let (likelihoods, gradient) = listener.gradient(&objects, &messages, mask);
            let heard = listener.relaxed_gradient(&objects, &relaxed, mask);
            check_certain(&likelihoods, &gradient, &heard, &relaxed);
        }
        let messages = random_messages(60, channel, &mut rng);
        let relaxed = certain(&messages, 4);
        let listener = NetworkDiscriminator::new(&config, [5, 7], channel, &mut rng);
        for distractors in [Distractors::InBatch, Distractors::Sampled(Sampled { count: 4 })] {
            let all: Vec<usize> = (0..60).collect();
            let lineups = Lineups::new(&features, &all, distractors, &mut rng).expect("games");
            let (likelihoods, gradient) = listener.gradient(&lineups, &messages, None);
            let heard = listener.relaxed_gradient(&lineups, &relaxed, None);
            check_certain(&likelihoods, &gradient, &heard, &relaxed);
        }
    }
}

#[test]
fn weights_add_up_and_noise_is_gumbels() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let noise = gumbel_noise(100_000, &mut rng);
    let mean = noise.iter().map(|&value| f64::from(value)).sum::<f64>() / 1e5;
    let variance = noise.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / 1e5;
    // Euler's constant and π²/6.
    assert!((mean - 0.577_215_66).abs() < 0.02, "{mean}");
    assert!((variance - 1.644_934).abs() < 0.05, "{variance}");
    let values = [0.25, 0.75, 0.5, 0.5, 0.125, 0.875].map(|value| value as f32).to_vec();
    let weights = RelaxedMessages::new(values, [3, 2]).weights();
    assert_eq!(weights, [0.25, 0.375, 0.375]);
}

fn small(agent: AgentConfig, relaxation: Relaxation) -> TrainConfig {
    let split = SplitConfig::Random(RandomSplit { train: 15, validation: 5, test: 5 });
    let mut config = TrainConfig { updates: 12, checkpoint_every: 5, ..TrainConfig::default() };
    config.game = GameConfig { attributes: 2, values: 5, objects: 0, split }.into();
    (config.channel.vocab_size, config.channel.max_length) = (6, 3);
    (config.speaker, config.listener) = (agent, agent);
    config.learning.estimator = Estimator::GumbelSoftmax(relaxation);
    config.evaluation.every = 6;
    config
}

fn weights(learner: &Learner<impl Speaker, impl Listener>) -> [Vec<u32>; 2] {
    [learner.speaker().parameters(), learner.listener().parameters()]
        .map(|parameters| parameters.values().iter().map(|value| value.to_bits()).collect())
}

#[test]
fn a_continued_run_equals_one_without_a_stop_on_any_threads() {
    let mut seen = BTreeSet::new();
    for (agent, straight_through) in agents().into_iter().zip([false, true, false]) {
        let mut config = small(agent, Relaxation { straight_through, ..Relaxation::default() });
        config.learning.dropout = 0.2;
        let folder = tempfile::tempdir().expect("a folder");
        let run = |name, threads| {
            let run = RunDirectory::create(folder.path().join(name)).expect("a new folder");
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let outcome = pool.install(|| train(&config, &run, &mut |_| {})).expect("it trains");
            assert!(matches!(outcome, Outcome::Finished(_)));
            run
        };
        let (whole, stopped) = (run("whole", 1), run("stopped", 3));
        std::fs::remove_file(stopped.checkpoints().path(12)).expect("a checkpoint of update 12");
        train(&config, &stopped, &mut |_| {}).expect("it goes on");
        let [one, other] = [&whole, &stopped].map(|run| restore(&config, run).expect("a checkpoint"));
        assert_eq!(weights(&one), weights(&other));
        assert!(seen.insert(weights(&one)), "agents differ");
    }
}

#[test]
fn agents_learn_to_understand_each_other() {
    let lstm = AgentConfig { hidden: 48, embedding: 12, ..AgentConfig::default() };
    for straight_through in [false, true] {
        let mut config = small(lstm, Relaxation { straight_through, ..Relaxation::default() });
        config.updates = 800;
        config.game = GameConfig { attributes: 2, values: 5, objects: 0, split: SplitConfig::Full }.into();
        (config.learning.speaker_rate, config.learning.listener_rate) = (2e-3, 2e-3);
        config.learning.entropy = 0.1;
        let (_, split) = config.objects().expect("objects");
        let mut learner = Learner::recurrent(&config).expect("agents");
        let losses: Vec<f64> =
            (0..config.updates).map(|_| learner.step(&split).expect("a step").loss).collect();
        let agents = (learner.speaker(), learner.listener());
        let measured = evaluate(&config, &split, agents, 800).expect("measures").test;
        println!("{straight_through}: {} to {}, {measured:?}", losses[0], losses[799]);
        assert!(measured.accuracy > 0.7, "{straight_through}: {measured:?}");
        assert!(losses[799] < 0.5 * losses[0], "{} to {}", losses[0], losses[799]);
    }
}

#[test]
fn settings_that_have_no_meaning_with_it_are_refused() {
    let refused = |change: &dyn Fn(&mut TrainConfig)| {
        let mut config = small(AgentConfig::default(), Relaxation::default());
        change(&mut config);
        config.validate().expect_err("out of range")
    };
    for (change, expected) in [
        (&(|config: &mut TrainConfig| config.regime = Regime::Bayes) as &dyn Fn(&mut TrainConfig), "bayes"),
        (&|config| config.learning.alpha = 0.5, "`learning.alpha` below 1"),
        (
            &|config| config.channel.noise = 0.1,
            "`channel.noise` is 0.1, expected 0 with `learning.estimator` gumbel-softmax",
        ),
        (&|config| config.learning.baseline = BaselineKind::Learned, "`learning.baseline` learned"),
        (
            &|config| {
                let cold = Relaxation { temperature: 0.0, ..Relaxation::default() };
                config.learning.estimator = Estimator::GumbelSoftmax(cold);
            },
            "`learning.estimator.temperature` is 0",
        ),
    ] {
        let error = refused(change);
        assert!(matches!(error, Error::Setting { .. }));
        assert!(error.to_string().contains(expected), "`{error}` has `{expected}`");
    }
    let pairs = ["learning.estimator=gumbel-softmax", "learning.estimator.straight_through=false"];
    let set = layer(&TrainConfig::default(), None, &pairs.map(str::to_owned)).expect("a kind and a flag");
    let expected = Relaxation { temperature: 1.0, straight_through: false };
    assert_eq!(set.learning.estimator, Estimator::GumbelSoftmax(expected));
    // Settings of before know no estimator.
    let mut json = serde_json::to_value(TrainConfig::default()).expect("plain data");
    json["learning"].as_object_mut().expect("a table").remove("estimator").expect("it is there");
    let read: TrainConfig = serde_json::from_value(json).expect("settings of before");
    assert_eq!(read, TrainConfig::default());
}
