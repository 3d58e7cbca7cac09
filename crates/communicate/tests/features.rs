//! Runs of discrimination games: they learn, do not depend on threads, go on where they stopped, and refuse what is no table of features.

use std::path::{Path, PathBuf};

use autodidact_communicate::agents::{CellKind, Choice, Listener, Speaker};
use autodidact_communicate::decomposition::bayes_among;
use autodidact_communicate::game::{Distractors, Lineups, Sampled, Split};
use autodidact_communicate::training::{
    BaselineKind, DiscriminationConfig, EarlyStopped, Game, HeldOutSplit, Learner, Normalise, Outcome,
    Partial, Patience, RandomSplit, Regime, Reset, Retrained, SplitConfig, StopRule, Telling, TrainConfig,
    evaluate, restore, restore_discriminating, train,
};
use autodidact_communicate::{Error, Features, files};
use autodidact_data::arrays::{NamedArray, write_npz};
use autodidact_experiment::rng::Seeds;
use autodidact_experiment::run::RunDirectory;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const WIDTH: usize = 16;

/// Vectors around centres; one column is much larger than the others, and one does not vary.
fn mixture(count: usize, num_centres: usize, spread: f64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut normal = move || {
        let (radius, angle) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    };
    let centres: Vec<f64> = (0..num_centres * WIDTH).map(|_| normal()).collect();
    let rows = (0..count).flat_map(|row| {
        let centre = &centres[row % num_centres * WIDTH..][..WIDTH];
        let mut vector: Vec<f32> = centre.iter().map(|centre| (centre + spread * normal()) as f32).collect();
        vector[1] = 10.0 * vector[1] + 5.0;
        vector[2] = 3.0;
        vector
    });
    rows.collect()
}

fn write(path: &Path, values: Vec<f32>) {
    let rows = values.len() / WIDTH;
    let array = NamedArray::f32("embeddings", &[rows, WIDTH], values).expect("an array");
    write_npz(path, &[array]).expect("a file");
}

fn sizes(train: usize, validation: usize, test: usize) -> SplitConfig {
    SplitConfig::Random(RandomSplit { train, validation, test })
}

fn sampled(count: usize) -> Distractors {
    Distractors::Sampled(Sampled { count })
}

/// 60 vectors, of which 30 train.
fn game(folder: &Path) -> DiscriminationConfig {
    let features = folder.join("features.npz");
    if !features.exists() {
        write(&features, mixture(60, 12, 0.3));
    }
    let split = sizes(30, 12, 12);
    DiscriminationConfig { features, projection: 12, split, ..DiscriminationConfig::default() }
}

/// Messages of 3 of 6 symbols.
fn small(game: DiscriminationConfig) -> TrainConfig {
    let mut config =
        TrainConfig { updates: 12, checkpoint_every: 5, game: game.into(), ..TrainConfig::default() };
    (config.channel.vocab_size, config.channel.max_length) = (6, 3);
    (config.speaker.hidden, config.speaker.embedding) = (24, 12);
    (config.listener.hidden, config.listener.embedding) = (20, 10);
    config.evaluation.every = 6;
    config
}

/// All the regimes, with the rest of what may be set.
fn varied(folder: &Path) -> Vec<TrainConfig> {
    let rule = StopRule::Patience(Patience { steps: 2, ..Patience::default() });
    let four = sampled(4);
    let with = |regime, distractors| TrainConfig {
        regime,
        ..small(DiscriminationConfig { distractors, ..game(folder) })
    };
    let mut partial = with(Regime::Partial(Partial { steps: 3.0 }), Distractors::InBatch);
    partial.batch_size = 7;
    (partial.speaker.cell, partial.listener.cell) = (CellKind::Gru, CellKind::Gru);
    let early = EarlyStopped { reset: 0.5, rule, max_steps: 30, joint_updates: 2, keeps_best: true };
    let mut stopped = with(Regime::EarlyStopped(early), four);
    stopped.listener.layer_norm = false;
    stopped.learning.baseline = BaselineKind::Learned;
    let mut in_batch = stopped.clone();
    in_batch.regime = Regime::EarlyStopped(EarlyStopped { max_steps: 25, keeps_best: false, ..early });
    in_batch.game = DiscriminationConfig { normalise: Normalise::None, ..game(folder) }.into();
    let mut retrained = with(Regime::Retrained(Retrained { rule, max_steps: 10, joint_updates: 4 }), four);
    retrained.learning.length_cost = 0.1;
    let mut mixed = with(Regime::Continuous, four);
    (mixed.learning.alpha, mixed.learning.dropout, mixed.learning.weight_decay) = (0.5, 0.3, 0.1);
    mixed.batch_size = 10;
    let drawn = DiscriminationConfig { objects: 50, split: SplitConfig::Full, ..game(folder) };
    vec![
        small(game(folder)),
        small(drawn),
        partial,
        stopped,
        in_batch,
        retrained,
        with(Regime::Reset(Reset { every: 5 }), four),
        with(Regime::Bayes, Distractors::InBatch),
        with(Regime::Bayes, four),
        mixed,
    ]
}

