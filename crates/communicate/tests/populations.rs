//! Populations, iterated learning and noise: what is not asked for changes nothing, and what is asked for happens.

use std::collections::HashMap;

use autodidact_communicate::Error;
use autodidact_communicate::agents::{
    AgentConfig, CellKind, Choice, Credit, Listener, RecurrentListener, RecurrentSpeaker, Speaker,
};
use autodidact_communicate::game::{Channel, Distractors, ProductSpace, Sampled};
use autodidact_communicate::measures::language_similarities;
use autodidact_communicate::training::{
    BaselineKind, DiscriminationConfig, EarlyStopped, Examples, GameConfig, ImitationConfig, Learner,
    Outcome, Pair, Pairing, Partial, Patience, PopulationConfig, RandomSplit, Reconstructing, Regime,
    Replaced, Report, Reset, Retrained, Side, SplitConfig, StopRule, Telling, TrainConfig, credits, evaluate,
    evaluate_population, imitation_gradient, restore, restore_discriminating, train,
};
use autodidact_communicate::{Messages, files};
use autodidact_data::arrays::{NamedArray, write_npz};
use autodidact_experiment::rng::Seeds;
use autodidact_experiment::run::RunDirectory;
use autodidact_kernels::{AdamW, adamw_update};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

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

fn several(speakers: usize, listeners: usize, pairing: Pairing) -> PopulationConfig {
    PopulationConfig { speakers, listeners, pairing, ..PopulationConfig::default() }
}

