//! The reproduction engine on a toy claim, with real child processes: this test program starts itself again.

mod children;
mod coins;
mod report;
mod results;