fn run_whole(config: &TrainConfig, folder: &Path) -> RunDirectory {
    let run = RunDirectory::create(folder).expect("a new folder");
    let outcome = train(config, &run, &mut |_| {}).expect("it trains");
    assert!(matches!(outcome, Outcome::Finished(_)));
    run
}

fn weights(learner: &Learner<impl Speaker<Features>, impl Listener<Lineups>, Features>) -> [Vec<u32>; 2] {
    [learner.speaker().parameters(), learner.listener().parameters()]
        .map(|parameters| parameters.values().iter().map(|value| value.to_bits()).collect())
}

#[test]
fn a_resumed_run_equals_one_that_was_not_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    for (number, config) in varied(folder.path()).iter().enumerate() {
        let whole = run_whole(config, &folder.path().join(format!("whole-{number}")));
        let stopped = run_whole(config, &folder.path().join(format!("stopped-{number}")));
        // As if it had been killed after update 11, before the last checkpoint.
        std::fs::remove_file(stopped.checkpoints().path(12)).expect("a checkpoint of update 12");
        let mut notes = Vec::new();
        let outcome = train(config, &stopped, &mut |telling| {
            if let Telling::Note(note) = telling {
                notes.push(note);
            }
        });
        assert!(matches!(outcome.expect("it goes on"), Outcome::Finished(_)));
        assert_eq!(notes, ["continuing after update 10 of 12"]);
        let [one, other] =
            [&whole, &stopped].map(|run| restore_discriminating(config, WIDTH, run).expect("a checkpoint"));
        assert_eq!(weights(&one), weights(&other), "{config:?}");
        assert_eq!(one.counts(), other.counts());
        for file in ["metrics.jsonl", "evaluations.json", "language.npz"] {
            let read = |run: &RunDirectory| std::fs::read(run.path().join(file)).expect("the file is there");
            assert_eq!(read(&whole), read(&stopped), "{file} with {config:?}");
        }
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("features.npz"), mixture(200, 12, 0.3));
    for mut config in varied(folder.path()) {
        if let Game::Discrimination(DiscriminationConfig { objects: 0, split, .. }) = &mut config.game {
            // Slices of a batch and of its candidates.
            *split = sizes(120, 60, 20);
        }
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let (features, split) = config.features().expect("features");
                let mut learner = Learner::discriminating(&config, features.width()).expect("agents");
                for _ in 0..4 {
                    learner.step(&split).expect("a step");
                }
                let measured = evaluate(&config, &split, (learner.speaker(), learner.listener()), 4);
                (weights(&learner), measured.expect("measures"))
            })
        };
        assert_eq!(of(1), of(5));
    }
}

