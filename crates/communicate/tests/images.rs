//! Agents that see pictures: a whole step of both against PyTorch's in double precision (`reference/images.py` makes the values), gradients
//! against differences, a game that is learnt, runs that continue.
#![cfg(feature = "images")]

mod parity;

use std::path::Path;

use autodidact_communicate::agents::{
    AgentConfig, CellKind, Choice, Credit, Listener, ObservationEncoder, Relaxation, SeeingDiscriminator,
    SeeingSpeaker, Speaker,
};
use autodidact_communicate::game::{Channel, Distractors, Lineups, Sampled};
use autodidact_communicate::images::ImageEncoder;
use autodidact_communicate::training::{
    DiscriminationConfig, Estimator, Game, ImagesConfig, ImitationConfig, Outcome, PopulationConfig,
    RandomSplit, Regime, Reset, Seeing, SplitConfig, TrainConfig, evaluate, restore_seeing, train,
};
use autodidact_communicate::{Error, Features};
use autodidact_data::arrays::{NamedArray, write_npz};
use autodidact_data::procedural::draw;
use autodidact_experiment::run::RunDirectory;
use parity::{
    TOLERANCE, agent, assert_close, check_gradient, check_speaker, load, mean, numbers, rows, singles, size,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

#[test]
fn a_whole_step_equals_pytorch() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("reference/images.json")).expect("JSON");
    for case in cases {
        let vectors: Vec<Vec<f64>> = case["pictures"].as_array().expect("rows").iter().map(numbers).collect();
        let pictures = Features::from_rows(&vectors).expect("pictures");
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let lineups = if case["candidates"].is_null() {
            let all: Vec<usize> = (0..pictures.count()).collect();
            Lineups::new(&pictures, &all, Distractors::InBatch, &mut rng)
        } else {
            let candidates = rows(&case["candidates"]);
            let candidates: Vec<Vec<usize>> =
                candidates.iter().map(|row| row.iter().map(|&object| object as usize).collect()).collect();
            Lineups::given(&pictures, &candidates)
        };
        let lineups = lineups.expect("games");
        let channel =
            Channel::new(size(&case, "vocab_size") as u32, size(&case, "max_length")).expect("a channel");
        let encoder = ImageEncoder::new([size(&case, "side"), size(&case, "width")], &mut rng);
        let mut speaker = SeeingSpeaker::new(encoder.clone(), &agent(&case, 0), channel, &mut rng);
        let projection = size(&case, "projection");
        let mut listener = SeeingDiscriminator::new(encoder, &agent(&case, 1), projection, channel, &mut rng);
        let weights = load(speaker.parameters(), &case["speaker"]["values"]);
        speaker.change(&mut |values| values.copy_from_slice(&weights));
        let weights = load(listener.parameters(), &case["listener"]["values"]);
        listener.change(&mut |values| values.copy_from_slice(&weights));

        let said = speaker.speak(lineups.targets(), Choice::Sample(&singles(&case["drawn"])));
        assert!(said.messages.iter().eq(rows(&case["messages"])), "the same draws choose the same symbols");
        assert_close("log probabilities", &said.log_probs, &numbers(&case["log_probs"]));
        let (likelihoods, of_listener) = listener.gradient(&lineups, &said.messages, None);
        assert_close("likelihoods", &likelihoods, &numbers(&case["likelihoods"]));
        let rewards: Vec<f64> = likelihoods.iter().map(|&value| value.into()).collect();
        let expected = case["listener_loss"].as_f64().expect("a number");
        assert!((-mean(&rewards) / expected - 1.0).abs() < TOLERANCE, "{} for {expected}", -mean(&rewards));
        check_gradient("listener", listener.parameters(), &of_listener, &case["listener"]["gradient"]);
        check_speaker(&case, &speaker, lineups.targets(), &said, &rewards);
    }
}

const AGENT: AgentConfig = AgentConfig { cell: CellKind::Lstm, hidden: 24, embedding: 12, layer_norm: true };