/// Populations of all kinds with all regimes, generations and noise.
fn varied() -> Vec<TrainConfig> {
    let rule = StopRule::Patience(Patience { steps: 2, ..Patience::default() });
    let resets = |reset, replaced| PopulationConfig {
        reset_every: 4,
        reset,
        replaced,
        ..several(2, 3, Pairing::Random)
    };
    let generations =
        |agents, share| ImitationConfig { every: 4, agents, steps: 6, share, examples: Examples::Sampled };
    let with = |population, imitation, regime| TrainConfig { population, imitation, regime, ..small() };
    let alone = ImitationConfig::default();
    let stopped = EarlyStopped { reset: 0.5, rule, max_steps: 10, joint_updates: 2, keeps_best: true };
    let mut noisy = with(several(2, 2, Pairing::All), alone, Regime::EarlyStopped(stopped));
    noisy.channel.noise = 0.2;
    noisy.learning.baseline = BaselineKind::Learned;
    let mut batches = with(several(1, 1, Pairing::Random), generations(Side::Both, 0.8), Regime::Continuous);
    batches.batch_size = 6;
    batches.imitation.examples = Examples::Greedy;
    let mut fresh = with(
        resets(Side::Both, Replaced::Random),
        generations(Side::Both, 0.5),
        Regime::Partial(Partial { steps: 2.0 }),
    );
    fresh.learning.baseline = BaselineKind::Learned;
    vec![
        with(several(3, 2, Pairing::Random), alone, Regime::Continuous),
        noisy,
        batches,
        fresh,
        with(resets(Side::Speaker, Replaced::Oldest), alone, Regime::Reset(Reset { every: 2 })),
        with(
            several(2, 1, Pairing::Fixed),
            generations(Side::Listener, 1.0),
            Regime::Retrained(Retrained { rule, max_steps: 5, joint_updates: 2 }),
        ),
        with(several(2, 2, Pairing::All), generations(Side::Speaker, 0.1), Regime::Bayes),
    ]
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The weights of all speakers, then of all listeners.
fn weights(learner: &Reconstructing) -> Vec<Vec<u32>> {
    let speakers = learner.speakers().map(|speaker| bits(speaker.parameters().values()));
    speakers.chain(learner.listeners().map(|listener| bits(listener.parameters().values()))).collect()
}

fn steps(config: &TrainConfig, count: usize) -> (Reconstructing, Vec<Report>) {
    let (_, split) = config.objects().expect("objects");
    let mut learner = Learner::recurrent(config).expect("agents");
    let reports = (0..count).map(|_| learner.step(&split).expect("a step")).collect();
    (learner, reports)
}

fn run_whole(config: &TrainConfig, folder: &std::path::Path) -> RunDirectory {
    let run = RunDirectory::create(folder).expect("a new folder");
    let outcome = train(config, &run, &mut |_| {}).expect("it trains");
    assert!(matches!(outcome, Outcome::Finished(_)));
    run
}

/// Speaker and listener of a run without a population, by a loop that knows of none.
#[test]
fn one_pair_learns_as_it_always_did() {
    let config = small();
    let (_, split) = config.objects().expect("objects");
    let (space, channel) = (config.space().expect("a space"), config.channel().expect("a channel"));
    let seeds = Seeds::new(config.seed);
    let mut speaker = RecurrentSpeaker::new(&config.speaker, &space, channel, &mut seeds.stream("speaker"));
    let mut listener =
        RecurrentListener::new(&config.listener, &space, channel, &mut seeds.stream("listener"));
    let mut moments = [speaker.parameters(), listener.parameters()]
        .map(|parameters| [0, 1].map(|_| vec![0.0; parameters.values().len()]));
    for update in 0..6 {
        let mut rng = seeds.keyed("symbols", [update]);
        let drawn: Vec<f32> = (0..15 * 3).map(|_| rng.random()).collect();
        let said = speaker.speak(&split.train, Choice::Sample(&drawn));
        let (likelihoods, of_listener) = listener.gradient(&split.train, &said.messages, None);
        let rewards: Vec<f64> = likelihoods.iter().map(|&value| value.into()).collect();
        let mean = rewards.iter().sum::<f64>() / 15.0;
        let lengths: Vec<usize> = said.messages.lengths().collect();
        let credits = credits(&rewards, &[mean; 15], &lengths, config.entropy_at(update));
        let of_speaker = speaker.gradient(&split.train, &said, &credits);
        let adamw = AdamW {
            learning_rate: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            step: update + 1,
        };
        let [[first, second], [third, fourth]] = &mut moments;
        speaker.change(&mut |weights| adamw_update(&adamw, weights, &of_speaker, first, second));
        listener.change(&mut |weights| adamw_update(&adamw, weights, &of_listener, third, fourth));
    }
    let by_hand = vec![bits(speaker.parameters().values()), bits(listener.parameters().values())];
    for pairing in [Pairing::Random, Pairing::All, Pairing::Fixed] {
        let config = TrainConfig { population: several(1, 1, pairing), ..config.clone() };
        let (learner, reports) = steps(&config, 6);
        assert_eq!(weights(&learner), by_hand);
        assert!(reports.iter().all(|report| report.pair == Pair::default() && report.generation.is_none()));
    }
}

/// The first agents of a population are those of a run without one, and the others differ from them.
#[test]
fn a_population_begins_with_the_agents_of_a_pair() {
    let pair = weights(&steps(&small(), 0).0);
    let config = TrainConfig { population: several(3, 2, Pairing::All), ..small() };
    let all = weights(&steps(&config, 0).0);
    assert_eq!((&all[0], &all[3]), (&pair[0], &pair[1]));
    let distinct: std::collections::HashSet<&Vec<u32>> = all.iter().collect();
    assert_eq!(distinct.len(), 5);
}

#[test]
fn only_the_pair_whose_turn_it_is_learns() {
    for pairing in [Pairing::Random, Pairing::All, Pairing::Fixed] {
        let config = TrainConfig { population: several(3, 2, pairing), ..small() };
        let (_, split) = config.objects().expect("objects");
        let mut learner = Learner::recurrent(&config).expect("agents");
        let mut visits: HashMap<Pair, u64> = HashMap::new();
        for _ in 0..60 {
            let before = weights(&learner);
            let pair = learner.step(&split).expect("a step").pair;
            *visits.entry(pair).or_default() += 1;
            let changed: Vec<usize> = before
                .iter()
                .zip(&weights(&learner))
                .enumerate()
                .filter_map(|(agent, (before, after))| (before != after).then_some(agent))
                .collect();
            assert_eq!(changed, [pair.speaker, 3 + pair.listener]);
        }
        match pairing {
            Pairing::Random => assert_eq!(visits.len(), 6, "60 draws of 6 pairs"),
            Pairing::All => assert!(visits.len() == 6 && visits.values().all(|&visits| visits == 10)),
            Pairing::Fixed => assert!(visits.len() == 3 && visits.values().all(|&visits| visits == 20)),
        }
    }
}

#[test]
fn a_continued_run_equals_one_without_a_stop() {
    for config in varied() {
        let folder = tempfile::tempdir().expect("a folder");
        let whole = run_whole(&config, &folder.path().join("whole"));
        let stopped = run_whole(&config, &folder.path().join("stopped"));
        // As if it had been killed after update 11, before the last checkpoint.
        std::fs::remove_file(stopped.checkpoints().path(12)).expect("a checkpoint of update 12");
        let outcome = train(&config, &stopped, &mut |_| {}).expect("it goes on");
        assert!(matches!(outcome, Outcome::Finished(_)));
        let [one, other] = [&whole, &stopped].map(|run| restore(&config, run).expect("a checkpoint"));
        assert_eq!(weights(&one), weights(&other), "{config:?}");
        assert_eq!(one.counts(), other.counts());
        let further = (2..=config.population.speakers).map(|speaker| format!("language-{speaker}.npz"));
        let files = ["metrics.jsonl", "evaluations.json", "language.npz"].map(str::to_owned);
        for file in files.into_iter().chain(further) {
            let read = |run: &RunDirectory| std::fs::read(run.path().join(&file)).expect("the file is there");
            assert_eq!(read(&whole), read(&stopped), "{file} with {config:?}");
        }
    }
}

/// Vectors that are found among others: all agents of a population in a generation, pairs at random, noise, and a run that is continued.
#[test]
fn populations_find_vectors_among_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let features = folder.path().join("features.npz");
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let values: Vec<f32> = (0..40 * 8).map(|_| 2.0 * rng.random::<f32>() - 1.0).collect();
    write_npz(&features, &[NamedArray::f32("embeddings", &[40, 8], values).expect("an array")])
        .expect("a file");
    let game = DiscriminationConfig {
        features,
        projection: 12,
        distractors: Distractors::Sampled(Sampled { count: 4 }),
        split: SplitConfig::Random(RandomSplit { train: 20, validation: 10, test: 10 }),
        ..DiscriminationConfig::default()
    };
    let imitation = ImitationConfig { every: 4, agents: Side::Both, steps: 5, ..ImitationConfig::default() };
    let population = several(2, 2, Pairing::Random);
    let mut config = TrainConfig { game: game.into(), population, imitation, ..small() };
    config.channel.noise = 0.1;
    let whole = run_whole(&config, &folder.path().join("whole"));
    let stopped = run_whole(&config, &folder.path().join("stopped"));
    std::fs::remove_file(stopped.checkpoints().path(12)).expect("a checkpoint of update 12");
    train(&config, &stopped, &mut |_| {}).expect("it goes on");
    for file in ["metrics.jsonl", "evaluations.json", "language.npz", "language-2.npz"] {
        let read = |run: &RunDirectory| std::fs::read(run.path().join(file)).expect("the file is there");
        assert_eq!(read(&whole), read(&stopped), "{file}");
    }
    let learner = restore_discriminating(&config, 8, &stopped).expect("a checkpoint");
    assert_eq!((learner.counts().generations, learner.counts().resets), (2, 4));
    // Listeners of a generation find objects among those that it hears of.
    config.imitation.share = 0.2;
    let error = config.features().expect_err("4 objects have 3 others");
    assert!(matches!(error, Error::Distractors { asked: 4, objects: 4 }), "{error}");
}

