//! Games as the bytes of a checkpoint's section.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

pub fn packed(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).expect("games are plain data")
}

pub fn unpacked<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    postcard::from_bytes(bytes).map_err(|error| Error::Games { reason: error.to_string() })
}