/// Drawn pictures of so many pixels a side.
fn pictures(count: u64, side: usize) -> Features {
    let row = |index| -> Vec<f64> {
        let image = draw(5, index, side);
        let plane =
            |channel| image.pixels()[channel..].iter().step_by(3).map(|&byte| f64::from(byte) / 127.5 - 1.0);
        (0..3).flat_map(plane).collect()
    };
    Features::from_rows(&(0..count).map(row).collect::<Vec<_>>()).expect("pictures")
}

/// The slope of the loss along the gradient of the encoder's numbers is that gradient's length.
#[test]
fn gradients_of_the_encoders_are_the_slopes_of_the_losses() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let pictures = pictures(12, 8);
    let channel = Channel::new(5, 3).expect("a channel");
    let speaker = SeeingSpeaker::new(ImageEncoder::new([8, 4], &mut rng), &AGENT, channel, &mut rng);
    let encoder = ImageEncoder::new([8, 4], &mut rng);
    let count = encoder.values().len();
    let listener = SeeingDiscriminator::new(encoder, &AGENT, 6, channel, &mut rng);
    let targets: Vec<usize> = (0..12).collect();
    let drawn: Vec<f32> = (0..36).map(|_| rng.random()).collect();
    let said = speaker.speak(&pictures, Choice::Sample(&drawn));

    let slope = |gradient: &[f32], loss: &dyn Fn(&[f32]) -> f64| {
        let length = gradient[..count].iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
        let step = 2e-3;
        let moved = |sign: f64| {
            let mut along = vec![0.0; gradient.len()];
            for (along, &value) in along.iter_mut().zip(&gradient[..count]) {
                *along = (sign * step * f64::from(value) / length) as f32;
            }
            loss(&along)
        };
        ((moved(1.0) - moved(-1.0)) / (2.0 * step), length)
    };
    for distractors in [Distractors::InBatch, Distractors::Sampled(Sampled { count: 4 })] {
        let lineups = Lineups::new(&pictures, &targets, distractors, &mut rng).expect("games");
        let loss = |along: &[f32]| {
            let mut moved = listener.clone();
            moved.change(&mut |values| {
                values.iter_mut().zip(along).for_each(|(value, along)| *value += along);
            });
            let likelihoods = moved.log_likelihood(&lineups, &said.messages);
            -likelihoods.iter().map(|&value| f64::from(value)).sum::<f64>() / 12.0
        };
        let (_, gradient) = listener.gradient(&lineups, &said.messages, None);
        let (found, expected) = slope(&gradient, &loss);
        assert!((found / expected - 1.0).abs() < 2e-2, "listener: {found} for {expected}");
    }
    let credits: Vec<Credit> =
        (0..12_u8).map(|row| Credit { log_prob: f32::from(row % 5) - 2.0, entropy: -0.1 }).collect();
    let loss = |along: &[f32]| {
        let mut moved = speaker.clone();
        moved.change(&mut |values| values.iter_mut().zip(along).for_each(|(value, along)| *value += along));
        let said = moved.speak(&pictures, Choice::Given(&said.messages));
        let terms = credits.iter().zip(said.log_probs.iter().zip(&said.entropies));
        terms
            .map(|(credit, (&log_prob, &entropy))| {
                f64::from(credit.log_prob) * f64::from(log_prob)
                    + f64::from(credit.entropy) * f64::from(entropy)
            })
            .sum()
    };
    let gradient = speaker.gradient(&pictures, &said, &credits);
    let (found, expected) = slope(&gradient, &loss);
    assert!((found / expected - 1.0).abs() < 2e-2, "speaker: {found} for {expected}");
}

/// What an encoder makes of a picture does not depend on those beside it, nor on the parts that go through it at once.
#[test]
fn a_picture_is_encoded_alone() {
    let encoder = ImageEncoder::new([4, 4], &mut ChaCha8Rng::seed_from_u64(1));
    let pictures = pictures(300, 4);
    let together = encoder.encode(&pictures);
    for row in [0, 255, 256, 299] {
        let alone = encoder.encode(&pictures.select(&[row]).expect("a picture"));
        for (one, other) in alone.iter().zip(&together[row * 16..]) {
            assert!((one - other).abs() < 1e-5, "{one} for {other}");
        }
    }
    assert_eq!(encoder.places().last().map(|(_, place)| place.end), Some(encoder.values().len()));
}

