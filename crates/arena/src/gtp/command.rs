//! Lines of the protocol.

/// A command with its identity, which the answer repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Digits, if there are any.
    pub id: String,
    /// The name.
    pub name: String,
    /// What follows it.
    pub arguments: Vec<String>,
}

impl Command {
    /// Reads a line: control characters are dropped, tabs are spaces, and what follows `#` is a comment. A line with nothing
    /// else is no command.
    ///
    /// ```
    /// use autodidact_arena::gtp::Command;
    ///
    /// let command = Command::parse("17 play black\tD4 # the point").expect("a command");
    /// assert_eq!((command.id.as_str(), command.name.as_str()), ("17", "play"));
    /// assert_eq!(command.arguments, ["black", "D4"]);
    /// assert_eq!(Command::parse("# nothing"), None);
    /// ```
    pub fn parse(line: &str) -> Option<Self> {
        let plain: String =
            line.chars().filter(|character| *character == '\t' || !character.is_control()).collect();
        let line = plain.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace().map(str::to_owned).peekable();
        let id = words.next_if(|word| word.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or_default();
        match words.next() {
            Some(name) => Some(Self { id, name, arguments: words.collect() }),
            // A number alone asks for a command without a name, which nobody knows.
            None => (!id.is_empty()).then(|| Self { id, name: String::new(), arguments: Vec::new() }),
        }
    }
}