#[test]
fn results_do_not_depend_on_threads() {
    for config in varied() {
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let (_, split) = config.objects().expect("objects");
                let (learner, reports) = steps(&config, 9);
                let measured = evaluate_population(&config, &split, &learner).expect("measures");
                (weights(&learner), reports, measured)
            })
        };
        assert_eq!(of(1), of(5));
    }
}

/// What is measured of a population is what each pair has by itself.
#[test]
fn all_pairs_are_measured() {
    let config = TrainConfig { population: several(2, 3, Pairing::All), ..small() };
    let (_, split) = config.objects().expect("objects");
    let (learner, _) = steps(&config, 30);
    let measured = evaluate_population(&config, &split, &learner).expect("measures").test;
    let pairs: Vec<_> = learner
        .speakers()
        .flat_map(|speaker| learner.listeners().map(move |listener| (speaker, listener)))
        .map(|pair| evaluate(&config, &split, pair, 30).expect("measures").test)
        .collect();
    let loss = pairs.iter().map(|pair| pair.loss).sum::<f64>() / 6.0;
    let accuracy = pairs.iter().map(|pair| pair.accuracy).sum::<f64>() / 6.0;
    let least = pairs.iter().map(|pair| pair.accuracy).fold(1.0, f64::min);
    // Sums of single-precision numbers in another order.
    assert!((measured.loss - loss).abs() < 1e-9 * loss, "{measured:?}, {loss}");
    assert!((measured.accuracy - accuracy).abs() < 1e-12, "{measured:?}, {accuracy}");
    assert!((measured.least_accuracy - least).abs() < 1e-12);
    let said: Vec<Messages> =
        learner.speakers().map(|speaker| speaker.speak(&split.test, Choice::Greedy).messages).collect();
    let similarities = language_similarities(&said).expect("two languages");
    assert_eq!(measured.similarity, Some(similarities.mean));
    // The same messages in another order of objects.
    assert!((measured.similarity_by_chance.expect("two") - similarities.by_chance).abs() < 1e-12);
    let alone = TrainConfig { population: several(1, 3, Pairing::All), ..small() };
    let measured = evaluate_population(&alone, &split, &steps(&alone, 0).0).expect("measures");
    assert_eq!(measured.test.similarity, None);
}