/// 100 vectors, each found among all others, also by a speaker that hears from the Bayes listener alone; and with few distractors, vectors
/// that no one had heard of.
#[test]
fn agents_learn_to_find_vectors() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("features.npz"), mixture(400, 20, 0.5));
    for (regime, distractors, split, least) in [
        (Regime::Continuous, Distractors::InBatch, SplitConfig::Full, 0.85),
        (Regime::Bayes, Distractors::InBatch, SplitConfig::Full, 0.65),
        (Regime::Continuous, sampled(9), SplitConfig::Full, 0.8),
        (Regime::Continuous, sampled(4), sizes(300, 10, 90), 0.7),
    ] {
        // Of 400 vectors, or of 100 of them.
        let objects = if split == SplitConfig::Full { 100 } else { 0 };
        let game =
            DiscriminationConfig { distractors, objects, split, projection: 32, ..game(folder.path()) };
        let mut config = TrainConfig { updates: 1000, regime, ..small(game) };
        (config.channel.vocab_size, config.channel.max_length) = (8, 4);
        (config.speaker.hidden, config.listener.hidden) = (48, 48);
        (config.learning.speaker_rate, config.learning.listener_rate) = (3e-3, 3e-3);
        (config.learning.entropy, config.learning.final_entropy) = (1.0, 0.01);
        let (_, split) = config.features().expect("features");
        let mut learner = Learner::discriminating(&config, WIDTH).expect("agents");
        for _ in 0..config.updates {
            learner.step(&split).expect("a step");
        }
        let measured = evaluate(&config, &split, (learner.speaker(), learner.listener()), 1000);
        let measured = measured.expect("measures");
        for part in [measured.train, measured.test] {
            assert!(part.accuracy > least, "{part:?}");
            assert!(part.information < part.loss + 1e-6, "{part:?}");
            let expected = match distractors {
                Distractors::InBatch => part.objects,
                Distractors::Sampled(Sampled { count }) => count + 1,
            };
            assert_eq!(part.candidates, Some(expected));
            assert!(part.topographic_similarity.expect("it varies") > 0.1, "{part:?}");
            assert_eq!((part.factorised, part.attribute_accuracy), (None, None));
            assert_eq!((part.posdis, part.bosdis), (None, None));
        }
    }
}

/// What is measured is what the functions that it is made of say.
#[test]
fn information_is_that_of_the_bayes_listener() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = small(game(folder.path()));
    let (_, split) = config.features().expect("features");
    let learner = Learner::discriminating(&config, WIDTH).expect("agents");
    let measured = evaluate(&config, &split, (learner.speaker(), learner.listener()), 0).expect("measures");
    let all: Vec<Vec<usize>> =
        (0..12).map(|target| (0..12).map(|place| (target + place) % 12).collect()).collect();
    let seeds = Seeds::new(config.seed).child("evaluation");
    // Parts that are measured whole keep their order.
    let lineups = Lineups::given(&split.test, &all).expect("games");
    let mut information = 0.0;
    for sample in 0..2 {
        let mut rng = seeds.keyed("test", [sample]);
        let drawn: Vec<f32> = (0..12 * 3).map(|_| rng.random()).collect();
        let said = learner.speaker().speak(&split.test, Choice::Sample(&drawn));
        information -= bayes_among(learner.speaker(), &lineups, &said.messages).iter().sum::<f64>() / 24.0;
    }
    assert!((measured.test.information - information).abs() < 1e-9, "{information} for {measured:?}");
}

#[test]
fn features_are_standardised_by_the_rows_that_train() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = small(game(folder.path()));
    let (features, Split { train, validation, test }) = config.features().expect("features");
    assert_eq!([train.count(), validation.count(), test.count()], [30, 12, 12]);
    for column in 0..WIDTH {
        let mean: f64 = train.iter().map(|row| row[column]).sum::<f64>() / 30.0;
        let variance: f64 = train.iter().map(|row| (row[column] - mean).powi(2)).sum::<f64>() / 30.0;
        assert!(mean.abs() < 1e-9);
        assert!((variance - if column == 2 { 0.0 } else { 1.0 }).abs() < 1e-9, "column 2 does not vary");
    }
    let raw = DiscriminationConfig { normalise: Normalise::None, ..game(folder.path()) };
    let (raw, parts) = small(raw).features().expect("features");
    let read = files::read_features(&folder.path().join("features.npz"), "embeddings");
    assert_eq!(raw, read.expect("a table"));
    // The same rows, moved and scaled alike.
    assert_eq!(features, raw.standardised(&parts.train).expect("equal widths"));
    assert_eq!(test, parts.test.standardised(&parts.train).expect("equal widths"));
    let all = [&parts.train, &parts.validation, &parts.test];
    let mut rows: Vec<&[f64]> = all.iter().flat_map(|part| part.iter()).collect();
    rows.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    rows.dedup();
    assert_eq!(rows.len(), 54, "no row is in two parts");
}

