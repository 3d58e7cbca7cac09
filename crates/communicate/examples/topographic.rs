//! How long topographic similarity takes.
//!
//! ```text
//! cargo run --release -p autodidact-communicate --example topographic -- [objects] [message length]
//! ```

use std::time::Instant;

use autodidact_communicate::game::ProductSpace;
use autodidact_communicate::measures::topographic::{
    FeatureDistance, MessageDistance, topographic_similarity_by, topographic_similarity_of_features,
};
use autodidact_communicate::{Features, Language, Messages};
use rand::{RngExt, SeedableRng};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument =
        |at: usize, default: usize| std::env::args().nth(at).map_or(Ok(default), |text| text.parse());
    let (count, length) = (argument(1, 10_000)?, argument(2, 10)?);
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let objects = ProductSpace::uniform(6, 10)?.sample(count, &mut rng)?;
    let symbols = (0..count * length).map(|_| rng.random_range(0..10)).collect();
    let language = Language::new(objects, Messages::new(symbols, length)?)?;
    for distance in [
        MessageDistance::Edit,
        MessageDistance::Words,
        MessageDistance::NormalizedWords,
        MessageDistance::Hamming,
    ] {
        let start = Instant::now();
        let similarity = topographic_similarity_by(&language, distance);
        println!("{count} objects of attributes, {distance:?}: {similarity:?} in {:.2?}", start.elapsed());
    }
    let values = (0..count * 64).map(|_| rng.random::<f64>() - 0.5).collect();
    let features = Features::new(values, 64)?;
    let start = Instant::now();
    let similarity = topographic_similarity_of_features(
        &features,
        language.messages(),
        FeatureDistance::Cosine,
        MessageDistance::Edit,
    )?;
    println!("{count} vectors of 64: {similarity:?} in {:.2?}", start.elapsed());
    Ok(())
}