#[test]
fn a_run_tells_of_its_population_and_writes_all_languages() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = TrainConfig { population: several(2, 2, Pairing::All), ..small() };
    let run = RunDirectory::create(folder.path().join("run")).expect("a folder");
    let mut told = 0;
    let outcome =
        train(&config, &run, &mut |telling| told += u32::from(matches!(telling, Telling::Population(_))));
    let Ok(Outcome::Finished(trained)) = outcome else { panic!("it ends") };
    assert_eq!(told, 2);
    let learner = restore(&config, &run).expect("a checkpoint");
    let (objects, split) = config.objects().expect("objects");
    let measured = evaluate_population(&config, &split, &learner).expect("measures");
    assert_eq!(trained.population, Some(measured));
    for (file, speaker) in ["language.npz", "language-2.npz"].iter().zip(learner.speakers()) {
        let messages = files::read_messages(&run.path().join(file)).expect("messages");
        assert_eq!(messages, speaker.speak(&objects, Choice::Greedy).messages);
    }
    // Another number of agents than the checkpoint has.
    let other = TrainConfig { population: several(2, 1, Pairing::All), ..config };
    let error = restore(&other, &run).expect_err("another population");
    assert!(matches!(error, Error::Population { found: 2, expected: 1, .. }), "{error}");
}

#[test]
fn agents_are_replaced_when_it_is_time() {
    let population = PopulationConfig { reset_every: 3, reset: Side::Both, ..several(2, 2, Pairing::All) };
    // Steps of nothing: only fresh agents differ from those before.
    let mut config = TrainConfig { population, ..small() };
    (config.learning.speaker_rate, config.learning.listener_rate) = (0.0, 0.0);
    let (_, split) = config.objects().expect("objects");
    let mut learner = Learner::recurrent(&config).expect("agents");
    let mut replaced = Vec::new();
    for update in 0..10 {
        let before = weights(&learner);
        learner.step(&split).expect("a step");
        for (agent, (before, after)) in before.iter().zip(&weights(&learner)).enumerate() {
            if before != after {
                replaced.push((update, agent));
            }
        }
    }
    assert_eq!(replaced, [(3, 0), (3, 2), (6, 1), (6, 3), (9, 0), (9, 2)]);
    assert_eq!((learner.counts().speaker_resets, learner.counts().resets), (3, 3));
}

