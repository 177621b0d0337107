//! Measures how the source tree is built; the command `house` prints it, `tests/it/tidy/` holds it.

pub mod cycles;
pub mod executed;
pub mod resolve;
pub mod source;
pub mod table;
pub mod words;
