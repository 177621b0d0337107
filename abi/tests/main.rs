//! Tests of the bytes: each rule of `specs/abi.md` by its number.

mod attributes;
mod cancel;
mod c_header;
mod completion;
mod flags;
mod header;
mod layout;
mod numbers;
mod program;
mod program_hostile;
mod properties;
mod refusals;
mod sample;
mod setup;
mod submission;
mod truncation;