/// A listener's regime counts its own updates: with pairs in turn, no listener would be reset twice as often as another.
#[test]
fn regimes_count_the_updates_of_a_listener() {
    let regime = Regime::Reset(Reset { every: 2 });
    let mut config = TrainConfig { population: several(1, 2, Pairing::All), regime, ..small() };
    (config.learning.speaker_rate, config.learning.listener_rate) = (0.0, 0.0);
    let (_, split) = config.objects().expect("objects");
    let mut learner = Learner::recurrent(&config).expect("agents");
    let mut replaced = Vec::new();
    for update in 0..9 {
        let before = weights(&learner);
        learner.step(&split).expect("a step");
        replaced.extend(
            (0..3).filter(|&agent| before[agent] != weights(&learner)[agent]).map(|agent| (update, agent)),
        );
    }
    assert_eq!(replaced, [(4, 1), (5, 2), (8, 1)]);
    // Listeners make 3 steps for each of the speakers', whoever plays.
    let regime = Regime::Partial(Partial { steps: 3.0 });
    let config = TrainConfig { population: several(2, 2, Pairing::Random), regime, ..small() };
    let (learner, reports) = steps(&config, 5);
    assert!(reports.iter().all(|report| report.listener_steps == 2));
    assert_eq!(learner.counts().listener_steps, 15);
}

/// Two speakers with one listener each never agree; with both listeners they have to be understood by the same ones.
#[test]
fn a_population_comes_to_speak_alike() {
    let of = |pairing| {
        let mut config = TrainConfig { population: several(2, 2, pairing), updates: 3000, ..small() };
        config.game = GameConfig { split: SplitConfig::Full, ..small_game() }.into();
        (config.speaker.hidden, config.listener.hidden) = (48, 48);
        (config.learning.speaker_rate, config.learning.listener_rate) = (2e-3, 2e-3);
        let (_, split) = config.objects().expect("objects");
        let (learner, _) = steps(&config, config.updates);
        evaluate_population(&config, &split, &learner).expect("measures").test
    };
    let [apart, together] = [Pairing::Fixed, Pairing::All].map(of);
    println!("{apart:?}\n{together:?}");
    assert!(together.accuracy > 0.8, "{together:?}");
    assert!(apart.accuracy < 0.7 && apart.least_accuracy < 0.3, "strangers do not understand: {apart:?}");
    let above_chance = |measured: &autodidact_communicate::training::AcrossPairs| {
        measured.similarity.expect("two") - measured.similarity_by_chance.expect("two")
    };
    assert!(above_chance(&together) > above_chance(&apart) + 0.2, "{together:?}, {apart:?}");
}

fn agent(cell: CellKind) -> AgentConfig {
    AgentConfig { cell, hidden: 12, embedding: 6, layer_norm: true }
}

/// Saying what is given is saying what one drew oneself: the same numbers and the same slopes, to the bit.
#[test]
fn given_messages_are_said_as_drawn_ones() {
    let (space, channel) =
        (ProductSpace::uniform(2, 4).expect("a space"), Channel::new(4, 4).expect("a channel"));
    let objects = space.objects(16).expect("few");
    for cell in [CellKind::Lstm, CellKind::Gru] {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let speaker = RecurrentSpeaker::new(&agent(cell), &space, channel, &mut rng);
        let drawn: Vec<f32> = (0..16 * 4).map(|_| rng.random()).collect();
        let said = speaker.speak(&objects, Choice::Sample(&drawn));
        let given = speaker.speak(&objects, Choice::Given(&said.messages));
        assert_eq!(given.messages, said.messages);
        assert_eq!(bits(&given.log_probs), bits(&said.log_probs));
        assert_eq!(bits(&given.entropies), bits(&said.entropies));
        let credits: Vec<Credit> =
            (0..16).map(|_| Credit { log_prob: rng.random(), entropy: rng.random() }).collect();
        let [one, other] = [&said, &given].map(|said| bits(&speaker.gradient(&objects, said, &credits)));
        assert_eq!(one, other);
    }
}

