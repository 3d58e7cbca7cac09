//! Games: which objects there are, which of them train, validate and test, which messages a channel has, and for discrimination games,
//! among which objects one is meant.
//!
//! ```
//! use autodidact_communicate::game::{Channel, ProductSpace, Sizes, Split};
//! use rand::SeedableRng;
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let objects = ProductSpace::uniform(6, 10)?.sample(5000, &mut rng)?;
//! let split = Split::random(&objects, Sizes { train: 4000, validation: 500, test: 500 }, &mut rng)?;
//! assert_eq!(split.test.count(), 500);
//! // 3 symbols besides the end, up to 3 of them: 1 + 3 + 9 + 27 messages.
//! assert_eq!(Channel::new(4, 3)?.num_messages(), Some(40));
//! # Ok::<(), autodidact_communicate::Error>(())
//! ```

mod channel;
mod inputs;
mod lineups;
mod space;
mod split;

pub use channel::Channel;
pub(crate) use channel::NOISY;
pub use inputs::Inputs;
pub use lineups::{Distractors, Lineups, Sampled};
pub use space::ProductSpace;
pub use split::{HeldOut, Sizes, Split};
