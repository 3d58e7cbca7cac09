//! The layout of Gemma's own vocabulary, which files do not always tell rightly.
//!
//! GGUF files of June and July 2024 call user-defined pieces normal; later ones call some of them control pieces and
//! write their spaces plainly; `tokenizer.json` has no scores and shows a tab for the byte 0x09. Where the texts at the ids
//! below are Gemma's, kinds and scores are therefore taken from here.

use super::vocabulary::{Piece, PieceKind, SPACE_SIGN};

/// The pieces of Gemma and Gemma 2.
const VOCAB_SIZE: usize = 256_000;
const FIRST_BYTE: usize = 217;
const FIRST_NORMAL: usize = 473;
const AFTER_NORMAL: usize = 255_968;

/// The HTML tags among the user-defined pieces, from id 169.
const TAGS: [&str; 48] = [
    "<table>",
    "<caption>",
    "<thead>",
    "<tbody>",
    "<tfoot>",
    "<tr>",
    "<th>",
    "<td>",
    "</table>",
    "</caption>",
    "</thead>",
    "</tbody>",
    "</tfoot>",
    "</tr>",
    "</th>",
    "</td>",
    "<h1>",
    "<h2>",
    "<h3>",
    "<h4>",
    "<h5>",
    "<h6>",
    "<blockquote>",
    "</h1>",
    "</h2>",
    "</h3>",
    "</h4>",
    "</h5>",
    "</h6>",
    "</blockquote>",
    "<strong>",
    "<em>",
    "<b>",
    "<i>",
    "<u>",
    "<s>",
    "<sub>",
    "<sup>",
    "<code>",
    "</strong>",
    "</em>",
    "</b>",
    "</i>",
    "</u>",
    "</s>",
    "</sub>",
    "</sup>",
    "</code>",
];

/// Whether a user-defined piece of this text structures prompts, instead of being a run of whitespace or an HTML tag.
pub(super) fn is_special(text: &str) -> bool {
    !text.chars().all(|c| c.is_whitespace() || c == SPACE_SIGN) && !TAGS.contains(&text)
}

/// The kind and, if it is not a normal piece, the text of piece `id`.
fn expected(id: usize) -> (PieceKind, Option<String>) {
    use PieceKind::{Byte, Control, Normal, Unknown, UserDefined};
    match id {
        0 => (Control, Some("<pad>".into())),
        1 => (Control, Some("<eos>".into())),
        2 => (Control, Some("<bos>".into())),
        3 => (Unknown, Some("<unk>".into())),
        4 => (UserDefined, Some("<mask>".into())),
        5 => (UserDefined, Some("<2mass>".into())),
        6 => (UserDefined, Some("[@BOS@]".into())),
        7..=105 => (UserDefined, Some(format!("<unused{}>", id - 7))),
        106 => (UserDefined, Some("<start_of_turn>".into())),
        107 => (UserDefined, Some("<end_of_turn>".into())),
        108..=138 => (UserDefined, Some("\n".repeat(id - 107))),
        139..=168 => (UserDefined, Some("▁".repeat(id - 137))),
        169..=216 => (UserDefined, Some(TAGS[id - 169].into())),
        FIRST_BYTE..FIRST_NORMAL => (Byte, Some(format!("<0x{:02X}>", id - FIRST_BYTE))),
        FIRST_NORMAL..AFTER_NORMAL => (Normal, None),
        AFTER_NORMAL => (UserDefined, Some("[toxicity=0]".into())),
        255_969..=255_998 => (UserDefined, Some("\t".repeat(id - 255_967))),
        255_999 => (UserDefined, Some("<unused99>".into())),
        // Rows that some files append to make their number round.
        _ => (Control, None),
    }
}

/// Sets texts, kinds and scores right if these are Gemma's pieces, and says whether they are.
pub(super) fn repair(pieces: &mut [Piece]) -> bool {
    let same = |(id, piece): (usize, &Piece)| {
        let text = expected(id).1;
        text.is_none_or(|text| {
            piece.text == text
                || (piece.text.contains(' ') && piece.text.replace(' ', "▁") == text)
                || (id == FIRST_BYTE + 9 && piece.text == "\t")
        })
    };
    if pieces.len() < VOCAB_SIZE || !pieces.iter().take(VOCAB_SIZE).enumerate().all(same) {
        return false;
    }
    for (id, piece) in pieces.iter_mut().enumerate() {
        let (kind, text) = expected(id);
        piece.kind = kind;
        piece.text = text.unwrap_or_else(|| std::mem::take(&mut piece.text));
        piece.score = if kind == PieceKind::Normal { -((id - FIRST_NORMAL) as f32) } else { 0.0 };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_are_the_pieces_that_structure_prompts() {
        for text in ["<start_of_turn>", "<end_of_turn>", "<unused99>", "[toxicity=0]", "<mask>", "[@BOS@]"] {
            assert!(is_special(text), "{text}");
        }
        for text in ["▁▁", "  ", "\n\n\n", "\t\t", "<h1>", "</code>"] {
            assert!(!is_special(text), "{text}");
        }
    }

    #[test]
    fn a_vocabulary_that_is_not_gemmas_is_left_alone() {
        let piece = Piece { text: "<pad>".into(), score: 1.0, kind: PieceKind::Normal };
        let mut pieces = vec![piece; VOCAB_SIZE];
        let before = pieces.clone();
        assert!(!repair(&mut pieces));
        assert_eq!(pieces, before);
    }
}
