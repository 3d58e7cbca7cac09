//! Runs of small games: they learn, do not depend on threads, and go on where they stopped.

use autodidact_communicate::Error;
use autodidact_communicate::agents::{CellKind, Listener, Speaker};
use autodidact_communicate::training::{
    BaselineKind, EarlyStopped, GameConfig, HeldOutSplit, Learner, Outcome, Partial, Patience, RandomSplit,
    Regime, Reset, Retrained, SplitConfig, StopRule, Telling, TrainConfig, evaluate, restore, train,
};
use autodidact_experiment::run::RunDirectory;

/// 2 attributes of 5 values, messages of 3 of 6 symbols.
fn small() -> TrainConfig {
    let mut config = TrainConfig { updates: 12, checkpoint_every: 5, ..TrainConfig::default() };
    config.game = small_game().into();
    (config.channel.vocab_size, config.channel.max_length) = (6, 3);
    (config.speaker.hidden, config.speaker.embedding) = (24, 12);
    (config.listener.hidden, config.listener.embedding) = (20, 10);
    config.evaluation.every = 6;
    config
}

fn small_game() -> GameConfig {
    let split = SplitConfig::Random(RandomSplit { train: 15, validation: 5, test: 5 });
    GameConfig { attributes: 2, values: 5, objects: 0, split }
}

/// All the regimes, with the rest of what may be set.
fn varied() -> Vec<TrainConfig> {
    let rule = StopRule::Patience(Patience { steps: 2, ..Patience::default() });
    let with = |regime| TrainConfig { regime, ..small() };
    let mut partial = with(Regime::Partial(Partial { steps: 3.0 }));
    partial.batch_size = 7;
    (partial.speaker.cell, partial.listener.cell) = (CellKind::Gru, CellKind::Gru);
    let mut stopped = with(Regime::EarlyStopped(EarlyStopped {
        reset: 0.5,
        rule,
        max_steps: 30,
        joint_updates: 2,
        keeps_best: true,
    }));
    stopped.listener.layer_norm = false;
    stopped.learning.baseline = BaselineKind::Learned;
    let original = EarlyStopped { rule: StopRule::Original, max_steps: 25, ..EarlyStopped::default() };
    let mut retrained = with(Regime::Retrained(Retrained { rule, max_steps: 10, joint_updates: 4 }));
    retrained.learning.length_cost = 0.1;
    let mut mixed = with(Regime::Continuous);
    (mixed.learning.alpha, mixed.learning.dropout, mixed.learning.weight_decay) = (0.5, 0.3, 0.1);
    mixed.batch_size = 10;
    vec![
        small(),
        partial,
        stopped,
        with(Regime::EarlyStopped(original)),
        retrained,
        with(Regime::Reset(Reset { every: 5 })),
        with(Regime::Bayes),
        mixed,
    ]
}

fn run_whole(config: &TrainConfig, folder: &std::path::Path) -> RunDirectory {
    let run = RunDirectory::create(folder).expect("a new folder");
    let outcome = train(config, &run, &mut |_| {}).expect("it trains");
    assert!(matches!(outcome, Outcome::Finished(_)));
    run
}

fn weights(learner: &Learner<impl Speaker, impl Listener>) -> [Vec<u32>; 2] {
    [learner.speaker().parameters(), learner.listener().parameters()]
        .map(|parameters| parameters.values().iter().map(|value| value.to_bits()).collect())
}

fn read(run: &RunDirectory, file: &str) -> Vec<u8> {
    std::fs::read(run.path().join(file)).expect("the file is there")
}

