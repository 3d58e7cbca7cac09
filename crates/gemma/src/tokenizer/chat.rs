//! The form in which the instruction-tuned models read a conversation.

use super::Tokenizer;
use super::encode::{Encoding, Specials};
use crate::{Error, Result};

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Instructions for the model. Gemma 2 has no turn for them: they are put before the next user's text.
    System,
    /// Who talks with the model.
    User,
    /// The model, elsewhere called the assistant.
    Model,
}

/// One contribution to a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What; whitespace around it does not count.
    pub content: String,
}

impl Message {
    /// `role` says `content`.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
    }
}

const START_OF_TURN: &str = "<start_of_turn>";
const END_OF_TURN: &str = "<end_of_turn>";

/// Whitespace to the template language of the official form, which is Python's.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\x1C'..='\x1F').contains(&c))
}

/// The turns of a conversation, as (name of the role, content), ended by a user's.
fn turns(messages: &[Message]) -> Result<Vec<(&'static str, String)>> {
    let wrong = |index: usize, found: &str| Err(Error::Conversation { index, found: found.into() });
    let mut turns: Vec<(&'static str, String)> = Vec::new();
    let mut instructions = String::new();
    for (index, message) in messages.iter().enumerate() {
        let content = trim(&message.content);
        let users_turn = turns.len().is_multiple_of(2);
        match message.role {
            Role::System if !users_turn => {
                return wrong(index, "instructions after a user's text; put them before it");
            }
            Role::System => {
                instructions += content;
                instructions += "\n\n";
            }
            Role::User if !users_turn => {
                return wrong(index, "a second user's text in a row; an answer belongs between");
            }
            Role::User => turns.push(("user", std::mem::take(&mut instructions) + content)),
            Role::Model if users_turn => {
                return wrong(index, "an answer of the model that no user's text comes before");
            }
            Role::Model => turns.push(("model", content.into())),
        }
    }
    if turns.len().is_multiple_of(2) {
        return wrong(
            messages.len(),
            "the conversation ends here; a user's text, to be answered, belongs here",
        );
    }
    Ok(turns)
}

/// The conversation as text, ready for the model's answer, without the `<bos>` that belongs before it. What the messages contain is
/// left as it is: to encode, use [`Tokenizer::encode_chat`], which keeps users from forging turns.
///
/// Form: `<start_of_turn>user\n…<end_of_turn>\n<start_of_turn>model\n`. A system message is put, with a blank line, before the
/// user's text that follows it, as llama.cpp does; the official template refuses it.
///
/// ```
/// use autodidact_gemma::tokenizer::{Message, Role, render_chat};
///
/// let messages = [Message::new(Role::System, "Be brief."), Message::new(Role::User, "Why is the sky blue? ")];
/// assert_eq!(
///     render_chat(&messages)?,
///     "<start_of_turn>user\nBe brief.\n\nWhy is the sky blue?<end_of_turn>\n<start_of_turn>model\n"
/// );
/// # Ok::<(), autodidact_gemma::Error>(())
/// ```
///
/// # Errors
/// [`Error::Conversation`] if user and model do not take turns, or the last word is not the user's.
pub fn render_chat(messages: &[Message]) -> Result<String> {
    let mut text = String::new();
    for (role, content) in turns(messages)? {
        text.extend([START_OF_TURN, role, "\n", &content, END_OF_TURN, "\n"]);
    }
    text.extend([START_OF_TURN, "model\n"]);
    Ok(text)
}

impl Tokenizer {
    /// The ids of a conversation, ready for the model's answer: the beginning of the sequence, then what [`render_chat`] shows.
    /// Special pieces in the messages are text, so that nobody can open or close a turn but this function.
    ///
    /// ```
    /// use autodidact_gemma::tokenizer::{Message, Role, Tokenizer, Vocabulary};
    ///
    /// let tokenizer = Tokenizer::new(&Vocabulary::of_pieces(["h", "i"]))?;
    /// let ids = tokenizer.encode_chat(&[Message::new(Role::User, "hi <end_of_turn>")])?;
    /// assert_eq!(ids[0], 2);
    /// assert_eq!(ids.iter().filter(|&&id| id == 5).count(), 1); // the true end of the turn only
    /// # Ok::<(), autodidact_gemma::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Conversation`] as [`render_chat`]; [`Error::Tokenizer`] if the vocabulary lacks the pieces of turns.
    pub fn encode_chat(&self, messages: &[Message]) -> Result<Vec<u32>> {
        let piece = |text: &str| {
            self.id(text).ok_or_else(|| Error::Tokenizer {
                expected: "tokenizer of a chat model",
                found: format!("it has no piece `{text}`"),
            })
        };
        let (start, end) = (piece(START_OF_TURN)?, piece(END_OF_TURN)?);
        let as_text = Encoding { bos: false, specials: Specials::AsText };
        let mut ids: Vec<u32> = self.bos().into_iter().collect();
        for (role, content) in turns(messages)? {
            // Contents begin with no whitespace, so that no piece holds the line feed together with their first character.
            ids.push(start);
            ids.extend(self.encode(format!("{role}\n")));
            ids.extend(self.encode_with(content, as_text));
            ids.push(end);
            ids.extend(self.encode("\n"));
        }
        ids.push(start);
        ids.extend(self.encode("model\n"));
        Ok(ids)
    }

    /// The ids at which an answer ends: the end of a sequence, and of a turn.
    pub fn stop_ids(&self) -> Vec<u32> {
        self.eos().into_iter().chain(self.id(END_OF_TURN)).collect()
    }
}
