//! Agents that are transformers: settings, gradients against differences, learning, runs that go on. Whole steps against `PyTorch` are
//! in `step.rs` and `discrimination.rs`.

use autodidact_communicate::agents::{
    AgentConfig, CellKind, Choice, Credit, Listener, NetworkListener, NetworkSpeaker, Speaker,
    TransformerConfig,
};
use autodidact_communicate::game::{Channel, ProductSpace};
use autodidact_communicate::training::{
    GameConfig, Learner, Outcome, RandomSplit, Regime, SplitConfig, TrainConfig, evaluate, restore, train,
};
use autodidact_experiment::run::RunDirectory;
use autodidact_experiment::settings::{SettingsError, layer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const TRANSFORMER: AgentConfig = AgentConfig {
    cell: CellKind::Transformer(TransformerConfig { layers: 2, heads: 2 }),
    hidden: 32,
    embedding: 32,
    layer_norm: true,
};

/// 2 attributes of 5 values, messages of 3 of 6 symbols.
fn small(speaker: AgentConfig, listener: AgentConfig) -> TrainConfig {
    let split = SplitConfig::Random(RandomSplit { train: 15, validation: 5, test: 5 });
    let game = GameConfig { attributes: 2, values: 5, objects: 0, split };
    let mut config =
        TrainConfig { updates: 12, checkpoint_every: 5, speaker, listener, ..TrainConfig::default() };
    config.game = game.into();
    (config.channel.vocab_size, config.channel.max_length) = (6, 3);
    config.evaluation.every = 6;
    config
}

/// Transformers, and one beside an agent with a cell.
fn mixed() -> [TrainConfig; 3] {
    let gru = AgentConfig { cell: CellKind::Gru, hidden: 20, embedding: 10, layer_norm: false };
    let mut config = small(TRANSFORMER, TRANSFORMER);
    (config.learning.dropout, config.learning.alpha, config.batch_size) = (0.2, 0.5, 7);
    [config, small(TRANSFORMER, gru), small(gru, TRANSFORMER)]
}

fn with(pairs: &[&str]) -> Result<TrainConfig, SettingsError> {
    let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
    layer(&TrainConfig::default(), None, &pairs)
}

fn weights(learner: &Learner<impl Speaker, impl Listener>) -> [Vec<u32>; 2] {
    [learner.speaker().parameters(), learner.listener().parameters()]
        .map(|parameters| parameters.values().iter().map(|value| value.to_bits()).collect())
}

#[test]
fn a_cell_is_a_word_or_a_table() {
    let cell = |layers, heads| CellKind::Transformer(TransformerConfig { layers, heads });
    let set = with(&["speaker.cell=transformer"]).expect("a word");
    assert_eq!((set.speaker.cell, set.listener.cell), (cell(2, 4), CellKind::Lstm));
    let set = with(&["listener.cell=transformer", "listener.cell.heads=8"]).expect("a size");
    assert_eq!((set.speaker.cell, set.listener.cell), (CellKind::Lstm, cell(2, 8)));
    let set =
        with(&["speaker.cell=transformer", "speaker.cell.layers=3", "speaker.cell=gru"]).expect("another");
    assert_eq!(set.speaker.cell, CellKind::Gru);
    let json =
        serde_json::to_value(with(&["speaker.cell=transformer"]).expect("a word")).expect("plain data");
    let stored = serde_json::json!({ "kind": "transformer", "layers": 2, "heads": 4 });
    assert_eq!((&json["speaker"]["cell"], &json["listener"]["cell"]), (&stored, &"lstm".into()));
    let read: TrainConfig = serde_json::from_value(json).expect("its own");
    assert_eq!(read.speaker.cell, cell(2, 4));
    for (pairs, expected) in [
        (&["speaker.cell=lsmt"][..], "unknown variant `lsmt`, expected one of `lstm`, `gru`, `transformer`"),
        (&["speaker.cell=transformer", "speaker.cell.haeds=2"], "did you mean `heads`?"),
        (&["speaker.cell={kind='gru', heads=2}"], "settings of a transformer"),
    ] {
        let message = with(pairs).expect_err(expected).to_string();
        assert!(message.contains(expected), "`{message}` has `{expected}`");
    }
}

#[test]
fn sizes_that_do_not_fit_are_named() {
    for (pairs, expected) in [
        (
            &["speaker.cell=transformer", "speaker.cell.heads=5"][..],
            "`speaker.cell.heads` is 5, expected a divisor",
        ),
        (&["listener.cell=transformer", "listener.cell.heads=0"], "`listener.cell.heads` is 0"),
        (&["listener.cell=transformer", "listener.cell.layers=0"], "`listener.cell.layers` is 0"),
        (&["speaker.cell=transformer", "speaker.hidden=32"], "`speaker.embedding` is 64, expected 32"),
        (&["speaker.cell=transformer", "speaker.layer_norm=false"], "`speaker.layer_norm` is false"),
    ] {
        let error = with(pairs).expect("settings").validate().expect_err(expected).to_string();
        assert!(error.contains(expected), "`{error}` has `{expected}`");
    }
}

/// The slope along the gradient is the gradient's squared norm.
#[test]
fn gradients_are_slopes() {
    let space = ProductSpace::uniform(3, 4).expect("a space");
    let channel = Channel::new(5, 6).expect("a channel");
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut speaker = NetworkSpeaker::new(&TRANSFORMER, &space, channel, &mut rng);
    let mut listener = NetworkListener::new(&TRANSFORMER, &space, channel, &mut rng);
    let objects = space.objects(64).expect("few");
    let drawn: Vec<f32> = (0..64 * 6).map(|_| rng.random()).collect();
    let said = speaker.speak(&objects, Choice::Sample(&drawn));

    let credits: Vec<Credit> =
        (0..64).map(|_| Credit { log_prob: rng.random::<f32>() - 0.5, entropy: 0.0 }).collect();
    let gradient = speaker.gradient(&objects, &said, &credits);
    let of_messages = |speaker: &NetworkSpeaker| {
        let sum = std::sync::Mutex::new(0.0);
        speaker.score(&objects, &said.messages, &|range, scores| {
            for (object, scores) in range.zip(scores.chunks_exact(64)) {
                *sum.lock().expect("no panic") += f64::from(credits[object].log_prob) * scores[object];
            }
        });
        sum.into_inner().expect("no panic")
    };
    check_slope(&gradient, &mut |step| {
        speaker.change(&mut |values| move_by(values, &gradient, step));
        let loss = of_messages(&speaker);
        speaker.change(&mut |values| move_by(values, &gradient, -step));
        loss
    });

    let (_, gradient) = listener.gradient(&objects, &said.messages, None);
    check_slope(&gradient, &mut |step| {
        listener.change(&mut |values| move_by(values, &gradient, step));
        let likelihoods = listener.log_likelihood(&objects, &said.messages);
        listener.change(&mut |values| move_by(values, &gradient, -step));
        -likelihoods.iter().map(|&value| f64::from(value)).sum::<f64>() / 64.0
    });
}

fn move_by(values: &mut [f32], along: &[f32], step: f64) {
    values.iter_mut().zip(along).for_each(|(value, along)| *value += (step * f64::from(*along)) as f32);
}

fn check_slope(gradient: &[f32], loss: &mut dyn FnMut(f64) -> f64) {
    let norm: f64 = gradient.iter().map(|&value| f64::from(value).powi(2)).sum();
    // The loss moves by 0.004, which single precision tells to a thousandth.
    let step = 2e-3 / norm;
    let slope = (loss(step) - loss(-step)) / (2.0 * step);
    println!("{slope} against {norm}");
    assert!((slope / norm - 1.0).abs() < 5e-3, "a slope of {slope} along a gradient of {norm}");
}

#[test]
fn a_continued_run_equals_one_without_a_stop() {
    for config in mixed() {
        let folder = tempfile::tempdir().expect("a folder");
        let run = |name| {
            let run = RunDirectory::create(folder.path().join(name)).expect("a new folder");
            assert!(matches!(train(&config, &run, &mut |_| {}).expect("it trains"), Outcome::Finished(_)));
            run
        };
        let (whole, stopped) = (run("whole"), run("stopped"));
        std::fs::remove_file(stopped.checkpoints().path(12)).expect("a checkpoint of update 12");
        train(&config, &stopped, &mut |_| {}).expect("it goes on");
        let [one, other] = [&whole, &stopped].map(|run| restore(&config, run).expect("a checkpoint"));
        assert_eq!(weights(&one), weights(&other));
        for file in ["metrics.jsonl", "evaluations.json", "language.npz"] {
            let [one, other] =
                [&whole, &stopped].map(|run| std::fs::read(run.path().join(file)).expect(file));
            assert_eq!(one, other, "{file}");
        }
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    let many = SplitConfig::Random(RandomSplit { train: 150, validation: 5, test: 5 });
    let mut config = small(TRANSFORMER, TRANSFORMER);
    config.game = GameConfig { attributes: 3, values: 6, objects: 0, split: many }.into();
    let of = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let (_, split) = config.objects().expect("objects");
            let mut learner = Learner::recurrent(&config).expect("agents");
            for _ in 0..3 {
                learner.step(&split).expect("a step");
            }
            weights(&learner)
        })
    };
    assert_eq!(of(1), of(5));
}