#[test]
fn a_continued_run_equals_one_without_a_stop() {
    for config in varied() {
        let folder = tempfile::tempdir().expect("a folder");
        let whole = run_whole(&config, &folder.path().join("whole"));
        let stopped = run_whole(&config, &folder.path().join("stopped"));
        // As if it had been killed after update 11, before the last checkpoint.
        std::fs::remove_file(stopped.checkpoints().path(12)).expect("a checkpoint of update 12");
        let mut notes = Vec::new();
        let outcome = train(&config, &stopped, &mut |telling| {
            if let Telling::Note(note) = telling {
                notes.push(note);
            }
        });
        assert!(matches!(outcome.expect("it goes on"), Outcome::Finished(_)));
        assert_eq!(notes, ["continuing after update 10 of 12"]);
        let [one, other] = [&whole, &stopped].map(|run| restore(&config, run).expect("a checkpoint"));
        assert_eq!(weights(&one), weights(&other), "{:?}", config.regime);
        assert_eq!(one.counts(), other.counts());
        for file in ["metrics.jsonl", "evaluations.json", "language.npz"] {
            assert_eq!(read(&whole, file), read(&stopped, file), "{file} with {:?}", config.regime);
        }
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    for config in varied() {
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let (_, split) = config.objects().expect("objects");
                let mut learner = Learner::recurrent(&config).expect("agents");
                for _ in 0..4 {
                    learner.step(&split).expect("a step");
                }
                weights(&learner)
            })
        };
        assert_eq!(of(1), of(5));
    }
}

#[test]
fn regimes_do_what_they_say() {
    let steps = |regime, updates: u64| {
        let config = TrainConfig { regime, ..small() };
        let (_, split) = config.objects().expect("objects");
        let mut learner = Learner::recurrent(&config).expect("agents");
        let alone: Vec<u64> =
            (0..updates).map(|_| learner.step(&split).expect("a step").listener_steps).collect();
        (alone, learner.counts())
    };
    let (alone, counts) = steps(Regime::Continuous, 4);
    assert_eq!((alone, counts.listener_steps, counts.resets), (vec![0; 4], 4, 0));
    let (alone, counts) = steps(Regime::Partial(Partial { steps: 5.0 }), 3);
    assert_eq!((alone, counts.listener_steps), (vec![4; 3], 15));
    let (alone, counts) = steps(Regime::Partial(Partial { steps: 2.25 }), 8);
    assert_eq!((alone, counts.listener_steps), (vec![1, 2, 1, 1, 1, 2, 1, 1], 18));
    let (_, counts) = steps(Regime::Reset(Reset { every: 2 }), 5);
    assert_eq!(counts.resets, 2);
    let rule = StopRule::Patience(Patience { steps: 1000, ..Patience::default() });
    let retrained = Retrained { rule, max_steps: 7, joint_updates: 2 };
    let (alone, counts) = steps(Regime::Retrained(retrained), 4);
    assert_eq!((alone, counts.resets), (vec![7, 0, 7, 0], 2));
    let stopped = EarlyStopped { reset: 1.0, rule: StopRule::Original, ..EarlyStopped::default() };
    let (alone, counts) = steps(Regime::EarlyStopped(stopped), 2);
    assert!(alone.iter().all(|&steps| steps > 20), "the original rule waits for 21 losses: {alone:?}");
    assert_eq!(counts.resets, 2);
}

/// A listener that only gets worse goes back to what it was before its first step; without that, it does not.
#[test]
fn an_early_stopped_listener_keeps_its_best_weights() {
    let alone = |keeps_best| {
        let stopped = EarlyStopped { max_steps: 5, keeps_best, ..EarlyStopped::default() };
        let mut config = TrainConfig { regime: Regime::EarlyStopped(stopped), ..small() };
        // Steps of a hundred throw any listener away; the speaker stays as it is.
        (config.learning.listener_rate, config.learning.speaker_rate) = (100.0, 0.0);
        let (_, split) = config.objects().expect("objects");
        let mut learner = Learner::recurrent(&config).expect("agents");
        let first = learner.step(&split).expect("a step").loss;
        let game = config.reconstruction().expect("a game of attributes");
        (first, game.attributes as f64 * f64::from(game.values).ln())
    };
    let (best, chance) = alone(true);
    assert!((best - chance).abs() < 0.2 * chance, "an untrained listener has a loss of {chance}, not {best}");
    let (last, chance) = alone(false);
    assert!(last > 2.0 * chance, "{last}");
}