/// Central differences of the mean of −log π(m|x) along random directions.
#[test]
fn the_gradient_of_imitation_is_a_slope() {
    let (space, channel) =
        (ProductSpace::uniform(2, 4).expect("a space"), Channel::new(4, 4).expect("a channel"));
    let objects = space.objects(16).expect("few");
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut speaker = RecurrentSpeaker::new(&agent(CellKind::Lstm), &space, channel, &mut rng);
    // Whatever the messages are, also such as the speaker would not say.
    let messages: Vec<u32> = (0..16 * 4).map(|_| rng.random_range(0..4)).collect();
    let messages = Messages::new(messages, 4).expect("messages");
    let (loss, gradient) = imitation_gradient(&speaker, &objects, &messages);
    let scored = std::sync::Mutex::new(0.0);
    speaker.score(&objects, &messages, &|range, scores| {
        for (object, scores) in range.zip(scores.chunks_exact(16)) {
            *scored.lock().expect("no panic") -= scores[object] / 16.0;
        }
    });
    assert!((loss - scored.into_inner().expect("no panic")).abs() < 1e-5 * loss, "the mean of −log π(m|x)");
    let before = speaker.parameters().values().to_vec();
    for seed in 0..5 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let direction: Vec<f32> = before.iter().map(|_| 2.0 * rng.random::<f32>() - 1.0).collect();
        let mut at = |step: f32| {
            speaker.change(&mut |values| {
                for ((value, before), direction) in values.iter_mut().zip(&before).zip(&direction) {
                    *value = before + step * direction;
                }
            });
            imitation_gradient(&speaker, &objects, &messages).0
        };
        // Without the third power of the step, as these losses curve.
        let step = 4e-3_f32;
        let near = (at(step) - at(-step)) / f64::from(2.0 * step);
        let far = (at(2.0 * step) - at(-2.0 * step)) / f64::from(4.0 * step);
        let slope = (4.0 * near - far) / 3.0;
        let expected: f64 = gradient.iter().zip(&direction).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        // Single precision: the loss has an error of about 1e-7, which the step divides.
        assert!((slope - expected).abs() < 2e-3 * expected.abs().max(0.1), "{slope} for {expected}");
    }
}

/// A pupil says of what it heard what its speaker says, which another speaker would not; of other objects it has to guess.
#[test]
fn a_pupil_says_what_it_heard() {
    for (examples, share) in [(Examples::Greedy, 0.6), (Examples::Greedy, 1.0), (Examples::Sampled, 1.0)] {
        let imitation = ImitationConfig { every: 1500, agents: Side::Speaker, steps: 800, share, examples };
        let mut config = TrainConfig { imitation, updates: 1501, ..small() };
        config.game = GameConfig { split: SplitConfig::Full, ..small_game() }.into();
        (config.speaker.hidden, config.listener.hidden) = (48, 48);
        (config.learning.speaker_rate, config.learning.listener_rate) = (3e-3, 2e-3);
        let (learner, reports) = steps(&config, config.updates);
        let begun: Vec<usize> =
            (0..reports.len()).filter(|&update| reports[update].generation.is_some()).collect();
        assert_eq!(begun, [1500]);
        let generation = reports[1500].generation.expect("one");
        println!("{generation:?}, loss {} and then {}", reports[1499].loss, reports[1500].loss);
        assert_eq!((generation.number, learner.counts().generations), (1, 1));
        assert_eq!(generation.seen, (25.0 * share).round() as usize);
        let agreement = generation.agreement.expect("a speaker learnt");
        match generation.agreement_unseen {
            Some(unseen) => assert!(share < 1.0 && unseen < agreement, "{generation:?}"),
            None => assert_eq!(share, 1.0),
        }
        // What is drawn is not always what is most likely; a message of three symbols is right by chance once in 156 times.
        assert!(agreement > if examples == Examples::Greedy { 0.99 } else { 0.5 }, "{generation:?}");
        // The old listener understands the pupil of a whole language.
        if share == 1.0 {
            let chance = 2.0 * 5.0_f64.ln();
            assert!(reports[1500].loss < 0.5 * chance, "{}", reports[1500].loss);
        }
    }
}