/// Pictures in a file, and a game with them.
fn game(folder: &Path, count: u64, split: [usize; 3]) -> TrainConfig {
    let path = folder.join("pictures.npz");
    let pixels = (0..count).flat_map(|index| draw(3, index, 12).pixels().to_vec());
    let array = NamedArray::i64("images", &[count as usize, 12, 12, 3], pixels.map(i64::from).collect());
    write_npz(&path, &[array.expect("an array")]).expect("a file");
    let [train, validation, test] = split;
    let mut config = TrainConfig::preset("pictures").expect("a preset");
    config.game = DiscriminationConfig {
        images: Some(ImagesConfig { path, side: 12, width: 4, ..ImagesConfig::default() }),
        projection: 16,
        split: SplitConfig::Random(RandomSplit { train, validation, test }),
        ..DiscriminationConfig::default()
    }
    .into();
    (config.speaker, config.listener) = (AGENT, AGENT);
    (config.channel.vocab_size, config.channel.max_length) = (6, 3);
    config
}

/// Pictures that did not train are told from 39 others, after seconds of training.
#[test]
fn a_game_with_pictures_is_learnt() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = game(folder.path(), 240, [180, 20, 40]);
    (config.batch_size, config.updates, config.evaluation.every) = (32, 300, 0);
    (config.learning.speaker_rate, config.learning.listener_rate) = (3e-3, 3e-3);
    (config.learning.entropy, config.learning.final_entropy) = (0.3, 0.02);
    let (_, split) = config.features().expect("pictures");
    let mut learner = Seeing::seeing(&config).expect("agents");
    let before = learner.clone();
    for _ in 0..config.updates {
        learner.step(&split).expect("a step");
    }
    let measure = |learner: &Seeing| {
        let agents = (learner.speaker(), learner.listener());
        evaluate(&config, &split, agents, 1).expect("measures").test
    };
    let (untrained, trained) = (measure(&before), measure(&learner));
    println!("{untrained:?}\n{trained:?}");
    assert_eq!(trained.candidates, Some(40));
    // The probability of the target, in the geometric mean, is twice that of a guess at least.
    let guess = 40_f64.ln();
    assert!((untrained.loss - guess).abs() < 0.5, "{untrained:?}");
    assert!(trained.loss < guess - 0.75 && trained.information < guess - 0.75, "{trained:?}");
    assert!(trained.accuracy > untrained.accuracy && trained.distinct_messages >= 4, "{trained:?}");
    let values = |learner: &Seeing| {
        let of_agents = [learner.speaker().parameters(), learner.listener().parameters()];
        of_agents.map(|numbers| numbers.get("observation").expect("the encoder's").to_vec())
    };
    for (one, other) in values(&before).iter().zip(values(&learner)) {
        let moved = one.iter().zip(&other).filter(|(one, other)| one != other).count();
        assert!(moved > one.len() / 2, "the encoders have learnt: {moved} of {}", one.len());
    }
}

/// Short runs: a regime, a population, a new generation, mixtures of symbols, the exact posterior.
fn varied(folder: &Path) -> Vec<TrainConfig> {
    let mut plain = game(folder, 40, [20, 10, 10]);
    (plain.updates, plain.batch_size, plain.checkpoint_every, plain.evaluation.every) = (6, 8, 3, 6);
    let mut mixed = plain.clone();
    mixed.learning.estimator = Estimator::GumbelSoftmax(Relaxation::default());
    let mut fresh = plain.clone();
    fresh.regime = Regime::Reset(Reset { every: 2 });
    let mut several = plain.clone();
    several.population = PopulationConfig { speakers: 2, listeners: 2, ..PopulationConfig::default() };
    several.imitation = ImitationConfig { every: 4, steps: 3, ..ImitationConfig::default() };
    let mut exact = plain.clone();
    exact.regime = Regime::Bayes;
    if let Game::Discrimination(game) = &mut exact.game {
        game.distractors = Distractors::Sampled(Sampled { count: 4 });
    }
    vec![plain, mixed, fresh, several, exact]
}

