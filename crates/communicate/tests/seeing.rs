//! Agents behind an encoder, whatever it is: an encoder that changes nothing changes nothing, and a linear one gets the gradient that it
//! has by differences, of symbols and of mixtures.

use autodidact_communicate::Features;
use autodidact_communicate::agents::{
    AgentConfig, CellKind, Choice, Credit, Listener, ObservationEncoder, Relaxation, RelaxedListener,
    RelaxedSpeaker, SeeingDiscriminator, SeeingSpeaker, Speaker, gumbel_noise,
};
use autodidact_communicate::decomposition::bayes_among;
use autodidact_communicate::game::{Channel, Distractors, Lineups, Sampled};
use autodidact_communicate::training::relaxed_loss;
use autodidact_experiment::rng::{Seeds, Stream};
use rand::RngExt;

const AGENT: AgentConfig = AgentConfig { cell: CellKind::Gru, hidden: 12, embedding: 6, layer_norm: true };
const WIDTH: usize = 4;

/// Observations times a matrix `[F, D]`, the identity in the beginning.
#[derive(Clone, Debug)]
struct Linear(Vec<f32>);

impl Linear {
    fn identity() -> Self {
        Self((0..WIDTH * WIDTH).map(|at| f32::from(u8::from(at % (WIDTH + 1) == 0))).collect())
    }
}

impl ObservationEncoder for Linear {
    fn width(&self) -> usize {
        WIDTH
    }

    fn values(&self) -> &[f32] {
        &self.0
    }

    fn set(&mut self, values: &[f32]) {
        self.0.copy_from_slice(values);
    }

    fn encode(&self, observations: &Features) -> Vec<f32> {
        let row = |observation: &[f64]| -> Vec<f32> {
            let of = |weights: &[f32]| weights.iter().zip(observation).map(|(&w, &x)| w * x as f32).sum();
            self.0.chunks_exact(WIDTH).map(of).collect()
        };
        observations.iter().flat_map(row).collect()
    }

    fn gradient(&self, observations: &Features, of_features: &[f32]) -> Vec<f32> {
        let mut sum = vec![0.0; self.0.len()];
        for (observation, slopes) in observations.iter().zip(of_features.chunks_exact(WIDTH)) {
            for (row, slope) in sum.chunks_exact_mut(WIDTH).zip(slopes) {
                row.iter_mut().zip(observation).for_each(|(sum, &x)| *sum += slope * x as f32);
            }
        }
        sum
    }

    fn renew(&mut self, rng: &mut Stream) {
        self.0.iter_mut().for_each(|value| *value = rng.random());
    }
}

struct Game {
    objects: Features,
    channel: Channel,
    speaker: SeeingSpeaker<Linear>,
    listener: SeeingDiscriminator<Linear>,
    lineups: [Lineups; 2],
    drawn: Vec<f32>,
}

fn game() -> Game {
    let seeds = Seeds::new(4);
    let mut rng = seeds.stream("game");
    let values = (0..60 * WIDTH).map(|_| 4.0 * rng.random::<f64>() - 2.0);
    let values = values.map(|value| f64::from(value as f32)).collect();
    let objects = Features::new(values, WIDTH).expect("features");
    let channel = Channel::new(4, 3).expect("a channel");
    let speaker = SeeingSpeaker::new(Linear::identity(), &AGENT, channel, &mut seeds.stream("speaker"));
    let listener =
        SeeingDiscriminator::new(Linear::identity(), &AGENT, 5, channel, &mut seeds.stream("listener"));
    let all: Vec<usize> = (0..60).collect();
    let lineups = [Distractors::InBatch, Distractors::Sampled(Sampled { count: 7 })]
        .map(|distractors| Lineups::new(&objects, &all, distractors, &mut rng).expect("games"));
    let drawn = (0..180).map(|_| rng.random()).collect();
    Game { objects, channel, speaker, listener, lineups, drawn }
}