/// Fresh listeners of a generation learn before they play: their first game is better than that of those who did not.
#[test]
fn listeners_of_a_generation_learn_first() {
    let loss = |steps_of_pupils| {
        let imitation = ImitationConfig {
            every: 400,
            agents: Side::Listener,
            steps: steps_of_pupils,
            share: 1.0,
            ..ImitationConfig::default()
        };
        let config = TrainConfig { imitation, ..small() };
        let (learner, reports) = steps(&config, 401);
        let generation = reports[400].generation.expect("a generation");
        assert_eq!((generation.agreement, generation.seen), (None, 15));
        assert_eq!((reports[400].listener_steps, learner.counts().resets), (steps_of_pupils as u64, 1));
        reports[400].loss
    };
    let [taught, fresh] = [loss(300), loss(1)];
    assert!(taught < 0.6 * fresh, "{taught}, {fresh}");
}

/// Of 30 000 symbols, a share of `noise` within four standard deviations, each other symbol as often, and no length changes.
#[test]
fn noise_replaces_as_many_symbols_as_it_says() {
    let channel = Channel::new(6, 5).expect("a channel");
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let sent: Vec<u32> = (0..10_000 * 5).map(|_| rng.random_range(0..6)).collect();
    let sent = Messages::new(sent, 5).expect("messages");
    assert_eq!(channel.transmit(&sent, 0.0, &mut rng).expect("no noise"), sent);
    for noise in [0.05, 0.3, 1.0] {
        let received = channel.transmit(&sent, noise, &mut rng).expect("messages");
        assert!(received.lengths().eq(sent.lengths()));
        let (mut symbols, mut changes) = (0.0, [[0.0; 6]; 6]);
        for (sent, received) in sent.words().zip(received.words()) {
            for (&sent, &received) in sent.iter().zip(received) {
                symbols += 1.0;
                changes[sent as usize][received as usize] += 1.0;
            }
        }
        let kept: f64 = (0..6).map(|symbol| changes[symbol][symbol]).sum();
        let within =
            |found: f64, p: f64, of: f64| (found - p * of).abs() <= 4.0 * (of * p * (1.0 - p)).sqrt();
        assert!(within(symbols - kept, noise, symbols), "{} of {symbols} at {noise}", symbols - kept);
        for (sent, changes) in changes.iter().enumerate().skip(1) {
            let of_symbol: f64 = changes.iter().sum();
            for received in (1..6).filter(|&received| received != sent) {
                assert!(within(changes[received], noise / 4.0, of_symbol), "{sent} to {received}");
            }
            assert_eq!(changes[0], 0.0, "no end is put in");
        }
    }
    let two = Channel::new(2, 5).expect("a channel");
    let ones = Messages::from_rows(&[[1, 1, 0, 0, 0]]).expect("a message");
    assert_eq!(two.transmit(&ones, 0.0, &mut rng).expect("no noise"), ones);
    for (channel, noise, name) in
        [(two, 0.1, "vocab_size"), (channel, 1.5, "noise"), (channel, f64::NAN, "noise")]
    {
        let error = channel.transmit(&ones, noise, &mut rng).expect_err("out of range").to_string();
        assert!(error.contains(name), "{error}");
    }
}

