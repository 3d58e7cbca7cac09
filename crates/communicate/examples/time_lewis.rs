//! Seconds per update of a speaker and a listener that both learn, one a line; read by `benchmarks/lewis.py`.
//!
//!     time_lewis lstm|gru|transformer ATTRIBUTES VALUES VOCABULARY LENGTH HIDDEN BATCH normalised|plain STEPS
//!
//! The last word but one says whether the listener normalises its states; the speaker does.

use std::time::Instant;

use autodidact_communicate::agents::{AgentConfig, CellKind, TransformerConfig};
use autodidact_communicate::training::{ChannelConfig, Game, GameConfig, Learner, SplitConfig, TrainConfig};

/// Updates before the clock counts.
const WARM: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [cell, attributes, values, vocab_size, length, hidden, batch, listener, steps] = &arguments[..]
    else {
        return Err("usage: time_lewis lstm|gru|transformer ATTRIBUTES VALUES VOCABULARY LENGTH HIDDEN BATCH normalised|plain STEPS".into());
    };
    let cell = match cell.as_str() {
        "gru" => CellKind::Gru,
        "transformer" => CellKind::Transformer(TransformerConfig::default()),
        _ => CellKind::Lstm,
    };
    let hidden: usize = hidden.parse()?;
    let speaker = AgentConfig { cell, hidden, embedding: hidden, layer_norm: true };
    let base = TrainConfig::default();
    let config = TrainConfig {
        game: Game::Reconstruction(GameConfig {
            attributes: attributes.parse()?,
            values: values.parse()?,
            objects: batch.parse()?,
            split: SplitConfig::Full,
        }),
        channel: ChannelConfig { vocab_size: vocab_size.parse()?, max_length: length.parse()?, noise: 0.0 },
        speaker,
        listener: AgentConfig { layer_norm: listener == "normalised", ..speaker },
        ..base
    };
    // As in the program: this thread is one of the pool's workers. `RAYON_NUM_THREADS` says how many there are.
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global()?;
    let (_, split) = config.objects()?;
    let mut learner = Learner::recurrent(&config)?;
    for step in 0..WARM + steps.parse::<usize>()? {
        let begun = Instant::now();
        learner.step(&split)?;
        if step >= WARM {
            println!("{}", begun.elapsed().as_secs_f64());
        }
    }
    Ok(())
}