#[test]
fn an_encoder_that_changes_nothing_changes_nothing() {
    let Game { objects, channel, speaker, listener, lineups, drawn } = game();
    let seeds = Seeds::new(4);
    let plain = autodidact_communicate::agents::NetworkSpeaker::of_features(
        &AGENT,
        WIDTH,
        channel,
        &mut seeds.stream("speaker"),
    );
    let hears = autodidact_communicate::agents::NetworkDiscriminator::new(
        &AGENT,
        [WIDTH, 5],
        channel,
        &mut seeds.stream("listener"),
    );
    let (said, expected) =
        (speaker.speak(&objects, Choice::Sample(&drawn)), plain.speak(&objects, Choice::Sample(&drawn)));
    assert_eq!((&said.messages, &said.log_probs), (&expected.messages, &expected.log_probs));
    let credits = vec![Credit { log_prob: 0.5, entropy: -0.1 }; 60];
    let own = WIDTH * WIDTH;
    let gradient = speaker.gradient(&objects, &said, &credits);
    assert_eq!(gradient[own..], plain.gradient(&objects, &expected, &credits));
    assert_eq!(speaker.parameters().values()[own..], *plain.parameters().values());
    for lineups in &lineups {
        let (likelihoods, gradient) = listener.gradient(lineups, &said.messages, None);
        let (of_plain, expected) = hears.gradient(lineups, &said.messages, None);
        assert_eq!((&likelihoods, &gradient[own..]), (&of_plain, &expected[..]));
        assert_eq!(listener.right(lineups, &said.messages), hears.right(lineups, &said.messages));
        assert_eq!(
            bayes_among(&speaker, lineups, &said.messages),
            bayes_among(&plain, lineups, &said.messages)
        );
    }
    let mut fresh = speaker.clone();
    fresh.renew(&mut seeds.stream("fresh"));
    for name in ["observation", "encoder.weight", "output.bias"] {
        let of = |speaker: &SeeingSpeaker<Linear>| speaker.parameters().get(name).expect("numbers").to_vec();
        assert!(of(&fresh).iter().zip(of(&speaker)).all(|(one, other)| *one != other), "{name}");
    }
    assert_eq!(fresh.parameters().entries(), speaker.parameters().entries());
}

/// Compares a gradient of the encoder's numbers with central differences of a loss.
#[track_caller]
fn check(gradient: &[f32], loss: &dyn Fn(usize, f32) -> f64) {
    let largest = gradient[..WIDTH * WIDTH].iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    assert!(largest > 1e-3, "a gradient that is worth comparing: {largest}");
    for (place, &found) in gradient[..WIDTH * WIDTH].iter().enumerate() {
        let step = 1e-2;
        let slope = (loss(place, step) - loss(place, -step)) / f64::from(2.0 * step);
        assert!((slope - f64::from(found)).abs() < 0.02 * f64::from(largest), "{place}: {found} for {slope}");
    }
}

fn sum(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum()
}

#[test]
fn gradients_reach_the_encoder() {
    let Game { objects, speaker, listener, lineups, drawn, .. } = game();
    let said = speaker.speak(&objects, Choice::Sample(&drawn));
    for lineups in &lineups {
        let (_, gradient) = listener.gradient(lineups, &said.messages, None);
        check(&gradient, &|place, step| {
            let mut moved = listener.clone();
            moved.change(&mut |values| values[place] += step);
            -sum(&moved.log_likelihood(lineups, &said.messages)) / 60.0
        });
    }
    let credits: Vec<Credit> =
        (0..60_u8).map(|row| Credit { log_prob: f32::from(row % 7) - 3.0, entropy: 0.3 }).collect();
    check(&speaker.gradient(&objects, &said, &credits), &|place, step| {
        let mut moved = speaker.clone();
        moved.change(&mut |values| values[place] += step);
        let said = moved.speak(&objects, Choice::Given(&said.messages));
        let terms = credits.iter().zip(said.log_probs.iter().zip(&said.entropies));
        let of_row = |(credit, (log_prob, entropy)): (&Credit, (&f32, &f32))| {
            f64::from(credit.log_prob * log_prob + credit.entropy * entropy)
        };
        terms.map(of_row).sum()
    });
}

#[test]
fn gradients_through_mixtures_reach_both_encoders() {
    let Game { objects, speaker, listener, lineups, .. } = game();
    let relaxation = Relaxation { temperature: 1.0, straight_through: false };
    let noise = gumbel_noise(60 * 3 * 4, &mut Seeds::new(6).stream("noise"));
    for lineups in &lineups {
        let play = |speaker: &SeeingSpeaker<Linear>, listener: &SeeingDiscriminator<Linear>| {
            let mut heard = None;
            let of_speaker = speaker.relaxed_gradient(&objects, &noise, (relaxation, 0.0), &mut |messages| {
                let hearing = listener.relaxed_gradient(lineups, messages, None);
                let loss = relaxed_loss(messages, &hearing, 0.0);
                heard = Some((loss.loss, hearing.gradient));
                loss.of_symbols
            });
            let (loss, of_listener) = heard.expect("it was heard");
            (loss, of_speaker.gradient, of_listener)
        };
        let (_, of_speaker, of_listener) = play(&speaker, &listener);
        check(&of_listener, &|place, step| {
            let mut moved = listener.clone();
            moved.change(&mut |values| values[place] += step);
            play(&speaker, &moved).0
        });
        check(&of_speaker, &|place, step| {
            let mut moved = speaker.clone();
            moved.change(&mut |values| values[place] += step);
            play(&moved, &listener).0
        });
    }
}
