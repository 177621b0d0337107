//! The README, so that its example is compiled and run by `cargo test`; and the reading of the source tree.
#![doc = include_str!("../../README.md")]

pub mod files;
pub mod house;
pub mod mask;