fn weights(learner: &Seeing) -> Vec<Vec<u32>> {
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
    let speakers = learner.speakers().map(|speaker| bits(speaker.parameters().values()));
    speakers.chain(learner.listeners().map(|listener| bits(listener.parameters().values()))).collect()
}

#[test]
fn a_resumed_run_equals_one_that_was_not_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    for (number, config) in varied(folder.path()).iter().enumerate() {
        let [whole, stopped] = ["whole", "stopped"].map(|name| {
            let run = RunDirectory::create(folder.path().join(format!("{name}-{number}"))).expect("a folder");
            let outcome = train(config, &run, &mut |_| {}).expect("it trains");
            assert!(matches!(outcome, Outcome::Finished(_)));
            run
        });
        // As if it had been killed before the last checkpoint.
        std::fs::remove_file(stopped.checkpoints().path(6)).expect("a checkpoint of update 6");
        train(config, &stopped, &mut |_| {}).expect("it goes on");
        let [one, other] = [&whole, &stopped].map(|run| restore_seeing(config, run).expect("a checkpoint"));
        assert_eq!(weights(&one), weights(&other), "{config:?}");
        for file in ["metrics.jsonl", "evaluations.json", "language.npz"] {
            let read = |run: &RunDirectory| std::fs::read(run.path().join(file)).expect("the file is there");
            assert_eq!(read(&whole), read(&stopped), "{file} with {config:?}");
        }
        if number == 0 {
            // Other pictures are another game.
            std::fs::remove_file(stopped.checkpoints().path(6)).expect("a checkpoint of update 6");
            game(folder.path(), 41, [20, 10, 10]);
            let error = train(config, &stopped, &mut |_| {}).expect_err("other pictures");
            assert!(matches!(error, Error::ForeignFeatures { .. }), "{error}");
            game(folder.path(), 40, [20, 10, 10]);
        }
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    for config in varied(folder.path()) {
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let (_, split) = config.features().expect("pictures");
                let mut learner = Seeing::seeing(&config).expect("agents");
                for _ in 0..3 {
                    learner.step(&split).expect("a step");
                }
                weights(&learner)
            })
        };
        assert_eq!(of(1), of(3));
    }
}

#[test]
fn games_without_pictures_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = game(folder.path(), 40, [20, 10, 10]);
    let refused = |change: &dyn Fn(&mut DiscriminationConfig), expected: &str| {
        let mut config = good.clone();
        let Game::Discrimination(game) = &mut config.game else { unreachable!() };
        change(game);
        let error = config.validate().and_then(|()| config.features().map(drop)).expect_err("refused");
        assert!(error.to_string().contains(expected), "{error}");
    };
    let images = |game: &mut DiscriminationConfig, change: &dyn Fn(&mut ImagesConfig)| {
        change(game.images.as_mut().expect("pictures"));
    };
    refused(&|game| game.features = "f.npz".into(), "agents see features or pictures");
    refused(&|game| images(game, &|images| images.path = "".into()), "`game.images.path` is empty");
    refused(&|game| images(game, &|images| images.side = 3), "`game.images.side` is 3, expected 4 to 256");
    refused(&|game| images(game, &|images| images.width = 0), "`game.images.width` is 0");
    refused(
        &|game| images(game, &|images| images.array = "none".into()),
        "holds no array `none`, only `images`",
    );
    refused(&|game| images(game, &|images| images.path = "nowhere".into()), "cannot read `nowhere`");
    let mut features = good.clone();
    let Game::Discrimination(game) = &mut features.game else { unreachable!() };
    (game.images, game.features) = (None, "f.npz".into());
    let error = Seeing::seeing(&features).expect_err("no pictures");
    assert!(error.to_string().contains("`game.images` is missing"), "{error}");
}
