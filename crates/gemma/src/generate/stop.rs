//! Texts that end a text, found while it comes in pieces.

/// Holds back what may be the beginning of a text that ends everything.
#[derive(Debug)]
pub(super) struct Stop<'a> {
    texts: Vec<&'a str>,
    held: String,
    has_come: bool,
}

impl<'a> Stop<'a> {
    /// Looks for these; empty ones are passed over.
    pub fn new(texts: &'a [String]) -> Self {
        let texts = texts.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        Self { texts, held: String::new(), has_come: false }
    }

    /// Takes a piece, and gives what certainly comes before any of the texts.
    pub fn push(&mut self, piece: &str) -> String {
        if self.has_come {
            return String::new();
        }
        self.held.push_str(piece);
        if let Some(at) = self.texts.iter().filter_map(|text| self.held.find(text)).min() {
            self.has_come = true;
            self.held.truncate(at);
            return std::mem::take(&mut self.held);
        }
        // The longest end that one of the texts begins with.
        let may_begin = |at: &usize| self.texts.iter().any(|text| text.starts_with(&self.held[*at..]));
        let at = self.held.char_indices().map(|(at, _)| at).find(may_begin).unwrap_or(self.held.len());
        let rest = self.held.split_off(at);
        std::mem::replace(&mut self.held, rest)
    }

    /// Whether one of the texts has come.
    pub fn has_come(&self) -> bool {
        self.has_come
    }

    /// What was held back, when nothing more comes.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(texts: &[&str], pieces: &[&str]) -> (String, bool) {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        let mut stop = Stop::new(&texts);
        let mut all: String = pieces.iter().map(|piece| stop.push(piece)).collect();
        all.push_str(&stop.finish());
        (all, stop.has_come())
    }

    #[test]
    fn a_text_is_found_across_pieces() {
        assert_eq!(run(&["END"], &["on", "e E", "N", "D two"]), ("one ".to_owned(), true));
        assert_eq!(run(&["END"], &["one EN", "TER"]), ("one ENTER".to_owned(), false));
        assert_eq!(run(&["\n\n", ""], &["a\n", "b\n", "\nc"]), ("a\nb".to_owned(), true));
        assert_eq!(run(&["aab"], &["a", "a", "a", "b"]), ("a".to_owned(), true));
        assert_eq!(run(&[], &["a", "b"]), ("ab".to_owned(), false));
    }

    proptest! {
        /// What comes out does not depend on how the text was cut.
        #[test]
        fn pieces_do_not_matter(text in "[abé]{0,12}", stop in "[abé]{1,3}", cut in 0usize..12) {
            let at = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
            let (first, second) = text.split_at(at);
            let whole = match text.find(&stop) {
                Some(at) => (text[..at].to_owned(), true),
                None => (text.clone(), false),
            };
            prop_assert_eq!(run(&[&stop], &[first, second]), whole);
        }
    }
}