/// Two kinds of cells, and a speaker that hears from the Bayes listener alone, learn to be understood.
#[test]
fn agents_learn_to_understand_each_other() {
    for (cell, regime) in [(CellKind::Lstm, Regime::Continuous), (CellKind::Gru, Regime::Bayes)] {
        let mut config = TrainConfig { updates: 800, regime, ..small() };
        config.game = GameConfig { split: SplitConfig::Full, ..small_game() }.into();
        (config.speaker.cell, config.listener.cell) = (cell, cell);
        (config.speaker.hidden, config.listener.hidden) = (48, 48);
        (config.learning.speaker_rate, config.learning.listener_rate) = (2e-3, 2e-3);
        let (_, split) = config.objects().expect("objects");
        let mut learner = Learner::recurrent(&config).expect("agents");
        for _ in 0..config.updates {
            learner.step(&split).expect("a step");
        }
        let measured =
            evaluate(&config, &split, (learner.speaker(), learner.listener()), 800).expect("measures").test;
        assert!(measured.accuracy > 0.8, "{cell:?}: {measured:?}");
        assert!(measured.information < measured.loss + 1e-6, "{measured:?}");
        assert!(measured.information < measured.factorised.expect("attributes") + 1e-6, "{measured:?}");
    }
}

#[test]
fn a_run_goes_on_with_its_own_settings_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = run_whole(&small(), &folder.path().join("run"));
    let other = TrainConfig { seed: 1, ..small() };
    let error = train(&other, &run, &mut |_| {}).expect_err("another seed");
    assert!(matches!(error, Error::ForeignCheckpoint { .. }), "{error}");
    let empty = RunDirectory::create(folder.path().join("empty")).expect("a folder");
    assert!(matches!(restore(&small(), &empty).expect_err("nothing there"), Error::Untrained { .. }));
}

#[test]
fn settings_out_of_range_are_named() {
    let refused = |change: &dyn Fn(&mut TrainConfig)| {
        let mut config = small();
        change(&mut config);
        config.validate().and_then(|()| config.objects().map(drop)).expect_err("out of range").to_string()
    };
    for (change, name) in [
        (
            &(|config: &mut TrainConfig| config.channel.vocab_size = 1) as &dyn Fn(&mut TrainConfig),
            "channel.vocab_size",
        ),
        (&|config| config.learning.alpha = 1.5, "learning.alpha"),
        (&|config| config.learning.dropout = 1.0, "learning.dropout"),
        (&|config| config.learning.entropy = f64::NAN, "learning.entropy"),
        (&|config| config.speaker.hidden = 0, "speaker.hidden"),
        (&|config| config.evaluation.objects = 1, "evaluation.objects"),
        (&|config| config.regime = Regime::Partial(Partial { steps: 0.5 }), "regime.steps"),
        (
            &|config| config.game = GameConfig { objects: 26, ..small_game() }.into(),
            "26 different objects were asked for",
        ),
        (&|config| config.game = GameConfig { attributes: 20, ..small_game() }.into(), "at most"),
        (
            &|config| {
                let split = SplitConfig::Random(RandomSplit { train: 20, validation: 4, test: 1 });
                config.game = GameConfig { split, ..small_game() }.into();
            },
            "1 objects",
        ),
        (
            &|config| {
                let split = SplitConfig::HeldOut(HeldOutSplit { second: 2, ..HeldOutSplit::default() });
                config.game = GameConfig { split, ..small_game() }.into();
            },
            "attributes",
        ),
    ] {
        let message = refused(change);
        assert!(message.contains(name), "`{message}` names {name}");
    }
}
