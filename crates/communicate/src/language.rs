//! A language: a message for each object.

use crate::{Error, Messages, Objects, Result};

/// Objects and what was said of them, row by row. An object may occur with several messages and a message with several objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language {
    objects: Objects,
    messages: Messages,
}

impl Language {
    /// A language of N objects and N messages.
    ///
    /// # Errors
    /// [`Error::Unequal`] if there are not as many messages as objects.
    pub fn new(objects: Objects, messages: Messages) -> Result<Self> {
        if objects.count() != messages.count() {
            return Err(Error::Unequal { objects: objects.count(), messages: messages.count() });
        }
        Ok(Self { objects, messages })
    }

    /// The objects.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The messages, in the order of the objects.
    pub fn messages(&self) -> &Messages {
        &self.messages
    }

    /// Checks that there are so many rows, for measures that compare them.
    ///
    /// # Errors
    /// [`Error::Rows`] if there are fewer.
    pub fn require(&self, needed: usize) -> Result<()> {
        let found = self.count();
        if found < needed { Err(Error::Rows { found, needed }) } else { Ok(()) }
    }

    /// N, the number of objects and of messages.
    pub fn count(&self) -> usize {
        self.objects.count()
    }
}
