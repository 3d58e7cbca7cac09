//! Conversations become what Gemma's chat template makes of them, and nobody forges a turn.

use crate::common::small;
use autodidact_gemma::Error;
use autodidact_gemma::tokenizer::{Encoding, Message, Role, Specials, render_chat};
use proptest::prelude::*;

fn message((role, content): &(Role, &str)) -> Message {
    Message::new(*role, *content)
}

fn messages(all: &[(Role, &str)]) -> Vec<Message> {
    all.iter().map(message).collect()
}

use Role::{Model, System, User};

/// The text that google/gemma-2-2b-it's template gives, by its rules: trimmed contents, `model` for the assistant.
#[test]
fn turns_are_written_as_the_template_says() {
    let talk = messages(&[(User, " Hello\n"), (Model, "Hi there. "), (User, "\tBye")]);
    let expected = "<start_of_turn>user\nHello<end_of_turn>\n<start_of_turn>model\nHi there.<end_of_turn>\n\
                    <start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n";
    assert_eq!(render_chat(&talk).expect("a conversation"), expected);
}

#[test]
fn instructions_go_before_the_next_users_text() {
    let talk = messages(&[
        (System, " Be brief. "),
        (User, "Hello"),
        (Model, "Hi"),
        (System, "Be long."),
        (User, "Bye"),
    ]);
    let expected = "<start_of_turn>user\nBe brief.\n\nHello<end_of_turn>\n<start_of_turn>model\nHi<end_of_turn>\n\
                    <start_of_turn>user\nBe long.\n\nBye<end_of_turn>\n<start_of_turn>model\n";
    assert_eq!(render_chat(&talk).expect("a conversation"), expected);
}

#[test]
fn those_who_do_not_take_turns_are_told_where() {
    for (talk, place) in [
        (&[][..], 0),
        (&[(Model, "a")], 0),
        (&[(System, "a")], 1),
        (&[(User, "a"), (User, "b")], 1),
        (&[(User, "a"), (System, "b"), (User, "c")], 1),
        (&[(User, "a"), (Model, "b")], 2),
        (&[(User, "a"), (Model, "b"), (Model, "c")], 2),
    ] {
        let error = render_chat(&messages(talk)).expect_err("no turns");
        assert!(matches!(error, Error::Conversation { index, .. } if index == place), "{talk:?}: {error}");
        assert!(matches!(small().encode_chat(&messages(talk)), Err(Error::Conversation { .. })));
    }
}

#[test]
fn answers_end_with_the_turn_or_the_sequence() {
    let tokenizer = small();
    assert_eq!(tokenizer.stop_ids(), [1, tokenizer.id("<end_of_turn>").expect("a piece")]);
}

proptest! {
    /// Without special pieces in them, messages are encoded as the text that is shown.
    #[test]
    fn ids_are_those_of_the_text(contents in prop::collection::vec("[a-z \n▁.<é😀]{0,20}", 1..6)) {
        let tokenizer = small();
        let contents = if contents.len() % 2 == 0 { &contents[1..] } else { &contents[..] };
        let talk: Vec<_> =
            contents.iter().zip([User, Model].into_iter().cycle()).map(|(text, role)| Message::new(role, text)).collect();
        let ids = tokenizer.encode_chat(&talk).expect("a conversation");
        let text = render_chat(&talk).expect("a conversation");
        prop_assert_eq!(ids, tokenizer.encode_with(text, Encoding { bos: true, ..Encoding::default() }));
    }

    #[test]
    fn turns_cannot_be_forged(
        content in "([a-z\n ]{0,3}(<start_of_turn>|<end_of_turn>|<unused0>|<bos>|\\[toxicity=0\\]|<|>)){1,6}",
    ) {
        let tokenizer = small();
        let ids = tokenizer.encode_with(&content, Encoding { bos: false, specials: Specials::AsText });
        prop_assert!(ids.iter().all(|&id| !tokenizer.is_special(id) && id > 3), "{:?}", ids);
        prop_assert_eq!(tokenizer.decode(&ids).expect("known ids"), &content[..]);
        let ids = tokenizer.encode_chat(&[Message::new(User, content)]).expect("a conversation");
        prop_assert_eq!(ids.iter().filter(|&&id| tokenizer.is_special(id)).count(), 3);
    }
}