/// What a run writes is read by `communicate measure`.
#[test]
fn the_language_of_a_run_has_a_message_for_each_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = small(game(folder.path()));
    let run = run_whole(&config, &folder.path().join("run"));
    let path = run.path().join("language.npz");
    let features = files::read_features(&path, "embeddings").expect("a table");
    let messages = files::read_messages(&path).expect("messages");
    assert_eq!((features.count(), messages.count(), messages.max_length()), (60, 60, 3));
    let (seen, _) = config.features().expect("features");
    for (found, expected) in features.iter().flatten().zip(seen.iter().flatten()) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs(), "in single precision");
    }
}

#[test]
fn a_run_goes_on_with_its_own_features_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = small(game(folder.path()));
    let run = run_whole(&config, &folder.path().join("run"));
    let error = restore(&config, &run).expect_err("another game");
    assert!(error.to_string().contains("`game.kind` is discrimination, expected reconstruction"), "{error}");
    let error = restore_discriminating(&config, WIDTH + 1, &run).expect_err("another width");
    assert!(matches!(error, Error::Agent { .. }), "{error}");
    let error = Learner::discriminating(&TrainConfig::default(), WIDTH).expect_err("another game");
    assert!(matches!(error, Error::Setting { name: "game.kind", .. }), "{error}");
    let mut values = mixture(60, 12, 0.3);
    values[77] += 1.0;
    write(&folder.path().join("features.npz"), values);
    let error = train(&config, &run, &mut |_| {}).expect_err("other features");
    assert!(matches!(error, Error::ForeignFeatures { .. }), "{error}");
}

#[test]
fn bad_tables_and_settings_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.npz");
    let told = |change: &dyn Fn(&mut DiscriminationConfig), expected: &str| {
        let mut game = DiscriminationConfig { split: sizes(6, 2, 2), ..game(folder.path()) };
        game.features.clone_from(&path);
        change(&mut game);
        let config = small(game);
        let error = config.validate().and_then(|()| config.features().map(drop)).expect_err(expected);
        assert!(error.to_string().contains(expected), "`{error}` has `{expected}`");
    };
    told(&|_| {}, "cannot read");
    for (wrong, name) in [(f32::NAN, "NaN"), (f32::NEG_INFINITY, "-inf")] {
        let mut values = mixture(10, 2, 0.1);
        values[3 * WIDTH + 4] = wrong;
        write(&path, values);
        told(&|_| {}, &format!("row 3 of the features has {name} in column 4"));
    }
    let mut values: Vec<f64> = mixture(10, 2, 0.1).into_iter().map(f64::from).collect();
    values[7 * WIDTH] = 1e300;
    let large = NamedArray::f64("embeddings", &[10, WIDTH], values).expect("an array");
    write_npz(&path, &[large]).expect("a file");
    told(&|game| game.normalise = Normalise::None, "row 7 of the features has inf in column 0");
    let flat = NamedArray::f32("embeddings", &[60], vec![0.0; 60]).expect("an array");
    write_npz(&path, &[flat]).expect("a file");
    told(&|_| {}, "has the shape [60], expected two axes");

    write(&path, mixture(1, 1, 0.1));
    told(&|_| {}, "10 different objects were asked for, and there are 1");
    told(&|game| game.split = SplitConfig::Full, "there are 1 objects with messages, at least 2 are needed");
    write(&path, mixture(10, 2, 0.1));
    told(&|game| game.split = sizes(7, 2, 1), "there are 1 objects with messages, at least 2 are needed");
    told(&|game| game.split = sizes(6, 0, 2), "validation part of the split would be empty");
    told(&|game| game.split = SplitConfig::HeldOut(HeldOutSplit::default()), "`game.split` is held-out");
    told(&|game| game.objects = 11, "11 different objects were asked for, and there are 10");
    told(&|game| game.distractors = sampled(2), "2 distractors were asked for each of 2 objects");
    told(&|game| game.distractors = sampled(0), "game.distractors.count");
    told(&|game| game.array = "labels".to_owned(), "no array `labels`, only `embeddings`");
    told(&|game| game.projection = 0, "game.projection");
    told(&|game| game.features = PathBuf::new(), "game.features");
    let alone = TrainConfig { batch_size: 1, ..small(game(folder.path())) };
    assert!(alone.validate().expect_err("no others").to_string().contains("batch_size"));

    let rows = [vec![1.0, 2.0], vec![1.0, 2.0], vec![3.0]];
    let error = Features::from_rows(&rows).expect_err("ragged");
    let expected = "row 2 of the features has 1 values, the rows before it have 2";
    assert!(error.to_string().contains(expected), "{error}");
}