/// With transformers on both sides, and on one.
#[test]
fn agents_learn_to_understand_each_other() {
    let lstm = AgentConfig { hidden: 48, embedding: 12, ..AgentConfig::default() };
    for (speaker, listener, regime) in [
        (TRANSFORMER, TRANSFORMER, Regime::Continuous),
        (TRANSFORMER, lstm, Regime::Bayes),
        (lstm, TRANSFORMER, Regime::Continuous),
    ] {
        let mut config = TrainConfig { updates: 1500, regime, ..small(speaker, listener) };
        let game = GameConfig { attributes: 2, values: 5, objects: 0, split: SplitConfig::Full };
        config.game = game.into();
        let (_, split) = config.objects().expect("objects");
        let mut learner = Learner::recurrent(&config).expect("agents");
        for _ in 0..config.updates {
            learner.step(&split).expect("a step");
        }
        let agents = (learner.speaker(), learner.listener());
        let measured = evaluate(&config, &split, agents, 1500).expect("measures").test;
        println!("{:?} {:?}: {measured:?}", speaker.cell, listener.cell);
        // One of 25 by chance.
        assert!(measured.accuracy > 0.6, "{:?} and {:?}: {measured:?}", speaker.cell, listener.cell);
        assert!(measured.information < measured.loss + 1e-6, "{measured:?}");
    }
}
