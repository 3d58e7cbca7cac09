//! Text on stdout as it is written by a model.

use std::io::{self, Write};
use std::ops::ControlFlow;

/// Prints pieces at once, until nobody reads them any more.
#[derive(Debug, Default)]
pub struct Printer {
    broken: Option<io::Error>,
}

impl Printer {
    pub fn print(&mut self, text: &str) -> ControlFlow<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.broken = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Ends the line, if everything was read.
    pub fn finish(self) -> io::Result<()> {
        match self.broken {
            Some(error) => Err(error),
            None => writeln!(io::stdout()),
        }
    }
}