/// With a fifth of the symbols wrong, agents learn to tell objects in messages that are long enough, and more of them arrive than of agents
/// that never heard noise.
#[test]
fn agents_learn_through_noise() {
    let of = |noise| {
        let mut config = TrainConfig { updates: 3000, ..small() };
        config.game = GameConfig { attributes: 2, values: 3, objects: 0, split: SplitConfig::Full }.into();
        (config.channel.max_length, config.channel.noise) = (6, noise);
        (config.speaker.hidden, config.listener.hidden) = (48, 48);
        (config.learning.speaker_rate, config.learning.listener_rate) = (3e-3, 3e-3);
        let (_, split) = config.objects().expect("objects");
        let (learner, _) = steps(&config, config.updates);
        let measured = evaluate(&config, &split, (learner.speaker(), learner.listener()), 3000);
        // What is measured is heard without noise; here is what is heard with it.
        let said = learner.speaker().speak(&split.test, Choice::Greedy).messages;
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let channel = config.channel().expect("a channel");
        let right: usize = (0..1000)
            .map(|_| {
                let received = channel.transmit(&said, 0.2, &mut rng).expect("messages");
                learner.listener().right(&split.test, &received).iter().filter(|&&right| right == 2).count()
            })
            .sum();
        (measured.expect("measures").test, right as f64 / 9000.0)
    };
    let [(measured, through), (_, unused)] = [0.2, 0.0].map(of);
    println!("{measured:?}\n{through} of those who learnt with noise, {unused} of those who did not");
    assert!(measured.accuracy > 0.9, "{measured:?}");
    assert!((measured.loss - measured.information - measured.adaptation).abs() < 1e-9);
    assert!(through > 0.7 && through > unused + 0.1, "{through}, {unused}");
}

#[test]
fn settings_out_of_range_are_named() {
    let refused = |change: &dyn Fn(&mut TrainConfig)| {
        let mut config = small();
        change(&mut config);
        let error = config.validate().expect_err("out of range");
        assert!(matches!(error, Error::Setting { .. }));
        error.to_string()
    };
    for (change, name) in [
        (
            &(|config: &mut TrainConfig| config.population.speakers = 0) as &dyn Fn(&mut TrainConfig),
            "`population.speakers` is 0",
        ),
        (&|config| config.population.listeners = 2000, "`population.listeners` is 2000, expected 1 to 1024"),
        (&|config| config.population.reset_every = usize::MAX, "`population.reset_every`"),
        (&|config| config.imitation.every = usize::MAX, "`imitation.every`"),
        (&|config| config.imitation.steps = 0, "`imitation.steps` is 0"),
        (&|config| config.imitation.share = 0.0, "`imitation.share` is 0"),
        (&|config| config.imitation.share = 1.1, "`imitation.share` is 1.1"),
        (&|config| config.channel.noise = -0.1, "`channel.noise` is -0.1"),
        (&|config| config.channel.noise = f64::NAN, "`channel.noise` is NaN"),
        (&|config| (config.channel.noise, config.channel.vocab_size) = (0.1, 2), "`channel.vocab_size` is 2"),
        (
            &|config| (config.channel.noise, config.learning.alpha) = (0.1, 0.5),
            "`channel.noise` is 0.1, expected 0",
        ),
        (
            &|config| (config.channel.noise, config.regime) = (0.1, Regime::Bayes),
            "`channel.noise` is 0.1, expected 0",
        ),
    ] {
        let message = refused(change);
        assert!(message.contains(name), "`{message}` names {name}");
    }
}

/// Settings of before are read, and mean what they meant.
#[test]
fn settings_of_before_are_read() {
    let mut json = serde_json::to_value(small()).expect("it is plain data");
    let table = json.as_object_mut().expect("a table");
    assert!(table.remove("population").is_some() && table.remove("imitation").is_some());
    assert!(table["channel"].as_object_mut().expect("a table").remove("noise").is_some());
    assert_eq!(serde_json::from_value::<TrainConfig>(json).expect("settings of before"), small());
}
